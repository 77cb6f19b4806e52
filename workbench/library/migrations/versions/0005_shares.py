"""What of a call about several pictures is each one's."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the shares of a call; older ones were about one picture, and have none."""
    with op.batch_alter_table("ledger") as ledger:
        ledger.add_column(sa.Column("shares", sa.Text(), nullable=True))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("ledger") as ledger:
        ledger.drop_column("shares")

"""What calls were expected to use, beside what was reported."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TOKENS = ("expected_input_tokens", "expected_output_tokens", "text_tokens", "media_tokens")


def upgrade() -> None:
    """Keep the task and the forecast of every call; older ones have none."""
    with op.batch_alter_table("ledger") as ledger:
        ledger.add_column(sa.Column("task", sa.Text(), nullable=False, server_default=""))
        for name in TOKENS:
            ledger.add_column(sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("ledger") as ledger:
        for name in reversed(TOKENS):
            ledger.drop_column(name)
        ledger.drop_column("task")

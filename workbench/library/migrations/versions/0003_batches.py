"""Batches of calls that a service answers in its own time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep batches and their records."""
    op.create_table(
        "batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("looked_at_s", sa.Float(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_job_id", "batches", ["job_id"])
    op.create_table(
        "batch_records",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("cache_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.id"],
            name="fk_batch_records_batch_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("batch_id", "record_id", name="pk_batch_records"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("batch_records")
    op.drop_index("ix_batches_job_id", table_name="batches")
    op.drop_table("batches")

"""Work of many: workers, the order and events of jobs, calls in flight, and limits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Say whose a call and a job are, and who works."""
    with op.batch_alter_table("ledger") as ledger:
        ledger.add_column(sa.Column("job_id", sa.Text(), nullable=False, server_default=""))
        ledger.add_column(
            sa.Column("outcome", sa.Text(), nullable=False, server_default="answered")
        )
        ledger.create_index("ix_ledger_job_id", ["job_id"])
        ledger.create_index("ix_ledger_cache_key", ["cache_key"])
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("asked", sa.Text(), nullable=True))
        jobs.add_column(sa.Column("worker", sa.Text(), nullable=False, server_default=""))
        jobs.add_column(sa.Column("queue", sa.Text(), nullable=False, server_default=""))
        jobs.add_column(sa.Column("rank", sa.Integer(), nullable=False, server_default="10"))
        jobs.add_column(sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
        jobs.drop_index("ix_jobs_state")
        jobs.create_index("ix_jobs_state_created_at", ["state", "created_at"])
        jobs.create_index("ix_jobs_state_queue", ["state", "queue", "rank", "created_at"])
        jobs.create_unique_constraint("uq_jobs_asked", ["asked"])
    op.create_table(
        "job_events",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_events"),
    )
    op.create_index("ix_job_events_job_id", "job_events", ["job_id"])
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beat_at_s", sa.Float(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.create_table(
        "calls_in_flight",
        sa.Column("cache_key", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("started_at_s", sa.Float(), nullable=False),
        sa.Column("beat_at_s", sa.Float(), nullable=False),
        sa.Column("most_usd", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cache_key", name="pk_calls_in_flight"),
    )
    op.create_table(
        "sends",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("at_s", sa.Float(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sends"),
    )
    op.create_index("ix_sends_model_at_s", "sends", ["model", "at_s"])
    op.create_table(
        "limits",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("requests_per_minute", sa.BigInteger(), nullable=False),
        sa.Column("tokens_per_minute", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", name="pk_limits"),
    )
    op.create_table(
        "queues",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("per_worker", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_queues"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("queues")
    op.drop_table("limits")
    op.drop_index("ix_sends_model_at_s", table_name="sends")
    op.drop_table("sends")
    op.drop_table("calls_in_flight")
    op.drop_table("workers")
    op.drop_index("ix_job_events_job_id", table_name="job_events")
    op.drop_table("job_events")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint("uq_jobs_asked", type_="unique")
        jobs.drop_index("ix_jobs_state_queue")
        jobs.drop_index("ix_jobs_state_created_at")
        jobs.create_index("ix_jobs_state", ["state"])
        jobs.drop_column("attempt")
        jobs.drop_column("rank")
        jobs.drop_column("queue")
        jobs.drop_column("worker")
        jobs.drop_column("asked")
    with op.batch_alter_table("ledger") as ledger:
        ledger.drop_index("ix_ledger_cache_key")
        ledger.drop_index("ix_ledger_job_id")
        ledger.drop_column("outcome")
        ledger.drop_column("job_id")

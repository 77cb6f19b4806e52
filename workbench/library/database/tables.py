"""The catalog's tables. Rows hold what is filtered and sorted by; `data` holds the whole record.

A change here needs a migration in `migrations/versions` and a new `HEAD`; a test compares them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0005"
"""The migration this version of the tables is made by."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _asset_id() -> ForeignKey:
    return ForeignKey("assets.id", ondelete="CASCADE")


revisions = Table(
    "revisions",
    metadata,
    Column("part", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""One counter for each part of the library; a write moves its part's counter."""

assets = Table(
    "assets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name_folded", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_assets_added_at", "added_at"),
)

asset_paths = Table(
    "asset_paths",
    metadata,
    Column("path", Text, primary_key=True),
    Column("asset_id", Text, _asset_id(), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Index("ix_asset_paths_asset_id", "asset_id"),
)
"""Every place an asset was found at. Size and time say whether the file is still the same."""

proxies = Table(
    "proxies",
    metadata,
    Column("asset_id", Text, _asset_id(), primary_key=True),
    Column("spec", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
)

signals = Table(
    "signals",
    metadata,
    Column("asset_id", Text, primary_key=True),
    Column("signal", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("data", Text, nullable=False),
)
"""Single measurements, kept as soon as they are made; the asset need not be in the library yet."""

evidence = Table(
    "evidence",
    metadata,
    Column("asset_id", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("asset_id", Text, nullable=False),
    Column("asset_name", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("cost_usd", Text),
    Column("chapters", Integer, nullable=False),
    Column("elements", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_analyses_asset_id", "asset_id"),
    Index("ix_analyses_created_at", "created_at"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Text, nullable=False),
    Column("analysis_id", Text, nullable=False),
    Column("asset_id", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("cache_key", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("was_kept", Boolean, nullable=False),
    Column("estimated_usd", Text),
    Column("cost_usd", Text),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
    Column("characters", BigInteger, nullable=False),
    Column("media_s", Float, nullable=False),
    Column("job_id", Text, nullable=False, server_default=""),
    Column("outcome", Text, nullable=False, server_default="answered"),
    Column("task", Text, nullable=False, server_default=""),
    Column("expected_input_tokens", BigInteger),
    Column("expected_output_tokens", BigInteger),
    Column("text_tokens", BigInteger),
    Column("media_tokens", BigInteger),
    Column("shares", Text),
    UniqueConstraint("analysis_id", "call_id", "at", name="uq_ledger_call"),
    Index("ix_ledger_at", "at"),
    Index("ix_ledger_job_id", "job_id"),
    Index("ix_ledger_cache_key", "cache_key"),
)
"""Calls stay when their asset is removed: money spent is not forgotten. `shares` says of a call
about several pictures what is each one's; it is a part of the row, written and kept with it."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("asked", Text),
    Column("worker", Text, nullable=False, server_default=""),
    Column("queue", Text, nullable=False, server_default=""),
    Column("rank", Integer, nullable=False, server_default="10"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Index("ix_jobs_created_at", "created_at"),
    Index("ix_jobs_state_created_at", "state", "created_at"),
    Index("ix_jobs_state_queue", "state", "queue", "rank", "created_at"),
    UniqueConstraint("asked", name="uq_jobs_asked"),
)
"""`asked` names the request of a job that has not ended, so that the same one cannot wait twice."""

queues = Table(
    "queues",
    metadata,
    Column("name", Text, primary_key=True),
    Column("per_worker", Integer, nullable=False),
)
"""How many jobs of a queue a worker does at once, where the user has said so."""

job_events = Table(
    "job_events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Index("ix_job_events_job_id", "job_id"),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("beat_at_s", Float, nullable=False),
    Column("data", Text, nullable=False),
)
"""A row for each worker that runs, or has ended without saying so."""

calls_in_flight = Table(
    "calls_in_flight",
    metadata,
    Column("cache_key", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at_s", Float, nullable=False),
    Column("beat_at_s", Float, nullable=False),
    Column("most_usd", Text),
    Column("data", Text, nullable=False),
)
"""Calls that are being made, so that nobody makes one a second time, nor past a cap."""

sends = Table(
    "sends",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("model", Text, nullable=False),
    Column("at_s", Float, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Index("ix_sends_model_at_s", "model", "at_s"),
)
"""What was sent in the last minutes, for the limits of requests and tokens a minute."""

limits = Table(
    "limits",
    metadata,
    Column("model", Text, primary_key=True),
    Column("at_once", Integer, nullable=False),
    Column("requests_per_minute", BigInteger, nullable=False),
    Column("tokens_per_minute", BigInteger, nullable=False),
)
"""Limits of an account that the user has set, by model key; `*` is for every other model."""

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("looked_at_s", Float, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_batches_job_id", "job_id"),
)
"""Batches of calls. The calls of an open one are in flight, and none of a closed one is."""

batch_records = Table(
    "batch_records",
    metadata,
    Column("batch_id", Text, ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("cache_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("data", Text, nullable=False),
)
"""What a batch asks, record by record, and what came of each."""

reports = Table(
    "reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("notebook", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_reports_created_at", "created_at"),
)

moments = Table(
    "moments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("asset_id", Text, _asset_id(), nullable=False),
    Column("kind", Text, nullable=False),
    Column("start_s", Float, nullable=False),
    Column("end_s", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", Text, nullable=False),
    Index("ix_moments_asset_id", "asset_id"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("collection", Text, primary_key=True),
    Column("moment_id", Text, ForeignKey("moments.id", ondelete="CASCADE"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    Index("ix_vectors_moment_id", "moment_id"),
)
"""Vectors of moments, little-endian 32-bit floats, so that the index can be rebuilt."""

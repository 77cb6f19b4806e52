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

HEAD = "0001"
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
    UniqueConstraint("analysis_id", "call_id", "at", name="uq_ledger_call"),
    Index("ix_ledger_at", "at"),
)
"""Calls stay when their asset is removed: money spent is not forgotten."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_jobs_state", "state"),
    Index("ix_jobs_created_at", "created_at"),
)

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

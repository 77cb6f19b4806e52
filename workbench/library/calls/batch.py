"""Batches: calls that a service answers together, in its own time and at a lower price.

The calls of an open batch are in flight like any other, with the batch as their holder. They land
when the batch is closed, in the same transaction, so a batch is open exactly as long as a call of
it is in flight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from workbench.backends.usage import Cost
from workbench.library.calls.holders import BATCH_PREFIX

BatchState = Literal["preparing", "submitting", "submitted", "closed"]
"""`preparing`: its files are made and sent to S3; nothing is asked yet. `submitting`: Bedrock is
asked to begin, and may have begun. `submitted`: it has an ARN. `closed`: nothing of it will come any
more, and what came is kept."""

OPEN: tuple[BatchState, ...] = ("preparing", "submitting", "submitted")

RecordState = Literal["asked", "answered", "failed"]

IN_BATCH = "in_batch"
"""The queue of jobs that wait for a batch: no worker takes jobs from it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch and how far it is."""

    id: str
    """16 hexadecimal digits; part of its name at Bedrock and of its folders in S3."""
    job_id: str
    title: str
    model: str
    """Catalog key."""
    model_id: str
    """The id Bedrock is given."""
    created_at: datetime
    input_uri: str
    """The S3 folder with its records and all their media."""
    output_uri: str
    """The S3 folder Bedrock writes into."""
    records: int
    least_records: int
    """The fewest Bedrock took when it was made; with fewer, what failed cannot be batched again."""
    most_usd: Cost = None
    estimated_usd: Cost = None
    state: BatchState = "preparing"
    service_state: str = ""
    """Bedrock's own word: `Validating`, `InProgress`, `PartiallyCompleted` …"""
    arn: str = ""
    submitted_at: datetime | None = None
    closed_at: datetime | None = None
    processed: int = 0
    """Records Bedrock is done with, as it says itself."""
    answered: int = 0
    """Records with a reply that is kept; counted when it is closed."""
    failed: int = 0
    """Records without one; counted when it is closed."""
    input_tokens: int = 0
    """Billed, by its records; known when it is closed."""
    output_tokens: int = 0
    wants_stop: bool = False
    """Somebody has asked to stop it."""
    trouble: str = ""
    """Why it could not be looked at, begun or read; it is tried again."""
    message: str = ""
    """What Bedrock or we say about how it ended."""

    @property
    def is_open(self) -> bool:
        """May anything of it still come?"""
        return self.state != "closed"

    @property
    def holder(self) -> str:
        """Who holds its calls in flight."""
        return f"{BATCH_PREFIX}{self.id}"

    @property
    def name(self) -> str:
        """Its name at Bedrock, which no other batch has."""
        return f"workbench-{self.id}"


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One question of a batch, with what reading its answer needs."""

    record_id: str
    """`R` and ten digits: AWS's examples have eleven letters and digits."""
    cache_key: str
    call_id: str
    asset_id: str
    label: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    """Form of the answer."""
    max_output_tokens: int = 0
    images: int = 0
    media_s: float = 0.0
    state: RecordState = "asked"
    error: str = ""
    """Bedrock's error code, or why its answer cannot be used."""
    message: str = ""
    input_tokens: int = 0
    """Billed for it, also where the answer could not be used."""
    output_tokens: int = 0

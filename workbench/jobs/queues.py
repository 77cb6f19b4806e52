"""The queues jobs wait in: what each is for, and how many of its jobs a worker does at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.library.records import JobKind

QueueName = Literal["media", "analysis_local", "analysis_service", "reports", "films"]


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """A queue as it is now."""

    name: QueueName
    what: str
    """What its jobs are: "imports, proxies and the search index"."""
    per_worker: int
    """How many of them a worker does at once."""
    waiting: int
    running: int


QUEUES: Mapping[QueueName, tuple[str, int]] = {
    # Each of these fills the machine's cores by itself.
    "media": ("imports, proxies and the search index", 1),
    "analysis_local": ("analyses by the local engine", 1),
    # These mostly wait for a service, which has limits of its own.
    "analysis_service": ("analyses by a paid service", 3),
    "reports": ("reports", 2),
    # Drawing and encoding fill the cores, and what is written before is asked in turn.
    "films": ("explainer films", 1),
}
"""Queue → what its jobs are, and how many of them a worker does at once unless told otherwise."""


def queue_of(kind: JobKind, request: str) -> QueueName:
    """The queue a job waits in.

    Args:
        kind: Kind of the job.
        request: Its request as JSON.

    Example:
        >>> queue_of("report", "{}"), queue_of("analyse", '{"engine":"local"}')
        ('reports', 'analysis_local')
    """
    if kind == "analyse":
        is_local = '"engine":"local"' in request and '"also":["' not in request
        return "analysis_local" if is_local else "analysis_service"
    own: Mapping[JobKind, QueueName] = {"report": "reports", "film": "films"}
    return own.get(kind, "media")

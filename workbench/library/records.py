"""Records the library keeps beside media: jobs, calls paid, reports, and headers of analyses.

A record is a frozen value. Times are UTC; a cost of None means that no price is known.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from workbench.analysis.results import Failure
from workbench.backends.catalog.models import Tier
from workbench.backends.order import Forecast
from workbench.backends.sharing import Share, Sharer
from workbench.backends.usage import Cost, Usage

JobKind = Literal["import", "analyse", "report", "proxies", "index", "film"]
JobState = Literal["waiting", "running", "paused", "done", "failed", "cancelled"]
Priority = Literal["urgent", "normal", "low"]
CallResult = Literal["answered", "refused", "unkept", "lost"]
ReportState = Literal["running", "done", "failed"]

RANKS: dict[Priority, int] = {"urgent": 1, "normal": 10, "low": 100}
"""Priority → place in its queue: the lowest number is next."""

FINISHED: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})
"""States a job does not leave by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of durable work and how far it is. `done` of `total` counts finished units."""

    id: str
    kind: JobKind
    title: str
    """What a person calls it: "Analyse 3 videos"."""
    state: JobState
    created_at: datetime
    done: int = 0
    total: int = 0
    """0 while it is not known yet."""
    stage: str = ""
    error: str = ""
    hint: str = ""
    cost_usd: Cost = None
    """What it has cost so far; None while nothing is known."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    asset_ids: tuple[str, ...] = ()
    result_ids: tuple[str, ...] = ()
    """Ids of the analyses or reports it made."""
    failures: tuple[Failure, ...] = ()
    """What could not be done, while the rest was."""
    request: str = ""
    """The request as JSON, so that the job can be run again."""
    queue: str = ""
    """The queue it waits in; see `jobs.queues`."""
    priority: Priority = "normal"
    attempt: int = 0
    """How often it was put into the queue anew. Only its newest attempt may change it."""
    starts: int = 0
    """How often a worker began it without getting any further than the one before."""
    worker: str = ""
    """Name of the worker that does it; empty while none does."""
    calls_paid: int = 0
    left_s: float | None = None
    """Seconds it will still take, from measured rates; None while nothing is measured."""
    batches: tuple[str, ...] = ()
    """Ids of the batches it waits for, or has waited for."""

    @property
    def is_finished(self) -> bool:
        """Will it change no more by itself?"""
        return self.state in FINISHED


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One model call: what it was expected to cost and what it cost."""

    at: datetime
    analysis_id: str
    asset_id: str
    """The first, of a call about several pictures."""
    call_id: str
    cache_key: str
    engine: str
    model: str
    """Catalog key."""
    model_id: str
    """The id the service was called with."""
    was_kept: bool
    """Answered from the call cache: nothing was paid this time."""
    estimated_usd: Cost
    cost_usd: Cost
    usage: Usage
    job_id: str = ""
    """The job, or the run without a worker, that it was made for."""
    outcome: CallResult = "answered"
    """`refused`: billed, but its answer could not be used. `unkept`: answered, but there was no
    room to keep it. `lost`: its reply was lost on the way, or whoever made it died: nobody knows
    whether it was billed, and `estimated_usd` is the most it can have cost."""
    forecast: Forecast | None = None
    """What it was expected to use, where that was counted."""
    shares: tuple[Share, ...] = ()
    """What of it is each picture's, where it was about several; they add up to it."""
    shared_key: str = ""
    """Of a kept reply that is a part: the key of the whole, by which its call was written down."""


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job: one line of its log."""

    job_id: str
    at: datetime
    event: str
    """A word with a dot: `job.started`, `call.answered` …"""
    facts: dict[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker process, as the others see it."""

    name: str
    host: str
    pid: int
    started_at: datetime
    silent_s: float = 0.0
    """Seconds since it was last heard of, by the database's clock."""


@dataclass(frozen=True, slots=True)
class CallInFlight:
    """A call that is being made."""

    cache_key: str
    model: str
    job_id: str
    holder: str
    """`host:pid:start` of the process that makes it, or `batch:id`; see `library.holders`."""
    started_at_s: float
    """Seconds since 1970, by the database's clock."""
    silent_s: float
    """Seconds since its holder was last heard of."""
    most_usd: Cost
    call_id: str
    asset_id: str
    label: str
    estimated_usd: Cost
    route: str = ""
    """Inference profile that prices go by."""
    tier: Tier = "standard"
    """Service tier that prices go by."""
    was_sent: bool = False
    """False while it waits for the limits of a minute: nothing can have been billed."""
    forecast: Forecast | None = None
    """What it is expected to use, for the ledger."""
    shared: tuple[Sharer, ...] = ()
    """The pictures it is about, where they are several."""

    @property
    def keys(self) -> frozenset[str]:
        """Names of all questions that it answers: nobody else may ask one of them meanwhile."""
        return frozenset((self.cache_key, *(each.key for each in self.shared)))


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What an account may send to a model. 0 is no limit."""

    model: str
    """Key of the catalog; `*` for every model without a row of its own."""
    at_once: int = 4
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    """Input and reserved output, as Bedrock counts them."""


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A report that was made from a notebook."""

    id: str
    notebook: str
    title: str
    created_at: datetime
    path: Path | None
    """The HTML file; None when there is none."""
    notebook_path: Path | None
    """The executed notebook, kept even when a cell failed."""
    asset_ids: tuple[str, ...] = ()
    parameters: dict[str, str | int | float | bool | list[str] | None] = field(default_factory=dict)
    state: ReportState = "done"
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class AnalysisHeader:
    """What a list of analyses shows, without reading them whole."""

    id: str
    asset_id: str
    asset_name: str
    engine: str
    model: str
    model_name: str
    created_at: datetime
    cost_usd: Cost
    chapters: int
    elements: int
    seconds: float
    """Wall-clock time of the run."""

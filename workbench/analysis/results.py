"""What an analysis found, with where each statement comes from and what it cost.

An `Analysis` is never changed after it is made. All times are the source video's.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from workbench.analysis.answer import ElementKind, Presence
from workbench.analysis.request import AnalysisRequest
from workbench.backends.usage import Cost, Usage, total_cost
from workbench.media.timecode import TimeSpan, covered_s


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement comes from."""

    kind: str
    """`transcript`, `screen_text`, `shot` or `model`."""
    span: TimeSpan | None
    text: str = ""
    """The words quoted, where there are any."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the whole is about."""

    text: str
    is_extractive: bool
    """True when every sentence is a quotation or a count (the local engine)."""
    evidence: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a video with a title. Chapters tile the video."""

    index: int
    title: str
    span: TimeSpan
    summary: str = ""
    evidence: tuple[Citation, ...] = ()
    confidence: float | None = None
    note: str = ""
    """How it came out of the merge: which chunks saw it, what was dropped."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time an element is there."""

    span: TimeSpan
    presence: Presence
    text: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """A piece of equipment, an object or a topic, with every time it occurs."""

    kind: ElementKind
    name: str
    category: str
    occurrences: tuple[Occurrence, ...]
    confidence: float | None = None

    @property
    def presence(self) -> Presence:
        """Shown, said, or both, over all its occurrences."""
        ways = {occurrence.presence for occurrence in self.occurrences}
        return ways.pop() if len(ways) == 1 else "both"

    @property
    def first_s(self) -> float:
        """First moment it occurs, in seconds; 0 for images."""
        return min((o.span.start_s for o in self.occurrences), default=0.0)

    @property
    def last_s(self) -> float:
        """Last moment it occurs, in seconds."""
        return max((o.span.end_s for o in self.occurrences), default=0.0)

    @property
    def present_s(self) -> float:
        """Seconds it is there in all."""
        return covered_s(o.span for o in self.occurrences)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One model call that an analysis rests on."""

    call_id: str
    """Id of the planned call."""
    cache_key: str
    label: str
    chunk_index: int | None
    model_id: str
    was_kept: bool
    """Answered from the call cache: not sent and not paid this time."""
    usage: Usage
    cost_usd: Cost
    """What was paid for it when it was made."""
    estimated_usd: Cost
    latency_s: float
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything one engine found in one asset."""

    id: str
    asset_id: str
    asset_name: str
    duration_s: float
    request: AnalysisRequest
    engine: str
    model: str
    """Catalog key."""
    model_name: str
    created_at: datetime
    """UTC."""
    summary: Summary | None
    chapters: tuple[Chapter, ...]
    elements: tuple[Element, ...]
    calls: tuple[CallRecord, ...]
    prompt_hash: str
    catalog_as_of: str
    engine_version: str
    seconds: float
    """Wall-clock time of the run."""
    effective_fps: float = 0.0
    """Frames per second the model looked at; 0 for sound and images."""
    stages_s: dict[str, float] = field(default_factory=dict)
    """Stage → seconds: proxy, transcript, shots, screen_text, calls, merge."""
    notes: tuple[str, ...] = ()
    """What the reader should know: no speech found, times that were out of range …"""

    @property
    def usage(self) -> Usage:
        """Everything its calls used."""
        return sum((call.usage for call in self.calls), Usage())

    @property
    def cost_usd(self) -> Cost:
        """What its calls cost when they were made; None if any price is unknown."""
        return total_cost(call.cost_usd for call in self.calls)

    @property
    def paid_usd(self) -> Cost:
        """What the run that made it paid: replies that were kept by then cost nothing again."""
        return total_cost(call.cost_usd for call in self.calls if not call.was_kept)

    def elements_of(self, kind: str) -> tuple[Element, ...]:
        """Elements of one kind, the most present first."""
        found = [element for element in self.elements if element.kind == kind]
        return tuple(sorted(found, key=lambda e: (-e.present_s, e.name)))


@dataclass(frozen=True, slots=True)
class Failure:
    """An asset that could not be done, and why; the rest of the batch was."""

    name: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a plan."""

    analyses: tuple[Analysis, ...]
    failures: tuple[Failure, ...] = ()
    paid_usd: Cost = Decimal(0)
    """What this run paid; None if a price is unknown. Kept replies cost nothing again."""
    calls_made: int = 0
    """Calls that were sent in this run; the others were answered from the call cache."""

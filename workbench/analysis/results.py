"""What an analysis found, with where each statement comes from and what it cost.

An `Analysis` is never changed after it is made. All times are the source video's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from workbench.analysis.answers.answer import DetectionKind, ElementKind, Presence
from workbench.analysis.fields import Value, value_words
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
class FieldSource:
    """What one call answered to a field, and about which stretch."""

    chunk_index: int | None
    """Index of the chunk it was asked about, as in its `CallRecord`; None for a picture, and for
    the call that combines chunks."""
    span: TimeSpan | None
    """The stretch it looked at; None for pictures."""
    value: Value


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The answer to a field, with the answers it was made of."""

    name: str
    value: Value
    """None is "not known": it was asked, and nothing in the media tells."""
    sources: tuple[FieldSource, ...] = ()
    """Calls that gave a value; empty when none did."""
    note: str = ""
    """How it came out of the merge: which calls disagreed, what was left out."""

    @property
    def words(self) -> str:
        """The value for people."""
        return value_words(self.value)


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
    fields: tuple[FieldValue, ...] = ()
    """Answers to the fields that are asked for every chapter."""


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
class Detection:
    """What a detector reported, as it is: not a chapter, and not a thing with a name of its own."""

    kind: DetectionKind
    name: str
    """The line of text, the service's label, "Faces", "Shot 3", "Black frames"."""
    category: str
    """The label above a moderation label; empty for the rest."""
    spans: tuple[TimeSpan, ...]
    """When, in the source's seconds; empty for pictures."""
    confidence: float | None = None
    """Of the surest sight of it, 0 to 1."""
    most_at_once: int = 0
    """Most faces in one picture; 0 for the rest."""


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
    shared_by: int = 1
    """Pictures its call was about; of several, usage and dollars are this one's share."""
    shared_key: str = ""
    """Where it is a share: the key of the reply about all of them, as in the ledger."""


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
    fields: tuple[FieldValue, ...] = ()
    """Answers to the fields that are asked about the whole. Empty when they were not asked, also
    where the request has some: an engine that reads no questions leaves them."""
    detections: tuple[Detection, ...] = ()
    """Shots, cues, text, faces and moderation labels, as a detector reported them."""

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


FEW = 3
"""How many files are named where one reason stopped them all."""


def told_once(failures: Sequence[Failure]) -> list[Failure]:
    """Failures for people: a reason that stopped many files is told once, with the first few.

    Example:
        >>> denied = [Failure(name, "access denied") for name in ("a.mp4", "b.mp4", "c.mp4")]
        >>> told_once([*denied, Failure("d.mp4", "damaged")])[0].name
        'a.mp4, b.mp4, c.mp4'
    """
    names: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        names.setdefault((failure.message, failure.hint), []).append(failure.name)
    return [Failure(_first_of(of), message, hint) for (message, hint), of in names.items()]


def _first_of(names: Sequence[str]) -> str:
    if len(names) <= FEW:
        return ", ".join(names)
    return f"{', '.join(names[: FEW - 1])} and {len(names) - FEW + 1:,} more"


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a plan."""

    analyses: tuple[Analysis, ...]
    failures: tuple[Failure, ...] = ()
    paid_usd: Cost = Decimal(0)
    """What this run paid; None if a price is unknown. Kept replies cost nothing again."""
    calls_made: int = 0
    """Calls that were sent in this run; the others were answered from the call cache."""

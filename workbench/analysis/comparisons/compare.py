"""Compare two analyses of one asset: what both found, when, and what only one did.

Chapters are matched by time, elements by kind and name as `merge` folds it. Only what both were
asked for is compared, and where neither found anything there is no agreement, neither 0 nor 100.
Comparing B with A gives the same with the sides changed.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workbench.analysis.answers.answer import ElementKind
from workbench.analysis.request import EVERYTHING, Find
from workbench.analysis.results import Analysis, Chapter, Element
from workbench.analysis.titles import element_key
from workbench.errors import RequestError
from workbench.media.timecode import TimeSpan, covered_s, merge_spans

MATCH_IOU = 0.5
"""Two chapters are the same if they share more than this part of the time they cover together.

Chapters of one analysis do not overlap, so above a half no chapter can fit two of the other's.
"""

_ASKED_AS: dict[ElementKind, Find] = {
    "equipment": "equipment",
    "object": "objects",
    "topic": "topics",
}


@dataclass(frozen=True, slots=True)
class ChapterPair:
    """The same chapter in A and in B; None on the side that has none."""

    a: Chapter | None
    b: Chapter | None

    @property
    def overlap(self) -> float:
        """Time both cover, as a part of the time either covers, 0 to 1."""
        return span_iou(self.a.span, self.b.span) if self.a and self.b else 0.0

    @property
    def at_s(self) -> float:
        """Start of the earlier one, in seconds."""
        return min(chapter.span.start_s for chapter in (self.a, self.b) if chapter)


@dataclass(frozen=True, slots=True)
class ElementPair:
    """The same element in A and in B; None on the side that has none."""

    kind: ElementKind
    key: str
    """The folded name that makes them the same."""
    a: Element | None
    b: Element | None
    shared_s: float
    """Seconds in which both have it."""
    either_s: float
    """Seconds in which at least one has it."""

    @property
    def name(self) -> str:
        """A's name for it; B's where A has none."""
        return next(element.name for element in (self.a, self.b) if element)

    @property
    def overlap(self) -> float | None:
        """Seconds shared, as a part of the seconds in which either has it, 0 to 1.

        None if both have it at moments without length, as in a picture.
        """
        if not (self.a and self.b):
            return 0.0
        return self.shared_s / self.either_s if self.either_s else None

    @property
    def at_s(self) -> float:
        """First moment either has it, in seconds."""
        return min(element.first_s for element in (self.a, self.b) if element)


Pair = ChapterPair | ElementPair


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the things found are in both, such as 8 of 10."""

    both: int
    total: int
    """Different things found by either: those in both count once."""

    @property
    def share(self) -> float | None:
        """Agreement, 0 to 1; None if nothing was found."""
        return self.both / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two analyses of one asset, pair by pair in order of time."""

    a: Analysis
    b: Analysis
    chapters: tuple[ChapterPair, ...]
    elements: tuple[ElementPair, ...]
    asked_of_one: tuple[Find, ...]
    """What only one was asked for; it is not compared."""

    @property
    def chapter_tally(self) -> Tally:
        """How many chapters are in both."""
        return _tally(self.chapters)

    @property
    def element_tally(self) -> Tally:
        """How many elements are in both."""
        return _tally(self.elements)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Chapters, then elements."""
        return (*self.chapters, *self.elements)

    @property
    def only_in_a(self) -> tuple[Pair, ...]:
        """Chapters, then elements, that B has not."""
        return tuple(pair for pair in self.pairs if pair.b is None)

    @property
    def only_in_b(self) -> tuple[Pair, ...]:
        """Chapters, then elements, that A has not."""
        return tuple(pair for pair in self.pairs if pair.a is None)

    @property
    def time_overlap(self) -> float | None:
        """Of the seconds in which either has an element, the part in which both do, 0 to 1.

        Summed over all elements; None if neither has one with a length.
        """
        either_s = sum(pair.either_s for pair in self.elements)
        return sum(pair.shared_s for pair in self.elements) / either_s if either_s else None


def span_iou(one: TimeSpan, other: TimeSpan) -> float:
    """Intersection over union of two spans, 0 to 1.

    Example:
        >>> span_iou(TimeSpan(0, 10), TimeSpan(5, 20))
        0.25
    """
    if one == other:
        return 1.0
    shared_s = one.overlap_s(other)
    either_s = one.duration_s + other.duration_s - shared_s
    return shared_s / either_s if either_s > 0 else 0.0


def compare(a: Analysis, b: Analysis) -> Comparison:
    """Match chapters and elements of two analyses.

    Args:
        a: One analysis.
        b: Another of the same asset.

    Raises:
        RequestError: They are of different assets.
    """
    if a.asset_id != b.asset_id:
        raise RequestError(
            f"{a.asset_name} and {b.asset_name} cannot be compared: they are different files",
            hint="choose two analyses of the same file",
        )
    asked_a, asked_b = set(a.request.find), set(b.request.find)
    both = asked_a & asked_b
    has_chapters = "chapters" in both
    return Comparison(
        a,
        b,
        chapters=_chapter_pairs(a.chapters, b.chapters) if has_chapters else (),
        elements=_element_pairs(a.elements, b.elements, both),
        asked_of_one=tuple(find for find in EVERYTHING if find in asked_a ^ asked_b),
    )


def _tally(pairs: Sequence[Pair]) -> Tally:
    return Tally(sum(1 for pair in pairs if pair.a and pair.b), len(pairs))


def _chapter_pairs(
    chapters_a: Sequence[Chapter], chapters_b: Sequence[Chapter]
) -> tuple[ChapterPair, ...]:
    candidates = []
    for i, one in enumerate(chapters_a):
        for j, other in enumerate(chapters_b):
            iou = span_iou(one.span, other.span)
            if iou > MATCH_IOU:
                # The order is the same whichever side is A.
                spans = sorted((one.span, other.span))
                candidates.append((-iou, spans, sorted((i, j)), i, j))
    left = dict(enumerate(chapters_a))
    right = dict(enumerate(chapters_b))
    pairs = []
    for _, _, _, i, j in sorted(candidates):
        if i in left and j in right:
            pairs.append(ChapterPair(left.pop(i), right.pop(j)))
    pairs += [ChapterPair(chapter, None) for chapter in left.values()]
    pairs += [ChapterPair(None, chapter) for chapter in right.values()]
    return tuple(sorted(pairs, key=_chapter_order))


def _chapter_order(pair: ChapterPair) -> tuple[float, list[tuple[TimeSpan, str, int]]]:
    sides = (pair.a, pair.b)
    return pair.at_s, sorted((side.span, side.title, side.index) for side in sides if side)


def _by_name(
    elements: Iterable[Element], asked: set[Find]
) -> dict[tuple[ElementKind, str], Element]:
    """Elements by kind and folded name; those of one name are one."""
    found: dict[tuple[ElementKind, str], Element] = {}
    for element in elements:
        if _ASKED_AS[element.kind] not in asked:
            continue
        # A name of signs only folds to nothing: it is only the same as itself.
        name = element.kind, element_key(element.name) or element.name.casefold()
        known = found.get(name)
        found[name] = (
            replace(known, occurrences=known.occurrences + element.occurrences)
            if known
            else element
        )
    return found


def _element_pairs(
    elements_a: Iterable[Element], elements_b: Iterable[Element], asked: set[Find]
) -> tuple[ElementPair, ...]:
    left, right = _by_name(elements_a, asked), _by_name(elements_b, asked)
    pairs = []
    for kind, key in left.keys() | right.keys():
        one, other = left.get((kind, key)), right.get((kind, key))
        runs = [
            merge_spans(o.span for o in element.occurrences) if element else ()
            for element in (one, other)
        ]
        # Each run is free of overlaps, so no second is counted twice; `fsum` knows no order.
        shared_s = math.fsum(span.overlap_s(own) for span in runs[0] for own in runs[1])
        either_s = covered_s([*runs[0], *runs[1]])
        pairs.append(ElementPair(kind, key, one, other, min(shared_s, either_s), either_s))
    return tuple(sorted(pairs, key=lambda pair: (pair.at_s, pair.kind, pair.key)))

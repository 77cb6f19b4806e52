"""How far two analyses agree in figures, and where they differ in words, the most first."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.analysis.comparisons.compare import ChapterPair, Comparison, ElementPair, Tally
from workbench.analysis.results import Element
from workbench.backends.usage import format_usd
from workbench.media.timecode import TimeSpan, format_length, format_time, merge_spans

SAME = 0.9
"""From this overlap on (0 to 1) two spans are taken as the same."""

SPANS_SHOWN = 1
"""Stretches of time that are written out in a cell; the chart has them all."""

NOTICED_S = 1.0
"""Borders closer than this many seconds are not worth a word."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the table."""

    kind: str
    """`chapter`, `equipment`, `object` or `topic`."""
    name: str
    a: str
    """When A has it; empty if it does not."""
    b: str
    overlap: float | None
    """0 to 1; None where there is no length to compare."""
    why: str
    at_s: float
    """The moment to look at, in seconds."""


def agreement_figures(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Name, value and small print of what says how far the two agree, and what they cost.

    Args:
        comparison: Two analyses of one asset.
    """
    a, b = comparison.a, comparison.b
    elements, overlap = comparison.element_tally, comparison.time_overlap
    chapters = _counted(comparison.chapter_tally)
    part = "–" if overlap is None else f"{overlap * 100:.0f} %"
    figures = [
        ("Chapters agree", chapters, "more than half of their time in common"),
        ("Elements in both", _counted(elements), f"{elements.total - elements.both} only in one"),
        ("Time overlap", part, "of seconds with any element"),
    ]
    known = [
        (name, value, small if value != "–" else "nothing on either side")
        for name, value, small in figures
    ]
    if "chapters" in comparison.asked_of_one:
        known[0] = ("Chapters agree", chapters, "asked of one only")
    prices = f"{format_usd(a.cost_usd)} / {format_usd(b.cost_usd)}"
    times = f"{format_length(a.seconds)} / {format_length(b.seconds)}"
    return [*known, ("Price A / B", prices, times)]


def differences(comparison: Comparison) -> list[Difference]:
    """Chapters and elements that only one has, or that both have at different times.

    Args:
        comparison: Two analyses of one asset.
    """
    rows = [_chapter_row(pair) for pair in comparison.chapters if pair.overlap < SAME]
    rows += [_element_row(pair) for pair in comparison.elements if _differs(pair)]
    return sorted(rows, key=lambda row: (row.overlap or 0.0, row.at_s, row.kind, row.name))


def _counted(tally: Tally) -> str:
    return f"{tally.both} of {tally.total}" if tally.total else "–"


def _differs(pair: ElementPair) -> bool:
    if pair.a and pair.b and pair.overlap is None:
        return _spans(pair.a) != _spans(pair.b)
    return pair.overlap is not None and pair.overlap < SAME


def _chapter_row(pair: ChapterPair) -> Difference:
    spans = [[chapter.span] if chapter else [] for chapter in (pair.a, pair.b)]
    name = " / ".join(dict.fromkeys(c.title for c in (pair.a, pair.b) if c))
    why = _only(pair)
    if pair.a and pair.b:
        why = _borders(pair.a.span, pair.b.span)
    return Difference(
        "chapter", name, _written(spans[0]), _written(spans[1]), pair.overlap, why, pair.at_s
    )


def _element_row(pair: ElementPair) -> Difference:
    spans = [_spans(element) if element else () for element in (pair.a, pair.b)]
    return Difference(
        pair.kind,
        pair.name,
        _written(spans[0]),
        _written(spans[1]),
        pair.overlap,
        _element_why(pair),
        pair.at_s,
    )


def _element_why(pair: ElementPair) -> str:
    if not (pair.a and pair.b):
        return _only(pair)
    if pair.a.presence != pair.b.presence:
        return f"A: {_way(pair.a)}, B: {_way(pair.b)}"
    if not pair.either_s:
        return "At other moments"
    if not pair.shared_s:
        return "Never at the same time"
    return f"A for {format_length(pair.a.present_s)}, B for {format_length(pair.b.present_s)}"


def _only(pair: ChapterPair | ElementPair) -> str:
    return "Only in A" if pair.a else "Only in B"


def _way(element: Element) -> str:
    return "shown and said" if element.presence == "both" else element.presence


def _borders(a: TimeSpan, b: TimeSpan) -> str:
    words = []
    for border, at_a, at_b in (
        ("starts", a.start_s, b.start_s),
        ("ends", a.end_s, b.end_s),
    ):
        gap_s = at_b - at_a
        if abs(gap_s) >= NOTICED_S:
            when = "later" if gap_s > 0 else "earlier"
            words.append(f"{border} {format_length(abs(gap_s))} {when}")
    return "B " + " and ".join(words) if words else "Borders differ by less than a second"


def _spans(element: Element) -> tuple[TimeSpan, ...]:
    return merge_spans(occurrence.span for occurrence in element.occurrences)


def _written(spans: Sequence[TimeSpan]) -> str:
    shown = [
        f"{format_time(span.start_s)} – {format_time(span.end_s)}"
        if span.duration_s
        else format_time(span.start_s)
        for span in spans[:SPANS_SHOWN]
    ]
    if len(spans) > SPANS_SHOWN:
        shown.append(f"{len(spans) - SPANS_SHOWN} more")
    return ", ".join(shown)

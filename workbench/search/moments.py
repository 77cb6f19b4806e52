"""Moments: the pieces of media that can be found, each a text with a time.

A moment's id comes from what it says and where, so the same evidence always gives the same
moments and an index can be written twice without doubling anything.
"""

import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.analysis.results import Analysis
from workbench.evidence.evidence import Evidence, TextBlock
from workbench.media.timecode import TimeSpan, merge_spans
from workbench.speech.transcript import Utterance

MomentKind = Literal["transcript", "screen_text", "chapter", "element", "summary"]
MOMENT_KINDS: tuple[MomentKind, ...] = (
    "transcript",
    "screen_text",
    "chapter",
    "element",
    "summary",
)

WINDOW_UTTERANCES = 3
WINDOW_WORDS = 45
"""About what one reads at a glance, and well within what an embedder reads."""
WINDOW_S = 20.0
PAUSE_S = 3.0
"""A silence this long ends a window."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of one asset and the words that are found there."""

    id: str
    asset_id: str
    span: TimeSpan
    text: str
    kind: MomentKind
    source: str
    """Which engine the words come from: `whisper-base`, `sidecar`, `local`, `nova` …"""


@dataclass(frozen=True, slots=True)
class KeptVector:
    """A moment and its vector, as they are kept to rebuild an index."""

    moment: Moment
    vector: bytes
    """Little-endian 32-bit floats, L2-normalised."""


def make_moment(asset_id: str, span: TimeSpan, text: str, kind: MomentKind, source: str) -> Moment:
    """A moment with the id that belongs to it.

    Example:
        >>> make_moment("a1", TimeSpan(1, 2), "dry start", "transcript", "sidecar").id
        '8daf77ded67eeba0a2e5ad1d'
    """
    said = f"{asset_id}\n{kind}\n{source}\n{span.start_s:.3f}\n{span.end_s:.3f}\n{text}"
    return Moment(
        hashlib.sha256(said.encode()).hexdigest()[:24], asset_id, span, text, kind, source
    )


def moments_of(evidence: Evidence | None, analysis: Analysis | None = None) -> tuple[Moment, ...]:
    """The moments that evidence and an analysis hold, each once, by time.

    Speech is cut into windows of one to three utterances, so that a hit is a thought and still a
    moment. Lines that stand on the screen together are one moment. A chapter is found by its title
    and summary, an element at its first occurrence.

    Args:
        evidence: What was measured; None if nothing was.
        analysis: What an engine found in the same asset; None for the evidence alone.
    """
    found: list[Moment] = []
    if evidence is not None:
        if evidence.transcript is not None:
            source = evidence.transcript.source
            for said in speech_windows(evidence.transcript.utterances):
                span = TimeSpan(said[0].span.start_s, max(each.span.end_s for each in said))
                text = " ".join(each.text.strip() for each in said)
                found.append(make_moment(evidence.asset_id, span, text, "transcript", source))
        source = evidence.engines.get("screen_text", "ocr")
        for span, text in _screens(evidence.screen_text):
            found.append(make_moment(evidence.asset_id, span, text, "screen_text", source))
    if analysis is not None:
        found.extend(_answered(analysis))
    once = {moment.id: moment for moment in found if moment.text.strip()}
    return tuple(sorted(once.values(), key=lambda m: (m.span, MOMENT_KINDS.index(m.kind), m.id)))


def speech_windows(utterances: Sequence[Utterance]) -> list[list[Utterance]]:
    """Put utterances together that follow each other closely, up to three and about 20 s.

    A pause, another speaker or enough words begin a new window; no utterance is cut or lost.

    Example:
        >>> said = [Utterance(TimeSpan(t, t + 2), "Start the pump.") for t in (0, 3, 30)]
        >>> [len(window) for window in speech_windows(said)]
        [2, 1]
    """
    windows: list[list[Utterance]] = []
    for utterance in utterances:
        if not utterance.text.strip():
            continue
        if windows and _belongs(windows[-1], utterance):
            windows[-1].append(utterance)
        else:
            windows.append([utterance])
    return windows


def _belongs(window: list[Utterance], utterance: Utterance) -> bool:
    words = sum(len(each.text.split()) for each in window) + len(utterance.text.split())
    return (
        len(window) < WINDOW_UTTERANCES
        and words <= WINDOW_WORDS
        and utterance.speaker == window[-1].speaker
        and utterance.span.start_s - window[-1].span.end_s <= PAUSE_S
        and utterance.span.end_s - window[0].span.start_s <= WINDOW_S
    )


def _screens(blocks: Sequence[TextBlock]) -> list[tuple[TimeSpan, str]]:
    """The lines that stand together, top down, with the time they stand."""
    screens: dict[tuple[float, float], list[TextBlock]] = {}
    for block in blocks:
        key = (round(block.span.start_s, 1), round(block.span.end_s, 1))
        screens.setdefault(key, []).append(block)
    joined = []
    for together in screens.values():
        lines = dict.fromkeys(b.text.strip() for b in sorted(together, key=lambda b: b.top))
        joined.append((together[0].span, "\n".join(line for line in lines if line)))
    return joined


def _answered(analysis: Analysis) -> Iterator[Moment]:
    make = functools.partial(make_moment, analysis.asset_id)
    if analysis.summary is not None:
        whole = TimeSpan(0.0, analysis.duration_s)
        yield make(whole, analysis.summary.text, "summary", analysis.engine)
    for chapter in analysis.chapters:
        text = f"{chapter.title}\n{chapter.summary}".strip()
        yield make(chapter.span, text, "chapter", analysis.engine)
    for each in analysis.detections:
        spans = each.spans or (TimeSpan(0.0, 0.0),)
        if each.kind == "text":
            for span in spans:
                yield make(span, each.name, "screen_text", analysis.engine)
        elif each.kind in {"cues", "moderation"}:  # shots and faces have no words to be found by
            yield make(spans[0], f"{each.name} ({each.kind})", "element", analysis.engine)
    for element in analysis.elements:
        spans = merge_spans((o.span for o in element.occurrences), gap_s=PAUSE_S)
        span = spans[0] if spans else TimeSpan(0.0, 0.0)
        said = dict.fromkeys(o.text.strip() for o in element.occurrences if o.text.strip())
        parts = [f"{element.name} ({element.category})" if element.category else element.name]
        yield make(span, "\n".join([*parts, *list(said)[:2]]), "element", analysis.engine)

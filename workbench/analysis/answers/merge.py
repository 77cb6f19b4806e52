"""Make one answer of the answers about a video's chunks, on one clock.

Chapters are matched across chunks by time and title, the chunk with most context wins, and the
result tiles the video. Every decision leaves a note. The same answers in any order give the same
result, and one chunk's answer comes back as it is.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workbench.analysis.answers.answer import (
    Answer,
    AnsweredChapter,
    AnsweredElement,
    AnsweredSpan,
    Presence,
)
from workbench.analysis.answers.merge_fields import chapter_values
from workbench.analysis.fields import Field as AskedField
from workbench.analysis.results import Chapter, Citation, Element, Occurrence
from workbench.analysis.titles import SAME_TITLE, element_key, title_similarity
from workbench.media.chunks import Chunk
from workbench.media.timecode import TimeSpan, format_time, merge_spans

MATCH_S = 20.0
"""Starts this close in two chunks may be the same chapter."""

MATCH_SAME_TITLE_S = 45.0
"""…and this close when the titles clearly agree."""

OPENING_S = 1.0
"""A chapter that starts this close to a clip's beginning only continues what ran before."""

OUTSIDE_S = 2.0
"""A time this far outside its clip is not believed."""

SNAP_S = 5.0
"""A seam chapter's start moves to a cut or pause at most this far away."""

ELEMENT_GAP_S = 3.0
"""Occurrences of one element this close together are one."""


@dataclass(frozen=True, slots=True)
class Merged:
    """One answer on the video's clock."""

    chapters: tuple[Chapter, ...]
    elements: tuple[Element, ...]
    notes: tuple[str, ...]
    overlap_agreement: float | None
    """Share of chapter starts inside overlaps that both chunks reported; None without overlap."""


@dataclass(frozen=True, slots=True)
class _Start:
    """A chapter as one chunk saw it, on the video's clock."""

    chunk: Chunk
    at_s: float
    title: str
    answered: AnsweredChapter
    pieces: tuple[tuple[Chunk, AnsweredChapter], ...]
    """Every answer about this chapter, for the values of fields."""
    is_matched: bool = False
    """Did two chunks see it?"""
    notes: tuple[str, ...] = ()

    @property
    def context_s(self) -> float:
        """Distance to the nearest edge of the clip that is not an edge of the video."""
        return min(self.at_s - self.chunk.sent.start_s, self.chunk.sent.end_s - self.at_s)

    @property
    def is_owned(self) -> bool:
        return self.chunk.core.holds(self.at_s)

    def joined(self, other: "_Start", note: str = "") -> "_Start":
        """This start, with what was answered about another that is the same chapter."""
        notes = (*self.notes, note) if note else self.notes
        return replace(self, pieces=(*self.pieces, *other.pieces), notes=notes)


def _starts(chunk: Chunk, chapters: Iterable[AnsweredChapter], notes: list[str]) -> list[_Start]:
    starts = []
    for chapter in chapters:
        if chapter.start_s > chunk.sent.duration_s + OUTSIDE_S:
            notes.append(
                f"Chunk {chunk.index + 1} gave “{chapter.title}” a start of "
                f"{format_time(chapter.start_s)}, after its end; it was left out."
            )
            continue
        at = chunk.to_video_time(TimeSpan(chapter.start_s, chapter.start_s)).start_s
        own = ((chunk, chapter),)
        starts.append(_Start(chunk, at, chapter.title.strip(), chapter, own))
    return sorted(starts, key=lambda s: (s.at_s, s.title))


def _without_openings(seen: list[list[_Start]], notes: list[str]) -> list[list[_Start]]:
    """Drop the chapter every clip seems to open with, unless it is plainly a new one."""
    kept = [list(seen[0])]
    for before, starts in itertools.pairwise(seen):
        remaining = []
        for start in starts:
            opens = start.at_s - start.chunk.sent.start_s <= OPENING_S
            running = before[-1].title if before else ""
            # With context the chunk before has seen this moment from its middle; without it,
            # only the title can tell a chapter that begins here from one that goes on.
            has_context = start.chunk.sent.start_s < start.chunk.core.start_s
            if opens and (has_context or title_similarity(running, start.title) >= SAME_TITLE):
                notes.append(
                    f"“{start.title}” opens chunk {start.chunk.index + 1} at "
                    f"{format_time(start.at_s)}: taken as the chapter before going on."
                )
                _go_on(kept, start)
                continue
            remaining.append(start)
        kept.append(remaining)
    return kept


def _go_on(kept: list[list[_Start]], opening: _Start) -> None:
    """Give what was answered about a clip's opening to the chapter that runs there."""
    running = [s for starts in kept for s in starts if s.at_s <= opening.at_s + OPENING_S]
    if running:
        last = max(running, key=lambda s: (s.at_s, s.chunk.index))
        for starts in kept:
            starts[:] = [s.joined(opening) if s is last else s for s in starts]


def _pairs(left: list[_Start], right: list[_Start]) -> list[tuple[_Start, _Start]]:
    """Match starts of two neighbouring chunks one to one, the likeliest first."""
    candidates = []
    for a in left:
        for b in right:
            gap = abs(a.at_s - b.at_s)
            alike = title_similarity(a.title, b.title)
            if gap <= MATCH_S or (gap <= MATCH_SAME_TITLE_S and alike >= SAME_TITLE):
                candidates.append((gap / MATCH_S + (1 - alike), a.at_s, b.at_s, a, b))
    candidates.sort(key=lambda c: c[:3])
    used: set[int] = set()
    pairs = []
    for _, _, _, a, b in candidates:
        if id(a) not in used and id(b) not in used:
            used |= {id(a), id(b)}
            pairs.append((a, b))
    return pairs


def _both(one: Chunk, other: Chunk) -> str:
    if one.index == other.index:
        return f"two pieces of chunk {one.index + 1}"
    return f"chunks {one.index + 1} and {other.index + 1}"


def _across_chunks(seen: list[list[_Start]], notes: list[str]) -> tuple[list[_Start], float | None]:
    """Keep one start for each chapter: matched ones once, unmatched ones where they are owned."""
    current = list(seen[0])
    kept: list[_Start] = []
    agreed = in_overlap = 0
    for index in range(1, len(seen)):
        left, right = seen[index - 1], seen[index]
        if not left and not right:
            current = []
            continue
        chunk = right[0].chunk if right else None
        before = left[0].chunk if left else None
        overlap = (
            TimeSpan(chunk.sent.start_s, before.sent.end_s)
            if chunk and before and chunk.sent.start_s < before.sent.end_s
            else None
        )
        pairs = _pairs(current, right)
        replaced: dict[int, _Start] = {}
        dropped: set[int] = set()
        for a, b in pairs:
            best, other = (a, b) if a.context_s >= b.context_s else (b, a)
            note = (
                f"Seen by {_both(a.chunk, b.chunk)}, "
                f"{abs(a.at_s - b.at_s):.0f} s apart; kept where there was more context."
            )
            winner = replace(best.joined(other, note), is_matched=True)
            dropped.add(id(other))
            replaced[id(best)] = winner
        if overlap:
            inside = [s for s in (*current, *right) if overlap.holds(s.at_s)]
            in_overlap += len(inside)
            matched = {id(s) for pair in pairs for s in pair}
            agreed += sum(1 for s in inside if id(s) in matched)
        kept += [replaced.get(id(s), s) for s in current if id(s) not in dropped]
        current = [replaced.get(id(s), s) for s in right if id(s) not in dropped]
    kept += current
    owned = []
    for start in kept:
        if start.is_owned or start.is_matched:
            owned.append(start)
        else:
            notes.append(
                f"“{start.title}” at {format_time(start.at_s)} was seen by chunk "
                f"{start.chunk.index + 1} only, outside what it answers for; left out."
            )
    return owned, (agreed / in_overlap if in_overlap else None)


def _snapped(at_s: float, moments_s: Sequence[float]) -> float:
    near = [moment for moment in moments_s if abs(moment - at_s) <= SNAP_S]
    return min(near, key=lambda moment: (abs(moment - at_s), moment)) if near else at_s


def _citations(start: _Start, chunk: Chunk) -> tuple[Citation, ...]:
    return tuple(
        Citation(
            quote.kind,
            chunk.to_video_time(
                TimeSpan(max(0.0, quote.start_s), max(0.0, quote.start_s, quote.end_s))
            ),
            quote.text,
        )
        for quote in start.answered.quotes
    )


def _tiled(
    starts: list[_Start], duration_s: float, fields: Sequence[AskedField], *, is_merged: bool
) -> tuple[Chapter, ...]:
    """Chapters from 0 to the end without gaps; very short and repeated ones are joined."""
    starts = sorted((s for s in starts if s.at_s < duration_s), key=lambda s: (s.at_s, s.title))
    if not starts:
        return ()
    shortest_s = min(30.0, duration_s * 0.02) if is_merged else 0.0
    kept: list[_Start] = [starts[0]]
    for start in starts[1:]:
        last = kept[-1]
        same = is_merged and title_similarity(last.title, start.title) >= 0.9
        if start.at_s - last.at_s < shortest_s or same or start.at_s <= last.at_s:
            why = "has the same title" if same else "starts almost at once"
            note = f"“{start.title}” at {format_time(start.at_s)} {why}; joined to this chapter."
            kept[-1] = last.joined(start, note)
            continue
        kept.append(start)
    if is_merged and len(kept) > 1 and duration_s - kept[-1].at_s < shortest_s:
        tail = kept.pop()
        kept[-1] = kept[-1].joined(tail)
    edges = [0.0, *(start.at_s for start in kept[1:]), duration_s]
    return tuple(
        Chapter(
            index=index,
            title=start.title,
            span=TimeSpan(edges[index], edges[index + 1]),
            summary=start.answered.summary.strip(),
            evidence=_citations(start, start.chunk),
            confidence=start.answered.confidence,
            note=" ".join(start.notes),
            fields=chapter_values(fields, start.pieces),
        )
        for index, start in enumerate(kept)
    )


def merge_chapters(
    parts: Sequence[tuple[Chunk, Answer]],
    duration_s: float,
    *,
    snap_to_s: Sequence[float] = (),
    fields: Sequence[AskedField] = (),
) -> tuple[tuple[Chapter, ...], tuple[str, ...], float | None]:
    """Chapters of the whole video from those of its chunks.

    Args:
        parts: Each chunk with its answer, in any order.
        duration_s: Length of the video in seconds, from the file and not from a chapter.
        snap_to_s: Cuts and pauses; starts near a seam move to one within 5 s.
        fields: What was asked about every chapter.

    Returns:
        The chapters, notes on what was left out and why, and the overlap agreement.
    """
    ordered = sorted(parts, key=lambda part: part[0].core)
    notes: list[str] = []
    seen = [_starts(chunk, answer.chapters, notes) for chunk, answer in ordered]
    agreement = None
    if len(seen) > 1:
        seen = _without_openings(seen, notes)
        starts, agreement = _across_chunks(seen, notes)
        starts = [replace(s, at_s=_snapped(s.at_s, snap_to_s)) for s in starts]
    else:
        starts = [start for part in seen for start in part]
    chapters = _tiled(starts, duration_s, fields, is_merged=len(ordered) > 1)
    return chapters, tuple(notes), agreement


def _occurrences(spans: Iterable[tuple[TimeSpan, AnsweredSpan]]) -> tuple[Occurrence, ...]:
    """Sort spans into shown, said and both; touching stretches of one way become one."""
    known = list(spans)
    ways = {
        way: merge_spans(
            (span for span, answered in known if answered.presence in (way, "both")),
            gap_s=ELEMENT_GAP_S,
        )
        for way in ("shown", "said")
    }
    edges = sorted({edge for run in ways.values() for s in run for edge in (s.start_s, s.end_s)})
    found: list[Occurrence] = []

    def add(span: TimeSpan, presence: Presence) -> None:
        last = found[-1] if found else None
        if last and last.presence == presence and last.span.end_s == span.start_s:
            span = TimeSpan(last.span.start_s, span.end_s)
            found.pop()
        texts = [
            answered.text
            for own, answered in known
            if answered.text and own.overlap_s(span) > 0 and answered.presence in (presence, "both")
        ]
        found.append(Occurrence(span, presence, texts[0] if texts else ""))

    for start, end in itertools.pairwise(edges):
        piece = TimeSpan(start, end)
        shown, said = (any(run.overlap_s(piece) > 0 for run in ways[w]) for w in ("shown", "said"))
        if shown or said:
            add(piece, "both" if shown and said else "shown" if shown else "said")
    # A moment without length (a picture, a single word) is kept as it is.
    found += [
        Occurrence(span, answered.presence, answered.text)
        for span, answered in known
        if span.duration_s == 0 and not any(o.span.holds(span.start_s) for o in found)
    ]
    return tuple(dict.fromkeys(sorted(found, key=lambda o: (o.span, o.presence))))


def merge_elements(parts: Sequence[tuple[Chunk, Answer]]) -> tuple[Element, ...]:
    """Elements of the whole video: one for each kind and name, with all its occurrences.

    Args:
        parts: Each chunk with its answer, in any order.
    """
    named: dict[tuple[str, str], list[tuple[Chunk, AnsweredElement]]] = {}
    ordered = sorted(parts, key=lambda part: part[0].core)
    for chunk, answer in ordered:
        for element in answer.elements:
            named.setdefault((element.kind, element_key(element.name)), []).append((chunk, element))
    merged = []
    for group in named.values():
        spans: list[tuple[TimeSpan, AnsweredSpan]] = []
        for chunk, e in group:
            for s in e.spans:
                start = max(0.0, s.start_s)
                if start > chunk.sent.duration_s + OUTSIDE_S:
                    continue
                spans.append((chunk.to_video_time(TimeSpan(start, max(start, s.end_s))), s))
        names = sorted(
            (e.name.strip() for _, e in group),
            key=lambda name: (len(name), name),
        )
        known = [e.confidence for _, e in group if e.confidence is not None]
        categories = [e.category for _, e in group if e.category]
        merged.append(
            Element(
                kind=group[0][1].kind,
                name=names[0],
                category=categories[0] if categories else "",
                occurrences=_occurrences(spans),
                confidence=max(known) if known else None,
            )
        )
    return tuple(sorted(merged, key=lambda e: (e.kind, e.first_s, e.name)))


def merge_answers(
    parts: Sequence[tuple[Chunk, Answer]],
    duration_s: float,
    *,
    snap_to_s: Sequence[float] = (),
    fields: Sequence[AskedField] = (),
) -> Merged:
    """Chapters and elements of the whole video, with notes; see the module's rule."""
    chapters, notes, agreement = merge_chapters(
        parts, duration_s, snap_to_s=snap_to_s, fields=fields
    )
    return Merged(chapters, merge_elements(parts), notes, agreement)

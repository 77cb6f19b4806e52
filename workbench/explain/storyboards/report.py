"""A storyboard of an analysis: its summary, chapters, things and numbers, with their sources.

Every word comes from the analysis: it was quoted, counted, or written by the model named on the
first card. Nothing is asked and nothing is made up.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench.analysis.results import Analysis, Chapter
from workbench.errors import RequestError
from workbench.explain.storyboards.storyboard import Beat, Source, Storyboard, checked
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Clip,
    Closing,
    Image,
    Quote,
    Stretch,
    Timeline,
    Title,
    Visual,
)
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan, format_length, format_time

Length = Literal["short", "medium", "long"]

CHAPTERS = {"short": 3, "medium": 7, "long": 20}
"""Most chapters that get a beat of their own."""

LETTERS = {"short": 180, "medium": 320, "long": 700}
"""Most letters said about one of them."""

THINGS = 8
"""Bars in the chart of things."""

QUOTE_LETTERS = 480


@dataclass(frozen=True, slots=True)
class Footage:
    """Where the film's pictures come from."""

    asset: Asset
    picture: Callable[[float], Path]
    """A still of a moment, as a file; the moment is in the source's seconds."""
    moving: bool = False
    """Show pieces of the source itself for chapters, and not stills."""


def storyboard_of_analysis(
    analysis: Analysis,
    footage: Footage,
    *,
    length: Length = "medium",
    theme: str = "light",
    chapter: int | None = None,
) -> Storyboard:
    """Make the storyboard of a video report.

    Args:
        analysis: What was found.
        footage: The asset, and how to get pictures of it.
        length: How much of it is told.
        theme: `light` or `dark`.
        chapter: Index of the one chapter to explain; None for the whole.

    Raises:
        RequestError: There is nothing to tell, or no such chapter.
        MediaError: The source cannot be read.
    """
    whole = Source(analysis.asset_id, analysis.asset_name)
    if chapter is None:
        name = Path(analysis.asset_name).stem.replace("_", " ")
        title = f"{name[:1].upper()}{name[1:]}: a video report"
        beats = list(_report(analysis, footage, length, title))
    else:
        found = next((c for c in analysis.chapters if c.index == chapter), None)
        if found is None:
            raise RequestError(
                f"{analysis.asset_name} has no chapter {chapter + 1}",
                hint=f"it has {len(analysis.chapters)} chapters",
            )
        title = found.title
        beats = list(_one_chapter(analysis, footage, found))
    if len(beats) < 2:
        raise RequestError(
            f"nothing was found in {analysis.asset_name} that could be told",
            hint="analyse it again with another engine, or ask for more",
        )
    told = "quotes and counts" if _is_quoting(analysis) else "written by a model"
    language = analysis.request.language if len(analysis.request.language) == 2 else "en"
    story = Storyboard(
        title,
        tuple(Beat(b.heading, b.show, b.say, b.sources or (whole,)) for b in beats),
        language=language,
        theme="dark" if theme == "dark" else "light",
        origin="analysis",
        made_by=f"{analysis.model_name} ({told}), {analysis.created_at:%Y-%m-%d}",
    )
    return checked(story)


def _report(analysis: Analysis, footage: Footage, length: Length, title: str) -> list[Beat]:
    chapters = analysis.chapters
    shown = _longest(chapters, CHAPTERS[length])
    facts = [format_length(analysis.duration_s)] if analysis.duration_s else []
    facts += [f"{len(chapters)} chapters"] if len(chapters) > 1 else []
    subtitle = " · ".join([*facts, f"{analysis.model_name}, {analysis.created_at:%Y-%m-%d}"])
    beats = [Beat(title, Title(subtitle), f"{_spoken_name(title)}.")]
    if analysis.summary and analysis.summary.text.strip():
        beats.append(_summary(analysis, LETTERS[length]))
    if len(chapters) > 1:
        line = Timeline(
            tuple(Stretch(c.title, c.span.start_s, c.span.end_s) for c in chapters),
            analysis.duration_s,
        )
        count = f"It has {len(chapters)} chapters."
        beats.append(Beat("Chapters", line, count))
    beats += [_chapter_beat(analysis, footage, each, LETTERS[length]) for each in shown]
    beats += [
        beat for kind in ("equipment", "object", "topic") if (beat := _things(analysis, kind))
    ]
    if len(shown) > 1 and analysis.summary:
        left = len(chapters) - len(shown)
        items = [f"{format_time(c.span.start_s)}  {c.title}" for c in shown[:6]]
        say = f"{left} more chapters are in the report." if left else ""
        beats.append(Beat("Where to look again", Closing(tuple(items)), say))
    return beats


def _summary(analysis: Analysis, letters: int) -> Beat:
    """What a model wrote, or what the local engine counted: its quotations are told by chapter."""
    text = analysis.summary.text.strip() if analysis.summary else ""
    if not (analysis.summary and analysis.summary.is_extractive):
        return Beat(
            "In short", Quote(cut(text, QUOTE_LETTERS), analysis.model_name), cut(text, 2 * letters)
        )
    counted = [part.strip() for part in text.split("“")[0].split(". ") if part.strip(" .")]
    if not counted:
        return Beat("In short", Quote(cut(text, QUOTE_LETTERS)), cut(_said(text), 2 * letters))
    points = tuple(part.rstrip(".") for part in counted)
    return Beat("In short", Bullets(points), ". ".join(points) + ".")


_CLOCK = re.compile(r"\s*\(\d{1,3}(?::\d{2}){1,2}\)")


def _said(text: str) -> str:
    """A text to be heard: without the times that are written behind quotations."""
    return _CLOCK.sub("", text)


def _one_chapter(analysis: Analysis, footage: Footage, chapter: Chapter) -> list[Beat]:
    source = (_source(analysis, chapter.span),)
    at = f"{format_time(chapter.span.start_s)} to {format_time(chapter.span.end_s)}"
    beats = [
        Beat(chapter.title, Title(f"{analysis.asset_name}, {at}"), f"{chapter.title}.", source),
        _chapter_beat(analysis, footage, chapter, LETTERS["long"]),
    ]
    beats += [
        Beat(
            "As it is there",
            Quote(cut(each.text, QUOTE_LETTERS), _when(each.span)),
            cut(each.text, QUOTE_LETTERS),
            source,
        )
        for each in chapter.evidence[:3]
        if each.text.strip() and each.text.strip() not in f"{chapter.title} {chapter.summary}"
    ]
    inside = [
        element
        for element in analysis.elements
        if any(each.span.overlap_s(chapter.span) for each in element.occurrences)
    ]
    if inside:
        items = tuple(f"{e.name} ({e.presence})" for e in inside[:12])
        names = ", ".join(e.name for e in inside[:6])
        beats.append(Beat("What is in it", Bullets(items), f"In it: {names}.", source))
    return beats


def _chapter_beat(analysis: Analysis, footage: Footage, chapter: Chapter, letters: int) -> Beat:
    say = f"{chapter.title}. {_said(chapter.summary)}".strip()
    return Beat(
        chapter.title,
        _picture(footage, chapter),
        cut(say, letters),
        (_source(analysis, chapter.span),),
    )


def _picture(footage: Footage, chapter: Chapter) -> Visual:
    if footage.asset.kind != "video":
        return Bullets((chapter.summary or chapter.title,))
    if footage.moving:
        start_s = min(chapter.span.start_s + 1.0, chapter.span.end_s)
        if chapter.span.end_s - start_s > 2.0:
            return Clip(str(footage.asset.path), start_s, chapter.span.end_s)
    # A third into it: its title slide has gone, and it has not moved on yet.
    moment_s = chapter.span.start_s + chapter.span.duration_s / 3
    return Image(str(footage.picture(moment_s)), format_time(moment_s))


def _things(analysis: Analysis, kind: str) -> Beat | None:
    found = analysis.elements_of(kind)[:THINGS]
    timed = [element for element in found if element.present_s > 0]
    if len(timed) < 2:
        return None
    names = {"equipment": "Equipment", "object": "Objects", "topic": "Topics"}
    seconds = any(element.present_s < 90 for element in timed)
    unit, per = ("s", 1) if seconds else ("min", 60)
    bars = tuple(Bar(e.name, round(e.present_s / per, 0 if seconds else 1)) for e in timed)
    *others, last = [element.name for element in timed[:3]]
    say = f"{names[kind]} by time: most of it is {', '.join(others)} and {last}."
    sources = tuple(_source(analysis, e.occurrences[0].span) for e in timed[:3])
    return Beat(f"{names[kind]}, by time", Chart(bars, unit), say, sources)


def _longest(chapters: tuple[Chapter, ...], most: int) -> list[Chapter]:
    """The longest chapters, in the order of time."""
    chosen = sorted(chapters, key=lambda c: -c.span.duration_s)[:most]
    return sorted(chosen, key=lambda c: c.span.start_s)


def _source(analysis: Analysis, span: TimeSpan) -> Source:
    return Source(analysis.asset_id, analysis.asset_name, span.start_s, span.end_s)


def _when(span: TimeSpan | None) -> str:
    return format_time(span.start_s) if span else ""


def _is_quoting(analysis: Analysis) -> bool:
    return analysis.engine == "local"


def _spoken_name(title: str) -> str:
    return title.replace(":", ",")


def cut(text: str, letters: int) -> str:
    """The whole sentences at the beginning of a text that fit; at least some words of it.

    Example:
        >>> cut("It leaks. Close the valve. Then wait.", 30)
        'It leaks. Close the valve.'
    """
    text = " ".join(text.split())
    if len(text) <= letters:
        return text
    end = max(text.rfind(mark, 0, letters) for mark in (". ", "! ", "? ", "。"))
    if end > letters // 4:
        return text[: end + 1]
    return text[: letters - 1].rsplit(" ", 1)[0] + "…"

"""What a report shows: blocks of HTML that look the same in a notebook and in the finished report.

Words from media, models and file names are shown as they are, never read as HTML: they all pass
`escaped`. In a notebook the header brings the style sheet along; show it first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workbench.analysis.results import Analysis, Chapter, Citation, Occurrence, RunResult
from workbench.backends.usage import format_usd, total_cost
from workbench.errors import ReportError, RequestError
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.timecode import format_length, format_time
from workbench.reports.fields.block import field_block
from workbench.reports.parts.facts import cost_block, provenance, table_block
from workbench.reports.parts.markup import (
    Block,
    escaped,
    fact_list,
    megabytes,
    picture,
    section,
    style,
    table,
    tag,
)
from workbench.reports.tables import times_of

__all__ = [
    "Block",
    "chapter_cards",
    "cost_block",
    "element_block",
    "field_block",
    "only_analysis",
    "picture_block",
    "provenance",
    "report_header",
    "summary_block",
    "table_block",
    "thumbnail_moments",
    "transcript_block",
]


MOST_TIMES = 8
"""Times written in one row of the elements table; the Excel export has all of them."""


_QUOTE_END = re.compile(r"^[”\"']?\s*(?:[(\[]\d{1,2}(?::\d{2}){1,2}[)\]])?\.?\s*")
_QUOTE_START = re.compile(r"\s*[“\"']$")


def only_analysis(result: RunResult) -> Analysis:
    """The first analysis of a run, for reports about one file; others are to compare it with.

    Raises:
        RequestError: There are several.
        ReportError: There is none; the message is the run's own.
    """
    if not result.analyses:
        if result.failures:
            failure = result.failures[0]
            raise ReportError(f"{failure.name}: {failure.message}", hint=failure.hint)
        raise ReportError("nothing was analysed", hint="name a file in `assets`")
    files = {analysis.asset_id for analysis in result.analyses}
    if len(files) > 1:
        raise RequestError(
            f"this report is about one file; `assets` names {len(files)}",
            hint="make one report for each file",
        )
    return result.analyses[0]


def report_header(
    analysis: Analysis,
    asset: Asset | None = None,
    evidence: Evidence | None = None,
    *,
    poster: Path | None = None,
) -> Block:
    """The title with the facts in one line, and what the reader should know.

    Args:
        analysis: What the report is about.
        asset: Adds size and format.
        evidence: Adds how much speech and how many shots were found.
        poster: A JPEG to show beside the title.
    """
    facts = [_kind(analysis, asset)]
    if analysis.duration_s:
        facts.append(format_time(analysis.duration_s))
    if asset and asset.width_px:
        facts.append(f"{asset.width_px}×{asset.height_px}")
    if asset:
        facts.append(megabytes(asset.size_bytes))
    if evidence and evidence.speech_s:
        facts.append(f"{format_length(evidence.speech_s)} of speech")
    if evidence and len(evidence.shots) > 1:
        facts.append(f"{len(evidence.shots)} shots")
    run = [
        analysis.model_name,
        f"{analysis.created_at:%-d %B %Y, %H:%M} UTC",
        _price(analysis),
        format_length(analysis.seconds),
    ]
    notes = list(analysis.notes) + [n for n in (evidence.notes if evidence else ()) if n]
    notes += list(asset.warnings) if asset else []
    return Block(
        f"<style>{style()}</style>"
        + tag(
            "header",
            "nova nova-header",
            picture(poster, "", "nova-poster")
            + "<div>"
            + f'<h1 class="nova-title">{escaped(analysis.asset_name)}</h1>'
            + fact_list(facts)
            + fact_list(run, "nova-facts nova-run")
            + "".join(f'<p class="nova-note">{escaped(note)}</p>' for note in dict.fromkeys(notes))
            + "</div>",
        ),
        f"{analysis.asset_name}: {' · '.join(facts)}",
    )


def _kind(analysis: Analysis, asset: Asset | None) -> str:
    if asset:
        return {"video": "Video", "image": "Picture", "audio": "Recording"}[asset.kind]
    return "Video" if analysis.duration_s else "Picture"


def _price(analysis: Analysis) -> str:
    cost = analysis.cost_usd
    estimate = total_cost(call.estimated_usd for call in analysis.calls)
    if analysis.engine == "local" or not analysis.calls:
        return format_usd(cost)
    return f"{format_usd(cost)} of {format_usd(estimate)} estimated"


def summary_block(analysis: Analysis) -> Block:
    """The summary; where it is made of quotations, each is marked and has its time."""
    summary = analysis.summary
    if summary is None:
        return section("Summary", '<p class="nova-empty">No summary was asked for.</p>')
    if not summary.is_extractive:
        paragraphs = [part for part in summary.text.split("\n\n") if part.strip()]
        body = "".join(f"<p>{escaped(part)}</p>" for part in paragraphs)
        badge = f'<p class="nova-badge">Written by {escaped(analysis.model_name)}</p>'
        return section("Summary", f'<div class="nova-prose">{body}</div>{badge}')
    if not summary.evidence and analysis.engine != "local":
        body = "".join(f"<p>{escaped(line)}</p>" for line in summary.text.splitlines())
        badge = f'<p class="nova-badge">Counted by {escaped(analysis.model_name)}, not written</p>'
        return section("Summary", f'<div class="nova-prose">{body}</div>{badge}')
    body = _quoted(summary.text, summary.evidence)
    badge = '<p class="nova-badge">Quoted, not written: the sentences are from the recording, the figures are counts</p>'
    return section("Summary", f'<div class="nova-prose nova-quotes">{body}</div>{badge}')


def _quoted(text: str, citations: Sequence[Citation]) -> str:
    """The summary with each quotation set apart, in the order of the text."""
    found: list[tuple[int, int, Citation]] = []
    for citation in citations:
        words = citation.text.strip()
        # The engine may have put the quotation in marks of its own, which are left out.
        start = text.find(words) if words else -1
        if start >= 0 and not any(a < start + len(words) and start < b for a, b, _ in found):
            found.append((start, start + len(words), citation))
    parts: list[str] = []
    at = 0
    for start, end, citation in sorted(found, key=lambda item: item[0]):
        parts.append(_plain(text[at:start]))
        cite = f"<cite>{_time_of(citation)}</cite>" if citation.span else ""
        parts.append(f"<blockquote><q>{escaped(text[start:end])}</q>{cite}</blockquote>")
        at = end
    parts.append(_plain(text[at:]))
    return "".join(parts)


def _plain(text: str) -> str:
    """What stands between quotations, without their marks and times, which are shown anew."""
    words = _QUOTE_END.sub("", text.strip())
    words = _QUOTE_START.sub("", words).strip()
    return f"<p>{escaped(words)}</p>" if any(letter.isalnum() for letter in words) else ""


def _time_of(citation: Citation) -> str:
    where = {"transcript": "said at", "screen_text": "on screen at", "shot": "seen at"}
    moment = format_time(citation.span.start_s) if citation.span else ""
    return f"{where.get(citation.kind, 'at')} {escaped(moment)}"


def thumbnail_moments(analysis: Analysis, evidence: Evidence | None = None) -> dict[int, float]:
    """Chapter index → the moment whose frame stands for it, in seconds.

    The representative frame of the shot that fills most of the chapter, else its middle.
    """
    moments: dict[int, float] = {}
    for chapter in analysis.chapters:
        shots = [
            shot
            for shot in (evidence.shots if evidence else ())
            if chapter.span.holds(shot.frame_s)
        ]
        longest = max(shots, key=lambda shot: shot.span.overlap_s(chapter.span), default=None)
        moments[chapter.index] = longest.frame_s if longest else chapter.span.middle_s
    return moments


def chapter_cards(analysis: Analysis, thumbnails: Mapping[int, Path] | None = None) -> Block:
    """Chapters as cards with a frame, time, title and summary.

    Args:
        analysis: What was found.
        thumbnails: Chapter index → JPEG file; cards without one have no picture.
    """
    if not analysis.chapters:
        if analysis.duration_s <= 0:
            return Block("")
        text = "chapters" if "chapters" in analysis.request.find else ""
        reason = "No chapters were found." if text else "No chapters were asked for."
        return section("Chapters", f'<p class="nova-empty">{reason}</p>')
    cards = "".join(
        _card(chapter, (thumbnails or {}).get(chapter.index)) for chapter in analysis.chapters
    )
    return section("Chapters", f'<ol class="nova-cards">{cards}</ol>', count=len(analysis.chapters))


def _card(chapter: Chapter, thumbnail: Path | None) -> str:
    start, end = format_time(chapter.span.start_s), format_time(chapter.span.end_s)
    summary = f'<p class="nova-card-text">{escaped(chapter.summary)}</p>' if chapter.summary else ""
    note = f'<p class="nova-note">{escaped(chapter.note)}</p>' if chapter.note else ""
    return (
        '<li class="nova-card">'
        + picture(thumbnail, f"Frame of chapter {chapter.index + 1}", "nova-frame")
        + '<div class="nova-card-body">'
        + f'<p class="nova-time"><b>{chapter.index + 1}</b> {start} – {end}'
        + f"<span>{escaped(format_length(chapter.span.duration_s))}</span></p>"
        + f"<h3>{escaped(chapter.title)}</h3>{summary}{note}</div></li>"
    )


def picture_block(analysis: Analysis, path: Path | None) -> Block:
    """The picture itself, for reports about one picture; nothing for videos."""
    if analysis.duration_s > 0 or path is None:
        return Block("")
    return Block(
        tag("figure", "nova nova-still", picture(path, analysis.asset_name, "")),
        analysis.asset_name,
    )


KIND_NAMES = {"equipment": "Equipment", "object": "Objects", "topic": "Topics"}


def element_block(analysis: Analysis) -> Block:
    """Equipment, objects and topics: each a table with shown or said and the times."""
    parts = []
    for kind, title in KIND_NAMES.items():
        elements = analysis.elements_of(kind)
        if not elements:
            continue
        rows = [
            (
                f"<b>{escaped(e.name)}</b>",
                escaped(e.category),
                f'<span class="nova-chip nova-{e.presence}">{e.presence.capitalize()}</span>',
                f'<span class="nova-num">{escaped(format_length(e.present_s))}</span>'
                if analysis.duration_s
                else "",
                f'<span class="nova-times">{_times(e.occurrences)}</span>'
                if analysis.duration_s
                else "",
            )
            for e in elements
        ]
        heads = ("Name", "Category", "Evidence", "Present", "Times")
        parts.append(
            f"<h3>{title} <small>{len(elements)}</small></h3>"
            + table(heads if analysis.duration_s else heads[:3], rows, "nova-elements")
        )
    if not parts:
        kinds = analysis.request.element_kinds
        reason = "No elements were found." if kinds else "No elements were asked for."
        parts.append(f'<p class="nova-empty">{reason}</p>')
    return section("Elements", "".join(parts))


def _times(occurrences: Iterable[Occurrence]) -> str:
    return escaped(times_of((o.span for o in occurrences), most=MOST_TIMES))


def transcript_block(evidence: Evidence | None, analysis: Analysis | None = None) -> Block:
    """What was said, with times, under the chapters it was said in."""
    transcript = evidence.transcript if evidence else None
    if transcript is None or transcript.is_empty:
        return section("Transcript", '<p class="nova-empty">No speech was found.</p>')
    starts = list(analysis.chapters) if analysis else []
    rows: list[str] = []
    for utterance in transcript.utterances:
        while starts and starts[0].span.start_s <= utterance.span.middle_s:
            chapter = starts.pop(0)
            rows.append(f'<dt class="nova-in">{escaped(chapter.title)}</dt>')
        speaker = f"<b>{escaped(utterance.speaker)}:</b> " if utterance.speaker else ""
        rows.append(
            f"<dt>{format_time(utterance.span.start_s)}</dt>"
            f"<dd>{speaker}{escaped(utterance.text)}</dd>"
        )
    source = " · ".join(
        part for part in (transcript.source, transcript.source_detail, transcript.language) if part
    )
    return section(
        "Transcript",
        f'<p class="nova-note">{escaped(source)}</p><dl class="nova-transcript">{"".join(rows)}</dl>',
        count=len(transcript.utterances),
    )

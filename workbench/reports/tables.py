"""Results as polars tables: one row a thing, times in seconds and as people write them.

Columns are snake case with their unit in the name; `headings` has the words for people. Costs are
floats here, for showing and sorting only: sums of money are made with `total_cost`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from workbench.analysis.fields import Field
from workbench.analysis.results import Analysis, Element, FieldValue
from workbench.backends.usage import Cost, total_cost
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset, Proxy
from workbench.media.timecode import TimeSpan, format_time, merge_spans

if TYPE_CHECKING:
    import polars as pl

HEADINGS: Mapping[str, str] = {
    "number": "#",
    "ask": "Question",
    "seen": "From",
    "is_discussed": "Discussed",
    "first": "First seen",
    "last": "Last seen",
    "present_s": "Seconds present",
    "presence": "Shown or said",
    "times": "Times",
    "was_kept": "Kept reply",
    "cost_usd": "Cost, $",
    "paid_usd": "Paid this run, $",
    "saved_usd": "Saved by kept replies, $",
    "estimated_usd": "Estimate, $",
    "per_hour_usd": "Cost per hour of media, $",
    "realtime_factor": "Times real time",
    "model_id": "Model id",
}
"""Column → words for people, where they are more than the column's name."""


def headings(columns: Iterable[str]) -> dict[str, str]:
    """Words for people over each column.

    Example:
        >>> headings(["number", "duration_s", "first"])
        {'number': '#', 'duration_s': 'Duration, s', 'first': 'First seen'}
    """
    return {column: HEADINGS.get(column) or _words(column) for column in columns}


def _words(column: str) -> str:
    name, _, unit = column.rpartition("_")
    words = f"{name}, {unit}" if name and unit in {"s", "px", "bytes", "usd"} else column
    return words.replace("_", " ").capitalize()


def value_columns(fields: Iterable[Field]) -> dict[str, type]:
    """Column → type of the answers to fields: numbers, yes or no, and text for all others."""
    kinds: dict[str, type] = {"number": float, "yes_no": bool}
    return {field.name: kinds.get(field.type, str) for field in fields}


def value_cells(fields: Iterable[Field], values: Iterable[FieldValue]) -> dict[str, Any]:
    """Column → answer; None where it is not known, or was not asked."""
    known = {each.name: each for each in values if each.value is not None}
    return {
        name: (known[name].value if kind is not str else known[name].words)
        if name in known
        else None
        for name, kind in value_columns(fields).items()
    }


def chapter_table(analysis: Analysis) -> "pl.DataFrame":
    """Chapters in order: number, title, start, end, duration, summary, and a column a field."""
    fields = analysis.request.fields_per("chapter")
    return frame_of(
        {
            "number": int,
            "title": str,
            "start": str,
            "end": str,
            "duration": str,
            "summary": str,
            **value_columns(fields),
            "start_s": float,
            "end_s": float,
            "confidence": float,
        },
        (
            {
                "number": chapter.index + 1,
                "title": chapter.title,
                "start": format_time(chapter.span.start_s),
                "end": format_time(chapter.span.end_s),
                "duration": format_time(chapter.span.duration_s),
                "summary": chapter.summary,
                **value_cells(fields, chapter.fields),
                "start_s": chapter.span.start_s,
                "end_s": chapter.span.end_s,
                "confidence": chapter.confidence,
            }
            for chapter in analysis.chapters
        ),
    )


def element_table(analysis: Analysis, kind: str | None = None) -> "pl.DataFrame":
    """Elements, by kind and then the most present first, with every time they occur as words.

    Args:
        analysis: What was found.
        kind: `equipment`, `object` or `topic`; None for all of them.
    """
    kinds = (kind,) if kind else ("equipment", "object", "topic")
    return frame_of(
        {
            "kind": str,
            "name": str,
            "category": str,
            "presence": str,
            "is_discussed": bool,
            "first": str,
            "last": str,
            "occurrences": int,
            "present_s": float,
            "times": str,
            "first_s": float,
            "last_s": float,
            "confidence": float,
        },
        (_element_row(element) for kind in kinds for element in analysis.elements_of(kind)),
    )


def _element_row(element: Element) -> dict[str, Any]:
    return {
        "kind": element.kind,
        "name": element.name,
        "category": element.category,
        "presence": element.presence,
        "is_discussed": element.presence in ("said", "both"),
        "first": format_time(element.first_s),
        "last": format_time(element.last_s),
        "occurrences": len(element.occurrences),
        "present_s": round(element.present_s, 2),
        "times": times_of(o.span for o in element.occurrences),
        "first_s": element.first_s,
        "last_s": element.last_s,
        "confidence": element.confidence,
    }


def times_of(spans: Iterable[TimeSpan], *, most: int = 0) -> str:
    """Write spans as `9:08 – 9:45, 12:01`; `most` > 0 cuts the list.

    Spans less than a second apart are one: the times are written in whole seconds.

    Example:
        >>> times_of([TimeSpan(548, 585), TimeSpan(721, 721.4), TimeSpan(800, 803)], most=2)
        '9:08 – 9:45, 12:01 and 1 more'
    """
    said = []
    merged = merge_spans(spans, gap_s=1.0)
    for span in merged:
        start, end = format_time(span.start_s), format_time(span.end_s)
        said.append(start if start == end else f"{start} – {end}")
    if most and len(said) > most:
        return f"{', '.join(said[:most])} and {len(said) - most} more"
    return ", ".join(said)


def occurrence_table(analysis: Analysis) -> "pl.DataFrame":
    """Every time an element occurs, one row each, in order of time."""
    found = [
        (occurrence, element) for element in analysis.elements for occurrence in element.occurrences
    ]
    found.sort(key=lambda pair: (pair[0].span, pair[1].name))
    return frame_of(
        {
            "start": str,
            "end": str,
            "kind": str,
            "name": str,
            "category": str,
            "presence": str,
            "text": str,
            "start_s": float,
            "end_s": float,
        },
        (
            {
                **_span(occurrence.span),
                "kind": element.kind,
                "name": element.name,
                "category": element.category,
                "presence": occurrence.presence,
                "text": occurrence.text,
            }
            for occurrence, element in found
        ),
    )


def transcript_table(evidence: Evidence | None) -> "pl.DataFrame":
    """What was said, one row an utterance; empty if there is no transcript."""
    transcript = evidence.transcript if evidence else None
    return frame_of(
        {
            "start": str,
            "end": str,
            "text": str,
            "speaker": str,
            "start_s": float,
            "end_s": float,
            "confidence": float,
        },
        (
            {
                **_span(utterance.span),
                "text": utterance.text,
                "speaker": utterance.speaker,
                "confidence": utterance.confidence,
            }
            for utterance in (transcript.utterances if transcript else ())
        ),
    )


def screen_text_table(evidence: Evidence | None) -> "pl.DataFrame":
    """What was read on the screen, one row a block of text."""
    return frame_of(
        {
            "start": str,
            "end": str,
            "text": str,
            "is_title": bool,
            "confidence": float,
            "start_s": float,
            "end_s": float,
        },
        (
            {
                **_span(block.span),
                "text": block.text,
                "is_title": block.is_title,
                "confidence": block.confidence,
            }
            for block in (evidence.screen_text if evidence else ())
        ),
    )


def call_table(analysis: Analysis) -> "pl.DataFrame":
    """The model calls an analysis rests on: tokens, estimate, cost, time."""
    return frame_of(
        {
            "label": str,
            "model_id": str,
            "was_kept": bool,
            "input_tokens": int,
            "output_tokens": int,
            "cached_tokens": int,
            "estimated_usd": float,
            "cost_usd": float,
            "latency_s": float,
            "attempts": int,
        },
        (
            {
                "label": call.label,
                "model_id": call.model_id,
                "was_kept": call.was_kept,
                "input_tokens": call.usage.input_tokens,
                "output_tokens": call.usage.output_tokens,
                "cached_tokens": call.usage.cached_tokens,
                "estimated_usd": _number(call.estimated_usd),
                "cost_usd": _number(call.cost_usd),
                "latency_s": call.latency_s,
                "attempts": call.attempts,
            }
            for call in analysis.calls
        ),
    )


def cost_table(analyses: Iterable[Analysis]) -> "pl.DataFrame":
    """What each analysis cost: estimate, cost, what kept replies saved, price of an hour, speed."""
    return frame_of(
        {
            "asset": str,
            "model": str,
            "created_at": str,
            "calls": int,
            "kept_calls": int,
            "input_tokens": int,
            "output_tokens": int,
            "estimated_usd": float,
            "cost_usd": float,
            "paid_usd": float,
            "saved_usd": float,
            "per_hour_usd": float,
            "seconds": float,
            "realtime_factor": float,
        },
        (_cost_row(analysis) for analysis in analyses),
    )


def _cost_row(analysis: Analysis) -> dict[str, Any]:
    cost, length_s = analysis.cost_usd, analysis.duration_s
    kept = [call for call in analysis.calls if call.was_kept]
    per_hour = cost * 3600 / Decimal(str(length_s)) if cost is not None and length_s else None
    return {
        "asset": analysis.asset_name,
        "model": analysis.model_name,
        "created_at": f"{analysis.created_at:%Y-%m-%d %H:%M}",
        "calls": len(analysis.calls),
        "kept_calls": len(kept),
        "input_tokens": analysis.usage.input_tokens,
        "output_tokens": analysis.usage.output_tokens,
        "estimated_usd": _number(total_cost(call.estimated_usd for call in analysis.calls)),
        "cost_usd": _number(cost),
        "paid_usd": _number(analysis.paid_usd),
        "saved_usd": _number(total_cost(call.cost_usd for call in kept)),
        "per_hour_usd": _number(per_hour),
        "seconds": analysis.seconds,
        "realtime_factor": analysis.seconds / length_s if length_s else None,
    }


def asset_table(assets: Iterable[Asset], proxies: Iterable[Proxy] = ()) -> "pl.DataFrame":
    """Media files with their facts, and the bytes of the smallest proxy of each."""
    smallest: dict[str, int] = {}
    for proxy in proxies:
        known = smallest.get(proxy.asset_id, proxy.size_bytes)
        smallest[proxy.asset_id] = min(known, proxy.size_bytes)
    return frame_of(
        {
            "name": str,
            "kind": str,
            "length": str,
            "size": str,
            "size_bytes": int,
            "proxy_bytes": int,
            "duration_s": float,
            "format": str,
            "warnings": str,
            "id": str,
            "path": str,
        },
        (
            {
                "name": asset.name,
                "kind": asset.kind,
                "length": format_time(asset.duration_s) if asset.duration_s else "",
                "size": f"{asset.width_px}×{asset.height_px}" if asset.width_px else "",
                "size_bytes": asset.size_bytes,
                "proxy_bytes": smallest.get(asset.id),
                "duration_s": asset.duration_s,
                "format": asset.format,
                "warnings": " ".join(asset.warnings),
                "id": asset.id,
                "path": str(asset.path),
            }
            for asset in assets
        ),
    )


def _span(span: TimeSpan) -> dict[str, Any]:
    return {
        "start": format_time(span.start_s),
        "end": format_time(span.end_s),
        "start_s": span.start_s,
        "end_s": span.end_s,
    }


def _number(cost: Cost) -> float | None:
    return None if cost is None else float(cost)


def frame_of(schema: Mapping[str, type], rows: Iterable[Mapping[str, Any]]) -> "pl.DataFrame":
    """A table whose columns have their types even when there are no rows."""
    import polars as pl

    kinds = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
    return pl.DataFrame(
        [dict(row) for row in rows],
        schema={column: kinds[kind] for column, kind in schema.items()},
        orient="row",
    )

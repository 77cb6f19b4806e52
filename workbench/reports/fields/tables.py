"""Answers to the user's own questions as tables: of one analysis, and of the whole library.

A column holds the answers to one question and no other: the newest wording of a field counts, and
what was asked in another way is left out. Empty is "not asked", or "not known" where the column
`not_known` names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.analysis.answers.merge_fields import sources_words
from workbench.analysis.fields import ANSWERING_ENGINES, Field, FieldPer
from workbench.analysis.results import Analysis, Chapter, FieldValue
from workbench.errors import RequestError
from workbench.media.timecode import format_time
from workbench.reports.tables import frame_of, value_cells, value_columns

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class FieldTable:
    """A table over a library: a row for each file or chapter, a column for each field."""

    fields: tuple[Field, ...]
    frame: "pl.DataFrame"


def field_table(analysis: Analysis) -> "pl.DataFrame":
    """The fields about the whole, one row each: value, question, type, where it comes from, note."""
    asked = {each.name: each for each in analysis.request.fields_per("video")}
    answers = {answer.name: answer for answer in analysis.fields}
    chunks = chunks_of(analysis)
    return frame_of(
        {"field": str, "value": str, "ask": str, "type": str, "seen": str, "note": str},
        (
            {
                "field": name,
                "value": answers[name].words if name in answers else "not asked",
                "ask": each.ask,
                "type": each.type.replace("_", " "),
                "seen": sources_words(answers[name], chunks) if name in answers else "",
                "note": answers[name].note if name in answers else "",
            }
            for name, each in asked.items()
        ),
    )


def chunks_of(analysis: Analysis) -> int:
    """How many chunks an analysis was made of; 0 for a picture."""
    return len({call.chunk_index for call in analysis.calls if call.chunk_index is not None})


@dataclass(slots=True)
class _Row:
    """One file on its way into the table."""

    analysis: Analysis
    """The newest that has something to say."""
    names: set[str] = field(default_factory=set)
    """Fields it was asked, in their newest wording."""
    found: dict[str, FieldValue] = field(default_factory=dict)
    engines: list[str] = field(default_factory=list)
    chapters: tuple[Chapter, ...] = ()


def library_fields(
    analyses: Iterable[Analysis], *, per: FieldPer = "video", names: Sequence[str] = ()
) -> FieldTable:
    """A table of what a library's files answer.

    Args:
        analyses: Kept analyses, the newest first; each is looked at once.
        per: A row for each file (`video`), or for each `chapter` of the newest analysis of a file
            that was asked any of the fields.
        names: Only these fields, in this order; all if empty.

    Raises:
        RequestError: A field was never asked.
    """
    known: dict[str, Field] = {}
    rows: dict[str, _Row] = {}
    for analysis in analyses:
        if analysis.engine not in ANSWERING_ENGINES:
            continue
        asked = [
            each
            for each in analysis.request.fields_per(per)
            if known.setdefault(each.name, each) == each and (not names or each.name in names)
        ]
        if asked:
            _add(rows, analysis, {each.name for each in asked}, per)
    if unknown := [name for name in names if name not in known]:
        told = ", ".join(known) or f"none was asked about a {per} yet"
        raise RequestError(f"no field {unknown[0]!r} was asked per {per}", hint=f"fields: {told}")
    fields = tuple(known[name] for name in names) if names else tuple(known.values())
    make = _file_rows if per == "video" else _chapter_rows
    own: dict[str, type] = {"file": str}
    if per == "chapter":
        own |= {"number": int, "title": str, "start": str, "end": str}
    last: dict[str, type] = dict.fromkeys(
        ("not_known", "analysed_by", "analysed_at", "asset_id", "analysis_id"), str
    )
    return FieldTable(
        fields,
        frame_of(
            {**own, **value_columns(fields), **last},
            (cells for row in rows.values() for cells in make(row, fields)),
        ),
    )


def _add(rows: dict[str, _Row], analysis: Analysis, names: set[str], per: FieldPer) -> None:
    row = rows.setdefault(analysis.asset_id, _Row(analysis))
    if per == "chapter":
        if row.analysis is analysis:
            row.names, row.chapters = names, analysis.chapters
            row.engines.append(analysis.model_name)
        return
    new = {a.name: a for a in analysis.fields if a.name in names - row.names}
    row.found |= new
    row.names |= set(new)
    if new and analysis.model_name not in row.engines:
        row.engines.append(analysis.model_name)


def _file_rows(row: _Row, fields: Sequence[Field]) -> Iterable[Mapping[str, Any]]:
    yield {"file": row.analysis.asset_name, **_answers(row, row.found.values(), fields)}


def _chapter_rows(row: _Row, fields: Sequence[Field]) -> Iterable[Mapping[str, Any]]:
    for chapter in row.chapters:
        yield {
            "file": row.analysis.asset_name,
            "number": chapter.index + 1,
            "title": chapter.title,
            "start": format_time(chapter.span.start_s),
            "end": format_time(chapter.span.end_s),
            **_answers(row, chapter.fields, fields),
        }


def _answers(row: _Row, found: Iterable[FieldValue], fields: Sequence[Field]) -> dict[str, Any]:
    shown = [answer for answer in found if answer.name in row.names]
    return {
        **value_cells(fields, shown),
        "not_known": ", ".join(answer.name for answer in shown if answer.value is None),
        "analysed_by": ", ".join(row.engines),
        "analysed_at": f"{row.analysis.created_at:%Y-%m-%d %H:%M}",
        "asset_id": row.analysis.asset_id,
        "analysis_id": row.analysis.id,
    }

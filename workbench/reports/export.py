"""Results as files other programs read: JSON, Excel, CSV, WebVTT chapters, chapter text.

Text from media is data: no cell becomes a formula or a link, no cue ends early.
"""

import errno
import html
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.analysis.results import Analysis
from workbench.backends.usage import format_usd
from workbench.errors import DiskFull, ReportError
from workbench.evidence.evidence import Evidence
from workbench.jsonable import to_jsonable
from workbench.media.timecode import format_length, format_time
from workbench.reports import tables
from workbench.reports.detection_table import detection_table
from workbench.reports.fields.tables import field_table

if TYPE_CHECKING:
    import polars as pl

JSON_VERSION = 1
"""Grows when a field of the JSON export changes its meaning."""

CELL_LETTERS = 32_767
"""What a cell of a workbook can hold; longer text is cut there and says so."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a CSV cell that starts like this."""


def to_json(analysis: Analysis, evidence: Evidence | None = None) -> str:
    """Write an analysis, and what it was measured from, as JSON text.

    Returns:
        An object with `format`, `version`, `analysis`, `totals` and `evidence` (or null).
        Times are seconds, costs are strings of dollars, null where no price is known.
    """
    cost, paid = analysis.cost_usd, analysis.paid_usd
    said = {
        "format": "nova-workbench-analysis",
        "version": JSON_VERSION,
        "analysis": to_jsonable(analysis),
        "totals": {
            "usage": to_jsonable(analysis.usage),
            "cost_usd": None if cost is None else str(cost),
            "paid_usd": None if paid is None else str(paid),
        },
        "evidence": None if evidence is None else to_jsonable(evidence),
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def to_csv(frame: "pl.DataFrame") -> str:
    r"""Write a table as CSV that is safe to open in a spreadsheet.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.

    Example:
        >>> import polars as pl
        >>> to_csv(pl.DataFrame({"name": ["=1+1", "pump"]}))
        "name\n'=1+1\npump\n"
    """
    import polars as pl

    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = [
        pl.when(pl.any_horizontal(pl.col(name).str.starts_with(start) for start in FORMULA_STARTS))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    ]
    return frame.with_columns(safe).write_csv()


def to_excel(analysis: Analysis, evidence: Evidence | None, path: Path) -> Path:
    """Write a workbook with a sheet for each kind of result.

    Sheets: Summary, Fields (where some were asked), Chapters, Identified Elements, Occurrences,
    Detections (where there are any), Transcript, Screen Text, Model Calls, Request.

    Args:
        analysis: What was found.
        evidence: Adds the sheets Transcript and Screen Text.
        path: Where to write it; replaced only when the new file is complete.

    Raises:
        DiskFull: There is no room for it.
        ReportError: The folder cannot be written to.
    """
    with _workbook(path, analysis.asset_name, analysis.created_at) as book:
        _sheet(book, "Summary", summary_table(analysis), widths={"value": 100})
        if analysis.request.fields_per("video"):
            _sheet(book, "Fields", field_table(analysis), widths={"value": 40, "ask": 60})
        _sheet(book, "Chapters", tables.chapter_table(analysis))
        _sheet(book, "Identified Elements", tables.element_table(analysis))
        _sheet(book, "Occurrences", tables.occurrence_table(analysis))
        if analysis.detections:
            _sheet(book, "Detections", detection_table(analysis))
        if evidence is not None:
            _sheet(book, "Transcript", tables.transcript_table(evidence))
            _sheet(book, "Screen Text", tables.screen_text_table(evidence))
        _sheet(book, "Model Calls", tables.call_table(analysis))
        _sheet(book, "Request", request_table(analysis), widths={"value": 60})
    return path


def table_to_excel(frame: "pl.DataFrame", path: Path, *, title: str) -> Path:
    """Write one table as a workbook of one sheet.

    Args:
        frame: The table.
        path: Where to write it; replaced only when the new file is complete.
        title: Name of the sheet and of the workbook, at most 31 letters.

    Raises:
        DiskFull: There is no room for it.
        ReportError: The folder cannot be written to.
    """
    with _workbook(path, title, datetime.now(UTC)) as book:
        _sheet(book, title, frame)
    return path


@contextmanager
def _workbook(path: Path, title: str, made: datetime) -> Iterator[Any]:
    """A workbook that takes the place of `path` when the block has ended well."""
    import xlsxwriter  # type: ignore[import-untyped]

    handle, temporary = _temporary(path)
    os.close(handle)
    try:
        # Nothing that came from media becomes a formula or a link.
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "nan_inf_to_errors": True,
        }
        with xlsxwriter.Workbook(temporary, options) as book:
            book.set_properties({"title": title, "created": made.replace(tzinfo=None)})
            yield book
        temporary.replace(path)
    except OSError as error:
        raise _written_badly(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> tuple[int, Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".nova-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise _written_badly(path, error) from error
    return handle, Path(name)


def _written_badly(path: Path, error: OSError) -> DiskFull | ReportError:
    if error.errno == errno.ENOSPC:
        return DiskFull(
            f"there is no room to write {path.name}", hint=f"free space in {path.parent}"
        )
    return ReportError(
        f"{path.name} cannot be written: {error.strerror or error}",
        hint=f"check that {path.parent} is a folder you may write to",
    )


def summary_table(analysis: Analysis) -> "pl.DataFrame":
    """Field and value: model, summary, word count, tokens, time and cost."""
    import polars as pl

    text = analysis.summary.text if analysis.summary else ""
    usage = analysis.usage
    rows: dict[str, str] = {
        "File": analysis.asset_name,
        "Length": format_time(analysis.duration_s) if analysis.duration_s else "",
        "Engine": analysis.engine,
        "Model": analysis.model_name,
        "Summary": text,
        "Summary is quoted": _yes(analysis.summary is not None and analysis.summary.is_extractive),
        "Word Count": str(len(text.split())),
        "Chapters": str(len(analysis.chapters)),
        "Elements": str(len(analysis.elements)),
        "Tokens Used": str(usage.input_tokens + usage.output_tokens + usage.cached_tokens),
        "Processing Time": format_length(analysis.seconds),
        "Cost": format_usd(analysis.cost_usd),
        "Paid this run": format_usd(analysis.paid_usd),
        "Made": f"{analysis.created_at:%Y-%m-%d %H:%M} UTC",
        "Notes": "\n".join(analysis.notes),
        "Analysis id": analysis.id,
        "Asset id": analysis.asset_id,
    }
    return pl.DataFrame({"field": list(rows), "value": list(rows.values())})


def request_table(analysis: Analysis) -> "pl.DataFrame":
    """The request an analysis answers, and the versions it was answered with."""
    import polars as pl

    rows = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in analysis.request.model_dump(mode="json").items()
    }
    rows |= {
        "prompt_hash": analysis.prompt_hash,
        "catalog_as_of": analysis.catalog_as_of,
        "engine_version": analysis.engine_version,
    }
    return pl.DataFrame({"field": list(rows), "value": list(rows.values())})


def to_vtt_chapters(analysis: Analysis) -> str:
    """Write chapters as WebVTT, as players read them.

    Returns:
        The file's text; only the header when there are no chapters.
    """
    parts = ["WEBVTT"]
    for chapter in analysis.chapters:
        start, end = _vtt_time(chapter.span.start_s), _vtt_time(chapter.span.end_s)
        parts.append(f"{chapter.index + 1}\n{start} --> {end}\n{_cue(chapter.title)}")
    return "\n\n".join(parts) + "\n"


def to_chapter_text(analysis: Analysis) -> str:
    """Write chapters as lines of time and title, as a video description takes them.

    The first line is at 0:00, which video sites ask for.
    """
    lines: list[str] = []
    for chapter in analysis.chapters:
        start_s = chapter.span.start_s if lines else 0.0
        lines.append(f"{format_time(start_s)} {' '.join(chapter.title.split())}")
    return "\n".join(lines) + "\n" if lines else ""


def _vtt_time(moment_s: float) -> str:
    millis = round(moment_s * 1000)
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _cue(text: str) -> str:
    # Escaping ">" also breaks "-->", which would end the cue.
    return html.escape(" ".join(text.split()), quote=False)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _sheet(
    book: Any, name: str, frame: "pl.DataFrame", *, widths: Mapping[str, int] | None = None
) -> None:
    """One sheet: a bold frozen header, wrapped text, columns as wide as their words."""
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F5F7F8", "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    plain = book.add_format({"valign": "top"})
    labels = tables.headings(frame.columns)
    for column, label in enumerate(labels.values()):
        sheet.write_string(0, column, label, head)
    for row, values in enumerate(frame.iter_rows(), start=1):
        for column, value in enumerate(values):
            match value:
                case None:
                    sheet.write_blank(row, column, None, plain)
                case bool():
                    sheet.write_string(row, column, _yes(value), plain)
                case str():
                    sheet.write_string(row, column, _cell(value), wrapped)
                case _:
                    sheet.write_number(row, column, value, plain)
    for column, field in enumerate(frame.columns):
        longest = max((len(str(v)) for v in frame[field].head(200) if v is not None), default=0)
        width = (widths or {}).get(field) or min(60, max(longest, len(labels[field])) + 2)
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    if frame.height:
        sheet.autofilter(0, 0, frame.height, frame.width - 1)


def _cell(text: str) -> str:
    if len(text) <= CELL_LETTERS:
        return text
    note = " … (cut: a cell holds 32,767 letters)"
    return text[: CELL_LETTERS - len(note)] + note

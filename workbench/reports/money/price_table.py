"""Prices side by side: the same rows as text, CSV, Markdown, a frame, and a block of a report."""

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.analysis.plans.prices import PriceRow
from workbench.backends.usage import Cost, format_usd
from workbench.media.timecode import format_length
from workbench.reports.parts.markup import Block, escaped, section, style, table, tag

if TYPE_CHECKING:
    import polars as pl

FIELDS = (
    "subject", "duration_s", "model", "depth", "tier", "calls", "kept_calls", "frames",
    "frames_per_s", "input_tokens", "output_tokens", "cost_low_usd", "cost_usd", "cost_high_usd",
    "seconds", "doubt", "note",
)  # fmt: skip
"""Columns of the CSV: fields of `PriceRow`, in their own units."""

HEADS = (
    "what", "model", "mode", "tier", "calls", "frames/s", "tokens in", "least", "expected",
    "most", "time",
)  # fmt: skip
RIGHT = "llllrrrrrrr"
MARKS = "¹²³⁴⁵⁶⁷⁸⁹"


def price_frame(rows: Sequence[PriceRow]) -> "pl.DataFrame":
    """The rows as a table: dollars as numbers, null where no price is known."""
    import polars as pl

    texts = ("subject", "model", "name", "engine", "depth", "tier", "doubt", "note")
    counts = ("calls", "kept_calls", "frames", "input_tokens", "output_tokens")
    numbers = ("duration_s", "frames_per_s", "cost_low_usd", "cost_usd", "cost_high_usd", "seconds")
    schema = {
        **dict.fromkeys(texts, pl.String),
        **dict.fromkeys(counts, pl.Int64),
        **dict.fromkeys(numbers, pl.Float64),
    }
    columns = {
        name: [
            _number(getattr(row, name)) if name in numbers else getattr(row, name) for row in rows
        ]
        for name in schema
    }
    return pl.DataFrame(columns, schema=schema)


def _number(value: "Cost | float") -> float | None:
    return None if value is None else float(value)


def to_csv(rows: Sequence[PriceRow]) -> str:
    """The rows as CSV: exact dollars, empty where no price is known."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        values = [getattr(row, name) for name in FIELDS]
        writer.writerow("" if value is None else value for value in values)
    return text.getvalue()


def price_cells(row: PriceRow) -> list[str]:
    """A row as people read it, one cell for each of `HEADS`."""
    return [
        row.subject,
        row.model,
        row.depth if row.engine == "nova" else "",
        row.tier if row.engine == "nova" else "",
        f"{row.calls:,}",
        f"{row.frames_per_s:.2f}" if row.frames_per_s else "",
        f"{row.input_tokens:,}" if row.input_tokens else "",
        format_usd(row.cost_low_usd),
        format_usd(row.cost_usd),
        format_usd(row.cost_high_usd),
        f"≈ {format_length(row.seconds)}" + (" + batch" if row.tier == "batch" else ""),
    ]


def reasons(rows: Sequence[PriceRow]) -> dict[str, str]:
    """Why ranges are wide → the mark that stands for it in a table."""
    said = dict.fromkeys(row.doubt for row in rows if row.doubt)
    return {
        doubt: MARKS[place] if place < len(MARKS) else f" [{place + 1}]"
        for place, doubt in enumerate(said)
    }


def marked_cells(rows: Sequence[PriceRow]) -> list[list[str]]:
    """Rows as people read them; the most is marked where `reasons` says why."""
    marks = reasons(rows)
    cells = [price_cells(row) for row in rows]
    for row, line in zip(rows, cells, strict=True):
        line[HEADS.index("most")] += marks.get(row.doubt, "")
    return cells


def to_markdown(rows: Sequence[PriceRow]) -> str:
    """All there is to know, one line for each row; why a range is wide stands below.

    Args:
        rows: As `what_if` gives them.
    """
    lines = _markdown(HEADS, marked_cells(rows), RIGHT)
    return _with_reasons(lines, rows)


def to_compact_markdown(rows: Sequence[PriceRow]) -> str:
    """One line for each model, mode and tier, one column for each subject: expected, and the range.

    Args:
        rows: As `what_if` gives them.
    """
    subjects = list(dict.fromkeys(row.subject for row in rows))
    ways = list(dict.fromkeys((row.name, row.depth, row.tier) for row in rows))
    has_tiers = len({row.tier for row in rows if row.engine == "nova"}) > 1
    marks = reasons(rows)
    found = {(row.name, row.depth, row.tier, row.subject): row for row in rows}
    lines = []
    names = list(dict.fromkeys(row.name for row in rows))
    for way in sorted(ways, key=lambda way: names.index(way[0])):
        cells = [found.get((*way, subject)) for subject in subjects]
        name = ", ".join(way[: 3 if has_tiers else 2])
        lines.append([name, *(_compact(row, marks) for row in cells)])
    return _with_reasons(_markdown(["", *subjects], lines, "l" + "r" * len(subjects)), rows)


def _compact(row: PriceRow | None, marks: dict[str, str]) -> str:
    if row is None:
        return "–"
    if row.cost_low_usd == row.cost_high_usd:
        return format_usd(row.cost_usd)
    low, high = format_usd(row.cost_low_usd), format_usd(row.cost_high_usd)
    return f"**{format_usd(row.cost_usd)}** ({low} – {high}{marks.get(row.doubt, '')})"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    rule = ["---:" if side == "r" else "---" for side in sides]
    return ["| " + " | ".join(line) + " |" for line in (heads, rule, *rows)]


def _with_reasons(lines: list[str], rows: Sequence[PriceRow]) -> str:
    notes = [f"{mark} {doubt}." for doubt, mark in reasons(rows).items()]
    return "\n".join([*lines, *(["", "<br>".join(notes)] if notes else [])]) + "\n"


def price_block(rows: Sequence[PriceRow], *, title: str = "What it would cost") -> Block:
    """The table as a part of a report.

    Args:
        rows: As `what_if` gives them.
        title: Its heading.
    """
    if not rows:
        return Block("")
    cells = [[escaped(cell) for cell in line] for line in marked_cells(rows)]
    numbers = [place for place, side in enumerate(RIGHT) if side == "r"]
    notes = "".join(
        f'<p class="nova-note">{mark} {escaped(doubt)}.</p>'
        for doubt, mark in reasons(rows).items()
    )
    heads = [head.capitalize() for head in HEADS]
    return section(title, table(heads, cells, "", numbers=numbers) + notes, count=len(rows))


def price_header(
    rows: Sequence[PriceRow], *, catalog_as_of: str, corrected: Sequence[str]
) -> Block:
    """Title and small print of a report about prices.

    Args:
        rows: As `what_if` gives them.
        catalog_as_of: The day of the prices.
        corrected: What was learned about the counter of words, a sentence for each model.
    """
    subjects = list(dict.fromkeys(row.subject for row in rows))
    said = (
        f"Prices of {catalog_as_of}, US dollars. Least to most: answers have no fixed length, and "
        "the words of a file that nobody has measured are not known yet."
    )
    if not rows:
        said = "Name a length, as 30m, or a file, and at least one mode, tier and fitting model."
    notes = "".join(f'<p class="nova-note">{escaped(each)}</p>' for each in (said, *corrected))
    title = f'<h1 class="nova-title">{escaped(", ".join(subjects) or "Nothing to price")}</h1>'
    head = tag("header", "nova nova-header", f"<div>{title}{notes}</div>")
    return Block(f"<style>{style()}</style>{head}", f"What it would cost: {', '.join(subjects)}")

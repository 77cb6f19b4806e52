"""What a report about several analyses of one file shows: agreement, cost and time."""

from typing import TYPE_CHECKING

from workbench.analysis.comparisons.side_by_side import SideBySide, per_hour_usd
from workbench.analysis.results import Analysis
from workbench.backends.usage import format_usd
from workbench.media.timecode import format_length
from workbench.palette import LIGHT, Palette
from workbench.reports.comparison.block import difference_block
from workbench.reports.comparison.chart import compare_lanes
from workbench.reports.comparison.table import agreement_figures
from workbench.reports.figures import empty_figure
from workbench.reports.parts.markup import Block, escaped, section, style, table, tag

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEADS = ("", "Model", "Asked", "Prompt", "Chapters", "Elements", "Price", "An hour", "Time")


def models_header(found: SideBySide) -> Block:
    """Title, and who is compared; where there is nothing to compare, what to do about it."""
    title = f'<h1 class="nova-title">{escaped(found.asset_name or "Nothing to compare yet")}</h1>'
    if found.missing:
        said = f"<p>{escaped(found.missing)}.</p>"
        said += f'<p class="nova-note">Next: {escaped(found.hint)}.</p>'
        words = f"{found.missing}; next: {found.hint}"
    else:
        names = [
            f"{letter}: {analysis.model_name}, {analysis.created_at:%-d %B %Y, %H:%M} UTC"
            for letter, analysis in zip(found.letters, found.analyses, strict=True)
        ]
        said = "<br>".join(f'<span class="nova-note">{escaped(name)}</span>' for name in names)
        words = f"{found.asset_name}: {'; '.join(names)}"
    head = tag("header", "nova nova-header", f"<div>{title}{said}</div>")
    return Block(f"<style>{style()}</style>{head}", words)


def cost_and_time(found: SideBySide) -> Block:
    """What each found, cost and took."""
    if found.missing:
        return Block("")
    rows = [
        [letter, *_cells(analysis)]
        for letter, analysis in zip(found.letters, found.analyses, strict=True)
    ]
    cells = [[escaped(cell) for cell in row] for row in rows]
    return section("Cost and time", table(HEADS, cells, "", numbers=range(4, len(HEADS))))


def _cells(analysis: Analysis) -> list[str]:
    request = analysis.request
    asked = ", ".join(request.find) + (" and instructions" if request.instructions else "")
    return [
        analysis.model_name,
        f"{asked}; {request.depth}" if analysis.engine == "nova" else asked,
        analysis.prompt_hash if analysis.engine == "nova" else "",
        f"{len(analysis.chapters):,}",
        f"{len(analysis.elements):,}",
        format_usd(analysis.cost_usd),
        format_usd(per_hour_usd(analysis)),
        format_length(analysis.seconds),
    ]


def agreement_block(found: SideBySide) -> Block:
    """How far each two of them agree."""
    if found.missing:
        return Block("")
    # The last figure is the price, which stands in a table of its own.
    figures = {name: agreement_figures(pair)[:-1] for name, pair in found.pairs}
    heads = ("", *(name for name, _, _ in next(iter(figures.values()))), "Asked of one only")
    rows = [
        [name, *(value for _, value, _ in figures[name]), ", ".join(pair.asked_of_one) or "–"]
        for name, pair in found.pairs
    ]
    cells = [[escaped(cell) for cell in row] for row in rows]
    note = (
        '<p class="nova-note">Chapters agree where they share more than half of their time. Time '
        "overlap is that of seconds with any element. What only one was asked is not compared.</p>"
    )
    return section("Agreement", table(heads, cells, "", numbers=[1, 2, 3]) + note)


def first_two(
    found: SideBySide, *, kinds: tuple[str, ...] = ("equipment",), palette: Palette = LIGHT
) -> "go.Figure":
    """A and B on one timeline.

    Args:
        found: Analyses of one asset.
        kinds: Kinds of element to draw.
        palette: The palette to draw with.
    """
    if found.missing:
        return empty_figure(palette, "Nothing to compare yet.")
    return compare_lanes(*found.analyses[:2], palette=palette, kinds=kinds)


def first_differences(found: SideBySide) -> Block:
    """Where A and B differ, one row for each chapter and element."""
    return difference_block(found.pairs[0][1]) if found.pairs else Block("")

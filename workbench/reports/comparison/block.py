"""What a report about two analyses shows: who they are, how far they agree, where they differ."""

from workbench.analysis.comparisons.compare import Comparison
from workbench.reports.comparison.table import agreement_figures, differences
from workbench.reports.parts.markup import (
    Block,
    escaped,
    fact_list,
    section,
    style,
    table,
    tag,
    tiles,
)


def comparison_header(comparison: Comparison) -> Block:
    """The title, both analyses, and how far they agree in four figures."""
    a, b = comparison.a, comparison.b
    sides = [
        f"{side}: {analysis.model_name}, {analysis.created_at:%-d %B %Y, %H:%M} UTC"
        for side, analysis in (("A", a), ("B", b))
    ]
    note = ""
    if comparison.asked_of_one:
        only = ", ".join(comparison.asked_of_one)
        note = f'<p class="nova-note">Asked of one only, so not compared: {escaped(only)}</p>'
    title = f'<h1 class="nova-title">{escaped(a.asset_name)}</h1>'
    figures = agreement_figures(comparison)
    return Block(
        f"<style>{style()}</style>"
        + tag("header", "nova nova-header", f"<div>{title}{fact_list(sides)}{note}</div>")
        + tag("div", "nova", tiles(figures)),
        f"{a.asset_name}: " + ", ".join(f"{name} {value}" for name, value, _ in figures),
    )


def difference_block(comparison: Comparison) -> Block:
    """Where they differ, one row for each chapter and element, the most different first."""
    rows = differences(comparison)
    title = "Where they differ"
    if not rows:
        return section(title, '<p class="nova-note">They do not differ.</p>', count=0)
    heads = ("Name", "Why", "Overlap", "A", "B", "Kind")
    cells = [
        [
            escaped(row.name),
            escaped(row.why),
            "–" if row.overlap is None else f"{row.overlap * 100:.0f} %",
            escaped(row.a or "–"),
            escaped(row.b or "–"),
            row.kind,
        ]
        for row in rows
    ]
    return section(title, table(heads, cells, "", numbers=[2]), count=len(rows))

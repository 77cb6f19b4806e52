"""Charts: each takes plain results and a palette and gives a plotly figure.

The same functions draw in the app, in notebooks and in reports. `alt_text(figure)` says in words
what a figure shows; show figures with `theme=None` and `config=CHART_CONFIG`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from workbench.media.chunks import Chunk
from workbench.palette import LIGHT, Palette, dark_of_light, palette
from workbench.reports.comparison.chart import compare_lanes
from workbench.reports.figures import (
    SPAN_HOVER,
    alt_text,
    empty_figure,
    house_figure,
    listed,
    name_axis,
    plot_text,
    span_data,
    time_axis,
)
from workbench.reports.money.price_charts import PriceBar, SpentPart, price_chart, spent_chart
from workbench.reports.timeline import shown_elements, timeline_alt, timeline_lanes

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = [
    "CHART_CONFIG",
    "PriceBar",
    "SpentPart",
    "alt_text",
    "chunk_plan_chart",
    "compare_lanes",
    "dark_of_light",
    "heat_strip",
    "palette",
    "price_chart",
    "shown_elements",
    "spent_chart",
    "timeline_alt",
    "timeline_lanes",
]

CHART_CONFIG: dict[str, Any] = {"displayModeBar": False, "responsive": True}
"""What every chart is shown with: no tool bar, the width of its place."""


class PlannedAsset(Protocol):
    """What the chunk plan chart needs to know of one asset of a plan."""

    @property
    def name(self) -> str:
        """The file's name."""
        ...

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        ...

    @property
    def chunks(self) -> Sequence[Chunk]:
        """What it is cut into; empty for images."""
        ...


class ChunkPlan(Protocol):
    """What the chunk plan chart needs to know of a plan."""

    @property
    def assets(self) -> Sequence[PlannedAsset]:
        """The assets in the order they will be done."""
        ...


def chunk_plan_chart(plan: ChunkPlan, *, palette: Palette = LIGHT) -> "go.Figure":
    """Draw what each call answers for (the core) inside what it is sent (the pale rim).

    Args:
        plan: A plan; only its assets with chunks are drawn.
        palette: The palette to draw with.
    """
    assets = [asset for asset in plan.assets if asset.chunks and asset.duration_s > 0]
    if not assets:
        return empty_figure(palette, "Pictures are not cut into chunks.")
    sent = [(row, c, c.sent) for row, a in enumerate(assets) for c in a.chunks]
    cores = [(row, c, c.core) for row, a in enumerate(assets) for c in a.chunks]
    counts = [f"{asset.name}: {len(asset.chunks)}" for asset in assets]
    longest_s = max(asset.duration_s for asset in assets)
    figure = house_figure(
        palette,
        height_px=44 * len(assets) + 52,
        alt=f"Chunks of each video. {listed(counts)}. Neighbours share some context.",
        barmode="overlay",
        barcornerradius=3,
    )
    for parts, width, colour, name in (
        (sent, 0.7, palette.chapter_odd, "Sent"),
        (cores, 0.36, palette.accent, "Answers for"),
    ):
        is_core = name == "Answers for"
        figure.add_bar(
            orientation="h",
            name=name,
            showlegend=True,
            base=[span.start_s for _, _, span in parts],
            x=[span.duration_s for _, _, span in parts],
            y=[row for row, _, _ in parts],
            width=width,
            marker={
                "color": colour,
                "line": {"width": 1 if is_core else 0, "color": palette.background},
            },
            text=[str(chunk.index + 1) for _, chunk, _ in parts] if is_core else None,
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"color": palette.on_accent, "size": 11},
            customdata=[
                span_data(span, f"{name}, chunk {chunk.index + 1}") for _, chunk, span in parts
            ],
            hovertemplate=SPAN_HOVER,
        )
    time_axis(figure, longest_s)
    name_axis(figure, palette, [asset.name for asset in assets])
    return figure


def heat_strip(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Mapping[tuple[str, str], float],
    *,
    unit: str = "min",
    palette: Palette = LIGHT,
) -> "go.Figure":
    """Draw how much of each name there is in each video; nothing is an empty cell, not a pale one.

    Args:
        rows: Names, top to bottom.
        columns: Videos, left to right.
        values: (row, column) → amount in `unit`; missing or zero is drawn empty.
        unit: What is counted: `min`, `videos`, `mentions`.
        palette: The palette to draw with.
    """
    if not rows or not columns:
        return empty_figure(palette, "Nothing was found yet.")
    cells = [[values.get((row, column)) or None for column in columns] for row in rows]
    texts = [[f"{v:.0f}" if v is not None and v >= 1 else "" for v in line] for line in cells]
    filled = sum(value is not None for line in cells for value in line)
    figure = house_figure(
        palette,
        height_px=32 * len(rows) + 60,
        alt=f"{len(rows)} names in {len(columns)} videos, {filled} of the cells filled: "
        f"{listed(list(rows))}.",
        margin={"l": 0, "r": 8, "t": 46, "b": 8},
    )
    steps = len(palette.ramp) - 1
    figure.add_heatmap(
        z=cells,
        x=list(range(len(columns))),
        y=list(range(len(rows))),
        text=texts,
        texttemplate="%{text}",
        textfont={"size": 11},
        xgap=3,
        ygap=3,
        hoverongaps=False,
        colorscale=[[step / steps, colour] for step, colour in enumerate(palette.ramp)],
        zmin=0,
        colorbar={
            "thickness": 9,
            "len": 0.6,
            "y": 1,
            "yanchor": "top",
            "outlinewidth": 0,
            "ticksuffix": f" {unit}",
            "nticks": 4,
            "tickfont": {"size": 11, "color": palette.muted},
        },
        customdata=[
            [
                [plot_text(row), plot_text(column), value]
                for column, value in zip(columns, line, strict=True)
            ]
            for row, line in zip(rows, cells, strict=True)
        ],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}: %{z:.1f} "
        + plot_text(unit)
        + "<extra></extra>",
    )
    figure.update_xaxes(
        side="top",
        tickvals=list(range(len(columns))),
        ticktext=[plot_text(column, longest=18) for column in columns],
        range=[-0.5, len(columns) - 0.5],
    )
    name_axis(figure, palette, rows)
    return figure

"""Charts of money: what things would cost, and what was spent.

An unknown price is drawn as unknown, never as nothing to pay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from workbench.backends.usage import Cost, format_usd, total_cost
from workbench.palette import LIGHT, Palette
from workbench.reports.figures import (
    as_float,
    empty_figure,
    house_figure,
    listed,
    mixed,
    name_axis,
    plot_text,
    range_lines,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, slots=True)
class PriceBar:
    """One line of the price chart."""

    label: str
    engine: str
    expected: Cost
    low: Cost = None
    high: Cost = None


def price_chart(bars: Sequence[PriceBar], *, palette: Palette = LIGHT) -> "go.Figure":
    """Compare prices: expected as a bar, lowest to highest as a thin line.

    An unknown price has no bar and the label `–`; it is never drawn as nothing to pay.

    Args:
        bars: One for each model and depth, in any order; drawn cheapest first, unknown last.
        palette: The palette to draw with.
    """
    if not bars:
        return empty_figure(palette, "No model can be used for this.")
    rows = sorted(bars, key=lambda bar: (bar.expected is None, bar.expected or 0, bar.label))
    said = [f"{bar.label} {format_usd(bar.expected)}" for bar in rows]
    figure = house_figure(
        palette,
        height_px=30 * len(rows) + 44,
        alt=f"Prices: {listed(said, most=12)}.",
        barcornerradius=3,
        bargap=0.35,
    )
    expected = [as_float(bar.expected) or 0.0 for bar in rows]
    lows = [as_float(bar.low) for bar in rows]
    highs = [as_float(bar.high) for bar in rows]
    figure.add_bar(
        orientation="h",
        x=expected,
        y=list(range(len(rows))),
        marker={"color": [palette.engine(bar.engine) for bar in rows]},
        error_x=range_lines(palette, expected, lows, highs, width_px=1.2),
        customdata=[
            [bar.label, format_usd(bar.expected), format_usd(bar.low), format_usd(bar.high)]
            for bar in rows
        ],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]} "
        "(%{customdata[2]} to %{customdata[3]})<extra></extra>",
        showlegend=False,
    )
    most = max([*expected, *(high for high in highs if high is not None)]) or 1.0
    for row, bar in enumerate(rows):
        right = max(expected[row], highs[row] or 0.0)
        figure.add_annotation(
            x=right,
            y=row,
            text=format_usd(bar.expected),
            showarrow=False,
            xanchor="left",
            xshift=6,
            font={"size": 11, "color": palette.text},
        )
    # Room for the price beside the longest bar, also where the chart is half a page.
    figure.update_xaxes(range=[0, most * 1.4], showgrid=True, tickprefix="$", nticks=6)
    name_axis(figure, palette, [bar.label for bar in rows])
    return figure


@dataclass(frozen=True, slots=True)
class SpentPart:
    """What one model cost on one day."""

    day: date
    label: str
    engine: str
    cost_usd: Decimal


def spent_chart(parts: Sequence[SpentPart], *, palette: Palette = LIGHT) -> "go.Figure":
    """Draw what was spent, a stacked bar a day, one part for each model.

    Args:
        parts: Known costs only; calls of unknown price have no place in a sum.
        palette: The palette to draw with.
    """
    if not parts:
        return empty_figure(palette, "Nothing has been spent.")
    days = sorted({part.day for part in parts})
    form = "%b" if days[0].year == days[-1].year else "%b %Y"
    labels = list(dict.fromkeys(part.label for part in parts))
    total = total_cost(part.cost_usd for part in parts)
    figure = house_figure(
        palette,
        height_px=260,
        alt=f"{format_usd(total)} spent on {len(days)} days with {listed(labels)}.",
        barmode="stack",
        # A bar of few days is kept slim.
        bargap=max(0.35, 1 - 0.09 * len(days)),
        barcornerradius=3,
        margin={"l": 48},
    )
    seen: dict[str, int] = {}
    for label in labels:
        engine = next(part.engine for part in parts if part.label == label)
        shade = seen[engine] = seen.get(engine, -1) + 1
        sums = [
            sum((p.cost_usd for p in parts if p.label == label and p.day == day), Decimal(0))
            for day in days
        ]
        figure.add_bar(
            name=plot_text(label),
            showlegend=True,
            x=[f"{day.day} {day:{form}}" for day in days],
            y=[float(value) for value in sums],
            marker={
                # Models of one engine share its colour; later ones are paler.
                "color": mixed(palette.engine(engine), palette.background, min(0.6, 0.3 * shade)),
                "line": {"width": 1, "color": palette.background},
            },
            customdata=[format_usd(value) for value in sums],
            hovertemplate=f"<b>{plot_text(label)}</b><br>%{{x}}: %{{customdata}}<extra></extra>",
        )
    figure.update_yaxes(showgrid=True, tickprefix="$", nticks=5)
    figure.update_xaxes(type="category")
    return figure

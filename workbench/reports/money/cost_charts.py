"""Charts of estimates: dollars against what is looked at, and how far counts were off."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.analysis.plans.prices import PriceRow
from workbench.backends.calibration import CountCheck
from workbench.backends.catalog.models import Tier
from workbench.backends.usage import format_usd
from workbench.palette import LIGHT, Palette
from workbench.reports.figures import (
    as_float,
    empty_figure,
    house_figure,
    listed,
    mixed,
    plot_text,
    range_lines,
)
from workbench.reports.money.price_charts import PriceBar

if TYPE_CHECKING:
    import plotly.graph_objects as go

SYMBOLS: dict[Tier, str] = {
    "standard": "circle",
    "flex": "diamond",
    "priority": "triangle-up",
    "batch": "square-open",
}
"""Flex and batch may cost the same: one mark is open, so that both are seen."""

ROOM_FOR_NAMES = 1.8
"""The frames axis goes on by this factor, so that names beside the last marks are not cut."""

CHECKS_SHOWN = 300
"""More calls than this are a cloud; the newest are drawn."""


def what_if_chart(
    rows: Sequence[PriceRow], *, title: str = "", palette: Palette = LIGHT
) -> "go.Figure":
    """Draw dollars against frames a second that are looked at: a mark for each way to ask.

    Dollars grow by factors, because models differ by ten. A thin line goes from least to most.
    Rows that are free, of unknown price, or that look at no frames have no place and no mark.

    Args:
        rows: Of one subject, as `what_if` gives them.
        title: Written above, where several are drawn.
        palette: The palette to draw with.
    """
    drawn = [row for row in rows if row.frames_per_s and row.cost_usd]
    if not drawn:
        return empty_figure(palette, "None of these looks at frames for money.")
    names = list(dict.fromkeys(row.name for row in drawn))
    said = [f"{row.name}, {row.depth} {format_usd(row.cost_usd)}" for row in drawn]
    figure = house_figure(
        palette,
        height_px=380,
        alt=f"Dollars against frames a second: {listed(said, most=12)}.",
        margin={"l": 64, "r": 8, "t": 24, "b": 44},
    )
    for tier in SYMBOLS:
        if of_tier := [row for row in drawn if row.tier == tier]:
            _add_tier(figure, of_tier, names, palette)
    if title:
        figure.update_layout(title={"text": plot_text(title), "font": {"size": 13}, "x": 0})
    first = drawn[0].tier if all(row.tier != "standard" for row in drawn) else "standard"
    _name_models(figure, [row for row in drawn if row.tier == first], palette)
    figure.update_xaxes(
        range=[0, max(row.frames_per_s for row in drawn) * ROOM_FOR_NAMES],
        showgrid=True,
        title={"text": "frames a second looked at", "font": {"size": 11}, "standoff": 8},
        nticks=6,
    )
    ticks = _dollar_ticks(drawn)
    figure.update_yaxes(
        type="log", showgrid=True, tickvals=ticks, ticktext=[f"${tick:g}" for tick in ticks]
    )
    return figure


def _dollar_ticks(rows: Sequence[PriceRow]) -> list[float]:
    """1, 2 and 5 of each power of ten between the least and the most."""
    known = [float(cost) for row in rows for cost in (row.cost_low_usd, row.cost_high_usd) if cost]
    powers = range(math.floor(math.log10(min(known))), math.ceil(math.log10(max(known))) + 1)
    # Written as text first: 10 ** -3 * 5 is not quite 0.005.
    ticks = [float(f"{step}e{power}") for power in powers for step in (1, 2, 5)]
    return [tick for tick in ticks if min(known) / 2 <= tick <= max(known) * 2]


def _add_tier(
    figure: "go.Figure", rows: Sequence[PriceRow], names: list[str], palette: Palette
) -> None:
    expected = [as_float(row.cost_usd) or 0.0 for row in rows]
    lows = [as_float(row.cost_low_usd) for row in rows]
    highs = [as_float(row.cost_high_usd) for row in rows]
    figure.add_scatter(
        name=rows[0].tier,
        showlegend=True,
        mode="markers",
        x=[row.frames_per_s for row in rows],
        y=expected,
        marker={
            "symbol": SYMBOLS[rows[0].tier],
            "size": 10,
            "color": [_shade(row, names, palette) for row in rows],
            "line": {"width": 1.5, "color": [_shade(row, names, palette) for row in rows]},
        },
        error_y=range_lines(palette, expected, lows, highs),
        customdata=[
            [plot_text(row.name), row.depth, row.tier, format_usd(row.cost_usd),
             format_usd(row.cost_low_usd), format_usd(row.cost_high_usd), row.calls]
            for row in rows
        ],
        hovertemplate="<b>%{customdata[0]}, %{customdata[1]}, %{customdata[2]}</b><br>"
        "%{customdata[3]} (%{customdata[4]} to %{customdata[5]})<br>"
        "%{x:.2f} frames a second, %{customdata[6]} calls<extra></extra>",
    )  # fmt: skip


def _shade(row: PriceRow, names: list[str], palette: Palette) -> str:
    """Models of one engine share its colour; later ones are paler."""
    share = min(0.6, 0.25 * names.index(row.name))
    return mixed(palette.engine(row.engine), palette.background, share)


def _name_models(figure: "go.Figure", rows: Sequence[PriceRow], palette: Palette) -> None:
    """Write each model's name beside its mark; two modes that are the same get one name."""
    import math

    places: dict[tuple[float, float, str], list[str]] = {}
    for row in rows:
        where = (round(row.frames_per_s, 3), as_float(row.cost_usd) or 0.0, row.name)
        places.setdefault(where, []).append(row.depth)
    for (x, y, name), depths in places.items():
        mode = depths[0] if len(depths) == 1 else "both modes"
        figure.add_annotation(
            x=x,
            y=math.log10(y),
            text=f"{plot_text(name)}, {mode}",
            showarrow=False,
            xanchor="left",
            xshift=10,
            font={"size": 11, "color": palette.text},
        )


def price_bars(rows: Sequence[PriceRow]) -> list[PriceBar]:
    """The rows of one subject as bars with ranges; of several tiers the first that is there."""
    tiers = [tier for tier in SYMBOLS if any(r.tier == tier for r in rows if r.engine == "nova")]
    return [
        PriceBar(
            f"{row.name}, {row.depth}" if row.engine == "nova" else row.name,
            row.engine,
            row.cost_usd,
            row.cost_low_usd,
            row.cost_high_usd,
        )
        for row in rows
        if row.engine != "nova" or row.tier == tiers[0]
    ]


def count_chart(checks: Sequence[CountCheck], *, palette: Palette = LIGHT) -> "go.Figure":
    """Draw how far the count of words was off, call by call: by itself, and corrected.

    Args:
        checks: One for each call, in order of time.
        palette: The palette to draw with.
    """
    if not checks:
        return empty_figure(palette, "No call has been answered whose words were counted.")
    shown = checks[-CHECKS_SHOWN:]
    places = list(range(len(checks) - len(shown) + 1, len(checks) + 1))
    last = shown[-1]
    figure = house_figure(
        palette,
        height_px=240,
        alt=f"How far the count of words was off in {len(shown):,} calls; in the last one "
        f"{last.before_percent:+.0f} % before and {last.after_percent:+.0f} % after correction.",
        margin={"l": 52, "r": 8, "t": 24, "b": 44},
    )
    for name, values, colour, symbol in (
        ("As counted", [each.before_percent for each in shown], palette.muted, "circle-open"),
        ("Corrected", [each.after_percent for each in shown], palette.accent, "circle"),
    ):
        figure.add_scatter(
            name=name,
            showlegend=True,
            mode="markers",
            x=places,
            y=values,
            marker={"symbol": symbol, "size": 7, "color": colour, "line": {"width": 1.2}},
            customdata=[[each.model, f"{each.at:%Y-%m-%d %H:%M} UTC"] for each in shown],
            hovertemplate=f"<b>{name}: %{{y:+.1f}} %</b><br>%{{customdata[0]}}, "
            "%{customdata[1]}<extra></extra>",
        )
    figure.add_hline(y=0, line={"width": 1, "color": palette.border})
    figure.update_yaxes(showgrid=True, ticksuffix=" %", nticks=6)
    figure.update_xaxes(
        title={"text": "calls, the newest on the right", "font": {"size": 11}, "standoff": 8},
        nticks=8,
        tickformat=",d",
        range=[places[0] - 1, places[-1] + 1],
    )
    return figure

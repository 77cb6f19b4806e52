"""What all figures share: their layout, their axes, and text that is safe to draw.

Plotly reads tags and links in labels, so every text that comes from media or a model goes
through `plot_text`.
"""

import html
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from workbench.media.timecode import TimeSpan, format_time
from workbench.palette import Palette

if TYPE_CHECKING:
    import plotly.graph_objects as go

FONT = "Source Sans, 'Source Sans 3', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"

TICK_STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)
"""Distances between time ticks, in seconds: numbers people count in."""


LABEL_LETTERS = 28
"""Longer names of rows are cut."""

LETTER_PX = 6.4
LABEL_GAP_PX = 8


def plot_text(text: str, *, longest: int = 0) -> str:
    """Escape text for a chart: plotly reads tags and links in labels, media must not write them.

    Args:
        text: Any text.
        longest: Most letters to keep; 0 for all.

    Example:
        >>> plot_text("<a href='x'>seal & gland</a>", longest=12)
        '&lt;a href=&#x27;x&#x27;…'
    """
    line = " ".join(text.split())
    if longest and len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    return html.escape(line)


def time_ticks(duration_s: float, *, most: int = 12) -> tuple[list[float], list[str]]:
    """Positions in seconds and labels for a time axis, at most `most` of them.

    Example:
        >>> time_ticks(1200)[1][:4]
        ['0:00', '2:00', '4:00', '6:00']
    """
    step = next((s for s in TICK_STEPS_S if duration_s / s < most), None)
    if step is None:
        step = TICK_STEPS_S[-1] * (int(duration_s / TICK_STEPS_S[-1] / most) + 1)
    values = [float(moment) for moment in range(0, int(duration_s) + 1, step)]
    return values, [format_time(value) for value in values]


def house_figure(colours: Palette, *, height_px: int, alt: str, **layout: Any) -> "go.Figure":
    """An empty figure with the layout every chart shares.

    Args:
        colours: The palette to draw with.
        height_px: Height in pixels; the width is the page's.
        alt: What the chart says, in words; read back by `alt_text`.
        layout: Further plotly layout fields.
    """
    import plotly.graph_objects as go

    axis = {
        "fixedrange": True,
        "zeroline": False,
        "showgrid": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": colours.muted},
        "gridcolor": colours.grid,
    }
    figure = go.Figure(
        layout={
            "template": "none",
            "autosize": True,
            "height": height_px,
            "margin": {"l": 0, "r": 8, "t": 24, "b": 22},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "dragmode": False,
            "font": {"family": FONT, "size": 12, "color": colours.text},
            "hoverlabel": {
                "bgcolor": colours.background,
                "bordercolor": colours.border,
                "font": {"family": FONT, "size": 12, "color": colours.text},
            },
            "legend": {
                "orientation": "h",
                "x": 1,
                "xanchor": "right",
                "y": 1,
                "yanchor": "bottom",
                "font": {"size": 11, "color": colours.muted},
                "itemclick": False,
                "itemdoubleclick": False,
            },
            "xaxis": axis,
            "yaxis": {**axis, "automargin": True},
            "meta": {"alt": alt},
        }
    )
    return figure.update_layout(**layout)


def empty_figure(colours: Palette, sentence: str) -> "go.Figure":
    """A figure that says in one sentence why there is nothing to draw."""
    figure = house_figure(colours, height_px=120, alt=sentence)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.add_annotation(
        text=plot_text(sentence),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        font={"size": 13, "color": colours.muted},
    )


def alt_text(figure: "go.Figure") -> str:
    """What a chart says, in words, for those who cannot see it.

    Example:
        >>> from workbench.palette import LIGHT
        >>> alt_text(empty_figure(LIGHT, "Nothing was found."))
        'Nothing was found.'
    """
    meta = figure.layout.meta or {}
    return str(meta.get("alt", ""))


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share (0 to 1) of another one in it.

    Example:
        >>> mixed("#000000", "#FFFFFF", 0.5)
        '#808080'
    """
    pairs = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def as_float(cost: Decimal | None) -> float | None:
    """A cost as a number to draw; None stays None."""
    return None if cost is None else float(cost)


def range_lines(
    colours: Palette,
    expected: Sequence[float],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    *,
    width_px: float = 1,
) -> dict[str, Any]:
    """Thin lines from least to most, for `error_x` or `error_y`; an unknown end has none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, (h or e) - e) for h, e in zip(highs, expected, strict=True)],
        "arrayminus": [
            max(0.0, e - (e if low is None else low)) for low, e in zip(lows, expected, strict=True)
        ],
        "thickness": width_px,
        "width": 3,
        "color": colours.muted,
    }


def listed(names: Sequence[str], *, most: int = 6) -> str:
    """Names in a sentence.

    Example:
        >>> listed(["pump", "seal", "gauge"]), listed(["a", "b", "c"], most=2)
        ('pump, seal and gauge', 'a, b and 1 more')
    """
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    if len(shown) > 1:
        return f"{', '.join(shown[:-1])} and {shown[-1]}"
    return "".join(shown)


SPAN_HOVER = "<b>%{customdata[3]}</b><br>%{customdata[1]} – %{customdata[2]}<extra></extra>"


def time_axis(figure: "go.Figure", duration_s: float) -> None:
    """Put a time axis from 0 to `duration_s` seconds under a figure."""
    ticks, words = time_ticks(duration_s)
    figure.update_xaxes(range=[0, duration_s], tickvals=ticks, ticktext=words, showgrid=True)


def name_axis(figure: "go.Figure", colours: Palette, names: Sequence[str]) -> None:
    """Name the rows of a figure, the first one on top."""
    words = [plot_text(name, longest=LABEL_LETTERS) for name in names]
    # Plotly leaves the distance between label and plot out when it makes room for labels.
    letters = max((min(len(name), LABEL_LETTERS) for name in names), default=0)
    figure.update_layout(margin={"l": round(letters * LETTER_PX) + LABEL_GAP_PX})
    # Rows are numbers with labels, not categories: two assets may have one name.
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5],
        tickvals=list(range(len(names))),
        ticktext=words,
        automargin=False,
        tickfont={"size": 11, "color": colours.text},
        ticklabelstandoff=LABEL_GAP_PX,
    )


def span_data(span: TimeSpan, name: str) -> list[float | str]:
    """The `customdata` of a bar: `[start_s, "6:12", "9:00", name]`; the first one seeks."""
    return [span.start_s, format_time(span.start_s), format_time(span.end_s), plot_text(name)]

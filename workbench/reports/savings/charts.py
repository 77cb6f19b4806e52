"""Charts of what proxies save: originals against proxies, the biggest savers, and each file.

A proxy that is larger than its original is drawn as it is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.library.proxies.savings import FileSaving, Savings
from workbench.media.timecode import format_length
from workbench.palette import LIGHT, Palette
from workbench.reports.figures import (
    empty_figure,
    house_figure,
    listed,
    name_axis,
    plot_text,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

KIND_WORDS = {"video": "Videos", "image": "Pictures"}

NONE_MADE = "No proxy has been made yet."

MOST_POINTS = 5000
"""More marks than these cannot be told apart; the greatest savers are drawn."""


def size_words(size_bytes: float) -> str:
    """Write a size in powers of ten.

    Example:
        >>> size_words(18_600_000), size_words(4200), size_words(11.8e9)
        ('18.6 MB', '4 kB', '11.8 GB')
    """
    if size_bytes < 1e6:
        return f"{size_bytes / 1e3:.0f} kB"
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def share_words(share: float) -> str:
    """Write how much smaller something has become.

    Example:
        >>> share_words(0.956), share_words(-0.1), share_words(0.0), share_words(0.9996)
        ('96 % smaller', '10 % larger', 'as large', '99 % smaller')
    """
    # All of it is never saved: something is sent.
    percent = min(99, round(share * 100))
    if percent == 0:
        return "as large"
    return f"{percent} % smaller" if percent > 0 else f"{-percent} % larger"


def kinds_chart(savings: Savings, *, palette: Palette = LIGHT) -> "go.Figure":
    """Draw the originals of each kind above the proxies that models are sent instead.

    Args:
        savings: What was weighed.
        palette: The palette to draw with.
    """
    kinds = savings.kinds
    if not kinds:
        return empty_figure(palette, NONE_MADE)
    said = [
        f"{KIND_WORDS[k.kind]}: {size_words(k.original_bytes)} originals, "
        f"{size_words(k.proxy_bytes)} proxies, {share_words(k.share)}"
        for k in kinds
    ]
    names = [f"{KIND_WORDS[k.kind]} ({k.files:,})" for k in kinds]
    pairs = [
        (size_words(k.original_bytes), f"{size_words(k.proxy_bytes)}, {share_words(k.share)}")
        for k in kinds
    ]
    return _two_bars(
        [(k.original_bytes, k.proxy_bytes) for k in kinds],
        pairs,
        names,
        alt=f"{'; '.join(said)}.",
        palette=palette,
    )


def savers_chart(savings: Savings, *, most: int = 10, palette: Palette = LIGHT) -> "go.Figure":
    """Draw the files whose proxies save the most bytes.

    Args:
        savings: What was weighed.
        most: How many files.
        palette: The palette to draw with.
    """
    files = [each for each in savings.files if each.saved_bytes > 0][:most]
    if not files:
        return empty_figure(palette, NONE_MADE if not savings.files else "No proxy saves anything.")
    said = [f"{each.name} {share_words(each.share)}" for each in files]
    pairs = [
        (size_words(f.original_bytes), f"{size_words(f.proxy_bytes)}, {share_words(f.share)}")
        for f in files
    ]
    return _two_bars(
        [(each.original_bytes, each.proxy_bytes) for each in files],
        pairs,
        [each.name for each in files],
        alt=f"The biggest savers: {listed(said, most=most)}.",
        palette=palette,
    )


def upload_chart(savings: Savings, *, palette: Palette = LIGHT) -> "go.Figure":
    """Draw how long sending all of it once takes, originals above proxies.

    Args:
        savings: What was weighed, with the speed of the line.
        palette: The palette to draw with.
    """
    kinds = savings.kinds
    if not kinds:
        return empty_figure(palette, NONE_MADE)
    pairs = [
        (savings.upload_s(kind.original_bytes), savings.upload_s(kind.proxy_bytes))
        for kind in kinds
    ]
    texts = [(_time(before), _time(after)) for before, after in pairs]
    said = [
        f"{KIND_WORDS[kind.kind]} {before} as originals, {after} as proxies"
        for kind, (before, after) in zip(kinds, texts, strict=True)
    ]
    return _two_bars(
        pairs,
        texts,
        [KIND_WORDS[kind.kind] for kind in kinds],
        alt=f"Time to send at {savings.upload_mbit_s:g} Mbit/s: {'; '.join(said)}.",
        palette=palette,
    )


def files_chart(savings: Savings, *, palette: Palette = LIGHT) -> "go.Figure":
    """Draw each file by the size of its original and of its proxy; the line is no change.

    Both axes grow by factors.

    Args:
        savings: What was weighed.
        palette: The palette to draw with.
    """
    files = [e for e in savings.files if e.original_bytes and e.proxy_bytes][:MOST_POINTS]
    if not files:
        return empty_figure(palette, NONE_MADE)
    sizes = [size for each in files for size in (each.original_bytes, each.proxy_bytes)]
    least, largest = min(sizes) * 0.7, max(sizes) * 1.4
    smaller = sum(each.saved_bytes > 0 for each in files)
    figure = house_figure(
        palette,
        height_px=380,
        alt=f"Size of the proxy against size of the original of {len(files):,} files: "
        f"{smaller:,} became smaller.",
        margin={"l": 72, "r": 8, "t": 24, "b": 48},
    )
    figure.add_scatter(
        x=[least, largest],
        y=[least, largest],
        mode="lines",
        line={"color": palette.muted, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    for kind, colour, symbol in (
        ("video", palette.nova, "square"),
        ("image", palette.accent, "circle"),
    ):
        of_it = [each for each in files if each.kind == kind]
        if of_it:
            _add_files(figure, of_it, KIND_WORDS[kind], colour, symbol)
    ticks = _size_ticks(least, largest)
    words = [size_words(tick) for tick in ticks]
    axis = {"type": "log", "tickvals": ticks, "ticktext": words, "showgrid": True}
    titled = {"font": {"size": 11}, "standoff": 8}
    figure.update_xaxes(**axis, title={"text": "original", **titled})
    figure.update_yaxes(**axis, title={"text": "proxy", **titled})
    return figure


def _add_files(
    figure: "go.Figure", files: Sequence[FileSaving], name: str, colour: str, symbol: str
) -> None:
    figure.add_scatter(
        x=[each.original_bytes for each in files],
        y=[each.proxy_bytes for each in files],
        mode="markers",
        name=name,
        showlegend=True,
        marker={"color": colour, "symbol": symbol, "size": 7, "opacity": 0.75},
        customdata=[
            [
                plot_text(each.name),
                size_words(each.original_bytes),
                size_words(each.proxy_bytes),
                share_words(each.share),
            ]
            for each in files
        ],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]} → %{customdata[2]}, "
        "%{customdata[3]}<extra></extra>",
    )


def _two_bars(
    values: Sequence[tuple[float, float]],
    texts: Sequence[tuple[str, str]],
    names: Sequence[str],
    *,
    alt: str,
    palette: Palette,
) -> "go.Figure":
    """Two bars a row: what was, and what is sent instead, each with its number beside it."""
    figure = house_figure(
        palette, height_px=46 * len(names) + 36, alt=alt, barmode="overlay", barcornerradius=3
    )
    for at, (label, colour, shift) in enumerate(
        (("Originals", palette.speech, -0.2), ("Proxies", palette.accent, 0.2))
    ):
        figure.add_bar(
            orientation="h",
            name=label,
            showlegend=True,
            x=[pair[at] for pair in values],
            y=[row + shift for row in range(len(names))],
            width=0.34,
            marker={"color": colour},
            customdata=[
                [plot_text(name), text[at]] for name, text in zip(names, texts, strict=True)
            ],
            hovertemplate=f"<b>%{{customdata[0]}}</b><br>{label}: %{{customdata[1]}}<extra></extra>",
        )
        for row, (pair, text) in enumerate(zip(values, texts, strict=True)):
            figure.add_annotation(
                x=pair[at],
                y=row + shift,
                text=plot_text(text[at]),
                showarrow=False,
                xanchor="left",
                xshift=6,
                font={"size": 11, "color": palette.text if at else palette.muted},
            )
    most = max((value for pair in values for value in pair), default=0) or 1
    # Room for the number beside the longest bar, also where the chart is half a page.
    figure.update_xaxes(range=[0, most * 1.35], visible=False)
    name_axis(figure, palette, names)
    return figure


def _size_ticks(least: float, largest: float) -> list[float]:
    tens = [10.0**power for power in range(2, 14)]
    steps = [step * ten for ten in tens for step in (1, 3)]
    inside = [tick for tick in steps if least <= tick <= largest]
    return inside if len(inside) <= 8 else [tick for tick in inside if tick in tens]


def _time(seconds: float) -> str:
    return "< 0.1 s" if seconds < 0.1 else format_length(seconds)

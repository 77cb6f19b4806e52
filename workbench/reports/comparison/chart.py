"""Two analyses of one video over the same time axis: A above B, always."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.analysis.results import Analysis
from workbench.analysis.titles import element_key
from workbench.media.timecode import TimeSpan, merge_spans
from workbench.palette import LIGHT, Palette
from workbench.reports.figures import (
    SPAN_HOVER,
    empty_figure,
    house_figure,
    name_axis,
    plot_text,
    span_data,
    time_axis,
)
from workbench.reports.timeline import MOST_ROWS

if TYPE_CHECKING:
    import plotly.graph_objects as go


def compare_lanes(
    first: Analysis,
    second: Analysis,
    *,
    palette: Palette = LIGHT,
    kinds: Sequence[str] = ("equipment",),
) -> "go.Figure":
    """Draw two analyses of one video, A above B in each row, chapter borders as ticks on top.

    Args:
        first: A.
        second: B.
        palette: The palette to draw with.
        kinds: Kinds of element to compare.
    """
    duration_s = max(first.duration_s, second.duration_s)
    if duration_s <= 0:
        return empty_figure(palette, "A picture has no timeline.")
    pair = (first, second)
    spans = [_spans_by_name(analysis, kinds) for analysis in pair]
    names = {key: name for found in spans for key, (name, _) in found.items()}
    longest = sorted(
        names,
        key=lambda key: -sum(s.duration_s for found in spans for s in found.get(key, ("", ()))[1]),
    )[:MOST_ROWS]
    order = sorted(
        longest, key=lambda k: min(s.start_s for f in spans for s in f.get(k, ("", ()))[1])
    )
    labels = [analysis.model_name for analysis in pair]
    if labels[0] == labels[1]:
        labels = [f"{label} ({side})" for label, side in zip(labels, "AB", strict=True)]
    both = sum(all(key in found for found in spans) for key in names)
    figure = house_figure(
        palette,
        height_px=33 * (len(order) + 1) + 56,
        alt=f"{labels[0]} and {labels[1]} compared: {len(first.chapters)} and "
        f"{len(second.chapters)} chapters, {both} of {len(names)} elements in both.",
        barmode="overlay",
        barcornerradius=3,
    )
    tones = [palette.engine(analysis.engine) for analysis in pair]
    if tones[0] == tones[1]:
        tones[1] = palette.both
    for side, (analysis, found, tone) in enumerate(zip(pair, spans, tones, strict=True)):
        shift = -0.2 if side == 0 else 0.2
        bars = [
            (row + 1, s, key) for row, key in enumerate(order) for s in found.get(key, ("", ()))[1]
        ]
        figure.add_bar(
            orientation="h",
            name=plot_text(labels[side]),
            showlegend=True,
            base=[span.start_s for _, span, _ in bars],
            x=[max(span.duration_s, duration_s * 0.003) for _, span, _ in bars],
            y=[row + shift for row, _, _ in bars],
            width=0.32,
            marker={"color": tone, "line": {"width": 0}},
            customdata=[span_data(span, f"{names[key]}, {labels[side]}") for _, span, key in bars],
            hovertemplate=SPAN_HOVER,
        )
        borders = [chapter for chapter in analysis.chapters if chapter.span.start_s > 0]
        figure.add_scatter(
            mode="markers",
            x=[chapter.span.start_s for chapter in borders],
            y=[shift] * len(borders),
            marker={"symbol": "line-ns", "size": 13, "line": {"width": 2.5, "color": tone}},
            customdata=[
                span_data(chapter.span, f"{chapter.title}, {labels[side]}") for chapter in borders
            ],
            hovertemplate=SPAN_HOVER,
            showlegend=False,
        )
    time_axis(figure, duration_s)
    name_axis(figure, palette, ["Chapter borders", *(names[key] for key in order)])
    return figure


def _spans_by_name(
    analysis: Analysis, kinds: Sequence[str]
) -> dict[str, tuple[str, tuple[TimeSpan, ...]]]:
    found: dict[str, tuple[str, tuple[TimeSpan, ...]]] = {}
    for e in analysis.elements:
        if e.kind not in kinds or not e.occurrences:
            continue
        key = f"{e.kind}:{element_key(e.name) or e.name.casefold()}"
        name, known = found.get(key, (e.name, ()))
        found[key] = name, merge_spans([*known, *(o.span for o in e.occurrences)])
    return found

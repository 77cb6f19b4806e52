"""Charts on cards: bars, curves and a timeline, drawn with lines and boxes."""

import math

from workbench.explain.cards.lettering import Box, Sheet
from workbench.explain.cards.look import SMALL_SIZES, Look
from workbench.explain.storyboards.formula import points_of
from workbench.explain.storyboards.visuals import Chart, Plot, Timeline
from workbench.media.timecode import format_time

MOST_BARS = 10
MOST_ROWS = 12
NAME_SIZES = (26, 23, 20, 18, 16)

CLOCK_STEPS_S = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(60.0 * minutes for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
)
"""Between two marks of a timeline, in seconds."""


def bars(sheet: Sheet, look: Look, room: Box, chart: Chart) -> None:
    """Lying bars with their names on the left and values at their ends."""
    left, top, right, bottom = room
    shown = chart.bars[:MOST_BARS]
    rest = len(chart.bars) - len(shown)
    height = (bottom - top - (36 if rest else 0)) / len(shown)
    largest = max(bar.value for bar in shown) or 1.0
    split = left + (right - left) * 0.34
    end = right - 150
    for index, bar in enumerate(shown):
        sheet.canvas.part += 1
        y = top + index * height
        sheet.write(
            (left, y, split - 18, y + height), bar.name, NAME_SIZES, look.ink,
            align="right", middle=True,
        )  # fmt: skip
        thick = min(46.0, height * 0.62)
        y0 = y + (height - thick) / 2
        x1 = split + max(3.0, (end - split) * bar.value / largest)
        sheet.canvas.box((split, y0, x1, y0 + thick), fill=look.accent, round_px=5)
        unit = f" {chart.unit}" if chart.unit else ""
        sheet.write(
            (x1 + 12, y, right, y + height), f"{short_number(bar.value)}{unit}", NAME_SIZES,
            look.ink, middle=True,
        )  # fmt: skip
    sheet.canvas.part = 0
    if rest:
        sheet.write((left, bottom - 28, right, bottom), f"and {rest} more", SMALL_SIZES, look.soft)


def timeline(sheet: Sheet, look: Look, room: Box, line: Timeline) -> None:
    """A row for each stretch, on one axis of time."""
    left, top, right, bottom = room
    shown = line.stretches[:MOST_ROWS]
    rest = len(line.stretches) - len(shown)
    bottom -= 40
    split = left + (right - left) * 0.36
    height = (bottom - top) / len(shown)
    scale = (right - split) / line.duration_s
    for tick in _clock_ticks(line.duration_s, most=6):
        x = split + tick * scale
        sheet.canvas.line([(x, top), (x, bottom)], look.line, 2)
        box = (x - 60, bottom + 8, x + 60, bottom + 36)
        if box[2] <= right + 60:
            said = (box[0], box[1], min(box[2], right), box[3])
            sheet.write(said, format_time(tick), SMALL_SIZES, look.soft, align="centre")
    for index, stretch in enumerate(shown):
        sheet.canvas.part += 1
        y = top + index * height
        sheet.write(
            (left, y, split - 18, y + height), stretch.name, NAME_SIZES, look.ink,
            align="right", middle=True,
        )  # fmt: skip
        thick = min(34.0, height * 0.6)
        y0 = y + (height - thick) / 2
        x0, x1 = split + stretch.start_s * scale, split + stretch.end_s * scale
        x1 = min(right, max(x1, x0 + 4))
        sheet.canvas.box((x0, y0, x1, y0 + thick), fill=look.accent, round_px=5)
    sheet.canvas.part = 0
    if rest:
        sheet.write(
            (left, bottom + 8, split - 70, bottom + 36), f"and {rest} more", SMALL_SIZES, look.soft
        )


def plot(sheet: Sheet, look: Look, room: Box, graph: Plot) -> None:
    """Curves with axes, numbers and a name at each curve's side."""
    left, top, right, bottom = room
    curves = [(curve, points_of(curve, graph.x_from, graph.x_to)) for curve in graph.curves]
    low, high = _range([y for _, points in curves for _, y in points])
    legend = 200 if len(curves) > 1 or curves[0][0].name else 0
    x0, y0, x1, y1 = left + 84, top + 34, right - legend, bottom - 62

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            x0 + (x - graph.x_from) / (graph.x_to - graph.x_from) * (x1 - x0),
            y1 - (y - low) / (high - low) * (y1 - y0),
        )

    for tick in _ticks(low, high, most=6):
        _, y = at(graph.x_from, tick)
        sheet.canvas.line([(x0, y), (x1, y)], look.line, 2)
        sheet.write(
            (left, y - 14, x0 - 12, y + 14), short_number(tick), SMALL_SIZES, look.soft,
            align="right", middle=True,
        )  # fmt: skip
    for tick in _ticks(graph.x_from, graph.x_to, most=7):
        x, _ = at(tick, low)
        sheet.write(
            (x - 50, y1 + 8, x + 50, y1 + 34), short_number(tick), SMALL_SIZES, look.soft,
            align="centre",
        )  # fmt: skip
    sheet.canvas.line([(x0, y0), (x0, y1)], look.soft, 2.5)
    sheet.canvas.line([(x0, y1), (x1, y1)], look.soft, 2.5)
    if graph.x_label:
        sheet.write((x0, bottom - 26, x1, bottom), graph.x_label, SMALL_SIZES, look.soft, align="centre")  # fmt: skip
    if graph.y_label:
        sheet.write((left, top, x1, top + 26), graph.y_label, SMALL_SIZES, look.soft)
    for index, (curve, points) in enumerate(curves):
        sheet.canvas.part += 1
        color = look.series[index % len(look.series)]
        for run in _runs(points, (graph.x_to - graph.x_from) / 20, high - low):
            sheet.canvas.line([at(x, y) for x, y in run], color, 5)
        if legend:
            y = top + 34 + index * 44
            if y + 40 > bottom:
                break
            sheet.canvas.box((x1 + 24, y + 14, x1 + 48, y + 22), fill=color, round_px=4)
            sheet.write((x1 + 60, y, right, y + 40), curve.name or curve.formula, (24, 22, 20, 18), look.ink, middle=True)  # fmt: skip


def short_number(value: float) -> str:
    """A number as short as it is exact enough for a chart.

    Example:
        >>> short_number(12.0), short_number(0.25), short_number(1234567), short_number(-3.14159)
        ('12', '0.25', '1,234,567', '−3.142')
    """
    if value == round(value) and abs(value) < 1e9:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1
    room = (high - low) * 0.06
    return (0.0 if 0 <= low < (high - low) / 2 else low - room), high + room


def _ticks(low: float, high: float, *, most: int) -> list[float]:
    """Round values between two, a few of them."""
    step = 10 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20):
        if (high - low) / (step * factor) <= most:
            step *= factor
            break
    first = math.ceil(low / step)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + index) * step, 12) for index in range(max(0, count))]


def _clock_ticks(duration_s: float, *, most: int) -> list[float]:
    """Moments a clock would show: full seconds, minutes or hours."""
    for step_s in CLOCK_STEPS_S:
        if duration_s / step_s <= most:
            return [step_s * index for index in range(math.floor(duration_s / step_s + 1e-9) + 1)]
    return _ticks(0.0, duration_s, most=most)


def _runs(
    points: tuple[tuple[float, float], ...], widest: float, tall: float
) -> list[list[tuple[float, float]]]:
    """Stretches without a gap: a line over a pole would be a lie."""
    runs: list[list[tuple[float, float]]] = []
    for point in points:
        last = runs[-1][-1] if runs else None
        if last and point[0] - last[0] <= max(widest, 0) and abs(point[1] - last[1]) < tall * 0.8:
            runs[-1].append(point)
        else:
            runs.append([point])
    return [run for run in runs if len(run) > 1] or [list(points)]

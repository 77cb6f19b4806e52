"""The slides with words: titles, the list of checks, the curve, the trend and the notes.

Every slide of a part carries the part's title as its heading, as large as anything else on it.
"""

import math
from dataclasses import dataclass

from workbench.explain.cards import canvas as c
from workbench.explain.cards.canvas import Canvas, Point


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands at the top of every slide of a part."""

    title: str
    subtitle: str
    number: int
    """0 for the opening."""
    count: int
    """How many parts there are."""


def light_slide(heading: Heading, caption: str) -> Canvas:
    """A paper-white slide with heading, caption and the row of parts."""
    sheet = Canvas()
    sheet.box((0, 0, 14, c.HEIGHT_PX), fill=c.TEAL)
    _top(sheet, heading, caption, (c.INK, c.SLATE, c.MIST))
    return sheet


def dark_slide(heading: Heading, caption: str) -> Canvas:
    """A night-blue slide with heading, caption and the row of parts."""
    sheet = Canvas(fill=c.NIGHT)
    sheet.shade((0, 0, c.WIDTH_PX, c.HEIGHT_PX), (24, 38, 56), c.NIGHT)
    sheet.box((0, 0, 14, c.HEIGHT_PX), fill=c.TEAL)
    _top(sheet, heading, caption, (c.WHITE, (168, 182, 198), (52, 66, 84)))
    return sheet


def _top(
    sheet: Canvas, heading: Heading, caption: str, colors: tuple[c.Color, c.Color, c.Color]
) -> None:
    ink, soft, rest = colors
    sheet.text((96, 124), heading.title, 74, ink, weight=700)
    sheet.text((96, 186), caption, 38, soft)
    _parts_row(sheet, heading, rest)


def _parts_row(sheet: Canvas, heading: Heading, rest: c.Color) -> None:
    gap, left, right = 10, 96, c.WIDTH_PX - 96
    width = (right - left + gap) / heading.count - gap
    for index in range(heading.count):
        x = left + index * (width + gap)
        color = c.TEAL if index == heading.number else rest
        sheet.box((x, 1036, x + width, 1044), fill=color, round_px=4)


def title_slide(heading: Heading) -> Canvas:
    """The first slide of a part: its number, title and subtitle."""
    sheet = Canvas(fill=c.NAVY)
    sheet.shade((0, 0, c.WIDTH_PX, c.HEIGHT_PX), (13, 74, 76), (14, 26, 42), level=True)
    _emblem(sheet, heading.number)
    sheet.box((132, 348, 252, 358), fill=c.TEAL_LIGHT, round_px=5)
    # One line, whatever it takes: a title in two lines is read as two texts.
    size = 112
    while sheet.text_width(heading.title, size, weight=700) > 1190:
        size -= 2
    sheet.text((128, 500), heading.title, size, c.WHITE, weight=700)
    sheet.text((132, 590), heading.subtitle, 46, (176, 208, 206))
    _parts_row(sheet, heading, (54, 78, 92))
    return sheet


def _emblem(sheet: Canvas, number: int) -> None:
    """A large line drawing at the right: a wheel of vanes, turned a little further each time."""
    center: Point = (1624, 520)
    soft, faint = (94, 190, 178, 150), (94, 190, 178, 60)
    for radius, color, width in ((278, faint, 3), (254, soft, 5), (92, soft, 5), (40, soft, 4)):
        sheet.circle(center, radius, line=color, width=width)
    for vane in range(7):
        points = vane_line(center, 92, 254, vane * 360 / 7 + number * 9)
        sheet.line(points, soft, 5)
    if 0 < number < 6:
        sheet.circle(center, 88, fill=c.TEAL)
        sheet.text(center, str(number), 104, c.WHITE, weight=700, anchor="mm")


def vane_line(
    center: Point, inner: float, outer: float, turn_deg: float, *, sweep_deg: float = 74
) -> list[Point]:
    """A curved impeller vane as a line from the eye to the rim."""
    points: list[Point] = []
    for step in range(25):
        share = step / 24
        radius = inner + (outer - inner) * share
        angle = math.radians(turn_deg + sweep_deg * share**0.9)
        points.append((center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)))
    return points


def agenda(heading: Heading, titles: tuple[str, ...]) -> Canvas:
    """The list of checks."""
    sheet = light_slide(heading, "What we look at, in this order")
    for index, title in enumerate(titles):
        y = 248 + index * 150
        sheet.card((96, y, 1824, y + 122))
        sheet.circle((176, y + 61), 38, fill=c.TEAL)
        sheet.text((176, y + 60), str(index + 1), 44, c.WHITE, weight=700, anchor="mm")
        sheet.text((256, y + 62), title, 48, c.INK, weight=600, anchor="lm")
    return sheet


def checklist(heading: Heading) -> Canvas:
    """The four notes for the log book."""
    sheet = light_slide(heading, "Four readings, every week")
    notes = (
        ("Suction pressure", "in bar, before and after cleaning"),
        ("Drops per minute", "below the mechanical seal"),
        ("Bearing temperature", "in degrees, at the housing"),
        ("Last alignment", "date, offset and angle"),
    )
    for index, (name, how) in enumerate(notes):
        x, y = 96 + (index % 2) * 884, 258 + (index // 2) * 372
        sheet.card((x, y, x + 844, y + 330))
        sheet.box((x, y + 40, x + 10, y + 290), fill=c.TEAL)
        sheet.box((x + 62, y + 62, x + 126, y + 126), line=c.TEAL, width=6, round_px=12)
        sheet.line([(x + 77, y + 95), (x + 90, y + 110), (x + 114, y + 78)], c.TEAL, 8)
        sheet.text((x + 160, y + 112), name, 52, c.INK, weight=700)
        sheet.text((x + 160, y + 172), how, 36, c.SLATE)
        sheet.line([(x + 160, y + 264), (x + 760, y + 264)], c.MIST, 3)
    return sheet


def pump_curve(heading: Heading) -> Canvas:
    """Head and efficiency over flow, with the best point."""
    sheet = light_slide(heading, "Head and efficiency over flow")
    left, bottom, width, height = 250.0, 900.0, 1330.0, 620.0

    def at(x: float, y: float) -> Point:
        return (left + x * width, bottom - y * height)

    sheet.box((*at(0.56, 1.0), *at(0.80, 0.0)), fill=c.TEAL_PALE)
    sheet.text(at(0.68, 0.055), "Good range", 36, c.TEAL, weight=600, anchor="ms")
    for step in range(1, 5):
        sheet.line([at(0, step / 4), at(1, step / 4)], c.PALE, 3)
    sheet.arrow(at(0, 0), at(1.06, 0), c.INK, 5)
    sheet.arrow(at(0, 0), at(0, 1.08), c.INK, 5)
    xs = [i / 60 for i in range(61)]
    sheet.line([at(x, 0.92 - 0.10 * x - 0.46 * x**2.4) for x in xs], c.BLUE, 9)
    efficiency = [at(x, 0.80 * (1 - ((x - 0.68) / 0.68) ** 2)) for x in xs]
    sheet.line(efficiency, c.AMBER, 9)
    best = at(0.68, 0.80)
    sheet.line([best, at(0.68, 0.14)], (214, 140, 20, 130), 4)
    sheet.circle(best, 17, fill=c.WHITE, line=c.AMBER, width=8)
    sheet.label(best, (best[0] + 120, best[1] - 130), "Best efficiency point")
    sheet.text(at(0.03, 0.955), "Head", 40, c.BLUE, weight=700)
    sheet.text(at(0.16, 0.26), "Efficiency", 40, c.AMBER, weight=700)
    sheet.text(at(1.03, -0.085), "Flow", 38, c.SLATE, anchor="rs")
    return sheet


def bearing_trend(heading: Heading) -> Canvas:
    """Eight weeks of bearing temperature, the last three climbing, and the thermometer."""
    sheet = dark_slide(heading, "Temperature of the bearing, week by week")
    left, bottom, width, height = 220.0, 900.0, 1010.0, 600.0
    readings = (58, 57, 59, 58, 57, 62, 67, 73)

    def at(week: float, degrees: float) -> Point:
        return (left + week / 7 * width, bottom - (degrees - 45) / 40 * height)

    for degrees in (50, 60, 70, 80):
        sheet.line([at(-0.25, degrees), at(7.2, degrees)], (48, 62, 80), 3)
        sheet.text((left - 60, at(0, degrees)[1]), f"{degrees}", 34, c.STEEL, anchor="rm")
    sheet.line([at(-0.25, 80), at(7.2, 80)], c.RED, 4)
    sheet.text((at(0, 80)[0], at(0, 80)[1] - 18), "Limit", 36, (240, 120, 110), weight=600)
    points = [at(week, degrees) for week, degrees in enumerate(readings)]
    sheet.line(points[:5], c.TEAL_LIGHT, 8)
    sheet.line(points[4:], (242, 178, 66), 8)
    for index, point in enumerate(points):
        color = c.TEAL_LIGHT if index < 5 else (242, 178, 66)
        sheet.circle(point, 14, fill=c.NIGHT, line=color, width=7)
    sheet.text((left + width / 2, bottom + 66), "Eight weeks", 38, (168, 182, 198), anchor="ms")
    _thermometer(sheet, 1440, 400)
    return sheet


def _thermometer(sheet: Canvas, x: float, y: float) -> None:
    """An infrared thermometer that points left."""
    sheet.shape([(x - 30, y + 58), (x - 210, y + 24), (x - 210, y + 150)], (196, 50, 44, 60))
    sheet.line([(x - 30, y + 60), (x - 210, y + 60)], (255, 90, 80), 3)
    body: c.Color = (232, 178, 32)
    sheet.shape(
        [(x + 150, y + 110), (x + 280, y + 110), (x + 350, y + 430), (x + 216, y + 430)],
        (52, 60, 72),
    )
    sheet.box((x, y, x + 330, y + 120), fill=body, round_px=26)
    sheet.box((x - 34, y + 18, x + 40, y + 100), fill=(40, 46, 56), round_px=12)
    sheet.box((x + 128, y + 16, x + 312, y + 104), fill=(26, 34, 42), round_px=12)
    sheet.text((x + 220, y + 60), "73 °C", 52, (150, 240, 200), weight=700, anchor="mm")
    sheet.text((x + 130, y + 500), "Infrared thermometer", 38, c.WHITE, weight=600, anchor="ms")

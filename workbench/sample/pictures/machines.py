"""Drawings of things one holds or looks at closely: bearing, grease gun, gauge, drops, shims, laser."""

import math

from workbench.explain.cards import canvas as c
from workbench.explain.cards.canvas import Canvas, Point
from workbench.sample.pictures.slides import Heading, dark_slide, light_slide

BEARING_AT: Point = (800, 620)
"""Middle of the ball bearing."""

BRASS: c.Color = (196, 152, 62)


def bearing(heading: Heading) -> Canvas:
    """A ball bearing from the front, without its balls, which roll."""
    sheet = dark_slide(heading, "A ball bearing from the front")
    _metal_ring(sheet, BEARING_AT, 350, 70, (214, 222, 232))
    _metal_ring(sheet, BEARING_AT, 189, 66, (170, 180, 193))
    for radius in (350, 280, 189, 122):
        sheet.circle(BEARING_AT, radius, line=(20, 28, 38), width=4)
    sheet.circle(BEARING_AT, 120, fill=(14, 22, 34))
    sheet.circle(BEARING_AT, 246, line=(58, 70, 84), width=26)
    return sheet


def bearing_labels(sheet: Canvas) -> None:
    """Name the parts of the bearing."""
    x, y = BEARING_AT
    sheet.label((x + 285, y - 160), (1330, 340), "Outer ring", color=c.WHITE)
    sheet.label((x + 228, y - 50), (1330, 560), "Steel balls", color=c.WHITE)
    sheet.label((x + 120, y + 95), (1330, 780), "Inner ring", color=c.WHITE)


def rolling_balls(turn_deg: float) -> Canvas:
    """Nine balls on clear ground, 600 × 600, turned clockwise by an angle."""
    sheet = Canvas(600, 600, (58, 70, 84, 0))
    for ball in range(9):
        angle = math.radians(ball * 40 + turn_deg)
        middle = (300 + 233 * math.cos(angle), 300 + 233 * math.sin(angle))
        sheet.ball(middle, 54, (150, 166, 184))
    return sheet


def _metal_ring(
    sheet: Canvas, center: Point, radius: float, width: float, color: tuple[int, int, int]
) -> None:
    """A ring of turned metal: a light that runs around it."""
    for step in range(180):
        angle = math.radians(step * 4 + 70)
        shine = 0.62 + 0.38 * math.cos(angle) ** 2
        red, green, blue = (round(v * shine) for v in color)
        sheet.arc(center, radius, (step * 2, step * 2 + 3), (red, green, blue), width)


def grease_gun(heading: Heading) -> Canvas:
    """A lever grease gun at a nipple, and the tag with the count of strokes."""
    sheet = light_slide(heading, "Count the strokes")
    # The housing at the left, with the nipple the gun is pressed on.
    sheet.tube((130, 420, 330, 860), (34, 92, 150), level=False)
    sheet.box((324, 600, 372, 644), fill=BRASS)
    sheet.tube((366, 602, 560, 642), (150, 160, 172))
    sheet.tube((556, 566, 640, 678), (82, 92, 106))
    sheet.tube((640, 540, 1210, 704), (188, 46, 40))
    sheet.tube((1204, 556, 1236, 688), (82, 92, 106))
    sheet.tube((1236, 606, 1350, 638), (150, 160, 172))
    sheet.box((1344, 580, 1366, 664), fill=(60, 70, 84), round_px=8)
    sheet.line([(600, 556), (700, 440), (1180, 372)], (60, 70, 84), 30)
    sheet.line([(980, 400), (1180, 372)], c.INK, 44)
    sheet.circle((602, 560), 17, fill=c.STEEL)
    for x in (760, 880, 1000, 1120):
        sheet.line([(x, 546), (x, 698)], (120, 24, 22, 120), 5)
    sheet.label((348, 606), (420, 470), "Nipple")
    sheet.label((900, 690), (960, 820), "Grease gun")
    # The tag.
    sheet.card((1400, 290, 1800, 560), fill=(255, 249, 228))
    sheet.circle((1442, 332), 15, fill=c.PAPER, line=c.STEEL_DARK, width=4)
    sheet.text((1480, 350), "Pump bearing", 40, c.INK, weight=700)
    sheet.text((1450, 430), "Strokes: 8", 52, c.TEAL, weight=700)
    sheet.text((1450, 500), "Every 6 weeks", 40, c.SLATE)
    return sheet


GAUGE_AT: Point = (700, 630)
"""Middle of the large gauge."""


def suction_gauge(heading: Heading) -> Canvas:
    """One large pressure gauge without its needle, which falls."""
    sheet = dark_slide(heading, "Before and after you clean the strainer")
    (x, y), radius = GAUGE_AT, 370.0
    _metal_ring(sheet, GAUGE_AT, radius, 44, (206, 213, 222))
    sheet.circle((x, y), radius - 40, fill=(246, 247, 245))
    sheet.arc((x, y), 286, (135, 202), c.RED, 26)
    sheet.arc((x, y), 286, (236, 338), c.GREEN, 26)
    for tick in range(41):
        angle = math.radians(135 + 270 * tick / 40)
        ux, uy = math.cos(angle), math.sin(angle)
        inner = 252 if tick % 10 == 0 else 268 if tick % 5 == 0 else 276
        sheet.line([(x + inner * ux, y + inner * uy), (x + 300 * ux, y + 300 * uy)], c.INK, 5)
        if tick % 10 == 0:
            place = (x + 204 * ux, y + 204 * uy)
            sheet.text(place, str(tick // 10), 58, c.INK, weight=700, anchor="mm")
    sheet.text((x, y + 168), "bar", 44, c.SLATE, weight=600, anchor="mm")
    for row, (name, value, color) in enumerate(
        (("Clean strainer", "2.1 bar", c.GREEN), ("Blocked strainer", "0.6 bar", c.RED))
    ):
        top = 380 + row * 260
        sheet.box((1240, top, 1780, top + 210), fill=(30, 44, 62), round_px=18)
        sheet.box((1240, top + 30, 1250, top + 180), fill=color)
        sheet.text((1290, top + 76), name, 42, (196, 208, 220))
        sheet.text((1290, top + 160), value, 60, c.WHITE, weight=700)
    return sheet


def gauge_needle(reading: float) -> Canvas:
    """The needle on clear ground, 600 × 600; `reading` is in bar, 0 to 4."""
    sheet = Canvas(600, 600, (246, 247, 245, 0))
    x = y = 300.0
    angle = math.radians(135 + 270 * reading / 4)
    ux, uy = math.cos(angle), math.sin(angle)
    sheet.shape(
        [(x + 268 * ux, y + 268 * uy), (x - 16 * uy - 60 * ux, y + 16 * ux - 60 * uy),
         (x + 16 * uy - 60 * ux, y - 16 * ux - 60 * uy)], (30, 36, 46),
    )  # fmt: skip
    sheet.circle((x, y), 30, fill=(60, 70, 84))
    sheet.circle((x - 6, y - 8), 10, fill=(150, 160, 172))
    return sheet


def seal_leak(heading: Heading) -> Canvas:
    """What is normal and what is worn, side by side."""
    sheet = light_slide(heading, "Look for drops below the seal")
    sides = (
        ("Normal", "One drop per minute", c.GREEN, (0.45,)),
        ("Worn", "A steady leak", c.RED, (0.0, 0.16, 0.32, 0.48, 0.64, 0.80)),
    )
    for index, (name, how, color, drops) in enumerate(sides):
        x = 96 + index * 884
        sheet.card((x, 240, x + 844, 990))
        sheet.box((x, 240, x + 844, 254), fill=color, round_px=7)
        sheet.text((x + 52, 340), name, 60, color, weight=700)
        sheet.text((x + 52, 398), how, 42, c.INK)
        sheet.tube((x + 300, 470, x + 470, 630), (34, 92, 150))
        sheet.tube((x + 470, 490, x + 560, 610), (58, 66, 78))
        sheet.tube((x + 560, 518, x + 790, 582), (176, 186, 197))
        sheet.tube((x + 120, 450, x + 300, 650), (34, 92, 150))
        for share in drops:
            _drop(sheet, (x + 515, 668 + 224 * share), 17)
        pool = 60 + 22 * len(drops)
        for grow, tone in ((0, (150, 200, 232)), (-14, (190, 222, 242))):
            sheet.box(
                (x + 515 - pool - grow, 908 - grow / 3, x + 515 + pool + grow, 944 + grow / 3),
                fill=tone, round_px=18,
            )  # fmt: skip
        sheet.line([(x + 80, 950), (x + 764, 950)], c.STEEL_DARK, 7)
    return sheet


def _drop(sheet: Canvas, place: Point, size: float) -> None:
    x, y = place
    sheet.shape([(x, y - size * 2), (x - size * 0.92, y), (x + size * 0.92, y)], c.BLUE)
    sheet.circle((x, y + size * 0.25), size, fill=c.BLUE)
    sheet.circle((x - size * 0.35, y), size * 0.22, fill=(205, 226, 250))


def soft_foot(heading: Heading) -> Canvas:
    """One foot of the motor above the base plate, with shims going in."""
    sheet = dark_slide(heading, "Shims under the motor")
    sheet.tube((300, 270, 1560, 640), (26, 128, 118))
    for x in range(340, 1550, 56):
        sheet.line([(x, 272), (x, 636)], (4, 58, 55, 130), 6)
    sheet.shape([(360, 620), (660, 620), (740, 800), (300, 800)], (16, 98, 92))
    sheet.shape([(1180, 606), (1480, 606), (1560, 772), (1120, 772)], (16, 98, 92))
    sheet.box((160, 800, 1760, 900), fill=(96, 108, 124), round_px=6)
    sheet.hatch((164, 804, 1756, 896), (70, 82, 98), step=34)
    for x, lift in ((520, 0), (1340, -28)):
        sheet.box((x - 22, 690 + lift, x + 22, 880), fill=(190, 200, 212), round_px=6)
        sheet.box((x - 56, 680 + lift, x + 56, 730 + lift), fill=(214, 222, 230), round_px=8)
    for index in range(3):
        y = 776 + index * 8
        shift = 150 - index * 36
        sheet.box((1180 + shift, y, 1500 + shift, y + 5), fill=(244, 206, 96))
    sheet.arrow((1790, 786), (1690, 786), (244, 206, 96), 9)
    sheet.label((1330, 852), (1250, 960), "Base plate", color=c.WHITE)
    sheet.label((1600, 782), (1600, 690), "Steel shims", color=c.WHITE)
    sheet.label((520, 700), (300, 720), "Bolt", color=c.WHITE)
    sheet.label((1000, 480), (900, 720), "Motor", color=c.WHITE)
    return sheet


def laser_display(heading: Heading) -> Canvas:
    """The hand-held display of the laser kit with both values in green."""
    sheet = light_slide(heading, "Both values inside the limit")
    sheet.card((360, 236, 1560, 1004), fill=(38, 45, 56), round_px=60)
    sheet.box((430, 300, 1490, 880), fill=(8, 22, 30), round_px=22)
    for index in range(4):
        sheet.box((760 + index * 110, 920, 836 + index * 110, 962), fill=(86, 98, 114), round_px=18)
    for row, (name, value, unit_name) in enumerate(
        (("Offset", "0.03", "mm"), ("Angle", "0.02", "mm per 100 mm"))
    ):
        y = 330 + row * 190
        sheet.box((470, y, 1450, y + 160), fill=(14, 60, 48), round_px=14)
        sheet.text((510, y + 100), name, 54, (170, 240, 205), weight=600)
        sheet.text((980, y + 101), value, 60, (120, 255, 180), weight=700, anchor="rs")
        sheet.text((1010, y + 100), unit_name, 42, (170, 240, 205))
    sheet.text((960, 812), "Alignment OK", 60, (120, 255, 180), weight=700, anchor="mm")
    return sheet

"""Labelled drawings of the pump, its suction line, its seal and its alignment.

Drawings that move come as a still sheet and a part that is drawn anew for each step.
"""

import itertools
import math

from workbench.explain.cards import canvas as c
from workbench.explain.cards.canvas import Canvas, Point
from workbench.sample.pictures.slides import Heading, dark_slide, light_slide, vane_line

IMPELLER_AT: Point = (900, 620)
"""Middle of the impeller in the pump diagram."""

IMPELLER_PX = 232
"""Its radius."""


def volute(center: Point, base: float, grow: float) -> list[Point]:
    """The outline of a spiral casing: from its tongue, up and around to the left, to the outlet."""
    points: list[Point] = []
    for step in range(121):
        share = step / 120
        angle = math.radians(-25 - 335 * share)
        radius = base + grow * share
        points.append((center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)))
    return points


def pump_diagram(heading: Heading) -> Canvas:
    """A centrifugal pump cut open, without its impeller, which turns."""
    sheet = light_slide(heading, "The pump cut open, seen from the suction side")
    x, y = IMPELLER_AT
    sheet.box((x - 190, 988, x + 190, 1016), fill=c.STEEL_DARK, round_px=6)
    sheet.shape(
        [(x - 130, 992), (x - 92, y + 300), (x + 92, y + 300), (x + 130, 992)], c.STEEL_DARK
    )
    for wall, color in ((26.0, c.STEEL_DARK), (0.0, c.WATER_PALE)):
        sheet.shape(volute((x, y), 252 + wall, 98), color)
        sheet.shape(
            [(x + 214 - wall, y - 90), (x + 350 + wall, y + 8), (x + 350 + wall, 282),
             (x + 214 - wall, 282)], color,
        )  # fmt: skip
    sheet.box((x + 150, 262, x + 414, 296), fill=c.STEEL_DARK, round_px=6)
    sheet.box((x + 214, 254, x + 350, 300), fill=c.WATER_PALE)
    for turn in (-116, -170, -224, -278, -326):
        radius = 228 - 98 * (turn + 25) / 335 + turn * 0.06
        a, b = math.radians(turn + 9), math.radians(turn - 9)
        sheet.arrow(
            (x + radius * math.cos(a), y + radius * math.sin(a)),
            (x + radius * math.cos(b), y + radius * math.sin(b)), c.BLUE, 6,
        )  # fmt: skip
    sheet.arrow((x + 282, 470), (x + 282, 340), c.BLUE, 9)
    return sheet


def pump_labels(sheet: Canvas) -> None:
    """Name the parts of the pump diagram."""
    x, y = IMPELLER_AT
    sheet.label((x + 282, 282), (1400, 282), "Discharge nozzle")
    sheet.label((x + 361, 600), (1400, 520), "Casing")
    sheet.label((x + 140, y + 120), (1400, 790), "Impeller")
    sheet.label((x - 62, y - 34), (480, 440), "Suction nozzle")
    sheet.label((x - 10, y + 10), (480, 790), "Shaft")


def spinning_impeller(turn_deg: float) -> Canvas:
    """The impeller on clear ground, 480 × 480, turned clockwise by an angle."""
    sheet = Canvas(480, 480, (204, 227, 243, 0))
    middle: Point = (240, 240)
    sheet.circle(middle, IMPELLER_PX, fill=(232, 236, 240), line=c.TEAL, width=7)
    for vane in range(6):
        points = vane_line(middle, 78, IMPELLER_PX - 4, vane * 60 + turn_deg)
        sheet.line(points, c.TEAL, 15)
    sheet.circle(middle, 82, fill=c.WATER, line=c.TEAL, width=8)
    sheet.circle(middle, 34, fill=c.STEEL_DARK)
    angle = math.radians(turn_deg)
    sheet.circle((240 + 22 * math.cos(angle), 240 + 22 * math.sin(angle)), 7, fill=c.WHITE)
    return sheet


def suction_line(heading: Heading) -> Canvas:
    """Tank, pipe, strainer, gauge and pump in one line."""
    sheet = light_slide(heading, "From the tank to the pump")
    sheet.box((150, 330, 500, 900), fill=c.WHITE, line=c.STEEL_DARK, width=10, round_px=24)
    sheet.shade((156, 470, 494, 880), (150, 200, 232), (84, 150, 204))
    sheet.line([(156, 470), (494, 470)], c.BLUE, 5)
    sheet.text((325, 660), "Tank", 46, c.WHITE, weight=700, anchor="mm")
    pipe = (160, 172, 184)
    sheet.tube((500, 760, 1400, 836), pipe)
    for x in (500, 690, 960, 1250, 1384):
        sheet.tube((x, 736, x + 22, 860), (120, 134, 150))
    # Strainer: a pot that hangs below the pipe, with its basket.
    sheet.box((732, 712, 940, 960), fill=(228, 233, 238), line=c.STEEL_DARK, width=9, round_px=20)
    sheet.box((764, 742, 908, 926), fill=c.WATER_PALE, line=c.TEAL, width=5, round_px=10)
    for step in range(1, 6):
        sheet.line([(764 + step * 24, 744), (764 + step * 24, 924)], (15, 118, 110, 150), 3)
    for step in range(1, 8):
        sheet.line([(766, 742 + step * 23), (906, 742 + step * 23)], (15, 118, 110, 150), 3)
    for dx, dy, size in ((24, 150, 13), (58, 160, 17), (96, 148, 14), (122, 164, 12), (80, 128, 9)):
        sheet.circle((764 + dx, 742 + dy), size, fill=(120, 92, 56))
    sheet.line([(1105, 764), (1105, 640)], c.STEEL_DARK, 14)
    small_gauge(sheet, (1105, 555), 96, 0.28)
    # The pump with its outlet upwards.
    sheet.shape(volute((1560, 798), 150, 56), c.TEAL)
    sheet.shape([(1680, 500), (1766, 500), (1766, 800), (1680, 740)], c.TEAL)
    sheet.box((1660, 486, 1792, 516), fill=c.STEEL_DARK, round_px=5)
    sheet.circle((1560, 798), 112, fill=c.TEAL_PALE)
    for vane in range(6):
        sheet.line(vane_line((1560, 798), 36, 108, vane * 60), c.TEAL, 8)
    sheet.circle((1560, 798), 38, fill=c.WATER)
    for x in (560, 1010, 1290):
        sheet.arrow((x, 798), (x + 84, 798), c.BLUE, 9)
    sheet.label((772, 900), (640, 985), "Suction strainer")
    sheet.label((1180, 826), (1230, 950), "Suction pipe")
    sheet.label((1165, 500), (1250, 400), "Pressure gauge")
    sheet.label((1500, 680), (1430, 590), "Pump")
    return sheet


def small_gauge(sheet: Canvas, center: Point, radius: float, reading: float) -> None:
    """A round gauge without numbers; `reading` is 0 to 1."""
    sheet.circle(center, radius, fill=(70, 80, 94))
    sheet.circle(center, radius * 0.88, fill=c.WHITE)
    sheet.arc(center, radius * 0.76, (215, 300), c.GREEN, radius * 0.1)
    sheet.arc(center, radius * 0.76, (135, 185), c.RED, radius * 0.1)
    for tick in range(11):
        angle = math.radians(135 + 27 * tick)
        ux, uy = math.cos(angle), math.sin(angle)
        a, b = radius * 0.62, radius * 0.80
        sheet.line(
            [(center[0] + a * ux, center[1] + a * uy), (center[0] + b * ux, center[1] + b * uy)],
            c.INK, radius * 0.035,
        )  # fmt: skip
    angle = math.radians(135 + 270 * reading)
    tip = (center[0] + 0.66 * radius * math.cos(angle), center[1] + 0.66 * radius * math.sin(angle))
    sheet.line([center, tip], c.RED, radius * 0.06)
    sheet.circle(center, radius * 0.1, fill=c.INK)


def seal_section(heading: Heading) -> Canvas:
    """A mechanical seal cut along the shaft; the lower half mirrors the upper."""
    sheet = light_slide(heading, "Cut along the shaft")
    axis = 620.0
    sheet.box((420, 250, 1500, 990), fill=c.WATER_PALE)
    for sign in (-1, 1):

        def at(x: float, y: float, sign: int = sign) -> Point:
            return (x, axis + sign * y)

        def block(box: tuple[float, float, float, float], fill: c.Color, sign: int = sign) -> None:
            top, bottom = sorted((axis + sign * box[1], axis + sign * box[3]))
            sheet.box((box[0], top, box[2], bottom), fill=fill, line=c.INK, width=3, round_px=3)

        block((1130, 84, 1500, 372), (176, 186, 197))
        top, bottom = sorted((axis + sign * 88, axis + sign * 370))
        sheet.hatch((1132, top, 1498, bottom), c.STEEL)
        block((1020, 98, 1180, 226), (240, 236, 222))
        block((948, 98, 1016, 206), (58, 62, 70))
        block((880, 92, 948, 232), (150, 162, 176))
        zigzag = [at(600 + i * 28, 120 if i % 2 else 206) for i in range(11)]
        sheet.line(zigzag, c.STEEL_DARK, 13)
        sheet.line(zigzag, (196, 206, 216), 6)
        block((540, 86, 604, 238), (150, 162, 176))
        sheet.line([at(1018, 100), at(1018, 208)], c.BLUE, 6)
    sheet.tube((300, axis - 84, 1640, axis + 84), (170, 181, 193))
    sheet.dashes((250, axis), (1690, axis), c.INK, 3)
    sheet.label((980, axis - 150), (760, 300), "Carbon ring")
    sheet.label((1100, axis - 170), (1240, 220), "Ceramic ring")
    sheet.label((740, axis + 162), (560, 930), "Spring")
    sheet.label((1400, axis - 300), (1560, 400), "Housing")
    sheet.label((1580, axis + 20), (1600, 790), "Shaft")
    sheet.label((1018, axis + 160), (880, 950), "Film of liquid")
    return sheet


def alignment(heading: Heading) -> Canvas:
    """Motor, coupling and pump from the side, with a laser kit on the shafts."""
    sheet = light_slide(heading, "Motor and pump, seen from the side")
    axis = 640.0
    sheet.box((180, 880, 1740, 930), fill=(70, 80, 94), round_px=6)
    sheet.tube((300, axis - 190, 800, axis + 190), (26, 128, 118))
    for x in range(330, 790, 30):
        sheet.line([(x, axis - 188), (x, axis + 186)], (6, 70, 66, 120), 4)
    sheet.tube((236, axis - 170, 304, axis + 170), (20, 100, 94))
    sheet.box((440, axis - 264, 640, axis - 184), fill=(18, 108, 101), round_px=10)
    for x in (340, 660):
        sheet.shape([(x, 880), (x + 14, 810), (x + 92, 810), (x + 106, 880)], (14, 92, 87))
    sheet.tube((796, axis - 34, 1220, axis + 34), (176, 186, 197))
    sheet.tube((930, axis - 96, 996, axis + 96), (200, 150, 40))
    sheet.box((996, axis - 84, 1012, axis + 84), fill=c.INK)
    sheet.tube((1012, axis - 96, 1078, axis + 96), (200, 150, 40))
    sheet.tube((1216, axis - 100, 1400, axis + 100), (34, 92, 150))
    sheet.tube((1396, axis - 220, 1560, axis + 220), (34, 92, 150))
    sheet.tube((1556, axis - 90, 1700, axis + 90), (34, 92, 150))
    sheet.tube((1690, axis - 130, 1724, axis + 130), (24, 70, 120))
    sheet.shape([(1420, 880), (1440, axis + 200), (1520, axis + 200), (1540, 880)], (28, 78, 130))
    sheet.dashes((190, axis), (1790, axis), c.INK, 3)
    for x in (838, 1122):
        sheet.box((x, axis - 40, x + 34, axis + 44), fill=c.INK, round_px=5)
        sheet.box((x + 10, axis - 190, x + 24, axis - 36), fill=c.STEEL)
        sheet.box((x - 24, axis - 236, x + 58, axis - 156), fill=(40, 46, 56), round_px=10)
        sheet.circle((x + 17, axis - 196), 12, fill=c.RED)
    sheet.line([(896, axis - 196), (1098, axis - 196)], (255, 60, 50), 5)
    sheet.label((1140, axis - 236), (1200, 300), "Laser alignment kit")
    sheet.label((962, axis + 80), (1010, 830), "Coupling")
    sheet.label((380, axis - 130), (420, 290), "Electric motor")
    sheet.label((1600, axis - 70), (1640, 470), "Pump")
    return sheet


VANE: list[Point] = [(96, 880), (500, 800), (900, 690), (1300, 550), (1824, 330)]
"""Surface of the vane on which bubbles collapse."""


def cavitation(heading: Heading) -> Canvas:
    """A vane in a stream, without its bubbles, which move."""
    sheet = dark_slide(heading, "Bubbles collapse against the metal")
    sheet.shade((96, 230, 1824, 990), (16, 52, 84), (8, 26, 46))
    under: list[Point] = [(1824, 480), (1330, 690), (920, 830), (500, 930), (96, 990)]
    sheet.shape([*VANE, *under], c.STEEL)
    sheet.shape([*under, (1824, 990)], (74, 86, 102))
    sheet.line(VANE, (214, 222, 230), 7)
    sheet.label((1330, 690), (1400, 880), "Impeller vane", color=c.WHITE)
    sheet.text((150, 310), "Low pressure", 40, (168, 205, 232), weight=600)
    sheet.text((1770, 300), "Higher pressure", 40, (255, 196, 84), weight=600, anchor="rs")
    return sheet


def bubbles(share_of_loop: float) -> Canvas:
    """Bubbles that stream along the vane and collapse at it, on clear ground, 1728 × 600.

    Lies at (96, 320) on the slide. `share_of_loop` runs from 0 to 1.
    """
    sheet = Canvas(1728, 600, (16, 52, 84, 0))
    for index in range(70):
        share = (share_of_loop + index * 0.7549 % 1) % 1
        x = 170 + 1480 * share
        y = _height_of(VANE, x) - 34 - (280 - 200 * share) * (index * 0.5698 % 1)
        size = (10 + 18 * (index * 0.3819 % 1)) * math.sin(math.pi * min(1, share * 1.1)) ** 0.7
        if y < 360 or size < 3:
            continue
        x, y = x - 96, y - 320
        sheet.circle((x, y), size, fill=(70, 120, 156, 255), line=(190, 226, 248, 255), width=3)
        sheet.circle((x - size * 0.3, y - size * 0.35), size * 0.22, fill=c.WHITE)
    for index, x in enumerate((1120, 1290, 1450, 1600)):
        middle: Point = (x - 96, _height_of(VANE, x) - 22 - 320)
        reach = 22 + 18 * ((share_of_loop + index / 4) % 1)
        for ray in range(8):
            angle = ray * math.pi / 4 + index
            ends = [
                (middle[0] + r * math.cos(angle), middle[1] + r * math.sin(angle))
                for r in (0.4 * reach, reach)
            ]
            sheet.line(ends, (255, 196, 84), 4)
    return sheet


def _height_of(points: list[Point], x: float) -> float:
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]

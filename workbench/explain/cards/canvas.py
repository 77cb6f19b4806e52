"""A sheet of 1920 × 1080 to draw on, and the colours of the sample.

Everything is drawn at twice the size and halved at the end, so edges are smooth. Places and sizes
are in pixels of the finished picture.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.explain.cards.fonts import REGULAR, font

if TYPE_CHECKING:
    from PIL import Image

Color = tuple[int, int, int] | tuple[int, int, int, int]
Point = tuple[float, float]

WIDTH_PX = 1920
HEIGHT_PX = 1080

INK: Color = (24, 31, 42)
SLATE: Color = (88, 99, 115)
MIST: Color = (203, 211, 220)
PALE: Color = (236, 240, 244)
PAPER: Color = (250, 250, 248)
WHITE: Color = (255, 255, 255)
NAVY: Color = (17, 27, 42)
NIGHT: Color = (10, 16, 26)
TEAL: Color = (15, 118, 110)
TEAL_LIGHT: Color = (94, 190, 178)
TEAL_PALE: Color = (217, 238, 234)
WATER: Color = (122, 182, 222)
WATER_PALE: Color = (204, 227, 243)
STEEL: Color = (148, 160, 174)
STEEL_DARK: Color = (92, 104, 120)
BLUE: Color = (43, 108, 196)
AMBER: Color = (214, 140, 20)
RED: Color = (196, 50, 44)
GREEN: Color = (34, 140, 84)

_SCALE = 2

LINE = 1.28
"""Height of a line over the size of its letters."""

BASELINE = 0.98
"""Where letters stand below the top of their line, over their size."""


class Canvas:
    """A sheet to draw on."""

    part = 0
    """Which part of the picture is drawn: what belongs together, from 1 on; 0 is its frame. A still
    picture shows all of them, one that moves shows them one after the other."""

    def __init__(
        self, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX, fill: Color = PAPER
    ) -> None:
        from PIL import Image, ImageDraw

        self.words: list[str] = []
        """Every line written so far, in order."""
        mode = "RGBA" if len(fill) == 4 else "RGB"
        self._image = Image.new(mode, (width_px * _SCALE, height_px * _SCALE), fill)
        # In RGBA mode, colours with alpha are laid over what is there.
        self._draw = ImageDraw.Draw(self._image, "RGBA" if mode == "RGB" else mode)

    def finished(self) -> "Image.Image":
        """The picture at its own size."""
        return self._image.reduce(_SCALE)

    def shade(
        self, box: Sequence[float], top: Color, bottom: Color, *, level: bool = False
    ) -> None:
        """Fill a box with a gradient, downwards, or from left to right if `level`."""
        import numpy as np
        from PIL import Image

        x0, y0, x1, y1 = (round(v * _SCALE) for v in box)
        wide, tall = x1 - x0, y1 - y0
        mix = np.linspace(0, 1, wide if level else tall)[:, None]
        ramp = (np.asarray(top[:3]) * (1 - mix) + np.asarray(bottom[:3]) * mix)[:, None, :]
        # Steps of one level show as bands on dark ground; a level of noise hides them. A strip of
        # it is enough, laid side by side.
        strip = ramp + np.random.default_rng(5).random((len(ramp), 192, 1))
        times = -(-(tall if level else wide) // 192)
        sheet = np.tile(strip.clip(0, 255).astype(np.uint8), (1, times, 1))
        grid = np.swapaxes(sheet, 0, 1)[:tall] if level else sheet[:, :wide]
        self._image.paste(Image.fromarray(np.ascontiguousarray(grid)), (x0, y0))

    def tube(self, box: Sequence[float], color: Color, *, level: bool = True) -> None:
        """Fill a box like a shiny cylinder, lying (`level`) or standing."""
        import numpy as np
        from PIL import Image

        x0, y0, x1, y1 = (round(v * _SCALE) for v in box)
        across = np.linspace(-1, 1, (y1 - y0) if level else (x1 - x0))
        light = 0.62 + 0.5 * np.sqrt(1 - 0.9 * (across + 0.35).clip(-1, 1) ** 2)
        light += 0.35 * np.exp(-(((across + 0.45) / 0.16) ** 2))
        ramp = (light[:, None] * np.asarray(color[:3])).clip(0, 255).astype(np.uint8)
        grid = ramp[:, None, :] if level else ramp[None, :, :]
        sheet = np.ascontiguousarray(np.broadcast_to(grid, (y1 - y0, x1 - x0, 3)))
        self._image.paste(Image.fromarray(sheet), (x0, y0))

    def ball(self, center: Point, radius: float, color: Color) -> None:
        """Draw a shiny ball."""
        for step in range(14):
            share = step / 13
            mix = tuple(round(c * (0.55 + 0.45 * share) + 120 * share**3) for c in color[:3])
            x, y = center[0] - 0.28 * radius * share, center[1] - 0.32 * radius * share
            self.circle((x, y), radius * (1 - 0.86 * share), fill=(mix[0], mix[1], mix[2]))

    def box(
        self,
        box: Sequence[float],
        *,
        fill: Color | None = None,
        line: Color | None = None,
        width: float = 3,
        round_px: float = 0,
    ) -> None:
        """Draw a rectangle, with round corners if asked."""
        self._draw.rounded_rectangle(
            [v * _SCALE for v in box], round_px * _SCALE, fill, line, round(width * _SCALE)
        )

    def card(self, box: Sequence[float], *, fill: Color = WHITE, round_px: float = 18) -> None:
        """Draw a rectangle with a soft shadow."""
        x0, y0, x1, y1 = box
        for spread in range(14, 0, -2):
            self.box(
                (x0 - spread, y0 - spread + 8, x1 + spread, y1 + spread + 8),
                fill=(30, 41, 59, 5),
                round_px=round_px + spread,
            )
        self.box(box, fill=fill, round_px=round_px)

    def circle(
        self,
        center: Point,
        radius: float,
        *,
        fill: Color | None = None,
        line: Color | None = None,
        width: float = 3,
    ) -> None:
        """Draw a circle."""
        x, y = center
        corners = [(x - radius), (y - radius), (x + radius), (y + radius)]
        self._draw.ellipse([v * _SCALE for v in corners], fill, line, round(width * _SCALE))

    def arc(
        self,
        center: Point,
        radius: float,
        degrees: tuple[float, float],
        color: Color,
        width: float,
    ) -> None:
        """Draw a part of a ring between two angles, clockwise; 0 is to the right."""
        x, y = center
        corners = [(x - radius), (y - radius), (x + radius), (y + radius)]
        self._draw.arc([v * _SCALE for v in corners], *degrees, color, round(width * _SCALE))

    def line(self, points: Sequence[Point], color: Color, width: float = 4) -> None:
        """Draw a line through points, with round joints and ends."""
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self._draw.line(scaled, color, round(width * _SCALE), joint="curve")
        if len(color) == 3 or color[3] == 255:
            for point in (points[0], points[-1]):
                self.circle(point, width / 2, fill=color)

    def dashes(self, start: Point, end: Point, color: Color, width: float = 3) -> None:
        """Draw a dash-dotted centre line, level or upright."""
        length = abs(end[0] - start[0]) + abs(end[1] - start[1])
        at, lengths, index = 0.0, (34.0, 12.0, 6.0, 12.0), 0
        while at < length:
            stop = min(length, at + lengths[index % 4])
            if index % 2 == 0:
                a, b = at / length, stop / length
                self.line([_between(start, end, a), _between(start, end, b)], color, width)
            at, index = stop, index + 1

    def shape(self, points: Sequence[Point], fill: Color, line: Color | None = None) -> None:
        """Fill a polygon."""
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self._draw.polygon(scaled, fill)
        if line:
            self._draw.line([*scaled, scaled[0]], line, 3 * _SCALE, joint="curve")

    def hatch(self, box: Sequence[float], color: Color, *, step: float = 26) -> None:
        """Fill a box with slanted lines: the sign for cut metal."""
        x0, y0, x1, y1 = box
        offset = x0 + step
        while offset < x1 + (y1 - y0):
            a = (min(offset, x1), y0 + max(0.0, offset - x1))
            drop = min(y1 - a[1], a[0] - x0)
            self.line([a, (a[0] - drop, a[1] + drop)], color, 2.5)
            offset += step

    def arrow(self, start: Point, end: Point, color: Color, width: float = 8) -> None:
        """Draw a straight arrow."""
        length = max(1.0, ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5)
        ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        head = width * 3.2
        neck = (end[0] - ux * head, end[1] - uy * head)
        self.line([start, neck], color, width)
        side = head * 0.55
        left = (neck[0] - uy * side, neck[1] + ux * side)
        self.shape([end, left, (neck[0] + uy * side, neck[1] - ux * side)], color)

    def text(
        self,
        place: Point,
        words: str,
        size_px: int,
        color: Color = INK,
        *,
        weight: int = REGULAR,
        anchor: str = "ls",
    ) -> None:
        """Write one line; `anchor` is Pillow's: `ls` left on the baseline, `mm` in the middle."""
        self.words.append(words)
        face = font(size_px * _SCALE, weight)
        self._draw.text((place[0] * _SCALE, place[1] * _SCALE), words, color, face, anchor)

    def lines(
        self,
        lines: Sequence[str],
        room: Sequence[float],
        top: float,
        size_px: int,
        color: Color,
        *,
        weight: int = REGULAR,
        align: str = "left",
    ) -> tuple[float, float]:
        """Write lines below each other; returns how far they reach to the left and to the right.

        Args:
            lines: Words, each at most as wide as the room.
            room: Left, top, right and bottom of where they may be.
            top: Where the first line begins.
            size_px: Size of the letters.
            color: Of the letters.
            weight: 200 to 900.
            align: `left`, `centre` or `right`.
        """
        left, _, right, _ = room
        widths = [self.text_width(line, size_px, weight=weight) for line in lines]
        for index, (line, wide) in enumerate(zip(lines, widths, strict=True)):
            x = {"left": left, "centre": (left + right - wide) / 2, "right": right - wide}[align]
            baseline = top + size_px * (LINE * index + BASELINE)
            self.text((x, baseline), line, size_px, color, weight=weight)
        wide = max(widths, default=0.0)
        start = {"left": left, "centre": (left + right - wide) / 2, "right": right - wide}[align]
        return start, start + wide

    def formula(
        self, latex: str, room: Sequence[float], color: Color
    ) -> tuple[tuple[float, float, float, float] | None, str]:
        """Draw a formula in the middle of a room.

        Returns:
            Where it stands, and nothing; or None, and why it could not be drawn.
        """
        from workbench.explain.cards.equations import draw_equation

        left, top, right, bottom = room
        drawn, why = draw_equation(latex, color, (round(right - left), round(bottom - top)))
        if drawn is None:
            return None, why
        x, y = (left + right - drawn.width) / 2, (top + bottom - drawn.height) / 2
        self.paste(drawn, (x, y), drawn.size)
        return (x, y, x + drawn.width, y + drawn.height), ""

    @classmethod
    def formula_fault(cls, latex: str) -> str:
        """Why a formula cannot be drawn; nothing if it can."""
        from workbench.explain.cards.equations import draw_equation

        return draw_equation(latex, INK, (800, 300))[1]

    def text_width(self, words: str, size_px: int, *, weight: int = REGULAR) -> float:
        """Width of a line in pixels."""
        return float(font(size_px * _SCALE, weight).getlength(words)) / _SCALE

    def label(
        self, target: Point, place: Point, words: str, *, color: Color = INK, size_px: int = 38
    ) -> None:
        """Name a part: a dot on it, a thin line, and the words at the line's end."""
        to_right = place[0] >= target[0]
        elbow = (place[0] - 14, place[1]) if to_right else (place[0] + 14, place[1])
        self.line([target, elbow], SLATE if color == INK else STEEL, 2.5)
        self.circle(target, 8, fill=WHITE, line=TEAL, width=4)
        self.text(place, words, size_px, color, weight=600, anchor="lm" if to_right else "rm")

    def paste(self, picture: "Image.Image", place: Point, size_px: tuple[int, int]) -> None:
        """Lay a picture on the sheet at a size."""
        mask: Any = None
        scaled = picture.resize((size_px[0] * _SCALE, size_px[1] * _SCALE))
        if scaled.mode == "RGBA":
            mask = scaled
        self._image.paste(scaled, (round(place[0] * _SCALE), round(place[1] * _SCALE)), mask)


def _between(start: Point, end: Point, share: float) -> Point:
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)

"""A canvas that draws nothing and writes down what a card would draw, so that it can be animated.

Words, boxes and lines stand where the card has them: what is tidy as a card is tidy in motion.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.explain.animation.formulas import Written, written
from workbench.explain.cards.canvas import BASELINE, LINE, Canvas, Color, Point
from workbench.explain.cards.fonts import REGULAR
from workbench.explain.cards.lettering import Box


@dataclass(frozen=True, slots=True)
class Letters:
    """Lines of words."""

    text: str
    room: Box
    baseline: float
    """Where the first line stands, in pixels from the top."""
    size_px: int
    color: str
    weight: int
    align: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A filled box."""

    box: Box
    color: str
    round_px: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    center: Point
    radius_px: float
    color: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A line through points."""

    points: tuple[Point, ...]
    color: str
    width_px: float


@dataclass(frozen=True, slots=True)
class Formula:
    """An equation in the middle of its room."""

    written: Written
    room: Box
    color: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture goes."""

    box: Box


Mark = Letters | Panel | Dot | Trace | Formula | Place


def uncoloured(mark: Mark) -> Mark:
    """The mark without its colour: the same thing before and after it is coloured anew."""
    return mark if isinstance(mark, Place) else replace(mark, color="")


class Recorder(Canvas):
    """A canvas for what is drawn later."""

    def __init__(self, width_px: int, height_px: int, fill: Color = (255, 255, 255)) -> None:
        del width_px, height_px, fill  # there is no picture
        self.words: list[str] = []
        self.marks: list[tuple[int, Mark]] = []
        """Parts and what belongs to them, in the order of drawing."""

    def box(
        self,
        box: Sequence[float],
        *,
        fill: Color | None = None,
        line: Color | None = None,
        width: float = 3,
        round_px: float = 0,
    ) -> None:
        """Write a filled box down."""
        del line, width
        left, top, right, bottom = box
        if fill is not None:
            self._add(Panel((left, top, right, bottom), _hex(fill), round_px))

    def circle(
        self,
        center: Point,
        radius: float,
        *,
        fill: Color | None = None,
        line: Color | None = None,
        width: float = 3,
    ) -> None:
        """Write a filled circle down."""
        del line, width
        if fill is not None:
            self._add(Dot(center, radius, _hex(fill)))

    def line(self, points: Sequence[Point], color: Color, width: float = 4) -> None:
        """Write a line down."""
        self._add(Trace(tuple(points), _hex(color), width))

    def text(
        self,
        place: Point,
        words: str,
        size_px: int,
        color: Color = (0, 0, 0),
        *,
        weight: int = REGULAR,
        anchor: str = "ls",
    ) -> None:
        """Write a line of words down."""
        del anchor
        x, y = place
        right = x + self.text_width(words, size_px, weight=weight)
        self.words.append(words)
        room = (x, y - size_px * BASELINE, right, y + size_px * (LINE - BASELINE))
        self._add(Letters(words, room, y, size_px, _hex(color), weight, "left"))

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
        """Write lines down; returns how far they would reach to the left and to the right."""
        left, _, right, bottom = room
        self.words += lines
        if any(line.strip() for line in lines):
            within = (left, top, right, max(bottom, top + len(lines) * size_px * LINE))
            baseline = top + size_px * BASELINE
            self._add(
                Letters("\n".join(lines), within, baseline, size_px, _hex(color), weight, align)
            )
        wide = max((self.text_width(line, size_px, weight=weight) for line in lines), default=0.0)
        start = {"left": left, "centre": (left + right - wide) / 2, "right": right - wide}[align]
        return start, start + wide

    def formula(self, latex: str, room: Sequence[float], color: Color) -> tuple[Box | None, str]:
        """Write a formula down, if something can draw it."""
        found, why = written(latex)
        if found is None:
            return None, why
        left, top, right, bottom = room
        self._add(Formula(found, (left, top, right, bottom), _hex(color)))
        return (left, top, right, bottom), ""

    @classmethod
    def formula_fault(cls, latex: str) -> str:
        """Why nothing can draw a formula; nothing if something can."""
        return written(latex)[1]

    def paste(self, picture: Any, place: Point, size_px: tuple[int, int]) -> None:
        """Write down where a picture goes."""
        del picture
        x, y = place
        self._add(Place((x, y, x + size_px[0], y + size_px[1])))

    def _add(self, mark: Mark) -> None:
        self.marks.append((self.part, mark))


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color[:3])

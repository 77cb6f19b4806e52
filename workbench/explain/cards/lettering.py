"""Letters that fit: words wrapped into a box, as large as they can be, never over its edge."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.explain.cards.canvas import LINE, Canvas, Color
from workbench.explain.cards.fonts import REGULAR

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

CUT = "…"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Text as it goes into a box."""

    lines: tuple[str, ...]
    size_px: int
    is_cut: bool = False
    """Was there more than fits at the smallest size?"""

    @property
    def height_px(self) -> float:
        """Height of all lines."""
        return len(self.lines) * self.size_px * LINE


@dataclass(slots=True)
class Sheet:
    """A canvas that remembers where words stand, so that layouts can be checked."""

    canvas: Canvas
    placed: list[tuple[str, Box]] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    """Texts of which something had to be left out."""

    def write(
        self,
        box: Box,
        text: str,
        sizes_px: Sequence[int],
        color: Color,
        *,
        weight: int = REGULAR,
        align: str = "left",
        middle: bool = False,
    ) -> Box:
        """Write text into a box at the largest size that fits; returns where it stands.

        Args:
            box: The room there is.
            text: Words; line breaks are kept.
            sizes_px: Sizes to try, largest first.
            color: Of the letters.
            weight: 200 to 900.
            align: `left`, `centre` or `right`.
            middle: Half way down the box, and not at its top.
        """
        left, top, right, bottom = box
        fitted = fit(self.canvas, text, right - left, bottom - top, sizes_px, weight=weight)
        if fitted.is_cut:
            self.cut.append(text)
        y = top + max(0.0, (bottom - top - fitted.height_px) / 2) if middle else top
        start, end = self.canvas.lines(
            fitted.lines, box, y, fitted.size_px, color, weight=weight, align=align
        )
        placed = (start, y, end, y + fitted.height_px)
        if text.strip():
            self.placed.append((text, placed))
        return placed


def fit(
    canvas: Canvas,
    text: str,
    width_px: float,
    height_px: float,
    sizes_px: Sequence[int],
    *,
    weight: int = REGULAR,
) -> Fitted:
    """Wrap a text at the largest size that fits into a width and a height.

    Where even the smallest is too large, the end is left out and shown to be: `…`.
    """
    for size in sizes_px:
        lines = wrapped(canvas, text, width_px, size, weight=weight)
        if len(lines) * size * LINE <= height_px + 0.5:
            return Fitted(tuple(lines), size)
    size = sizes_px[-1]
    lines = wrapped(canvas, text, width_px, size, weight=weight)
    most = max(1, int((height_px + 0.5) // (size * LINE)))
    last = lines[most - 1]
    while last and canvas.text_width(last + CUT, size, weight=weight) > width_px:
        last = last[:-1]
    return Fitted((*lines[: most - 1], last.rstrip(" ,.;:") + CUT), size, is_cut=True)


def wrapped(
    canvas: Canvas, text: str, width_px: float, size_px: int, *, weight: int = REGULAR
) -> list[str]:
    """Lines of a text, each at most `width_px` wide; a longer word is divided."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if canvas.text_width(longer, size_px, weight=weight) <= width_px:
                line = longer
                continue
            if line:
                lines.append(line)
            line = ""
            for letter in word:
                if line and canvas.text_width(line + letter, size_px, weight=weight) > width_px:
                    lines.append(line)
                    line = ""
                line += letter
        lines.append(line)
    return lines

"""Letters of a moving picture: the cards' own font through Pango, spaced as it should be."""

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.explain.cards.canvas import LINE
from workbench.explain.cards.fonts import font, source_sans
from workbench.media.outputs import atomic_output

LARGER = 8
"""Pango puts letters on whole pixels, and Manim gives it very small ones: words are set so many
times larger, and made smaller again."""

FONT_SIZE_OF_PX = 0.8
"""Manim's size of letters whose em is one pixel: 48 are 60 pixels of 720."""

POINTS = 96 / 72
"""Pixels in a point: Manim gives Pango its sizes in points and its distances of lines in pixels."""

FALLBACK = "DejaVu Sans"

_RULER = 4
"""Words are measured so many times larger than they are, for fractions of a pixel."""


_files: list[Path] = []
"""The file of the cards' font that Pango reads; none until it is named."""


def font_file(folder: Path) -> Path | None:
    """The cards' font as a file that Pango reads, made in a folder if it is not there.

    It comes with Streamlit as WOFF2, which Pango leaves out.

    Returns:
        The file; None where the font or what unpacks it is missing.
    """
    packed = source_sans()
    if packed is None:
        return None
    target = folder / f"letters-{packed.stat().st_size}.ttf"
    if not target.is_file():
        try:
            from fontTools.ttLib import TTFont

            unpacked = TTFont(str(packed))
            unpacked.flavor = None
            with atomic_output(target) as temporary:
                unpacked.save(str(temporary))
        except ImportError:
            return None  # fontTools, or brotli in it
    return target


def use_font(file: Path) -> None:
    """Have words set in the font of a file."""
    _files.append(file)
    family_name.cache_clear()


@functools.cache
def family_name() -> str:
    """The family that words are set in: the cards' own, where Pango can read it."""
    import manimpango
    from manim import config

    file = _files[-1] if _files else font_file(Path(config.media_dir))
    if file is not None:
        name = str(font(48).getname()[0])
        if manimpango.register_font(str(file)) and name in manimpango.list_fonts():
            return name
    return FALLBACK


def lettered(text: str, size_px: float, color: str, weight: int) -> Any:
    """Lines of words as a Manim object, in the middle of the frame.

    Args:
        text: Lines of words; it is no markup.
        size_px: Size of the letters.
        color: As `#rrggbb`.
        weight: 200 to 900.
    """
    from manim import Text, VGroup, VMobject, config

    width, height = config.pixel_width, config.pixel_height
    # Pango would divide what is wider than Manim's frame.
    config.pixel_width, config.pixel_height = 2 * LARGER * width, 2 * LARGER * height
    try:
        made = Text(
            "\n".join(_in_order(line) for line in text.split("\n")),
            font=family_name(),
            font_size=size_px * FONT_SIZE_OF_PX * LARGER,
            line_spacing=LINE * POINTS - 1,
            color=color,
            weight=_weight(weight),
        )
    finally:
        config.pixel_width, config.pixel_height = width, height
    made.scale(1 / LARGER)
    # Manim copies what it moves, and its letters carry the file they came from.
    look = {"fill_color": color, "fill_opacity": 1, "stroke_width": 0}
    return VGroup(*(VMobject(**look).set_points(letter.points) for letter in made.submobjects))


def ink_box(lines: Sequence[str], first: int, size_px: float, weight: int) -> tuple[float, float]:
    """How far the ink of lines begins right of their margin, and above the first one's baseline.

    Args:
        lines: The lines.
        first: The first of them that has words.
        size_px: Size of the letters.
        weight: 200 to 900.

    Returns:
        Pixels to the right, and pixels down, which are negative.
    """
    face = font(round(size_px * _RULER), weight)
    boxes = [face.getbbox(line, anchor="ls") for line in lines if line.strip()]
    top = face.getbbox(lines[first], anchor="ls")[1]
    return min(box[0] for box in boxes) / _RULER, top / _RULER


def _in_order(line: str) -> str:
    """A line that begins at the left, also where its words are read from the right.

    What is no letter and no sign is left out: a zero would end Pango's text.
    """
    line = "".join(each for each in line if unicodedata.category(each) not in {"Cc", "Cs"})
    for letter in line:
        direction = unicodedata.bidirectional(letter)
        if direction == "L":
            return line
        if direction in {"R", "AL"}:
            return f"\u200e\u2067{line}\u2069"
    return line


def _weight(weight: int) -> str:
    names = {450: "NORMAL", 550: "MEDIUM", 660: "SEMIBOLD"}
    return next((name for most, name in names.items() if weight <= most), "BOLD")

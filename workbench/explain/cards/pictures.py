"""Pictures on cards: whole, in the middle of their room, with a slow zoom if asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.explain.cards.canvas import Color
from workbench.explain.cards.lettering import Box

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LARGEST_PX = 2560
"""Longest side a picture is read at: twice the film's, so that there is something to zoom into."""

Zoom = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of width and height, 0 to 1."""


def on_paper(path: Path, paper: Color) -> "Picture":
    """A picture from a file; where it is clear, the paper is seen.

    Raises:
        MediaError: It cannot be read.
    """
    from PIL import Image as Pillow

    from workbench.media.images.opening import plain_picture

    picture = plain_picture(path, largest_px=LARGEST_PX)
    if picture.mode == "RGBA":
        sheet = Pillow.new("RGB", picture.size, paper[:3])
        sheet.paste(picture, mask=picture.getchannel("A"))
        return sheet
    return picture.convert("RGB")


def inside(size_px: tuple[int, int], room: Box) -> tuple[tuple[int, int], tuple[int, int]]:
    """The place and size of a picture in a box: whole, in the middle.

    Example:
        >>> inside((400, 200), (0, 0, 100, 100))
        ((0, 25), (100, 50))
    """
    left, top, right, bottom = room
    scale = min((right - left) / size_px[0], (bottom - top) / size_px[1])
    width, height = max(1, round(size_px[0] * scale)), max(1, round(size_px[1] * scale))
    return (round((left + right - width) / 2), round((top + bottom - height) / 2)), (width, height)


def zooming(
    picture: "Picture", size_px: tuple[int, int], goal: Zoom, count: int
) -> "Iterator[Picture]":
    """Go from the whole picture to a part of it, slow at both ends.

    Args:
        picture: The whole.
        size_px: Width and height of what comes out.
        goal: The part; it is grown to the picture's own shape.
        count: How many pictures.
    """
    for index in range(count):
        share = _eased(index / max(1, count - 1))
        part = [a + (b - a) * share for a, b in zip((0, 0, 1, 1), _shaped(goal), strict=True)]
        cut = (
            part[0] * picture.width, part[1] * picture.height,
            part[2] * picture.width, part[3] * picture.height,
        )  # fmt: skip
        yield picture.resize(size_px, 2, box=cut)


def _shaped(zoom: Zoom) -> Zoom:
    """The part to zoom to, grown to the picture's own shape, inside of it."""
    side = min(1.0, max(zoom[2] - zoom[0], zoom[3] - zoom[1], 0.2))
    x = min(max(0.0, (zoom[0] + zoom[2] - side) / 2), 1 - side)
    y = min(max(0.0, (zoom[1] + zoom[3] - side) / 2), 1 - side)
    return x, y, x + side, y + side


def _eased(share: float) -> float:
    return share * share * (3 - 2 * share)

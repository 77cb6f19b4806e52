"""How much one picture of a video differs from the next, and which differences are cuts.

A cut stands out from what happens around it: the rule is PySceneDetect's adaptive detector, with a
second rule for slides, whose cuts are small but happen in complete calm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

WIDTH_PX, HEIGHT_PX = 128, 72
BLOCK_PX = 8
"""Size of the pictures that are compared, and of the blocks they are counted in."""

HARD_CUT = 15.0
"""Least difference at a cut (PySceneDetect, AdaptiveDetector, `min_content_val`)."""

STANDS_OUT = 3.0
"""How many times the difference of its neighbours a cut has (`adaptive_threshold`)."""

NEIGHBOURS = 2
"""Frames on each side that a difference is compared with (`window_width`)."""

NEAR_S = 0.4
REPEATED = 0.1
MOST_REPEATS = 2
"""A frame that differs less from the one before is a repeated one: drawn films show each picture
two or three times, and the repeats would make every new one stand out."""

SLIDE_CHANGE = 1.5
SLIDE_BLOCKS = 0.15
CALM = 0.6
"""A new slide: this difference, in this share of the blocks, with next to nothing around it."""

CHANGED_BLOCK = 10
"""A block has changed when its pixels differ by this much on average, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How the picture at a moment differs from the one before it."""

    at_s: float
    amount: float
    """Mean difference of hue, saturation and value: 0 none, 255 at most."""
    blocks: float
    """Share of the blocks that changed, 0 to 1; only worked out from `SLIDE_CHANGE` up."""


class Comparer:
    """Compares each picture with the one before it."""

    def __init__(self) -> None:
        self._before: tuple[Any, Any] | None = None

    def next(self, frame: Any, at_s: float) -> Difference:
        """Difference of a decoded frame (`av.VideoFrame`) from the one before; 0 for the first."""
        import cv2

        small = frame.reformat(
            width=WIDTH_PX, height=HEIGHT_PX, format="bgr24", interpolation="FAST_BILINEAR"
        ).to_ndarray()
        colours = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        before, self._before = self._before, (small, colours)
        if before is None:
            return Difference(at_s, 0.0, 0.0)
        amount = sum(cv2.mean(cv2.absdiff(colours, before[1]))) / 3
        blocks = _changed_blocks(small, before[0]) if amount >= SLIDE_CHANGE else 0.0
        return Difference(at_s, float(amount), blocks)


def find_cuts(differences: Sequence[Difference]) -> list[float]:
    """Moments of the cuts in a run of differences, in order.

    Example:
        >>> calm = [Difference(i / 25, 1.0, 0.0) for i in range(20)]
        >>> find_cuts([*calm, Difference(0.8, 60.0, 1.0), *(Difference(0.8 + i / 25, 1.0, 0.0)
        ...            for i in range(1, 9))])
        [0.8]
    """
    return [here.at_s for index, here in enumerate(differences) if _is_cut(differences, index)]


def _is_cut(differences: Sequence[Difference], index: int) -> bool:
    here = differences[index]
    if here.amount < SLIDE_CHANGE:
        return False
    around = [
        *_near(differences, range(index - 1, -1, -1), here.at_s),
        *_near(differences, range(index + 1, len(differences)), here.at_s),
    ]
    usual = sum(around) / len(around) if around else 0.0
    if here.amount >= HARD_CUT:
        return here.amount >= STANDS_OUT * usual
    return here.blocks >= SLIDE_BLOCKS and usual <= CALM


def _near(differences: Sequence[Difference], indices: range, at_s: float) -> list[float]:
    """Differences of the nearest frames on one side, repeated frames passed over."""
    found: list[float] = []
    repeats = 0
    for index in indices:
        other = differences[index]
        if len(found) == NEIGHBOURS or abs(other.at_s - at_s) > NEAR_S:
            break
        repeats = repeats + 1 if other.amount <= REPEATED else 0
        if repeats > MOST_REPEATS:
            # Nothing moves at all on this side.
            return [*found, *(0.0 for _ in range(NEIGHBOURS - len(found)))]
        if not repeats:
            found.append(other.amount)
    return found


def _changed_blocks(one: "np.ndarray[Any, Any]", other: "np.ndarray[Any, Any]") -> float:
    import cv2

    difference = cv2.absdiff(one, other).max(axis=2)
    blocks = difference.reshape(HEIGHT_PX // BLOCK_PX, BLOCK_PX, WIDTH_PX // BLOCK_PX, BLOCK_PX)
    return float((blocks.mean(axis=(1, 3)) > CHANGED_BLOCK).mean())

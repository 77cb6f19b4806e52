"""Pictures of somebody's film at the pace of ours: for clips inside of an explainer."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.explain.visuals import Clip
from workbench.media.frames import read_frames

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LARGEST_PX = 1280


def footage(clip: Clip, count: int, length_s: float) -> Iterator["Picture"]:
    """The frames of a clip.

    A clip that is shorter than its beat stands still at its end; of a longer one only the
    beginning is shown. It is never slower or faster than it was.

    Args:
        clip: What to show.
        count: How many frames.
        length_s: How long they are shown in all, in seconds.

    Raises:
        MediaError: The film cannot be read.
    """
    from PIL import Image

    step_s = length_s / max(1, count)
    last_s = max(clip.start_s, clip.end_s - step_s)
    moments = [min(clip.start_s + index * step_s, last_s) for index in range(count)]
    for _, pixels in read_frames(Path(clip.path), moments, max_side_px=LARGEST_PX):
        yield Image.fromarray(pixels)

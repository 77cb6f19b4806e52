"""Pictures of somebody's film at the pace of ours: for clips inside of an explainer."""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.explain.storyboards.visuals import Clip
from workbench.media.frames.moments import read_frames

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LARGEST_PX = 1280


def footage(
    clip: Clip, count: int, length_s: float, *, largest_px: int = LARGEST_PX
) -> Generator["Picture", None, None]:
    """The frames of a clip.

    A clip that is shorter than its beat stands still at its end; of a longer one only the
    beginning is shown. It is never slower or faster than it was.

    Args:
        clip: What to show.
        count: How many frames.
        length_s: How long they are shown in all, in seconds.
        largest_px: Longest side of the frames; nothing is enlarged.

    Raises:
        MediaError: The film cannot be read.
    """
    from PIL import Image

    step_s = length_s / max(1, count)
    last_s = max(clip.start_s, clip.end_s - step_s)
    moments = [min(clip.start_s + index * step_s, last_s) for index in range(count)]
    for _, pixels in read_frames(Path(clip.path), moments, max_side_px=largest_px):
        yield Image.fromarray(pixels)

"""The one picture that stands for a film: not black, not empty, and cheap to find."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.media.asset import Asset
from workbench.media.frames.moments import read_frames, read_key_frames, save_frame, save_small

if TYPE_CHECKING:
    import numpy as np

LOOKED_AT = (0.1, 0.25, 0.4, 0.6, 0.8)
"""Where in a film to look, as shares of its length. The first that will do is taken: a tenth in,
the opening is over and nothing is given away."""

ENOUGH_DETAIL = 3.0
"""Mean step from pixel to pixel, 0 to 255, of a picture that will do. Black, white and fades have
0 to 1, titles on a plain ground 1 to 3, what was filmed 3 to 24."""

FEW, SHORT_S = 2, 60.0
"""A film with no more key frames to choose from is decoded, if it is not longer than a minute."""

_LOOKED_AT_PX = (64, 36)


def save_poster(asset: Asset, target: Path, *, width_px: int = 480) -> Path:
    """Save a small JPEG that stands for a film, or of a photo.

    Of a few key frames the first with enough detail is taken, else the one with most; 4 ms each at
    720p, whatever the length of the film.

    Args:
        asset: A video or picture.
        target: Where the JPEG goes; an existing file is replaced.
        width_px: Width wanted; a narrower original keeps its own.

    Returns:
        `target`.

    Raises:
        MediaUnsupported: The asset has no pictures.
        MediaError: The file cannot be read.
        DiskFull: There is no room.
    """
    if asset.kind != "video":
        return save_frame(asset, 0.0, target, width_px=width_px)
    chosen = _chosen(asset, width_px)
    if chosen is None:
        return save_frame(asset, asset.duration_s * LOOKED_AT[0], target, width_px=width_px)
    return save_small(chosen, target)


def _chosen(asset: Asset, width_px: int) -> "np.ndarray[Any, Any] | None":
    """The picture with enough detail, else with most; None where nothing can be decoded."""
    width_px = max(1, min(width_px, asset.width_px))
    side_px = max(width_px, round(asset.height_px * width_px / max(1, asset.width_px)))
    moments = [asset.duration_s * share for share in LOOKED_AT]
    seen: list[tuple[float, np.ndarray[Any, Any]]] = []
    for reader in (read_key_frames, read_frames):
        for _, picture in reader(asset.path, moments, max_side_px=side_px):
            seen.append((_detail(picture), picture))
            if seen[-1][0] >= ENOUGH_DETAIL:
                return picture
        # A short film may have one key frame, and that one be black: the others are decoded then.
        if len(seen) > FEW or asset.duration_s > SHORT_S:
            break
    return max(seen, key=lambda each: each[0])[1] if seen else None


def _detail(picture: "np.ndarray[Any, Any]") -> float:
    """Mean difference of neighbouring pixels, looked at in small so that noise does not count."""
    import numpy as np
    from PIL import Image

    small = Image.fromarray(picture).convert("L").resize(_LOOKED_AT_PX, Image.Resampling.BOX)
    values = np.asarray(small, np.int16)
    across, down = np.abs(np.diff(values, axis=1)), np.abs(np.diff(values, axis=0))
    return float((across.mean() + down.mean()) / 2)

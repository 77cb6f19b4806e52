"""A strip of a film: pictures spread evenly over it, in one JPEG, with the moments they show.

What the JPEG holds is written into its own comment, so that picture and moments never part.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaDamaged, MediaUnsupported
from workbench.media.asset import Asset
from workbench.media.containers import damaged
from workbench.media.frames.moments import read_frames, read_key_frames
from workbench.media.outputs import atomic_output

if TYPE_CHECKING:
    import numpy as np

    Pictures = list[tuple[float, np.ndarray[Any, Any]]]

MOST_PICTURES = 60
"""One for every quarter of an inch of a wide screen; a JPEG of some 150 kB."""

CELL_HEIGHT_PX = 90
WIDEST_CELL_PX = 240
COLUMNS = 10
QUALITY = 78

FEWEST_KEYS = 16
DECODED_PIXEL_S = 60_000_000
"""A film with fewer key frames than that is decoded, if it is short: these are seconds times pixels
of one picture, a minute of 720p. It takes two seconds."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A sheet of small pictures, in rows of `columns`."""

    path: Path
    moments_s: tuple[float, ...]
    """When each picture is shown, in order, in seconds on the source's clock."""
    cell_px: tuple[int, int]
    """Width and height of one picture."""
    columns: int

    def nearest(self, moment_s: float) -> int:
        """Number of the picture shown at a moment, or soonest after."""
        before = [n for n, shown_s in enumerate(self.moments_s) if shown_s <= moment_s + 0.001]
        return before[-1] if before else 0


def make_strip(asset: Asset, target: Path, *, source: Path | None = None) -> Strip:
    """Make a strip of a film.

    Key frames are sought one by one: 4 ms each at 720p, whatever the film's length. A short film
    with few of them is decoded instead.

    Args:
        asset: A video.
        target: Where the JPEG goes; an existing one is replaced.
        source: A proxy of the same film to read instead of it, which is quicker.

    Returns:
        At most 60 pictures, and one a second at most; fewer where the film has fewer key frames.

    Raises:
        MediaUnsupported: The asset has no moving pictures.
        MediaDamaged: None of its pictures can be decoded.
        DiskFull: There is no room.
    """
    from PIL import Image

    if asset.kind != "video":
        raise MediaUnsupported(f"{asset.name} has no moving pictures", hint="choose a video")
    cell_px = _cell(asset)
    pictures = _pictures(asset, source or asset.path, max(cell_px))
    if not pictures:
        raise damaged(asset.path, "none of its pictures can be decoded")
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (cell_px[0] * columns, cell_px[1] * rows))
    for number, (_, pixels) in enumerate(pictures):
        # A proxy's even sizes are a pixel off now and then.
        small = Image.fromarray(pixels).resize(cell_px)
        sheet.paste(small, (number % columns * cell_px[0], number // columns * cell_px[1]))
    moments = tuple(round(moment_s, 3) for moment_s, _ in pictures)
    told = {"moments_s": moments, "cell_px": cell_px, "columns": columns}
    with atomic_output(target) as temporary:
        sheet.save(temporary, "JPEG", quality=QUALITY, comment=json.dumps(told).encode())
    return Strip(target, moments, cell_px, columns)


def read_strip(path: Path) -> Strip:
    """What a strip made before holds.

    Raises:
        MediaDamaged: It is not one of ours, or not whole.
    """
    from PIL import Image

    try:
        with Image.open(path) as sheet:
            told = json.loads(sheet.info["comment"])
        width_px, height_px = told["cell_px"]
        return Strip(path, tuple(told["moments_s"]), (width_px, height_px), told["columns"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MediaDamaged(f"{path.name} is no strip of ours", hint="delete it") from error


def _cell(asset: Asset) -> tuple[int, int]:
    width_px = round(CELL_HEIGHT_PX * asset.width_px / max(1, asset.height_px))
    return min(WIDEST_CELL_PX, max(2, width_px)), CELL_HEIGHT_PX


def _pictures(asset: Asset, source: Path, side_px: int) -> "Pictures":
    count = max(1, min(MOST_PICTURES, round(asset.duration_s)))
    step_s = asset.duration_s / count
    moments = [(number + 0.5) * step_s for number in range(count)]
    pictures = list(read_key_frames(source, moments, max_side_px=side_px))
    if len(pictures) < min(count, FEWEST_KEYS) and _is_small(asset, source):
        pictures = list(read_frames(source, moments, max_side_px=side_px))
    pictures.sort(key=lambda each: each[0])
    # Containers without an index lead to one key frame from two sides.
    doubled = {n + 1 for n, (one, two) in enumerate(pairwise(pictures)) if two[0] - one[0] < 0.02}
    return [each for number, each in enumerate(pictures) if number not in doubled]


def _is_small(asset: Asset, source: Path) -> bool:
    if source != asset.path:
        return asset.duration_s <= MOST_PICTURES * 10
    return asset.duration_s * asset.width_px * asset.height_px <= DECODED_PIXEL_S

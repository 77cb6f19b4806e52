"""Look at a rendered scene before anybody opens it: streams, length, and whether it shows anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MediaDamaged
from workbench.explain.scripts.findings import Finding

if TYPE_CHECKING:
    import numpy as np

FLAT = 8
"""Difference between the darkest and the brightest point of a picture in which nothing is."""
STILL = 0.02
"""Mean difference of two pictures that are the same but for the encoder."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a film file is."""

    frames: int
    duration_s: float
    findings: tuple[Finding, ...]


def probe_scene(
    path: Path, size_px: tuple[int, int], frame_rate: int, planned_s: float, *, look: bool = True
) -> Probed:
    """What a rendered scene is, and what is wrong with it.

    Args:
        path: The file; nobody has opened it yet.
        size_px: Width and height it should have.
        frame_rate: Frames a second it should have.
        planned_s: How long it should be, from the run without frames.
        look: Look at the pictures as well.

    Raises:
        MediaDamaged: It is no film.
    """
    import av

    try:
        with av.open(str(path), format="mp4") as file:
            if len(file.streams.video) != 1 or len(file.streams) != 1:
                raise MediaDamaged(f"the scene's file has {len(file.streams)} streams, not one")
            stream = file.streams.video[0]
            if (stream.width, stream.height) != size_px:
                raise MediaDamaged(f"the scene is {stream.width} by {stream.height} pixels")
            if look:
                frames, findings = _looked(
                    frame.reformat(160, 90, format="gray").to_ndarray()
                    for frame in file.decode(stream)
                )
            else:
                frames = sum(1 for packet in file.demux(stream) if packet.size)
                findings = []
    except av.FFmpegError as error:
        raise MediaDamaged(f"the scene's file cannot be read: {error}") from error
    duration_s = frames / frame_rate
    if abs(duration_s - planned_s) > max(0.5, 0.1 * planned_s):
        said = f"the scene is {duration_s:.1f} s long, and was planned for {planned_s:.1f} s"
        findings.append(Finding("picture", 0, said, is_error=False))
    return Probed(frames, duration_s, tuple(findings))


def _looked(pictures: "Iterator[np.ndarray]") -> tuple[int, list[Finding]]:
    count = empty = moves = 0
    before: np.ndarray | None = None
    for picture in pictures:
        count += 1
        empty += int(picture.max()) - int(picture.min()) <= FLAT
        if before is not None:
            moves += bool(abs(picture.astype("int16") - before).mean() > STILL)
        before = picture.astype("int16")
    if not count:
        raise MediaDamaged("the scene's file has no pictures")
    if empty == count:
        return count, [Finding("picture", 0, "nothing is seen in the whole scene", "add something")]
    found = []
    if empty > 0.7 * count:
        said = f"nothing is seen in {empty} of {count} pictures"
        found.append(Finding("picture", 0, said, is_error=False))
    if count > 1 and not moves:
        found.append(Finding("picture", 0, "nothing moves in the scene", is_error=False))
    return count, found

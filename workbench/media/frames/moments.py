"""Take single pictures out of a video, exactly as shown at a moment.

The picture of a moment is the last frame that begins at or before it; before the first frame it is
the first, and after the end the last.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaEmpty, MediaUnsupported, RequestError
from workbench.media.asset import Asset
from workbench.media.containers import (
    ROUNDING_S,
    clock_zero_s,
    damaged,
    decoded,
    decoded_from,
    frame_time_s,
    open_container,
    packets,
    require_video,
    upright_picture,
    upright_size,
)
from workbench.media.images.opening import thumbnail
from workbench.media.outputs import atomic_output

if TYPE_CHECKING:
    import numpy as np

READ_ON_S = 2.0
"""Up to this distance, decoding on is cheaper than seeking back to a keyframe."""

MOST_SKIPPED = 2000
"""Packets to pass over in search of a key frame, where a container seeks to none."""

THUMBNAIL_QUALITY = 82


def read_frames(
    path: Path, moments_s: Sequence[float], *, max_side_px: int | None = None
) -> Iterator[tuple[float, "np.ndarray[Any, Any]"]]:
    """Read the pictures shown at some moments of a video.

    The file is read once from front to back: near moments share the decoding between them, far
    ones are reached by seeking.

    Args:
        path: A video file.
        moments_s: Moments in seconds on the video's clock, in any order.
        max_side_px: Longest side of the pictures, in pixels; None keeps the size. Nothing is
            enlarged.

    Yields:
        The moment and its picture, in order of time: an upright RGB array of 8-bit values, shape
        (height, width, 3). A moment asked for twice comes twice.

    Raises:
        RequestError: A moment is negative, or `max_side_px` is less than 1.
        MediaUnsupported: The file has no moving pictures.
        MediaError: The file cannot be read.
    """
    if any(not moment_s >= 0 for moment_s in moments_s):
        raise RequestError("a frame's moment cannot be before 0")
    if max_side_px is not None and max_side_px < 1:
        raise RequestError(f"pictures of {max_side_px} px cannot be made")
    wanted = sorted(float(moment_s) for moment_s in moments_s)
    if not wanted:
        return
    with open_container(path) as container:
        stream = require_video(container, path)
        stream.thread_type = "AUTO"
        reader = _Reader(container, stream)
        last_frame, last_picture = None, None
        for moment_s in wanted:
            frame = reader.frame_at(moment_s)
            if frame is None:
                raise damaged(path, "none of its pictures can be decoded")
            if frame is not last_frame or last_picture is None:
                size_px = _scaled(upright_size(stream, round(frame.rotation)), max_side_px)
                last_frame, last_picture = frame, upright_picture(frame, size_px=size_px)
            yield moment_s, last_picture


def read_key_frames(
    path: Path, moments_s: Sequence[float], *, max_side_px: int | None = None
) -> Iterator[tuple[float, "np.ndarray[Any, Any]"]]:
    """Read the key frames nearest before some moments of a video: cheap, and not exact.

    Each is sought and decoded alone, so the length of the film does not matter.

    Args:
        path: A video file.
        moments_s: Moments in seconds on the video's clock, in any order.
        max_side_px: Longest side of the pictures, in pixels; None keeps the size. Nothing is
            enlarged.

    Yields:
        The key frame's own time in seconds and its picture, as of `read_frames`. A key frame that
        several moments lead to comes once; what cannot be decoded is passed over.

    Raises:
        MediaUnsupported: The file has no moving pictures.
        MediaError: The file cannot be read.
    """
    import av

    with open_container(path) as container:
        stream = require_video(container, path)
        # One picture at a time: threads would only wait for each other.
        stream.thread_type, stream.codec_context.thread_count = "SLICE", 1
        zero_s = clock_zero_s(container)
        last_pts = None
        for moment_s in sorted(moments_s):
            try:
                container.seek(int((moment_s + zero_s) / stream.time_base), stream=stream)
            except av.error.FFmpegError:
                continue
            key = _next_key(container, stream)
            if key is None or key.pts == last_pts:
                continue
            last_pts = key.pts
            if (frame := _decoded_alone(stream, key)) is not None:
                size_px = _scaled(upright_size(stream, round(frame.rotation)), max_side_px)
                picture = upright_picture(frame, size_px=size_px)
                yield frame_time_s(key, stream, zero_s), picture


def _next_key(container: Any, stream: Any) -> Any:
    for packet in islice(packets(container, stream), MOST_SKIPPED):
        if packet.is_keyframe and packet.pts is not None and packet.size:
            return packet
    return None


def _decoded_alone(stream: Any, key: Any) -> Any:
    """The picture of one packet; None if it cannot be decoded."""
    import av

    try:
        # Nothing follows it, so the decoder gives what it holds.
        frames = [*key.decode(), *stream.codec_context.decode(None)]
    except (av.error.InvalidDataError, av.error.EOFError):
        return None
    finally:
        stream.codec_context.flush_buffers()
    return next((frame for frame in frames if frame.pts is not None), None)


def save_frame(asset: Asset, moment_s: float, target: Path, *, width_px: int = 480) -> Path:
    """Save a small JPEG of the picture shown at a moment, or of a photo.

    Args:
        asset: A video or picture.
        moment_s: Seconds on the video's clock; not used for a picture.
        target: Where the JPEG goes; an existing file is replaced.
        width_px: Width wanted; a narrower original keeps its own.

    Returns:
        `target`.

    Raises:
        MediaUnsupported: The asset has no pictures.
        MediaError: The file cannot be read.
        DiskFull: There is no room.
    """
    from PIL import Image

    if not asset.has_pictures:
        raise MediaUnsupported(f"{asset.name} has no pictures", hint="choose a video or photo")
    if asset.width_px < 1:
        raise MediaEmpty(f"{asset.name} has no pictures", hint="import the file again")
    width_px = max(1, min(width_px, asset.width_px))
    height_px = max(1, round(asset.height_px * width_px / asset.width_px))
    longest_px = max(width_px, height_px)
    if asset.kind == "image":
        picture = thumbnail(asset.path, largest_px=longest_px)
    else:
        _, pixels = next(read_frames(asset.path, [moment_s], max_side_px=longest_px))
        picture = Image.fromarray(pixels)
    return save_small(picture, target)


def save_small(picture: Any, target: Path) -> Path:
    """Save a picture, an RGB array or one of Pillow's, as a small JPEG."""
    from PIL import Image

    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(picture)
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        picture = paper
    with atomic_output(target) as temporary:
        picture.save(temporary, "JPEG", quality=THUMBNAIL_QUALITY, optimize=True)
    return target


class _Reader:
    """Finds the frame shown at a moment; moments must not go back."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = stream
        self._zero_s = clock_zero_s(container)
        self._frames: Iterator[Any] = decoded(container, stream)
        self._shown: Any = None
        self._next: Any = None
        self._is_at_end = False
        self._longest_gop_s = READ_ON_S
        self._keyframe_s: float | None = None

    def frame_at(self, moment_s: float) -> Any:
        """The frame shown at `moment_s`; None if the video has no frames at all."""
        if self._is_far(moment_s):
            self._seek(moment_s)
        while not self._is_at_end:
            if self._next is None:
                self._next = self._decode()
                if self._next is None:
                    break
            if self._shown is not None and self._time(self._next) > moment_s + ROUNDING_S:
                break
            self._shown, self._next = self._next, None
        return self._shown

    def _is_far(self, moment_s: float) -> bool:
        if self._is_at_end:
            return False
        here_s = 0.0 if self._shown is None else self._time(self._shown)
        return moment_s - here_s > self._longest_gop_s

    def _seek(self, moment_s: float) -> None:
        self._frames = decoded_from(self._container, self._stream, moment_s)
        self._shown, self._next, self._keyframe_s = None, None, None
        self._next = self._decode()
        if self._next is not None:
            # The keyframe before this moment is that far away: nearer ones need no seeking.
            distance_s = moment_s - self._time(self._next)
            self._longest_gop_s = max(self._longest_gop_s, distance_s)

    def _decode(self) -> Any:
        for frame in self._frames:
            if frame.pts is None:
                continue
            if frame.key_frame:
                now_s = self._time(frame)
                if self._keyframe_s is not None:
                    self._longest_gop_s = max(self._longest_gop_s, now_s - self._keyframe_s)
                self._keyframe_s = now_s
            return frame
        self._is_at_end = True
        return None

    def _time(self, frame: Any) -> float:
        return frame_time_s(frame, self._stream, self._zero_s)


def _scaled(size_px: tuple[int, int], max_side_px: int | None) -> tuple[int, int]:
    scale = min(1.0, max_side_px / max(size_px)) if max_side_px else 1.0
    return max(1, round(size_px[0] * scale)), max(1, round(size_px[1] * scale))

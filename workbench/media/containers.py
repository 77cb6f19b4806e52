"""Open a video or sound file with PyAV, on the one clock everything here uses.

Time 0 is the container's own start time: streams that begin later begin later on our clock too, as
they do in a player and in ffmpeg.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaDamaged, MediaEmpty, MediaMissing, MediaUnsupported
from workbench.media.ffmpeg import INPUT_SAFETY

if TYPE_CHECKING:
    import numpy as np

ROUNDING_S = 0.001
"""Time stamps are rounded by their containers; a frame this much late still counts."""

SEEK_BACK_S = (0.0, 2.0, 12.0)
"""How far before a moment to look for a keyframe, if the container finds none at it."""

MOST_BROKEN = 200
"""Broken packets in a row after which a stream counts as unreadable."""

TS_PACKET_BYTES = 188
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"moof"})
_SIGNATURES = (
    *(b"\x1aE\xdf\xa3", b"RIFF", b"\0\0\x01", b"\0\0\0\x01", b"FLV", b"0&\xb2u", b"OggS", b"ID3"),
    *(b"fLaC", b"FORM", b".snd", b"caff", b"#!AMR", b".RMF", b"DKIF", b"\x06\x0e+4", b"\x0bw"),
)


@contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """Open a file for reading; PyAV's errors become ours.

    Yields:
        An `av.container.InputContainer`.

    Raises:
        MediaMissing: The file is not there, or may not be read.
        MediaEmpty: It has no bytes.
        MediaUnsupported: It is no container we read.
        MediaDamaged: Its header or its data cannot be read.
    """
    import av

    require_file(path)
    try:
        # `file:` keeps a name such as `concat:a|b` a name.
        with av.open(
            f"file:{path.absolute()}",
            options=dict(INPUT_SAFETY),
            metadata_errors="replace",
        ) as container:
            yield container
    except av.error.FileNotFoundError as error:
        raise MediaMissing(f"{path.name} is no longer there", hint="import it again") from error
    except (av.error.ArgumentError, av.error.DemuxerNotFoundError) as error:
        raise _unsupported(path) from error
    except av.error.DecoderNotFoundError as error:
        raise MediaUnsupported(
            f"{path.name} uses a codec we cannot decode",
            hint="convert it to MP4 (H.264 and AAC) and import it again",
        ) from error
    except av.error.FFmpegError as error:
        if not starts_like_media(path):
            raise _unsupported(path) from error
        raise damaged(path, _missing_index(path) or error.strerror or str(error)) from error


def starts_like_media(path: Path) -> bool:
    """Do the first bytes promise a film or sound file, whole or not?"""
    with path.open("rb") as file:
        head = file.read(TS_PACKET_BYTES + 1)
    return (
        head.startswith(_SIGNATURES)
        or head[4:8] in _MP4_BOXES
        or (head[:1] == b"G" and head[TS_PACKET_BYTES:] == b"G")
        or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")
    )


def _missing_index(path: Path) -> str:
    """Why an MP4 without its index cannot be opened; empty where it has one, or is no MP4."""
    size_bytes, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at + 16 <= size_bytes:
            file.seek(at)
            head = file.read(16)
            length, name = int.from_bytes(head[:4], "big"), head[4:8]
            if name not in _MP4_BOXES or name in {b"moov", b"moof"}:
                return ""
            # A length of 1 says that the length follows in eight bytes, 0 that it is the rest.
            length = int.from_bytes(head[8:], "big") if length == 1 else length
            if name == b"mdat" and (not length or at + length > size_bytes):
                return "it was cut off before its index, which stands at the end of such a file"
            if length < 8:
                return ""
            at += length
    return "it has no index, as a recording that was not closed"


def _unsupported(path: Path) -> MediaUnsupported:
    return MediaUnsupported(
        f"{path.name} is not a video or sound file we read",
        hint="convert it to MP4 (H.264 and AAC) and import it again",
    )


def damaged(path: Path, why: str) -> MediaDamaged:
    """The error for a file that cannot be read to its end."""
    return MediaDamaged(
        f"{path.name} is damaged: {why[:1].lower()}{why[1:]}",
        hint="play it to see whether it is complete, and copy or export it again",
    )


def require_file(path: Path) -> int:
    """Check that a path is a file with bytes in it that may be read; give its size in bytes.

    Raises:
        MediaMissing: It is not there, is no file, or may not be read.
        MediaEmpty: It has no bytes.
    """
    try:
        size_bytes = path.stat().st_size
        if not path.is_file():
            raise MediaMissing(
                f"{path.name or path} is not a file", hint="choose a video or photo file"
            )
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise MediaMissing(
            f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}",
            hint=f"check that {path} is there and that you may read it",
        ) from error
    except ValueError as error:
        raise MediaMissing(f"{path!r} is no path: {error}", hint="check the file's name") from error
    if size_bytes == 0:
        raise MediaEmpty(f"{path.name} has no bytes", hint="copy the file again")
    return size_bytes


def main_video(container: Any) -> Any | None:
    """The stream with the moving pictures; None if there is none. Cover art does not count."""
    import av

    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    streams = [
        stream
        for stream in container.streams.video
        # Without a codec context nothing here can decode it.
        if stream.codec_context is not None
        and not stream.disposition & cover
        and stream.width > 0
        and stream.height > 0
    ]
    if not streams:
        return None
    chosen = [s for s in streams if s.disposition & av.stream.Disposition.default]
    # The same choice as ffmpeg's: a default stream first, then the most pixels.
    return max(chosen or streams, key=lambda stream: stream.width * stream.height)


def require_video(container: Any, path: Path) -> Any:
    """The stream with the moving pictures.

    Raises:
        MediaUnsupported: There is none.
    """
    stream = main_video(container)
    if stream is None:
        raise MediaUnsupported(f"{path.name} has no moving pictures", hint="choose a video file")
    return stream


def clock_zero_s(container: Any) -> float:
    """The container's time stamp that is 0 on our clock, in seconds."""
    return (container.start_time or 0) / 1_000_000


def packets(container: Any, *streams: Any) -> Iterator[Any]:
    """Packets of some streams in file order, passing over broken ones."""
    import av

    reader = container.demux(*streams)
    broken = 0
    while broken < MOST_BROKEN:
        try:
            packet = next(reader)
        except StopIteration:
            return
        except av.error.InvalidDataError:
            broken += 1
            reader = container.demux(*streams)
            continue
        broken = 0
        yield packet


def decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames of a stream in the order they are shown, passing over broken packets."""
    import av

    broken = 0
    for packet in packets(container, stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            broken += 1
            if broken > MOST_BROKEN:
                return
            continue
        broken = 0
        yield from frames


def frame_time_s(frame: Any, stream: Any, zero_s: float) -> float:
    """When a frame is shown, in seconds on our clock, never before 0."""
    return max(0.0, float(frame.pts * stream.time_base) - zero_s)


def decoded_from(container: Any, stream: Any, moment_s: float) -> Iterator[Any]:
    """Frames from a keyframe at or before a moment on.

    Some containers have no exact index and land too late; then it is sought further back, and from
    the start in the end.
    """
    import av

    zero_s = clock_zero_s(container)
    for back_s in SEEK_BACK_S:
        target_s = max(0.0, moment_s - back_s)
        try:
            container.seek(int((target_s + zero_s) / stream.time_base), stream=stream)
        except av.error.FFmpegError:
            continue
        frames = (frame for frame in decoded(container, stream) if frame.pts is not None)
        first = next(frames, None)
        if first is not None and (
            frame_time_s(first, stream, zero_s) <= moment_s + ROUNDING_S or target_s == 0
        ):
            return chain([first], frames)
    container.seek(container.start_time or 0)
    return (frame for frame in decoded(container, stream) if frame.pts is not None)


def upright_size(stream: Any, rotation_deg: int) -> tuple[int, int]:
    """Width and height as shown, in pixels: square pixels, rotation applied."""
    width, height = stream.width, stream.height
    ratio = stream.sample_aspect_ratio
    # Ratios a hair off 1 are rounding in the encoder, not a wish.
    if ratio and abs(ratio - 1) > 0.01:
        width = max(1, round(width * ratio))
    return (height, width) if rotation_deg % 180 else (width, height)


def upright_picture(frame: Any, *, size_px: tuple[int, int]) -> "np.ndarray[Any, Any]":
    """A decoded frame as an RGB array of shape (height, width, 3), upright, of a given size.

    Args:
        frame: An `av.VideoFrame`.
        size_px: Width and height wanted, after rotation.
    """
    import numpy as np

    width, height = size_px
    if frame.rotation % 180:
        width, height = height, width
    is_same = (frame.width, frame.height) == (width, height)
    picture = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        interpolation="BICUBIC" if is_same else "AREA",
    ).to_ndarray()
    # The display matrix counts degrees counterclockwise, as rot90 does.
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture

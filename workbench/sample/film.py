"""Put pictures and sound into one MP4 file: H.264 and AAC, 1080p, 30 frames per second.

A picture that stands still or moves in a loop is encoded once, as a closed group of frames, and the
group is written as often as the shot needs it: a repeated group costs nothing to encode.

The same narration and pictures give the same bytes: the number of threads is fixed, since x264's
decisions depend on it.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from workbench.explain.cards.canvas import HEIGHT_PX, WIDTH_PX
from workbench.progress import Progress, silent
from workbench.sample.narration import FRAME_RATE, SAMPLE_RATE_HZ, Narration, TimedShot
from workbench.sample.pictures.shown import Picture

_X264 = {
    "preset": "superfast",
    # Without latency, frames come out one by one, so that a group of them is known to be whole.
    "tune": "stillimage,zerolatency",
    "crf": "23",
    "threads": "2",
    "forced-idr": "1",
    "x264-params": "bframes=0:scenecut=0",
}

STILL_GROUP = 3 * FRAME_RATE
"""Frames in the repeated group of a still picture."""

_AAC_SAMPLES = 1024
"""Samples in one frame of AAC."""

_BT709 = 1
_LIMITED_RANGE = 1


def write_film(
    narration: Narration,
    pictures: Callable[[TimedShot], Picture],
    path: Path,
    *,
    title: str,
    progress: Progress = silent,
) -> None:
    """Encode a film.

    Args:
        narration: Cuts and sound.
        pictures: The picture of each shot; asked for when the shot begins.
        path: MP4 file to write; an existing one is overwritten.
        title: Title in the file's metadata.
        progress: Told after each shot.

    Raises:
        OSError: The file cannot be written.
    """
    import av

    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        film.metadata["title"] = title
        video = film.add_stream("libx264", rate=FRAME_RATE, options=_X264)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.time_base = Fraction(1, FRAME_RATE)
        video.gop_size = 60 * FRAME_RATE  # groups begin where we say
        video.color_primaries = video.color_trc = video.colorspace = _BT709
        video.color_range = _LIMITED_RANGE
        audio = None
        if narration.sound is not None:
            audio = film.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
            audio.bit_rate = 96_000
        frame_index = sample_index = 0
        for index, shot in enumerate(narration.shots):
            end_frame = round(shot.span.end_s * FRAME_RATE)
            group = _encoded_group(video, pictures(shot), end_frame - frame_index)
            while frame_index < end_frame:
                for packet in group[: end_frame - frame_index]:
                    film.mux(_moved(packet, video, frame_index))
                    frame_index += 1
            if audio is not None:
                sample_index = _encode_sound(film, audio, narration, sample_index, shot.span.end_s)
            progress(index + 1, len(narration.shots), "film")
        if audio is not None:
            film.mux(audio.encode(None))


def _encoded_group(video: Any, picture: Picture, count: int) -> list[Any]:
    """Encode what a shot repeats, at most `count` frames; the first one is where players can jump to."""
    packets: list[Any] = []
    whole = picture.steps * picture.frames_each if picture.steps > 1 else STILL_GROUP
    for index, frame in enumerate(
        _frames(picture, min(count, whole) if picture.is_loop else count)
    ):
        frame.pict_type = 1 if index == 0 else 0
        packets += video.encode(frame)
    return packets


def _moved(packet: Any, video: Any, index: int) -> Any:
    """A copy of an encoded frame for another place in the film."""
    import av

    copy = av.Packet(bytes(packet))
    copy.stream = video
    copy.time_base = Fraction(1, FRAME_RATE)
    copy.pts = copy.dts = index
    copy.duration = 1
    copy.is_keyframe = packet.is_keyframe
    return copy


def _frames(picture: Picture, count: int) -> Iterator[Any]:
    """Frames of a picture from its first step on; a step that stays is drawn once."""
    import av
    import numpy as np

    last = -1
    frame: Any = None
    for index in range(count):
        step = min(index // picture.frames_each, picture.steps - 1)
        if step != last:
            drawn = av.VideoFrame.from_ndarray(np.asarray(picture.draw(step)), format="rgb24")
            frame = drawn.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            last = step
        frame.pts = None
        yield frame


def _encode_sound(film: Any, audio: Any, narration: Narration, first: int, until_s: float) -> int:
    """Encode the sound from a sample to a moment, in the frames AAC wants."""
    import av
    import numpy as np

    assert narration.sound is not None  # noqa: S101 - the caller has a sound stream
    total = len(narration.sound)
    end = min(total, round(until_s * SAMPLE_RATE_HZ))
    # Only the very last piece may be short.
    while first + _AAC_SAMPLES <= end or (end == total and first < total):
        piece = narration.sound[first : first + _AAC_SAMPLES]
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(piece[None, :], np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = first
        frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
        film.mux(audio.encode(frame))
        first += len(piece)
    return first

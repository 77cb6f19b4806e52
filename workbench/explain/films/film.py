"""Put cards and narration into one MP4 file: H.264 and AAC, 720p, 30 frames a second, captions.

Every beat is encoded once, by itself, and kept under a name made of all it depends on; the film is
put together by copying. So a film whose one beat was changed costs one beat.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.explain.cards.drawing import Card
from workbench.explain.cards.look import HEIGHT_PX, WIDTH_PX
from workbench.explain.narration import FRAME_RATE, LEAD_S, SAMPLE_RATE_HZ, TimedBeat
from workbench.media.ffmpeg import input_args, run_ffmpeg
from workbench.media.outputs import atomic_output
from workbench.speech.voice.wav import write_wav

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image as Picture

FADE_FRAMES = 8
"""A quarter of a second from one still picture to the next."""

_X264 = {
    "preset": "veryfast",
    "tune": "stillimage",
    "crf": "21",
    # The number of threads changes x264's decisions, and the same beat has to give the same bytes.
    "threads": "2",
    "x264-params": "bframes=0:scenecut=0",
}
_BT709 = 1
_LIMITED_RANGE = 1


def step_frames(card: Card, timed: TimedBeat) -> tuple[int, ...]:
    """The frame of the beat at which each still picture appears; the first is there at once.

    A point appears with the sentence that says it, where there are as many sentences as points or
    one more to begin with; else they come evenly over the words.
    """
    count = len(card.steps)
    starts = None
    if all(step.said is not None for step in card.steps):
        starts = said_frames(count, timed)
    if starts is None:
        until_s = max((u.span.end_s for u in timed.said), default=timed.length_s * 0.9)
        each = (until_s - LEAD_S) / count
        starts = [round((LEAD_S + index * each) * FRAME_RATE) for index in range(count)]
    return in_order([0, *starts[1:]], timed)


def said_frames(count: int, timed: TimedBeat) -> list[int] | None:
    """The frames at which so many points are said; None where sentences do not tell."""
    said = timed.said
    if len(said) not in (count, count + 1):
        return None
    return [round(u.span.start_s * FRAME_RATE) for u in said[len(said) - count :]]


def in_order(frames: Sequence[int], timed: TimedBeat) -> tuple[int, ...]:
    """Frames one after the other, each of them seen for a moment, whatever the words do."""
    ordered: list[int] = []
    for frame in frames:
        ordered.append(max(frame, ordered[-1] + 1) if ordered else frame)
    return tuple(min(frame, max(0, timed.frames - 1)) for frame in ordered)


@contextmanager
def beat_file(target: Path) -> "Iterator[Callable[[np.ndarray, int], None]]":
    """Encode a beat picture by picture: what comes of it can be joined with others by copying.

    Gives a function that takes a picture, as rows of red, green and blue or with a fourth value
    that is left out, and the number of frames it stays.

    Args:
        target: The file; it is whole or not there.

    Raises:
        DiskFull: There is no room.
    """
    import av

    with atomic_output(target) as temporary, av.open(str(temporary), "w", format="mp4") as file:
        video = file.add_stream("libx264", rate=FRAME_RATE, options=_X264)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.time_base = Fraction(1, FRAME_RATE)
        video.gop_size = 10 * FRAME_RATE
        video.color_primaries = video.color_trc = video.colorspace = _BT709
        video.color_range = _LIMITED_RANGE
        count = 0

        def add(pixels: "np.ndarray", frames: int) -> None:
            nonlocal count
            drawn = av.VideoFrame.from_ndarray(
                pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24"
            )
            frame: Any = drawn.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            for _ in range(frames):
                frame.pts, frame.time_base = count, Fraction(1, FRAME_RATE)
                file.mux(video.encode(frame))
                count += 1

        yield add
        file.mux(video.encode(None))


def encode_beat(card: Card, timed: TimedBeat, target: Path) -> None:
    """Encode the pictures of a beat, without sound.

    Raises:
        MediaError: Its picture or clip cannot be read.
        DiskFull: There is no room.
    """
    import numpy as np

    with beat_file(target) as add:
        # A picture that stays is the same object: it is converted once.
        last: Picture | None = None
        stays = 0
        for picture in _pictures(card, timed):
            if last is not None and picture is not last:
                add(np.asarray(last), stays)
                stays = 0
            last, stays = picture, stays + 1
        if last is not None:
            add(np.asarray(last), stays)


def _pictures(card: Card, timed: TimedBeat) -> Iterator["Picture"]:
    """Every frame of a beat; a picture that stays is the same object."""
    from PIL import Image

    if card.moving is not None:
        yield from card.moving(timed.length_s, timed.frames)
        return
    starts = step_frames(card, timed)
    shown: Picture | None = None
    for step, first, after in zip(card.steps, starts, (*starts[1:], timed.frames), strict=True):
        picture = step.draw().canvas.finished().convert("RGB")
        for index in range(after - first):
            if shown is not None and index < min(FADE_FRAMES, after - first - 1):
                yield Image.blend(shown, picture, (index + 1) / (FADE_FRAMES + 1))
            else:
                yield picture
        shown = picture


def assemble(
    beats: Sequence[Path],
    sound: "np.ndarray | None",
    captions: Path | None,
    target: Path,
    *,
    title: str,
    language: str,
) -> None:
    """Put encoded beats, sound and captions into one file; pictures are copied.

    Args:
        beats: Files of `encode_beat`, in order.
        sound: Samples at `SAMPLE_RATE_HZ`; None for a silent film.
        captions: SubRip file to put in as a soft track; None for none.
        target: The film.
        title: Title in its metadata.
        language: ISO 639-1 code of sound and captions.

    Raises:
        DiskFull: There is no room.
        ToolError: ffmpeg failed.
    """
    code = _THREE_LETTERS.get(language, "und")
    with (
        tempfile.TemporaryDirectory(prefix=".film-", dir=target.parent) as folder,
        atomic_output(target) as temporary,
    ):
        pictures, voice = Path(folder) / "pictures.mp4", Path(folder) / "sound.wav"
        _joined(beats, pictures)
        inputs: list[str | Path] = [*input_args(pictures)]
        kept = ["-map", "0:v:0", "-c:v", "copy"]
        count = 1
        if sound is not None:
            write_wav(voice, sound.tobytes(), SAMPLE_RATE_HZ)
            inputs += input_args(voice)
            kept += ["-map", "1:a:0", "-c:a", "aac", "-b:a", "96k"]
            kept += ["-metadata:s:a:0", f"language={code}"]
            count += 1
        if captions is not None:
            inputs += ["-f", "srt", "-i", f"file:{captions.absolute()}"]
            kept += ["-map", f"{count}:s:0", "-c:s", "mov_text"]
            kept += ["-metadata:s:s:0", f"language={code}"]
        last = ["-metadata", f"title={title}", "-movflags", "+faststart"]
        run_ffmpeg([*inputs, *kept, *last, temporary])


_THREE_LETTERS = {
    "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "it": "ita", "pt": "por", "nl": "nld",
    "ja": "jpn", "zh": "zho", "ko": "kor", "ar": "ara", "hi": "hin", "ru": "rus", "pl": "pol",
}  # fmt: skip


def _joined(beats: Sequence[Path], target: Path) -> None:
    """One video stream out of many that were encoded alike."""
    import av

    with av.open(str(target), "w", format="mp4") as out:
        video: Any = None
        frame = 0
        for path in beats:
            with av.open(str(path)) as file:
                stream = file.streams.video[0]
                if video is None:
                    video = out.add_stream_from_template(stream)
                    video.time_base = Fraction(1, FRAME_RATE)
                for packet in file.demux(stream):
                    if packet.pts is None:
                        continue
                    packet.stream = video
                    packet.time_base = Fraction(1, FRAME_RATE)
                    packet.pts = packet.dts = frame
                    packet.duration = 1
                    out.mux(packet)
                    frame += 1

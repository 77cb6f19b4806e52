"""What the video proxies are measured against. Frozen: never made faster, never mended.

The requirement documents give no command for video. The recipe is what they describe: full frame
rate, 720p, a cut of its own for each chunk.
"""

from collections.abc import Sequence
from pathlib import Path

from workbench.media.ffmpeg import ffmpeg_path
from workbench.media.timecode import TimeSpan

Command = list[str]


def ffmpeg(*words: str | Path | float) -> Command:
    """A command of the ffmpeg that the product uses."""
    return [str(ffmpeg_path()), "-y", "-v", "error", "-nostdin", *(str(word) for word in words)]


def plain_decode(source: Path) -> list[Command]:
    """Every frame decoded, nothing made of it: the floor for what decodes all of a film."""
    return [ffmpeg("-i", source, "-map", "0:v:0", "-f", "null", "-")]


def key_frame_decode(source: Path) -> list[Command]:
    """Every key frame decoded, nothing made of it."""
    return [ffmpeg("-skip_frame", "nokey", "-i", source, "-map", "0:v:0", "-f", "null", "-")]


def recipe(source: Path, spans: Sequence[TimeSpan], folder: Path) -> list[Command]:
    """One re-encoded cut for each chunk, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        ffmpeg(
            *("-ss", span.start_s, "-i", source, "-t", span.duration_s, "-an"),
            *("-vf", "scale=-2:720", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
            folder / f"recipe_{number}.mp4",
        )
        for number, span in enumerate(spans)
    ]

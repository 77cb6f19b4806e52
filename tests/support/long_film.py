"""A long film that is cheap to make and to send, and a library in which it is measured already."""

from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import workbench.evidence.screen.text
from workbench import Settings, Workspace
from workbench.media.ffmpeg import run_ffmpeg

PICTURE = "color=c=0x335577:size=64x36:rate=1,drawbox=x=mod(t\\,60):y=4:w=4:h=4:color=white"
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30")


def make_film(path: Path, subjects: Sequence[str]) -> Path:
    """A minute for each subject at one frame a second, some kilobytes, with a sentence beside it."""
    length_s = 60 * len(subjects)
    run_ffmpeg(["-f", "lavfi", "-i", PICTURE, *H264, "-t", str(length_s), path])
    captions = [
        f"{minute + 1}\n{_clock(60 * minute + 1)},000 --> {_clock(60 * minute + 6)},000\n"
        f"{subject} is what comes now.\n"
        for minute, subject in enumerate(subjects)
    ]
    path.with_suffix(".srt").write_text("\n".join(captions))
    return path


def measure(film: Path, data_dir: Path) -> str:
    """Import the film, measure it and make its proxy; no model is asked. Returns its asset id."""
    # There is nothing to read in the film, and finding that out takes ten seconds.
    nothing = mock.patch.object(workbench.evidence.screen.text, "read_screen_text", return_value=())
    with nothing, Workspace.open(Settings(data_dir=data_dir)) as workspace:
        report = workspace.import_media([film])
        (asset,) = (*report.added, *report.known)
        workspace.gather(asset)
        workspace.make_proxies([asset.id])
    return asset.id


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

"""Import of fifty clips: facts and a thumbnail of each, no proxies, against one after the other.

The clips are H.264, HEVC, VP9, MPEG-4 and MPEG-2 in the containers people bring them in, 320×180 to
1920×1080, four to twenty seconds, 4 MB on average. Each is a file of its own: a few bytes at its end differ.
"""

import resource
import shutil
import statistics
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measuring import goal
from workbench.errors import WorkbenchError
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.probe import probe
from workbench.settings import load_settings
from workbench.workspace import Workspace

CLIPS = 50
GOAL_FILES_S = 15

X264 = ["-c:v", "libx264", "-preset", "ultrafast"]

KINDS = {
    "walk.mp4": ("1280x720", 20, [*X264, "-g", "60", "-b:v", "4M", "-c:a", "aac"]),
    "site.mp4": ("1920x1080", 10, [*X264, "-g", "30", "-b:v", "8M", "-c:a", "aac"]),
    "phone.mov": ("1920x1080", 5, ["-c:v", "libx265", "-preset", "ultrafast", "-c:a", "aac"]),
    "talk.webm": (
        *("640x360", 10),
        ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus"],
    ),
    "camera.mkv": ("1280x720", 12, [*X264, "-g", "250", "-b:v", "3M", "-c:a", "libmp3lame"]),
    "old.avi": ("640x480", 12, ["-c:v", "mpeg4", "-b:v", "2M", "-c:a", "libmp3lame"]),
    "tape.mpg": ("720x576", 8, ["-c:v", "mpeg2video", "-b:v", "5M", "-c:a", "mp2"]),
    "line.ts": ("320x180", 4, [*X264, "-c:a", "aac"]),
}
"""Name → size, seconds, codecs: at the bit rates of phones and cameras."""


@dataclass(frozen=True)
class Round:
    """One method in one round."""

    wall_s: float
    cpu_s: float
    files: int


def make_clips(folder: Path) -> list[Path]:
    """Make the clips, once; they lie in `folder` until somebody removes it."""
    folder.mkdir(parents=True, exist_ok=True)
    originals = []
    for name, (size, seconds, codecs) in KINDS.items():
        path = folder.parent / f"original_{name}"
        if not path.exists():
            pictures = f"testsrc2=s={size}:r=25:d={seconds},noise=alls=4:allf=t"
            sound = f"sine=f=220:d={seconds}:r=48000"
            half = path.with_name(f"half_{name}")
            inputs = ["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound]
            run_ffmpeg([*inputs, "-pix_fmt", "yuv420p", *codecs, half])
            half.rename(path)
        originals.append(path)
    clips = []
    for number in range(CLIPS):
        original = originals[number % len(originals)]
        clip = folder / f"{number:02d} {original.name.removeprefix('original_')}"
        if not clip.exists():
            shutil.copy(original, clip)
            with clip.open("ab") as file:
                file.write(struct.pack(">I4sI", 12, b"free", number))
        clips.append(clip)
    return clips


def imported(clips: list[Path], folder: Path) -> None:
    """Import the clips as the app does, and make the thumbnail that the Library page asks for."""
    with Workspace.open(load_settings(data_dir=folder)) as library:
        report = library.import_media([clips[0].parent])
        assert report.failed == (), report.failed
        assert len(report.added) == len(clips)
        with ThreadPoolExecutor(4) as threads:  # the browser asks for several at once
            posters = list(threads.map(lambda asset: library.poster(asset.id), report.added))
        assert all(poster.stat().st_size > 1000 for poster in posters)


def facts_only(clips: list[Path], folder: Path) -> None:
    """Import without thumbnails."""
    with Workspace.open(load_settings(data_dir=folder)) as library:
        assert len(library.import_media([clips[0].parent]).added) == len(clips)


def one_by_one(clips: list[Path], folder: Path) -> None:
    """The floor: the facts of each clip in turn, without a catalog."""
    del folder
    assert all(probe(clip).duration_s > 3 for clip in clips)


METHODS: dict[str, Callable[[list[Path], Path], None]] = {
    "import and thumbnails": imported,
    "import": facts_only,
    "facts one by one": one_by_one,
}


def measure(method: Callable[[list[Path], Path], None], clips: list[Path], folder: Path) -> Round:
    """Run a method on an empty data folder."""
    shutil.rmtree(folder, ignore_errors=True)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    method(clips, folder)
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Round(wall_s, cpu_s, len(clips))


def run(folder: Path, rounds: int) -> None:
    """Measure and print the table.

    Args:
        folder: Where the clips are made and kept.
        rounds: Rounds to take the median of; one more is made first and thrown away.
    """
    clips = make_clips(folder / "clips")
    size_mb = sum(clip.stat().st_size for clip in clips) / 1e6
    found: dict[str, list[Round]] = {name: [] for name in METHODS}
    for number in range(rounds + 1):
        for name, method in METHODS.items():
            try:
                one = measure(method, clips, folder / "data")
            except WorkbenchError as error:
                raise SystemExit(f"{name}: {error} ({error.hint})") from error
            if number:
                found[name].append(one)
    shutil.rmtree(folder / "data", ignore_errors=True)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    rates = {}
    print(f"\nImport of {len(clips)} clips, {size_mb:.0f} MB, {rounds} rounds")
    print(f"  {'method':24}{'wall s':>9}{'CPU s':>9}{'files/s':>9}")
    for name, measured in found.items():
        wall_s = statistics.median(one.wall_s for one in measured)
        cpu_s = statistics.median(one.cpu_s for one in measured)
        rates[name] = len(clips) / wall_s
        print(f"  {name:24}{wall_s:9.2f}{cpu_s:9.2f}{rates[name]:9.1f}")
    rate = rates["import and thumbnails"]
    goal("files a second, with thumbnails", rate, GOAL_FILES_S, at_most=False)
    print(f"  Peak of this process: {peak_mb:.0f} MB; every clip was read and has its thumbnail.")

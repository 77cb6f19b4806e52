"""Measure start-up, the local engine on the sample and on a ten-minute film, and the first page.

Each figure is the median of several fresh processes. A run counts only if its result is right.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = [sys.executable, "-m", "workbench"]


@dataclass(frozen=True)
class Measured:
    """One process: seconds of wall clock, of processor, and peak memory of its largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    out: str


def run(words: Sequence[str], **environment: str) -> Measured:
    """Run a process to its end and measure it; it has to succeed."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(words, stdout=out, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        out.seek(0)
        text = out.read().decode()
    if process.returncode != 0:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def medians(runs: Sequence[Measured]) -> tuple[float, float, float]:
    return (
        statistics.median(r.wall_s for r in runs),
        statistics.median(r.cpu_s for r in runs),
        max(r.peak_mb for r in runs),
    )


def startup(times: int) -> None:
    bare = [sys.executable, "-c", "pass"]
    cases = {
        "import workbench": ([sys.executable, "-c", "import workbench"], 0.15),
        "workbench --help": ([*PROGRAM, "--help"], 0.30),
        "workbench models": ([*PROGRAM, "models"], None),
    }
    with tempfile.TemporaryDirectory() as data:
        rows: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(times + 1):
            floor = run(bare).wall_s
            for name, (words, _goal) in cases.items():
                rows[name].append(run(words, WORKBENCH_DATA_DIR=data).wall_s - floor)
    print("\nStart-up, seconds over bare Python (median)")
    for name, values in rows.items():
        goal = cases[name][1]
        aim = f"   goal {goal:.2f}" if goal else ""
        print(f"  {name:<20} {statistics.median(values[1:]):6.3f}{aim}")


def film_of_ten_minutes(talk: Path, folder: Path) -> Path:
    """The sample talk three times over, cut at ten minutes, without re-encoding."""
    from workbench.media.ffmpeg import ffmpeg_path

    target = folder / "ten_minutes.mp4"
    words = [ffmpeg_path(), "-v", "error", "-stream_loop", "3", "-i", talk, "-t", "600"]
    subprocess.run([*map(str, words), "-c", "copy", str(target)], check=True)
    return target


def analyse(media: Path, times: int) -> list[tuple[Measured, dict]]:
    done = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as data:
            measured = run([*PROGRAM, "analyse", str(media), "--json"], WORKBENCH_DATA_DIR=data)
        (analysis,) = json.loads(measured.out)["analyses"]
        done.append((measured, analysis))
    return done


def show(name: str, done: list[tuple[Measured, dict]], goal: str = "") -> None:
    wall, cpu, peak = medians([measured for measured, _ in done])
    length = done[0][1]["duration_s"]
    print(f"\n{name}: {length:.0f} s of video, {len(done)} runs")
    print(f"  wall {wall:.1f} s ({wall / length:.2f} × its length), processor {cpu:.1f} s{goal}")
    print(f"  peak memory {peak:.0f} MB")
    for stage in done[0][1]["stages_s"]:
        seconds = statistics.median(a["stages_s"].get(stage, 0.0) for _, a in done)
        print(f"  {stage:<14} {seconds:6.1f} s")


def engine(times: int) -> None:
    from workbench.sample import make_sample

    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        sample = make_sample(Path(folder) / "sample")
        print(f"\nMaking the sample: {time.monotonic() - began:.1f} s")
        truth = sample.truth.chapters
        talk = analyse(sample.video, times)
        for _, analysis in talk:
            starts = [chapter["start_s"] for chapter in analysis["chapters"]]
            wanted = [chapter.span.start_s for chapter in truth]
            off = [min(abs(s - w) for s in starts) for w in wanted]
            if max(off) > 5:
                sys.exit(f"a chapter is {max(off):.1f} s off: the run does not count")
        show("Sample talk", talk)
        alone = Path(folder) / "alone"
        alone.mkdir()
        film = film_of_ten_minutes(sample.video, alone)
        ten = analyse(film, times)
        for _, analysis in ten:
            if len(analysis["chapters"]) < len(truth):
                sys.exit("chapters are missing: the run does not count")
        show("Ten-minute film", ten, "   goal 150 s, 1500 MB")


def drawn(url: str) -> None:
    """Wait until Chromium shows the first page's heading; does nothing without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return
    from playwright.sync_api import sync_playwright

    words = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=words)
        page = browser.new_page()
        page.goto(url)
        page.get_by_role("heading", name="Library", exact=True).wait_for(timeout=60_000)
        browser.close()


def first_page(times: int) -> None:
    import socket

    seconds, pages = [], []
    for _ in range(times):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = tempfile.mkdtemp()
        began = time.monotonic()
        process = subprocess.Popen(
            [*PROGRAM, "app", "--no-browser", "--port", str(port)],
            env={**os.environ, "WORKBENCH_DATA_DIR": data},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while time.monotonic() - began < 60:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
                        if page.status == 200:
                            break
                except OSError:
                    time.sleep(0.05)
            seconds.append(time.monotonic() - began)
            began = time.monotonic()
            drawn(f"http://127.0.0.1:{port}/")
            pages.append(time.monotonic() - began)
        finally:
            process.terminate()
            process.wait(30)
            run([*PROGRAM, "worker", "--stop"], WORKBENCH_DATA_DIR=data)
            shutil.rmtree(data, ignore_errors=True)
    print(f"\nApp, from start to its first answer: {statistics.median(seconds):.1f} s")
    print(f"     from there to the first page drawn: {statistics.median(pages):.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=("startup", "engine", "app"))
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default: 3)")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, Python {sys.version.split()[0]}")
    if arguments.only in (None, "startup"):
        startup(max(5, arguments.runs))
    if arguments.only in (None, "engine"):
        engine(arguments.runs)
    if arguments.only in (None, "app"):
        first_page(arguments.runs)


if __name__ == "__main__":
    main()

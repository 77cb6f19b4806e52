"""Measure the Library page on 1,000 photos in Chromium: `python -m tests.bench.library_page`.

From asking for the page to the first screen of thumbnails drawn, to the end of the page by
scrolling, and the same for the table and the savings. A run counts only if every picture that is
in sight has been loaded and the numbers on the page are those of the library.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

GOAL_S = 2.0
VIEWPORT = {"width": 1440, "height": 900}

IN_SIGHT = """() => {
  const root = [...document.querySelectorAll('.st-key-wall *')].map(e => e.shadowRoot).find(Boolean);
  if (!root) return false;
  // Cards only: to ask a picture for its place would lay out what is out of sight.
  const shown = [...root.querySelectorAll('.wall > li')].filter(each => {
    const box = each.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  }).map(each => each.querySelector('img'));
  return shown.length >= 4 && shown.every(each => each.complete && each.naturalWidth > 0);
}"""
"""Are there pictures in sight, all of them loaded?"""


def make_photos(folder: Path, count: int) -> None:
    """Photos of 640×480 that differ, each in some milliseconds."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    random = np.random.default_rng(7)
    for number in range(count):
        small = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC)
        picture.save(folder / f"photo {number:04d}.jpg", quality=95)


def make_library(data_dir: Path, media: Path, count: int) -> None:
    """A library of so many photos with proxies and posters."""
    from workbench.settings import load_settings
    from workbench.workspace import Workspace

    make_photos(media, count)
    with Workspace.open(load_settings(data_dir=data_dir)) as workspace:
        report = workspace.import_media([media])
        ids = [asset.id for asset in report.added]
        made = workspace.make_proxies(ids)
        if len(made.made) != count or made.failed:
            sys.exit(f"{len(made.made)} proxies of {count}: the run does not count")


def make_posters(data_dir: Path) -> None:
    """The pictures of the grid, as an import that was finished before has made them."""
    from workbench.settings import load_settings
    from workbench.workspace import Workspace

    with Workspace.open(load_settings(data_dir=data_dir)) as workspace:
        for asset in workspace.assets():
            for width_px in (480, 160):
                workspace.poster(asset.id, width_px=width_px)


@contextmanager
def running_app(data_dir: Path) -> Iterator[str]:
    """The app on a data folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "app", "--no-browser", "--port", str(port)],
        env={**os.environ, "WORKBENCH_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        subprocess.run(
            [sys.executable, "-m", "workbench", "worker", "--stop"],
            env={**os.environ, "WORKBENCH_DATA_DIR": str(data_dir)},
            check=False,
            stdout=subprocess.DEVNULL,
        )


def grid(page: Page, url: str) -> dict[str, float]:
    """Seconds to the name of the first card, to the first screen of pictures, and to the end."""
    began = time.perf_counter()
    page.goto(url)
    page.locator(".wall li").first.wait_for()
    cards = time.perf_counter() - began
    page.wait_for_function(IN_SIGHT, polling=25)
    pictures = time.perf_counter() - began
    began = time.perf_counter()
    steps = 0
    while True:
        end = page.evaluate(
            """() => { const main = document.querySelector('[data-testid=stMain]');
            main.scrollBy(0, innerHeight * 0.9);
            return main.scrollTop + main.clientHeight >= main.scrollHeight - 4; }"""
        )
        page.wait_for_function(IN_SIGHT, polling=25)
        steps += 1
        if end:
            break
    scrolled = (time.perf_counter() - began) / steps
    return {"cards": cards, "pictures": pictures, "a screen further": scrolled, "screens": steps}


def view(page: Page, url: str, name: str, selector: str) -> dict[str, float]:
    """Seconds until another view is drawn."""
    began = time.perf_counter()
    page.goto(f"{url}/?view={name}")
    page.locator(selector).first.wait_for()
    return {name.casefold(): time.perf_counter() - began}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.library_page", description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="no thumbnail has been made before")
    parser.add_argument("--data", type=Path, help="use or make the library in this folder")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("no Chromium on PATH")
    folder = Path(tempfile.mkdtemp())
    data_dir = arguments.data or folder / "data"
    if not (data_dir / "app.db").exists():
        make_library(data_dir, data_dir.parent / f"{data_dir.name}_media", arguments.files)
    if arguments.cold:
        shutil.rmtree(data_dir / "posters", ignore_errors=True)
    else:
        make_posters(data_dir)
    rows: list[dict[str, float]] = []
    with running_app(data_dir) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for run in range(arguments.runs + 1):
            if arguments.cold:
                shutil.rmtree(data_dir / "posters", ignore_errors=True)
            # Each is somebody who comes for the first time: nothing is in the browser's cache.
            context = browser.new_context(viewport=VIEWPORT)
            page = context.new_page()
            bare = browser.new_context(viewport=VIEWPORT)
            empty = bare.new_page()
            began = time.perf_counter()
            empty.goto(f"{url}/settings")
            empty.get_by_role("heading", level=1).wait_for()
            row = {"a page of no files": time.perf_counter() - began}
            bare.close()
            row |= grid(page, url)
            words = page.get_by_text(f"{arguments.files:,} items").count()
            if not words:
                sys.exit("the totals are wrong: the run does not count")
            row |= view(page, url, "Table", "[data-testid=stDataFrame] canvas")
            row |= view(page, url, "Savings", ".js-plotly-plot .barlayer path")
            context.close()
            if run:  # the first one is the server's first
                rows.append(row)
            else:
                print("first of the server:", {k: round(v, 2) for k, v in row.items()})
        browser.close()
    print(f"load {os.getloadavg()[0]:.1f}, {arguments.files:,} photos, {len(rows)} runs, medians")
    for name in rows[0]:
        goal = f"   goal {GOAL_S:.0f} s" if name == "pictures" else ""
        print(f"  {name:<18} {statistics.median(row[name] for row in rows):6.2f}{goal}")
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

"""Take the pictures of the README again: `make screenshots`, after `make demo`.

Starts the app on the data folder and photographs it in Chromium; the sample talk has to be there.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from workbench.errors import NotInLibrary, ToolError
from workbench.jobs.processes.supervisor import stop_services
from workbench.media.frames.moments import read_frames
from workbench.workspace import Workspace

DOCS = Path(__file__).resolve().parent
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Wait until the app answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise ToolError(f"the app does not answer at {url}", hint="see what `workbench app` says")


def keep(page: Page, name: str) -> None:
    """Write what is on the screen as docs/<name>.png."""
    picture = DOCS / f"{name}.png"
    page.screenshot(path=picture)
    # 256 colours are enough for a page, and a third of the bytes.
    Image.open(picture).convert("RGB").quantize(256).save(picture, optimize=True)
    print(f"{picture.name}  {picture.stat().st_size // 1000} kB")


def results(page: Page, url: str, asset_id: str) -> None:
    """The Results page of the sample talk."""
    page.goto(f"{url}/results?asset={asset_id}&t=84")
    page.get_by_role("button", name="The mechanical seal").first.wait_for(timeout=60_000)
    # The frame has to be decoded, and the engines asked for the badges.
    page.get_by_text("Local engine ready").first.wait_for(timeout=60_000)
    page.wait_for_timeout(4000)
    keep(page, "results")


def what_would_it_cost(page: Page, url: str) -> None:
    """The Costs page with two hours of video priced by every way to ask."""
    page.goto(f"{url}/costs?tab=What+would+it+cost")
    page.get_by_text("Amazon Rekognition", exact=True).first.wait_for(timeout=60_000)
    page.get_by_text("Local engine ready").first.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)
    keep(page, "what_would_it_cost")


def explain(page: Page, url: str, film_id: str) -> None:
    """The Explain page with the film of the talk and its beats."""
    page.goto(f"{url}/explain?film={film_id}")
    page.get_by_role("button", name="Edit").first.wait_for(timeout=60_000)
    page.get_by_text("Local engine ready").first.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)
    keep(page, "explain")


def film(workspace: Workspace) -> str:
    """A picture out of the film that `make demo` makes of the talk; returns the film's id."""
    made = next(iter(workspace.films()), None)
    if made is None:
        raise NotInLibrary("there is no film yet", hint="make demo")
    beat = next(each for each in made.beats if each.heading.startswith("How a"))
    ((_, pixels),) = read_frames(made.path, [beat.start_s + beat.length_s / 2])
    picture = DOCS / "film.png"
    Image.fromarray(pixels).quantize(256).save(picture, optimize=True)
    print(f"{picture.name}  {picture.stat().st_size // 1000} kB")
    return made.id


def main() -> None:
    """Photograph the pages."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise ToolError("no Chromium on PATH", hint="apt-get install chromium")
    with Workspace.open() as workspace:
        data_dir = workspace.data_dir
        talk = workspace.asset("pump_room_talk.mp4")
        if not workspace.analyses(talk.id):
            raise NotInLibrary("the sample talk has not been analysed", hint="make demo")
        film_id = film(workspace)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = subprocess.Popen(
        [sys.executable, "-m", "workbench", "app", "--no-browser", "--port", str(port)],
        env={**os.environ, "WORKBENCH_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(f"{url}/_stcore/health")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            results(page, url, talk.id)
            what_would_it_cost(page, url)
            explain(page, url, film_id)
            browser.close()
    finally:
        app.terminate()
        app.wait(30)
        stop_services(data_dir)


if __name__ == "__main__":
    main()

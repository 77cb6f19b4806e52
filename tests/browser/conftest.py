"""The app in Debian's Chromium: a server on a data folder of its own, and a page that listens.

A page fails its test when the browser reports an error, or asks any other host for anything.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from workbench.analysis.request import AnalysisRequest
from workbench.library.calls.holders import holder_name
from workbench.library.records import Job
from workbench.library.store import Store
from workbench.media.ffmpeg import run_ffmpeg
from workbench.settings import load_settings
from workbench.workspace import Workspace

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SLIDES = {
    "Mechanical seals": (
        "A mechanical seal keeps the water inside the pump.",
        "A dry start ruins the seal in under a minute.",
        "Replace the seal when it leaks more than ten drops an hour.",
        "Flush the seal with clean water before every start.",
    ),
    "Bearings and grease": (
        "The bearing carries the weight of the shaft.",
        "Grease the bearing every month with the grease gun.",
        "Too much grease makes the bearing hot.",
        "Listen to the bearing with a steel rod or a microphone.",
    ),
    "Laser alignment": (
        "The laser shows how well the motor and the coupling are in line.",
        "Check for a soft foot before the alignment begins.",
        "Move the motor until the laser shows five hundredths.",
        "Write the alignment into the log book when it is done.",
    ),
}
LINE_S = 4

STREAMLITS_OWN = {"list", "listitem"}
"""Markup of Streamlit's sidebar menu."""

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    data_dir: Path
    media: Path


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium on PATH: apt-get install chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The newcomer comes first: the library is empty then, and has been analysed for the others."""
    items.sort(key=lambda item: item.path.name != "test_journey.py")


@pytest.fixture(scope="session")
def talk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A talk of three slides with captions beside it, and a photo."""
    folder = tmp_path_factory.mktemp("recordings")
    work = tmp_path_factory.mktemp("slides")
    inputs: list[str | Path] = []
    captions = []
    moment = 0
    for number, (title, lines) in enumerate(SLIDES.items()):
        slide = work / f"{number}.png"
        picture = Image.new("RGB", (1280, 720), ("#F4F1E8", "#E8F0F4", "#F0E8F4")[number])
        draw = ImageDraw.Draw(picture)
        draw.text((90, 90), title, fill="#1B1F24", font=ImageFont.load_default(76))
        draw.rectangle((90, 300, 600, 620), fill=("#2F7572", "#B4581A", "#6D4FC4")[number])
        picture.save(slide)
        length = LINE_S * len(lines)
        inputs += ["-loop", "1", "-framerate", "5", "-t", str(length), "-i", slide]
        for line in lines:
            captions.append(f"{_clock(moment)} --> {_clock(moment + LINE_S)}\n{line}\n")
            moment += LINE_S
    joined = "".join(f"[{n}:v]" for n in range(len(SLIDES))) + f"concat=n={len(SLIDES)}:v=1[v]"
    coded = ["-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    sound = ["-f", "lavfi", "-t", str(moment), "-i", "anullsrc=r=16000:cl=mono"]
    mapped = ["-map", "[v]", "-map", f"{len(SLIDES)}:a", "-c:a", "aac"]
    film = folder / "Pump room talk.mp4"
    run_ffmpeg([*inputs, *sound, "-filter_complex", joined, *mapped, *coded, film])
    text = "\n".join(f"{number + 1}\n{caption}" for number, caption in enumerate(captions))
    film.with_suffix(".srt").write_text(text)
    Image.new("RGB", (640, 480), "#557788").save(folder / "Nameplate P-201A.jpg")
    return folder


def _clock(seconds: int) -> str:
    return f"00:{seconds // 60:02d}:{seconds % 60:02d},000"


@contextlib.contextmanager
def running_app(project: Path, data_dir: Path) -> Iterator[str]:
    """The app on a data folder, at the address it gives."""
    from workbench.jobs.processes.supervisor import stop_services

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = data_dir.parent / "app.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=project,
            env={**os.environ, "WORKBENCH_DATA_DIR": str(data_dir)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"{url}/_stcore/health", process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        stop_services(data_dir)


@pytest.fixture(scope="session")
def server(
    project: Path, talk_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The app, with its worker and index server, on an empty data folder."""
    data_dir = tmp_path_factory.mktemp("app") / "data"
    with running_app(project, data_dir) as url:
        yield Server(url, data_dir, talk_folder)


@pytest.fixture(scope="session")
def quiet(
    project: Path, talk_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The app without a worker: this process has its place, so jobs are as the test says."""
    from workbench.jobs.processes.slots import WorkerLock

    data_dir = tmp_path_factory.mktemp("quiet") / "data"
    lock = WorkerLock(data_dir)
    with running_app(project, data_dir) as url:
        try:
            yield Server(url, data_dir, talk_folder)
        finally:
            # Before the services are stopped, the worker among them.
            lock.release()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.3)
    pytest.fail("the app did not start:\n" + log.read_text("utf-8", "replace")[-3000:])


@pytest.fixture(scope="session")
def analysed(server: Server) -> Server:
    """The app with the talk analysed by the local engine, whoever did that."""
    with Workspace.open(load_settings(data_dir=server.data_dir)) as library:
        if not library.analyses():
            library.import_media([server.media])
            library.analyse(AnalysisRequest(assets=("Pump room talk.mp4",)))
    return server


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests."""
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def context_of(browser: Browser) -> Iterator[Callable[[dict[str, Any]], BrowserContext]]:
    """The browser's context for each settings: the app's own files are fetched once for it."""
    contexts: dict[str, BrowserContext] = {}

    def of(settings: dict[str, Any]) -> BrowserContext:
        name = json.dumps(settings, sort_keys=True)
        if name not in contexts:
            usual = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
            contexts[name] = browser.new_context(**{**usual, **settings})
            contexts[name].set_default_timeout(30_000)
        return contexts[name]

    yield of
    for context in contexts.values():
        context.close()


@pytest.fixture
def page(
    context_of: Callable[[dict[str, Any]], BrowserContext], request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page of 1440×900 in the light theme; `@pytest.mark.parametrize("page", …, indirect=True)`
    takes other settings of a browser context.
    """
    context = context_of(getattr(request, "param", {}))
    troubles: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # Streamlit looks for itself below a deep link, and does not find itself there.
        if message.type == "error" and "/_stcore/" not in str(message.location.get("url", "")):
            troubles.append(f"console: {message.text}")

    def on_request(asked: Request) -> None:
        if not asked.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            troubles.append(f"foreign request: {asked.url}")

    def listen(opened: Page) -> None:
        opened.on("console", on_console)
        opened.on("pageerror", lambda error: troubles.append(f"page error: {error}"))

    context.on("page", listen)
    context.on("request", on_request)
    yield context.new_page()
    for opened in context.pages:
        opened.close()
    context.remove_listener("page", listen)
    context.remove_listener("request", on_request)
    context.clear_cookies()
    assert troubles == []


@pytest.fixture
def catalog(quiet: Server) -> Iterator[Store]:
    """The catalog of the quiet app, as another process has it; its jobs are gone afterwards."""
    with Store.open(quiet.data_dir / "app.db") as store:
        yield store
        for each in store.jobs("running", "waiting", "paused"):
            store.update_job(each.id, state="cancelled")
        store.forget_jobs(datetime.now(UTC) + timedelta(days=1))


@pytest.fixture
def put_job(catalog: Store) -> Callable[..., Job]:
    """Keep a job in the quiet app, as far as the test says; this process does it."""

    def keep(**fields: Any) -> Job:
        usual = {
            "id": "turbine",
            "kind": "analyse",
            "title": "Analyse the turbine talk",
            "state": "running",
            "created_at": datetime.now(UTC),
            "started_at": datetime.now(UTC),
            "done": 3,
            "total": 13,
            "stage": "chunk 4",
            "calls_paid": 3,
            "cost_usd": Decimal("0.0412"),
            "worker": holder_name(),
        }
        job = Job(**{**usual, **fields})
        if job.is_finished:
            job = replace(job, finished_at=datetime.now(UTC))
        catalog.put_job(job)
        return job

    return keep


SETTLED = """
([quiet_ms, longest_ms]) => new Promise(resolve => {
  const began = performance.now()
  let changed = began
  const watcher = new MutationObserver(() => { changed = performance.now() })
  const all = { subtree: true, childList: true, characterData: true, attributes: true }
  watcher.observe(document.body, all)
  const timer = setInterval(() => {
    const now = performance.now()
    const isBusy = document.querySelector(
      '[data-stale="true"], [data-testid="stSkeleton"],'
      + ' [data-testid="stApp"]:not([data-test-script-state="notRunning"])')
    const isAnimated = document.getAnimations().some(
      each => each.effect.getComputedTiming().endTime !== Infinity && each.playState === 'running')
    if (!(isBusy || isAnimated) && now - changed > quiet_ms || now - began > longest_ms) {
      clearInterval(timer)
      watcher.disconnect()
      resolve(true)
    }
  }, 50)
})
"""


def settle(page: Page, *, quiet_ms: int = 500, longest_ms: int = 5000) -> None:
    """Wait until the script has run, nothing is faded or moves, and nothing was drawn for a while.

    A page that shows work under way is never quiet: it is looked at after `longest_ms`.
    """
    page.evaluate(SETTLED, [quiet_ms, longest_ms])


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """What axe finds on a page, by the rules of WCAG 2.1 A and AA."""

    def look(page: Page) -> list[str]:
        settle(page)
        return [
            f"{page.url} {found['id']}: {found['help']}: "
            + "; ".join(node["html"][:160] for node in found["nodes"][:3])
            for found in Axe().run(page, options=RULES).response["violations"]
            if found["id"] not in STREAMLITS_OWN
        ]

    def run(page: Page) -> list[str]:
        # A page that shows work under way may be caught while it fades; what is wrong with it stays.
        return look(page) and look(page)

    return run

"""Every notebook runs from top to bottom as it is kept, by nbval, on a library beside it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.media.ffmpeg import run_ffmpeg
from workbench.reports.notebook import notebooks, run_report
from workbench.settings import load_settings
from workbench.workspace import Workspace

CAPTIONS = """1
00:00:00,500 --> 00:00:02,500
Never start the pump dry.

2
00:00:03,000 --> 00:00:05,500
The mechanical seal would burn.
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A folder like a checkout: the notebooks, and a library that has the sample's name."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(project / "notebooks", folder / "notebooks")
    film = folder / "pump_room_talk.mp4"
    picture = ["-f", "lavfi", "-i", "color=c=0x335577:size=160x90:rate=5"]
    run_ffmpeg([*picture, "-t", "6", "-c:v", "libx264", "-pix_fmt", "yuv420p", film])
    film.with_suffix(".srt").write_text(CAPTIONS)
    with Workspace.open(load_settings(data_dir=folder / "data")) as workspace:
        workspace.import_media([film])
        # What is compared is kept from before.
        for find in (("chapters", "equipment"), ("equipment",)):
            workspace.analyse(AnalysisRequest(assets=(str(film),), find=find))
    return folder


@pytest.mark.parametrize("name", [info.name for info in notebooks()])
def test_a_notebook_runs_as_it_is_kept(desk: Path, name: str):
    words = ["-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run(
        [sys.executable, *words, f"notebooks/{name}.ipynb"],
        cwd=desk,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "failed" not in done.stdout


def test_what_proxies_save_is_drawn_after_they_are_made(desk: Path, tmp_path: Path):
    files = run_report(
        "proxy_savings",
        {"make": True, "upload_mbit_s": 8.0, "assets": ["pump_room_talk.mp4"]},
        tmp_path,
        data_dir=desk / "data",
    )
    page = files.html.read_text(encoding="utf-8")
    for words in ("Sent once at 8 Mbit/s", "A video costs by the frames", "Originals against"):
        assert words in page
    assert page.count("Videos: ") >= 2
    with Workspace.open(load_settings(data_dir=desk / "data")) as workspace:
        assert {proxy.spec for proxy in workspace.store.proxies()} >= {"nova"}

"""The command line in this process, with a data folder of its own and media of a few seconds."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from workbench.cli import main
from workbench.library.store import Store
from workbench.media.ffmpeg import run_ffmpeg

CAPTIONS = """1
00:00:00,500 --> 00:00:02,500
Never start the pump dry.

2
00:00:03,000 --> 00:00:05,500
The mechanical seal would burn.
"""


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def problem(self) -> str:
        """The one line that says what is wrong, where nothing else was printed."""
        first, *rest = self.err.splitlines()
        assert self.out == ""
        assert len(rest) <= 1
        assert all(line.startswith("  hint: ") for line in rest)
        return first


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the commands are given in, without a `.env` and without an account."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], data_dir: Path) -> Iterator[Callable[..., Done]]:
    """A function that gives a command and returns what it printed; a traceback fails the test.

    A command may send the logs of its process to where it prints, which is gone after the test.
    """
    root, events = logging.getLogger(), logging.getLogger("workbench.events")
    before = root.handlers[:], root.level, events.level

    def give(*words: object) -> Done:
        capfd.readouterr()
        code = main([str(word) for word in words])
        printed = capfd.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return Done(code, printed.out, printed.err)

    yield give
    root.handlers[:], root.level, events.level = before


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    """The catalog of a new data folder."""
    data_dir.mkdir()
    with Store.open(data_dir / "app.db") as opened:
        yield opened


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film with subtitles, a silent film, a sound with subtitles and a drawn photo."""
    folder = tmp_path_factory.mktemp("shelf")
    film = ["-f", "lavfi", "-i", "color=c=0x335577:size=160x90:rate=5"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=300"]
    h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    run_ffmpeg([*film, *tone, *h264, "-c:a", "aac", "-t", "6", folder / "talk.mp4"])
    run_ffmpeg([*film, *h264, "-t", "4", folder / "silent.mp4"])
    run_ffmpeg([*tone, "-t", "6", folder / "tone.mp3"])
    (folder / "talk.srt").write_text(CAPTIONS)
    (folder / "tone.srt").write_text(CAPTIONS)
    photo = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(photo).rectangle((60, 60, 260, 180), fill="navy")
    photo.save(folder / "plate.jpg")
    return folder


@pytest.fixture(scope="session")
def analysed_once(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which everything on the shelf has been analysed."""
    folder = tmp_path_factory.mktemp("analysed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_DATA_DIR", str(folder))
        assert main(["analyse", str(shelf)]) == 0
    return folder


@pytest.fixture
def analysed(analysed_once: Path, data_dir: Path) -> Path:
    """A copy of it, as the data folder of this test."""
    shutil.copytree(analysed_once, data_dir)
    return data_dir


def assert_shape(value: Any, shape: Any, where: str = "$") -> None:
    """Check that JSON has these fields of these types; a list holds at least one of its kind."""
    if isinstance(shape, dict):
        for name, inner in shape.items():
            assert name in value, f"{where} has no {name}: {sorted(value)}"
            assert_shape(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        assert value, f"{where} is empty"
        for each in value:
            assert_shape(each, shape[0], f"{where}[]")
    else:
        assert isinstance(value, shape), f"{where} is {value!r}"


@pytest.fixture
def has_shape() -> Callable[[Any, Any], None]:
    return assert_shape


@pytest.fixture
def files_in() -> Callable[[Path], set[str]]:
    """A function that names every file below a folder, hidden ones too."""

    def names(folder: Path) -> set[str]:
        return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}

    return names

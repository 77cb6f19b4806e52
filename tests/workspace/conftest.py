"""A long film that is cheap to make, measured once, and a Bedrock on loopback that answers about it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench.evidence.screen_text
from tests.support.bedrock_server import BedrockServer, credentials_for_tests
from workbench import AnalysisRequest, Settings, Workspace
from workbench.media.ffmpeg import run_ffmpeg

MINUTES = 25

# One for each minute, so that every chapter the server finds has a title of its own.
# fmt: off
SUBJECTS = (
    "Impeller", "Bearing", "Coupling", "Gasket", "Strainer", "Manifold", "Governor", "Flywheel",
    "Camshaft", "Rotor", "Stator", "Bushing", "Gearbox", "Pulley", "Spindle", "Nozzle", "Diffuser",
    "Housing", "Thermostat", "Solenoid", "Relay", "Breaker", "Inverter", "Winding", "Regulator",
)
# fmt: on

FILM_FILTER = "color=c=0x335577:size=64x36:rate=1,drawbox=x=mod(t\\,60):y=4:w=4:h=4:color=white"


def environment(data_dir: Path, server: BedrockServer) -> dict[str, str]:
    """What a process needs to know to call the server and nothing else."""
    return {
        **credentials_for_tests(),
        "AWS_CONFIG_FILE": str(data_dir / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(data_dir / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "WORKBENCH_DATA_DIR": str(data_dir),
        "WORKBENCH_BEDROCK_ENDPOINT_URL": server.url,
    }


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 minutes at one frame a second in some 30 kB, with a sentence a minute beside it."""
    folder = tmp_path_factory.mktemp("films")
    path = folder / "long talk.mp4"
    h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30"]
    run_ffmpeg(["-f", "lavfi", "-i", FILM_FILTER, *h264, "-t", str(60 * MINUTES), path])
    captions = [
        f"{minute + 1}\n{clock(60 * minute + 1)},000 --> {clock(60 * minute + 6)},000\n"
        f"{subject} is what comes now.\n"
        for minute, subject in enumerate(SUBJECTS)
    ]
    path.with_suffix(".srt").write_text("\n".join(captions))
    return path


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@pytest.fixture(scope="session")
def measured(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the film, its evidence and its proxy; no model has been asked."""
    folder = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as patch:
        # There is nothing to read in the film, and finding that out takes ten seconds.
        patch.setattr(workbench.evidence.screen_text, "read_screen_text", lambda *_, **__: ())
        with Workspace.open(Settings(data_dir=folder)) as workspace:
            workspace.import_media([film])
            (asset,) = workspace.assets()
            workspace.gather(asset)
            workspace.make_proxies([asset.id], "nova")
    return folder


@pytest.fixture
def data_dir(measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that data folder."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(measured, tmp_path / "data"))


@pytest.fixture
def server() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture
def workspace(
    data_dir: Path, server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """An open workspace whose Bedrock is the server."""
    for name, value in environment(data_dir, server).items():
        monkeypatch.setenv(name, value)
    with Workspace.open() as opened:
        yield opened


@pytest.fixture
def request_of_film(film: Path) -> AnalysisRequest:
    """Five chunks of five minutes, and one call that combines them."""
    return AnalysisRequest(assets=(str(film),), engine="nova", chunk_s=300)


@pytest.fixture
def subjects() -> tuple[str, ...]:
    """What the film is about, minute by minute."""
    return SUBJECTS


@pytest.fixture
def process_environment(data_dir: Path, server: BedrockServer, project: Path) -> dict[str, str]:
    """For another process of ours."""
    return {**os.environ, **environment(data_dir, server), "PYTHONPATH": str(project)}

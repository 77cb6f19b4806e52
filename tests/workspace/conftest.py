"""A long film that is cheap to make, measured once, and a Bedrock on loopback that answers about it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer, credentials_for_tests
from tests.support.long_film import make_film, measure
from workbench import AnalysisRequest, Workspace

# One for each minute, so that every chapter the server finds has a title of its own.
# fmt: off
SUBJECTS = (
    "Impeller", "Bearing", "Coupling", "Gasket", "Strainer", "Manifold", "Governor", "Flywheel",
    "Camshaft", "Rotor", "Stator", "Bushing", "Gearbox", "Pulley", "Spindle", "Nozzle", "Diffuser",
    "Housing", "Thermostat", "Solenoid", "Relay", "Breaker", "Inverter", "Winding", "Regulator",
)
# fmt: on


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
    return make_film(tmp_path_factory.mktemp("films") / "long talk.mp4", SUBJECTS)


@pytest.fixture(scope="session")
def measured(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the film, its evidence and its proxy; no model has been asked."""
    folder = tmp_path_factory.mktemp("measured")
    measure(film, folder)
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

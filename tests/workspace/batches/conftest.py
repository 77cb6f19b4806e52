"""A film of six short chunks, and a Bedrock on loopback that takes batches of three."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.batches import asked_of
from tests.support.bedrock_control_server import BedrockControlServer
from tests.support.long_film import make_film, measure
from tests.support.moto_s3 import S3Server
from workbench import AnalysisRequest, Settings, Workspace
from workbench.jobs.batches import release
from workbench.jobs.performing import perform
from workbench.jobs.telling import Crew, JobTools
from workbench.library.calls.batch import Batch
from workbench.progress import silent


@pytest.fixture(scope="session")
def short_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes, which are six of the shortest chunks."""
    folder = tmp_path_factory.mktemp("short films")
    return make_film(folder / "talk.mp4", ("Impeller", "Bearing", "Gasket"))


@pytest.fixture(scope="session")
def measured(short_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the film, its evidence, its proxy and its chunks."""
    folder = tmp_path_factory.mktemp("short measured")
    measure(short_film, folder)
    with Workspace.open(Settings(data_dir=folder)) as workspace:
        plan = workspace.plan(asked_of(short_film).model_copy(update={"tier": "standard"}))
        for call in plan.calls:
            workspace._prepare(plan.assets[0], call, silent)
    return folder


@pytest.fixture
def control(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockControlServer]:
    with BedrockControlServer(s3, least_records=3) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def workspace(
    data_dir: Path, control: BedrockControlServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(data_dir))
    monkeypatch.setenv("WORKBENCH_BATCH_POLL_S", "0.001")
    with Workspace.open() as opened:
        opened.batch_service._sleep = lambda _: None
        yield opened


@pytest.fixture
def request_of_film(short_film: Path) -> AnalysisRequest:
    """Six chunks, and no call that needs their answers."""
    return asked_of(short_film)


@pytest.fixture
def work(workspace: Workspace) -> Callable[[], None]:
    """Does what a worker would do now: the jobs that wait, and no others."""

    def do() -> None:
        tools = JobTools(workspace.store, workspace, workspace.data_dir, Crew())
        for waiting in workspace.store.next_jobs("analysis_service", 10):
            perform(waiting.job_id, waiting.attempt, tools)

    return do


@pytest.fixture
def look(workspace: Workspace) -> Callable[..., Batch]:
    """Looks after batches as a worker does, until the newest is in a state."""

    def do(until: str = "closed") -> Batch:
        for _ in range(12):
            workspace.look_after_batches()
            release(workspace.store)
            batch = workspace.batches()[0]
            if until in (batch.state, batch.service_state):
                return batch
        raise AssertionError(batch)

    return do

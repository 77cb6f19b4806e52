"""A team's workers on Postgres: outages, caps and limits that hold for all, and one command to try."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.bench.kill import Library, copy_catalog
from tests.support.bedrock_server import BedrockServer
from tests.support.long_film import make_film, measure
from tests.support.postgres_server import PostgresServer
from workbench import AnalysisRequest
from workbench.cli import main
from workbench.errors import NotInstalled
from workbench.jobs.client import JobClient
from workbench.jobs.processes import supervisor
from workbench.jobs.processes.slots import worker_pids
from workbench.jobs.team.postgres import LocalPostgres, find_programs
from workbench.library.records import RateLimit
from workbench.library.store import Store

CALLS = 12
"""11 chunks of five minutes and the call that combines them."""

DELAY_S = 0.3
WAIT_S = 120.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a film that is measured, and the film's id."""
    folder = tmp_path_factory.mktemp("team")
    film = make_film(folder / "long talk.mp4", [f"Subject {n:02}" for n in range(55)])
    return folder / "data", measure(film, folder / "data")


@pytest.fixture
def server() -> Iterator[BedrockServer]:
    with BedrockServer(delay_s=DELAY_S) as running:
        yield running


class Team(Library):
    """A library in Postgres whose Chroma does not answer unless a test says where it is."""

    chroma_url = "http://127.0.0.1:9"

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "WORKBENCH_CHROMA_URL": self.chroma_url}


@pytest.fixture
def team(
    template: tuple[Path, str], server: BedrockServer, postgres_url: str, tmp_path: Path
) -> Iterator[Team]:
    """Workers are started by the test."""
    folder = Path(shutil.copytree(template[0], tmp_path / "data"))
    copy_catalog(folder, postgres_url)
    with contextlib.closing(Team(folder, server, postgres_url)) as library:
        yield library


@pytest.fixture
def request_of_film(template: tuple[Path, str]) -> AnalysisRequest:
    return AnalysisRequest(assets=(template[1],), engine="nova", chunk_s=300)


def until(is_so: Callable[[], bool], team: Team, longest_s: float = 60.0) -> None:
    deadline = time.monotonic() + longest_s
    while not is_so():
        assert time.monotonic() < deadline, (team.folder / "processes.txt").read_text()[-3000:]
        time.sleep(0.05)


def finished(team: Team, job_id: str):
    job = team.client.wait(job_id, WAIT_S)
    assert job.state == "done", (job, (team.folder / "processes.txt").read_text()[-3000:])
    return job


def assert_each_call_was_paid_once(team: Team, server: BedrockServer, calls: int = CALLS):
    asked = Counter((call.prompt, call.media) for call in server.calls)
    assert asked.most_common(1)[0][1] == 1
    assert (len(asked), server.answered) == (calls, calls)
    paid = [row for row in team.store.ledger().to_dicts() if not row["was_kept"]]
    assert Counter(row["outcome"] for row in paid) == {"answered": calls}
    assert team.store.calls_in_flight() == []


def test_postgres_goes_and_comes_back_and_no_call_is_paid_twice(
    team: Team,
    server: BedrockServer,
    request_of_film: AnalysisRequest,
    postgres_server: PostgresServer,
    project: Path,
):
    workers = [team.start_worker() for _ in range(2)]
    job_id = team.client.submit_analysis(request_of_film)
    # Stopped, and then as if its power had failed.
    for at_once, answered in ((False, 2), (True, 6)):
        until(lambda n=answered: server.under_way > 0 and server.answered >= n, team)
        postgres_server.stop(at_once=at_once)
        # What is in flight is answered while there is nobody to tell.
        until(lambda: server.under_way == 0, team)
        time.sleep(2.0)
        postgres_server.start()
    job = finished(team, job_id)
    assert_each_call_was_paid_once(team, server)
    assert job.calls_paid == CALLS
    assert job.cost_usd == team.store.spent_usd(job_id)
    assert [worker.poll() for worker in workers] == [None, None]
    # The queue has come back, too.
    finished(team, team.client.submit_import([project / "docs" / "results.png"]))


def test_an_outage_before_the_first_call_fails_no_job(
    team: Team,
    server: BedrockServer,
    request_of_film: AnalysisRequest,
    postgres_server: PostgresServer,
):
    job_id = team.client.submit_analysis(request_of_film)
    team.start_worker()
    until(lambda: team.store.job(job_id).state == "running", team)
    for away_s in (0.5, 0.5, 12.0):
        postgres_server.stop()
        time.sleep(away_s)
        postgres_server.start()
        time.sleep(0.5)
    finished(team, job_id)
    assert_each_call_was_paid_once(team, server)


def test_a_worker_that_is_ended_while_postgres_is_away_goes_and_its_job_is_done_by_another(
    team: Team,
    server: BedrockServer,
    request_of_film: AnalysisRequest,
    postgres_server: PostgresServer,
):
    worker = team.start_worker()
    job_id = team.client.submit_analysis(request_of_film)
    until(lambda: server.answered >= 3, team)
    postgres_server.stop()
    worker.terminate()
    worker.wait(60)
    postgres_server.start()
    team.start_worker()
    finished(team, job_id)
    assert_each_call_was_paid_once(team, server)


def test_the_script_of_a_container_ends_after_the_calls_that_were_sent(
    team: Team, server: BedrockServer, request_of_film: AnalysisRequest, project: Path
):
    server.delay_s = 2.0
    programs = str(Path(sys.executable).parent)
    environment = team.environment() | {"PATH": f"{programs}:{os.environ['PATH']}"}
    container = subprocess.Popen([project / "docs" / "team" / "worker.sh"], env=environment)
    team.client.submit_analysis(request_of_film)
    until(lambda: server.under_way >= 2, team)
    container.terminate()
    assert container.wait(60) == 0
    assert server.under_way == 0
    sent = server.received
    assert 2 <= sent < CALLS
    assert_each_call_was_paid_once(team, server, sent)
    assert not list(team.folder.glob("gateway-*.json"))
    assert team.store.jobs("waiting")


def test_the_cap_of_a_job_holds_over_all_workers_and_their_deaths(
    team: Team, server: BedrockServer, request_of_film: AnalysisRequest
):
    cap = Decimal("0.25")
    capped = request_of_film.model_copy(update={"max_cost_usd": cap})
    workers = [team.start_worker() for _ in range(2)]
    job_id = team.client.submit_analysis(capped)
    for number in range(2):
        until(
            lambda n=number: (server.under_way > 0 and server.answered > n)
            or team.client.job(job_id).is_finished, team,
        )  # fmt: skip
        workers[number].kill()
        workers[number].wait()
        team.start_worker()
    job = team.client.wait(job_id, WAIT_S)
    assert job.state == "failed"
    assert "over the cap" in job.error
    assert Decimal(0) < team.store.spent_usd(job_id) <= cap
    assert 0 < server.answered < CALLS
    assert server.answered == job.calls_paid


def test_two_workers_together_make_no_more_calls_at_once_than_allowed(
    team: Team, server: BedrockServer, request_of_film: AnalysisRequest
):
    team.store.set_limit(RateLimit("*", at_once=3))
    team.client.set_queue("analysis_service", 1)
    team.start_worker()
    team.start_worker()
    until(lambda: len(team.store.workers()) == 2, team)
    jobs = [
        team.client.submit_analysis(request_of_film.model_copy(update={"chunk_s": length_s}))
        for length_s in (300, 301)
    ]
    done_by = set()
    for job_id in jobs:
        until(lambda id_=job_id: bool(team.store.job(id_).worker), team)
        done_by.add(team.store.job(job_id).worker)
    for job_id in jobs:
        finished(team, job_id)
    assert len(done_by) == 2
    assert server.most_at_once == 3
    assert server.answered == len({(call.prompt, call.media) for call in server.calls})


@contextlib.contextmanager
def chroma(folder: Path) -> Iterator[None]:
    try:
        supervisor.ensure_chroma(folder / "chroma")
        yield
    finally:
        supervisor.stop_services(folder)


def test_chroma_goes_and_comes_back_and_the_index_catches_up(
    team: Team, request_of_film: AnalysisRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    from workbench import Settings, Workspace

    monkeypatch.setattr("workbench.search.index.GONE_S", 0.0)
    monkeypatch.setattr(
        "workbench.jobs.processes.supervisor._free_port", lambda port=free_port(): port
    )
    team.chroma_url = f"http://127.0.0.1:{supervisor._free_port()}"
    for name, value in team.environment().items():
        monkeypatch.setenv(name, value)
    with Workspace.open(Settings()) as workspace:
        team.start_worker()
        finished(team, team.client.submit_analysis(request_of_film))
        # It is kept, and found by words.
        assert len(team.store.analyses()) == 1
        assert workspace.search("subject 07")[0].moment.text.startswith("Subject 07")

        with chroma(tmp_path / "first"):
            for _ in range(3):
                assert workspace.search("subject 07")
            assert workspace.index.count() == len(team.store.moments()) > 0
        assert workspace.search("subject 07")[0].moment.text.startswith("Subject 07")

        # Another, empty one in its place.
        with chroma(tmp_path / "second"):
            workspace.search("subject 07")
            assert workspace.search("subject 07", how="meaning")
            assert workspace.index.count() == len(team.store.moments())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts can enter: as root, Postgres runs as another."""
    folder = Path(tempfile.mkdtemp(prefix="nova-team-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def run(*words: str, environment: dict[str, str]) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "workbench", *words, "--json"],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_command_starts_a_team_that_goes_on_when_one_is_killed_and_ends_it(
    open_folder: Path, project: Path
):
    find_programs_or_skip()
    here = {**os.environ, "WORKBENCH_DATA_DIR": str(open_folder), "PYTHONPATH": str(project)}
    team = subprocess.Popen(
        [sys.executable, "-m", "workbench", "team", "--json"],
        env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        told = "".join(iter(team.stdout.readline, "}\n")) + "}"
        environment = json.loads(told)["environment"]
        assert "password" not in urlsplit(environment["WORKBENCH_DATABASE_URL"]).netloc
        inside = here | environment
        with Store.open(environment["WORKBENCH_DATABASE_URL"]) as store:
            first, second = store.workers()
            client = JobClient(store)
            os.kill(first.pid, signal.SIGKILL)
            jobs = [client.submit_index(), client.submit_import([project / "docs" / "results.png"])]
            for job_id in jobs:
                assert client.wait(job_id, 90).state == "done"
            assert {store.job(id_).worker for id_ in jobs} <= {second.name, ""}
            assert [asset.name for asset in store.assets()] == ["results.png"]
        assert len(run("list", environment=inside)) == 1
        second_try = subprocess.run(
            [sys.executable, "-m", "workbench", "team"], env=here, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert second_try.returncode == 1
        assert "runs" in second_try.stderr
        assert run("team", "--stop", environment=here) == {"stopped": True}
        assert team.wait(30) == 0
        assert run("team", "--stop", environment=here) == {"stopped": False}
    finally:
        team.kill()
        team.communicate()
        subprocess.run(
            [sys.executable, "-m", "workbench", "team", "--stop"], env=here, check=False,
            capture_output=True,
        )  # fmt: skip
    assert LocalPostgres(open_folder / "team" / "postgres").pid is None
    assert worker_pids(open_folder / "team") == []


def find_programs_or_skip() -> None:
    try:
        find_programs()
    except NotInstalled as missing:
        pytest.skip(f"{missing}: {missing.hint}")


def test_without_postgres_the_command_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("workbench.jobs.team.postgres.DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "data"))
    assert main(["team"]) == 1
    said = capsys.readouterr().err
    assert "is not installed" in said
    assert "apt-get install postgresql" in said


@pytest.mark.parametrize("words", [["--workers", "0"], ["--workers", "99"], ["--port", "70000"]])
def test_a_team_that_cannot_be_is_refused(words: list[str], tmp_path: Path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "data"))
    assert main(["team", *words]) == 2
    assert not (tmp_path / "data").exists()

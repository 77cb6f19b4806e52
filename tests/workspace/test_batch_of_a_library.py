"""A library in one batch: sent and finalised by real workers, with nobody looking."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import polars
import pytest

from tests.support.bedrock_control_server import BedrockControlServer, wait_until
from tests.support.bedrock_rules import Received
from tests.support.bedrock_server import BedrockServer
from tests.support.long_film import make_film, measure
from tests.support.moto_s3 import S3Server
from tests.workspace.conftest import SUBJECTS, environment
from workbench import AnalysisRequest, Workspace
from workbench.jobs.gateway.client import stop_gateway
from workbench.jobs.processes.slots import worker_pids
from workbench.media.ffmpeg import run_ffmpeg

RECORDS = 120


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 20 chunks and recordings of 20 and 80, measured, in some hundred kilobytes."""
    folder, data_dir = tmp_path_factory.mktemp("library"), tmp_path_factory.mktemp("measured")
    film = make_film(folder / "film.mp4", SUBJECTS[:10])
    measure(film, data_dir)
    for name, chunks in (("short", 20), ("long", 80)):
        sound = folder / f"{name}.m4a"
        quiet = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(30 * chunks)]
        run_ffmpeg([*quiet, "-b:a", "8k", sound])
        shutil.copy(film.with_suffix(".srt"), sound.with_suffix(".srt"))
        measure(sound, data_dir)
    return data_dir


@pytest.fixture
def control(s3: S3Server) -> Iterator[BedrockControlServer]:
    with BedrockControlServer(s3) as running:
        yield running


@pytest.fixture
def start_worker(
    data_dir: Path, server: BedrockServer, control: BedrockControlServer, project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:  # fmt: skip
    """Starts a worker of the data folder, as `workbench worker` does."""
    for name, value in {**control.environment(), **environment(data_dir, server)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKBENCH_BATCH_POLL_S", "0.1")
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "workbench", "worker"]
        with (data_dir / "worker.txt").open("ab") as log:
            process = subprocess.Popen(
                words, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(project)},
            )  # fmt: skip
        started.append(process)
        wait_until(lambda: process.pid in worker_pids(data_dir))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
    stop_gateway(data_dir)


@pytest.mark.slow
def test_a_library_of_120_chunks_is_batched_partly_fails_and_survives_a_killed_worker(
    data_dir: Path, server: BedrockServer, control: BedrockControlServer, start_worker
):
    control.fails = fails_of_two_files
    control.held_at = 40
    killed = start_worker()
    with Workspace.open() as workspace:
        ids = tuple(asset.id for asset in workspace.assets())
        request = AnalysisRequest(
            assets=ids, engine="nova", model="lite", chunk_s=30, context_s=0, tier="batch"
        )
        job_id = workspace.submit(request)
        jobs = workspace.jobs
        stage = f"in a batch at Bedrock: 40 of {RECORDS} records"
        wait_until(lambda: jobs.job(job_id).stage == stage)
        assert jobs.job(job_id).worker == ""
        killed.kill()
        killed.wait()
        control.go_on()
        start_worker()
        job = jobs.wait(job_id, 120)

        assert job.state == "done", (data_dir / "worker.txt").read_text()
        assert len(control.batches) == 1
        batch = workspace.batches()[0]
        assert (batch.records, batch.answered, batch.failed) == (RECORDS, RECORDS - 5, 5)
        # One file has all its answers; of the others it is said which chunks have none.
        assert len(job.result_ids) == 1
        assert len(job.failures) == 2
        assert all("InternalServerException" in failure.message for failure in job.failures)
        assert_paid_is_counted(workspace, server, control)

        # Five are too few for a batch: they are asked one by one, at the same price.
        control.fails = lambda number, received: False
        again = jobs.wait(jobs.retry(job_id), 120)
        assert (again.state, again.failures, len(again.result_ids)) == ("done", (), 2)
        assert again.calls_paid == 5 + 2
        assert sum(1 for call in server.calls if call.tier == "flex") == 5 + 2
        assert len(control.batches) == 1
        assert_paid_is_counted(workspace, server, control)


def fails_of_two_files(number: int, received: Received) -> bool:
    """Two chunks of the film and three of the long recording."""
    chunks = re.search(r"(\d+:\d+) to .* of (10 min|40 min)", received.prompt)
    starts = {"10 min": ("1:00", "7:30"), "40 min": ("0:30", "20:00", "39:30")}
    is_film = received.video is not None
    return bool(chunks and (is_film or chunks[2] == "40 min") and chunks[1] in starts[chunks[2]])


def assert_paid_is_counted(
    workspace: Workspace, server: BedrockServer, control: BedrockControlServer
) -> None:
    """The ledger has every token the services have counted, and no other."""
    made = workspace.store.ledger().filter(~polars.col("was_kept"))
    told = (made["input_tokens"].sum(), made["output_tokens"].sum())
    calls = server.calls
    assert told == (
        control.input_tokens + sum(call.input_tokens for call in calls),
        control.output_tokens + sum(call.output_tokens for call in calls),
    )
    assert made["cost_usd"].null_count() == 0
    prices = {"standard": (60, 240), "half": (30, 120)}
    usd = Decimal(control.input_tokens * 30 + control.output_tokens * 120)
    for call in calls:
        price_in, price_out = prices["half" if call.tier == "flex" else "standard"]
        usd += call.input_tokens * price_in + call.output_tokens * price_out
    assert made["cost_usd"].sum() == usd / 1_000_000_000

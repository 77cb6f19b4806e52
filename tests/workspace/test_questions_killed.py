"""A worker that dies in the middle of a question leaves it to the next, which pays only the rest."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer
from tests.workspace.conftest import environment
from workbench import Workspace
from workbench.explain.request import FilmRequest
from workbench.jobs.gateway.client import stop_gateway
from workbench.jobs.processes.slots import worker_pids

QUESTION = FilmRequest(
    question="How does a mechanical seal fail?", voice="none", length="short", renderer="cards"
)


@pytest.fixture
def place(tmp_path: Path, server: BedrockServer, monkeypatch, project: Path) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path / "data", server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(project))
    yield tmp_path / "data"
    stop_gateway(tmp_path / "data")


def start(data_dir: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "worker"],
        env=os.environ.copy(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: process.pid in worker_pids(data_dir))
    return process


def until(is_so, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_next_worker_goes_on_where_one_was_killed(place: Path, server: BedrockServer):
    server.delay_s = 0.7
    with Workspace.open() as workspace:
        job_id = workspace.jobs.submit_film(QUESTION)
        first = start(place)
        until(lambda: server.answered >= 2)
        first.kill()
        first.wait()
        second = start(place)
        try:
            assert workspace.jobs.wait(job_id, 120).state == "done"
        finally:
            second.terminate()
            second.wait()
        states = workspace.film_states(job_id)
        assert {state.state for state in states} == {"done"}
        assert states[1].is_kept
        assert workspace.films()
        # The gateway has made each call once, and outlived the worker that asked for it.
        assert server.answered == server.received == 4
        ledger = workspace.store.ledger()
        assert ledger["input_tokens"].sum() == sum(call.input_tokens for call in server.calls)
        assert ledger["outcome"].to_list() == ["answered"] * 4

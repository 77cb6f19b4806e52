"""A Bedrock on loopback, programs that ask for calls, and no gateway left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer, credentials_for_tests
from tests.support.gateway import (
    ASKER,
    JOB,
    holder,
    pid_of,
    until,
)
from tests.support.nova_answers import answer_to
from workbench.jobs.gateway.wire import read_note
from workbench.jobs.processes import programs as processes
from workbench.library.calls.holders import is_alive
from workbench.library.records import Job
from workbench.library.store import Store


@pytest.fixture
def server() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture
def let_go(server: BedrockServer) -> Iterator[threading.Event]:
    """The service gives no answer before this is set."""
    event = threading.Event()
    server.answer = lambda received: event.wait(120) and answer_to(received)
    yield event
    event.set()


@pytest.fixture(autouse=True)
def surroundings(
    data_dir: Path, server: BedrockServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the gateway and askers need to know to call the server and nothing else."""
    known = {
        **credentials_for_tests(),
        "AWS_CONFIG_FILE": str(data_dir / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(data_dir / "none"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(project),
        "WORKBENCH_DATA_DIR": str(data_dir),
        "WORKBENCH_BEDROCK_ENDPOINT_URL": server.url,
    }
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    # No `.env` of whoever runs the tests.
    monkeypatch.chdir(data_dir)


@pytest.fixture(autouse=True)
def no_gateway_left(data_dir: Path) -> Iterator[None]:
    """End the gateway that the test has started."""
    yield
    ended = 0
    note = read_note(data_dir)
    if note is not None and is_alive(note.holder, 0.0):
        ended = pid_of(note.holder)
        os.kill(ended, signal.SIGKILL)
        until(lambda: not is_alive(note.holder, 0.0))
    for child in processes._children:
        # Python warns at its end about programs it has not seen end.
        if child.pid == ended:
            child.wait(60)
        child.poll()


@pytest.fixture
def job(store: Store) -> str:
    now = datetime.now(UTC)
    store.put_job(Job(id=JOB, kind="analyse", title="t", state="running", created_at=now))
    return JOB


@pytest.fixture
def asker(data_dir: Path, job: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts somebody who asks for a call."""
    started: list[subprocess.Popen[str]] = []

    def start(number: int = 1, job_id: str = job, cap: str = "") -> subprocess.Popen[str]:
        words = [sys.executable, str(ASKER), str(data_dir), str(number), job_id, cap]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def gateway(data_dir: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Starts a gateway as a person may."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> "subprocess.Popen[bytes]":
        with (data_dir / "gateway.txt").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "workbench", "gateway", *words], stderr=output
            )
        started.append(process)
        until(lambda: process.poll() is not None or f":{process.pid}:" in holder(data_dir))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()

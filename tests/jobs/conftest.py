"""A data folder with a store, a client, and workers that can be started, killed and ended."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench.jobs.client import JobClient
from workbench.jobs.processes.slots import worker_pids
from workbench.library.store import Store

PROGRAM = Path(__file__).with_name("worker_program.py")


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "a data folder %41 #1"
    folder.mkdir()
    return folder


@pytest.fixture
def store(data_dir, empty_catalog):
    shutil.copy(empty_catalog, data_dir / "app.db")
    with Store.open(data_dir / "app.db") as opened:
        yield opened


@pytest.fixture
def client(store):
    return JobClient(store)


class Worker:
    """A worker process of ours."""

    def __init__(self, data_dir: Path, database_url: str = "") -> None:
        self.data_dir = data_dir
        self.words = [sys.executable, str(PROGRAM), str(data_dir), *filter(None, [database_url])]
        self.log = data_dir / "worker.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.words, stdout=output, stderr=output, start_new_session=True
            )
        self.until(lambda: self.process.pid in worker_pids(self.data_dir))

    def until(self, is_so, timeout_s: float = 30.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=30)

    def paid(self) -> list[str]:
        """What was done, and would have been paid, in order."""
        path = self.data_dir / "paid.log"
        return path.read_text().splitlines() if path.exists() else []

    def said(self) -> list[dict[str, object]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def worker(data_dir):
    made = Worker(data_dir)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()

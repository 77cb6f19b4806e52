"""What tests of the gateway look at: who it is, who waits for it, and what was paid."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.orders import order_of
from workbench.jobs.gateway.client import call_through_gateway
from workbench.jobs.gateway.wire import read_note
from workbench.library.store import Store

ASKER = Path(__file__).parent.parent / "jobs" / "asker_program.py"


JOB = "0123456789abcdef"


def until(is_so: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def holder(data_dir: Path) -> str:
    note = read_note(data_dir)
    return note.holder if note else ""


def lines_to(data_dir: Path) -> list[str]:
    """The gateway's lines to askers, as the kernel has them: open, or with nobody at the end."""
    kinds = {"01": "open", "08": "left"}
    port = f":{read_note(data_dir).port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()]
    return [kinds[row[3]] for row in rows if row[1].endswith(port) and row[3] in kinds]


def pid_of(name: str) -> int:
    return int(name.split(":")[-2])


def answer_of(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=60)[0].strip()


def was_paid(process: "subprocess.Popen[str]") -> bool:
    return json.loads(answer_of(process))["was_paid"]


def outcomes(store: Store) -> list[str]:
    return list(store.ledger()["outcome"])


def call(data_dir: Path, number: int = 1, job_id: str = JOB):
    return call_through_gateway(data_dir, order_of(number), job_id, lambda: None)

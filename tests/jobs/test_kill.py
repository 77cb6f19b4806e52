"""Killed at any moment, nothing is paid twice and nothing is lost: a few kills of each kind.

`make bench-kill` does hundreds.
"""

import os
import random
import signal
import time

import pytest

from tests.bench.kill import CALLS, Bench, kill_runs
from tests.support.bedrock_server import BedrockServer
from workbench.jobs.processes.slots import worker_pids

KILLS = 6
"""Of each kind; `make bench-kill` does 200, 50 and 50."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    # Another moment each time is what makes the test worth repeating; the seed is in the report.
    random.seed(seed := random.randrange(10**6))
    print(f"seed {seed}")
    with BedrockServer() as server:
        yield Bench(tmp_path_factory.mktemp("kills"), server)


def test_a_killed_worker_pays_no_call_twice_and_loses_none(bench):
    counts = kill_runs(bench, "worker", KILLS)
    assert (counts.paid_twice, counts.lost, counts.different) == (0, 0, 0)


def test_of_two_workers_the_other_goes_on_where_one_was_killed(bench, fresh_postgres):
    counts = kill_runs(bench, "team", KILLS, fresh_postgres)
    assert (counts.paid_twice, counts.lost, counts.different) == (0, 0, 0)


def test_a_killed_app_stops_no_job(bench):
    counts = kill_runs(bench, "app", KILLS)
    assert (counts.paid_twice, counts.lost, counts.different) == (0, 0, 0)


def test_the_app_replaces_a_worker_that_was_killed(bench):
    with bench.library() as library:
        bench.app(library)
        until(lambda: worker_pids(library.folder))
        job_id = library.client.submit_analysis(bench.request)
        until(lambda: library.client.job(job_id).calls_paid >= 3)
        os.kill(worker_pids(library.folder)[0], signal.SIGKILL)
        assert library.client.wait(job_id, 120).state == "done"
        assert bench.server.answered == CALLS


def until(is_so, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)

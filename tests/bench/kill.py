"""Kill what does the work at random moments and count what was paid: `python -m tests.bench.kill`.

A run is one analysis of 40 paid calls on a Bedrock of our own that counts. In it the worker (one of
two workers on Postgres, or the app) is killed with SIGKILL a few times and started again. Every
run has to complete, no call may be paid twice or be lost, and the result has to be the undisturbed
one.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.support.bedrock_server import BedrockServer, credentials_for_tests
from tests.support.long_film import make_film, measure
from workbench import AnalysisRequest
from workbench.errors import JobError
from workbench.jobs.client import JobClient
from workbench.jobs.processes.supervisor import stop_services
from workbench.jsonable import to_jsonable
from workbench.library.store import Store

MINUTES = 195
CHUNK_S = 300
CALLS = 40
"""39 chunks and the call that combines them."""

DELAY_S = 0.25
"""How long the service takes for an answer."""

KILLS_A_RUN = 5
WAIT_S = 180.0

Kind = Literal["worker", "team", "app"]
PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Counts:
    """What came of the runs."""

    runs: int = 0
    kills: int = 0
    in_flight: int = 0
    """Kills with at least one call in flight."""
    paid_twice: int = 0
    lost: int = 0
    different: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not (self.paid_twice or self.lost or self.different)


class Library:
    """A data folder with the film measured, and the processes that work on it."""

    def __init__(self, folder: Path, server: BedrockServer, database_url: str = "") -> None:
        self.folder = folder
        self.server = server
        self.database_url = database_url
        self.processes: list[subprocess.Popen[bytes]] = []
        self.store = Store.open(database_url or folder / "app.db")
        self.client = JobClient(self.store)

    def environment(self) -> dict[str, str]:
        nowhere = str(self.folder / "none")
        return {
            **os.environ,
            **credentials_for_tests(),
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(PROJECT),
            "WORKBENCH_DATA_DIR": str(self.folder),
            "WORKBENCH_DATABASE_URL": self.database_url,
            "WORKBENCH_BEDROCK_ENDPOINT_URL": self.server.url,
            # Estimates would follow the calls made so far, and a result says what was estimated.
            "WORKBENCH_CALIBRATE_FROM": "off",
        }

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "processes.txt").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *words], env=self.environment(), stdout=output,
                stderr=output, stdin=subprocess.DEVNULL, cwd=PROJECT, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start("workbench", "worker")

    def result(self) -> dict[str, Any]:
        """The one analysis there is, without what differs between two equal runs."""
        (header,) = self.store.analyses()
        plain = to_jsonable(self.store.analysis(header.id))
        for name in ("created_at", "seconds", "stages_s"):
            del plain[name]
        for call in plain["calls"]:
            for name in ("latency_s", "was_kept", "attempts"):
                del call[name]
        return plain

    def close(self) -> None:
        self.store.close()
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()
        stop_services(self.folder)


class Bench:
    """Runs with kills, against the undisturbed run."""

    def __init__(self, folder: Path, server: BedrockServer) -> None:
        self.folder = folder
        self.server = server
        self.template = folder / "template"
        film = make_film(folder / "long talk.mp4", [f"Subject {n:03}" for n in range(MINUTES)])
        self.request = AnalysisRequest(
            assets=(measure(film, self.template),), engine="nova", chunk_s=CHUNK_S
        )
        with self.library() as library:
            library.start_worker()
            began = time.monotonic()
            job = library.client.wait(library.client.submit_analysis(self.request), WAIT_S)
            self.undisturbed_s = time.monotonic() - began
            assert job.state == "done", job.error
            assert server.answered == CALLS, server.answered
            self.expected = library.result()

    @contextlib.contextmanager
    def library(self, database_url: str = "") -> Iterator[Library]:
        self.server.reset()
        self.server.delay_s = DELAY_S
        folder = Path(tempfile.mkdtemp(prefix="run", dir=self.folder))
        shutil.copytree(self.template, folder, dirs_exist_ok=True)
        if database_url:
            copy_catalog(folder, database_url)
        library = Library(folder, self.server, database_url)
        try:
            yield library
        finally:
            library.close()
            shutil.rmtree(folder)

    def run(self, kind: Kind, kills: int, counts: Counts, *, database_url: str = "") -> None:
        """One analysis with some kills in it."""
        began = time.monotonic()
        with self.library(database_url) as library:
            # Submitted first, so that a kill may also hit a worker that is only starting.
            if kind == "app":
                victim: Callable[[], subprocess.Popen[bytes]] = lambda: self.app(library)  # noqa: E731
            else:
                victim = library.start_worker
            victims = [victim() for _ in range(2 if kind == "team" else 1)]
            job_id = library.client.submit_analysis(self.request)
            for _ in range(kills):
                self.wait_a_moment()
                if library.client.job(job_id).is_finished:
                    break
                at = random.randrange(len(victims))
                counts.in_flight += self.server.under_way > 0
                os.kill(victims[at].pid, signal.SIGKILL)
                victims[at].wait()
                counts.kills += 1
                victims[at] = victim()
            with contextlib.suppress(JobError):  # it hangs, and is shown as it stands
                library.client.wait(job_id, WAIT_S)
            job = library.client.job(job_id)
            self.check(library, counts, f"{job.state} {job.error}".strip())
        counts.runs += 1
        counts.seconds.append(time.monotonic() - began)

    def wait_a_moment(self) -> None:
        """Any moment of the run; two of three times one in which calls are made."""
        if random.random() < 1 / 3:
            time.sleep(random.uniform(0.0, self.undisturbed_s / 2))
            return
        until = time.monotonic() + self.undisturbed_s
        while not self.server.under_way and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 2 * DELAY_S))

    def app(self, library: Library) -> subprocess.Popen[bytes]:
        """The app, which starts the worker as it starts itself."""
        port = str(random.randrange(20_000, 30_000))
        return library.start("workbench", "app", "--port", port, "--no-browser")

    def check(self, library: Library, counts: Counts, outcome: str) -> None:
        """Compare the service's own log, the ledger and the result with what they should be."""
        asked = Counter((call.prompt, call.media) for call in self.server.calls)
        ledger = library.store.ledger().filter(~_kept())
        twice = sum(asked.values()) - len(asked)
        lost = CALLS - len(asked) + abs(ledger.height - CALLS)
        same = outcome == "done" and library.result() == self.expected
        counts.paid_twice += twice
        counts.lost += lost
        counts.different += not same
        if twice or lost or not same:
            print(f"  {outcome}: {len(asked)} calls, {twice} twice, {ledger.height} in the ledger")
            for job in library.client.jobs():
                for event in library.client.log(job.id, limit=20):
                    print(f"    {event.at:%H:%M:%S} {event.event} {event.facts}")
            print((library.folder / "processes.txt").read_text()[-3000:])


def _kept() -> Any:
    import polars

    return polars.col("was_kept")


def copy_catalog(folder: Path, database_url: str) -> None:
    """Give a team's catalog what the template's holds: the film, measured."""
    with Store.open(folder / "app.db") as source, Store.open(database_url) as target:
        for asset in source.assets():
            target.add_asset(asset)
            if evidence := source.evidence(asset.id):
                target.put_evidence(evidence)
            for proxy in source.proxies(asset.id):
                target.add_proxy(proxy)


def kill_runs(
    bench: Bench, kind: Kind, kills: int, databases: Callable[[], str] = str, *, loud: bool = False
) -> Counts:
    """As many runs as it takes to kill so often."""
    counts = Counts()
    while counts.kills < kills:
        now = min(KILLS_A_RUN, kills - counts.kills)
        bench.run(kind, now, counts, database_url=databases() if kind == "team" else "")
        if loud:
            print(f"  {kind}: {counts.kills} kills, {counts.paid_twice} paid twice", flush=True)
    return counts


def show(kind: str, counts: Counts) -> None:
    print(
        f"{kind:<8} {counts.kills:4} kills in {counts.runs:3} analyses of {CALLS} calls, "
        f"{counts.in_flight} with a call in flight: {counts.paid_twice} paid twice, "
        f"{counts.lost} lost, {counts.different} results that differ"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--worker", type=int, default=200, help="kills of the worker")
    parser.add_argument("--team", type=int, default=50, help="kills of one of two workers")
    parser.add_argument("--app", type=int, default=50, help="kills of the app")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    print(f"seed {arguments.seed}")
    wanted: Mapping[Kind, int] = {
        "worker": arguments.worker, "team": arguments.team, "app": arguments.app,
    }  # fmt: skip
    right = True
    with tempfile.TemporaryDirectory() as folder, BedrockServer() as server:
        bench = Bench(Path(folder), server)
        print(f"undisturbed: {bench.undisturbed_s:.1f} s")
        for kind, kills in wanted.items():
            if not kills:
                continue
            with contextlib.ExitStack() as stack:
                databases: Callable[[], str] = str
                if kind == "team":
                    from tests.support.postgres_server import PostgresServer

                    databases = stack.enter_context(PostgresServer()).fresh_database
                counts = kill_runs(bench, kind, kills, databases, loud=True)
            show(kind, counts)
            right = right and counts.is_right
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

"""A team on one machine, for trying: Postgres, Chroma and some workers, all in one folder.

The folder is a data folder of its own: one that belongs to another catalog, a laptop's for
example, would have its worker and its gateway in the way. To forget the team, delete the folder.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import JobError, LibraryError
from workbench.jobs.gateway.client import stop_gateway
from workbench.jobs.processes.programs import log_file, spawn, tail
from workbench.jobs.processes.slots import MOST_SLOTS, worker_pids
from workbench.jobs.processes.supervisor import ensure_chroma, stop_services, worker_command
from workbench.jobs.team.postgres import LocalPostgres
from workbench.library.records import Job, JobState, WorkerRecord
from workbench.library.store import Store
from workbench.progress import Progress, silent

FOLDER = "team"
"""Beside the rest of a data folder."""

READY_S = 90.0
"""How long the workers may take to report."""


@dataclass(frozen=True, slots=True)
class TeamStatus:
    """A team at one moment."""

    workers: tuple[WorkerRecord, ...]
    counts: Mapping[JobState, int]
    newest: tuple[Job, ...]
    """The jobs made last, those that go on first."""
    problem: str = ""
    """Why nothing of it is known now; empty when all is well."""


class LocalTeam:
    """Postgres, Chroma and workers of one folder. They outlive this process until `stop`.

    Args:
        folder: The team's own data folder.
        workers: How many do jobs, 1 to 32.
        port: Of Postgres on 127.0.0.1; 0 for any.
        cpu_threads: Threads of each worker; 0 to share out the cores.

    Raises:
        NotInstalled: There is no Postgres on this machine.
    """

    def __init__(
        self, folder: Path, *, workers: int = 2, port: int = 0, cpu_threads: int = 0
    ) -> None:
        self.folder = folder.expanduser().resolve()
        self._workers = min(max(1, workers), MOST_SLOTS)
        self._threads = cpu_threads or max(1, (os.cpu_count() or 1) // self._workers)
        self._postgres = LocalPostgres(self.folder / "postgres", port=port)
        self._chroma_url = ""
        self._store: Store | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this team has to know; complete once it was started."""
        return {
            "WORKBENCH_DATA_DIR": str(self.folder),
            "WORKBENCH_DATABASE_URL": self._postgres.url(),
            "WORKBENCH_CHROMA_URL": self._chroma_url,
        }

    def start(
        self, *, command: Sequence[str] | None = None, progress: Progress = silent
    ) -> dict[str, str]:
        """Start what does not run yet, and wait until the workers have reported.

        Args:
            command: What starts a worker; `workbench worker` unless told otherwise.
            progress: Told what is being waited for.

        Returns:
            The environment for the app and the command line.

        Raises:
            SettingsError: The folder or the port cannot be used.
            LibraryError: A server does not start.
            JobError: A worker does not start.
        """
        steps = 3
        self.folder.mkdir(parents=True, exist_ok=True)
        progress(0, steps, "starting Postgres")
        self._postgres.start()
        progress(1, steps, "starting Chroma")
        self._chroma_url = ensure_chroma(self.folder / "chroma").url
        progress(2, steps, f"starting {self._workers} workers")
        self._start_workers(command or worker_command())
        progress(steps, steps, "the team is ready")
        return self.environment

    def status(self, newest: int = 12) -> TeamStatus:
        """Who works, and how far the jobs are."""
        try:
            store = self._opened()
            jobs = store.jobs("running", limit=newest)
            jobs += [job for job in store.jobs(limit=newest) if job.state != "running"]
            return TeamStatus(tuple(store.workers()), store.count_jobs(), tuple(jobs[:newest]))
        except LibraryError as error:
            return TeamStatus((), {}, (), problem=error.message)

    def stop(self, *, progress: Progress = silent) -> None:
        """End it, whoever started it: workers, calls in flight, Chroma, and Postgres last.

        Jobs rest where they are and go on at the next start.

        Raises:
            JobError: A worker or a call does not end.
            LibraryError: Postgres does not end.
        """
        steps = 3
        if self._store is not None:
            self._store.close()
            self._store = None
        progress(0, steps, "ending the workers and Chroma")
        stop_services(self.folder)
        progress(1, steps, "waiting for calls in flight")
        stop_gateway(self.folder)
        progress(2, steps, "ending Postgres")
        self._postgres.stop()
        progress(steps, steps, "the team has ended")

    @property
    def is_running(self) -> bool:
        """Does any part of it run?"""
        return self._postgres.pid is not None or bool(worker_pids(self.folder))

    def _start_workers(self, command: Sequence[str]) -> None:
        environment = {**self.environment, "WORKBENCH_CPU_THREADS": str(self._threads)}
        missing = self._workers - len(worker_pids(self.folder))
        started = {}
        for number in range(1, missing + 1):
            log = log_file(self.folder, f"worker-{number}")
            child = spawn(command, log, environment)
            started[child.pid] = child, log
        deadline = time.monotonic() + READY_S
        while started:
            for worker in self._opened().workers():
                started.pop(worker.pid, None)
            for child, log in started.values():
                if child.poll() is not None or time.monotonic() > deadline:
                    raise JobError(f"a worker did not start: {tail(log)}", hint=f"see {log}")
            time.sleep(0.1)

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store.open(self._postgres.url())
        return self._store

"""Hand work to the worker and follow it: what the app, notebooks and the command line use.

The client reads and writes the catalog and nothing else: the worker finds what waits there. So a
job that was asked for is never lost, and reading one never waits for the queue.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.analysis.request import AnalysisRequest
from workbench.errors import JobError, RequestError
from workbench.explain.request import FilmRequest
from workbench.jobs.asking import (
    again,
    analysis_job,
    as_json,
    asset_names,
    name_of,
    new_job,
    proxies_job,
    titled,
)
from workbench.jobs.processes.sweeper import is_gone, take_back
from workbench.jobs.queues import QUEUES, QueueInfo
from workbench.library.calls.holders import is_alive
from workbench.library.database.rows import in_batches
from workbench.library.journal import note
from workbench.library.records import (
    RANKS,
    CallInFlight,
    Job,
    JobEvent,
    JobState,
    Priority,
    WorkerRecord,
)
from workbench.library.store import Store

LOOK_EVERY_S = 0.1
"""How often `wait` looks, in seconds."""

LONGEST_NAME = 60
"""Letters of a question in the title of its job."""

OPEN: tuple[JobState, ...] = ("waiting", "running", "paused")
"""States of a job that has not ended."""


class JobClient:
    """The jobs of one library. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # Asking

    def submit_analysis(self, request: AnalysisRequest, priority: Priority = "normal") -> str:
        """Ask for an analysis; returns the job's id."""
        return self.submit_analyses([request], priority)[0]

    def submit_analyses(
        self, requests: Sequence[AnalysisRequest], priority: Priority = "normal"
    ) -> list[str]:
        """Ask for many analyses at once; returns the ids of their jobs, in the same order."""
        names = asset_names(self._store, [each for one in requests for each in one.assets])
        return self._ask([analysis_job(request, names, priority) for request in requests])

    def submit_import(
        self,
        paths: Sequence[Path | str],
        priority: Priority = "normal",
        *,
        proxies: bool = False,
    ) -> str:
        """Ask for the import of files and folders; returns the job's id.

        Args:
            paths: What to import.
            priority: Its place among those that wait.
            proxies: Make the proxies of what was imported as well.

        Raises:
            RequestError: No path was named.
        """
        if not paths:
            raise RequestError("nothing to import", hint="name a file or a folder")
        # The worker has a working directory of its own.
        absolute = [str(Path(path).expanduser().absolute()) for path in paths]
        title = f"Import {titled([Path(path).name or path for path in absolute])}"
        request = as_json({"paths": absolute} | ({"proxies": True} if proxies else {}))
        return self._ask([new_job("import", title, request, priority=priority)])[0]

    def submit_sample(self, priority: Priority = "normal") -> str:
        """Ask for the making and import of the sample library; returns the job's id."""
        request = as_json({"sample": True})
        return self._ask(
            [new_job("import", "Make the sample library", request, priority=priority)]
        )[0]

    def submit_proxies(
        self,
        asset_ids: Sequence[str],
        spec: str | None = None,
        priority: Priority = "normal",
        *,
        limit: int | None = None,
        again: bool = False,
    ) -> str:
        """Ask for proxies; returns the job's id.

        Args:
            asset_ids: Of what.
            spec: Only this one; None for what each asset should have.
            priority: Its place among those that wait.
            limit: So many of the missing ones at most; None for all.
            again: Also those that are there; each stays until the new one is whole.

        Raises:
            RequestError: No asset was named.
        """
        if not asset_ids:
            raise RequestError("no files were chosen", hint="choose at least one")
        names = asset_names(self._store, asset_ids)
        job = proxies_job(asset_ids, names, spec, priority, limit=limit, again=again)
        return self._ask([job])[0]

    def submit_report(
        self, notebook: str, parameters: Mapping[str, object], priority: Priority = "normal"
    ) -> str:
        """Ask for a report; returns the job's id. Its notebook checks the parameters.

        Args:
            notebook: A name from `notebooks()`.
            parameters: Values for its parameters cell.
            priority: Its place among the reports that wait.
        """
        assets = parameters.get("assets")
        title = f"Report {notebook.replace('_', ' ')}"
        if isinstance(assets, list | tuple) and assets:
            named = [str(each) for each in assets]
            names = asset_names(self._store, named)
            title += f": {titled([names[each] for each in named])}"
        request = as_json({"notebook": notebook, "parameters": dict(parameters)})
        return self._ask([new_job("report", title, request, priority=priority)])[0]

    def submit_film(self, request: FilmRequest, priority: Priority = "normal") -> str:
        """Ask for an explainer film; returns the job's id.

        Raises:
            NotInLibrary: There is no such analysis.
        """
        question = " ".join((request.question or request.search).split())
        words = (
            question if len(question) <= LONGEST_NAME else f"{question[:LONGEST_NAME].rstrip()}…"
        )
        of = {
            "notes": "notes",
            "storyboard": "a storyboard",
            "question": f"“{words}”",
            "search": f"moments of “{words}”",
            "example": request.example,
        }.get(request.source, "")
        about: tuple[str, ...] = ()
        if not of:
            analysis = self._store.analysis(request.analysis)
            of, about = analysis.asset_name, (analysis.asset_id,)
        text = request.model_dump_json()
        return self._ask([new_job("film", f"Film of {of}", text, about, priority=priority)])[0]

    def submit_index(self, priority: Priority = "normal") -> str:
        """Ask for a new search index; returns the job's id."""
        job = new_job("index", "Make the search index anew", as_json({}), priority=priority)
        return self._ask([job])[0]

    # Looking

    def job(self, job_id: str) -> Job:
        """The job with this id, as it is now.

        Raises:
            NotInLibrary: There is none.
        """
        job = self._store.job(job_id)
        if job.state == "running" and is_gone(job.worker):
            # Its worker was killed, and no other has noticed yet.
            return take_back(self._store, job) or self._store.job(job_id)
        return job

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """Jobs in one state, or all, newest first."""
        return self._store.jobs(state) if state else self._store.jobs()

    def page(self, states: Sequence[JobState] = (), limit: int = 50, offset: int = 0) -> list[Job]:
        """Some of the jobs, newest first.

        Args:
            states: Only jobs in these; none for all.
            limit: Most jobs to return.
            offset: How many of the newest to leave out.
        """
        return self._store.jobs(*states, limit=limit, offset=offset)

    def counts(self) -> dict[JobState, int]:
        """How many jobs are in each state; a state without any is left out."""
        return self._store.count_jobs()

    def active(self, limit: int = 50) -> list[Job]:
        """Jobs that run, then jobs that wait, newest first; at most `limit`."""
        running = self._store.jobs("running", limit=limit)
        left = limit - len(running)
        return running + (self._store.jobs("waiting", limit=left) if left > 0 else [])

    def log(self, job_id: str, limit: int = 200) -> list[JobEvent]:
        """What happened to a job, newest first; at most `limit` lines."""
        return self._store.events(job_id, limit=limit)

    def in_flight(self, job_id: str | None = None) -> list[CallInFlight]:
        """Calls that are being made for a job, or for any, oldest first."""
        return self._store.calls_in_flight(job_id)

    def workers(self) -> list[WorkerRecord]:
        """Workers that run, as far as can be told from here."""
        return [w for w in self._store.workers() if is_alive(w.name, w.silent_s)]

    def queues(self) -> list[QueueInfo]:
        """The queues, with how many jobs wait and run in each."""
        settings = self._store.queue_settings()
        return [
            QueueInfo(
                name=name,
                what=what,
                per_worker=settings.get(name, usual),
                waiting=self._store.count_queue(name, "waiting"),
                running=self._store.count_queue(name, "running"),
            )
            for name, (what, usual) in QUEUES.items()
        ]

    def wait(self, job_id: str, timeout_s: float = 600.0) -> Job:
        """Wait until a job has ended.

        Raises:
            JobError: It has not, after `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while not (job := self.job(job_id)).is_finished:
            if time.monotonic() > deadline:
                raise JobError(
                    f"{job.title!r} is still {job.state} after {timeout_s:.0f} s",
                    hint="is the worker running? see `workbench doctor`",
                )
            time.sleep(LOOK_EVERY_S)
        return job

    # Steering

    def cancel(self, job_id: str) -> Job:
        """Stop a job; a call in flight finishes and its reply is kept. One that has ended stays.

        Returns:
            The job; `cost_usd` is what was paid for it so far.

        Raises:
            NotInLibrary: There is no such job.
        """
        now = datetime.now(UTC)
        job = self._change(job_id, OPEN, state="cancelled", finished_at=now, stage="")
        if job is None:
            return self._store.job(job_id)
        paid = None if job.cost_usd is None else float(job.cost_usd)
        note(self._store, job_id, "job.cancelled", paid_usd=paid, calls=job.calls_paid)
        return job

    def pause(self, job_id: str) -> Job:
        """Let a job rest, keeping what it has; one that runs stops at the next safe point.

        Raises:
            NotInLibrary: There is no such job.
            JobError: It has ended.
        """
        job = self._change(job_id, ("waiting", "running"), state="paused", stage="")
        if job is not None:
            note(self._store, job_id, "job.paused")
            return job
        job = self._store.job(job_id)
        if job.is_finished:
            raise JobError(f"{job.title!r} is {job.state}", hint="only an open job can be paused")
        return job

    def resume(self, job_id: str) -> Job:
        """Let a paused job wait for its turn again; what it has is not done twice.

        Raises:
            NotInLibrary: There is no such job.
            JobError: It has ended.
        """
        job = self._store.job(job_id)
        if job.is_finished:
            raise JobError(f"{job.title!r} is {job.state}", hint="try it again instead")
        resumed = self._store.change_job(
            job_id, ("paused",), of_attempt=job.attempt,
            state="waiting", attempt=job.attempt + 1, stage="",
        )  # fmt: skip
        if resumed is None:
            return self._store.job(job_id)
        note(self._store, job_id, "job.resumed")
        return resumed

    def retry(self, job_id: str) -> str:
        """Ask again for what a job that has ended left undone; what was kept is not done twice.

        Returns:
            The id of the new job, or of one that does the same already.

        Raises:
            NotInLibrary: There is no such job.
            JobError: It has not ended.
        """
        job = self.job(job_id)
        if not job.is_finished:
            raise JobError(f"{job.title!r} is still {job.state}", hint="stop it first, or wait")
        return self._ask([again(job, self._store)])[0]

    def set_priority(self, job_id: str, priority: Priority) -> Job:
        """Change when a job that waits has its turn; for one that runs, when it is taken up again.

        Raises:
            NotInLibrary: There is no such job.
        """
        job = self._store.job(job_id)
        if job.priority == priority:
            return job
        # In the queue it is another attempt, with a place of its own.
        changed = self._store.change_job(
            job_id, ("waiting",), of_attempt=job.attempt,
            priority=priority, attempt=job.attempt + 1,
        ) or self._store.change_job(job_id, ("running", "paused"), priority=priority)  # fmt: skip
        return changed or self._store.job(job_id)

    def set_queue(self, name: str, per_worker: int) -> None:
        """Set how many jobs of a queue every worker does at once, from its next job on.

        Raises:
            RequestError: There is no such queue, or the number is less than 1.
        """
        if name not in QUEUES:
            known = ", ".join(QUEUES)
            raise RequestError(f"there is no queue {name!r}", hint=f"the queues are {known}")
        if per_worker < 1:
            raise RequestError(
                f"a worker cannot do {per_worker} jobs at once",
                hint="at least 1; or pause the jobs",
            )
        self._store.set_queue(name, per_worker)

    def _ask(self, jobs: Sequence[Job]) -> list[str]:
        """Keep new jobs; the same as one that is open is that one, woken if it was paused."""
        wanted = [name_of(job) for job in jobs]
        asked: dict[str, Job] = {}
        for name, job in zip(wanted, jobs, strict=True):
            asked.setdefault(name, job)
        ids: dict[str, str] = {}
        # Short transactions: others write meanwhile.
        for names in in_batches(list(asked)):
            found = self._store.ask_for_jobs({name: asked[name] for name in names})
            for name, job in found.items():
                ids[name] = job.id
                if job.state == "paused":
                    self.resume(job.id)
                if RANKS[asked[name].priority] < RANKS[job.priority]:
                    self.set_priority(job.id, asked[name].priority)
        return [ids[name] for name in wanted]

    def _change(self, job_id: str, states: Sequence[JobState], **changes: Any) -> Job | None:
        return self._store.change_job(job_id, states, worker="", left_s=None, **changes)

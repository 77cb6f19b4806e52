"""Hand work to the worker and follow it: what the app, notebooks and the command line use.

A job is written to the catalog before it is queued, so it is never running unseen. Asking twice
for the same thing while it waits or runs gives the same job.
"""

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from workbench.analysis.request import AnalysisRequest
from workbench.errors import JobError, NotInLibrary, RequestError
from workbench.jobs.database import open_client, queue_error, queue_file
from workbench.jobs.workflows import MOST_RECOVERIES, RUN_JOB, queue_of
from workbench.library.records import Job, JobKind, JobState
from workbench.library.store import Store

if TYPE_CHECKING:
    from dbos import DBOSClient, WorkflowHandle

LOST_AFTER_S = 60.0
"""A job that is in no queue this long after it was made will not be done."""


class JobClient:
    """The jobs of one library. Safe to share between threads."""

    def __init__(self, data_dir: Path, store: Store, *, database_url: str = "") -> None:
        self._data_dir = data_dir
        self._store = store
        self._database_url = database_url
        self._lock = threading.RLock()
        self._client: DBOSClient | None = None

    def close(self) -> None:
        """Give back the connection to the queue."""
        with self._lock:
            if self._client is not None:
                engine = self._client._sys_db.engine  # noqa: SLF001 - it is ours, and stays open
                self._client.destroy()
                engine.dispose()
                self._client = None

    def submit_analysis(self, request: AnalysisRequest) -> str:
        """Queue an analysis; returns the job's id.

        Raises:
            JobError: The queue cannot be written.
        """
        names = [self._asset_name(name) for name in request.assets]
        return self._submit(
            "analyse", f"Analyse {_named(names)}", request.model_dump_json(), request.assets
        )

    def submit_import(self, paths: Sequence[Path | str]) -> str:
        """Queue the import of files and folders; returns the job's id.

        Raises:
            RequestError: No path was named.
        """
        if not paths:
            raise RequestError("nothing to import", hint="name a file or a folder")
        # The worker has a working directory of its own.
        absolute = [str(Path(path).expanduser().absolute()) for path in paths]
        title = f"Import {_named([Path(path).name or path for path in absolute])}"
        return self._submit("import", title, _json({"paths": absolute}))

    def submit_sample(self) -> str:
        """Queue the making and import of the sample library; returns the job's id."""
        return self._submit("import", "Make the sample library", _json({"sample": True}))

    def submit_proxies(self, asset_ids: Sequence[str], spec: str | None = None) -> str:
        """Queue the making of proxies; returns the job's id.

        Raises:
            RequestError: No asset was named.
        """
        if not asset_ids:
            raise RequestError("no files were chosen", hint="choose at least one")
        title = f"Make proxies of {_named([self._asset_name(each) for each in asset_ids])}"
        request = _json({"asset_ids": list(asset_ids), "spec": spec})
        return self._submit("proxies", title, request, asset_ids)

    def submit_report(self, notebook: str, parameters: Mapping[str, object]) -> str:
        """Queue a report; returns the job's id. Its notebook checks the parameters.

        Args:
            notebook: A name from `notebooks()`.
            parameters: Values for its parameters cell.
        """
        assets = parameters.get("assets")
        named = []
        if isinstance(assets, list | tuple):
            named = [self._asset_name(str(each)) for each in assets]
        title = f"Report {notebook.replace('_', ' ')}" + (f": {_named(named)}" if named else "")
        request = _json({"notebook": notebook, "parameters": dict(parameters)})
        return self._submit("report", title, request)

    def submit_index(self) -> str:
        """Queue the making of a new search index; returns the job's id."""
        return self._submit("index", "Make the search index anew", _json({}))

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """Jobs in one state, or all, newest first."""
        jobs = self._checked(self._store.jobs())
        return [job for job in jobs if state is None or job.state == state]

    def job(self, job_id: str) -> Job:
        """The job with this id, as it is now.

        Raises:
            NotInLibrary: There is none.
        """
        return self._checked([self._store.job(job_id)])[0]

    def cancel(self, job_id: str) -> Job:
        """Stop a job; a call in flight finishes and its reply is kept. Finished ones stay.

        Raises:
            NotInLibrary: There is no such job.
        """
        job = self._store.job(job_id)
        if job.is_finished:
            return job
        with self._queue() as queue:
            queue.cancel_workflow(job_id)
        return self._store.update_job(
            job_id, state="cancelled", finished_at=datetime.now(UTC), stage=""
        )

    def retry(self, job_id: str) -> str:
        """Queue the same request again; what was kept of the first try is not done twice.

        Returns:
            The id of the new job, or of the same request that waits or runs already.

        Raises:
            NotInLibrary: There is no such job.
            JobError: It has not ended.
        """
        job = self.job(job_id)
        if not job.is_finished:
            raise JobError(f"{job.title!r} is still {job.state}", hint="stop it first, or wait")
        return self._submit(job.kind, job.title, job.request, job.asset_ids)

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
            time.sleep(0.2)
        return job

    def _submit(
        self, kind: JobKind, title: str, request: str, asset_ids: Sequence[str] = ()
    ) -> str:
        job = Job(
            id=uuid.uuid4().hex[:16],
            kind=kind,
            title=title,
            state="waiting",
            created_at=datetime.now(UTC),
            asset_ids=tuple(asset_ids),
            request=request,
        )
        with self._queue() as queue:
            for other in self._checked(self._store.jobs()):
                if not other.is_finished and (other.kind, other.request) == (kind, request):
                    return other.id
            self._store.put_job(job)
            handle: WorkflowHandle[str] = queue.enqueue(
                {
                    "workflow_name": RUN_JOB,
                    "queue_name": queue_of(job),
                    "workflow_id": job.id,
                    "deduplication_id": hashlib.sha256(f"{kind} {request}".encode()).hexdigest(),
                    "duplication_policy": "return-existing",
                },
                job.id,
            )
        queued = handle.get_workflow_id()
        if queued != job.id:
            # Another process asked for the same in the same moment.
            self._store.put_job(replace(job, state="cancelled", stage="asked for twice"))
        return queued

    def _checked(self, jobs: list[Job]) -> list[Job]:
        """Bring jobs up to date whose worker gave them up without a word."""
        open_ids = [job.id for job in jobs if not job.is_finished]
        if not open_ids or not (self._database_url or queue_file(self._data_dir).exists()):
            return jobs
        with self._queue() as queue:
            found = queue.list_workflows(workflow_ids=open_ids, load_input=False, load_output=False)
        states = {status.workflow_id: status.status for status in found}
        return [job if job.is_finished else self._settled(job, states.get(job.id)) for job in jobs]

    def _settled(self, job: Job, status: str | None) -> Job:
        age_s = (datetime.now(UTC) - job.created_at).total_seconds()
        match status:
            case "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
                error = f"the worker ended at this job {MOST_RECOVERIES + 1} times"
                hint = "it may need more memory than there is; see logs/worker.log"
            case "ERROR":
                error = "the worker failed"
                hint = "see logs/worker.log in the data folder"
            case "CANCELLED":
                return self._end(job, "cancelled", "", "")
            case None if age_s > LOST_AFTER_S:
                error = "it is in no queue"
                hint = "try it again"
            case _:
                return job
        return self._end(job, "failed", error, hint)

    def _end(self, job: Job, state: JobState, error: str, hint: str) -> Job:
        now = self._store.job(job.id)
        if now.is_finished:
            return now
        return self._store.update_job(
            job.id, state=state, error=error, hint=hint, finished_at=datetime.now(UTC), stage=""
        )

    def _asset_name(self, name: str) -> str:
        try:
            return self._store.asset(name).name
        except NotInLibrary:
            return Path(name).name

    @contextmanager
    def _queue(self) -> Iterator["DBOSClient"]:
        """The queue, for one thread at a time; its failures become ours."""
        with self._lock:
            if self._client is None:
                self._client = open_client(self._data_dir, self._database_url)
            try:
                yield self._client
            except DBAPIError as error:
                raise queue_error(error, queue_file(self._data_dir)) from error


def _named(names: Sequence[str]) -> str:
    """What a title calls them.

    Example:
        >>> _named(["talk.mp4"]), _named(["a", "b", "c"])
        ('talk.mp4', '3 files')
    """
    return names[0] if len(names) == 1 else f"{len(names)} files"


def _json(value: Mapping[str, Any]) -> str:
    def plain(item: object) -> str:
        if isinstance(item, Decimal | Path):
            return str(item)
        raise RequestError(
            f"a job cannot carry a {type(item).__name__}", hint="use texts, numbers and lists"
        )

    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=plain)

"""Do one job: call the operation it names, write its progress, and record how it ended.

Nothing here knows the queue. A job may be performed again after a crash at any moment: every
operation keeps what it finished, so only the unfinished part is done (and paid) again.
"""

import contextlib
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure
from workbench.backends.usage import Cost
from workbench.errors import WorkbenchError
from workbench.jobs.operations import Operations
from workbench.library.records import Job, JobState
from workbench.library.store import Store

TOLD_EVERY_S = 0.5
"""Progress is written at most this often; a stage of a film may change a hundred times a second."""

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The user stopped the job. No error: it passes through every handler on its way up."""


class Pause:
    """Lets the jobs of a worker come to rest at a safe point before the process ends."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._changed = threading.Condition()
        self._active: set[str] = set()
        self._parked: set[str] = set()

    def enter(self, job_id: str) -> None:
        """A job begins."""
        with self._changed:
            self._active.add(job_id)

    def leave(self, job_id: str) -> None:
        """A job has ended."""
        with self._changed:
            self._active.discard(job_id)
            self._changed.notify_all()

    @property
    def is_asked(self) -> bool:
        """Should jobs come to rest?"""
        return self._asked.is_set()

    def park(self, job_id: str) -> None:
        """Rest here until the process ends: to the queue, the job is as if the power had failed."""
        with self._changed:
            self._parked.add(job_id)
            self._changed.notify_all()
        threading.Event().wait()

    def ask(self, timeout_s: float) -> bool:
        """Ask all jobs to rest and wait for it.

        Args:
            timeout_s: Seconds to wait; a model call in flight may take minutes.

        Returns:
            Whether no job is in flight any more, parked ones included.
        """
        self._asked.set()
        with self._changed:
            return self._changed.wait_for(lambda: self._active <= self._parked, timeout_s)

    @property
    def has_active(self) -> bool:
        """Is any job not finished?"""
        with self._changed:
            return bool(self._active)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended."""

    state: JobState
    error: str = ""
    hint: str = ""
    cost_usd: Cost = None
    asset_ids: tuple[str, ...] = ()
    result_ids: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


@dataclass(slots=True)
class Telling:
    """Writes a job's progress, and notices that it was stopped or that the worker ends."""

    store: Store
    job_id: str
    pause: Pause
    told_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, done: int, total: int, stage: str) -> None:
        """Progress, from any thread of the job.

        Raises:
            Stopped: The user stopped the job.
        """
        with self.lock:
            now = time.monotonic()
            if now - self.told_at < TOLD_EVERY_S:
                return
            self.told_at = now
        self.check(done=done, total=total, stage=stage)

    def check(self, **changes: object) -> None:
        """A safe point: write changes, stop or rest if that was asked.

        Raises:
            Stopped: The user stopped the job.
        """
        if self.pause.is_asked:
            stage = "waits for the worker to start again"
            self.store.update_job(self.job_id, state="waiting", stage=stage)
            self.pause.park(self.job_id)
        job = self.store.update_job(self.job_id, **changes)
        if job.state == "cancelled":
            raise Stopped(self.job_id)

    def execute(self, name: str, work: Callable[[], str]) -> str:
        """Run one model call, if the job goes on.

        A call is no step of the queue: its reply is in the call cache before anybody sees it,
        which is finer, and steps are replayed by their order, which a kept reply would change.
        """
        log.info("job %s: call %s", self.job_id, name)
        self.check()
        return work()


def perform(job_id: str, store: Store, operations: Operations, pause: Pause) -> JobState:
    """Do a job and write its outcome; a job that has ended is left as it is.

    Args:
        job_id: A job of the store.
        store: Where jobs are kept.
        operations: What does the work.
        pause: Asked before every step whether to go on.

    Returns:
        The state it ended in.
    """
    job = store.job(job_id)
    if job.is_finished:
        return job.state
    pause.enter(job_id)
    telling = Telling(store, job_id, pause)
    outcome: Outcome | None = None
    try:
        with contextlib.suppress(Stopped):
            telling.check(
                state="running", started_at=job.started_at or datetime.now(UTC), stage="starting"
            )
            outcome = _outcome(job, operations, telling)
            return _finish(store, job_id, outcome)
        outcome = Outcome("cancelled")
        return _finish(store, job_id, outcome)
    finally:
        if outcome is None:
            kind, error, _ = sys.exc_info()
            name = kind.__name__ if kind else "an unknown fault"
            hint = "this is a fault of the program; logs/worker.log in the data folder has the rest"
            _finish(store, job_id, Outcome("failed", f"{name}: {error}", hint))
        pause.leave(job_id)


def _finish(store: Store, job_id: str, outcome: Outcome) -> JobState:
    """Write how it ended; results of a job that was stopped meanwhile are kept with it."""
    job = store.job(job_id)
    state = job.state if job.state == "cancelled" else outcome.state
    changes: dict[str, Any] = {
        "state": state,
        "finished_at": job.finished_at or datetime.now(UTC),
        "error": outcome.error,
        "hint": outcome.hint,
        "stage": "",
    }
    if outcome.state == "done":
        changes["done"] = changes["total"] = max(job.total, 1)
    if outcome.cost_usd is not None:
        changes["cost_usd"] = outcome.cost_usd
    for name in ("asset_ids", "result_ids", "failures"):
        if value := getattr(outcome, name):
            changes[name] = value
    store.update_job(job_id, **changes)
    return state


def _outcome(job: Job, operations: Operations, telling: Telling) -> Outcome:
    try:
        match job.kind:
            case "analyse":
                return _analyse(job, operations, telling)
            case "import":
                return _import(job, operations, telling)
            case "proxies":
                asked = json.loads(job.request)
                made = operations.make_proxies(
                    asked["asset_ids"], asked.get("spec"), progress=telling
                )
                return _batch(
                    asked["asset_ids"], made.failed, len(made.failed) < len(asked["asset_ids"])
                )
            case "report":
                asked = json.loads(job.request)
                record = operations.report(asked["notebook"], asked["parameters"], progress=telling)
                state: JobState = "failed" if record.state == "failed" else "done"
                return Outcome(
                    state, record.error, record.hint,
                    asset_ids=record.asset_ids, result_ids=(record.id,),
                )  # fmt: skip
            case "index":
                operations.rebuild_index(progress=telling)
                return Outcome("done")
    except WorkbenchError as error:
        return Outcome("failed", error.message, error.hint)


def _analyse(job: Job, operations: Operations, telling: Telling) -> Outcome:
    request = AnalysisRequest.model_validate_json(job.request)
    result = operations.analyse(request, telling, telling.execute)
    outcome = _batch([a.asset_id for a in result.analyses], result.failures, bool(result.analyses))
    return Outcome(
        outcome.state,
        outcome.error,
        outcome.hint,
        cost_usd=result.paid_usd,
        asset_ids=outcome.asset_ids or job.asset_ids,
        result_ids=tuple(analysis.id for analysis in result.analyses),
        failures=outcome.failures,
    )


def _import(job: Job, operations: Operations, telling: Telling) -> Outcome:
    asked = json.loads(job.request)
    if asked.get("sample"):
        operations.make_sample(progress=telling)
        return Outcome("done")
    report = operations.import_media([Path(path) for path in asked["paths"]], progress=telling)
    assets = [*report.added, *report.known]
    return _batch([asset.id for asset in assets], report.failed, bool(assets))


def _batch(asset_ids: Sequence[str], failures: Sequence[Failure], any_done: bool) -> Outcome:
    """A batch is done if anything of it is; what failed is listed."""
    ids, failed = tuple(asset_ids), tuple(failures)
    if failed and not any_done:
        first = failed[0]
        return Outcome("failed", f"{first.name}: {first.message}", first.hint, failures=failed)
    return Outcome("done", asset_ids=ids, failures=failed)

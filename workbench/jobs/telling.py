"""What a job's work is given to speak with: its progress goes out, a wish to stop comes in.

Every finished unit is written at once, so what others read is never wrong by more than what is
under way; only the words in between are written less often. A write that cannot be made because
the database is away is tried again before the job rests.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from workbench.analysis.request import AnalysisRequest
from workbench.backends.order import CallOrder, CallOutcome
from workbench.errors import LibraryBusy, LibraryGone
from workbench.jobs.gateway.client import call_through_gateway
from workbench.jobs.operations import Operations
from workbench.jobs.pace import Pace
from workbench.library.records import Job
from workbench.library.store import Store

Made = TypeVar("Made")

TOLD_EVERY_S = 0.5
"""Words about a stage are written at most this often; a film may change them a hundred times a
second."""

LOOK_EVERY_S = 0.5
"""How often work that waits for a call looks whether it should stop, in seconds."""

TRIES = 3
TRY_AGAIN_S = 1.0
"""The store of a worker waits for its server by itself; this is for what broke half way."""

STILL_S = 30.0
"""How long an attempt waits for the one before it to come to rest, in seconds."""

LOCAL = "local"
"""The engine that costs nothing, so that no gateway is needed."""

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The job is not to go on here. No error: it passes through every handler on its way up."""


class Crew:
    """The jobs a worker does right now, and whether they should come to rest."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._changed = threading.Condition()
        self._jobs: dict[str, int] = {}

    def enter(self, job_id: str, attempt: int) -> bool:
        """An attempt begins, once an earlier one of the same job has found its end.

        Returns:
            Whether it may; not if the worker ends, or the earlier one is in a long work still.
        """
        with self._changed:
            free = self._changed.wait_for(
                lambda: self.is_ending or job_id not in self._jobs, STILL_S
            )
            if self.is_ending or not free:
                return False
            self._jobs[job_id] = attempt
            return True

    def leave(self, job_id: str) -> None:
        """It has ended."""
        with self._changed:
            del self._jobs[job_id]
            self._changed.notify_all()

    @property
    def jobs(self) -> dict[str, int]:
        """Job → the attempt that is under way."""
        with self._changed:
            return dict(self._jobs)

    @property
    def is_ending(self) -> bool:
        """Should jobs come to rest?"""
        return self._ending.is_set()

    def end(self, timeout_s: float) -> bool:
        """Ask all jobs to rest and wait for it.

        Args:
            timeout_s: Seconds to wait; between two safe points may lie a minute of measuring.

        Returns:
            Whether none is under way any more.
        """
        self._ending.set()
        with self._changed:
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._jobs, timeout_s)

    def patiently(self, work: Callable[[], Made]) -> Made:
        """Do something with the store, again if its database was away for a moment.

        Raises:
            LibraryBusy: It stays locked.
            LibraryGone: It stays away.
        """
        for left in reversed(range(TRIES)):
            try:
                return work()
            except (LibraryBusy, LibraryGone) as error:
                if not left or self.is_ending:
                    raise
                log.warning("%s; trying again", error.message)
                self._ending.wait(TRY_AGAIN_S)
        raise AssertionError


@dataclass(frozen=True, slots=True)
class JobTools:
    """What jobs are done with."""

    store: Store
    """Where they are kept."""
    operations: Operations
    """What does the work, and makes calls that cost nothing."""
    data_dir: Path
    """Whose gateway makes the other calls."""
    crew: Crew
    """The jobs under way, and whether they are to rest."""


class Telling:
    """The voice of one attempt of a job.

    Args:
        job: The job as it was begun.
        tools: What it is done with.
    """

    def __init__(self, job: Job, tools: JobTools) -> None:
        self._job = job
        self._tools = tools
        self._store = tools.store
        self._crew = tools.crew
        self._lock = threading.RLock()
        # Until it gets further than the attempt before, it shows what that one had finished: that
        # is kept, and only counted again.
        self._before = job.done
        self._is_further = False
        self._at = (0, 0)
        self._told_at = self._looked_at = 0.0
        self._calls_made = 0
        self._pace = Pace(time.monotonic(), _whole(job))

    def __call__(self, done: int, total: int, stage: str) -> None:
        """Progress, from any thread of the job.

        Raises:
            Stopped: The job is not to go on here.
        """
        with self._lock:
            now = time.monotonic()
            units = done - self._at[0]
            if (done, total) == self._at and now - self._told_at < TOLD_EVERY_S:
                return
            if units > 0:
                self._time(stage, units, now)
            self._at, self._told_at = (done, total), now
            self._write(done, total, stage, now)

    def check(self) -> None:
        """A safe point, passed often.

        Raises:
            Stopped: The job is not to go on here.
        """
        if self._crew.is_ending:
            raise Stopped
        now = time.monotonic()
        with self._lock:
            if now - self._looked_at < LOOK_EVERY_S:
                return
            self._looked_at = now
        job = self._reached(lambda: self._store.job(self._job.id))
        self._obey(job if (job.state, job.attempt) == ("running", self._job.attempt) else None)

    def execute(self, order: CallOrder) -> CallOutcome:
        """Make one model call, if the job goes on.

        A call is no step of the queue: its reply is in the call cache before anybody sees it,
        which is finer, and steps are replayed by their order, which a kept reply would change.

        Raises:
            Stopped: The job is not to go on here; a call that was sent is finished and kept.
        """
        self.check()
        if order.engine == LOCAL:
            outcome = self._tools.operations.call(order, job_id=self._job.id, check=self.check)
        else:
            outcome = call_through_gateway(self._tools.data_dir, order, self._job.id, self.check)
        with self._lock:
            self._calls_made += 1
        return outcome

    def _write(self, done: int, total: int, stage: str, now: float) -> None:
        if self._crew.is_ending:
            raise Stopped
        changes: dict[str, object] = {
            "done": max(done, min(self._before, total)),
            "total": total,
            "stage": stage,
            "left_s": self._pace.left_s(done, total, now),
        }
        if done > self._before and not self._is_further:
            self._is_further = True
            changes["starts"] = 0
        attempt = self._job.attempt
        self._looked_at = now
        self._obey(
            self._reached(
                lambda: self._store.change_job(
                    self._job.id, ("running",), of_attempt=attempt, **changes
                )
            )
        )

    def _reached(self, work: Callable[[], Made]) -> Made:
        try:
            return self._crew.patiently(work)
        except (LibraryBusy, LibraryGone) as error:
            log.warning("job %s rests: %s", self._job.id, error.message)
            raise Stopped from error

    @staticmethod
    def _obey(job: Job | None) -> None:
        if job is None:
            # Cancelled, paused, or given to another worker while this one was not heard of.
            raise Stopped

    def _time(self, stage: str, units: int, now: float) -> None:
        kind, was_kept = "", False
        if self._job.kind == "analyse":
            kind = _kind_of(stage)
            was_kept = kind == "failed" or (kind == "answered" and not self._calls_made)
            if kind == "answered" and self._calls_made:
                self._calls_made -= 1
        self._pace.finished(kind, units, now, was_kept=was_kept)


def _whole(job: Job) -> dict[str, int]:
    """What is known of the units of a job before it begins: two of them for each of its assets."""
    if job.kind != "analyse":
        return {}
    count = len(AnalysisRequest.model_validate_json(job.request).assets)
    return {"measured": count, "done": count}


def _kind_of(stage: str) -> str:
    """The kind of the unit of an analysis whose end is told so.

    Example:
        >>> [_kind_of(s) for s in ("talk.mp4: measured", "answered: talk.mp4, chunk 1 of 2")]
        ['measured', 'answered']
        >>> _kind_of("talk.mp4: it ends early")
        'failed'
    """
    if stage.startswith("answered: "):
        return "answered"
    end = stage.rpartition(": ")[2]
    return end if end in ("measured", "done") else "failed"

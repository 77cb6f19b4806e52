"""Put the jobs that are next into the queue: from the catalog, where they wait, into DBOS.

DBOS holds a window of each queue, not all that waits. So ten thousand jobs cost it nothing, a
priority can be changed while they wait, and a job that was kept but never queued cannot be.
"""

import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workbench.errors import NotInLibrary
from workbench.jobs.processes.sweeper import put_off
from workbench.jobs.queues import QUEUES, queue_of
from workbench.jobs.workflows import RUN_JOB, workflow_id
from workbench.library.store import Store
from workbench.library.store.jobs import Waiting

if TYPE_CHECKING:
    from dbos import DBOSClient

WINDOW = 200
"""How many jobs of a queue DBOS knows ahead."""

LOOK_EVERY_S = 0.2
"""How often a worker looks for new jobs in the catalog, in seconds."""

POLL_S = 0.5
"""How often DBOS looks into each queue, in seconds. A look costs it 2 ms of a processor."""

THOROUGH_S = 30.0
"""How often it makes sure that what it has put into the queue still is there, in seconds."""

BEGUN_S = 60.0
"""What DBOS started is begun within milliseconds; after so many seconds it never will be."""

OPEN = ("ENQUEUED", "DELAYED")
FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""What DBOS calls what it has yet to start, and what failed before its job was begun."""


class Feeder:
    """Keeps the queues of a worker filled.

    Args:
        store: Where jobs wait.
        queue: DBOS, as a client sees it.
    """

    def __init__(self, store: Store, queue: "DBOSClient") -> None:
        self._store = store
        self._queue = queue
        self._fed: set[Waiting] = set()
        self._thorough_at = 0.0
        self._settings: dict[str, int] = {}

    def set_up(self) -> None:
        """Give every queue the settings of the catalog."""
        said = self._store.queue_settings()
        wanted: dict[str, int] = {
            name: said.get(name, usual) for name, (_, usual) in QUEUES.items()
        }
        for name, per_worker in wanted.items():
            if self._settings.get(name) != per_worker:
                self._queue.register_queue(
                    name, worker_concurrency=per_worker, polling_interval_sec=POLL_S
                )
        self._settings = wanted

    def feed(self) -> None:
        """Put into the queues what is next and not there yet."""
        now = time.monotonic()
        is_thorough = now >= self._thorough_at
        if is_thorough:
            self._thorough_at = now + THOROUGH_S
            self._adopt()
        window: set[Waiting] = set()
        for name in QUEUES:
            waiting = self._store.next_jobs(name, WINDOW)
            self._queue_up(name, [w for w in waiting if is_thorough or w not in self._fed])
            window |= set(waiting)
        gone, self._fed = self._fed - window, window
        self._drop(gone)

    def _queue_up(self, name: str, new: Sequence[Waiting]) -> None:
        if not new:
            return
        ids = [workflow_id(each.job_id, each.attempt) for each in new]
        found = self._queue.list_workflows(workflow_ids=ids, load_input=False, load_output=False)
        known = {status.workflow_id: status for status in found}
        for each, name_there in zip(new, ids, strict=True):
            status = known.get(name_there)
            if status is None:
                self._queue.enqueue(
                    {
                        "workflow_name": RUN_JOB,
                        "queue_name": name,
                        "workflow_id": name_there,
                        "priority": each.rank,
                    },
                    each.job_id,
                    each.attempt,
                )
            elif status.status not in OPEN and not _is_beginning(status.status, status.dequeued_at):
                # The queue is done with this attempt, and the job was never begun.
                in_vain = status.status in FAILED
                put_off(self._store, self._store.job(each.job_id), in_vain=in_vain)

    def _drop(self, gone: Collection[Waiting]) -> None:
        """Take out of the queues what does not wait any more, and was not begun either."""
        ids = {workflow_id(each.job_id, each.attempt): each for each in gone}
        if not ids:
            return
        there = self._queue.list_workflows(
            workflow_ids=list(ids), status=list(OPEN), load_input=False, load_output=False
        )
        stale = [each.workflow_id for each in there if not self._still_waits(ids[each.workflow_id])]
        if stale:
            self._queue.cancel_workflows(stale)

    def _still_waits(self, one: Waiting) -> bool:
        """Was it only pushed out of the window by more urgent ones?"""
        try:
            job = self._store.job(one.job_id)
        except NotInLibrary:
            return False
        return (job.state, job.attempt) == ("waiting", one.attempt)

    def _adopt(self) -> None:
        """Give a queue to jobs of versions that had none."""
        for each in self._store.next_jobs("", WINDOW):
            job = self._store.job(each.job_id)
            queue = queue_of(job.kind, job.request)
            self._store.change_job(job.id, ("waiting",), of_attempt=job.attempt, queue=queue)


def _is_beginning(status: str, dequeued_at: int | None) -> bool:
    """Was a workflow started so lately that its job may be begun at this moment?"""
    if status != "PENDING" or dequeued_at is None:
        return False
    return datetime.now(UTC).timestamp() - dequeued_at / 1000 < BEGUN_S

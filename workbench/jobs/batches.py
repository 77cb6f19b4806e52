"""Jobs whose calls are in a batch at a service: they wait without a worker, for hours.

Such a job is in a queue that no worker takes jobs from. Whoever looks after batches puts it back
when they have ended; that is looked at again and again, so no word of it can be missed.
"""

import functools
import logging
import threading
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from workbench.errors import NotInLibrary, WorkbenchError
from workbench.jobs.operations import Operations
from workbench.jobs.queues import queue_of
from workbench.library.calls.batch import IN_BATCH, Batch
from workbench.library.journal import note
from workbench.library.records import Job
from workbench.library.store import Store

SUPERSEDED = "superseded"
"""What comes of an attempt that is not the job's any more."""

log = logging.getLogger(__name__)


class InBatch(BaseException):
    """The job is to wait for batches. No error: it passes through every handler on its way up."""

    def __init__(self, batches: Sequence[str]) -> None:
        super().__init__(*batches)
        self.batches = tuple(batches)


def park(store: Store, job: Job, batches: Sequence[str]) -> str:
    """Let a job wait for batches without a worker.

    Args:
        store: Where jobs are kept.
        job: The job, at the attempt that has sent them.
        batches: Ids of the batches.

    Returns:
        The state the job is in, or `superseded`.
    """
    every = tuple(dict.fromkeys((*job.batches, *batches)))
    parked = store.change_job(
        job.id,
        ("running",),
        of_attempt=job.attempt,
        state="waiting",
        attempt=job.attempt + 1,
        queue=IN_BATCH,
        worker="",
        stage=stage_of(known_batches(store, every)),
        left_s=None,
        starts=0,
        batches=every,
    )
    return parked.state if parked else SUPERSEDED


def release(store: Store) -> None:
    """Tell jobs that wait for batches how far these are, and let go on whose have ended."""
    for job in store.parked_jobs():
        batches = known_batches(store, job.batches)
        stage = stage_of(batches)
        if any(batch.is_open for batch in batches):
            if stage != job.stage:
                # Every file is measured by now, and counted.
                done = len(job.asset_ids) + sum(batch.processed for batch in batches)
                store.change_job(
                    job.id, ("waiting",), of_attempt=job.attempt,
                    stage=stage, done=max(job.done, min(done, job.total)),
                )  # fmt: skip
            continue
        freed = store.change_job(
            job.id,
            ("waiting", "paused"),
            of_attempt=job.attempt,
            attempt=job.attempt + 1,
            queue=queue_of(job.kind, job.request),
            stage="its batch has ended",
        )
        if freed is not None:
            note(store, job.id, "job.freed", batches=len(batches))


def watch_batches(
    store: Store, operations: Operations, ending: threading.Event, every_s: float
) -> None:
    """Look after batches until a worker ends; whatever goes wrong, the next look may be better.

    Args:
        store: Where jobs are kept.
        operations: What looks after batches.
        ending: Set when the worker ends.
        every_s: Seconds between two looks.
    """
    # Jobs whose batches have ended go on also where no other batch can be looked at.
    works = (operations.look_after_batches, functools.partial(release, store))
    while not ending.is_set():
        for work in works:
            try:
                work()
            except (WorkbenchError, SQLAlchemyError) as error:
                log.warning("batches were not looked at: %s", error)
            except Exception:
                # This thread is the only one that looks: if it ended here, every batch that has
                # been paid for would stay unread, with nobody told. The next look may go well.
                log.exception("a look at batches failed")
        ending.wait(every_s)


def stage_of(batches: Sequence[Batch]) -> str:
    """How far batches are, in words.

    Example:
        >>> stage_of([])
        'its batch has ended'
    """
    still = [batch for batch in batches if batch.is_open]
    if not still:
        return "its batch has ended"
    if trouble := next((batch.trouble for batch in still if batch.trouble), ""):
        return f"in a batch at Bedrock: {trouble}"
    done = sum(batch.processed if batch.is_open else batch.records for batch in batches)
    total = sum(batch.records for batch in batches)
    states = {batch.service_state.lower() for batch in still}
    # Bedrock's words for what comes before the first record, and after a wish to stop.
    says = ", ".join(sorted(states & {"submitted", "validating", "scheduled", "stopping"}))
    return f"in a batch at Bedrock: {done:,} of {total:,} records" + (f", {says}" if says else "")


def known_batches(store: Store, ids: Sequence[str]) -> list[Batch]:
    """Batches by their ids; those that were forgotten with their job are left out."""
    found = []
    for each in ids:
        try:
            found.append(store.batch(each))
        except NotInLibrary:
            continue
    return found

"""Put jobs right that nobody does any more, and forget workers that have died.

Every time a job goes back to waiting its attempt goes up by one. Only the newest attempt may write
to the job, so whoever did the one before, stopped for an hour perhaps, finds out and leaves it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from workbench.library.calls.holders import SILENT_S, is_alive
from workbench.library.journal import note
from workbench.library.records import Job, WorkerRecord
from workbench.library.store import Store

MOST_STARTS = 6
"""A job that was begun so often without getting any further is given up."""

DEADLY_HINT = "it may need more memory than there is; see logs/worker.log"


def is_gone(worker: str) -> bool:
    """Has this worker ended, as far as this machine can tell?

    Example:
        >>> is_gone(""), is_gone("elsewhere:1:0")
        (True, False)
    """
    return not worker or not is_alive(worker, 0.0)


def judge(
    workers: Mapping[str, WorkerRecord], me: str, *, is_sole: bool, trusts_silence: bool
) -> Callable[[str], bool]:
    """Make the rule by which a worker counts as dead.

    Args:
        workers: The workers that are known, by name.
        me: The worker that judges.
        is_sole: No other can be at work: the lock of the data folder says so.
        trusts_silence: False just after the judge was away itself; then everybody was silent.
    """

    def is_dead(name: str) -> bool:
        if name == me:
            return False
        known = workers.get(name)
        if is_sole or known is None or not name:
            return True
        if is_gone(name):
            return True
        # Also on this machine: a worker that was stopped does nothing, though it lives.
        return trusts_silence and known.silent_s > SILENT_S

    return is_dead


def sweep(
    store: Store, me: str, active: Callable[[], Mapping[str, int]], is_dead: Callable[[str], bool]
) -> list[tuple[str, int]]:
    """Take back jobs whose worker is dead, or that this one has lost without a word.

    Args:
        store: Where jobs are kept.
        me: The worker that sweeps.
        active: Gives the jobs it does, asked after those that run were read: a job is among them
            before it counts as running, and until it does no more.
        is_dead: Says of a worker's name whether it has died.

    Returns:
        The attempts that are over: job and number.
    """
    over = []
    running = store.jobs("running")
    mine = active()
    for job in running:
        lost = job.worker == me and job.id not in mine
        if (lost or is_dead(job.worker)) and take_back(store, job) is not None:
            over.append((job.id, job.attempt))
    return over


def take_back(store: Store, job: Job) -> Job | None:
    """Let a job wait whose worker has died with it; give it up if that happens again and again.

    Returns:
        The job, or None if somebody else has changed it.
    """
    if job.starts >= MOST_STARTS:
        return _given_up(store, job)
    taken = give_back(store, job, "waits to be taken up again")
    if taken is not None:
        note(store, job.id, "job.taken_over", worker=job.worker, starts=job.starts)
    return taken


def give_back(store: Store, job: Job, why: str, *, starts: int | None = None) -> Job | None:
    """Let a job wait for its turn again.

    Args:
        store: Where jobs are kept.
        job: The job, at the attempt that is over.
        why: What its stage says until it is begun.
        starts: How often it was begun in vain; None to leave that as it is.

    Returns:
        The job, or None if somebody else has changed it.
    """
    return store.change_job(
        job.id,
        ("running",),
        of_attempt=job.attempt,
        state="waiting",
        attempt=job.attempt + 1,
        worker="",
        stage=why,
        left_s=None,
        starts=job.starts if starts is None else starts,
    )


def put_off(store: Store, job: Job, *, in_vain: bool) -> Job | None:
    """Let a job wait as another attempt: the queue is done with this one, and it was never begun.

    Args:
        store: Where jobs are kept.
        job: The job, which waits.
        in_vain: It failed before it was begun; after a few times of that it is given up.
    """
    starts = job.starts + in_vain
    if starts >= MOST_STARTS:
        return _given_up(store, job)
    return store.change_job(
        job.id, ("waiting",), of_attempt=job.attempt, attempt=job.attempt + 1, starts=starts
    )


def forget_dead(
    store: Store, workers: Mapping[str, WorkerRecord], is_dead: Callable[[str], bool]
) -> None:
    """Forget workers that have died."""
    for name in workers:
        if is_dead(name):
            store.forget_worker(name)


def _given_up(store: Store, job: Job) -> Job | None:
    failed = store.change_job(
        job.id,
        ("waiting", "running"),
        of_attempt=job.attempt,
        state="failed",
        error=f"the worker ended at this job {MOST_STARTS} times",
        hint=DEADLY_HINT,
        finished_at=datetime.now(UTC),
        stage="",
        left_s=None,
        starts=0,
    )
    if failed is not None:
        note(store, job.id, "job.failed", error=failed.error, calls=failed.calls_paid)
    return failed

"""The worker: a process that does the jobs of a data folder until it is told to end.

Told to end, it rests its jobs and goes; killed, it loses nothing: calls in flight belong to the
gateway, and the next worker, or another of the team, goes on with the jobs.
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from workbench.errors import WorkbenchError
from workbench.jobs.batches import watch_batches
from workbench.jobs.database import open_client, queue_config
from workbench.jobs.operations import Operations
from workbench.jobs.processes.feeder import LOOK_EVERY_S, Feeder
from workbench.jobs.processes.slots import MOST_SLOTS, WorkerLock, executor_name
from workbench.jobs.processes.sweeper import forget_dead, give_back, judge, sweep
from workbench.jobs.telling import Crew, JobTools
from workbench.jobs.workflows import register, workflow_id
from workbench.library.calls.holders import SILENT_S, holder_name
from workbench.library.records import WorkerRecord
from workbench.library.store import Store
from workbench.logs import log_event

if TYPE_CHECKING:
    from dbos import DBOSClient

TICK_S = 5.0
"""How often a worker says that it lives, and looks after jobs that nobody does, in seconds."""

CLEAN_AFTER_S = 600.0
CLEAN_EVERY_S = 86_400.0
"""When a worker removes what can be made again, in seconds: not at once, for who starts it wants
something done."""

AWAY_S = 30.0
"""A worker that could not say so for longer was away itself, and judges nobody by silence yet."""

GRACE_S = 3.0
"""How long the end of a worker waits for its jobs to rest, in seconds."""

BATCHES_EVERY_S = 60.0
"""How often a worker looks after batches, in seconds; they take hours."""

PATIENCE_S = 300.0
"""How long work waits for a database that is gone, in seconds, before its job rests."""

log = logging.getLogger(__name__)


class Round:
    """What a worker does beside its jobs: it says that it lives, feeds its queues, and sweeps.

    Args:
        queue: DBOS, as a client sees it.
        tools: What jobs are done with, and which this worker does.
        is_sole: No other worker can be at work.
    """

    def __init__(self, queue: "DBOSClient", tools: JobTools, *, is_sole: bool) -> None:
        self._store = store = tools.store
        self._queue = queue
        self._crew = tools.crew
        self._operations = tools.operations
        self._clean_at = time.monotonic() + CLEAN_AFTER_S
        self._is_sole = is_sole
        self._feeder = Feeder(store, queue)
        self._me = WorkerRecord(holder_name(), os.uname().nodename, os.getpid(), datetime.now(UTC))
        self._seen = -1
        self._beat_at = time.monotonic()
        self._silence_counts_at = self._beat_at
        self._next_at = 0.0

    def go(self) -> None:
        """Do what is due now.

        Raises:
            WorkbenchError: The catalog cannot be reached.
            SQLAlchemyError: The queue cannot be reached.
        """
        now = time.monotonic()
        is_due = now >= self._next_at
        if is_due:
            self._tick(now)
        revision = self._store.revision("jobs")
        if is_due or revision != self._seen:
            self._seen = revision
            self._feeder.set_up()
            self._feeder.feed()
        if is_due:
            self._next_at = now + TICK_S

    def _tick(self, now: float) -> None:
        self._store.beat(self._me)
        if now - self._beat_at > AWAY_S:
            self._silence_counts_at = now + SILENT_S
        self._beat_at = now
        workers = {worker.name: worker for worker in self._store.workers()}
        is_dead = judge(
            workers,
            self._me.name,
            is_sole=self._is_sole,
            trusts_silence=now >= self._silence_counts_at,
        )
        over = sweep(self._store, self._me.name, lambda: self._crew.jobs, is_dead)
        if over:
            # Its worker may live and only be slow: what it still records must count for nothing.
            self._queue.cancel_workflows([workflow_id(*each) for each in over])
        forget_dead(self._store, workers, is_dead)
        self._operations.settle_calls()
        if now >= self._clean_at:
            self._clean_at = now + CLEAN_EVERY_S
            threading.Thread(target=self._clean, daemon=True).start()

    def _clean(self) -> None:
        try:
            self._operations.collect_garbage()
        except (WorkbenchError, SQLAlchemyError) as error:
            log.warning("housekeeping waits for another day: %s", error)


def run_worker(
    data_dir: Path,
    store: Store,
    operations: Operations,
    *,
    database_url: str = "",
    stop: threading.Event | None = None,
    grace_s: float = GRACE_S,
    batches_every_s: float = BATCHES_EVERY_S,
) -> None:
    """Do jobs until SIGTERM, SIGINT or `stop`.

    With jobs still in flight at the end, the whole process ends here: they are taken up again by
    the next worker.

    Args:
        data_dir: The data folder; held by a lock.
        store: Where jobs are kept.
        operations: What does the work.
        database_url: A team's Postgres; empty for the queue in the data folder.
        stop: Ends the worker when set.
        grace_s: How long its end waits for jobs to come to a safe point, in seconds.
        batches_every_s: How often it looks after batches, in seconds.

    Raises:
        JobError: Another worker runs for this folder, or the queue cannot be used.
        LibraryDamaged: The file of the queue is no database.
    """
    lock = WorkerLock(data_dir, MOST_SLOTS if database_url else 1)
    with contextlib.ExitStack() as closing:
        closing.callback(lock.release)
        ending = stop or threading.Event()
        crew = Crew()
        queue = open_client(data_dir, database_url)
        closing.callback(_close, queue)
        tools = JobTools(store, operations, data_dir, crew)
        rounds = Round(queue, tools, is_sole=not database_url)
        rounds.go()
        _launch(closing, tools, database_url, lock.slot)
        store.be_patient(PATIENCE_S)
        _end_on_signals(ending)
        going = threading.Thread(target=_go_round, args=(rounds, lock, ending), daemon=True)
        going.start()
        # A network that hangs must not hold up the round.
        looking = (store, operations, ending, batches_every_s)
        threading.Thread(target=watch_batches, args=looking, daemon=True).start()
        log_event("worker.started", {"worker": holder_name(), "data_dir": str(data_dir)})
        ending.wait()
        is_idle = crew.end(grace_s)
        _hand_over(store, crew)
        going.join(grace_s)
        log_event("worker.ended", {"worker": holder_name()})
        if not is_idle or going.is_alive():
            _leave()


def _launch(closing: contextlib.ExitStack, tools: JobTools, database_url: str, slot: int) -> None:
    """Start DBOS, which does what is in the queues from here on."""
    from dbos import DBOS

    name = executor_name(tools.data_dir, database_url, slot)
    config = queue_config(tools.data_dir, database_url, name)
    if engine := config.get("system_database_engine"):
        closing.callback(engine.dispose)
    closing.callback(DBOS.destroy, destroy_registry=True)
    DBOS(config=config)
    register(tools)
    DBOS.launch()


def _go_round(rounds: Round, lock: WorkerLock, ending: threading.Event) -> None:
    """Go round until the worker ends; a database that is away for a while ends nothing."""
    was_well = True
    while not ending.wait(LOOK_EVERY_S):
        if not lock.is_there:
            log.error("the data folder is gone: the worker ends")
            _leave()
        try:
            rounds.go()
        except (WorkbenchError, SQLAlchemyError) as error:
            if was_well:
                log.warning("the worker waits for its database: %s", error)
            was_well = False
            ending.wait(1.0)
        except Exception:
            # Jobs go on whatever is wrong here, and the next round may be better.
            log.exception("a round of the worker failed")
            ending.wait(1.0)
        else:
            was_well = True


def _hand_over(store: Store, crew: Crew) -> None:
    """Let the jobs that did not come to rest wait for the next worker, and say good-bye."""
    store.be_patient(0.0)
    me = holder_name()
    try:
        for job in store.jobs("running", worker=me):
            if job.id in crew.jobs:
                give_back(store, job, "waits for the worker to start again", starts=0)
        store.forget_worker(me)
    except WorkbenchError as error:
        log.warning("others will find the jobs of this worker by its silence: %s", error.message)


def _close(queue: "DBOSClient") -> None:
    engine = queue._sys_db.engine  # noqa: SLF001 - made by us, and left open by DBOS
    queue.destroy()
    engine.dispose()


def _end_on_signals(ending: threading.Event) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ending.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)


def _leave() -> None:
    """End this process with jobs under way, and the programs they started with it."""
    logging.shutdown()
    sys.stdout.flush()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)  # to this process it only says what it does anyway
    # Threads at work never end, so the ordinary way out would wait for them for ever. Everything
    # they write is complete or absent at every moment, as it has to be for a power cut.
    os._exit(0)

"""The worker: one process for a data folder that does its jobs until it is told to end.

Told to end, it lets model calls in flight finish, rests the other jobs where they are, and goes;
the next worker goes on with them. Killed, it loses nothing but the call in flight.
"""

import fcntl
import logging
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from workbench.errors import JobError
from workbench.jobs.database import queue_config
from workbench.jobs.operations import Operations
from workbench.jobs.performing import Pause
from workbench.jobs.workflows import register, register_queues
from workbench.library.store import Store

LOCK_NAME = "worker.lock"

GRACE_S = 20.0
"""How long the end of a worker waits for a model call in flight, in seconds."""

LOCKED_FOR_S = 2.0
"""Somebody who only looks whether a worker runs has the lock for a moment."""

log = logging.getLogger(__name__)


class WorkerLock:
    """The right to be the worker of a data folder; the kernel gives it back at its end.

    Raises:
        JobError: Another worker has it.
    """

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._file = (data_dir / LOCK_NAME).open("a+", encoding="ascii")
        deadline = time.monotonic() + LOCKED_FOR_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                self._file.close()
                raise JobError(
                    f"another worker does the jobs of {data_dir}",
                    hint="one is enough: it does everything that is asked for",
                ) from None
            break
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let another worker have it."""
        self._file.close()


def worker_pid(data_dir: Path) -> int | None:
    """The process that does the jobs of a data folder, if one runs.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     lock = WorkerLock(Path(folder))
        ...     first = worker_pid(Path(folder)) == os.getpid()
        ...     lock.release()
        ...     first, worker_pid(Path(folder))
        (True, None)
    """
    try:
        with (data_dir / LOCK_NAME).open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else 0
    except FileNotFoundError:
        pass
    return None


def is_worker_running(data_dir: Path) -> bool:
    """Does a worker do the jobs of this data folder?"""
    return worker_pid(data_dir) is not None


def executor_name(data_dir: Path, database_url: str) -> str:
    """The name under which a worker finds its own unfinished jobs again.

    A data folder with its own queue has one worker at a time, held by the lock, so its name is
    fixed; in a team's database it is the machine and the folder.
    """
    if not database_url:
        return "worker"
    return f"{os.uname().nodename}:{data_dir.resolve()}"


def run_worker(
    data_dir: Path,
    store: Store,
    operations: Operations,
    *,
    database_url: str = "",
    stop: threading.Event | None = None,
    grace_s: float = GRACE_S,
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
        grace_s: How long its end waits for model calls in flight, in seconds.

    Raises:
        JobError: Another worker runs for this folder.
    """
    lock = WorkerLock(data_dir)
    from dbos import DBOS

    ending = stop or threading.Event()
    pause = Pause()
    config = queue_config(data_dir, database_url, executor_name(data_dir, database_url))
    try:
        DBOS(config=config)
        register(store, operations, pause)
        DBOS.launch()
        register_queues()
        _end_on_signals(ending)
        log.info("worker %s is ready in %s", os.getpid(), data_dir)
        ending.wait()
        log.info("worker %s ends", os.getpid())
        pause.ask(grace_s)
        if pause.has_active:
            _leave()
    finally:
        DBOS.destroy(destroy_registry=True)
        if engine := config.get("system_database_engine"):
            engine.dispose()
        lock.release()


def _end_on_signals(ending: threading.Event) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ending.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)


def _leave() -> None:
    """End this process with jobs at rest, and the programs they started with it."""
    logging.shutdown()
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    # Threads at rest never end, so the ordinary way out would wait for them for ever. Everything
    # they write is complete or absent at every moment, as it has to be for a power cut.
    os._exit(0)

"""Who does the jobs of a data folder: one worker, or several where a team shares its database.

A worker holds the lock of its slot for as long as it lives; the kernel gives it back at its end.
"""

import fcntl
import os
import time
from pathlib import Path

from workbench.errors import JobError
from workbench.library.calls.holders import holder_name, machine_name

LOCK_NAME = "worker.lock"

MOST_SLOTS = 32
"""Workers of one data folder on one machine; on all, where a shared disk knows their locks."""

LOCKED_FOR_S = 2.0
"""Somebody who only looks whether a worker runs has the lock for a moment."""


class WorkerLock:
    """The right to be a worker of a data folder.

    Args:
        data_dir: The data folder.
        slots: How many may be at work in it on this machine.

    Raises:
        JobError: All slots are taken.
    """

    def __init__(self, data_dir: Path, slots: int = 1) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + LOCKED_FOR_S
        while not self._take(data_dir, slots):
            if time.monotonic() > deadline:
                raise JobError(
                    f"another worker does the jobs of {data_dir}",
                    hint="one is enough: it does everything that is asked for",
                )
            time.sleep(0.05)

    def _take(self, data_dir: Path, slots: int) -> bool:
        for self.slot in range(slots):
            self._path = data_dir / lock_name(self.slot)
            self._file = self._path.open("a+", encoding="ascii")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                continue
            self._file.truncate(0)
            self._file.write(holder_name())
            self._file.flush()
            return True
        return False

    @property
    def is_there(self) -> bool:
        """Is the lock still the one of its folder, or was the folder moved away or deleted?"""
        try:
            found = self._path.stat()
        except OSError:
            return False
        mine = os.fstat(self._file.fileno())
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    def release(self) -> None:
        """Let another worker have it."""
        self._file.close()


def lock_name(slot: int) -> str:
    """The name of a slot's lock file.

    Example:
        >>> lock_name(0), lock_name(1)
        ('worker.lock', 'worker-1.lock')
    """
    return LOCK_NAME if slot == 0 else f"worker-{slot}.lock"


def worker_pids(data_dir: Path) -> list[int]:
    """The processes of this machine that do the jobs of a data folder; 0 for one not known yet.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     lock = WorkerLock(Path(folder))
        ...     first = worker_pids(Path(folder)) == [os.getpid()]
        ...     lock.release()
        ...     first, worker_pids(Path(folder))
        (True, [])
    """
    found = []
    for text in _holders(data_dir):
        machine, *process = text.rsplit(":", 2)
        if not process:
            found.append(0)
        elif machine == machine_name():
            found.append(int(process[0]))
    return found


def is_worker_running(data_dir: Path) -> bool:
    """Does a worker do the jobs of this data folder, here or on a machine that shares its disk?"""
    return bool(_holders(data_dir))


def _holders(data_dir: Path) -> list[str]:
    """The names of processes that hold a slot; empty for one not known yet."""
    found = []
    for slot in range(MOST_SLOTS):
        try:
            with (data_dir / lock_name(slot)).open(encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    found.append(file.read().strip())
        except FileNotFoundError:
            # Slots are taken in order, and their files stay.
            break
    return found


def executor_name(data_dir: Path, database_url: str, slot: int) -> str:
    """The name by which DBOS knows a worker, the same whenever it is started.

    A data folder with its own queue has one worker at a time; in a team's database a worker is the
    machine, the slot and the folder.
    """
    if not database_url:
        return "worker"
    return f"{os.uname().nodename}:{slot}:{data_dir.resolve()}"

"""Start what the app needs beside it: the worker and the index server, each once per data folder.

Both outlive the app, so a closed browser stops no job. Whoever wants them looks at their locks
first; two starts at the same moment are put in order by a lock of their own.
"""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.errors import JobError, LibraryBusy, LibraryError
from workbench.jobs.processes.programs import log_file, reap, spawn, tail
from workbench.jobs.processes.slots import is_worker_running, worker_pids
from workbench.jsonable import from_json
from workbench.search.ownership import (
    SERVER_NAME,
    FolderLock,
    ServerNote,
    forget_server,
    is_alive,
    live_server,
    write_server,
)

__all__ = [
    "ensure_chroma",
    "ensure_worker",
    "is_worker_running",
    "start_services",
    "stop_services",
    "worker_pids",
]

WORKER_START_S = 30.0
CHROMA_START_S = 60.0
"""5 to 11 s were measured on a busy machine."""

STOP_S = 30.0


def worker_command() -> list[str]:
    """What starts a worker with this Python."""
    return [sys.executable, "-m", "workbench", "worker"]


def start_services(data_dir: Path, *, with_index: bool = True) -> None:
    """Start the worker and the index server of a data folder, unless they run.

    Args:
        data_dir: The data folder.
        with_index: Start the index server too; not where a team has one.

    Raises:
        JobError: The worker does not start.
        LibraryError: The index server does not start.
    """
    # The server takes the index before the worker can: whoever opens it first owns it. A process
    # that has opened it itself stays its owner for as long as it runs.
    folder = data_dir / "chroma"
    if with_index:
        with contextlib.suppress(LibraryBusy):
            _start_chroma(folder)
    ensure_worker(worker_command(), data_dir)
    if with_index:
        with contextlib.suppress(LibraryBusy):
            ensure_chroma(folder)


def ensure_worker(
    command: Sequence[str], data_dir: Path, *, wait_s: float = WORKER_START_S
) -> bool:
    """Start a worker unless one runs, and wait until it has the folder.

    Args:
        command: The program and its arguments; it gets `WORKBENCH_DATA_DIR`.
        data_dir: The data folder.
        wait_s: Longest wait, in seconds.

    Returns:
        Whether it was started now.

    Raises:
        JobError: It ended at once, or did not take the folder in time.
    """
    if is_worker_running(data_dir):
        return False
    with _in_turn(data_dir):
        if is_worker_running(data_dir):
            return False
        log = log_file(data_dir, "worker")
        child = spawn(command, log, {"WORKBENCH_DATA_DIR": str(data_dir.resolve())})
        deadline = time.monotonic() + wait_s
        while not is_worker_running(data_dir):
            if child.poll() is not None or time.monotonic() > deadline:
                raise JobError(f"the worker did not start: {tail(log)}", hint=f"see {log}")
            time.sleep(0.1)
    return True


def ensure_chroma(folder: Path, *, wait_s: float = CHROMA_START_S) -> ServerNote:
    """Start an index server on loopback unless one runs, and wait until it answers.

    The server inherits the folder's lock, so the folder has one owner however anybody ends.

    Args:
        folder: The index folder; the server's log goes into `logs` beside it.
        wait_s: Longest wait, in seconds.

    Returns:
        Where it listens.

    Raises:
        LibraryBusy: A process has opened the folder itself.
        LibraryError: The server ended at once, or does not answer in time.
    """
    note = _start_chroma(folder)
    deadline = time.monotonic() + wait_s
    while not is_alive(note.host, note.port):
        if not _is_running(note.pid) or time.monotonic() > deadline:
            _end(note.pid)
            forget_server(folder)
            log = log_file(folder.parent, "chroma")
            raise LibraryError(
                f"the search index server did not start: {tail(log)}", hint=f"see {log}"
            )
        time.sleep(0.2)
    return note


def _start_chroma(folder: Path) -> ServerNote:
    """Start the server, or find the one that runs or is starting."""
    folder.mkdir(parents=True, exist_ok=True)
    with _in_turn(folder.parent):
        if running := live_server(folder):
            return running
        try:
            lock = FolderLock(folder)
        except LibraryBusy:
            # Its owner may be a server that somebody else has just started.
            note = _written_note(folder)
            if note is not None and _is_running(note.pid):
                return note
            raise
        try:
            port = _free_port()
            command = [
                *(sys.executable, "-m", "workbench.search.server"),
                *("run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)),
            ]
            child = spawn(
                command,
                log_file(folder.parent, "chroma"),
                {"ANONYMIZED_TELEMETRY": "False"},
                (lock.fileno(),),
            )
            note = ServerNote("127.0.0.1", port, child.pid)
            write_server(folder, note)
        finally:
            lock.release()
        return note


def stop_services(data_dir: Path, *, wait_s: float = STOP_S) -> None:
    """End the worker and the index server of a data folder; unfinished jobs go on later.

    Raises:
        JobError: The worker does not end in time; a model call may be in flight.
    """
    with _in_turn(data_dir):
        pids = worker_pids(data_dir)
        for pid in filter(None, pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + wait_s
        while left := worker_pids(data_dir):
            for pid in filter(None, pids):
                reap(pid)
            if time.monotonic() > deadline:
                raise JobError(
                    f"the worker (process {left[0]}) does not end", hint=f"kill {left[0]}"
                )
            time.sleep(0.1)
        folder = data_dir / "chroma"
        if note := live_server(folder):
            _end(note.pid)
            forget_server(folder)


@contextlib.contextmanager
def _in_turn(data_dir: Path) -> Iterator[None]:
    """One start or stop at a time for a data folder."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "services.lock").open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _written_note(folder: Path) -> ServerNote | None:
    try:
        return from_json(ServerNote, (folder / SERVER_NAME).read_bytes())
    except (OSError, ValueError):
        return None


def _is_running(pid: int) -> bool:
    reap(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(pid: int, wait_s: float = 10.0) -> None:
    """Ask a process to end and wait for it; insist after a while."""
    deadline = time.monotonic() + wait_s
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            reap(pid)
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)

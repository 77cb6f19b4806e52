"""Ask the gateway of a data folder to make a paid call, starting it if none runs."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from workbench.backends.order import CallOrder, CallOutcome
from workbench.errors import JobError
from workbench.jobs.gateway.wire import (
    HOST,
    SILENCE_S,
    Answered,
    Asked,
    GatewayNote,
    connected,
    error_of,
    note_path,
    prove,
    read_note,
    spoken_version,
)
from workbench.jobs.processes.programs import log_file, spawn, tail
from workbench.jsonable import from_json, to_json
from workbench.library.calls.holders import is_alive

CHECK_S = 0.1
"""How often an asker that waits looks whether it still wants to."""

LOOK_S = 0.05
"""How often it is looked whether a gateway has started or ended."""

START_S = 30.0
"""Longest wait for a gateway to start."""

STOP_S = 600.0
"""Longest wait for calls that were sent, at the end of a gateway."""

MOST_ENDS = 3
"""A call whose gateway died so often is not asked for again."""


def call_through_gateway(
    data_dir: Path, order: CallOrder, job_id: str, check: Callable[[], None]
) -> CallOutcome:
    """See that the reply to an order is in the call cache; the gateway makes the call if need be.

    Only for models that cost money: a free one is asked in this process. Once a call was sent, it
    is finished and kept even when this process dies; asking again finds it.

    Args:
        data_dir: The data folder.
        order: The call.
        job_id: The job it is made for.
        check: Called every fraction of a second; what it raises ends the waiting, and the call is
            not made if nothing was sent yet.

    Returns:
        Whether the call was paid now, and what it cost.

    Raises:
        BackendError: The service gave no usable answer.
        BudgetReached: It could cost more than what is left under the cap.
        DiskFull: The reply could not be kept.
        LibraryError: The catalog cannot be used, or the reply could not be kept.
        JobError: The gateway does not start, or dies again and again.
    """
    asked = to_json(Asked(order, job_id)).encode()
    for _ in range(MOST_ENDS):
        while (answer := _ask(data_dir, asked, check)) == Answered():
            time.sleep(LOOK_S)  # it was about to end
        if answer is None:
            continue
        if answer.error is not None:
            raise error_of(answer.error)
        if answer.outcome is not None:
            return answer.outcome
    log = log_file(data_dir, "gateway")
    raise JobError(
        f"the gateway died {MOST_ENDS} times while it made the call about {order.label}",
        hint=f"see {log}; the machine may be short of memory",
    )


def stop_gateway(data_dir: Path, *, wait_s: float = STOP_S) -> bool:
    """Let the gateway of a data folder finish the calls it has sent, and end; wait for that.

    Returns:
        Whether one ran.

    Raises:
        JobError: A call takes longer than `wait_s` seconds.
    """
    note = read_note(data_dir)
    if note is None or not is_alive(note.holder, 0.0):
        return False
    _tell_to_end(note)
    deadline = time.monotonic() + wait_s
    while is_alive(note.holder, 0.0):
        if time.monotonic() > deadline:
            raise JobError(
                f"a call is still under way after {wait_s:.0f} s",
                hint="wait for it: it is paid, and its reply should be kept",
            )
        time.sleep(LOOK_S)
    return True


def _ask(data_dir: Path, asked: bytes, check: Callable[[], None]) -> Answered | None:
    """Ask once; None when the gateway dies meanwhile."""
    check()
    with _reached(data_dir, check) as connection:
        try:
            connection.send_bytes(asked)
        except OSError:
            return None
        while not connection.poll(CHECK_S):
            check()
        try:
            return from_json(Answered, connection.recv_bytes())
        except (EOFError, OSError):
            return None


def _reached(data_dir: Path, check: Callable[[], None]) -> Connection:
    """A connection to the gateway, which is started if none runs.

    Raises:
        JobError: It does not start.
    """
    return _opened(read_note(data_dir)) or _started(data_dir, check)


def _opened(note: GatewayNote | None) -> Connection | None:
    """A connection to the gateway of a note, if it lives and is of our version."""
    if note is None or note.version != spoken_version() or not is_alive(note.holder, 0.0):
        return None
    try:
        connection = connected(socket.create_connection((HOST, note.port), SILENCE_S))
    except OSError:
        return None
    try:
        prove(connection, note.key, "asker")
    except (OSError, EOFError):
        connection.close()
        return None
    return connection


def _started(data_dir: Path, check: Callable[[], None]) -> Connection:
    """Start a gateway, unless somebody else has by now, and wait until it listens."""
    with _in_turn(data_dir, check):
        note = read_note(data_dir)
        if (connection := _opened(note)) is not None:
            return connection
        if note is not None and note.version != spoken_version():
            _tell_to_end(note)
        log = log_file(data_dir, "gateway")
        command = [sys.executable, "-m", "workbench", "gateway"]
        child = spawn(command, log, {"WORKBENCH_DATA_DIR": str(data_dir.resolve())})
        deadline = time.monotonic() + START_S
        while True:
            # Looked at before the note: a gateway that was started by hand may have been first.
            has_ended = child.poll() is not None
            if (connection := _opened(read_note(data_dir))) is not None:
                return connection
            if has_ended or time.monotonic() > deadline:
                raise JobError(f"the gateway did not start: {tail(log)}", hint=f"see {log}")
            check()
            time.sleep(LOOK_S)


@contextlib.contextmanager
def _in_turn(data_dir: Path, check: Callable[[], None]) -> Iterator[None]:
    """One start at a time for a data folder and machine."""
    with note_path(data_dir).with_suffix(".turn").open("a", encoding="ascii") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                check()
                time.sleep(LOOK_S)
                continue
            break
        yield


def _tell_to_end(note: GatewayNote) -> None:
    """Ask a gateway of another version to end; it finishes what it has sent."""
    if is_alive(note.holder, 0.0):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(int(note.holder.split(":")[-2]), signal.SIGTERM)

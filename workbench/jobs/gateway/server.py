"""The gateway: the process that makes the paid calls of a data folder's jobs.

It outlives the workers that ask it, so a worker that is killed while its call is in flight loses
nothing: the call is finished and kept, and the next worker gets the reply. There is one for each
machine and data folder; it ends by itself when nobody has asked for a while.
"""

import fcntl
import logging
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import TextIO

from workbench.backends.order import CallOrder, CallOutcome
from workbench.errors import JobError, WorkbenchError
from workbench.jobs.gateway.wire import (
    HOST,
    Answered,
    Asked,
    GatewayNote,
    connected,
    hear,
    note_path,
    prove,
    read_note,
    spoken_version,
    told,
    write_note,
)
from workbench.jsonable import from_json, to_json
from workbench.library.calls.holders import holder_name

IDLE_S = 30.0
"""The gateway ends when nobody has asked it for so long."""

LOOK_S = 0.2
"""How often it looks whether an asker is still there, and whether it should end itself."""

LOCKED_FOR_S = 5.0
"""How long the place of another gateway is waited for, which was told to end."""

LAST_WORDS_S = 5.0
"""How long its end waits for askers to take their answers."""

Make = Callable[[CallOrder, str, Callable[[], None]], CallOutcome]
"""Makes a call for a job. Calls the third argument often until something was sent; what that raises
means that nobody wants the call any more."""

log = logging.getLogger(__name__)


class _Unwanted(BaseException):
    """Nobody waits for a call of which nothing was sent yet. No error: nothing handles it."""


@dataclass(eq=False, slots=True)
class _Asker:
    """Somebody who waits for a call."""

    asked: Asked
    answer: Answered = field(default_factory=Answered)
    has_answer: threading.Event = field(default_factory=threading.Event)


class Gateway:
    """Listens on loopback from the start; `run` answers.

    Args:
        data_dir: The data folder; its note says where to ask.
        make: Makes a call.
        idle_s: Seconds without anybody asking after which it ends.

    Raises:
        JobError: Another gateway of this machine has the folder.
    """

    def __init__(self, data_dir: Path, make: Make, *, idle_s: float = IDLE_S) -> None:
        self._data_dir = data_dir
        self._make = make
        self._idle_s = idle_s
        self._is_ending = False
        self._changed = threading.Condition()
        self._askers: dict[str, list[_Asker]] = {}
        """Who waits for each call under way, by its key."""
        self._visitors = 0
        self._place = _take_place(data_dir)
        self._listener = socket.create_server((HOST, 0))
        self._listener.settimeout(LOOK_S)
        self._note = GatewayNote(
            port=self._listener.getsockname()[1],
            key=secrets.token_hex(32),
            holder=holder_name(),
            version=spoken_version(),
        )
        write_note(data_dir, self._note)

    def end(self) -> None:
        """Take no new orders, finish the calls that were sent, and let `run` return."""
        self._is_ending = True

    def run(self) -> None:
        """Answer until it is told to end, nobody asks any more, or the data folder is gone."""
        log.info("listens on port %d", self._note.port)
        try:
            why = self._listen()
        finally:
            self._close()
        log.info("ends: %s", why)
        if not self._data_dir.exists():
            return  # no reply can be kept any more
        with self._changed:
            self._changed.wait_for(lambda: not self._askers)
            self._changed.wait_for(lambda: not self._visitors, LAST_WORDS_S)

    def _listen(self) -> str:
        """Let askers in; returns why no more are."""
        busy_at = time.monotonic()
        while not self._is_ending:
            try:
                visitor, _ = self._listener.accept()
            except TimeoutError:
                pass
            else:
                with self._changed:
                    self._visitors += 1
                threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()
            with self._changed:
                if self._visitors or self._askers:
                    busy_at = time.monotonic()
            if time.monotonic() - busy_at > self._idle_s:
                return "nobody asks"
            if read_note(self._data_dir) != self._note:
                return "its note is gone"
        return "it was told to"

    def _close(self) -> None:
        self._is_ending = True
        self._listener.close()
        if read_note(self._data_dir) == self._note:
            note_path(self._data_dir).unlink(missing_ok=True)
        self._place.close()

    def _serve(self, visitor: socket.socket) -> None:
        """Hear what somebody wants, and tell them what came of it."""
        try:
            with connected(visitor) as connection:
                prove(connection, self._note.key, "gateway")
                asker = _Asker(from_json(Asked, hear(connection)))
                self._let_wait(asker)
                if not self._has_left(asker, connection):
                    connection.send_bytes(to_json(asker.answer).encode())
        except (OSError, EOFError, ValueError) as error:
            # By its kind only: what could not be read may be a question.
            log.info("somebody who asked was not heard to the end: %s", type(error).__name__)
        finally:
            with self._changed:
                self._visitors -= 1
                self._changed.notify_all()

    def _let_wait(self, asker: _Asker) -> None:
        """Have a call made, unless it is under way already."""
        key = asker.asked.order.key
        with self._changed:
            if self._is_ending:
                asker.has_answer.set()
            elif key in self._askers:
                self._askers[key].append(asker)
            else:
                self._askers[key] = [asker]
                threading.Thread(target=self._work, args=(key,), daemon=True).start()

    def _has_left(self, asker: _Asker, connection: Connection) -> bool:
        """Wait for the answer; True if the asker goes away before it comes."""
        while not asker.has_answer.wait(LOOK_S):
            # An asker says nothing more, so whatever there is to read is its end.
            if connection.poll():
                with self._changed:
                    waiting = self._askers.get(asker.asked.order.key, [])
                    if asker in waiting:
                        waiting.remove(asker)
                return True
        return False

    def _work(self, key: str) -> None:
        """Make a call for as long as somebody waits for it."""
        while (asker := self._first(key)) is not None:
            asked = asker.asked
            try:
                outcome = self._make(asked.order, asked.job_id, partial(self._require, asked))
            except _Unwanted:
                if self._is_ending:
                    self._tell(key, Answered())
            except WorkbenchError as error:
                self._tell(key, Answered(error=told(error)), asked.job_id)
            except BaseException as error:
                log.exception("a call failed by a fault of the program")
                fault = JobError(
                    f"the gateway failed by a fault: {type(error).__name__}: {error}",
                    hint="this is a fault of the program; logs/gateway.log has the rest",
                )
                self._tell(key, Answered(error=told(fault)), asked.job_id)
            else:
                # Others got their reply by it and paid nothing.
                self._tell(key, Answered(outcome), asked.job_id)
                self._tell(key, Answered(replace(outcome, was_paid=False, cost_usd=Decimal(0))))

    def _first(self, key: str) -> _Asker | None:
        with self._changed:
            if not self._askers[key]:
                del self._askers[key]
                self._changed.notify_all()
                return None
            return self._askers[key][0]

    def _require(self, asked: Asked) -> None:
        """See that a call is still wanted by the job that would pay for it."""
        with self._changed:
            waiting = self._askers[asked.order.key]
            if self._is_ending or all(a.asked.job_id != asked.job_id for a in waiting):
                raise _Unwanted

    def _tell(self, key: str, answer: Answered, job_id: str | None = None) -> None:
        """Answer those who wait for a call: all of them, or those of one job."""
        with self._changed:
            for asker in list(self._askers[key]):
                if job_id in (None, asker.asked.job_id):
                    self._askers[key].remove(asker)
                    asker.answer = answer
                    asker.has_answer.set()


def run_gateway(data_dir: Path, make: Make, *, idle_s: float = IDLE_S) -> None:
    """Make the paid calls of a data folder until SIGTERM, SIGINT, or nobody asks any more.

    Args:
        data_dir: The data folder.
        make: Makes a call.
        idle_s: Seconds without anybody asking after which it ends.

    Raises:
        JobError: Another gateway of this machine has the folder.
    """
    gateway = Gateway(data_dir, make, idle_s=idle_s)

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        gateway.end()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    gateway.run()


def _take_place(data_dir: Path) -> TextIO:
    """The right to be asked; the kernel gives it back when its holder dies."""
    data_dir.mkdir(parents=True, exist_ok=True)
    place = note_path(data_dir).with_suffix(".lock").open("a", encoding="ascii")
    deadline = time.monotonic() + LOCKED_FOR_S
    while True:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            place.close()
            raise JobError(
                f"another gateway makes the calls of {data_dir}",
                hint="one is enough: it makes those of every worker",
            ) from None
        return place

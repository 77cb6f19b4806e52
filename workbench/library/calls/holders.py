"""Who makes a call: the name of a process, whether it still lives, and how it says so."""

import functools
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.library.records import CallInFlight

SILENT_S = 60.0
"""A holder on another machine that was not heard of for so long counts as dead."""

BEAT_S = 5.0
"""How often a process says that its calls are still being made."""

FIRST_NAMESPACE = "4026531836"
"""What Linux calls the process numbers of a machine itself."""

BATCH_PREFIX = "batch:"
"""Begins the holder of calls that a batch makes: no process does."""

log = logging.getLogger(__name__)


class Flights:
    """The calls that this process makes. While there are any, the catalog is told that it lives."""

    def __init__(self) -> None:
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._has_told = threading.Condition(lock)
        self._beats: dict[str, Callable[[str], None]] = {}
        self._is_beating = False
        self._is_telling = False

    def enter(self, cache_key: str, beat: Callable[[str], None]) -> bool:
        """Begin to make a call.

        Args:
            cache_key: The question.
            beat: Says that the calls of a process are still being made: `store.beat_calls`.

        Returns:
            False if another thread of this process makes it.
        """
        with self._changed:
            if cache_key in self._beats:
                return False
            self._beats[cache_key] = beat
            if not self._is_beating:
                self._is_beating = True
                threading.Thread(target=self._beat, name="beat", daemon=True).start()
            return True

    def leave(self, cache_key: str) -> None:
        """The call is made no more; whoever waits for it looks again.

        A beat is not left half way: who made the call may close the catalog next.
        """
        with self._changed:
            del self._beats[cache_key]
            self._changed.notify_all()
            self._has_told.wait_for(lambda: not self._is_telling, BEAT_S)

    def wait(self, longest_s: float) -> None:
        """Return when a call of this process has ended, or after so many seconds."""
        with self._changed:
            self._changed.wait(longest_s)

    def __contains__(self, cache_key: str) -> bool:
        """Is the call being made here?"""
        with self._changed:
            return cache_key in self._beats

    def _beat(self) -> None:
        try:
            while beats := self._due():
                for beat in beats:
                    try:
                        beat(holder_name())
                    except WorkbenchError as error:
                        log.warning("not told that calls are still made: %s", error.message)
                self._end_telling()
        except BaseException:
            with self._changed:
                self._is_beating = False  # the next call starts another
            self._end_telling()
            raise

    def _end_telling(self) -> None:
        with self._has_told:
            self._is_telling = False
            self._has_told.notify_all()

    def _due(self) -> set[Callable[[str], None]]:
        """Whom to tell, after a while; nobody when no call is made any more."""
        time.sleep(BEAT_S)
        with self._changed:
            self._is_beating = self._is_telling = bool(self._beats)
            return set(self._beats.values())


flights = Flights()
"""Those of this process."""


@functools.cache
def machine_name() -> str:
    """The name of this machine, or of a container whose processes have numbers of their own.

    Two containers may have one host name; to look for each other's processes would find none.
    """
    host = os.uname().nodename
    try:
        numbers = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return host
    return host if numbers == FIRST_NAMESPACE else f"{host}/{numbers}"


@functools.lru_cache(maxsize=8)
def _name_of(pid: int) -> str:
    return f"{machine_name()}:{pid}:{_started(pid)}"


def holder_name() -> str:
    """The name of this process, which no other has: machine, process number and start.

    Example:
        >>> holder_name().split(":")[1] == str(os.getpid())
        True
    """
    return _name_of(os.getpid())


def is_alive(holder: str, silent_s: float) -> bool:
    """Does the process with this name live?

    On this machine the kernel knows, also of one that was stopped for an hour; of another machine
    only its silence can be judged.

    Example:
        >>> is_alive(holder_name(), 9999.0), is_alive("elsewhere:1:0", 1.0)
        (True, True)
        >>> is_alive("elsewhere:1:0", 61.0)
        False
    """
    host, pid, started = holder.rsplit(":", 2)
    if host != machine_name():
        return silent_s <= SILENT_S
    now = _started(int(pid))
    return bool(now) and now == started


def is_batched(call: CallInFlight) -> bool:
    """Is a call made by a batch?"""
    return call.holder.startswith(BATCH_PREFIX)


def is_call_alive(call: CallInFlight) -> bool:
    """Is a call in flight still being made?

    One of a batch always is: to close the batch lets its calls land.
    """
    return is_batched(call) or is_alive(call.holder, call.silent_s)


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty when there is none, or it has ended."""
    try:
        # The name in brackets may hold spaces; the fields after it may not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _without_proc(pid)
    return "" if fields[0] in "ZX" else fields[19]


def _without_proc(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "running"

"""Who makes a call: the name of a process, and whether it still lives."""

import functools
import os
from pathlib import Path

from workbench.library.records import CallInFlight

SILENT_S = 60.0
"""A holder on another machine that was not heard of for so long counts as dead."""


@functools.lru_cache(maxsize=8)
def _name_of(pid: int) -> str:
    return f"{os.uname().nodename}:{pid}:{_started(pid)}"


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
    if host != os.uname().nodename:
        return silent_s <= SILENT_S
    now = _started(int(pid))
    return bool(now) and now == started


def is_call_alive(call: CallInFlight) -> bool:
    """Is a call in flight still being made?"""
    return is_alive(call.holder, call.silent_s)


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

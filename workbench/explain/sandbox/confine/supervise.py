"""Start a program confined, wait for it, and end whatever it has left behind.

    supervisor (adopts orphans)
      └── first process, number 1 where there are namespaces    or    bubblewrap
            └── the program

The order comes in the first argument, by `marshal`. What hinders the start is written to the
descriptor it names; nothing is written there otherwise. Ends as the program does, by a signal as
128 + its number; when told to stop (SIGTERM) it ends the program first.
"""

from __future__ import annotations

import marshal
import os
import resource
import sys
import time

from . import landlock, seccomp
from .kernel import (
    CAP_SYS_ADMIN,
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    become,
    has_capability,
    prctl,
    unshare,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # `signal`, `typing` and `pathlib` would double the time this takes to start
    import signal
    from typing import Any, NoReturn
else:
    import _signal as signal

OPEN_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")
READ_DEVICES = ("/dev/random", "/dev/urandom")
_APART = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
_WAITED = {signal.SIGTERM, signal.SIGCHLD}


def main() -> NoReturn:
    """Do what the order says."""
    order: dict[str, Any] = marshal.loads(bytes.fromhex(sys.argv[1]))  # noqa: S302 (our own)
    os.set_inheritable(order["report"], False)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != order["parent"]:
        sys.exit(1)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        start = {"bwrap": _start_bubblewrap, "landlock": _start_landlock, "off": _start_open}
        child = start[order["layer"]](order)
        status = _wait(child)
    except OSError as error:
        os.write(order["report"], f"{error}\n".encode())
        status = 1 << 8
    _end_all()
    os._exit(_exit_code(status))


def _start_bubblewrap(order: dict[str, Any]) -> int:
    if child := os.fork():
        return child
    with _Reported(order):
        _ready(order)
        if order["drop"] == "before":
            become(order["user"], order["group"], searching=False)
        words = list(order["words"])
        if program := seccomp.here(pretending=False):
            read, write = os.pipe()
            os.write(write, program)
            os.close(write)
            os.set_inheritable(read, True)
            words[1:1] = ["--seccomp", str(read)]
        os.execve(words[0], words, os.environ)  # noqa: S606 (a list, no shell)
    os._exit(1)


def _start_open(order: dict[str, Any]) -> int:
    if child := os.fork():
        return child
    with _Reported(order):
        _ready(order)
        os.execvpe(order["words"][0], order["words"], os.environ)  # noqa: S606 (a list, no shell)
    os._exit(1)


def _start_landlock(order: dict[str, Any]) -> int:
    version = landlock.landlock_version()
    if version < landlock.LEAST_VERSION:
        raise OSError(f"Landlock of this kernel is version {version}, 3 is needed")
    if not (program := seccomp.here(pretending=True)):
        raise OSError(f"system calls of {os.uname().machine} are not known")
    is_apart = _separate(order)
    if not (is_apart or order["drop"] or version >= landlock.SIGNALS_VERSION):
        raise OSError("user namespaces are refused here, and Landlock is older than version 6")
    if first := os.fork():
        return first
    # Number 1 of its namespace: with it, all others end.
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    child = os.fork()
    if child == 0:
        with _Reported(order):
            _ready(order, counted_apart=is_apart and not order["drop"])
            _confine(order, version)
            seccomp.apply(program)
            os.execvpe(order["words"][0], order["words"], os.environ)  # noqa: S606 (a list, no shell)
    os.close(order["report"])
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(_exit_code(status))


def _confine(order: dict[str, Any], version: int) -> None:
    is_dropped = bool(order["drop"])
    searching = is_dropped and not _can_reach(order)
    landlock.restrict(
        version,
        [*order["readable"], *READ_DEVICES],
        [order["work"], *OPEN_DEVICES],
    )
    if is_dropped:
        become(order["user"], order["group"], searching=searching)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _can_reach(order: dict[str, Any]) -> bool:
    """Could the user that is to be reach interpreter and work folder by itself?"""
    child = os.fork()
    if child == 0:
        with _Reported(order):
            become(order["user"], order["group"], searching=False)
            needed = [*order["needed"], order["work"]]
            os._exit(0 if all(os.access(path, os.R_OK | os.X_OK) for path in needed) else 1)
    return os.waitpid(child, 0)[1] == 0


def _separate(order: dict[str, Any]) -> bool:
    """Go into namespaces of our own: by right if we are root, else through a user namespace.

    Root of a container without that right stays outside: in a user namespace of its own there is
    nobody else to become.
    """
    user, group = os.geteuid(), os.getegid()
    if order["drop"]:
        if has_capability(CAP_SYS_ADMIN):
            unshare(_APART)
            return True
        return False
    try:
        unshare(CLONE_NEWUSER | _APART)
    except OSError:
        return False
    inside = user or order["user"]  # nobody is root in it
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{inside} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    return True


def _ready(order: dict[str, Any], *, counted_apart: bool = False) -> None:
    """Make a child what every layer wants: mortal, limited, without privileges to gain.

    Args:
        order: With the limits.
        counted_apart: Are the processes of the user counted for its new namespace alone?
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAITED)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them
    os.setsid()  # signals to its group must not reach the supervisor
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _write_if_possible("/proc/self/oom_score_adj", "1000")
    limits = order["limits"]
    user = order["user"] if order["drop"] else os.getuid()
    processes = limits["processes"] + (0 if counted_apart else _running(user))
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_NPROC, processes),
    ):
        _limit(kind, most)
    # First a signal that says why, a second later one that nobody can ignore.
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 1))
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (least, least))


def _running(user: int) -> int:
    """Threads of a user on this machine: its limit counts them all."""
    count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == user:  # noqa: PTH116
                    count += len(os.listdir(f"/proc/{name}/task"))  # noqa: PTH208
            except OSError:
                continue
    return count


def _wait(child: int) -> int:
    """Wait until the program ends, or until told to stop."""
    while True:
        if signal.sigwait(_WAITED) == signal.SIGTERM:
            return signal.SIGTERM
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 1 << 8
            if ended == child:
                return status
            if ended == 0:
                break


def _end_all() -> None:
    """Kill what is left. The kernel makes orphans our children, so none gets away."""
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for child in _children():
            try:
                os.kill(child, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.002)


def _children() -> list[int]:
    found = []
    me = str(os.getpid())
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                    text = file.read()
            except OSError:
                continue
            if text.rpartition(")")[2].split()[1] == me:
                found.append(int(name))
    return found


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(text)


def _write_if_possible(path: str, text: str) -> None:
    try:
        _write(path, text)
    except OSError:
        return


class _Reported:
    """A stretch of work in which an error is written to the report."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            os.write(self.order["report"], f"{error}\n".encode())
        os._exit(1)


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code

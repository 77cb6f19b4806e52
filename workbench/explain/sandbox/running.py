"""Run a program that nobody has read: with no network, no files but its own, and no way to stay.

    layer = best_layer()
    ran = run_sandboxed([sys.executable, "scene.py"], work, layer=layer)

Two layers do it. `bwrap` gives the program a small world of its own by bubblewrap. `landlock` has
the kernel refuse it every file that is not named, with namespaces of its own where the system
lets us have them and a filter of system calls always. Either way the environment is scrubbed,
memory, processors, processes, files and time have limits, and all processes end with the first.
`off` keeps only the limits and the clean environment; a person has to ask for it by name.
"""

import contextlib
import functools
import marshal
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from workbench.backends.protocol import Readiness
from workbench.errors import RequestError, SandboxMissing, ToolError, WorkbenchError
from workbench.explain.sandbox.confine.landlock import landlock_version
from workbench.explain.sandbox.orders import (
    HOME,
    INSTALL,
    SUPERVISOR,
    Layer,
    Limits,
    environment,
    make_home,
    order_for,
)
from workbench.explain.sandbox.returned import hand_over, remove_folder, tidy
from workbench.explain.sandbox.watching import size_of, tree_of

__all__ = ["Layer", "Limits", "Ran", "best_layer", "go_on", "run_sandboxed", "sandbox_readiness"]

Stop = Literal["", "time", "processor", "memory", "output"]

OUTPUT_BYTES = 8_000_000
"""A program that says more is stopped."""

SHOWN_BYTES = 64 * 1024

FIRST_LOOK_S, LOOK_S = 0.05, 0.25
"""Between two looks at what a program takes: in its first second, and later."""

END_S = 20.0
"""How long all processes of a program may take to die; they are not asked."""

PROBE = """
import _socket, sys
def works(action):
    try:
        action()
    except OSError:
        return False
    return True
reads = works(lambda: open(sys.argv[1]).read())
writes = works(lambda: open(sys.argv[1], "a").write("x"))
sends = works(lambda: _socket.socket(2, 2).sendto(b"x", ("127.0.0.1", int(sys.argv[2]))))
open("made", "w").close()
print("leaks" if reads or writes or sends else "holds")
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program went."""

    returncode: int | None
    """What it ended with, a signal as a negative number; None if it was stopped by us."""
    output: str
    """The last 64 kB of what it said."""
    wall_s: float
    cpu_s: float
    stopped: Stop
    """Which limit it met, if any."""
    layer: Layer


def go_on() -> None:
    """Nobody gives up."""


def run_sandboxed(
    words: Sequence[str],
    work: Path,
    *,
    layer: Layer,
    limits: Limits = Limits(),
    readable: Sequence[Path] = (),
    check: Callable[[], None] = go_on,
) -> Ran:
    """Run a program confined, and return when nothing of it is left running.

    Afterwards the work folder holds plain files and folders only: links and pipes are removed.

    Args:
        words: The program and its arguments; usually `sys.executable` first.
        work: The only folder it can write to, at the same path inside; also its current folder.
        layer: What confines it, as `best_layer` says.
        limits: What it may take.
        readable: More files and folders that it may read, beside the interpreter, its packages,
            this package and the system's programs and fonts.
        check: Asked several times a second; what it raises ends the program and goes on.

    Raises:
        RequestError: There is no such folder.
        SandboxMissing: The layer is not there.
        ToolError: The program could not be started.
    """
    work = work.resolve()
    if not work.is_dir():
        raise RequestError(f"{work} is not a folder", hint="make it first")
    order = order_for(words, work, layer, limits, readable)
    make_home(work)
    owner = work.stat()
    if order["drop"]:
        hand_over(work, order["user"], order["group"])
    began = time.monotonic()
    try:
        with tempfile.TemporaryFile() as said:
            supervisor, report = _start(order, work, said)
            with os.fdopen(report, "rb") as reported:
                try:
                    stopped = _watch(supervisor.pid, work, limits, said, check)
                finally:
                    cpu_s = _end(supervisor)
                fault = reported.read().decode(errors="replace").strip()
            output = _tail(said)
    finally:
        remove_folder(work / HOME)
        tidy(work)
        if order["drop"]:
            hand_over(work, owner.st_uid, owner.st_gid)
    wall_s = time.monotonic() - began
    if not fault and output.startswith("bwrap: "):
        fault = output.splitlines()[0]
    if fault:
        raise ToolError(
            f"the program could not be started: {fault}",
            hint="workbench doctor looks at the sandbox",
        )
    code = _code(supervisor.returncode)
    return Ran(
        None if stopped else code,
        output,
        wall_s,
        cpu_s,
        stopped or _met(code, output, cpu_s, limits),
        layer,
    )


def _start(
    order: dict[str, Any], work: Path, said: BinaryIO
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the supervisor; also the end of the pipe by which it tells what hinders it."""
    read, write = os.pipe()
    try:
        return subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", SUPERVISOR),
                str(Path(__file__).parent),
                marshal.dumps({**order, "report": write}).hex(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=work,
            env=environment(work, order["layer"]),
            start_new_session=True,
            pass_fds=(write,),
        ), read
    finally:
        os.close(write)


def _watch(pid: int, work: Path, limits: Limits, said: BinaryIO, check: Callable[[], None]) -> Stop:
    """Look at a program until it ends or has taken too much."""
    began = time.monotonic()
    while True:
        elapsed_s = time.monotonic() - began
        look_s = FIRST_LOOK_S if elapsed_s < 1 else LOOK_S
        if _ends_within(pid, max(0, min(look_s, limits.wall_s - elapsed_s))):
            return ""
        if time.monotonic() - began >= limits.wall_s:
            return "time"
        check()
        if stop := _too_much(pid, work, limits, said):
            return stop


def _ends_within(pid: int, time_s: float) -> bool:
    """Wait for a child to end; it can still be asked how it did."""
    handle = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(1000 * time_s))
    finally:
        os.close(handle)


def _too_much(pid: int, work: Path, limits: Limits, said: BinaryIO) -> Stop:
    """Which limit a tree of processes is over, if any."""
    tree = tree_of(pid)
    if tree.cpu_s > limits.cpu_s:
        return "processor"
    if tree.memory_bytes > limits.memory_bytes:
        return "memory"
    size_bytes = size_of(work)
    if size_bytes is None or size_bytes + tree.deleted_bytes > limits.file_bytes:
        return "output"
    return "output" if os.fstat(said.fileno()).st_size > OUTPUT_BYTES else ""


def _end(supervisor: "subprocess.Popen[bytes]") -> float:
    """See to it that nothing is left running; the processor seconds that all of it took."""
    os.kill(supervisor.pid, signal.SIGTERM)
    if not _ends_within(supervisor.pid, END_S):
        for pid in tree_of(supervisor.pid).pids:
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(supervisor.pid, 0)
    supervisor.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _tail(said: BinaryIO) -> str:
    size_bytes = os.fstat(said.fileno()).st_size
    start = max(0, size_bytes - SHOWN_BYTES)
    return os.pread(said.fileno(), SHOWN_BYTES, start).decode(errors="replace")


def _code(code: int) -> int:
    """How a program ended, from how its supervisor did.

    Example:
        >>> _code(3), _code(137)
        (3, -9)
    """
    return 128 - code if 128 < code <= 128 + signal.NSIG else code


def _met(code: int, output: str, cpu_s: float, limits: Limits) -> Stop:
    """Which limit of the kernel a program has met, by how it ended."""
    if code == 0:
        return ""
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu_s >= limits.cpu_s):
        return "processor"
    last = output.rstrip().rpartition("\n")[2]
    if "MemoryError" in last or "Cannot allocate memory" in last:
        return "memory"
    if code == -signal.SIGXFSZ or "File too large" in last:
        return "output"
    return ""


def best_layer(wanted: Layer | Literal["auto"] = "auto") -> Layer:
    """The strongest layer that works on this machine, or the one that is asked for.

    A layer works if a small program in it could not read or write a file outside, or send
    anything. It is tried once in each process.

    Args:
        wanted: `auto` for the strongest; `off` only if a person has asked for it by name.

    Raises:
        SandboxMissing: None works, or not the one that is asked for; the reason is said.
    """
    if wanted == "off":
        return "off"
    tried: tuple[Layer, ...] = ("bwrap", "landlock") if wanted == "auto" else (wanted,)
    reasons = []
    for layer in tried:
        try:
            _prove(layer)
        except WorkbenchError as error:
            reasons.append(f"{layer}: {error.message}")
        else:
            return layer
    raise SandboxMissing(
        f"programs by a model cannot be confined here ({'; '.join(reasons)})", hint=INSTALL
    )


@functools.cache
def _prove(layer: Layer) -> None:
    """Try a layer on a program that wants out. A failure is tried again the next time.

    Raises:
        SandboxMissing: It does not hold, or cannot be set up.
    """
    if sys.platform != "linux":
        raise SandboxMissing(f"there is no sandbox for {sys.platform}", hint="use Linux")
    import socket

    with (
        tempfile.TemporaryDirectory() as name,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
    ):
        listener.bind(("127.0.0.1", 0))
        folder = Path(name)
        folder.chmod(0o755)
        secret, work = folder / "secret", folder / "work"
        secret.write_text("secret")
        secret.chmod(0o666)
        work.mkdir()
        words = [sys.executable, "-I", "-S", "-c", PROBE, str(secret)]
        words.append(str(listener.getsockname()[1]))
        ran = run_sandboxed(words, work, layer=layer, limits=Limits(cpu_s=10, wall_s=30))
    if ran.output.strip() != "holds":
        last = ran.output.strip().rpartition("\n")[2] or f"ended with {ran.returncode}"
        raise SandboxMissing(f"a trial did not hold: {last}", hint=INSTALL)


def sandbox_readiness() -> Readiness:
    """Whether scenes that a model wrote can be run here, and by which layer."""
    try:
        layer = best_layer()
    except SandboxMissing as error:
        return Readiness("Sandbox", False, error.message, error.hint)
    if layer == "bwrap":
        return Readiness("Sandbox", True, "scenes by a model run under bubblewrap")
    return Readiness("Sandbox", True, f"scenes by a model run under Landlock {landlock_version()}")

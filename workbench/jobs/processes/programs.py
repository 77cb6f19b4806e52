"""Programs that outlive whoever started them: start one, read its log, take note of its end."""

import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import JobError

LOG_FOLDER = "logs"
LOG_BYTES = 5_000_000
"""A log over this size is set aside at the next start."""

_children: list["subprocess.Popen[bytes]"] = []
"""What this process started; kept so that Python does not warn about programs left running."""


def spawn(
    command: Sequence[str], log: Path, environment: dict[str, str], descriptors: Sequence[int] = ()
) -> "subprocess.Popen[bytes]":
    """Start a program in a session of its own, so that it outlives this one.

    Args:
        command: The program and its arguments.
        log: File that gets what it says.
        environment: Variables it gets beside those of this process.
        descriptors: Open files it inherits.

    Raises:
        JobError: It cannot be started.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))
        with log.open("ab") as output:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
                pass_fds=tuple(descriptors),
            )
            # Those that have ended meanwhile are let go, or a long life would collect them.
            _children[:] = [each for each in _children if each.poll() is None] + [child]
            return child
    except OSError as error:
        raise JobError(
            f"{command[0]} cannot be started: {error.strerror}",
            hint="see that the data folder has room, or install the package again",
        ) from error


def log_file(data_dir: Path, name: str) -> Path:
    """Where a program of a data folder says what it does."""
    return data_dir / LOG_FOLDER / f"{name}.log"


def tail(log: Path, letters: int = 300) -> str:
    """The last words of a log, in one line."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "it left no log"
    return " ".join(text.split())[-letters:] or "it said nothing"


def reap(pid: int) -> None:
    """Take note of the end of a child of ours; others are not ours to take note of."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)

"""The words by which bubblewrap makes a small world for a program.

A world of its own: no network, no other processes, and of the files only those that are named.

Source: bubblewrap's manual page.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from workbench.explain.sandbox.paths import SYSTEM

BECOME = """
import os, sys
user, group, work, *words = sys.argv[1:]
try:
    os.setgroups([])
    os.setresgid(int(group), int(group), int(group))
    os.setresuid(int(user), int(user), int(user))
    os.chdir(work)
    os.execvp(words[0], words)
except OSError as error:
    sys.exit(f"bwrap: {error}")
"""
"""Run by a bare interpreter inside, once root has laid out what may be seen."""


def bubblewrap_path() -> str | None:
    """The program, if it is installed."""
    return shutil.which("bwrap")


def bubblewrap_words(
    program: str, work: Path, readable: Sequence[Path], *, is_root: bool
) -> list[str]:
    """Everything before the words of the confined program.

    Args:
        program: Where bubblewrap is.
        work: The only folder that can be written; it is the current one.
        readable: What can be read, at the places where it is now.
        is_root: Is bubblewrap run by root? Then no user namespace is needed, and the right to
            become somebody else is left to the program inside, which uses it at once.
    """
    words = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    words += ["--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    words += ["--cap-drop", "ALL"]
    words += (
        ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if is_root else ["--unshare-user"]
    )
    for name in SYSTEM:
        if Path(name).is_symlink():
            words += ["--symlink", str(Path(name).readlink()), name]
    # Made one by one: those that bubblewrap makes on the way are closed to all but root.
    for folder in sorted({parent for path in (*readable, work) for parent in path.parents}):
        words += ["--dir", str(folder)]
    for path in readable:
        if not (str(path) in SYSTEM and path.is_symlink()):
            words += ["--ro-bind", str(path), str(path)]
    words += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    words += ["--bind", str(work), str(work), "--remount-ro", "/"]
    # Root without its rights cannot enter the folder of another: `BECOME` does.
    words += [] if is_root else ["--chdir", str(work)]
    return [*words, "--"]

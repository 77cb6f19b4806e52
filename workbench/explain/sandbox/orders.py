"""What is asked of the supervisor: which layer, which words, which limits, which surroundings."""

import math
import os
import pwd
import site
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.errors import SandboxMissing
from workbench.explain.sandbox.bubblewrap import BECOME, bubblewrap_path, bubblewrap_words
from workbench.explain.sandbox.confine.kernel import CAP_SYS_ADMIN, has_capability
from workbench.explain.sandbox.paths import interpreter_paths, package_folder, readable_paths
from workbench.explain.sandbox.returned import remove_folder

Layer = Literal["bwrap", "landlock", "off"]

HOME = ".home"
"""Folder in the work folder that a program takes for its home; gone when it has ended."""

INSTALL = "apt-get install bubblewrap (or dnf, apk, pacman: the package has the same name)"

SUPERVISOR = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from confine.supervise import main; main()"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a confined program may take."""

    cpu_s: float = 240
    """Processor seconds, of each process and of all together."""
    wall_s: float = 600
    memory_bytes: int = 4 * 1024**3
    """Address space of each process, and memory of all together."""
    file_bytes: int = 1024**3
    """Size of each file, and room on the disk of all together."""
    processes: int = 128
    """Processes and threads, more than the user has already."""
    open_files: int = 512


def environment(work: Path, layer: Layer) -> dict[str, str]:
    """All that a program is told of the world; nothing of it comes from our own environment."""
    # Where packages can be written to, what is compiled serves those who can only read them.
    kept = {} if layer == "off" else {"PYTHONDONTWRITEBYTECODE": "1"}
    home = work / HOME
    packages = [str(home / "python")]
    if site.ENABLE_USER_SITE:
        packages.append(site.getusersitepackages())
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "USER": "sandbox",
        "LANG": "C.UTF-8",
        "PYTHONPATH": ":".join(packages),
        # One thread a core, and room for each: on a large machine they would not fit the limits.
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        **kept,
    }


def make_home(work: Path) -> None:
    """Make the folder that a program takes for its home.

    The package is linked in it by name: its own checkout cannot be listed inside.
    """
    home = work / HOME
    remove_folder(home)
    for folder in (home, home / "tmp", home / "python"):
        folder.mkdir()
    (home / "python" / "workbench").symlink_to(package_folder())


def order_for(
    words: Sequence[str], work: Path, layer: Layer, limits: Limits, readable: Sequence[Path]
) -> dict[str, Any]:
    """The order to run a program in a layer.

    Root becomes `nobody` before anything of the program runs. With bubblewrap the interpreter may
    lie where only root can go: root lays it out first. With Landlock the right to search folders
    is kept in that case, and Landlock says what can be read. Only an interpreter whose own files
    are closed to others cannot be used.

    Raises:
        SandboxMissing: The layer's program is not installed.
    """
    user, group = nobody()
    is_root = os.geteuid() == 0 and is_user(user, Path("/proc/self/uid_map").read_text())
    mounts = is_root and has_capability(CAP_SYS_ADMIN)
    drop = "" if not is_root or layer == "off" else "inside" if mounts else "before"
    allowed = readable_paths(readable)
    if layer == "bwrap":
        program = bubblewrap_path()
        if program is None:
            raise SandboxMissing("bubblewrap is not installed", hint=INSTALL)
        become = [sys.executable, "-I", "-S", "-c", BECOME, str(user), str(group), str(work)]
        words = [
            *bubblewrap_words(program, work, allowed, is_root=mounts),
            *(become if mounts else ()),
            *words,
        ]
    return {
        "layer": layer,
        "words": list(words),
        "work": str(work),
        "readable": [str(path) for path in allowed],
        "needed": [str(path) for path in (*interpreter_paths(), package_folder())],
        "limits": {
            "cpu_s": max(1, math.ceil(limits.cpu_s)),
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.file_bytes,
            "processes": limits.processes,
            "open_files": limits.open_files,
        },
        "drop": drop,
        "user": user,
        "group": group,
        "parent": os.getpid(),
    }


def is_user(user: int, uid_map: str) -> bool:
    """Is there such a user in a user namespace? In that of somebody's own making is often only one.

    Args:
        user: A user's number inside.
        uid_map: The namespace's `uid_map`.

    Example:
        >>> is_user(65534, "0 0 4294967295"), is_user(65534, "0 1000 1")
        (True, False)
    """
    rows = [[int(word) for word in line.split()] for line in uid_map.splitlines()]
    return any(first <= user < first + count for first, _, count in rows)


def nobody() -> tuple[int, int]:
    """The user and group that root becomes."""
    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return found.pw_uid, found.pw_gid

"""What a running tree of processes and its folder take together.

The limits of the kernel count each process and each file alone. Nothing here follows a link, and nothing takes long however the tree or the folder was made.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

MOST_ENTRIES = 20_000
"""Files and folders in a work folder; more is an attack on the disk."""

MOST_DEPTH = 40
MOST_PATH_BYTES = 2_000
"""Half of what the kernel takes: a path below may still be named."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Tree:
    """Processes that come from one, and it."""

    pids: tuple[int, ...]
    cpu_s: float
    """Of all of them, and of their children that have ended."""

    @property
    def memory_bytes(self) -> int:
        """What they hold for themselves: files and shared memory are not counted."""
        total = 0
        for pid in self.pids:
            try:
                words = Path(f"/proc/{pid}/statm").read_text().split()
            except OSError:
                continue
            total += (int(words[1]) - int(words[2])) * _PAGE_BYTES
        return total

    @property
    def deleted_bytes(self) -> int:
        """What lies on a disk in files that they hold open and that no folder names any more."""
        sizes: dict[tuple[int, int], int] = {}
        for pid in self.pids:
            try:
                names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208
            except OSError:
                continue
            for name in names:
                try:
                    told = os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116
                except OSError:
                    continue
                if stat.S_ISREG(told.st_mode) and told.st_nlink == 0:
                    sizes[told.st_dev, told.st_ino] = told.st_blocks * 512
        return sum(sizes.values())


def tree_of(pid: int) -> Tree:
    """A process and all that come from it, as they are now."""
    parents: dict[int, list[int]] = {}
    seconds: dict[int, float] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdigit():
            continue
        try:
            handle = os.open(f"/proc/{name}/stat", os.O_RDONLY)
        except OSError:
            continue
        try:
            words = os.read(handle, 1024).rpartition(b")")[2].split()
        except OSError:
            continue
        finally:
            os.close(handle)
        parents.setdefault(int(words[1]), []).append(int(name))
        seconds[int(name)] = sum(map(int, words[11:15])) / _TICKS
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        if one in seconds:
            found.append(one)
        todo += parents.get(one, [])
    return Tree(tuple(found), sum(seconds[one] for one in found))


def entries(folder: Path) -> Iterator[tuple[os.DirEntry[str], int]]:
    """Everything in a folder with its depth, a folder before what is in it; no link is followed.

    A folder that cannot be read is passed over.
    """
    todo = [(str(folder), 1)]
    while todo:
        path, depth = todo.pop()
        try:
            with os.scandir(path) as found:
                inside = list(islice(found, MOST_ENTRIES + 1))
        except OSError:
            continue
        for entry in inside:
            yield entry, depth
            if entry.is_dir(follow_symlinks=False):
                todo.append((entry.path, depth + 1))


def is_too_deep(path: str, depth: int) -> bool:
    """Does something lie deeper, or have a longer path, than any honest scene makes?

    Example:
        >>> is_too_deep("/some/media/scene.mp4", 2), is_too_deep("/x" * 2000, 2)
        (False, True)
    """
    return depth > MOST_DEPTH or len(os.fsencode(path)) > MOST_PATH_BYTES


def size_of(folder: Path) -> int | None:
    """Bytes that a folder takes on the disk; None if it has too many entries or is too deep."""
    total = 0
    for count, (entry, depth) in enumerate(entries(folder)):
        if count >= MOST_ENTRIES or is_too_deep(entry.path, depth):
            return None
        try:
            total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total

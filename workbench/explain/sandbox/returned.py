"""What comes back from a confined program: plain files of agreed kinds, and nothing else.

Whatever it has made was made by somebody who may mean harm. A link is never followed, a pipe never
opened; and a file that is handed on is only *called* a video until its reader has probed it.
"""

import os
import stat
from pathlib import Path

from workbench.errors import ToolError
from workbench.explain.sandbox.watching import entries, is_too_deep

MEDIA = frozenset({".mp4", ".png", ".srt", ".json", ".log"})
"""Endings of files that may come back."""

MOST_FILES = 2_000


def media_from(
    work: Path, *, endings: frozenset[str] = MEDIA, most_bytes: int = 500_000_000
) -> list[Path]:
    """The files that a confined program has made, to be probed before they are used.

    Plain files only, each with one name: no link, pipe, socket or device, and nothing that is
    known under another name elsewhere.

    Args:
        work: The folder it ran in; the program has ended.
        endings: Of the files that are wanted, lower case with the dot.
        most_bytes: The most that one of them may have.

    Returns:
        Paths in the order of their names.

    Raises:
        ToolError: There are too many, or one is too large.
    """
    found = []
    for entry, depth in entries(work):
        if Path(entry.name).suffix.lower() not in endings or is_too_deep(entry.path, depth):
            continue
        told = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(told.st_mode) or told.st_nlink != 1:
            continue
        if told.st_size > most_bytes:
            raise ToolError(
                f"{entry.name} has {told.st_size / 1e6:.0f} MB; {most_bytes / 1e6:.0f} MB may come back",
                hint="make the scene shorter or smaller",
            )
        found.append(Path(entry.path))
        if len(found) > MOST_FILES:
            raise ToolError(
                f"the scene has left more than {MOST_FILES} files",
                hint="make it write its film only",
            )
    return sorted(found)


def hand_over(work: Path, user: int, group: int) -> None:
    """Give a folder and all in it to a user. Only root can."""
    os.chown(work, user, group)
    for entry, _ in entries(work):
        os.chown(entry.path, user, group, follow_symlinks=False)


def tidy(work: Path) -> None:
    """Leave nothing in a folder but plain files and folders that their owner can open.

    Links, pipes and sockets go, nothing can be executed, and so does what lies too deep to be walked: whoever comes after
    cannot be led astray by them. All processes that could write there have ended.
    """
    todo = [(str(work), 1)]
    while todo:
        folder, depth = todo.pop()
        _open_up(folder)
        with os.scandir(folder) as found:
            inside = list(found)
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                if is_too_deep(entry.path, depth):
                    _remove_folder(entry.path, work)
                else:
                    todo.append((entry.path, depth + 1))
            elif not entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)  # noqa: PTH108
            else:
                told = entry.stat(follow_symlinks=False)
                is_plain = told.st_mode & 0o7511 == 0o400
                if told.st_nlink == 1 and not is_plain:
                    os.chmod(entry.path, 0o600)  # noqa: PTH101


def _open_up(folder: str) -> None:
    """Let the owner of a folder into it."""
    if os.stat(folder, follow_symlinks=False).st_mode & 0o700 != 0o700:  # noqa: PTH116
        os.chmod(folder, 0o700)  # noqa: PTH101


def remove_folder(folder: Path) -> None:
    """Remove a folder, however deep it is."""
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
    else:
        _remove_folder(str(folder), folder.parent)


def _remove_folder(folder: str, beside: Path) -> None:
    """Remove a folder: what is in it is first moved up, so that no path grows too long."""
    waiting = [folder]
    number = 0
    while waiting:
        one = waiting.pop()
        _open_up(one)
        with os.scandir(one) as found:
            inside = list(found)
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                number += 1
                up = str(beside / f".gone-{os.getpid()}-{number}")
                os.rename(entry.path, up)  # noqa: PTH104
                waiting.append(up)
            else:
                os.unlink(entry.path)  # noqa: PTH108
        os.rmdir(one)  # noqa: PTH106

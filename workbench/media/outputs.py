"""Write files that are either whole or not there.

Every file this room makes goes through `atomic_output`: it is written under a temporary name in
the same folder and takes its real name only when it is complete.
"""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import DiskFull, RequestError

LEFT_BEHIND_S = 600.0
"""A temporary file nobody has written to for ten minutes belongs to a run that was killed."""

LOOK_AGAIN_S = 60.0
"""How often a folder is looked through for them: among ten thousand proxies it takes 10 ms."""

_looked_at: dict[Path, float] = {}

SPARE_BYTES = 50_000_000
"""What we leave free on a disk: a full disk stops the catalog as well."""

LONGEST_STEM_BYTES = 120
"""Names may have 255 bytes on most file systems; the rest is for the id, the spec and the suffix."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}


@contextmanager
def atomic_output(target: Path) -> Iterator[Path]:
    """Give a temporary path to write to, and rename it to `target` if all went well.

    The folder is made if it is missing. When the block fails, nothing is left, and a file that was
    at `target` before is still there.

    Args:
        target: Where the finished file goes. Its suffix is kept on the temporary name, because
            programs choose a format by it.

    Raises:
        DiskFull: There is no room on the disk.
        RequestError: The folder cannot be written to.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_output(folder / "note.txt") as path:
        ...     _ = path.write_text("whole")
        >>> [file.name for file in folder.iterdir()]
        ['note.txt']
    """
    temporary = target.with_name(f".{secrets.token_hex(6)}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(target.parent)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(target) from error
        if error.errno in _REFUSED:
            raise no_right_to_write(target, error.strerror or str(error)) from error
        raise
    finally:
        _remove_quietly(temporary)


def disk_full(target: Path) -> DiskFull:
    """The error for a disk without room for `target`."""
    return DiskFull(
        f"the disk of {target.parent} is full",
        hint="free some space, or choose another data folder with WORKBENCH_DATA_DIR",
    )


def no_right_to_write(target: Path, why: str) -> RequestError:
    """The error for a folder that `target` cannot be written into."""
    return RequestError(
        f"{target.parent} cannot be written to: {why[:1].lower()}{why[1:]}",
        hint="choose a folder you may write to",
    )


def require_room(folder: Path, needed_bytes: int) -> None:
    """Check that a disk has room before a long job starts.

    Args:
        folder: A folder on the disk; it need not exist yet.
        needed_bytes: Bytes about to be written, 0 or more.

    Raises:
        DiskFull: Less than that, and a small reserve, is free.

    Example:
        >>> require_room(Path("."), 0)
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed_bytes + SPARE_BYTES:
        raise DiskFull(
            f"{folder} has {free / 1e6:.0f} MB free; {(needed_bytes + SPARE_BYTES) / 1e6:.0f} MB "
            "are needed",
            hint="free some space, or choose another data folder with WORKBENCH_DATA_DIR",
        )


def safe_stem(name: str) -> str:
    r"""Turn a file's name into a stem that is safe in any folder, and still readable.

    Letters and digits of every script are kept; anything a shell, a URL or a file system could
    take for something else becomes a hyphen.

    Example:
        >>> safe_stem("-my $(film) 'one'.final.mp4"), safe_stem("泵房 talk.mp4"), safe_stem("?.mp4")
        ('my-film-one.final', '泵房-talk', 'file')
    """
    kept = re.sub(r"[^\w.]+", "-", Path(name).stem)
    kept = re.sub(r"-*\.[-.]*", ".", kept).strip("-._")
    while len(kept.encode()) > LONGEST_STEM_BYTES:
        kept = kept[:-1]
    return kept.rstrip("-._") or "file"


def _remove_left_behind(folder: Path) -> None:
    now = time.monotonic()
    if now - _looked_at.get(folder, -LOOK_AGAIN_S) < LOOK_AGAIN_S:
        return
    _looked_at[folder] = now
    oldest = time.time() - LEFT_BEHIND_S
    for path in folder.glob(".????????????.part*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except OSError:
            # Somebody else finished or removed it first, or it is not ours to remove.
            continue


def _remove_quietly(path: Path) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 - a bytes-for-bytes path, whatever is in the name
    except OSError:
        # It has its final name already, was never written, or the folder is gone.
        return

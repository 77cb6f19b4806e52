"""Replies that have been paid for, kept on disk by the key of their question.

A reply is whole on disk before anybody sees it, and is never changed afterwards. A file that
cannot be read counts as absent and is set aside, never deleted. A file's time is the day its reply
was last used, so that what nobody uses can make room.
"""

import contextlib
import errno
import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from workbench.backends.protocol import ModelReply
from workbench.errors import DiskFull, LibraryError, RequestError
from workbench.jsonable import from_jsonable, to_jsonable

FORM = 1
"""Version of the file's form; a file of another form counts as absent."""

_KEY = re.compile(r"[0-9a-f]{8,128}")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}

DAY_S = 86_400.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptReply:
    """A reply on disk, unread."""

    key: str
    path: Path
    size_bytes: int
    used_at_s: float
    """When it was last used, in seconds since 1970 and to the day."""


class CallCache:
    """A folder of kept replies; safe for many threads and processes at once.

    Example:
        >>> import tempfile
        >>> from workbench.backends.usage import Usage
        >>> cache = CallCache(Path(tempfile.mkdtemp()))
        >>> cache.put("ab" * 32, "Talk, chunk 1 of 2", ModelReply({}, Usage(), "m", "end_turn", 1.0))
        >>> cache.get("ab" * 32).model_id
        'm'
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Where the reply to a question is kept, whether or not it is there.

        Raises:
            RequestError: The key is not a string of hexadecimal digits.
        """
        if not _KEY.fullmatch(key):
            raise RequestError(f"{key!r} is no key of a model call")
        return self.folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> ModelReply | None:
        """Find a kept reply.

        Args:
            key: What `ModelRequest.cache_key` gave.

        Returns:
            The reply, or None if there is none, or none that can be read.

        Raises:
            LibraryError: The file is there but may not be read.
        """
        path = self.path(key)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LibraryError(
                f"the kept reply {path} cannot be read: {error.strerror}",
                hint="check who owns the folder and its permissions",
            ) from None
        reply = _read(text, key)
        if reply is None:
            _set_aside(path)
        else:
            _touch(path)
        return reply

    def kept(self) -> Iterator[KeptReply]:
        """Every reply there is, in no order; links are not followed."""
        for folder in _folders(self.folder):
            with os.scandir(folder) as entries:
                for entry in entries:
                    key, _, suffix = entry.name.partition(".")
                    if suffix != "json" or not _KEY.fullmatch(key):
                        continue
                    try:
                        if entry.is_file(follow_symlinks=False):
                            told = entry.stat(follow_symlinks=False)
                            yield KeptReply(key, Path(entry.path), told.st_size, told.st_mtime)
                    except FileNotFoundError:
                        continue  # set aside or dropped a moment ago

    def to_drop(
        self, limit_bytes: int, spared: Callable[[], Container[str]], *, now_s: float | None = None
    ) -> list[KeptReply]:
        """What has to go so that all replies fit into a limit, least used first.

        Args:
            limit_bytes: The most they may take on disk.
            spared: Asked for the keys that stay in any case, if the limit is passed.
            now_s: This moment; for tests.

        Returns:
            Replies to drop. One that was used in the last two days is never among them: a run that
            has counted on it may be under way.
        """
        every = list(self.kept())
        over = sum(reply.size_bytes for reply in every) - limit_bytes
        if over <= 0:
            return []
        stay = spared()
        fresh_s = (time.time() if now_s is None else now_s) - 2 * DAY_S
        drop = []
        for reply in sorted(every, key=lambda reply: reply.used_at_s):
            if over <= 0 or reply.used_at_s > fresh_s:
                break
            if reply.key not in stay:
                drop.append(reply)
                over -= reply.size_bytes
        return drop

    def put(self, key: str, request_summary: object, reply: ModelReply) -> None:
        """Keep a reply, durably: it survives a crash right after this returns.

        Args:
            key: What `ModelRequest.cache_key` gave.
            request_summary: What was asked, for people who open the file: text or plain JSON.
            reply: The reply.

        Raises:
            DiskFull: There is no room for it.
            LibraryError: The folder cannot be written to.
        """
        path = self.path(key)
        kept = {
            "form": FORM,
            "key": key,
            "kept_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "request": request_summary,
            "reply": to_jsonable(reply),
        }
        text = json.dumps(kept, ensure_ascii=False, indent=1, default=str)
        try:
            _write(path, text.encode())
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise DiskFull(
                    f"there is no room to keep a reply in {self.folder}",
                    hint="free some space and run again; replies already kept are not paid again",
                ) from None
            raise LibraryError(
                f"a reply cannot be kept in {self.folder}: {error.strerror}",
                hint="check who owns the folder and its permissions",
            ) from None


def _read(text: bytes, key: str) -> ModelReply | None:
    try:
        kept = json.loads(text)
        is_ours = kept["form"] == FORM and kept["key"] == key
        return from_jsonable(ModelReply, kept["reply"]) if is_ours else None
    except (ValueError, KeyError, TypeError, ValidationError):
        return None


def _write(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _touch(path: Path) -> None:
    """Note that a reply is in use; once a day is enough, and a folder to read only is no fault."""
    now = time.time()
    with contextlib.suppress(OSError):
        if now - path.stat().st_mtime > DAY_S:
            os.utime(path, (now, now))


def _folders(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from [each.path for each in entries if each.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return


def _sync_folder(folder: Path) -> None:
    # Without this the new name can be lost in a power cut although the bytes are on disk.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _set_aside(path: Path) -> None:
    aside = path.with_suffix(".damaged")
    logger.warning("The kept reply %s cannot be read; set aside as %s.", path, aside.name)
    try:
        path.replace(aside)
    except OSError as error:
        logger.warning("It could not be renamed: %s.", error.strerror)

"""Replies that have been paid for, kept on disk by the key of their question.

A reply is whole on disk before anybody sees it, and is never changed afterwards. A file that
cannot be read counts as absent and is set aside, never deleted.
"""

import errno
import json
import logging
import os
import re
import tempfile
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

logger = logging.getLogger(__name__)


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
        return reply

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

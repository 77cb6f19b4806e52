"""Who owns an index folder. Two processes that write to one folder destroy it without an error.

So a folder has one owner at a time, who holds the lock on `index.lock`: a process of ours that
opened the folder itself, or a Chroma server that inherited the lock and wrote `server.json` to say
where it listens. The kernel gives the lock back when its owner dies, however that happens.
"""

import fcntl
import http.client
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import LibraryBusy, LibraryError
from workbench.jsonable import from_json, to_json

LOCK_NAME = "index.lock"
SERVER_NAME = "server.json"

HEARTBEAT_S = 3.0
"""A server on this machine answers in milliseconds, and in a second when it is very busy."""


class FolderLock:
    """The right to open an index folder. Held until it is released or its holder dies.

    Give `fileno()` to `pass_fds` of a child process, release it here, and the child holds it.

    Raises:
        LibraryBusy: Another process, or another part of this one, holds it.
        LibraryError: The folder cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     FolderLock(Path(folder)).release()
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / LOCK_NAME).open("a+")
        except OSError as error:
            raise LibraryError(
                f"the index folder {folder} cannot be written: {error.strerror}",
                hint="check its rights, or choose another folder with WORKBENCH_DATA_DIR",
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise LibraryBusy(
                f"the search index in {folder} is in use by another process",
                hint="start the app or `workbench worker`, which share it, or stop the other one",
            ) from None

    def fileno(self) -> int:
        """The file descriptor that carries the lock."""
        return self._file.fileno()

    def release(self) -> None:
        """Close our end; the lock is free when every process has closed its own."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class ServerNote:
    """Where the server of an index folder listens."""

    host: str
    port: int
    pid: int
    machine: str = field(default_factory=lambda: os.uname().nodename)
    """Where it runs: on a shared disk the note may be another machine's, whose loopback is its own."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"


def write_server(folder: Path, note: ServerNote) -> None:
    """Say where the folder's server listens; a reader sees all of it or nothing."""
    temporary = folder / f"{SERVER_NAME}.{os.getpid()}"
    temporary.write_text(to_json(note), encoding="utf-8")
    temporary.replace(folder / SERVER_NAME)


def forget_server(folder: Path) -> None:
    """Say that the folder has no server."""
    (folder / SERVER_NAME).unlink(missing_ok=True)


def live_server(folder: Path) -> ServerNote | None:
    """The folder's server, if it runs on this machine and answers."""
    try:
        note = from_json(ServerNote, (folder / SERVER_NAME).read_bytes())
    except (OSError, ValueError):
        return None
    is_here = note.machine == os.uname().nodename
    return note if is_here and is_alive(note.host, note.port) else None


def is_alive(host: str, port: int) -> bool:
    """Does a Chroma server answer there?

    Example:
        >>> is_alive("127.0.0.1", 9)
        False
    """
    # Not through httpx or urllib: a proxy in the environment has no business on loopback.
    connection = http.client.HTTPConnection(host, port, timeout=HEARTBEAT_S)
    try:
        connection.request("GET", "/api/v2/heartbeat")
        reply = connection.getresponse()
        return reply.status == 200 and "nanosecond heartbeat" in json.loads(reply.read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()

"""Connections to Chroma: to a server if one runs, else to the folder itself as its only owner.

Chroma's own embedding function would download a model at its first use, so it never gets the
chance: every collection is opened with ours, which embeds nothing. Telemetry is off.
"""

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.errors import (
    DiskFull,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    SettingsError,
)
from workbench.search.ownership import FolderLock, live_server

ANSWER_S = 60.0
"""How long a server may take over one request: a large write on a busy machine takes seconds."""


REACH_S = 5.0
"""How long a server may take to say that it is there."""


class Lost(Exception):
    """The server or the collection is no longer what we were connected to; connect anew."""


@dataclass(slots=True)
class _Held:
    """A folder this process owns, and how many connections use it."""

    client: Any
    lock: FolderLock
    users: int = 1


@dataclass(slots=True)
class Connection:
    """A way to Chroma. Close it when done; the folder is given back by the last one."""

    client: Any
    folder: Path | None = None
    """The folder, where this process owns it."""
    is_closed: bool = field(default=False)

    def close(self) -> None:
        """Give it back; a second time does nothing."""
        if self.is_closed:
            return
        self.is_closed = True
        if self.folder is None:
            self.client.close()
            # Chroma leaves the sockets of its HTTP clients to the garbage collector.
            for session in _http_sessions(self.client):
                session.close()
            return
        with _guard:
            held = _held[self.folder]
            held.users -= 1
            if held.users == 0:
                del _held[self.folder]
                held.client.close()
                held.lock.release()


_SEGMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Names of the folders Chroma keeps its graphs in."""

_held: dict[Path, _Held] = {}
_guard = threading.Lock()


def connect(folder: Path, *, url: str = "", wait_s: float = 0.0) -> Connection:
    """Reach the index of a folder, or of a server at `url`.

    Args:
        folder: The index folder; not used when `url` is given.
        url: Address of a team's Chroma server, or empty.
        wait_s: How long to wait for another owner to offer a server, or to finish.

    Raises:
        LibraryBusy: Another process owns the folder and offers no server.
        LibraryDamaged: The folder cannot be opened.
        LibraryError: The folder cannot be written, or the server at `url` does not answer.
        SettingsError: `url` cannot be used.
    """
    if url:
        return _connect_url(url)
    folder = folder.expanduser().resolve()
    deadline = time.monotonic() + wait_s
    while True:
        shared = _join(folder)
        if shared is not None:
            return shared
        try:
            if server := live_server(folder):
                return _connect_url(server.url)
            return _own(folder)
        except (Lost, LibraryBusy):
            # The owner may be a server that is starting: it has the lock and does not answer yet.
            if time.monotonic() >= deadline:
                raise LibraryBusy(
                    f"the search index in {folder} is in use by another process",
                    hint="start the app or `workbench worker`, which share it, or stop the other",
                ) from None
            time.sleep(0.2)


def _join(folder: Path) -> Connection | None:
    with _guard:
        held = _held.get(folder)
        if held is None:
            return None
        held.users += 1
        return Connection(held.client, folder)


def _own(folder: Path) -> Connection:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    with _guard:
        if folder in _held:
            _held[folder].users += 1
            return Connection(_held[folder].client, folder)
        lock = FolderLock(folder)
        try:
            with told():
                client = chromadb.PersistentClient(path=str(folder), settings=_settings())
        except BaseException:
            # Chroma keeps what it could not open, and would hand it out again.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)  # noqa: SLF001
            lock.release()
            raise
        _held[folder] = _Held(client, lock)
        return Connection(client, folder)


def _connect_url(url: str) -> Connection:
    import chromadb
    import httpx

    parts = urlsplit(url)
    try:
        port = parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        port = -1
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == -1:
        raise SettingsError(
            f"{url!r} is no address of a Chroma server",
            hint="write it as http://host:port in WORKBENCH_CHROMA_URL, or leave it empty",
        )
    is_safe = parts.scheme == "https"
    if parts.hostname in {"127.0.0.1", "localhost", "::1"}:
        _keep_off_proxies(parts.hostname)
    port = port or (443 if is_safe else 8000)
    try:
        with told():
            # Chroma's own first question waits for an answer without end.
            httpx.get(_heartbeat(parts.scheme, parts.hostname, port), timeout=REACH_S)
            client = chromadb.HttpClient(
                host=parts.hostname,
                port=port,
                ssl=is_safe,
                settings=_settings(),
            )
    except (Lost, ValueError):
        raise Lost(url) from None
    # Without it a server that hangs would hold a page for ever.
    for session in _http_sessions(client):
        session.timeout = ANSWER_S
    return Connection(client)


def _heartbeat(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/api/v2/heartbeat"


def _http_sessions(client: Any) -> tuple[Any, ...]:
    """The two httpx clients inside Chroma's, which offers no way to them."""
    return client._server._session, client._admin_client._server._session  # noqa: SLF001


def clear_folder(folder: Path) -> None:
    """Delete what Chroma wrote into a folder that nobody else has open.

    Raises:
        LibraryBusy: Another process has it.
    """
    lock = FolderLock(folder)
    try:
        for path in folder.iterdir():
            if path.name.startswith("chroma.sqlite3"):
                path.unlink()
            elif path.is_dir() and _SEGMENT.fullmatch(path.name):
                shutil.rmtree(path)
    finally:
        lock.release()


def _settings() -> Any:
    from chromadb.config import Settings

    # A .env beside the app is ours, not Chroma's.
    return Settings(_env_file=None, anonymized_telemetry=False)


def _keep_off_proxies(host: str) -> None:
    """Chroma's client would send even loopback through a proxy named in the environment."""
    if any(name.lower() in {"http_proxy", "all_proxy"} for name in os.environ):
        for name in ("NO_PROXY", "no_proxy"):
            others = [part for part in os.environ.get(name, "").split(",") if part]
            if host not in others:
                os.environ[name] = ",".join([*others, host])


@contextmanager
def told() -> Iterator[None]:
    """Turn Chroma's errors into ours.

    Raises:
        Lost: The server does not answer, or the collection was made anew.
        DiskFull: There is no room.
        LibraryDamaged: The index cannot be read or written.
        LibraryError: The server refused.
    """
    import httpx
    from chromadb import errors

    try:
        yield
    except (httpx.TransportError, errors.NotFoundError) as error:
        raise Lost(str(error)) from error
    except (errors.ChromaAuthError, errors.AuthorizationError) as error:
        raise LibraryError(
            "the Chroma server does not let us in", hint="check WORKBENCH_CHROMA_URL"
        ) from error
    except errors.ChromaError as error:
        said = str(error)
        if "full" in said or "No space left" in said:
            raise DiskFull(
                "no room is left for the search index", hint="free some disk space, then try again"
            ) from error
        raise LibraryDamaged(
            f"the search index cannot be used: {said[:200]}",
            hint="run `workbench index rebuild`; nothing is lost, it is made from the catalog",
        ) from error
    except Exception as error:
        # What a proxy answers in a server's place is no error of Chroma's, which raises it bare.
        if isinstance(error.__context__, httpx.HTTPStatusError):
            raise Lost(str(error)) from error
        raise


def own_embeddings() -> Any:
    """An embedding function that embeds nothing: vectors are made before Chroma is asked."""
    from chromadb import EmbeddingFunction

    class Ours(EmbeddingFunction[Any]):  # type: ignore[misc]
        def __init__(self) -> None:
            """Nothing to set up."""

        def __call__(self, input: Any) -> Any:  # noqa: A002 (Chroma's name)
            raise NotImplementedError("vectors are made before Chroma is asked")

        @staticmethod
        def name() -> str:
            return "nova-workbench"

        def get_config(self) -> dict[str, Any]:
            return {}

        @staticmethod
        def build_from_config(config: dict[str, Any]) -> "Ours":
            del config
            return Ours()

        def default_space(self) -> Any:
            return "cosine"

        def supported_spaces(self) -> Any:
            return ["cosine"]

    return Ours()

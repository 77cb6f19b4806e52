"""What the gateway and those who ask it say to each other: JSON over a connection on loopback.

Both sides prove that they know the key of the note, which only the owner of the data folder may
read, before anything is said.
"""

import functools
import hashlib
import hmac
import json
import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from workbench import errors
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.usage import Usage
from workbench.errors import BackendError, JobError, WorkbenchError
from workbench.jsonable import from_json, to_json

SILENCE_S = 30.0
"""Longest silence of a side whose turn it is to speak; it may be very busy."""

HOST = "127.0.0.1"

CHALLENGE_BYTES = 32

Role = Literal["gateway", "asker"]


@dataclass(frozen=True, slots=True)
class GatewayNote:
    """Where the gateway of a data folder and machine listens."""

    port: int
    key: str
    """Hexadecimal; whoever knows it may ask."""
    holder: str
    """Name of the process; see `library.holders`."""
    version: str
    """What it speaks: see `spoken_version`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that somebody wants."""

    order: CallOrder
    job_id: str


@dataclass(frozen=True, slots=True)
class Told:
    """An error on its way."""

    kind: str
    message: str
    hint: str
    billed: Usage | None = None
    lost_sends: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it; with neither, the gateway ends and the next one has to be asked."""

    outcome: CallOutcome | None = None
    error: Told | None = None


def note_path(data_dir: Path) -> Path:
    """The note of this machine's gateway; several machines may share a data folder."""
    return data_dir / f"gateway-{os.uname().nodename}.json"


def read_note(data_dir: Path) -> GatewayNote | None:
    """Where the gateway listens, as it has said itself; it may have died since."""
    try:
        return from_json(GatewayNote, note_path(data_dir).read_bytes())
    except (OSError, ValueError):
        return None


def write_note(data_dir: Path, note: GatewayNote) -> None:
    """Say where the gateway listens; a reader sees all of it or nothing."""
    path = note_path(data_dir)
    part = path.with_suffix(f".{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(to_json(note))
    part.replace(path)


@functools.cache
def spoken_version() -> str:
    """The version of this package, and the form of what is said.

    The form may change before the version does, and who does not know a field would leave it out:
    a call would be made at another tier than was asked for.
    """
    forms = [TypeAdapter(kind).json_schema() for kind in (Asked, Answered)]
    form = hashlib.sha256(json.dumps(forms, sort_keys=True).encode()).hexdigest()[:12]
    with suppress(PackageNotFoundError):
        return f"{version('nova-workbench')} {form}"
    return form


def connected(plug: socket.socket) -> Connection:
    """A connection over an open socket, which it owns from now on."""
    plug.setblocking(True)
    # Small messages go both ways in turn: held back to be joined, each would wait 40 ms.
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(plug.detach())


def prove(connection: Connection, key: str, role: Role) -> None:
    """Prove to each other that both sides know the key, without saying it.

    Args:
        connection: Freshly opened.
        key: From the note.
        role: Which side this is.

    Raises:
        OSError: The other side is silent or gone, or does not know the key.
        EOFError: It is gone.
    """
    other: Role = "gateway" if role == "asker" else "asker"
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    connection.send_bytes(challenge)
    connection.send_bytes(_proof(key, role, hear(connection, CHALLENGE_BYTES)))
    if not hmac.compare_digest(hear(connection, CHALLENGE_BYTES), _proof(key, other, challenge)):
        raise PermissionError("the other side does not know the key")


def _proof(key: str, role: Role, challenge: bytes) -> bytes:
    # The role keeps a stranger from answering with our own proof.
    return hmac.digest(bytes.fromhex(key), role.encode() + challenge, "sha256")


def hear(connection: Connection, most_bytes: int | None = None) -> bytes:
    """What the other side says next.

    Raises:
        OSError: It is silent, or says too much.
        EOFError: It is gone.
    """
    if not connection.poll(SILENCE_S):
        raise TimeoutError("the other side is silent")
    return connection.recv_bytes(most_bytes)


def told(error: WorkbenchError) -> Told:
    """An error as it is sent."""
    name = type(error).__name__
    if isinstance(error, BackendError):
        return Told(name, error.message, error.hint, error.billed, error.lost_sends)
    return Told(name, error.message, error.hint, error.billed)


def error_of(told: Told) -> WorkbenchError:
    """The error that was sent.

    Example:
        >>> error_of(Told("Throttled", "too many requests", "wait a minute"))
        Throttled('too many requests')
    """
    kind = getattr(errors, told.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, WorkbenchError)):
        kind = JobError
    error = kind(told.message, hint=told.hint)
    error.billed = told.billed
    if isinstance(error, BackendError):
        error.lost_sends = told.lost_sends
    return error

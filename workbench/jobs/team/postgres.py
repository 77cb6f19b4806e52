"""A Postgres server of our own, for trying a team on one machine, and for tests.

It listens on loopback only, lets in who has its password, and keeps that in a file only its owner
can read: addresses name the file, so the password is in no list of processes and in no log.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from workbench.errors import LibraryError, NotInstalled, SettingsError

PROGRAMS = ("initdb", "postgres", "pg_isready")
DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps each version; only what clients need is in the path there."""

USER = "nova"
START_S = 60.0
STOP_S = 60.0

_children: list["subprocess.Popen[bytes]"] = []
"""Servers this process started; kept so that Python does not warn about programs left running."""

HOW_TO_INSTALL = "sudo apt-get install postgresql (its programs are enough; no service has to run)"


def find_programs(version: str = "") -> Path:
    """The folder with the server's programs: the newest, or those of a version ("15").

    Raises:
        NotInstalled: There are none.
    """
    folders = [path.parent for path in DEBIAN.glob("*/bin/postgres")]
    folders.sort(key=lambda folder: _number(folder.parent.name), reverse=True)
    if in_path := shutil.which("postgres"):
        folders.append(Path(in_path).resolve().parent)
    for folder in folders:
        if version and folder.is_relative_to(DEBIAN) and folder.parent.name != version:
            continue
        if all((folder / name).exists() for name in PROGRAMS):
            return folder
    wanted = f"Postgres {version}" if version else "Postgres"
    raise NotInstalled(f"the server of {wanted} is not installed", hint=HOW_TO_INSTALL)


class LocalPostgres:
    """The server of one folder. It outlives this process until it is stopped.

    Args:
        folder: Where it is kept: `data`, `password` and `postgres.log`; made when it is new.
        port: On 127.0.0.1; 0 for the one of last time if that is free, else any.
        settings: More of its settings, as in `postgresql.conf`.

    Raises:
        NotInstalled: There is no Postgres on this machine.
    """

    def __init__(
        self, folder: Path, *, port: int = 0, settings: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder.expanduser().absolute()
        self._data = self.folder / "data"
        self._passwords = self.folder / "password"
        self.log = self.folder / "postgres.log"
        self.port = port
        self._settings = dict(settings or {})
        self._as = _ordinary_user()
        # A folder is read only by the version that made it.
        self._version = _text(self._data / "PG_VERSION").strip()
        self._programs = find_programs(self._version)
        self._child: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """The address of a database for everybody who can read the password's file."""
        return URL.create(
            "postgresql",
            username=USER,
            host="127.0.0.1",
            port=self.port,
            database=database,
            query={"passfile": str(self._passwords)},
        ).render_as_string(hide_password=False)

    def start(self, *, wait_s: float = START_S) -> None:
        """Start it unless it runs, and wait until it lets clients in.

        Raises:
            SettingsError: The folder or the port cannot be used.
            LibraryError: It does not start.
        """
        if not self._version:
            self._make()
        if self.pid is not None:
            self.port = self._noted_port()
        else:
            self._choose_port()
            self._launch()
        deadline = time.monotonic() + wait_s
        while not self._is_ready():
            if self.pid is None and (self._child is None or self._child.poll() is not None):
                raise LibraryError(
                    f"Postgres did not start: {_last_line(self.log)}", hint=f"see {self.log}"
                )
            if time.monotonic() > deadline:
                raise LibraryError(
                    f"Postgres does not answer after {wait_s:.0f} s", hint=f"see {self.log}"
                )
            time.sleep(0.05)

    def stop(self, *, wait_s: float = STOP_S, at_once: bool = False) -> None:
        """Stop it and wait for it; clients are cut off, and what they committed is kept.

        Args:
            wait_s: Longest wait in seconds.
            at_once: As if the power had failed: it recovers from its journal at the next start.

        Raises:
            LibraryError: It does not end.
        """
        deadline = time.monotonic() + wait_s
        while (pid := self.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if at_once else signal.SIGINT)
            if time.monotonic() > deadline:
                raise LibraryError(f"Postgres (process {pid}) does not end", hint=f"see {self.log}")
            time.sleep(0.05)
        if self._child is not None:
            self._child.wait(wait_s)  # its file is gone a moment before itself

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        # A child of ours that has ended keeps its number until it is taken note of.
        _children[:] = [child for child in _children if child.poll() is None]
        first = _text(self._data / "postmaster.pid").partition("\n")[0]
        if not first.isdigit():
            return None
        pid = int(first)
        try:
            # After a power failure the number may be another program's.
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        return pid if os.fsencode(self._data) in words else None

    def _make(self) -> None:
        """Make the folder and an empty database in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own(self.folder)
        password = secrets.token_urlsafe(24)
        # Half of it is left when a first start was cut off.
        shutil.rmtree(self._data, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, encoding="ascii") as file:
            file.write(password)
            file.flush()
            self._own(Path(file.name))
            command: list[str | Path] = [self._programs / "initdb", "-D", self._data, "-U", USER]
            command += ["--pwfile", file.name, "--auth=scram-sha-256", "--encoding=UTF8"]
            command += ["--locale=C", "--data-checksums", "--no-instructions"]
            if self._settings.get("fsync") == "off":
                command.append("--no-sync")
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                cwd=self.folder,
                **self._as,
            )
        if done.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            raise SettingsError(
                f"no database can be made in {self.folder}: {' '.join(done.stderr.split())[-300:]}",
                hint=self._reach_hint(),
            )
        self._passwords.touch(mode=0o600)
        self._passwords.write_text(f"127.0.0.1:*:*:{USER}:{password}\n", encoding="ascii")
        self._version = _text(self._data / "PG_VERSION").strip()

    def _launch(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            # Who may use a socket is decided by rights of folders; a password is plainer.
            "unix_socket_directories": "",
            **self._settings,
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self._as,
            )
        _children.append(self._child)

    def _is_ready(self) -> bool:
        asked: list[str | Path] = [
            self._programs / "pg_isready",
            "-q",
            "-h",
            "127.0.0.1",
            f"--port={self.port}",
        ]
        return self.pid is not None and subprocess.run(asked, check=False).returncode == 0

    def _choose_port(self) -> None:
        wanted = [self.port] if self.port else [self._noted_port(), 0]
        for port in wanted:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                self.port = probe.getsockname()[1]
                (self.folder / "port").write_text(str(self.port), encoding="ascii")
                return
        raise SettingsError(f"port {self.port} is taken", hint="name another, or none for any")

    def _noted_port(self) -> int:
        noted = _text(self.folder / "port")
        return int(noted) if noted.isdigit() else 0

    def _own(self, path: Path) -> None:
        if self._as:
            os.chown(path, self._as["user"], self._as["group"])

    def _reach_hint(self) -> str:
        if self._as:
            name = pwd.getpwuid(self._as["user"]).pw_name
            return (
                f"Postgres does not run as root but as {name}, who must be able to enter "
                "every folder above; use another account, or another data folder"
            )
        return "check the rights of the folder and the room on the disk"


def _ordinary_user() -> dict[str, Any]:
    """Whom the server runs as, for `subprocess`; nothing unless this is root, which it refuses."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise SettingsError("Postgres does not run as root", hint="use an ordinary account")


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return 0.0


def _text(path: Path) -> str:
    """What a file holds; nothing when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _last_line(log: Path) -> str:
    lines = _text(log).split("\n")
    return next((line for line in reversed(lines) if "FATAL" in line), "see its log")[-300:]

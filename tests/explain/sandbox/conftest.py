"""A small world to attack: a secret, a victim, and servers that write down who has reached them."""

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.explain.sandbox.attacks import BEGIN, SECRET
from workbench.errors import SandboxMissing
from workbench.explain.sandbox.paths import package_folder
from workbench.explain.sandbox.running import Layer, Limits, Ran, best_layer, run_sandboxed

SMALL = Limits(
    cpu_s=20, wall_s=30, memory_bytes=1024**3, file_bytes=20_000_000, processes=40, open_files=128
)

# Some systems let only those debug a process that it has named: it names everybody.
VICTIM = """
import ctypes, time
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
time.sleep(300)
"""


@dataclass
class World:
    """Where an attack happens. Everything outside can be read and written by anybody."""

    folder: Path
    victim: "subprocess.Popen[bytes]"
    told: dict[str, Any]
    heard: list[str] = field(default_factory=list)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def outside(self) -> Path:
        return self.folder / "outside"

    @property
    def victim_file(self) -> Path:
        return self.outside / "letters.txt"

    def harm(self) -> list[str]:
        """What has happened to the world."""
        found = [f"{kind} heard" for kind in self.heard]
        if sorted(path.name for path in self.outside.iterdir()) != ["credentials", "letters.txt"]:
            found.append("files came or went")
        elif self.victim_file.read_text() != "dear":
            found.append("a file was written")
        elif self.victim_file.stat().st_mode & 0o777 != 0o666:
            found.append("a mode was changed")
        elif self.victim_file.stat().st_mtime == 1:
            found.append("a time was changed")
        if self.victim.poll() is not None:
            found.append("the victim is dead")
        return found

    def words(self, code: str, patience_s: float) -> list[str]:
        (self.work / "attack.py").write_text(BEGIN + code)
        told = json.dumps({**self.told, "patience": patience_s})
        return [sys.executable, str(self.work / "attack.py"), told]

    def attack(self, code: str, layer: Layer, limits: Limits = SMALL, **more: Any) -> Ran:
        """Run an attack in a layer."""
        return run_sandboxed(self.words(code, 20), self.work, layer=layer, limits=limits, **more)

    def plainly(self, code: str) -> str:
        """Run an attack as anybody would run a script; what it said."""
        with tempfile.TemporaryFile() as said:  # a daemon would hold a pipe
            subprocess.run(self.words(code, 0), cwd=self.work, stdout=said, timeout=60, check=False)
            said.seek(0)
            return said.read().decode()


def listen(server: socket.socket, kind: str, heard: list[str], stack: contextlib.ExitStack) -> None:
    """Write down that somebody has come."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            if server.type == socket.SOCK_DGRAM:
                server.recv(100)
            else:
                with server.accept()[0] as talk:
                    talk.recv(100)
            if not is_over.is_set():
                heard.append(kind)

    def end() -> None:
        is_over.set()
        with contextlib.suppress(OSError):  # it wakes the thread all the same
            server.shutdown(socket.SHUT_RDWR)
        thread.join()

    is_over = threading.Event()
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    stack.callback(end)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world of its own for each attack."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="world-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "outside").mkdir()
        (folder / "work").mkdir()
        (folder / "outside" / "credentials").write_text(f"[default]\nkey = {SECRET}\n")
        (folder / "outside" / "letters.txt").write_text("dear")
        # The layer has to say no: permissions of files say yes to everybody.
        for path, mode in ((folder, 0o755), (folder / "outside", 0o777)):
            path.chmod(mode)
        for path in (folder / "outside").iterdir():
            path.chmod(0o666)
        victim = subprocess.Popen([sys.executable, "-c", VICTIM])
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        heard: list[str] = []
        told = {
            "outside": str(folder / "outside"),
            "secret": str(folder / "outside" / "credentials"),
            "victim_file": str(folder / "outside" / "letters.txt"),
            "victim": victim.pid,
            "clean": True,
            "memory": shared_memory(stack),
            "packages": str(package_folder()),
            "unix": str(folder / "unix"),
            "datagram": str(folder / "datagram"),
            "abstract": f"world-{os.getpid()}-{victim.pid}",
        }
        for kind, family, type_, address in (
            ("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            ("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("unix", socket.AF_UNIX, socket.SOCK_STREAM, told["unix"]),
            ("datagram", socket.AF_UNIX, socket.SOCK_DGRAM, told["datagram"]),
            ("abstract", socket.AF_UNIX, socket.SOCK_STREAM, "\0" + told["abstract"]),
        ):
            server = stack.enter_context(socket.socket(family, type_))
            server.bind(address)
            if type_ == socket.SOCK_STREAM:
                server.listen()
            if family == socket.AF_INET:
                told[kind] = server.getsockname()[1]
            elif not address.startswith("\0"):
                Path(address).chmod(0o777)
            listen(server, kind, heard, stack)
        yield World(folder, victim, told, heard)


def shared_memory(stack: contextlib.ExitStack) -> int:
    """The key of a piece of memory that every process of the user may share."""
    libc = ctypes.CDLL(None, use_errno=True)
    key = 0x6E000000 | os.getpid() & 0xFFFFFF
    number = libc.shmget(key, 4096, 0o1666)
    stack.callback(libc.shmctl, number, 0, None)
    return key


@pytest.fixture(params=["bwrap", "landlock"])
def layer(request: pytest.FixtureRequest) -> Layer:
    """Each layer that works here."""
    try:
        return best_layer(request.param)
    except SandboxMissing as missing:
        pytest.skip(f"{missing}: {missing.hint}")


@pytest.fixture
def has_ended() -> Callable[[Path], bool]:
    """Does nothing write a file any more?"""

    def look(path: Path) -> bool:
        import time

        before = path.stat().st_size
        time.sleep(0.3)
        return path.stat().st_size == before

    return look

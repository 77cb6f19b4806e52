"""A catalog or a queue that cannot be used: one line, a hint, no traceback, and nothing is ruined."""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from workbench.errors import (
    DiskFull,
    JobError,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    WorkbenchError,
)
from workbench.jobs import database
from workbench.jobs.client import JobClient
from workbench.jobs.database import open_client
from workbench.library.store import Store
from workbench.settings import Settings
from workbench.workspace import Workspace

OPEN: dict[str, tuple[str, ...]] = {
    "list": ("list",),
    "open": ("index",),
    "see jobs": ("jobs",),
    "tidy": ("gc",),
    "back up": ("backup", "library.zip"),
    "work": ("worker",),
}


@pytest.fixture
def library(data_dir: Path) -> Path:
    """A data folder with a catalog and a queue that were used."""
    with Store.open(data_dir / "app.db") as store:
        JobClient(store).submit_sample()
        for number in range(60):
            store.save(f"asset {number}", "shots", "1", "x" * 3000)
    queue_of(data_dir)
    return data_dir


def queue_of(data_dir: Path) -> None:
    """Make the queue, or open it."""
    client = open_client(data_dir, "")
    engine = client._sys_db.engine
    client.destroy()
    engine.dispose()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def damaged(path: Path, how: str) -> None:
    whole = path.read_bytes()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    match how:
        case "noise":
            path.write_bytes(os.urandom(len(whole)))
        case "cut":
            path.write_bytes(whole[: len(whole) // 2])
        case "another program's":
            path.unlink()
            with closing(sqlite3.connect(path)) as other:
                other.execute("CREATE TABLE recipes (name TEXT)")
        case "newer":
            with closing(sqlite3.connect(path)) as other:
                table = "alembic_version SET version_num = '9999'"
                if path.name == "jobs.db":
                    table = "dbos_migrations SET version = 99999"
                other.execute(f"UPDATE {table}")
                other.commit()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process that writes to a database and does not end."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout.readline() == b"locked\n"
        yield
    finally:
        other.communicate(b"\n")


# The catalog


@pytest.mark.parametrize("how", ["noise", "cut", "newer", "another program's"])
@pytest.mark.parametrize("what", OPEN)
def test_a_catalog_that_is_no_good_is_told_by_every_command_and_left_alone(
    run, library, desk, what, how
):
    damaged(library / "app.db", how)
    before = (library / "app.db").read_bytes()
    done = run(*OPEN[what])
    assert done.code == 1
    last, hint = [line for line in done.err.splitlines() if not line.startswith(("{", "["))]
    assert last.startswith("app.db ")
    assert hint.startswith("  hint: ")
    assert (library / "app.db").read_bytes() == before
    assert list(desk.iterdir()) == []


def test_a_catalog_that_another_process_writes_to_can_be_read_and_is_busy_for_writers(library):
    with Store.open(library / "app.db", busy_s=0.3) as store, locked(library / "app.db"):
        client = JobClient(store)
        assert len(client.jobs()) == 1
        with pytest.raises(LibraryBusy, match=r"app\.db is locked") as caught:
            client.submit_index()
        assert caught.value.hint
        assert len(client.jobs()) == 1
        Store.open(library / "app.db", busy_s=0.3).close()
    with Store.open(library / "app.db") as store:
        assert JobClient(store).submit_index()


# The queue


@pytest.mark.parametrize("how", ["noise", "cut", "newer"])
def test_without_its_queue_a_library_lists_and_takes_jobs_and_only_the_worker_stops(
    run, library, how
):
    damaged(library / "jobs.db", how)
    before = (library / "jobs.db").read_bytes()
    assert run("list").code == 0
    assert len(run("jobs", "--json").json) == 1
    with Workspace.open(Settings(data_dir=library)) as workspace:
        workspace.jobs.submit_index()
        assert len(workspace.jobs.jobs()) == 2
    done = run("worker")
    assert done.code == 1
    last, hint = done.err.splitlines()[-2:]
    assert last.startswith(f"the job queue {library / 'jobs.db'} ")
    assert "move the file away" in hint
    assert (library / "jobs.db").read_bytes() == before


def test_a_queue_that_another_process_keeps_is_busy(run, library, monkeypatch):
    monkeypatch.setattr(database, "BUSY_MS", 200)
    with locked(library / "jobs.db"):
        done = run("worker")
    assert done.code == 1
    assert "is locked by another process" in done.err
    queue_of(library)


# Read-only and full


def mounted(folder: Path, *options: str) -> None:
    words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(folder)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here: run where mount(8) may be used")


@pytest.fixture
def small_disk(data_dir: Path) -> Iterator[Callable[..., None]]:
    """A disk of 4 MB at the data folder, with a library on it; a function mounts it anew."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk: run the tests as root")
    data_dir.mkdir()
    mounted(data_dir, "size=4m")
    with Store.open(data_dir / "app.db") as store:
        JobClient(store).submit_sample()
    queue_of(data_dir)
    yield lambda *options: mounted(data_dir, *options)
    subprocess.run(["umount", data_dir], check=True)


def test_on_a_disk_that_cannot_be_written_every_command_says_so(run, small_disk, data_dir):
    small_disk("remount", "ro")
    before = snapshot(data_dir)
    for what, words in OPEN.items():
        done = run(*words)
        assert done.code in (1, 2), what
        assert done.err.splitlines()[-1].startswith("  hint: "), what
    assert snapshot(data_dir) == before
    small_disk("remount", "rw")
    assert run("jobs").code == 0


def test_on_a_full_disk_jobs_are_listed_and_new_ones_refused(run, small_disk, data_dir):
    with Store.open(data_dir / "app.db") as store:
        client = JobClient(store)
        fill(data_dir)
        with pytest.raises(DiskFull) as caught:
            client.submit_import(["/somewhere/" + "x" * 500_000])
        assert caught.value.hint
        assert len(client.jobs()) == 1
    fill(data_dir)  # what the closed catalog gave back
    for what, words in OPEN.items():
        if what != "back up":
            done = run(*words)
            assert done.code == 1, what
            assert done.err.splitlines()[-1].startswith("  hint: "), what
    (data_dir / "ballast").unlink()
    with Store.open(data_dir / "app.db") as store:
        assert JobClient(store).submit_index()
        assert store.faults(deep=True) == []
    queue_of(data_dir)


def fill(folder: Path) -> None:
    told = os.statvfs(folder)
    with (folder / "ballast").open("ab") as ballast:
        ballast.write(bytes(told.f_bavail * told.f_frsize))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere: run as another user")
def test_a_folder_without_the_right_to_write_is_told(run, library):
    (library / "app.db").chmod(0o400)
    library.chmod(0o500)
    try:
        done = run("list")
    finally:
        library.chmod(0o700)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("  hint: ")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("database is locked", LibraryBusy),
        ("file is not a database", LibraryDamaged),
        ("database disk image is malformed", LibraryDamaged),
        ("database or disk is full", DiskFull),
        ("attempt to write a readonly database", JobError),
        ("unable to open database file", JobError),
    ],
)
def test_what_sqlite_says_of_the_queue_becomes_an_error_with_a_hint(tmp_path, said, kind):
    told = database.queue_error(OSError(errno.EIO, said), tmp_path / "jobs.db")
    assert type(told) is kind
    assert told.hint
    assert isinstance(told, WorkbenchError)
    assert not isinstance(told, LibraryError) or "jobs.db" in told.message

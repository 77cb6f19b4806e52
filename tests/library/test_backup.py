"""A backup is of one moment, whole and checked; restored elsewhere it is the same library."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
import zipfile
from collections import namedtuple
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.backends.call_cache import CallCache
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.errors import (
    DiskFull,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    NotInstalled,
    RequestError,
    WorkbenchError,
)
from workbench.jobs.database import open_client
from workbench.jobs.gateway.wire import GatewayNote, write_note
from workbench.jobs.keeping import postgres_dump
from workbench.jobs.keeping.backup import BackupReport, last_backup, make_backup
from workbench.jobs.keeping.restore import check_backup, restore_backup
from workbench.jobs.slots import WorkerLock
from workbench.library.holders import holder_name, is_call_alive
from workbench.library.records import CallInFlight, Job, ReportRecord, WorkerRecord
from workbench.library.store import Store
from workbench.media.asset import Proxy
from workbench.media.timecode import TimeSpan
from workbench.search.moments import make_moment

ASSET, UPLOAD = "a" * 16, "b" * 16
REPLY = ModelReply({"text": "paid"}, Usage(), "m", "end_turn", 1.0)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "backups" / "library.zip"


def fill(store: Store, data_dir: Path, make_asset, make_analysis, measured) -> None:
    """A small library with something of everything."""
    store.add_asset(make_asset("talk.mp4", ASSET))
    upload = data_dir / "uploads" / f"mine_{UPLOAD}.mp4"
    upload.parent.mkdir(exist_ok=True)
    upload.write_bytes(b"an upload")
    store.add_asset(replace(make_asset(id_=UPLOAD), path=upload))
    store.put_evidence(measured)
    store.add_analysis(make_analysis())
    store.put_moments(ASSET, [make_moment(ASSET, TimeSpan(0, 1), "a word", "transcript", "local")])
    proxy = data_dir / "proxy_video" / f"talk_{ASSET}_nova.mp4"
    proxy.parent.mkdir(exist_ok=True)
    proxy.write_bytes(b"a proxy")
    store.add_proxy(Proxy(ASSET, proxy, "nova", 7, 64, 36, 60.0, 1.0, ()))
    report = data_dir / "reports" / "0123456789ab" / "video_report.html"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text("<html>")
    store.add_report(ReportRecord("0123456789ab", "v", "A report", datetime.now(UTC), report, None))
    CallCache(data_dir / "calls").put("0" * 64, "", REPLY)
    (data_dir / "calls" / "00" / ".abcdefgh.part").write_text("half")


@pytest.fixture
def library(store: Store, data_dir: Path, make_asset, make_analysis, measured) -> Store:
    fill(store, data_dir, make_asset, make_analysis, measured)
    return store


@pytest.fixture
def backup(library: Store, data_dir: Path, target: Path) -> BackupReport:
    return make_backup(data_dir, library, target)


def names(folder: Path) -> set[str]:
    """Everything below a folder, hidden files too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# What a backup is


def test_a_backup_holds_what_cannot_be_made_again_and_its_hashes(backup, target, data_dir):
    with zipfile.ZipFile(target) as archive:
        assert set(archive.namelist()) == {
            "app.db", f"calls/00/{'0' * 64}.json", f"uploads/mine_{UPLOAD}.mp4", "manifest.json",
        }  # fmt: skip
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["data_dir"] == str(data_dir)
    assert manifest["rows"]["app.db"]["assets"] == 2
    assert len(manifest["files"]["app.db"]["sha256"]) == 64
    assert (backup.files, backup.replies, backup.left_out) == (3, 1, ("reports",))
    assert check_backup(target).size_bytes > 10_000
    assert last_backup(data_dir).path == target
    assert names(target.parent) == {"library.zip"}


def test_reports_and_uploads_go_in_and_out_as_asked(library, data_dir, target):
    made = make_backup(data_dir, library, target, with_reports=True, with_uploads=False)
    with zipfile.ZipFile(target) as archive:
        found = {name.split("/")[0] for name in archive.namelist()}
    assert found == {"app.db", "calls", "reports", "manifest.json"}
    assert made.left_out == ("uploads",)


def test_a_file_that_is_there_is_replaced_only_when_asked(backup, library, data_dir, target):
    first = target.read_bytes()
    with pytest.raises(RequestError, match="there already") as caught:
        make_backup(data_dir, library, target)
    assert "--force" in caught.value.hint
    assert target.read_bytes() == first
    library.put_job(Job("new", "import", "Import", "waiting", datetime.now(UTC)))
    make_backup(data_dir, library, target, force=True)
    assert check_backup(target).rows["app.db"]["jobs"] == 1


@pytest.mark.parametrize("name", ["library.tar.gz", "library", "folder.zip"])
def test_a_name_that_cannot_be_a_backup_is_refused(library, data_dir, tmp_path, name):
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(RequestError) as caught:
        make_backup(data_dir, library, tmp_path / name)
    assert ".zip" in caught.value.hint


WRITER = textwrap.dedent(
    """
    import sqlite3, sys, time
    from workbench.library.store import Store

    store = Store.open(sys.argv[1])
    queue = sqlite3.connect(sys.argv[2], timeout=30, isolation_level=None)
    queue.execute("PRAGMA journal_mode = WAL")
    queue.execute("CREATE TABLE pairs (number INTEGER)")
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        with store._database.writing("catalog") as connection:
            for name in ("left", "right"):
                values = f"('{name}', 's', '{number}', '{'x' * 2000}')"
                connection.exec_driver_sql(f"INSERT INTO signals VALUES {values}")
        queue.execute(f"INSERT INTO pairs VALUES ({number}), ({number})")
    """
)


def test_a_backup_of_a_library_that_is_written_to_is_of_one_moment(store, data_dir, target):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(data_dir / "app.db"), str(data_dir / "jobs.db")],
        stdout=subprocess.PIPE,
    )
    try:
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(1.0)
        made = [make_backup(data_dir, store, target, force=True).rows for _ in range(4)]
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    assert made == sorted(made)
    assert made[0] < made[-1]
    restored = target.parent / "restored"
    restore_backup(target, restored)
    with closing(sqlite3.connect(restored / "app.db")) as catalog:
        query = "SELECT version, count(*) FROM signals GROUP BY version HAVING count(*) != 2"
        assert catalog.execute(query).fetchall() == []
        assert catalog.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        newest = catalog.execute("SELECT max(CAST(version AS INTEGER)) FROM signals").fetchone()[0]
    with closing(sqlite3.connect(restored / "jobs.db")) as queue:
        # The queue was copied first: it cannot know more than the catalog.
        assert queue.execute("SELECT max(number) FROM pairs").fetchone()[0] <= newest


# Back again


def test_restored_elsewhere_it_is_the_same_library(library, data_dir, target, tmp_path):
    with Store.open(data_dir / "app.db") as store:
        before = (store.assets(), store.analyses(), store.evidence(ASSET), store.moments())
    make_backup(data_dir, library, target, with_reports=True)
    library.close()
    shutil.rmtree(data_dir)
    report = restore_backup(target, tmp_path / "new" / "place")
    assert report.data_dir == tmp_path / "new" / "place"
    with Store.open(report.data_dir / "app.db") as store:
        moved = [
            replace(a, path=Path(str(a.path).replace(str(data_dir), str(report.data_dir))))
            for a in before[0]
        ]
        assert (store.assets(), store.analyses(), store.evidence(ASSET), store.moments()) == (
            moved, *before[1:],
        )  # fmt: skip
        upload = store.asset(UPLOAD)
        assert upload.path.read_bytes() == b"an upload"
        assert store.paths(UPLOAD) == (upload.path,)
        assert store.asset_by_path(upload.path).id == UPLOAD
        assert store.reports()[0].path.read_text() == "<html>"
        assert store.proxies() == []
    assert report.proxies_forgotten == 1
    assert CallCache(report.data_dir / "calls").get("0" * 64) == REPLY
    assert names(tmp_path / "new") & {".", "place/app.db-wal"} == set()
    assert last_backup(report.data_dir).path == target


def test_a_restored_library_does_not_lean_on_the_old_one_but_where_only_that_has_the_file(
    library, data_dir, target, tmp_path
):
    make_backup(data_dir, library, target, with_uploads=False)
    with Store.open(restore_backup(target, tmp_path / "new").data_dir / "app.db") as store:
        assert store.asset(UPLOAD).path == data_dir / "uploads" / f"mine_{UPLOAD}.mp4"
        assert store.asset(ASSET).path == library.asset(ASSET).path
        assert store.proxies() == []


def test_open_jobs_wait_and_calls_in_flight_count_as_those_of_a_dead_process(
    library, data_dir, target, tmp_path
):
    paths = {"paths": [str(data_dir / "uploads"), "/somewhere/else"], "n": 1}
    for state in ("running", "waiting", "paused", "done"):
        job = Job(state, "import", "Import", state, datetime.now(UTC), worker=holder_name())
        library.put_job(replace(job, request=json.dumps(paths), attempt=2))
    library.beat(WorkerRecord(holder_name(), "here", os.getpid(), datetime.now(UTC)))
    flying = CallInFlight(
        "1" * 64, "lite", "running", holder_name(), 0.0, 0.0, None, "c", ASSET, "Talk", None
    )
    assert library.admit(flying, cap_usd=None, is_alive=is_call_alive).verdict == "go"
    make_backup(data_dir, library, target)
    report = restore_backup(target, tmp_path / "new")
    assert report.open_jobs == 3
    with Store.open(tmp_path / "new" / "app.db") as store:
        jobs = {job.id: job for job in store.jobs()}
        assert {id_: job.state for id_, job in jobs.items()} == {
            "running": "waiting", "waiting": "waiting", "paused": "paused", "done": "done",
        }  # fmt: skip
        assert (jobs["running"].attempt, jobs["running"].worker) == (3, "")
        asked = json.loads(jobs["running"].request)
        assert asked == {**paths, "paths": [str(tmp_path / "new" / "uploads"), "/somewhere/else"]}
        assert json.loads(jobs["done"].request) == paths
        assert store.workers() == []
        (call,) = store.calls_in_flight()
        assert not is_call_alive(call)
    assert library.job("running").state == "running"
    assert is_call_alive(library.calls_in_flight()[0])


def test_a_library_is_not_overwritten_but_kept_aside(backup, library, target, data_dir):
    library.close()
    (data_dir / "app.db").write_bytes(b"ruined")
    before = names(data_dir.parent)
    with pytest.raises(LibraryError, match="is not empty") as caught:
        restore_backup(target, data_dir)
    assert "--force" in caught.value.hint
    assert names(data_dir.parent) == before
    report = restore_backup(target, data_dir, force=True)
    (aside,) = map(Path, report.kept_aside)
    assert (aside / "app.db").read_bytes() == b"ruined"
    with Store.open(data_dir / "app.db") as store:
        # Media that the backup does not hold stay in use, and nothing is copied for it.
        (proxy,) = store.proxies()
        assert proxy.path.read_bytes() == b"a proxy"
        assert proxy.path.stat().st_ino == (aside / proxy.path.relative_to(data_dir)).stat().st_ino
        assert store.reports()[0].path.is_file()


def test_nothing_is_restored_under_a_worker_at_work(backup, target, data_dir):
    lock = WorkerLock(data_dir)
    try:
        with pytest.raises(LibraryBusy, match="at work") as caught:
            restore_backup(target, data_dir, force=True)
    finally:
        lock.release()
    assert "workbench worker --stop" in caught.value.hint


def test_nothing_is_restored_while_calls_are_made(backup, target, data_dir):
    write_note(data_dir, GatewayNote(1, "00", holder_name(), ""))
    with pytest.raises(LibraryBusy, match="gateway"):
        restore_backup(target, data_dir, force=True)


def test_what_a_killed_restore_has_left_is_gone_after_a_day(backup, target, tmp_path):
    left = [tmp_path / ".0123456789ab.part", tmp_path / ".ba9876543210.part"]
    for folder in left:
        (folder / "calls").mkdir(parents=True)
    os.utime(left[0], (0, 0))
    restore_backup(target, tmp_path / "new")
    assert [folder.exists() for folder in left] == [False, True]


def test_an_empty_folder_is_as_good_as_a_new_one(backup, target, tmp_path):
    (tmp_path / "empty").mkdir()
    assert restore_backup(target, tmp_path / "empty").kept_aside == ()


# Bad backups


def repacked(source: Path, target: Path, change) -> None:
    """Write an archive anew, with a function from name and bytes to a list of the same."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            for name, text in change(info.filename, old.read(info)):
                new.writestr(name, text)


def manifest_with(**changes):
    def change(name: str, text: bytes):
        return [(name, json.dumps(json.loads(text) | changes) if name == "manifest.json" else text)]

    return change


def with_stranger(stranger: str, *, is_listed: bool):
    def change(name: str, text: bytes):
        if name != "manifest.json":
            return [(name, text)]
        manifest = json.loads(text)
        if is_listed:
            facts = {"size_bytes": 4, "sha256": "9" * 64, "modified_ns": 1}
            manifest["files"][stranger] = facts
        return [(stranger, b"evil"), (name, json.dumps(manifest))]

    return change


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return (
        data[:middle]
        + bytes(255 - byte for byte in data[middle : middle + 64])
        + data[middle + 64 :]
    )


BAD = {
    "cut": lambda zip_: zip_.write_bytes(zip_.read_bytes()[: zip_.stat().st_size // 2]),
    "without its end": lambda zip_: zip_.write_bytes(zip_.read_bytes()[:-30]),
    "with other bytes": lambda zip_: zip_.write_bytes(flipped(zip_.read_bytes())),
    "empty": lambda zip_: zip_.write_bytes(b""),
    "text": lambda zip_: zip_.write_text("not a backup\n" * 100),
    "another archive": lambda zip_: zip_.write_bytes(other_archive()),
}
CHANGED = {
    "another program": manifest_with(program="another"),
    "a newer form": manifest_with(form=99),
    "no form at all": lambda name, text: [(name, b"{}" if name == "manifest.json" else text)],
    "a file less": lambda name, text: [] if name.startswith("calls") else [(name, text)],
    "no catalog": lambda name, text: [] if name == "app.db" else [(name, text)],
    "another reply": lambda n, text: [(n, b"{}" if n.startswith("calls") else text)],
    "a longer reply": lambda n, text: [(n, text * 50 if n.startswith("calls") else text)],
    "another catalog": lambda n, text: [(n, flipped(text) if n == "app.db" else text)],
    "rows that are not there": manifest_with(rows={"app.db": {"assets": 99}}),
    "a file not listed": with_stranger("calls/ab/more.json", is_listed=False),
    "a way out": with_stranger("../evil", is_listed=True),
    "a hidden way out": with_stranger("calls/../../evil", is_listed=True),
    "a path from the root": with_stranger("/tmp/evil", is_listed=True),
    "a folder of its own": with_stranger("bin/evil", is_listed=True),
}  # fmt: skip


def other_archive() -> bytes:
    import io

    with io.BytesIO() as held:
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("photo.jpg", b"a photo")
        return held.getvalue()


@pytest.mark.parametrize("how", [*BAD, *CHANGED])
def test_a_bad_backup_is_told_and_changes_nothing(backup, target, tmp_path, how):
    if how in BAD:
        BAD[how](target)
    else:
        repacked(target, tmp_path / "bad.zip", CHANGED[how])
        target = tmp_path / "bad.zip"
    before = names(tmp_path)
    with pytest.raises((LibraryDamaged, RequestError)) as caught:
        restore_backup(target, tmp_path / "new" / "place")
    assert target.name in caught.value.message or "in" in caught.value.message
    assert caught.value.hint
    assert names(tmp_path) - {"new"} == before
    assert not (tmp_path / "evil").exists()
    if how != "rows that are not there":
        with pytest.raises(WorkbenchError):
            check_backup(target)


def test_a_backup_with_a_catalog_from_a_newer_version_is_refused(
    library, data_dir, target, tmp_path
):
    library.close()
    with closing(sqlite3.connect(data_dir / "app.db")) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    make_backup(data_dir, library, target)
    with pytest.raises(LibraryDamaged, match="newer version"):
        restore_backup(target, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_backup_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RequestError, match="cannot be read"):
        restore_backup(tmp_path / "none.zip", tmp_path / "new")


def test_a_damaged_library_is_not_backed_up_as_if_it_were_whole(library, data_dir, target):
    for number in range(50):
        library.save(f"asset {number}", "shots", "1", "x" * 3000)
    library.close()
    whole = (data_dir / "app.db").read_bytes()
    middle = len(whole) // 2
    (data_dir / "app.db").write_bytes(whole[:middle] + b"\xff" * 9000 + whole[middle + 9000 :])
    with pytest.raises(LibraryDamaged, match=r"app\.db"):
        make_backup(data_dir, library, target)
    assert names(target.parent) == set()


# No room, no rights


Usage_ = namedtuple("Usage_", "total used free")


def test_too_little_room_is_seen_before_work_begins(
    library, data_dir, target, tmp_path, monkeypatch
):
    make_backup(data_dir, library, target)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage_(0, 0, 1000))
    with pytest.raises(DiskFull) as caught:
        make_backup(data_dir, library, target.with_name("second.zip"))
    assert "another disk" in caught.value.hint
    with pytest.raises(DiskFull) as caught:
        restore_backup(target, tmp_path / "new")
    assert "--to" in caught.value.hint
    assert names(target.parent) == {"library.zip"}


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 3 MB, full when a test wants it."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk: run the tests as root")
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here: run where mount(8) may be used")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full_leaves_no_half_backup_and_no_half_library(
    library, data_dir, target, small_disk, monkeypatch
):
    for number in range(400):
        library.save(f"asset {number}", "shots", "1", os.urandom(5000).hex())
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage_(0, 0, 10**12))
    with pytest.raises(DiskFull, match="no room for the backup"):
        make_backup(data_dir, library, small_disk / "library.zip")
    assert names(small_disk) == set()
    make_backup(data_dir, library, target)
    with pytest.raises(DiskFull, match="no room for the library"):
        restore_backup(target, small_disk / "new")
    assert names(small_disk) == set()


def test_a_folder_that_is_a_file_is_told(backup, library, data_dir, target, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RequestError):
        restore_backup(target, tmp_path / "file")
    with pytest.raises(RequestError, match="cannot be made"):
        restore_backup(target, tmp_path / "file" / "below")
    with pytest.raises(RequestError, match="cannot be written"):
        make_backup(data_dir, library, tmp_path / "file" / "library.zip")


# A team


@pytest.fixture
def team(postgres_server, data_dir, make_asset, make_analysis, measured):
    """A library on Postgres with a queue, the address of an empty database, and its programs."""
    database = postgres_server.database
    with database() as url, database() as other, Store.open(url) as store:
        fill(store, data_dir, make_asset, make_analysis, measured)
        open_client(data_dir, url).destroy()
        yield store, url, other


def test_a_teams_library_is_backed_up_and_restored_into_another_database(
    team, data_dir, target, tmp_path
):
    store, url, other = team
    store.put_job(Job("j", "import", "Import", "running", datetime.now(UTC), worker="x:1:0"))
    made = make_backup(data_dir, store, target, database_url=url)
    assert made.rows > 10
    with zipfile.ZipFile(target) as archive:
        assert {"catalog.dump", f"uploads/mine_{UPLOAD}.mp4"} < set(archive.namelist())
    report = restore_backup(target, tmp_path / "new", database_url=other)
    assert report.kept_aside == ()
    with Store.open(other) as restored:
        assert restored.analyses() == store.analyses()
        assert restored.moments() == store.moments()
        assert restored.asset(UPLOAD).path == tmp_path / "new" / "uploads" / f"mine_{UPLOAD}.mp4"
        assert restored.job("j").state == "waiting"
    client = open_client(tmp_path / "new", other)
    assert client.list_workflows() == []
    client.destroy()
    assert names(tmp_path / "new") >= {"calls", "uploads", "backup.json"}
    assert not (tmp_path / "new" / "catalog.dump").exists()


def test_a_teams_database_is_not_overwritten_but_kept_aside(team, data_dir, target, tmp_path):
    store, url, _ = team
    make_backup(data_dir, store, target, database_url=url)
    store.put_job(Job("later", "import", "Import", "waiting", datetime.now(UTC)))
    with pytest.raises(LibraryError, match="is not empty"):
        restore_backup(target, tmp_path / "new", database_url=url)
    report = restore_backup(target, tmp_path / "new", database_url=url, force=True)
    public, dbos = report.kept_aside
    assert (public[:7], dbos[:5]) == ("public_", "dbos_")
    with Store.open(url) as restored:
        assert restored.jobs() == []
        with restored._database.reading() as connection:
            count = connection.exec_driver_sql(f'SELECT count(*) FROM "{public}".jobs').scalar()
    assert count == 1


def test_a_teams_restore_that_fails_leaves_the_database_as_it_was(
    team, data_dir, target, tmp_path, monkeypatch
):
    store, url, other = team
    make_backup(data_dir, store, target, database_url=url)
    store.put_job(Job("later", "import", "Import", "waiting", datetime.now(UTC)))

    def fail(*_: object) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("workbench.jobs.keeping.restore._take_place", fail)
    for address in (url, other):
        with pytest.raises(RequestError, match="Permission denied"):
            restore_backup(target, tmp_path / "new", database_url=address, force=True)
    assert [job.id for job in store.jobs()] == ["later"]
    assert not postgres_dump.has_tables(other)
    assert not (tmp_path / "new").exists()


def test_the_two_kinds_of_backup_are_not_mixed_up(library, team, data_dir, target, tmp_path):
    store, url, other = team
    make_backup(data_dir, library, target)
    with pytest.raises(RequestError, match="SQLite"):
        restore_backup(target, tmp_path / "new", database_url=other)
    make_backup(data_dir, store, target, database_url=url, force=True)
    with pytest.raises(RequestError, match="Postgres"):
        restore_backup(target, tmp_path / "new")


def test_without_the_programs_of_postgres_it_says_how_to_get_them(
    store, data_dir, target, monkeypatch
):
    monkeypatch.setenv("PATH", str(data_dir))
    with pytest.raises(NotInstalled, match="pg_dump") as caught:
        make_backup(data_dir, store, target, database_url="postgresql://ann:geheim@127.0.0.1:9/x")
    assert "postgresql-client" in caught.value.hint
    assert names(target.parent) == set()


@pytest.mark.skipif(shutil.which("pg_dump") is None, reason=postgres_dump.HOW_TO_INSTALL)
def test_a_server_that_is_gone_is_told_without_the_password(store, data_dir, target):
    with pytest.raises(LibraryError, match="cannot be reached") as caught:
        make_backup(data_dir, store, target, database_url="postgresql://ann:geheim@127.0.0.1:9/x")
    assert "geheim" not in caught.value.message + caught.value.hint
    assert names(target.parent) == set()

"""A backup holds what cannot be made again, of one moment, and is the same library elsewhere."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.small_library import ASSET, REPLY, UPLOAD, names
from workbench.backends.call_cache import CallCache
from workbench.errors import (
    LibraryBusy,
    LibraryError,
    RequestError,
)
from workbench.jobs.gateway.wire import GatewayNote, write_note
from workbench.jobs.keeping.backup import last_backup, make_backup
from workbench.jobs.keeping.restore import check_backup, restore_backup
from workbench.jobs.processes.slots import WorkerLock
from workbench.library.calls.holders import holder_name, is_call_alive
from workbench.library.records import CallInFlight, Job, WorkerRecord
from workbench.library.store import Store

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


def test_finished_films_go_in_and_come_back_and_half_ones_do_not(
    library, data_dir, target, tmp_path
):
    for name in ("aaaaaaaaaaaa/film.mp4", "aaaaaaaaaaaa/film.json", "bbbbbbbbbbbb/film.mp4"):
        path = data_dir / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    making = data_dir / "films" / ".0123456789ab.part" / ("c" * 12) / "film.json"
    making.parent.mkdir(parents=True)
    making.write_text("{}")
    make_backup(data_dir, library, target)
    restore_backup(target, tmp_path / "new")
    films = tmp_path / "new" / "films"
    assert sorted(path.name for path in films.rglob("*") if path.is_file()) == [
        "film.json", "film.mp4",
    ]  # fmt: skip
    assert (films / "aaaaaaaaaaaa" / "film.mp4").read_text() == "aaaaaaaaaaaa/film.mp4"


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


def wait_for_a_pair(catalog: Path) -> None:
    """Until the writer has kept one more than there are."""
    with closing(sqlite3.connect(catalog)) as connection:
        count = "SELECT count(*) FROM signals"
        before = connection.execute(count).fetchone()
        stop = time.monotonic() + 60
        while connection.execute(count).fetchone() == before:
            assert time.monotonic() < stop, "nothing is written"
            time.sleep(0.01)


def test_a_backup_of_a_library_that_is_written_to_is_of_one_moment(store, data_dir, target):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(data_dir / "app.db"), str(data_dir / "jobs.db")],
        stdout=subprocess.PIPE,
    )
    try:
        assert writer.stdout.readline() == b"ready\n"
        made: list[int] = []
        for _ in range(4):
            wait_for_a_pair(data_dir / "app.db")
            made.append(make_backup(data_dir, store, target, force=True).rows)
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

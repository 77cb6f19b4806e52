"""`gc`, `backup`, `restore` and what `doctor` says about storage."""

import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workbench.library.records import Job, WorkerRecord
from workbench.library.store import Store
from workbench.settings import Settings
from workbench.workspace import Workspace


def aged(path: Path, days: float = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 1_500_000)
    then = time.time() - days * 86_400
    os.utime(path, (then, then))
    return path


# gc


def test_with_nothing_to_remove_it_says_so(run, analysed, files_in):
    before = files_in(analysed)
    assert run("gc").out == "Nothing to remove.\n"
    assert {name for name in before if "app.db" not in name} <= files_in(analysed)


def test_a_dry_run_lists_what_would_go_by_kind_and_the_next_run_removes_it(run, analysed):
    part = aged(analysed / "uploads" / ".0123456789ab.part.mp4")
    told = run("gc", "--dry-run")
    assert told.code == 0
    assert told.out.splitlines() == [
        "what                count    size",
        "half-written files      1  1.5 MB",
        "",
        "Would free 1.5 MB.",
    ]
    assert part.exists()
    assert run("gc").out.endswith("Freed 1.5 MB.\n")
    assert not part.exists()


def test_as_json_it_names_every_kind(run, analysed, has_shape):
    aged(analysed / "logs" / "worker.old.log", days=90)
    told = run("gc", "--dry-run", "--json").json
    has_shape(
        told,
        {
            "is_dry_run": bool, "size_bytes": int, "failed": list, "notes": list,
            "removed": [{"kind": str, "count": int}],
        },
    )  # fmt: skip
    assert [each for each in told["removed"] if each["count"]] == [
        {"kind": "old logs", "count": 1, "size_bytes": 1_500_000}
    ]


def test_settings_say_how_long_things_stay(run, analysed, monkeypatch):
    made = datetime.now(UTC) - timedelta(days=10)
    with Store.open(analysed / "app.db") as store:
        store.put_job(Job("old", "import", "Import", "done", made))
    chunk = aged(analysed / "proxy_video" / "chunks" / f"talk_{'a' * 16}_nova_0-9.mp4", days=5)
    assert run("gc").out == "Nothing to remove.\n"
    monkeypatch.setenv("WORKBENCH_JOB_DAYS", "9")
    monkeypatch.setenv("WORKBENCH_CHUNK_DAYS", "4")
    monkeypatch.setenv("WORKBENCH_CALL_CACHE_GB", "0")
    told = {each["kind"]: each["count"] for each in run("gc", "--json").json["removed"]}
    assert (told["ended jobs"], told["cut chunks"], told["kept replies"]) == (1, 1, 0)
    assert not chunk.exists()


def test_a_limit_that_cannot_be_kept_is_told(run, analysed, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CALL_CACHE_GB", "0.000001")
    done = run("gc")
    assert done.code == 0
    assert "the rest is cited by analyses" in done.out


def test_what_cannot_be_removed_makes_it_end_with_1(run, analysed, monkeypatch):
    aged(analysed / ".0123456789ab.part.db")

    def refuse(self, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    done = run("gc")
    assert done.code == 1
    assert "1 could not be done:" in done.err


# backup and restore


def test_a_backup_is_written_checked_and_restored_elsewhere(
    run, analysed, desk, monkeypatch, has_shape
):
    before = run("list", "--json").json
    shown = run("show", "talk.mp4", "--json").json
    done = run("backup", "library.zip")
    assert done.code == 0
    assert done.out.startswith(f"{desk / 'library.zip'}: ")
    assert "checked, in" in done.out
    has_shape(
        run("backup", "second.zip", "--json").json,
        {"path": str, "size_bytes": int, "files": int, "rows": int, "seconds": float},
    )
    shutil.rmtree(analysed)
    told = run("restore", "library.zip", "--dry-run")
    assert told.out.startswith("library.zip is whole: ")
    assert not analysed.exists()
    done = run("restore", "library.zip", "--to", desk / "elsewhere")
    assert done.code == 0
    assert f"is in {desk / 'elsewhere'}:" in done.out
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(desk / "elsewhere"))
    assert run("list", "--json").json == before
    assert run("show", "talk.mp4", "--json").json == shown
    assert run("search", "dry", "--how", "words").code == 0


def test_restoring_goes_into_the_data_folder_when_no_other_is_named(run, analysed, data_dir):
    run("backup", "library.zip")
    refused = run("restore", "library.zip")
    assert (refused.code, refused.problem) == (1, f"{data_dir} is not empty")
    done = run("restore", "library.zip", "--force", "--json")
    (aside,) = done.json["kept_aside"]
    assert (Path(aside) / "app.db").exists()
    assert len(run("list", "--json").json) == 4


def test_a_file_that_is_there_is_not_overwritten(run, analysed, desk):
    run("backup", "library.zip")
    again = run("backup", "library.zip")
    assert (again.code, again.out) == (2, "")
    assert "library.zip is there already\n  hint: " in again.err
    assert run("backup", "library.zip", "--force").code == 0


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (None, 2, "cannot be read: No such file"),
        (b"not a backup", 2, "is no backup of Nova Workbench"),
        (b"PK\x03\x04" + bytes(500), 1, "is cut short or damaged"),
    ],
)
def test_a_bad_backup_is_one_line_and_makes_nothing(run, desk, data_dir, text, code, told):
    if text is not None:
        (desk / "bad.zip").write_bytes(text)
    done = run("restore", "bad.zip")
    assert done.code == code
    assert told in done.problem
    assert not data_dir.exists()


# doctor


def findings(run, *words: str) -> dict[str, dict]:
    return {each["name"]: each for each in run("doctor", "--json", *words).json["findings"]}


def test_the_doctor_says_whether_what_is_kept_is_whole_how_much_and_how_safe(run, analysed, desk):
    told = findings(run)
    assert (told["Catalog"]["finding"], told["Queue"]["finding"]) == ("whole", "empty")
    assert "kept replies 0.0 MB of 2.0 GB" in told["Data folder"]["finding"]
    assert (told["Last backup"]["is_ready"], told["Last backup"]["finding"]) == (
        False, "none is known",
    )  # fmt: skip
    assert told["Gateway"]["is_ready"]
    run("backup", "library.zip")
    told = findings(run)
    assert told["Last backup"]["is_ready"]
    assert str(desk / "library.zip") in told["Last backup"]["finding"]
    (desk / "library.zip").unlink()
    assert "no longer there" in findings(run)["Last backup"]["finding"]


def test_the_doctor_knows_the_workers_of_a_team(run, analysed):
    assert findings(run)["Worker"]["finding"] == "not running"
    with Store.open(analysed / "app.db") as store:
        store.beat(WorkerRecord("attic:7:1", "attic", 7, datetime.now(UTC)))
    assert findings(run)["Worker"]["finding"] == "running, process 7 on attic"


def test_looking_deep_it_compares_the_catalog_with_index_and_files(run, analysed):
    run("proxies", "silent.mp4")
    run("search", "dry")
    told = findings(run, "--deep")
    for name in ("Catalog", "Search index", "Proxies", "Kept replies"):
        assert told[name]["is_ready"], told[name]
    next((analysed / "proxy_video").glob("*.mp4")).unlink()
    next((analysed / "calls").rglob("*.json")).unlink()
    with Store.open(analysed / "app.db") as store:
        store.put_moments(store.assets()[0].id, [])
    told = findings(run, "--deep")
    assert "1 without a file" in told["Proxies"]["finding"]
    assert told["Kept replies"]["finding"].startswith("1 of 4")
    assert not told["Search index"]["is_ready"]
    assert all(each["hint"] for each in told.values() if not each["is_ready"])


def test_the_doctor_is_ill_at_ease_with_a_damaged_catalog_or_queue(run, analysed):
    path = analysed / "app.db"
    whole = path.read_bytes()
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("CREATE INDEX extra ON ledger (cache_key, at)")
        opened.execute("PRAGMA writable_schema = ON")
        opened.execute("DELETE FROM sqlite_master WHERE name = 'extra'")
        opened.commit()
    told = findings(run, "--deep")
    assert not told["Catalog"]["is_ready"]
    assert "workbench restore" in told["Catalog"]["hint"]
    path.write_bytes(whole)
    (analysed / "jobs.db").write_bytes(b"noise" * 2000)
    told = findings(run)
    assert (told["Catalog"]["is_ready"], told["Queue"]["is_ready"]) == (True, False)
    assert "move the file away" in told["Queue"]["hint"]
    path.write_bytes(b"noise" * 2000)
    done = run("doctor")
    assert done.code == 1
    assert "Library  off    app.db is not a catalog, or is damaged" in done.out
    assert re.search(rf"WORKBENCH_DATA_DIR +{re.escape(str(analysed))}", done.out)


def test_a_workspace_tidies_for_the_worker_as_the_command_does(analysed):
    aged(analysed / ".0123456789ab.part.db")
    with Workspace.open(Settings(data_dir=analysed)) as workspace:
        assert workspace.collect_garbage(dry_run=True).count == 1
        assert workspace.collect_garbage().count == 1
        assert workspace.collect_garbage().count == 0

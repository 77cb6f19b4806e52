"""Bad backups, no room and no rights: told, and nothing is changed."""

import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.small_library import names
from workbench.errors import (
    DiskFull,
    LibraryDamaged,
    RequestError,
    WorkbenchError,
)
from workbench.jobs.keeping.backup import make_backup
from workbench.jobs.keeping.restore import check_backup, restore_backup

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

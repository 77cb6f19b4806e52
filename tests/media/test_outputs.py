"""Files that are either whole or not there."""

import errno
import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest

from tests.support.numbered_film import names_in
from workbench.errors import DiskFull, RequestError
from workbench.media.outputs import LEFT_BEHIND_S, atomic_output, require_room, safe_stem


def fail_half_way(path: Path, error: Exception) -> None:
    path.write_bytes(b"half")
    raise error


def test_a_finished_file_takes_its_name_in_a_new_folder(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "file.bin"
    with atomic_output(target) as temporary:
        assert temporary.suffix == target.suffix
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert names_in(target.parent) == ["file.bin"]


def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_output(target) as temporary:
        fail_half_way(temporary, ZeroDivisionError())
    assert names_in(tmp_path) == ["file.bin"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_so_and_leaves_nothing(tmp_path: Path, number: int) -> None:
    with pytest.raises(DiskFull) as caught, atomic_output(tmp_path / "file.bin") as temporary:
        fail_half_way(temporary, OSError(number, os.strerror(number)))
    assert caught.value.hint
    assert names_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_a_request_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RequestError), atomic_output(tmp_path / "file" / "x.bin"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_a_request_error(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    with pytest.raises(RequestError), atomic_output(folder / "x.bin") as temporary:
        temporary.write_bytes(b"x")


def test_what_a_killed_run_left_behind_is_removed(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".0123456789ab.part.mp4", tmp_path / ".ba9876543210.part.mp4"
    for path in (old, fresh):
        path.write_bytes(b"half")
    long_ago = time.time() - LEFT_BEHIND_S - 5
    os.utime(old, (long_ago, long_ago))
    with atomic_output(tmp_path / "file.bin") as temporary:
        temporary.write_bytes(b"x")
    assert names_in(tmp_path) == [fresh.name, "file.bin"]


def test_room_is_checked_before_the_folder_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")(10**9, 0, 60_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    require_room(tmp_path / "later", 1_000_000)
    with pytest.raises(DiskFull, match="60 MB free"):
        require_room(tmp_path / "later", 20_000_000)


@pytest.mark.parametrize(
    "name", ["a/../../etc/passwd", "x" * 300 + ".mp4", "日" * 200 + ".mp4", "\n.mp4", "..mp4", "-"]
)
def test_a_safe_stem_is_one_short_name_whatever_came_in(name: str) -> None:
    stem = safe_stem(name)
    assert 0 < len(stem.encode()) <= 120
    assert not set(stem) & set("/\\\n\0'\"$ ")
    assert not stem.startswith((".", "-"))

"""Uploads are named by their bytes and are there whole or not at all."""

import errno
import io
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import DiskFull, MediaEmpty
from workbench.library.imports.naming import upload_name
from workbench.library.imports.uploads import keep_upload
from workbench.media.probe import asset_id


def test_an_upload_is_named_by_its_name_and_its_bytes(tmp_path: Path):
    path = keep_upload(io.BytesIO(b"film" * 1000), "Pump talk.MP4", tmp_path / "uploads")
    assert path == tmp_path / "uploads" / f"Pump-talk_{asset_id(path)}.mp4"
    assert path.read_bytes() == b"film" * 1000


def test_the_same_upload_twice_is_one_file(tmp_path: Path):
    first = keep_upload(io.BytesIO(b"abc"), "a.mp4", tmp_path)
    written = first.stat().st_mtime_ns
    assert keep_upload(io.BytesIO(b"abc"), "a.mp4", tmp_path) == first
    assert first.stat().st_mtime_ns == written
    assert list(tmp_path.iterdir()) == [first]


def test_an_upload_starts_at_its_beginning_however_far_it_was_read(tmp_path: Path):
    stream = io.BytesIO(b"0123456789")
    stream.read(5)
    assert keep_upload(stream, "a.mp4", tmp_path).read_bytes() == b"0123456789"


def test_an_empty_upload_is_refused(tmp_path: Path):
    with pytest.raises(MediaEmpty, match=r"a\.mp4 has no bytes"):
        keep_upload(io.BytesIO(), "../a.mp4", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Filling(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            Filling.reads += 1
            if Filling.reads > 3:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().read(size)

    with pytest.raises(DiskFull):
        keep_upload(Filling(b"abc"), "a.mp4", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    full = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(DiskFull):
        keep_upload(io.BytesIO(b"abc"), "a.mp4", tmp_path)
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_name_leaves_the_folder_or_is_too_long(name: str):
    made = upload_name(name, "0123456789abcdef")
    assert "/" not in made
    assert "\\" not in made
    assert "\0" not in made
    assert not made.startswith((".", "-"))
    assert "_0123456789abcdef" in made
    assert len(made.encode()) <= 255
    assert Path("uploads", made).parent == Path("uploads")

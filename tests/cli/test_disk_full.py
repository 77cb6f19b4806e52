"""No room left: the file is named, nothing half-written stays, and the rest is done."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

import workbench.media.ffmpeg
import workbench.media.outputs


@pytest.fixture
def library(run, shelf):
    """A library of the shelf's four files."""
    run("import", shelf)


@pytest.fixture
def full_for_films(monkeypatch, tmp_path):
    """An ffmpeg that writes half of its file and then finds the disk full."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        '#!/bin/sh\nfor last; do :; done\nprintf half > "$last"\n'
        "echo 'av_interleaved_write_frame(): No space left on device' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(workbench.media.ffmpeg, "ffmpeg_path", lambda: program)


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def proxies_in(data_dir: Path) -> list[str]:
    return sorted(p.name for p in data_dir.glob("proxy_*/**/*") if p.is_file())


def test_the_photo_is_done_when_the_films_do_not_fit(run, library, full_for_films, data_dir):
    done = run("proxies")
    assert done.code == 1
    assert "1 made, 0 there before" in done.out
    assert "2 could not be done:" in done.err
    assert "2 could not be done" in done.err
    assert done.err.count(f"the disk of {data_dir / 'proxy_video'} is full (free some space") == 1
    (kept,) = proxies_in(data_dir)
    assert kept.startswith("plate_")


def test_the_films_are_done_when_the_photo_does_not_fit(run, library, monkeypatch, data_dir):
    whole = Path.write_bytes

    def half(self, data):
        whole(self, data[: len(data) // 2])
        full()

    monkeypatch.setattr(Path, "write_bytes", half)
    done = run("proxies")
    assert done.code == 1
    assert "2 made, 0 there before" in done.out
    assert f"  plate.jpg: the disk of {data_dir / 'proxy_image'} is full (free some" in done.err
    assert [name.split("_")[0] for name in proxies_in(data_dir)] == ["silent", "talk"]


def test_room_is_looked_for_before_work_begins(run, library, monkeypatch, data_dir):
    class Usage:
        free = 1_000_000

    monkeypatch.setattr(workbench.media.outputs.shutil, "disk_usage", lambda path: Usage)
    done = run("proxies")
    assert done.code == 1
    assert f"{data_dir} has 1 MB free; about 50 MB are needed for 3 proxies" in done.err
    assert "--limit" in done.err
    assert proxies_in(data_dir) == []


def test_a_folder_that_cannot_be_made_is_a_failure_with_a_reason(run, library, data_dir):
    (data_dir / "proxy_video").write_text("in the way")
    done = run("proxies")
    assert done.code == 1
    assert "1 made" in done.out
    assert "proxy_video cannot be written to" in done.err


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may mount a small disk: run the tests as root"
)
def test_a_disk_that_is_really_full_is_told(run, shelf, data_dir):
    data_dir.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "none", data_dir],
        check=False, capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no tmpfs can be mounted here: run where mount(8) may be used")
    try:
        run("import", shelf)
        (data_dir / "ballast").write_bytes(bytes(room(data_dir)))
        done = run("analyse", shelf / "plate.jpg")
        assert done.code == 1
        assert "no room is left to write app.db (free some disk space" in done.err
        (data_dir / "ballast").unlink()
        assert run("list").code == 0
    finally:
        subprocess.run(["umount", data_dir], check=True)


def room(folder: Path) -> int:
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize


def test_when_a_reply_cannot_be_kept_no_further_call_is_made(run, shelf, library, monkeypatch):
    import workbench.backends.call_cache

    asked = []
    real = workbench.backends.call_cache._write

    def write(path, text):
        asked.append(path)
        return full() if len(asked) == 2 else real(path, text)

    monkeypatch.setattr(workbench.backends.call_cache, "_write", write)
    done = run("analyse", shelf, "--json")
    assert done.code == 1
    assert len(asked) == 2
    assert len(done.json["analyses"]) == 1
    assert len(done.json["failures"]) == 3
    assert all("no room to keep a reply" in f["message"] for f in done.json["failures"])
    again = run("analyse", shelf, "--json").json
    assert (len(again["analyses"]), again["calls_made"]) == (4, 3)

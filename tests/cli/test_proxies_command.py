"""`proxies`: a dry run first, then the work, again, in parts, and what it saved."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench.media.ffmpeg import run_ffmpeg


@pytest.fixture
def library(run, shelf):
    """A library of the shelf's four files."""
    run("import", shelf)


def proxies_in(data_dir: Path) -> list[str]:
    return sorted(p.name for p in data_dir.glob("proxy_*/**/*") if p.is_file())


def test_a_dry_run_shows_each_proxy_with_its_size_and_time_and_makes_none(run, library, data_dir):
    done = run("proxies", "--dry-run")
    assert done.code == 0
    heads, *rows = done.out.splitlines()
    assert heads.split() == ["file", "kind", "original", "proxy", "makes", "size", "time"]
    (talk,) = [row for row in rows if row.startswith("talk.mp4")]
    assert talk.split()[1] == "video"
    assert "nova" in talk
    assert "160×90" in talk
    assert "3 proxies to make, 0 there" in done.out
    assert f"free in {data_dir}" in done.out
    assert proxies_in(data_dir) == []


def test_a_dry_run_says_what_is_there_already(run, library):
    run("proxies", "--limit", "1")
    done = run("proxies", "--dry-run")
    assert "2 proxies to make, 1 there" in done.out
    assert sum(" there " in row for row in done.out.splitlines()) == 1
    again = run("proxies", "--dry-run", "--force").out
    assert "3 proxies to make, 0 there" in again
    assert " again " in again


def test_the_same_is_there_for_programs(run, library, has_shape):
    told = run("proxies", "--dry-run", "--json").json
    number = {"low": float, "expected": float, "high": float}
    has_shape(
        told,
        {
            "to_make": int, "there": int, "later": int, "original_bytes": int,
            "size_bytes": number, "seconds": number, "free_bytes": int, "has_room": bool,
            "proxies": [{"asset_id": str, "name": str, "spec": str, "will_be_made": bool,
                         "original_bytes": int, "size_bytes": number, "seconds": number}],
        },
    )  # fmt: skip
    assert (told["to_make"], len(told["proxies"])) == (3, 3)


def test_a_limit_is_gone_on_with(run, library, data_dir):
    first = run("proxies", "--limit", "2")
    assert "2 made, 0 there before" in first.out
    assert "1 more is missing" in first.out
    second = run("proxies", "--limit", "2")
    assert "1 made, 2 there before" in second.out
    assert len(proxies_in(data_dir)) == 3


def test_with_force_what_is_there_is_made_again(run, library, data_dir):
    run("proxies")
    before = {name: next(data_dir.glob(f"proxy_*/{name}")).stat() for name in proxies_in(data_dir)}
    done = run("proxies", "--force")
    assert (done.code, "3 made, 0 there before" in done.out) == (0, True)
    assert set(proxies_in(data_dir)) == set(before)
    for name, was in before.items():
        assert next(data_dir.glob(f"proxy_*/{name}")).stat().st_ino != was.st_ino
    assert not list(data_dir.glob(".again-*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--spec", "gigantic"], "invalid choice: 'gigantic'"),
        (["plate.jpg", "--spec", "nova"], "'nova' is not for plate.jpg: it is for videos"),
        (["talk.mp4", "--spec", "nova-896"], "'nova-896' is not for talk.mp4"),
        (["--limit", "-1"], "--limit cannot be -1"),
        (["nothing.mp4"], "nothing.mp4 is neither a file nor in the library"),
        (["--dry-run", "--savings"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_made(run, library, data_dir, words, said):
    done = run("proxies", *words)
    assert done.code == 2
    assert said in done.err
    assert proxies_in(data_dir) == []


def test_files_a_spec_is_not_for_are_named(run, library):
    done = run("proxies", "--spec", "audio")
    assert done.code == 0
    assert "2 made" in done.out
    (unfit,) = [line for line in done.out.splitlines() if line.startswith("not for ")]
    assert "silent.mp4" in unfit
    assert "plate.jpg" in unfit


def test_a_bad_file_is_named_and_the_rest_is_done(run, shelf, tmp_path):
    media = shutil.copytree(shelf, tmp_path / "media")
    run("import", media)
    (media / "silent.mp4").write_bytes(b"no film any more")
    done = run("proxies")
    assert done.code == 1
    assert "2 made, 0 there before" in done.out
    assert "silent.mp4 has changed since it was imported" in done.err


def test_savings_are_nothing_before_and_numbers_after(run, library):
    assert "No proxy has been made yet" in run("proxies", "--savings").out
    run("proxies")
    done = run("proxies", "--savings")
    assert done.code == 0
    assert "3 files: " in done.out
    assert "at 20 Mbit/s" in done.out
    assert "Nova 2 Lite: 230 tokens a picture, whatever its size" in " ".join(done.out.split())


def test_savings_for_programs_are_those_of_the_line(run, library, monkeypatch, has_shape):
    monkeypatch.setenv("WORKBENCH_UPLOAD_MBIT_S", "8")
    run("proxies")
    told = run("proxies", "--savings", "--json").json
    has_shape(
        told,
        {
            "original_bytes": int, "proxy_bytes": int, "share": float, "upload_mbit_s": float,
            "kinds": [{"kind": str, "files": int}],
            "files": [{"name": str, "spec": str, "saved_bytes": int, "original_upload_s": float}],
        },
    )  # fmt: skip
    assert told["original_upload_s"] == pytest.approx(told["original_bytes"] / 1e6)


def test_an_import_makes_proxies_where_that_is_wanted(run, shelf, data_dir, monkeypatch):
    assert "proxies made" not in run("import", shelf / "plate.jpg").out
    done = run("import", shelf / "plate.jpg", "--proxies")
    assert "1 proxy made, 0 there before" in done.out
    monkeypatch.setenv("WORKBENCH_PROXIES_ON_IMPORT", "true")
    (made,) = run("import", shelf / "silent.mp4", "--json").json["proxies"]["made"]
    assert made["spec"] == "nova"
    run("import", shelf / "talk.mp4", "--no-proxies")
    assert len(proxies_in(data_dir)) == 2


def test_ctrl_c_leaves_nothing_half_written_and_it_goes_on(run, tmp_path, data_dir):
    film = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=2", "-c:v", "mpeg4"]
    run_ffmpeg([*film, tmp_path / "short.avi"])
    looped = ["-stream_loop", "600", "-i", tmp_path / "short.avi", "-c", "copy"]
    run_ffmpeg([*looped, tmp_path / "long.avi"])
    run("import", tmp_path / "long.avi")
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "proxies", "--spec", "preview"],
        env={**os.environ, "WORKBENCH_DATA_DIR": str(data_dir)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(data_dir.glob("proxy_video/.*.part.mp4")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped. What was finished is kept" in said
    assert proxies_in(data_dir) == []

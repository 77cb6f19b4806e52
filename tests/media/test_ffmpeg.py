"""Running ffmpeg."""

import os
import time
from pathlib import Path

import pytest

from tests.support.numbered_film import names_in
from workbench.errors import DiskFull, MediaDamaged, NotInstalled, ToolError
from workbench.media import ffmpeg
from workbench.media.ffmpeg import atomic_output, ffmpeg_path, input_args, run_ffmpeg

TONE = ["-f", "lavfi", "-i", "sine=duration=4"]


def stand_in(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_program_comes_with_a_package() -> None:
    assert ffmpeg_path().is_file()
    assert "imageio_ffmpeg" in str(ffmpeg_path())


def test_progress_ends_at_the_whole_length(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    run_ffmpeg(
        [*TONE, tmp_path / "tone.wav"],
        duration_s=4,
        progress=lambda *report: seen.append(report),
        stage="Writing",
    )
    assert seen[-1] == (4, 4, "Writing")
    assert all(0 <= done <= total == 4 for done, total, _ in seen)


def test_a_run_that_stands_still_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = stand_in(tmp_path / "stuck", "exec sleep 60")
    monkeypatch.setattr(ffmpeg, "ffmpeg_path", lambda: script)
    started = time.monotonic()
    with pytest.raises(ToolError, match="no progress"):
        run_ffmpeg(["out.mp4"], stalled_after_s=0.5)
    assert time.monotonic() - started < 10


def test_a_slow_run_that_goes_on_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = "\n".join(
        f"echo out_time_us={step}00000; echo progress=continue; sleep 0.4" for step in range(5)
    )
    script = stand_in(tmp_path / "slow", reports)
    monkeypatch.setattr(ffmpeg, "ffmpeg_path", lambda: script)
    run_ffmpeg(["out.mp4"], stalled_after_s=1)


def test_a_program_that_vanishes_under_a_cancelled_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = stand_in(
        tmp_path / "endless",
        f"echo $$ > {tmp_path / 'pid'}\n"
        "while true; do echo out_time_us=$(date +%s); echo progress=continue; sleep 0.2; done",
    )
    monkeypatch.setattr(ffmpeg, "ffmpeg_path", lambda: script)

    def cancel(done: int, total: int, stage: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_ffmpeg(["out.mp4"], duration_s=5, progress=cancel)
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_from_other_failures() -> None:
    with pytest.raises(DiskFull):
        run_ffmpeg([*TONE, "-f", "wav", "/dev/full"])


def test_a_file_that_is_no_media_is_damage_and_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 500)
    with pytest.raises(MediaDamaged), atomic_output(tmp_path / "out.mp4") as temporary:
        run_ffmpeg([*input_args(path), temporary])
    assert names_in(tmp_path) == ["broken.mp4"]


def test_a_wrong_option_is_a_tool_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="nonsense"):
        run_ffmpeg([*TONE, "-c:a", "nonsense", tmp_path / "out.wav"])


def test_a_playlist_cannot_make_us_read_other_files(tmp_path: Path, numbered_film: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:5,\n{numbered_film}\n#EXT-X-ENDLIST\n")
    with pytest.raises((ToolError, MediaDamaged)):
        run_ffmpeg([*input_args(playlist), "-c", "copy", tmp_path / "out.mp4"])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    ffmpeg_path.cache_clear()
    with pytest.raises(NotInstalled) as caught:
        ffmpeg_path()
    assert "pip install imageio-ffmpeg" in caught.value.hint

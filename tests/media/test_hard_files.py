"""Hard names, files that change under the hand, full disks and a program that fails.

After each failure: an error of ours with a hint, no file left behind, the original untouched.
"""

import contextlib
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import textwrap
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import workbench.media.ffmpeg
import workbench.media.probe
from tests.support.numbered_film import names_in
from workbench.errors import (
    DiskFull,
    MediaDamaged,
    MediaError,
    MediaMissing,
    NotInstalled,
    RequestError,
    ToolError,
    WorkbenchError,
)
from workbench.media.asset import Asset
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.frames.moments import save_frame
from workbench.media.frames.shots import detect_shots
from workbench.media.probe import probe
from workbench.media.video.proxy import make_video_proxy
from workbench.settings import load_settings
from workbench.workspace import Workspace

HARD_NAMES = [
    'it\'s "quoted".mp4',
    "two\nlines.mp4",
    "$(touch gone) `id` ;rm.mp4",
    "-rf.mp4",
    "concat:a|b.mp4",
    "100% %03d.mp4",
    "насос 泵 مضخة.mp4",
    "  spaces  .mp4",
]


LAST_ARGUMENT = """for out; do :; done
[ "$out" = pipe:1 ] && out=/dev/stdout
printf half >> "$out"
"""


@pytest.fixture
def film(small_film: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(small_film, tmp_path / "film.mp4"))


@pytest.fixture
def asset(film: Path) -> Asset:
    return probe(film)


@pytest.fixture
def library(tmp_path: Path, empty_catalog: Path) -> Iterator[Workspace]:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(empty_catalog, data / "app.db")
    with Workspace.open(load_settings(data_dir=data)) as opened:
        yield opened


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a script in ffmpeg's place; in it `$out` is what ffmpeg would write to."""

    def put(script: str) -> None:
        program = tmp_path / "ffmpeg"
        program.write_text(f"#!/bin/sh\n{LAST_ARGUMENT}{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(workbench.media.ffmpeg, "ffmpeg_path", lambda: program)

    return put


def refused(
    asset: Asset, folder: Path, error: type[WorkbenchError], spec: str = "nova"
) -> WorkbenchError:
    """The error that making a proxy ends in; nothing stays in its folder."""
    before = asset.path.read_bytes() if asset.path.exists() else None
    with pytest.raises(error) as caught:
        make_video_proxy(asset, spec, folder)
    assert type(caught.value) is error
    assert caught.value.hint
    assert not folder.is_dir() or names_in(folder) == []
    assert before is None or asset.path.read_bytes() == before
    return caught.value


def test_a_hard_name_goes_through_import_proxy_and_poster(
    library: Workspace, small_film: Path, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for number, name in enumerate(HARD_NAMES):
        # A box of other content at the end makes each of them a file of its own.
        box = struct.pack(">I4sI", 12, b"free", number)
        (shelf / name).write_bytes(small_film.read_bytes() + box)
    report = library.import_media([shelf])
    assert report.failed == ()
    assert {found.name for found in report.added} == set(HARD_NAMES)
    made = library.make_proxies([found.id for found in report.added], "nova")
    assert made.failed == ()
    for found in report.added:
        (proxy,) = library.store.proxies(found.id)
        assert proxy.path.is_file()
        assert library.poster(found.id).read_bytes().startswith(b"\xff\xd8")
    assert names_in(shelf) == sorted(HARD_NAMES)
    assert not (tmp_path / "gone").exists()


def test_a_film_that_grows_while_it_is_read_is_not_imported(
    library: Workspace, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = workbench.media.probe.asset_id

    def hashed(path: Path) -> str:
        name = real(path)
        with path.open("ab") as file:
            file.write(bytes(1000))
        return name

    monkeypatch.setattr(workbench.media.probe, "asset_id", hashed)
    (failure,) = library.import_media([film]).failed
    assert failure.message == "film.mp4 changed while it was read"
    assert "import it again" in failure.hint
    assert library.assets() == []


def test_a_film_that_is_deleted_while_it_is_read_is_missing(
    library: Workspace, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = workbench.media.probe.asset_id

    def hashed(path: Path) -> str:
        name = real(path)
        path.unlink()
        return name

    monkeypatch.setattr(workbench.media.probe, "asset_id", hashed)
    (failure,) = library.import_media([film]).failed
    assert "film.mp4 cannot be read: no such file or directory" in failure.message
    assert failure.hint


@pytest.mark.parametrize("spec", ["nova", "preview", "audio"])
def test_a_film_that_is_gone_before_the_decoding_is_missing(
    asset: Asset, tmp_path: Path, spec: str
) -> None:
    asset.path.unlink()
    refused(asset, tmp_path / "out", MediaMissing, spec)


def test_a_film_that_is_cut_during_the_decoding_ends_as_damaged_or_short(
    asset: Asset, tmp_path: Path
) -> None:
    os.truncate(asset.path, asset.size_bytes // 3)
    error = refused(asset, tmp_path / "out", MediaDamaged)
    assert "play it to see" in error.hint
    with pytest.raises(MediaError):
        detect_shots(asset)
    with pytest.raises(MediaError):
        save_frame(asset, 1.0, tmp_path / "out" / "frame.jpg")


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here: run as root where mount(8) may be used")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the check before the work find room: somebody else fills the disk meanwhile."""
    usage = namedtuple("usage", "total used free")(10**10, 0, 10**10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)


@pytest.mark.parametrize("spec", ["nova", "preview", "audio"])
def test_a_disk_that_fills_up_during_a_proxy_is_full(
    asset: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    much_room(monkeypatch)
    disk = tmp_path / "disk"
    with mounted(disk, "size=8k"):
        error = refused(asset, disk / "out", DiskFull, spec)
        assert str(disk / "out") in error.message


@pytest.mark.parametrize("spec", ["nova", "audio"])
def test_a_limit_on_the_size_of_files_is_a_full_disk(
    asset: Asset, tmp_path: Path, spec: str
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        refused(asset, tmp_path / "out", DiskFull, spec)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_read_only_folder_is_told_before_anything_is_decoded(
    asset: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    much_room(monkeypatch)
    disk = tmp_path / "disk"
    with mounted(disk, "ro,size=8k"):
        error = refused(asset, disk / "out", RequestError)
        assert "cannot be written to" in error.message
        # The folder is there this time: it is the file that cannot be written.
        error = refused(asset, disk, RequestError)
        assert str(disk) in error.message


def test_a_film_of_one_picture_is_a_film(library: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "blink.mp4"
    pictures = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=0.04"]
    run_ffmpeg([*pictures, "-f", "lavfi", "-i", "sine=f=220:d=0.04", "-c:a", "aac", path])
    (blink,) = library.import_media([path]).added
    assert blink.duration_s == pytest.approx(0.04, abs=0.03)
    proxy = make_video_proxy(blink, "nova", tmp_path / "out")
    assert proxy.duration_s == pytest.approx(1, abs=0.97)
    assert make_video_proxy(blink, "preview", tmp_path / "out").size_bytes > 500
    assert make_video_proxy(blink, "audio", tmp_path / "out").duration_s <= 0.2
    assert library.poster(blink.id).stat().st_size > 500
    assert [shot.start_s for shot in detect_shots(blink)] == [0.0]


@pytest.fixture(scope="session")
def ten_hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten hours of silence at 8 kHz, a hole on the disk but for its header."""
    path = tmp_path_factory.mktemp("long") / "ten hours.wav"
    count = 8000 * 36_000
    shape = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    head = b"WAVEfmt " + shape + b"data" + struct.pack("<I", count)
    path.write_bytes(b"RIFF" + struct.pack("<I", count + 36) + head)
    os.truncate(path, 44 + count)
    return path


def test_ten_hours_of_sound_are_read_in_little_memory_and_need_room(
    ten_hours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    asset = probe(ten_hours)
    assert (asset.kind, asset.duration_s, asset.warnings) == ("audio", 36_000.0, ())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB

    usage = namedtuple("usage", "total used free")(10**10, 0, 10**9)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: usage)
        with pytest.raises(DiskFull, match="1000 MB free; 1206 MB are needed"):
            make_video_proxy(asset, "audio", tmp_path / "out")

    seen: list[tuple[int, int, str]] = []

    def stop(*report: object) -> None:
        seen.append(report)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_video_proxy(asset, "audio", tmp_path / "out", progress=stop)
    ((done, total, stage),) = seen
    assert done < total == 36_000
    assert "audio" in stage
    assert names_in(tmp_path / "out") == []


def test_without_ffmpeg_a_proxy_says_what_to_install(
    asset: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Path:
        raise NotInstalled("the imageio-ffmpeg package is missing", hint="pip install it")

    monkeypatch.setattr(workbench.media.ffmpeg, "ffmpeg_path", missing)
    refused(asset, tmp_path / "out", NotInstalled)


@pytest.mark.parametrize("script", ["exec sleep 60", "exec >&-; exec sleep 60"])
def test_an_ffmpeg_that_hangs_is_ended(
    asset: Asset,
    tmp_path: Path,
    stand_in: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    script: str,
) -> None:
    monkeypatch.setattr(workbench.media.ffmpeg, "STALLED_AFTER_S", 0.6)
    stand_in(script)
    error = refused(asset, tmp_path / "out", ToolError)
    assert "made no progress" in error.message


def test_an_ffmpeg_whose_file_still_grows_does_not_hang(
    tmp_path: Path, stand_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It reports nothing while it moves the index to the front of a large file.
    monkeypatch.setattr(workbench.media.ffmpeg, "STALLED_AFTER_S", 1.2)
    stand_in('for _ in 1 2 3 4; do sleep 0.5; printf more >> "$out"; done')
    run_ffmpeg([tmp_path / "out.mp4"])
    assert (tmp_path / "out.mp4").read_bytes().startswith(b"halfmore")


def test_an_ffmpeg_that_is_killed_is_told_from_one_that_fails(
    asset: Asset, tmp_path: Path, stand_in: Callable[[str], None]
) -> None:
    stand_in("kill -9 $$")
    error = refused(asset, tmp_path / "out", ToolError)
    assert error.message == "ffmpeg was ended from outside (SIGKILL)"
    assert "memory" in error.hint


def test_an_interrupt_ends_ffmpeg_and_leaves_nothing(film: Path, tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!/bin/sh\n{LAST_ARGUMENT}"
        f'echo $$ > "{tmp_path}/pid"\ntrap "" INT\n'
        "while true; do echo out_time_us=1; echo progress=continue; sleep 0.1; done\n"
    )
    program.chmod(0o755)
    # What a shell starts in the background begins with interrupts ignored.
    script = textwrap.dedent(f"""
        import signal
        from pathlib import Path
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from workbench.media.probe import probe
        from workbench.media.video.proxy import make_video_proxy
        make_video_proxy(probe(Path({str(film)!r})), "nova", Path({str(tmp_path / "out")!r}))
    """)
    environment = {**os.environ, "IMAGEIO_FFMPEG_EXE": str(program)}
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment, stderr=subprocess.PIPE, start_new_session=True,
    ) as ours:  # fmt: skip
        until = time.monotonic() + 30
        while not (tmp_path / "pid").exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(ours.pid, signal.SIGINT)
        try:
            _, words = ours.communicate(timeout=20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(ours.pid, signal.SIGKILL)
    assert b"KeyboardInterrupt" in words
    assert names_in(tmp_path / "out") == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_film_whose_clock_jumps_says_where(film: Path, tmp_path: Path) -> None:
    jumpy = tmp_path / "jumpy.mkv"
    times = "setts=pts=if(gte(N\\,10)\\,PTS+400/TB\\,PTS):dts=if(gte(N\\,10)\\,DTS+400/TB\\,DTS)"
    run_ffmpeg(["-i", film, "-an", "-c", "copy", "-bsf:v", times, jumpy])
    asset = probe(jumpy)
    assert asset.duration_s == pytest.approx(403, abs=0.3)
    assert "It has no pictures from 0:00 to 6:41: its clock jumps there." in asset.warnings

"""What is drawn of a film's length: a strip, a poster, and how loud it is."""

import struct
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.numbered_film import names_in, number_in
from workbench.errors import MediaDamaged, MediaUnsupported
from workbench.media.asset import Asset
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.frames.moments import read_key_frames
from workbench.media.frames.posters import save_poster
from workbench.media.frames.strips import make_strip, read_strip
from workbench.media.probe import probe
from workbench.media.sound.waveform import load_waveform, read_waveform, save_waveform
from workbench.media.video.proxy import make_video_proxy


@pytest.fixture(scope="module")
def film(numbered_film: Path) -> Asset:
    return probe(numbered_film)


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def cells(sheet: Path, cell_px: tuple[int, int], columns: int, count: int) -> list[np.ndarray]:
    pixels = pixels_of(sheet)
    width, height = cell_px
    found = []
    for number in range(count):
        top, left = number // columns * height, number % columns * width
        found.append(pixels[top : top + height, left : left + width])
    return found


def test_key_frames_come_with_their_own_time(numbered_film: Path) -> None:
    # A key frame every two seconds at 25 frames a second.
    got = [(s, number_in(p)) for s, p in read_key_frames(numbered_film, [0.5, 1.9, 7.0, 61.0])]
    assert got == [(0.0, 0), (pytest.approx(6.0), 150), (pytest.approx(60.0), 1500)]


def test_each_picture_of_a_strip_is_the_one_of_its_moment(film: Asset, tmp_path: Path) -> None:
    strip = make_strip(film, tmp_path / "strip.jpg")
    assert 30 <= len(strip.moments_s) <= 60
    assert list(strip.moments_s) == sorted(strip.moments_s)
    assert strip.cell_px == (160, 90)
    shown = cells(strip.path, strip.cell_px, strip.columns, len(strip.moments_s))
    for moment_s, picture in zip(strip.moments_s, shown, strict=True):
        assert number_in(picture) == round(moment_s * 25)
    assert read_strip(strip.path) == strip
    assert [strip.nearest(m) for m in (0.0, strip.moments_s[3] + 0.1, 99.0)] == [
        *(0, 3),
        len(strip.moments_s) - 1,
    ]


def test_a_proxy_gives_the_same_strip(film: Asset, tmp_path: Path) -> None:
    proxy = make_video_proxy(film, "nova", tmp_path)
    strip = make_strip(film, tmp_path / "strip.jpg", source=proxy.path)
    assert len(strip.moments_s) >= 30
    shown = cells(strip.path, strip.cell_px, strip.columns, len(strip.moments_s))
    for moment_s, picture in zip(strip.moments_s, shown, strict=True):
        # One picture a second: what is shown at 7.5 s is the picture of 7 s.
        assert number_in(picture) == int(moment_s) * 25


def test_a_short_film_with_one_key_frame_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "short.mkv"
    pictures = ["-f", "lavfi", "-i", "testsrc2=s=90x160:r=10:d=6"]
    run_ffmpeg([*pictures, "-c:v", "libx264", "-g", "999", path])
    strip = make_strip(probe(path), tmp_path / "strip.jpg")
    assert strip.moments_s == (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    assert strip.cell_px == (51, 90)
    assert pixels_of(strip.path).shape == (90, 51 * 6, 3)


def test_sound_has_no_strip_and_another_jpeg_is_none(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=1", path])
    with pytest.raises(MediaUnsupported, match=r"tone\.wav has no moving pictures"):
        make_strip(probe(path), tmp_path / "strip.jpg")
    Image.new("RGB", (9, 9)).save(tmp_path / "other.jpg")
    for name in ("other.jpg", "gone.jpg", "tone.wav"):
        with pytest.raises(MediaDamaged):
            read_strip(tmp_path / name)
    assert names_in(tmp_path) == ["other.jpg", "tone.wav"]


def colour_of(path: Path) -> tuple[int, ...]:
    return tuple(round(v) for v in pixels_of(path).mean(axis=(0, 1)))


@pytest.mark.parametrize("gop", [10, 999])
def test_a_poster_is_not_the_black_at_the_beginning(tmp_path: Path, gop: int) -> None:
    path = tmp_path / "dark.mp4"
    graph = "color=black:s=160x90:r=10:d=5[a];testsrc2=s=160x90:r=10:d=5[b];[a][b]concat"
    run_ffmpeg(["-filter_complex", graph, "-c:v", "libx264", "-g", str(gop), path])
    poster = save_poster(probe(path), tmp_path / "poster.jpg", width_px=100)
    assert sum(colour_of(poster)) > 150
    assert pixels_of(poster).shape == (56, 100, 3)


def test_a_film_without_any_detail_has_a_poster_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "flat.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "color=navy:s=160x90:r=10:d=2", "-c:v", "libx264", path])
    assert colour_of(save_poster(probe(path), tmp_path / "poster.jpg"))[2] > 90


def test_a_waveform_rises_where_it_gets_loud(tmp_path: Path) -> None:
    path = tmp_path / "steps.wav"
    loud = "sine=f=300:d=4,volume='if(lt(t,2),0,0.5)':eval=frame"
    run_ffmpeg(["-f", "lavfi", "-i", loud, "-ac", "2", path])
    asset = probe(path)
    waveform = read_waveform(asset)
    assert len(waveform.peaks) == len(waveform.loudness) == 400
    assert waveform.bucket_s == pytest.approx(0.01)
    assert max(waveform.peaks[:195]) == 0
    assert min(waveform.peaks[205:395]) > 0
    # The root of the mean square of a sine is its peak over the root of two.
    assert np.mean(waveform.loudness[210:390]) == pytest.approx(
        np.mean(waveform.peaks[210:390]) / 2**0.5, abs=1.5
    )
    assert not waveform.is_silent
    save_waveform(waveform, tmp_path / "kept.json")
    assert load_waveform(tmp_path / "kept.json") == waveform


def test_sound_that_starts_late_is_drawn_late(tmp_path: Path, numbered_film: Path) -> None:
    path = tmp_path / "late.mkv"
    late = ["-itsoffset", "3", "-f", "lavfi", "-i", "sine=f=300:d=2"]
    run_ffmpeg(["-t", "6", "-i", numbered_film, *late, "-c:v", "copy", path])
    waveform = read_waveform(probe(path))
    heard = [n * waveform.bucket_s for n, peak in enumerate(waveform.peaks) if peak > 5]
    assert (heard[0], heard[-1]) == (pytest.approx(3, abs=0.06), pytest.approx(5, abs=0.06))


def test_silence_is_told_and_a_film_without_sound_is_refused(tmp_path: Path, film: Asset) -> None:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    assert read_waveform(probe(path)).is_silent
    with pytest.raises(MediaUnsupported, match="has no sound"):
        read_waveform(film)
    path.write_text("{}")
    with pytest.raises(MediaDamaged):
        load_waveform(path)


def test_the_memory_of_a_waveform_does_not_grow_with_its_length(tmp_path: Path) -> None:
    most = []
    for seconds in (30, 180):
        path = tmp_path / f"{seconds}.wav"
        count = 8000 * seconds
        shape = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
        head = b"WAVEfmt " + shape + b"data" + struct.pack("<I", count)
        path.write_bytes(b"RIFF" + struct.pack("<I", count + 36) + head + bytes(count))
        asset = probe(path)
        seen: list[tuple[int, int, str]] = []
        tracemalloc.start()
        read_waveform(asset, progress=lambda *told, seen=seen: seen.append(told))
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen[-1][:2] == (seconds, seconds)
        assert seen == sorted(seen)
    assert most[1] < 1.5 * most[0] + 500_000

"""Pieces of somebody's own films on cards: the right frames, and their own sound in step."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.support.clock_film import Look, even_times, time_in, uneven_times, write_clock
from workbench.errors import RequestError
from workbench.explain.films.composing import UNDER_WORDS, composed, sound_of_clip
from workbench.explain.films.making import make_film
from workbench.explain.narration import (
    FRAME_RATE,
    LEAD_S,
    SAMPLE_RATE_HZ,
    SAMPLES_A_FRAME,
    SILENT,
    TimedBeat,
    Voice,
)
from workbench.explain.storyboards.storyboard import (
    Beat,
    Storyboard,
    checked,
    read_storyboard,
    write_storyboard,
)
from workbench.explain.storyboards.visuals import Clip, Title
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.frames.moments import read_frames

ROOM = (140, 60, 1140, 660)
"""As wide over its height as the clock films are: 160 by 96."""


@pytest.fixture(scope="module")
def flashes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of eight seconds: white with a tone in the first tenth of each second, else black."""
    path = tmp_path_factory.mktemp("flashes") / "flashes.mp4"
    light = "color=black:s=160x90:r=30:d=8,geq=lum='if(lt(mod(T,1),0.1),235,16)':cb=128:cr=128"
    tone = "aevalsrc='0.5*sin(2*PI*440*t)*lt(mod(t,1),0.1)':s=44100:d=8"
    coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    run_ffmpeg(["-f", "lavfi", "-i", light, "-f", "lavfi", "-i", tone, *coded, path])
    return path


def timed(clip: Clip, frames: int, sound: Path | None = None) -> TimedBeat:
    return TimedBeat(0, Beat("", clip), 0, frames, (), sound)


def rises_s(values: np.ndarray, rate: float) -> list[float]:
    """When something begins."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], values.astype(int)])) > 0)
    return [index / rate for index in edges]


@pytest.mark.parametrize(
    ("name", "times", "look"),
    [
        ("even.mp4", even_times(Fraction(25), 6), Look()),
        ("uneven.mp4", uneven_times(8), Look()),
        ("late.mkv", even_times(Fraction(25), 6), Look(start_s=5.0)),
        ("turned.mp4", even_times(Fraction(25), 6), Look(rotation_deg=180)),
    ],
)
def test_a_composed_beat_shows_the_frames_of_its_source_at_the_right_times(
    tmp_path: Path, name: str, times: list[Fraction], look: Look
) -> None:
    path = write_clock(tmp_path / name, times, look)
    clip, count = Clip(str(path), 2.5, 4.0), 60
    card = Pillow.new("RGB", (1280, 720), "white")
    left, top, right, bottom = ROOM
    shown = [
        time_in(np.asarray(frame)[top:bottom, left:right])
        for frame in composed(clip, card, ROOM, count, count / FRAME_RATE)
    ]
    last_s = 4.0 - 1 / FRAME_RATE
    moments = [min(2.5 + number / FRAME_RATE, last_s) for number in range(count)]
    assert shown == [time_in(picture) for _, picture in read_frames(path, moments)]
    assert len(set(shown[45:])) == 1


def test_a_piece_that_is_heard_is_as_long_as_it_was_and_in_step_to_a_frame(
    flashes: Path, tmp_path: Path
) -> None:
    beats = (Beat("Flashes", Title()), Beat("", Clip(str(flashes), 1.5, 6.5, sound=True)))
    film = make_film(Storyboard("a", beats), tmp_path / "film", tmp_path / "kept", SILENT)
    assert film.beats[1].length_s == pytest.approx(5.0, abs=1 / FRAME_RATE)
    with av.open(str(film.path)) as opened:
        bright = [f.to_ndarray(format="gray")[340, 640] > 128 for f in opened.decode(video=0)]
    with av.open(str(film.path)) as opened:
        rate = opened.streams.audio[0].rate
        heard = np.concatenate([f.to_ndarray()[0] for f in opened.decode(audio=0)])
    window = rate // 200
    loud = np.abs(heard[: len(heard) // window * window]).reshape(-1, window).max(axis=1) > 0.1
    start = round(film.beats[1].start_s * FRAME_RATE)
    seen = [film.beats[1].start_s + s for s in rises_s(np.array(bright[start:]), FRAME_RATE)]
    assert len(seen) == 5
    assert len(rises_s(loud, 200)) == 5
    late = [sound - light for sound, light in zip(rises_s(loud, 200), seen, strict=True)]
    assert max(map(abs, late)) <= 1 / FRAME_RATE


def test_a_piece_is_quieter_under_words_and_is_silent_where_it_has_ended(
    flashes: Path, tmp_path: Path
) -> None:
    clip = Clip(str(flashes), 0.5, 3.5, sound=True)
    words = tmp_path / "words.wav"
    with wave.open(str(words), "wb") as out:
        out.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        out.writeframes(np.full(SAMPLE_RATE_HZ // 50, 8_000, "<i2").tobytes())
    alone, under = (
        sound_of_clip(clip, timed(clip, 150)),
        sound_of_clip(clip, timed(clip, 150, words)),
    )
    assert alone is not None
    assert under is not None
    assert len(alone) == len(under) == 150 * SAMPLES_A_FRAME
    tone = slice(round(0.5 * SAMPLE_RATE_HZ), round(0.6 * SAMPLE_RATE_HZ))
    assert np.abs(alone[tone]).max() == pytest.approx(16_384, rel=0.1)
    assert np.abs(under[tone]).max() == pytest.approx(
        UNDER_WORDS * np.abs(alone[tone]).max(), abs=2
    )
    said = under[round(LEAD_S * SAMPLE_RATE_HZ) :][: SAMPLE_RATE_HZ // 50]
    assert np.abs(said.astype(int) - 8_000).max() <= 40
    assert not alone[round(3.1 * SAMPLE_RATE_HZ) :].any()


def test_a_clip_without_a_sound_is_silent_and_no_fault(tmp_path: Path, humming: Voice) -> None:
    path = write_clock(tmp_path / "mute.mp4", even_times(Fraction(10), 4), Look())
    beats = (Beat("", Clip(str(path), 0.0, 3.0, sound=True)),)
    film = make_film(Storyboard("a", beats), tmp_path / "film", tmp_path / "kept", SILENT)
    assert film.notes == ()
    with av.open(str(film.path)) as opened:
        assert not opened.streams.audio
    spoken = (Beat("", Clip(str(path), 0.0, 3.0, sound=True), "four words are said"),)
    film = make_film(Storyboard("a", spoken), tmp_path / "said", tmp_path / "kept", humming)
    with av.open(str(film.path)) as opened:
        assert opened.streams.audio
        loudest = max(np.abs(f.to_ndarray()).max() for f in opened.decode(audio=0))
    assert loudest > 0.2


def test_a_piece_that_cannot_be_read_is_a_card_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    beats = (Beat("Clip", Clip(str(tmp_path / "broken.mp4"), 0, 3, sound=True)),)
    film = make_film(Storyboard("a", beats), tmp_path / "film", tmp_path / "kept", SILENT)
    (note,) = film.notes
    assert "broken.mp4" in note


def test_a_storyboard_says_in_json_that_a_clip_is_heard(flashes: Path) -> None:
    story = Storyboard("a", (Beat("", Clip(str(flashes), 0.0, 3.0, sound=True)),))
    assert read_storyboard(write_storyboard(story)) == checked(story)
    older = write_storyboard(story).replace('"sound": true,', "")
    assert not read_storyboard(older).beats[0].show.sound  # type: ignore[union-attr]
    with pytest.raises(RequestError, match="too long to be heard"):
        checked(Storyboard("a", (Beat("", Clip(str(flashes), 0.0, 3000.0, sound=True)),)))

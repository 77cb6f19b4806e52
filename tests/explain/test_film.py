"""Films: sound and pictures in step, captions on the words, and nothing drawn twice."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.explain.conftest import WORD_S
from workbench.explain.films.making import Film, make_film
from workbench.explain.narration import FRAME_RATE, LEAD_S, SILENT, Voice
from workbench.explain.storyboards.storyboard import Beat, Storyboard, read_storyboard
from workbench.explain.storyboards.visuals import Bullets, Clip, Image, Quote, Title
from workbench.jsonable import from_json
from workbench.media.ffmpeg import run_ffmpeg
from workbench.speech.subtitles.files import read_subtitles

BEATS = 12


@pytest.fixture(scope="module")
def chequered(tmp_path_factory: pytest.TempPathFactory, humming: Voice) -> Film:
    """A film whose beats are white and black in turn, each with a few words."""
    folder = tmp_path_factory.mktemp("film")
    for name in ("white", "black"):
        Pillow.new("RGB", (640, 360), name).save(folder / f"{name}.png")
    beats = tuple(
        # Lengths that are no whole number of frames: rounding errors would add up.
        Beat(
            "",
            Image(str(folder / f"{('white', 'black')[n % 2]}.png")),
            " ".join(f"w{n}o{i}" for i in range(19 + n % 3)),
        )
        for n in range(BEATS)
    )
    return make_film(Storyboard("Chequers", beats), folder / ("f" * 12), folder / "kept", humming)


def cuts_s(path: Path) -> list[float]:
    """When the middle of the picture changes from black to white or back."""
    moments, last = [], None
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            plane = frame.planes[0]
            bright = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[360, 640] > 128
            if last is not None and bright != last:
                moments.append(float(frame.pts * frame.time_base))
            last = bright
    return moments


def tones_s(path: Path) -> list[tuple[float, float]]:
    """From when to when something is heard."""
    with av.open(str(path)) as film:
        rate = film.streams.audio[0].rate
        sound = np.concatenate([f.to_ndarray()[0] for f in film.decode(audio=0)])
    window = rate // 200
    loud = np.abs(sound[: len(sound) // window * window]).reshape(-1, window).max(axis=1) > 0.05
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    return [(a / 200, b / 200) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_every_picture_changes_within_a_frame_of_its_sound_and_nothing_drifts(
    chequered: Film,
) -> None:
    cuts = [0.0, *cuts_s(chequered.path)]
    tones = tones_s(chequered.path)
    assert len(cuts) == len(tones) == BEATS
    late = [tone[0] - LEAD_S - cut for cut, tone in zip(cuts, tones, strict=True)]
    assert max(map(abs, late)) <= 1 / FRAME_RATE
    assert abs(late[-1] - late[0]) <= 0.5 / FRAME_RATE
    assert [round(beat.start_s, 3) for beat in chequered.beats] == [round(c, 3) for c in cuts]


def test_captions_are_on_the_words(chequered: Film) -> None:
    tones = tones_s(chequered.path)
    captions = read_subtitles(chequered.srt_path).utterances
    for start_s, end_s in tones:
        inside = [u.span for u in captions if start_s - 0.1 <= u.span.start_s <= end_s]
        assert abs(inside[0].start_s - start_s) <= 0.1
        assert abs(inside[-1].end_s - end_s) <= 0.1
    assert chequered.vtt_path.read_text().startswith("WEBVTT")


def test_a_film_is_h264_aac_and_soft_captions_as_long_as_its_beats(chequered: Film) -> None:
    with av.open(str(chequered.path)) as film:
        kinds = [(s.type, s.codec_context.name if s.codec_context else "") for s in film.streams]
        assert [kind for kind, _ in kinds] == ["video", "audio", "subtitle"]
        video = film.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1280, 720)
        assert video.codec_context.pix_fmt == "yuv420p"
        assert video.frames == round(chequered.duration_s * FRAME_RATE)
        assert film.streams.audio[0].codec_context.name == "aac"
        assert abs(float(film.duration) / 1e6 - chequered.duration_s) < 0.05
        assert film.metadata["title"] == "Chequers"


def test_what_belongs_to_a_film_lies_beside_it(chequered: Film) -> None:
    names = {path.name for path in chequered.folder.iterdir()}
    stills = {f"still-{n:02}.jpg" for n in range(1, BEATS + 1)}
    assert names == {
        "film.mp4", "film.json", "captions.srt", "captions.vtt", "storyboard.json",
        "transcript.md", *stills,
    }  # fmt: skip
    assert from_json(Film, (chequered.folder / "film.json").read_bytes()) == chequered
    assert len(read_storyboard(chequered.storyboard_path.read_bytes()).beats) == BEATS


def test_a_changed_beat_is_the_only_one_that_is_drawn_and_spoken_again(
    tmp_path: Path, humming: Voice
) -> None:
    beats = tuple(Beat(f"Beat {n}", Quote(f"quote {n}"), f"words {n}") for n in range(4))
    kept = tmp_path / "kept"
    first = make_film(Storyboard("a", beats), tmp_path / "one", kept, humming)
    again = make_film(Storyboard("a", beats), tmp_path / "two", kept, humming)
    changed = (*beats[:2], Beat("Other", Quote("other"), "other words here"), beats[3])
    third = make_film(Storyboard("a", changed), tmp_path / "three", kept, humming)
    assert (first.beats_drawn, again.beats_drawn, third.beats_drawn) == (4, 0, 1)
    assert len(list((kept / "speech").glob("*.wav"))) == 5
    assert first.path.read_bytes() == again.path.read_bytes()


def test_points_appear_while_they_are_said(tmp_path: Path, humming: Voice) -> None:
    items = ("First the pump.", "Then the seal is looked at.", "Last the shaft.")
    story = Storyboard("a", (Beat("Points", Bullets(items), " ".join(items)),))
    film = make_film(story, tmp_path / "film", tmp_path / "kept", humming)
    starts = [0.0, LEAD_S + 3 * WORD_S, LEAD_S + 9 * WORD_S]
    with av.open(str(film.path)) as opened:
        frames = [f.to_ndarray(format="gray") for f in opened.decode(video=0)]
    changes = [
        n / FRAME_RATE
        for n in range(1, len(frames))
        if np.abs(frames[n].astype(int) - frames[n - 1]).mean() > 0.05
    ]
    for start in starts[1:]:
        assert any(abs(change - start) <= 1.5 / FRAME_RATE for change in changes), (start, changes)


def test_without_a_voice_there_is_a_film_to_read(tmp_path: Path) -> None:
    story = Storyboard(
        "a", (Beat("Title", Title()), Beat("Q", Quote("x"), "Read this aloud, please."))
    )
    film = make_film(story, tmp_path / "film", tmp_path / "kept", SILENT)
    with av.open(str(film.path)) as opened:
        assert [s.type for s in opened.streams] == ["video", "subtitle"]
    assert "Read this aloud" in film.srt_path.read_text()
    assert film.voice == "none"


def test_a_clip_shows_the_source_at_its_own_pace_and_stands_still_at_its_end(
    tmp_path: Path,
) -> None:
    # Each second of the source is brighter than the one before.
    shade = "color=black:s=320x180:r=10:d=4,geq=lum='40+40*floor(T)':cb=128:cr=128"
    run_ffmpeg(["-f", "lavfi", "-i", shade, "-pix_fmt", "yuv420p", tmp_path / "steps.mp4"])
    clip = Clip(str(tmp_path / "steps.mp4"), 1.0, 3.0)
    story = Storyboard("a", (Beat("", clip, "w " * 10),))
    film = make_film(story, tmp_path / "film", tmp_path / "kept", SILENT)
    with av.open(str(film.path)) as opened:
        levels = [f.to_ndarray(format="gray")[340, 640] for f in opened.decode(video=0)]
    assert abs(int(levels[15]) - int(levels[0])) < 8
    assert int(levels[45]) - int(levels[15]) > 25
    assert abs(int(levels[-1]) - int(levels[45])) < 8


def test_a_beat_whose_file_cannot_be_read_becomes_a_plain_card_and_the_film_is_made(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    beats = (
        Beat("Fine", Quote("x"), "One."),
        Beat("Picture", Image(str(tmp_path / "broken.png")), "Two."),
        Beat("Clip", Clip(str(tmp_path / "broken.mp4"), 0, 1), "Three."),
    )
    film = make_film(Storyboard("a", beats), tmp_path / "film", tmp_path / "kept", SILENT)
    assert [bool(beat.warnings) for beat in film.beats] == [False, True, True]
    assert len(film.notes) == 2
    assert film.path.is_file()


def test_a_film_that_is_stopped_leaves_no_film(tmp_path: Path, humming: Voice) -> None:
    def stop(done: int, total: int, stage: str) -> None:
        if stage.startswith("draws"):
            raise KeyboardInterrupt

    story = Storyboard("a", (Beat("Fine", Quote("x"), "One."),))
    with pytest.raises(KeyboardInterrupt):
        make_film(story, tmp_path / "film", tmp_path / "kept", humming, progress=stop)
    assert not (tmp_path / "film" / "film.json").exists()
    assert not list(tmp_path.rglob("*.part*"))

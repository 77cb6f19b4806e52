"""Films drawn by Manim: as long as with cards, in step with the sound, and finished whatever fails."""

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.explain.animation.conftest import needs_manim
from tests.explain.test_film import cuts_s, tones_s
from workbench.explain.animation.drawing import Order, Performer, draw_scenes
from workbench.explain.films import pieces
from workbench.explain.films.making import make_film
from workbench.explain.narration import FRAME_RATE, LEAD_S, SILENT, Voice
from workbench.explain.storyboards.storyboard import Beat, Storyboard
from workbench.explain.storyboards.visuals import Bullets, Closing, Curve, Image, Plot, Quote, Title

pytestmark = needs_manim

SCENE = """
import os
from manim import Scene, Square, FadeIn
from workbench.explain.animation.stage import Stage

class Good(Scene):
    def construct(self):
        stage = Stage(self, theme="dark", length_s=0.5)
        box = stage.panel((500, 300, 700, 400), "#ffffff")
        stage.at(0.2, enter=[box])
        stage.rest()

class Short(Scene):
    def construct(self):
        self.add(Square())
        self.wait(0.1)

class Long(Scene):
    def construct(self):
        self.play(FadeIn(Square()), run_time=3)

class Raises(Scene):
    def construct(self):
        raise ValueError("the sum of this is odd")

class Dies(Scene):
    def construct(self):
        os._exit(3)
"""


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]


def test_every_scene_gets_just_its_frames_and_one_that_fails_costs_no_other(tmp_path: Path) -> None:
    names = ("Good", "Raises", "Dies", "Short", "Long", "Missing")
    orders = [Order(name, 15, tmp_path / f"{name}.mp4") for name in names]
    seen: list[int] = []
    problems = draw_scenes(SCENE, orders, seen.append)
    assert problems == {
        "Raises": "ValueError: the sum of this is odd",
        "Dies": problems["Dies"],
        "Missing": "KeyError: 'Missing'",
    }
    assert "ended with 3" in problems["Dies"]
    assert sorted(set(seen)) == list(range(len(names)))
    assert {path.name for path in tmp_path.iterdir() if path.suffix == ".mp4" and path.name[0] != "."} == {
        "Good.mp4", "Short.mp4", "Long.mp4",
    }  # fmt: skip
    for name in ("Good", "Short", "Long"):
        assert len(frames_of(tmp_path / f"{name}.mp4")) == 15
    good = frames_of(tmp_path / "Good.mp4")
    assert good[0][350, 600] < 60
    assert good[-1][350, 600] > 200


def test_drawing_that_is_stopped_ends_its_processes_and_leaves_no_half_file(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        if any(tmp_path.iterdir()):
            raise KeyboardInterrupt

    orders = [Order("Long", 4000, tmp_path / f"{n}.mp4") for n in range(2)]
    with pytest.raises(KeyboardInterrupt):
        draw_scenes(SCENE, orders, stop)
    assert list(tmp_path.iterdir()) == []
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "workbench-scenes-" not in running.stdout


def test_a_film_is_as_long_by_manim_as_by_cards_and_its_beats_can_be_mixed(tmp_path: Path) -> None:
    beats = (
        Beat("Pumps", Title("in short"), "Pumps move water."),
        Beat("Law", Plot((Curve("square", formula="x^2"),), 0, 2), "It grows. And it grows."),
        Beat("Points", Closing(("seal", "shaft")), "The seal. The shaft."),
    )
    story = Storyboard("Pumps", beats)
    kept = tmp_path / "kept"
    cards = make_film(story, tmp_path / "cards", kept, SILENT)
    moved = make_film(story, tmp_path / "manim", kept, SILENT, renderer="manim")
    assert moved.duration_s == cards.duration_s
    assert [beat.length_s for beat in moved.beats] == [beat.length_s for beat in cards.beats]
    assert moved.renderer.startswith("manim 0.22")
    assert (moved.beats_drawn, moved.notes) == (3, ())
    with av.open(str(cards.path)) as one, av.open(str(moved.path)) as other:
        first, second = one.streams.video[0], other.streams.video[0]
        assert first.frames == second.frames
        assert first.codec_context.extradata == second.codec_context.extradata
        assert first.codec_context.color_range == second.codec_context.color_range
    assert "class Beat02Plot(Scene):" in (moved.folder / "scene.py").read_text()
    assert not (cards.folder / "scene.py").exists()
    shades = [
        np.asarray(Pillow.open(film.folder / "still-03.jpg").convert("L")).mean()
        for film in (cards, moved)
    ]
    assert abs(shades[0] - shades[1]) < 4

    # One beat changed: it is drawn again, and only it.
    changed = Storyboard(
        "Pumps", (beats[0], Beat("Law", Quote("It leaks."), beats[1].say), beats[2])
    )
    again = make_film(changed, tmp_path / "again", kept, SILENT, renderer="manim")
    assert again.beats_drawn == 1
    assert len(frames_of(again.path)) == round(again.duration_s * FRAME_RATE)


def test_pictures_change_within_a_frame_of_their_sound(tmp_path: Path, humming: Voice) -> None:
    for name in ("white", "black"):
        Pillow.new("RGB", (640, 360), name).save(tmp_path / f"{name}.png")
    beats = tuple(
        Beat(
            "",
            Image(str(tmp_path / f"{('white', 'black')[n % 2]}.png")),
            " ".join(f"w{n}o{i}" for i in range(19 + n % 3)),
        )
        for n in range(6)
    )
    film = make_film(
        Storyboard("Chequers", beats), tmp_path / "f", tmp_path / "kept", humming, renderer="manim"
    )
    assert film.notes == ()
    cuts, tones = [0.0, *cuts_s(film.path)], tones_s(film.path)
    assert len(cuts) == len(tones) == len(beats)
    late = [tone[0] - LEAD_S - cut for cut, tone in zip(cuts, tones, strict=True)]
    assert max(map(abs, late)) <= 1 / FRAME_RATE


def test_points_begin_to_appear_in_the_frame_in_which_they_are_said(
    tmp_path: Path, humming: Voice
) -> None:
    items = ("First the pump.", "Then the seal is looked at.", "Last the shaft.")
    story = Storyboard("a", (Beat("Points", Bullets(items), " ".join(items)),))
    film = make_film(story, tmp_path / "film", tmp_path / "kept", humming, renderer="manim")
    frames = frames_of(film.path)
    # The dots at the left of the three points.
    dots = [
        np.abs(frame[168:400, 72:96].astype(int) - frames[0][168:400, 72:96]) for frame in frames
    ]
    rows = np.flatnonzero(dots[-1].max(axis=1) > 8)
    groups = np.split(rows, np.flatnonzero(np.diff(rows) > 4) + 1)
    assert len(groups) == 3
    tones = tones_s(film.path)
    assert len(tones) == 1
    starts = [tones[0][0] + words * 0.11 for words in (0, 3, 9)]
    for group, start in zip(groups, starts, strict=True):
        first = next(n for n, dot in enumerate(dots) if dot[group].max() > 3)
        assert abs(first / FRAME_RATE - start) <= 2.5 / FRAME_RATE


def test_a_beat_that_manim_cannot_draw_becomes_its_card_and_the_film_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(*arguments: object) -> str:
        source = whole(*arguments)  # type: ignore[arg-type]
        return source.replace("'It leaks.'", "undefined")

    whole = pieces.source_of
    monkeypatch.setattr(pieces, "source_of", spoilt)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    beats = (
        Beat("Fine", Title("x"), "One."),
        Beat("Odd", Quote("It leaks."), "Two."),
        Beat("Gone", Image(str(tmp_path / "broken.png")), "Three."),
    )
    film = make_film(
        Storyboard("a", beats), tmp_path / "film", tmp_path / "kept", SILENT, renderer="manim"
    )
    assert [bool(beat.warnings) for beat in film.beats] == [False, True, True]
    assert "Odd: drawn as a card: NameError" in film.notes[0]
    assert len(frames_of(film.path)) == round(film.duration_s * FRAME_RATE)


def test_two_processes_of_one_file_keep_their_drawings_apart(tmp_path: Path) -> None:
    """Manim names a drawing by its words, and takes it away when it has read it."""
    path = tmp_path / "scene.py"
    path.write_text(
        "from manim import Scene, config\n"
        "class Where(Scene):\n"
        "    def construct(self):\n"
        "        raise ValueError(config.media_dir)\n"
    )
    performers = [Performer(path), Performer(path)]
    try:
        folders = {each.ask({"scene": "Where"}, 60)["problem"] for each in performers}
    finally:
        for each in performers:
            each.close()
    assert len(folders) == 2
    assert all(folder.startswith(f"ValueError: {tmp_path}") for folder in folders)

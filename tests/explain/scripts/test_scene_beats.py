"""Scenes as beats of a film: as long as they are, drawn once, and flagged where they fail."""

import json
import os
import shutil
from dataclasses import fields, replace
from pathlib import Path

import av
import numpy as np
import pytest

from tests.explain.scripts.test_faults import scene
from workbench.cli import main
from workbench.errors import RequestError, SandboxMissing
from workbench.explain.cards.drawing import card_of
from workbench.explain.films.making import Film, make_film
from workbench.explain.narration import FRAME_RATE, SILENT
from workbench.explain.request import FilmRequest
from workbench.explain.sandbox.running import Layer
from workbench.explain.scripts.beats import SceneWays
from workbench.explain.storyboards.storyboard import (
    Beat,
    Storyboard,
    checked,
    read_storyboard,
    write_storyboard,
)
from workbench.explain.storyboards.visuals import Quote, Scene
from workbench.jsonable import from_json

CODE = """from manim import *


class Grows(Scene):
    def construct(self):
        square = Square(side_length=1, colour=WHITE, fill_opacity=1)
        self.play(ShowCreation(square), run_time=0.5)
        self.play(square.animate.scale(3), run_time=1)
        self.wait(1.5)
"""


@pytest.fixture(scope="module")
def film(layer: Layer, kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A film of a quote, a scene and a scene that cannot be rendered."""
    folder = tmp_path_factory.mktemp("scenes")
    shutil.copytree(kept, folder / "kept" / "manim")
    return make_film(story(), folder / ("a" * 12), folder / "kept", SILENT)


def story() -> Storyboard:
    beats = (
        Beat("Before", Quote("words"), "One."),
        Beat("It grows", Scene(CODE), "Two words."),
        Beat("Broken", Scene(scene("self.add(MCircle())")), "What should have been seen."),
    )
    return Storyboard("Scenes", beats)


def test_a_scene_reads_back_as_it_was_written_and_has_a_card_before_it_is_rendered() -> None:
    whole = story()
    assert read_storyboard(write_storyboard(whole)) == whole
    assert json.loads(write_storyboard(whole))["beats"][1]["show"]["kind"] == "scene"
    sheet = card_of(whole.beats[1], "light").steps[0].draw()
    assert any("class Grows" in words for words, _ in sheet.placed)


@pytest.mark.parametrize(
    ("show", "why"),
    [(Scene(" "), "no script"), (Scene("x" * 60_001), "60,001 letters"),
     (Scene("x", "no name"), "names no class")],
)  # fmt: skip
def test_a_scene_without_a_script_is_refused(show: Scene, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        checked(Storyboard("a", (Beat("", show),)))


def test_a_beat_is_as_long_as_its_scene_and_its_last_picture_is_held(film: Film) -> None:
    beat = film.beats[1]
    assert beat.length_s == pytest.approx(3.5, abs=0.05)
    assert beat.warnings == ()
    first = round(beat.start_s * FRAME_RATE)
    with av.open(str(film.path)) as opened:
        frames = [f.to_ndarray(format="gray") for f in opened.decode(video=0)]
    assert len(frames) == round(film.duration_s * FRAME_RATE)
    mine = frames[first : first + round(beat.length_s * FRAME_RATE)]
    # The square is a unit wide after half a second, and three of them when it has grown.
    lit = [int((picture[360] > 128).sum()) for picture in mine]
    assert lit[17] == pytest.approx(90, abs=25)
    assert lit[50] == lit[-1] == pytest.approx(270, abs=10)
    assert np.abs(mine[50].astype(int) - mine[-1]).mean() < 1


def test_a_scene_that_fails_becomes_a_flagged_card_and_the_film_is_made(film: Film) -> None:
    (warning,) = film.beats[2].warnings
    assert "line 6: there is no MCircle" in warning
    assert warning in film.notes
    assert film.path.is_file()


def test_provenance_names_fixes_repairs_and_what_kept_the_script_in(
    film: Film, layer: Layer
) -> None:
    grown, broken = film.scenes
    assert (grown.beat, grown.class_name, grown.is_made, grown.plays) == (2, "Grows", True, 3)
    assert (grown.layer, grown.repairs) == (layer, 0)
    assert any("ShowCreation" in fix for fix in grown.fixes)
    assert (broken.beat, broken.is_made) == (3, False)
    assert any("MCircle" in warning for warning in broken.warnings)
    scripts = film.folder / "scripts"
    assert "Create(square)" in (scripts / "beat-02.py").read_text()
    assert "-        self.play(ShowCreation" in (scripts / "beat-02.diff").read_text()
    assert "MCircle" in (scripts / "beat-03.txt").read_text()
    assert from_json(Film, (film.folder / "film.json").read_bytes()) == film


def test_a_scene_is_rendered_once_and_used_again(
    film: Film, layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("it was rendered again")

    monkeypatch.setattr("workbench.explain.scripts.beats.render_scene", never)
    kept = film.folder.parent / "kept"
    one = replace(story(), beats=story().beats[:2])
    again = make_film(one, film.folder.parent / ("b" * 12), kept, SILENT)
    assert again.beats_drawn == 0
    assert again.scenes[0].is_kept
    assert sorted(path.suffix for path in (kept / "scenes").iterdir()) == [".json", ".mp4"]


def test_where_nothing_keeps_a_script_in_it_is_not_run_and_what_was_left_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(wanted: str = "auto") -> Layer:
        raise SandboxMissing("nothing keeps a script in", hint="install bubblewrap")

    monkeypatch.setattr("workbench.explain.scripts.beats.best_layer", none)
    left, fresh = (tmp_path / "kept" / "scenes" / f".scene-{name}" for name in ("old", "new"))
    for folder in (left, fresh):
        (folder / "deep").mkdir(parents=True)
    os.utime(left, (1, 1))
    only = Storyboard("a", (Beat("Scene", Scene(CODE), "Words."),))
    made = make_film(only, tmp_path / ("c" * 12), tmp_path / "kept", SILENT, scenes=SceneWays())
    assert "nothing keeps a script in" in made.beats[0].warnings[0]
    assert not made.scenes[0].is_made
    assert (left.exists(), fresh.exists()) == (False, True)


def test_the_command_line_checks_a_scene(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "data"))
    shutil.copytree(kept, tmp_path / "data" / "film_parts" / "manim")
    (tmp_path / "good.py").write_text(CODE)
    (tmp_path / "bad.py").write_text(scene("self.add(MCircle())"))
    assert main(["explain", "--check-scene", str(tmp_path / "good.py")]) == 0
    out = capsys.readouterr().out
    assert "fixed    line 7: ShowCreation is another Manim's word" in out
    assert "+        self.play(Create(square), run_time=0.5)" in out
    assert main(["explain", "--check-scene", str(tmp_path / "bad.py")]) == 1
    assert "error    line 6: there is no MCircle" in capsys.readouterr().out
    assert main(["explain", "--check-scene", str(tmp_path / "bad.py"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["line"] == 6
    assert main(["explain", "--check-scene", str(tmp_path / "none.py")]) == 2


def test_the_command_line_makes_a_film_of_one_scene(
    layer: Layer, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "data"))
    shutil.copytree(kept, tmp_path / "data" / "film_parts" / "manim")
    path = tmp_path / "grows.py"
    path.write_text(scene("self.add(MCircle())"))
    words = ["explain", "--scene", str(path), "--say", "It grows.", "--voice", "none", "--json"]
    assert main(words) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["title"] == "grows"
    assert "MCircle" in made["notes"][0]
    path.write_text(scene("self.add(Square())"))
    assert main([*words, "--no-sandbox"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["scenes"][0]["layer"] == "off"
    assert "It grows." in (Path(made["folder"]) / "captions.srt").read_text()


def test_neither_a_storyboard_nor_a_request_can_take_the_walls_away() -> None:
    assert SceneWays().layer == "auto"
    assert {each.name for each in fields(Scene)} == {"code", "class_name", "kind"}
    assert not [name for name in FilmRequest.model_fields if "sandbox" in name or "layer" in name]

"""The drawings."""

import numpy as np
import pytest

from workbench.errors import RequestError
from workbench.explain.cards.canvas import Canvas
from workbench.explain.cards.fonts import font, source_sans
from workbench.sample.pictures.camera import photograph
from workbench.sample.pictures.plant import VIEWS, plant_room
from workbench.sample.pictures.shown import PHOTOS, PICTURES, picture, room_photo
from workbench.sample.pictures.slides import Heading
from workbench.sample.script import load_script

HEADING = Heading("How a centrifugal pump works", "Impeller and casing", 1, 7)
TITLES = tuple(part.title for part in load_script().parts[1:-1])


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_a_picture_is_full_hd_and_a_slide_carries_its_title(name: str) -> None:
    drawn = picture(name, HEADING, TITLES)
    for step in {0, drawn.steps - 1}:
        image = drawn.draw(step)
        assert (image.size, image.mode) == ((1920, 1080), "RGB")
    assert (HEADING.title in drawn.words) == (name not in PHOTOS)


@pytest.mark.parametrize("name", ["pump_diagram", "bearing", "bubbles", "suction_gauge"])
def test_a_moving_picture_moves_and_repeats_itself_exactly(name: str) -> None:
    drawn = picture(name, HEADING, TITLES)
    first, second = (np.asarray(drawn.draw(step)) for step in (0, 1))
    assert (first != second).any()
    assert (first == np.asarray(drawn.draw(0))).all()


def test_every_picture_of_the_script_can_be_drawn_and_every_drawing_is_used() -> None:
    used = {shot.picture for part in load_script().parts for shot in part.shots}
    assert used == PICTURES


def test_an_unknown_picture_is_refused_with_the_names() -> None:
    with pytest.raises(RequestError) as refused:
        picture("piston", HEADING, TITLES)
    assert "pump_diagram" in refused.value.hint


def test_titles_stay_on_one_line_beside_the_emblem() -> None:
    for part in load_script().parts:
        drawn = picture("title", Heading(part.title, part.subtitle, 1, 7), TITLES)
        words = np.asarray(drawn.draw(0)).max(axis=2)[400:520, 1330:1340]
        assert words.max() < 200, part.title


def test_letters_come_from_an_installed_package() -> None:
    assert source_sans() is not None
    assert font(40, 700).getlength("Bearings") > font(40, 400).getlength("Bearings")


def test_a_slide_is_the_same_with_fresh_letters_and_with_used_ones() -> None:
    font.cache_clear()
    first, second = (picture("checklist", HEADING, TITLES).draw(0) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_without_the_package_letters_are_pillows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.explain.cards.fonts.source_sans", lambda: None)
    font.cache_clear()
    sheet = Canvas(400, 120)
    sheet.text((20, 80), "Bearings", 60)
    assert np.asarray(sheet.finished()).min() < 100
    font.cache_clear()


@pytest.mark.slow
def test_the_photos_in_the_package_are_what_the_plant_room_looks_like() -> None:
    name = "room_pump"
    drawn = photograph(plant_room(), VIEWS[name], 96, 54, samples=2)
    kept = room_photo(name).resize(drawn.size)
    difference = np.asarray(drawn, float) - np.asarray(kept, float)
    assert np.abs(difference).mean() < 12

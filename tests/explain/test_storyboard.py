"""Storyboards: read, checked and written without loss; what cannot be drawn is refused by name."""

import json
from pathlib import Path

import pytest
from PIL import Image as Pillow

from workbench.errors import RequestError
from workbench.explain.storyboards.storyboard import (
    Beat,
    Source,
    Storyboard,
    checked,
    read_storyboard,
    write_storyboard,
)
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Clip,
    Closing,
    Comparison,
    Curve,
    Equation,
    Image,
    Plot,
    Quote,
    Stretch,
    Timeline,
    Title,
    Visual,
)

EVERYTHING: tuple[Visual, ...] = (
    Title("in five beats"),
    Bullets(("one", "two")),
    Equation("E = mc^2", "energy and mass"),
    Plot((Curve("sine", formula="sin(x)"), Curve("line", points=((0, 0), (3, 1)))), 0, 3),
    Chart((Bar("wet", 3.0), Bar("dry", 0.0)), "min"),
    Timeline((Stretch("start", 0, 10),), 60),
    Quote("It leaks.", "the log book"),
    Comparison("before", ("dry",), "after", ("wet",)),
    Closing(("look at the seal",)),
)


def story(*visuals: Visual, **changes: object) -> Storyboard:
    beats = tuple(
        Beat(f"Beat {n}", show, "Some words.", (Source("a" * 16, "talk.mp4", 1.0, 2.5),))
        for n, show in enumerate(visuals, start=1)
    )
    return Storyboard("Pumps", beats, **changes)  # type: ignore[arg-type]


def test_a_storyboard_with_every_kind_of_picture_reads_back_as_it_was_written() -> None:
    whole = story(*EVERYTHING, theme="dark", notes=("one beat was left out",))
    assert read_storyboard(write_storyboard(whole)) == whole


def test_pictures_and_clips_are_found_in_the_folder_of_the_storyboard(tmp_path: Path) -> None:
    Pillow.new("RGB", (32, 18), "red").save(tmp_path / "red.png")
    (tmp_path / "film.mp4").write_bytes(b"x")
    made = checked(story(Image("red.png"), Clip("film.mp4", 1, 2)), folder=tmp_path)
    assert [beat.show.path for beat in made.beats] == [  # type: ignore[union-attr]
        str(tmp_path / "red.png"),
        str(tmp_path / "film.mp4"),
    ]


@pytest.mark.parametrize(
    ("show", "why"),
    [
        (Bullets(()), "no points"),
        (Bullets(("x",) * 201), "201 points"),
        (Bullets(("x" * 601,)), "601 letters"),
        (Equation("  "), "no equation"),
        (Plot(()), "no curves"),
        (Plot((Curve("", formula="x"),), 3, 1), "cannot run from 3"),
        (Plot((Curve("", formula="x"),), 0, float("inf")), "cannot run from 0"),
        (Plot((Curve("root", formula="sqrt(x)"),), -2, -1), "root has no value"),
        (Plot((Curve("", formula="import os"),)), "no formula of x"),
        (Plot((Curve("", formula="().__class__"),)), "no formula of x"),
        (Chart(()), "no bars"),
        (Chart((Bar("cold", -1.0),)), "negative"),
        (Chart((Bar("odd", float("nan")),)), "no number"),
        (Timeline((), 10), "empty"),
        (Timeline((Stretch("late", 5, 99),), 10), "outside"),
        (Image("nowhere.png"), "no file nowhere.png"),
        (Image("bad\0name.png"), "no file"),
        (Clip("nowhere.mp4", 5, 5), "no clip runs"),
        (Quote(" "), "no words"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_number_of_its_beat(
    show: Visual, why: str
) -> None:
    with pytest.raises(RequestError) as caught:
        checked(story(Quote("fine"), show))
    assert why in caught.value.message
    assert "beat 2" in caught.value.message
    assert caught.value.hint


def test_a_zoom_outside_of_its_picture_is_refused(tmp_path: Path) -> None:
    Pillow.new("RGB", (32, 18)).save(tmp_path / "a.png")
    with pytest.raises(RequestError, match="cannot zoom"):
        checked(story(Image(str(tmp_path / "a.png"), zoom=(0.5, 0, 0.4, 1))))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", '{"title": "x"}', '{"title": "x", "beats": [{"heading": "a"}]}',
     '{"title": "x", "beats": [{"heading": "a", "show": {"kind": "hologram"}}]}', "é" * 10],
)  # fmt: skip
def test_what_is_no_storyboard_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_storyboard(text)
    assert caught.value.hint


def test_too_much_for_a_film_is_refused() -> None:
    with pytest.raises(RequestError, match="121 beats"):
        checked(story(*[Quote("x")] * 121))
    with pytest.raises(RequestError, match="without beats"):
        checked(Storyboard("empty", ()))
    with pytest.raises(RequestError, match="2,801 letters"):
        checked(Storyboard("long", (Beat("", Quote("x"), "x" * 2801),)))


def test_a_storyboard_is_json_that_a_person_can_read() -> None:
    data = json.loads(write_storyboard(story(Bullets(("one",)))))
    assert data["beats"][0]["show"] == {"items": ["one"], "kind": "bullets"}
    assert data["beats"][0]["sources"][0]["name"] == "talk.mp4"

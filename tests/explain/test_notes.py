"""Notes in Markdown become beats; nothing is added and nothing is lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from workbench.errors import RequestError
from workbench.explain.storyboards.notes import storyboard_of_notes
from workbench.explain.storyboards.storyboard import read_storyboard, write_storyboard
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Comparison,
    Equation,
    Image,
    Quote,
)

NOTES = """# Pumps

They move water.

## Parts

The parts are few.

- a seal
- a **shaft**

## Minutes

| start | minutes |
|---|---|
| dry | 1 min |
| wet | 1,600 min |

## Sides

| before | after |
|---|---|
| dry | wet |

## Law

$$p = \\rho g h$$

> Pressure grows with depth.

## Picture

![the nameplate](plate.png)

It has a number.
"""


def test_headings_lists_tables_equations_quotations_and_pictures_become_beats(
    tmp_path: Path,
) -> None:
    Pillow.new("RGB", (32, 18)).save(tmp_path / "plate.png")
    story = storyboard_of_notes(NOTES, folder=tmp_path)
    assert story.title == "Pumps"
    assert story.origin == "notes"
    assert [(beat.heading, beat.show.kind) for beat in story.beats] == [
        ("Pumps", "title"),
        ("Parts", "bullets"),
        ("Minutes", "chart"),
        ("Sides", "comparison"),
        ("Law", "equation"),
        ("Law", "quote"),
        ("Picture", "image"),
    ]
    shows = [beat.show for beat in story.beats]
    assert shows[1] == Bullets(("a seal", "a shaft"))
    assert shows[2] == Chart((Bar("dry", 1.0), Bar("wet", 1600.0)), "min")
    assert shows[3] == Comparison("before", ("dry",), "after", ("wet",))
    assert shows[4] == Equation("p = \\rho g h")
    assert shows[5] == Quote("Pressure grows with depth.")
    assert shows[6] == Image(str(tmp_path / "plate.png"), "the nameplate")
    assert story.beats[0].say == "They move water."
    assert story.beats[1].say == "The parts are few."
    assert story.beats[5].say == "Pressure grows with depth."
    assert story.beats[6].say == "It has a number."


def test_markup_and_raw_html_are_not_said() -> None:
    story = storyboard_of_notes("# A\n\nIt is **very** `cold` <script>alert(1)</script> here.")
    assert story.beats[0].say == "It is very cold alert(1) here."


def test_a_long_paragraph_is_divided_at_its_sentences() -> None:
    sentence = "The pump has to be vented before it is started for the first time. "
    story = storyboard_of_notes("# Venting\n\n" + sentence * 60)
    assert all(len(beat.say) <= 2800 for beat in story.beats)
    assert " ".join(beat.say for beat in story.beats) == (sentence * 60).strip()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        (">", "empty"),
        ("---", "empty"),
        ("x" * 200_001, "200,001"),
    ],
)
def test_notes_without_words_or_with_too_many_are_refused(text: str, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        storyboard_of_notes(text)


def test_a_missing_picture_is_named() -> None:
    with pytest.raises(RequestError, match=r"no file plate\.png"):
        storyboard_of_notes("# A\n\n![x](plate.png)", folder=Path("/nowhere"))


@given(st.text(max_size=300))
def test_any_text_is_a_storyboard_that_reads_back_or_an_error_of_ours(text: str) -> None:
    if not text.strip():
        return
    try:
        story = storyboard_of_notes(text)
    except RequestError:
        return  # a picture that is not there, a beat with too many letters
    assert read_storyboard(write_storyboard(story)) == story

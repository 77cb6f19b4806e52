"""`workbench explain`: films of notes and analyses, their storyboards, and what is refused."""

import json
from pathlib import Path

import pytest

NOTES = "# Pumps\n\nThey move water.\n\n## Parts\n\n- seal\n- shaft\n"


def test_notes_become_a_film_that_is_listed(run, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(NOTES)
    done = run("explain", "--notes", tmp_path / "notes.md", "--voice", "none")
    assert done.code == 0
    assert "Parts" in done.out
    assert Path(done.out.strip().splitlines()[-1]).is_file()
    (listed,) = run("explain", "--list", "--json").json
    assert (listed["title"], listed["origin"], listed["voice"]) == ("Pumps", "notes", "none")


def test_a_storyboard_is_printed_changed_and_made(run, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(NOTES)
    story = run("explain", "--notes", tmp_path / "notes.md", "--storyboard-only").json
    story["beats"][1]["show"]["items"] = ["only one"]
    (tmp_path / "story.json").write_text(json.dumps(story))
    done = run("explain", "--storyboard", tmp_path / "story.json", "--voice", "none", "--json")
    assert done.code == 0
    assert [beat["heading"] for beat in done.json["beats"]] == ["Pumps", "Parts"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "nothing to explain"),
        (("--notes", "nowhere.md"), "nowhere.md cannot be read"),
        (("nowhere.mp4",), "nowhere.mp4"),
        (("--analysis", "0000"), "0000"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_a_hint(
    run, words: tuple[str, ...], why: str
) -> None:
    done = run("explain", *words)
    assert done.code != 0
    assert why in done.problem
    assert "hint:" in done.err

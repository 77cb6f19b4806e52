"""`workbench explain`: films of notes and analyses, their storyboards, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from tests.support.polly_server import PollyServer

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


def test_examples_are_listed_and_made_into_films(run) -> None:
    done = run("explain", "--examples")
    assert "pythagoras" in done.out
    names = [each["name"] for each in run("explain", "--examples", "--json").json]
    assert names == sorted(names)
    story = run("explain", "--example", "chunk-plan", "--storyboard-only").json
    assert story["origin"] == "example"
    assert "chunk-plan" in run("explain", "--example", "nothing").err


def test_without_an_account_a_voice_of_polly_is_refused_and_nobody_else_speaks(run) -> None:
    done = run("explain", "--example", "pythagoras", "--voice", "Joanna")
    assert done.code != 0
    assert "hint:" in done.err
    assert run("explain", "--list", "--json").json == []


def test_the_price_of_a_voice_is_shown_before_it_is_paid(run, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "notes.md").write_text("# Pumps\n\nThey move water.\n")
    words = ("explain", "--notes", tmp_path / "notes.md", "--voice", "Joanna")
    with PollyServer() as polly:
        for name, value in polly.environment().items():
            monkeypatch.setenv(name, value)
        shown = run(*words)
        assert shown.code == 0
        assert re.search(r"Joanna, neural +32 +\$0.0005 +\$0.0005 +\$0.0005", shown.out)
        assert "Add --yes" in shown.out
        assert run(*words, "--json").json["price"]["high_usd"] == 0.000512
        assert polly.billed == []
        over = run(*words, "--yes", "--max-cost-usd", "0.0001")
        assert over.code != 0
        assert "over the cap" in over.err
        paid = run(*words, "--yes", "--json").json
        assert (paid["voice"], paid["characters"], paid["cost_usd"]) == ("Joanna", 32, 0.000512)
        assert polly.billed_characters == 32
        assert run(*words).out.splitlines()[-1] == str(Path(paid["folder"]) / "film.mp4")
        assert polly.billed_characters == 32


def test_a_film_is_published_only_where_a_folder_is_set(
    run, tmp_path: Path, s3, monkeypatch
) -> None:
    (tmp_path / "notes.md").write_text("# Pumps\n\nThey move water.\n")
    words = ("explain", "--notes", tmp_path / "notes.md", "--voice", "none")
    film = run(*words, "--json").json
    assert "WORKBENCH_PUBLISH_URI" in run("explain", "--publish", film["id"]).err
    monkeypatch.setenv("WORKBENCH_PUBLISH_URI", f"s3://{s3.bucket}/films")
    done = run("explain", "--publish", film["id"])
    assert f"s3://{s3.bucket}/films/{film['id']}/film.mp4, 6 files sent" in done.out
    assert "Link until" in done.out
    assert run(*words, "--and-publish", "--json").json["published_uri"].startswith("s3://")

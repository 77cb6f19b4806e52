"""Questions of the user's own on the command line: asked with options, read as a table."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from workbench.analysis.fields import Field
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import FieldValue
from workbench.library.store import Store

MAKER = Field(name="maker", ask="Who made it?")
WEAR = Field(name="wear", ask="How worn?", type="choice", choices=("none", "heavy"), per="chapter")


@pytest.fixture
def answered(analysed: Path) -> str:
    """The talk with an analysis that was asked both; returns its id."""
    with Store.open(analysed / "app.db") as store:
        talk = next(each for each in store.analyses() if each.asset_name == "talk.mp4")
        plain = store.analysis(talk.id)
        asked = AnalysisRequest(assets=(plain.asset_id,), engine="nova", fields=(MAKER, WEAR))
        chapters = tuple(replace(c, fields=(FieldValue("wear", None),)) for c in plain.chapters)
        store.add_analysis(
            replace(
                plain, id="f" * 16, created_at=plain.created_at + timedelta(days=1), engine="nova", model_name="Nova 2 Lite", request=asked,
                fields=(FieldValue("maker", "=KSB"),), chapters=chapters,
            )
        )  # fmt: skip
    return "f" * 16


def test_options_and_files_make_one_list_of_fields(run, shelf, desk):
    (desk / "fields.json").write_text(json.dumps([WEAR.model_dump(mode="json")]))
    typed = "maker:text:video:Who made it?"
    words = (shelf / "plate.jpg", "--field", typed, "--fields", "fields.json", "--json")
    done = run("estimate", *words)
    assert done.code == 0
    assert done.json["warnings"] == [
        "Local engine reads no questions: maker, wear are not asked, and their columns stay empty."
    ]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--field", "maker"), "'maker' is no field"),
        (("--field", "title:text:video:What?"), "the name 'title' is taken; try my_title"),
        (("--fields", "none.json"), "none.json cannot be read"),
        (("--field", "a:text:video:1?", "--field", "A:text:video:2?"), "two fields are called 'a'"),
        (("--find", "summary", "--field", "a:text:chapter:What?"), "no chapters are to be found"),
    ],
)
def test_a_field_that_cannot_be_asked_is_one_line(run, shelf, words, problem):
    done = run("estimate", shelf / "plate.jpg", *words)
    assert done.code == 2
    assert problem in done.problem


def test_without_answers_the_table_says_how_to_ask(run, analysed):
    done = run("table")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert "workbench analyse FILE --engine nova --field" in done.out


def test_a_table_over_the_library(run, answered):
    lines = run("table").out.splitlines()
    assert lines[0].split() == ["file", "maker", "analysed_by", "analysed_at"]
    assert lines[1].split()[:2] == ["talk.mp4", "=KSB"]
    (row,) = run("table", "talk.mp4", "--field", "maker", "--json").json["rows"]
    assert (row["maker"], row["analysis_id"]) == ("=KSB", answered)


def test_a_row_for_each_chapter_says_what_is_not_known(run, answered):
    done = run("table", "--per", "chapter")
    assert "not known" in done.out.splitlines()[1]


def test_the_table_is_written_as_files_that_run_nothing(run, answered, desk):
    done = run("table", "--csv", "a.csv", "--excel", "a.xlsx")
    assert done.out.splitlines() == ["1 row written to a.csv", "1 row written to a.xlsx"]
    assert "talk.mp4,'=KSB," in (desk / "a.csv").read_text()
    assert (desk / "a.xlsx").stat().st_size > 1000


def test_a_field_nobody_asked_for_is_one_line(run, answered):
    done = run("table", "--field", "colour")
    assert (done.code, done.problem) == (2, "no field 'colour' was asked per video")


def test_answers_are_printed_with_the_rest(run, answered):
    shown = run("show", "talk.mp4").out
    assert "  maker: =KSB\n" in shown
    assert "  wear: not known\n" in shown

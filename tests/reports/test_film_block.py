"""A film in a report: its price before, what was paid, and what models wrote, as words and no more."""

from decimal import Decimal
from pathlib import Path

import pytest

from workbench.explain.asking.texts import Asked
from workbench.explain.films.making import Film
from workbench.explain.price import FilmPrice, PriceLine
from workbench.explain.request import FilmRequest
from workbench.jsonable import to_json
from workbench.reports.parts.film import price_table, stage_table, stage_texts
from workbench.settings import load_settings
from workbench.workspace import Workspace

PRICE = FilmPrice(
    (
        PriceLine("generating_script", "Nova <2>", Decimal("0.001"), Decimal("0.04")),
        PriceLine("validating_script", "Nova", Decimal(0), Decimal(0), is_kept=True),
        PriceLine("synthesizing_narration", "Joanna, neural", None, None),
    )
)


@pytest.fixture
def film(tmp_path: Path) -> Film:
    with Workspace.open(load_settings(data_dir=tmp_path / "data")) as workspace:
        return workspace.film(FilmRequest(notes="# Pumps\n\nThey move water.", voice="none"))


def test_a_price_has_a_row_for_each_stage_and_unknown_stays_unknown():
    page = price_table(PRICE).html
    assert page.count("<tr>") == 1 + len(PRICE.lines) + 1
    assert "Writes the script" in page
    assert "Nova &lt;2&gt;" in page
    assert "kept" in page
    assert "–" in page.rpartition("In all")[2]


def test_a_film_that_nobody_is_paid_for_says_so():
    assert "$0" in price_table(FilmPrice()).html
    assert "Nothing was paid" in stage_table(FilmPrice(), {}).html


def test_what_was_paid_stands_beside_what_was_expected():
    page = stage_table(PRICE, {"script": Decimal("0.0123"), "speak": None}).html
    script, check, voice = page.split("<tr>")[2:]
    assert "$0.0400" in script
    assert "$0.0123" in script
    assert "kept" in check
    assert "–" in voice


def test_texts_of_a_question_are_words_and_other_films_have_none(film: Film):
    assert stage_texts(film).html == ""
    asked = Asked(FilmRequest(question="How does a <b>seal</b> fail?"), {}, "ab12")
    (film.folder / "question.json").write_text(to_json(asked))
    (film.folder / "refined.md").write_text("It <script>runs</script> dry.\n")
    page = stage_texts(film).html
    assert "&lt;b&gt;seal" in page
    assert "<script>" not in page
    assert "Explanation" not in page

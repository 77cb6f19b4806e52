"""Questions of the user's own on the pages: asked, answered, and one table of them all."""

from dataclasses import replace

import pytest

from tests.pages.conftest import make_analysis
from workbench.analysis.fields import Field
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import FieldSource, FieldValue
from workbench.errors import RequestError
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan
from workbench.ui.requests.fields import fields_of
from workbench.workspace import Workspace

MAKER = Field(name="maker", ask="Who made the *pump*?")
COUNT = Field(name="pumps", ask="How many?", type="number")
HINT = Field(name="hint", ask="What is the advice?", per="chapter")


def said(app) -> str:
    kinds = ("markdown", "caption", "text")
    return "\n".join(str(each.value) for kind in kinds for each in app.get(kind))


@pytest.fixture
def answered(talk: Asset, library: Workspace) -> Asset:
    """The talk with a third analysis, which was asked three questions."""
    plain = make_analysis(talk, "c" * 32, "nova", days_ago=0)
    told = FieldSource(0, TimeSpan(0, 8), "KSB *AG*")
    hints = (FieldValue("hint", "Never dry."), FieldValue("hint", None))
    library.store.add_analysis(
        replace(
            plain,
            request=AnalysisRequest(assets=(talk.id,), engine="nova", fields=(MAKER, COUNT, HINT)),
            fields=(FieldValue("maker", "KSB *AG*", (told,)), FieldValue("pumps", None)),
            chapters=tuple(
                replace(chapter, fields=(hint,))
                for chapter, hint in zip(plain.chapters, hints, strict=True)
            ),
        )
    )
    return talk


def test_answers_have_a_tab_with_cards_and_a_table_of_chapters(answered: Asset, open_page):
    app = open_page("results", asset=answered.id, tab="Answers")
    assert not app.exception
    assert "KSB *AG*" in [each.value for each in app.text]
    assert "From 0:00 – 0:08" in said(app).replace("\\", "")
    assert ":gray[not known]" in said(app)
    table = next(each.value for each in app.dataframe if "hint" in each.value.columns)
    assert list(table["hint"].dropna()) == ["Never dry."]


def test_without_questions_there_is_no_tab_of_answers(talk: Asset, open_page):
    app = open_page("results", asset=talk.id)
    (tabs,) = [each for each in app.get("button_group") if each.key == "tab"]
    assert "Answers" not in tabs.options


def test_the_library_is_one_table_on_the_reports_page(answered: Asset, open_page):
    app = open_page("reports")
    assert not app.exception
    table = next(each.value for each in app.dataframe if "maker" in each.value.columns)
    assert list(table.columns)[:3] == ["file", "maker", "pumps"]
    assert list(table["maker"]) == ["KSB *AG*"]
    assert list(table["not_known"]) == ["pumps"]
    app.button_group(key="table_per").set_value("Chapter").run()
    table = next(each.value for each in app.dataframe if "hint" in each.value.columns)
    assert list(table["title"]) == ["Mechanical seals", "Bearings"]


def test_a_library_without_answers_says_where_to_ask(talk: Asset, open_page):
    assert "ask them on the Analyse page" in said(open_page("reports"))


def test_a_question_that_was_asked_before_is_asked_again(answered: Asset, open_page):
    app = open_page("analyse", assets=[answered.id])
    app.multiselect(key="fields_before").select("maker").run()
    assert not app.exception
    assert "Local engine reads no questions: maker is not asked" in "\n".join(
        each.value.replace("\\", "") for each in app.warning
    )


def test_rows_of_the_editor_are_fields():
    rows = [
        {"name": "maker", "ask": "Who?", "type": "Text", "per": "File", "choices": None},
        {"name": "wear", "ask": "How?", "type": "Choice", "per": "Chapter", "choices": "a | b"},
        {"name": "half", "ask": None, "type": None, "per": None, "choices": None},
    ]
    assert fields_of(rows) == (
        Field(name="maker", ask="Who?"),
        Field(name="wear", ask="How?", type="choice", per="chapter", choices=("a", "b")),
    )
    with pytest.raises(RequestError, match="the question 'title' cannot be asked"):
        fields_of([{"name": "title", "ask": "What?"}])

"""Answers to the user's own questions in tables, workbooks and reports."""

import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from tests.reports.conftest import EVIL, made_analysis
from workbench.analysis.fields import Field
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Analysis, FieldSource, FieldValue
from workbench.errors import RequestError
from workbench.media.timecode import TimeSpan
from workbench.reports import blocks, export, tables
from workbench.reports.fields.tables import field_table, library_fields

MAKER = Field(name="maker", ask="Who made it?")
COUNT = Field(name="pumps", ask="How many pumps?", type="number")
IS_NEW = Field(name="is_new", ask="Is it new?", type="yes_no")
TOOLS = Field(name="tools", ask="Which tools?", type="list")
BAR = Field(name="pressure_bar", ask="Which pressure?", type="number", per="chapter")


def asked(*fields: Field, days_ago: int = 0, **changes: object) -> Analysis:
    """The talk, asked these questions; the newest if nothing else is said."""
    plain = made_analysis()
    request = AnalysisRequest(assets=(plain.asset_id,), engine="nova", fields=fields)
    made = plain.created_at - timedelta(days=days_ago)
    return made_analysis(request=request, id=f"an{days_ago}", created_at=made, **changes)


@pytest.fixture
def answered() -> Analysis:
    """Five questions, of which two could not be told."""
    whole = TimeSpan(0, 1200)
    one = (FieldSource(0, TimeSpan(0, 630), EVIL), FieldSource(None, whole, EVIL))
    chapters = tuple(
        replace(c, fields=(FieldValue("pressure_bar", 6.5 if c.index == 3 else None),))
        for c in made_analysis().chapters
    )
    return asked(
        MAKER, COUNT, IS_NEW, TOOLS, BAR,
        chapters=chapters,
        fields=(
            FieldValue("maker", EVIL, one, "Decided from the chunks."),
            FieldValue("pumps", 12.0, (FieldSource(1, TimeSpan(570, 1200), 12.0),)),
            FieldValue("is_new", None),
            FieldValue("tools", ("=saw", "file")),
        ),
    )  # fmt: skip


def test_each_question_is_a_row_with_its_answer_and_who_told_it(answered):
    rows = {row["field"]: row for row in field_table(answered).to_dicts()}
    assert rows["pumps"]["value"] == "12"
    assert rows["pumps"]["seen"] == "chunk 2 (9:30 – 20:00)"
    assert rows["maker"]["seen"] == "chunk 1 (0:00 – 10:30), all chunks"
    assert (rows["is_new"]["value"], rows["is_new"]["seen"]) == ("not known", "")
    assert rows["is_new"]["type"] == "yes no"


def test_a_question_about_chapters_is_a_typed_column_of_theirs(answered):
    frame = tables.chapter_table(answered)
    assert frame.schema["pressure_bar"] == pl.Float64
    assert frame["pressure_bar"].to_list() == [None] * 3 + [6.5] + [None] * 6
    assert frame.columns.index("pressure_bar") == frame.columns.index("summary") + 1
    assert frame.drop("pressure_bar").equals(tables.chapter_table(made_analysis()))


def test_an_engine_that_reads_no_questions_leaves_the_columns_empty():
    local = asked(MAKER, BAR, engine="local", model_name="Local engine")
    assert field_table(local)["value"].to_list() == ["not asked"]
    assert tables.chapter_table(local)["pressure_bar"].null_count() == 10
    assert "Local engine reads no questions" in blocks.field_block(local).html
    assert library_fields([local]).frame.height == 0


def test_the_workbook_has_a_sheet_of_fields_and_columns_of_chapters(answered, tmp_path):
    with zipfile.ZipFile(export.to_excel(answered, None, tmp_path / "a.xlsx")) as book:
        names = book.read("xl/workbook.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert 'name="Fields"' in names
    assert "Pressure bar" in words
    assert "=saw, file" in words
    with zipfile.ZipFile(export.to_excel(made_analysis(), None, tmp_path / "b.xlsx")) as book:
        assert 'name="Fields"' not in book.read("xl/workbook.xml").decode()


def test_json_has_the_definitions_and_the_values(answered):
    analysis = json.loads(export.to_json(answered))["analysis"]
    assert [field["name"] for field in analysis["request"]["fields"]][:2] == ["maker", "pumps"]
    assert [each["value"] for each in analysis["fields"]] == [EVIL, 12.0, None, ["=saw", "file"]]
    assert analysis["chapters"][3]["fields"][0]["value"] == 6.5


def test_answers_in_a_report_are_words_and_never_markup(answered):
    page = blocks.field_block(answered).html
    assert "<script" not in page
    assert "&lt;script" in page
    assert "<i>not known</i>" in page
    assert "In each chapter" in page
    assert blocks.field_block(made_analysis()).html == ""


# The table of a library.


def test_a_row_has_the_newest_answer_to_each_question():
    newest = asked(MAKER, fields=(FieldValue("maker", None),))
    older = asked(
        MAKER, COUNT, days_ago=1, model_name="Nova Pro",
        fields=(FieldValue("maker", "KSB"), FieldValue("pumps", 2.0)),
    )  # fmt: skip
    (row,) = library_fields([newest, older]).frame.to_dicts()
    assert (row["maker"], row["pumps"], row["not_known"]) == (None, 2.0, "maker")
    assert row["analysed_by"] == "Nova 2 Lite, Nova Pro"
    assert row["analysis_id"] == "an0"


def test_answers_to_another_wording_are_not_mixed_in():
    newest = asked(MAKER, asset_id="b" * 16, fields=(FieldValue("maker", "KSB"),))
    other = MAKER.model_copy(update={"ask": "Who paid for it?"})
    older = asked(other, days_ago=1, fields=(FieldValue("maker", "The city"),))
    table = library_fields([newest, older])
    assert table.fields == (MAKER,)
    assert table.frame["maker"].to_list() == ["KSB"]


def test_columns_have_types_and_keep_the_order_they_are_named_in(answered):
    frame = library_fields([answered], names=("is_new", "pumps", "tools")).frame
    assert frame.columns[:4] == ["file", "is_new", "pumps", "tools"]
    assert dict(frame.schema) | {"is_new": pl.Boolean, "pumps": pl.Float64} == dict(frame.schema)
    assert export.to_csv(frame).splitlines()[1].startswith("Pump maintenance talk.mp4,,12.0,")


def test_a_row_for_each_chapter_of_the_newest_analysis(answered):
    frame = library_fields([answered, asked(BAR, days_ago=1)], per="chapter").frame
    assert frame.height == 10
    assert frame["pressure_bar"].drop_nulls().to_list() == [6.5]
    assert frame["number"].to_list() == list(range(1, 11))


def test_a_name_that_was_never_asked_is_an_error_that_lists_the_others(answered):
    with pytest.raises(RequestError, match="no field 'colour'") as caught:
        library_fields([answered], names=("colour",))
    assert caught.value.hint == "fields: maker, pumps, is_new, tools"


def test_one_table_is_a_workbook_of_one_sheet(answered, tmp_path):
    path = tmp_path / "answers.xlsx"
    frame = library_fields([answered]).frame
    with zipfile.ZipFile(export.table_to_excel(frame, path, title="Answers")) as book:
        assert 'name="Answers"' in book.read("xl/workbook.xml").decode()
    assert [each.name for each in tmp_path.iterdir()] == ["answers.xlsx"]

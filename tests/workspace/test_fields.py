"""Questions of the user's own from end to end: asked of Nova, kept, and read as a table."""

import pytest

from tests.support.bedrock_server import tool_input
from tests.support.nova_answers import answer_to
from workbench import AnalysisRequest
from workbench.analysis.fields import Field
from workbench.analysis.results import Analysis
from workbench.errors import RequestError
from workbench.jsonable import from_jsonable, to_jsonable
from workbench.reports.export import to_csv

PART = Field(name="part", ask="Which part is the talk about?")
IS_SHOWN = Field(name="is_shown", ask="Is it shown?", type="yes_no")
PARTS = Field(
    name="kind", ask="Which?", type="choice", choices=("impeller", "rotor", "relay"), per="video"
)
MINUTE = Field(name="minute", ask="Which minute is it?", type="number", per="chapter")
FIELDS = (PART, IS_SHOWN, PARTS, MINUTE)


@pytest.fixture
def request_with_fields(request_of_film: AnalysisRequest) -> AnalysisRequest:
    return AnalysisRequest.model_validate({**request_of_film.model_dump(), "fields": FIELDS})


@pytest.fixture
def analysis(workspace, request_with_fields) -> Analysis:
    result = workspace.analyse(request_with_fields)
    assert result.failures == ()
    return result.analyses[0]


def test_every_field_is_answered_and_says_by_which_calls(analysis, server):
    assert server.refused == ()
    answers = {answer.name: answer for answer in analysis.fields}
    assert list(answers) == ["part", "is_shown", "kind"]
    assert "Impeller" in answers["part"].value
    assert answers["is_shown"].value is True
    assert answers["kind"].value == "impeller"
    asked = [call.chunk_index for call in analysis.calls]
    assert [each.chunk_index for each in answers["part"].sources] == asked
    # The words of the fourth chunk's context are those of the fifth.
    assert [each.chunk_index for each in answers["kind"].sources] == [0, 1, 3, 4, None]
    assert answers["kind"].note.startswith("Decided from the chunks, which say: impeller (0:00 –")
    assert [chapter.fields[0].name for chapter in analysis.chapters] == ["minute"] * 25


def test_a_second_run_pays_nothing_and_an_analysis_is_read_back_as_it_was(
    analysis, workspace, server, request_with_fields
):
    before = server.received
    again = workspace.analyse(request_with_fields)
    assert (server.received, again.calls_made) == (before, 0)
    assert again.analyses == (analysis,) == (workspace.analysis(analysis.id),)


def test_another_question_is_asked_anew_and_is_another_analysis(
    analysis, workspace, request_with_fields
):
    reworded = (PART.model_copy(update={"ask": "Which part of the pump is it?"}), *FIELDS[1:])
    other = workspace.analyse(request_with_fields.model_copy(update={"fields": reworded}))
    assert other.calls_made == 6
    assert other.analyses[0].id != analysis.id
    table = workspace.field_table()
    assert table.fields[0].ask == "Which part of the pump is it?"
    assert table.frame.height == 1


def test_a_value_of_the_wrong_kind_is_put_right_by_one_more_round(
    workspace, server, request_with_fields
):
    wrong = {"summary": "s", "chapters": [], "elements": [], "kind": "camel"}
    server.script(tool_input(wrong))
    assert workspace.analyse(request_with_fields).failures == ()
    assert server.received == 7
    repairs = [call.prompt for call in server.calls if "You have answered" in call.prompt]
    assert len(repairs) == 1
    assert "`kind` is 'camel'; it has to be one of impeller, rotor, relay" in repairs[0]


def test_what_nobody_can_tell_is_not_known(workspace, server, request_with_fields):
    def silent(received):
        answer = answer_to(received)
        for chapter in answer.get("chapters", ()):
            chapter.pop("minute", None)
        return {k: v for k, v in answer.items() if k not in {"part", "is_shown", "kind"}}

    server.answer = silent
    (analysis,) = workspace.analyse(request_with_fields).analyses
    assert {answer.words for answer in analysis.fields} == {"not known"}
    (row,) = workspace.field_table().frame.to_dicts()
    assert (row["part"], row["is_shown"], row["not_known"]) == (None, None, "part, is_shown, kind")


def test_the_library_is_one_table_with_typed_columns(analysis, workspace):
    table = workspace.field_table(["is_shown", "part"])
    (row,) = table.frame.to_dicts()
    assert list(row)[:3] == ["file", "is_shown", "part"]
    assert (row["file"], row["is_shown"]) == ("long talk.mp4", True)
    assert row["analysis_id"] == analysis.id
    chapters = workspace.field_table(per="chapter", assets=["long talk.mp4"]).frame
    assert chapters.height == 25
    assert str(chapters.schema["minute"]) == "Float64"
    assert to_csv(chapters).startswith("file,number,title,start,end,minute,")
    assert [field.name for field in workspace.fields()] == [field.name for field in FIELDS]


def test_a_field_that_nobody_asked_for_is_no_column(analysis, workspace):
    with pytest.raises(RequestError, match="no field 'colour' was asked per video") as caught:
        workspace.field_table(["colour"])
    assert caught.value.hint == "fields: part, is_shown, kind"


def test_the_local_engine_is_not_in_the_table(workspace, film):
    asked = AnalysisRequest(assets=(str(film),), fields=(PART,))
    (analysis,) = workspace.analyse(asked).analyses
    assert "reads no questions" in analysis.notes[0]
    assert workspace.field_table().frame.height == 0


def test_an_analysis_of_before_there_were_fields_is_still_read(analysis):
    old = to_jsonable(analysis)
    del old["fields"], old["request"]["fields"]
    for chapter in old["chapters"]:
        del chapter["fields"]
    read = from_jsonable(Analysis, old)
    assert (read.fields, read.request.fields, read.chapters[0].fields) == ((), (), ())
    assert read.summary == analysis.summary

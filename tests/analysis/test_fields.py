"""Questions of the user's own: how they are defined, read, asked and put together."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.analysis.conftest import asset
from workbench.analysis.answers.answer import Answer, AnsweredChapter, answer_schema
from workbench.analysis.answers.merge import merge_chapters
from workbench.analysis.answers.merge_fields import combined_value, merge_values, video_values
from workbench.analysis.fields import (
    Field,
    field_of_words,
    fields_of_file,
    fields_text,
    value_of,
    value_schema,
)
from workbench.analysis.plans.plan import plan_analysis
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import FieldSource, FieldValue
from workbench.backends.form import fitted
from workbench.errors import RequestError
from workbench.jsonable import from_json, to_json
from workbench.media.chunks import Chunk, plan_chunks
from workbench.media.timecode import TimeSpan

MAKER = Field(name="maker", ask="Who made the pump?")
PRESSURE = Field(name="pressure", ask="Pressure, in bar?", type="number", per="chapter")
COUNT = Field(name="pumps", ask="How many pumps are there?", type="number")
IS_NEW = Field(name="is_new", ask="Is it new?", type="yes_no")
WEAR = Field(name="wear", ask="How worn?", type="choice", choices=("none", "light", "heavy"))
TOOLS = Field(name="tools", ask="Which tools?", type="list")
EACH_TYPE = (MAKER, COUNT, IS_NEW, WEAR, TOOLS)

VALUES = {
    "text": st.sampled_from(("Grundfos", "KSB", "Sulzer")),
    "number": st.sampled_from((1.0, 2.0, 3.5)),
    "yes_no": st.booleans(),
    "choice": st.sampled_from(WEAR.choices),
    "list": st.lists(st.sampled_from(("saw", "file", "Saw", "drill")), min_size=1).map(tuple),
}


def source(index: int, value) -> FieldSource:
    return FieldSource(index, TimeSpan(index * 60.0, index * 60.0 + 60), value)


@st.composite
def answered(draw, fields=EACH_TYPE):
    """A field, and what up to eight chunks say to it."""
    field = draw(st.sampled_from(fields))
    values = draw(st.lists(st.none() | VALUES[field.type], max_size=8))
    return field, [source(index, value) for index, value in enumerate(values)]


# How they are defined.


@pytest.mark.parametrize(
    "given",
    [
        {"name": "two words"},
        {"name": "1st"},
        {"name": "größe"},
        {"name": "n" * 41},
        {"name": "Title"},
        {"ask": " "},
        {"ask": "?" * 301},
        {"type": "date"},
        {"per": "frame"},
        {"type": "choice"},
        {"type": "choice", "choices": ("one", "One")},
        {"type": "text", "choices": ("a", "b")},
        {"colour": "red"},
    ],
)
def test_a_field_that_cannot_be_asked_is_refused(given):
    with pytest.raises(ValidationError):
        Field(**({"name": "maker", "ask": "Who?"} | given))


def test_a_request_has_each_name_once_and_at_most_twenty():
    with pytest.raises(ValidationError, match="two fields are called 'maker'"):
        AnalysisRequest(assets=("a",), fields=(MAKER, Field(name="Maker", ask="Who else?")))
    many = tuple(Field(name=f"f{n}", ask="What?") for n in range(21))
    with pytest.raises(ValidationError):
        AnalysisRequest(assets=("a",), fields=many)
    assert len(AnalysisRequest(assets=("a",), fields=many[:20]).fields) == 20


def test_a_field_for_every_chapter_needs_chapters():
    with pytest.raises(ValidationError, match="no chapters are to be found"):
        AnalysisRequest(assets=("a",), find=("summary",), fields=(PRESSURE,))


def test_a_field_is_typed_in_one_line():
    assert field_of_words("maker:text:video:Who made it: KSB?") == Field(
        name="maker", ask="Who made it: KSB?"
    )
    assert field_of_words("wear: choice=none|light|heavy :video:How worn?") == WEAR


@pytest.mark.parametrize(
    "words", ["maker", "maker:text:Who?", "a b:text:video:Who?", "maker:date:video:When?", ":::"]
)
def test_a_line_that_is_no_field_says_how_to_write_one(words):
    with pytest.raises(RequestError, match="is no field") as caught:
        field_of_words(words)
    assert "NAME:TYPE:PER:QUESTION" in caught.value.hint


def test_fields_are_kept_in_a_file_and_read_back(tmp_path):
    path = tmp_path / "fields.json"
    path.write_text(fields_text((MAKER, PRESSURE, WEAR)), encoding="utf-8")
    assert fields_of_file(path) == (MAKER, PRESSURE, WEAR)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": "a"}]'])
def test_a_file_without_fields_is_a_plain_error(tmp_path, text):
    path = tmp_path / "fields.json"
    path.write_text(text)
    with pytest.raises(RequestError, match="holds no fields"):
        fields_of_file(path)
    with pytest.raises(RequestError, match="cannot be read"):
        fields_of_file(tmp_path / "none.json")


# How they are asked and answered.


def test_no_answer_is_ever_required():
    schema = answer_schema("analyse_chunk", ("summary", "chapters"), (*EACH_TYPE, PRESSURE))
    assert schema["required"] == ["summary", "chapters"]
    assert set(schema["properties"]) >= {field.name for field in EACH_TYPE}
    chapter = schema["properties"]["chapters"]["items"]
    assert "pressure" in chapter["properties"]
    assert "pressure" not in chapter["required"]
    assert fitted({"summary": "A pump.", "chapters": []}, schema)[1] == ()


def test_a_picture_is_asked_no_chapter_and_a_combining_call_no_list():
    assert set(answer_schema("analyse_image", (), (*EACH_TYPE, PRESSURE))["properties"]) == {
        field.name for field in EACH_TYPE
    }
    assert "tools" not in answer_schema("combine", ("summary",), EACH_TYPE)["properties"]


@pytest.mark.parametrize(
    ("field", "given", "value"),
    [
        (COUNT, 3, 3.0),
        (COUNT, "3", 3.0),
        (IS_NEW, "Yes", True),
        (IS_NEW, "no.", False),
        (WEAR, "Light ", "light"),
        (TOOLS, '["saw", "saw"]', ("saw",)),
        (TOOLS, [], None),
        (MAKER, 3, "3"),
        *((field, words, None) for field in EACH_TYPE for words in (None, "Not known.", "N/A")),
        *((field, "", None) for field in EACH_TYPE),
    ],
)
def test_what_a_model_writes_becomes_a_value_of_the_column(field, given, value):
    schema = {"type": "object", "properties": {field.name: value_schema(field)}}
    answer, problems = fitted({field.name: given}, schema)
    assert problems == ()
    assert value_of(field, answer.get(field.name)) == value


@pytest.mark.parametrize(
    ("field", "given", "problem"),
    [
        (COUNT, "12 bar", "without its unit"),
        (COUNT, "10:1", "without its unit"),
        (COUNT, True, "is not a number"),
        (IS_NEW, "perhaps", "is not true or false"),
        (WEAR, "broken", "has to be one of none, light, heavy"),
        (TOOLS, "saw and file", "is not a list"),
        (MAKER, ["KSB"], "is not a text"),
    ],
)
def test_a_value_of_another_kind_is_a_problem_to_be_put_right(field, given, problem):
    schema = {"type": "object", "properties": {field.name: value_schema(field)}}
    (found,) = fitted({field.name: given}, schema)[1]
    assert problem in found
    assert f"`{field.name}`" in found


def test_unknown_is_a_value_where_it_is_one_of_the_choices():
    field = Field(name="state", ask="?", type="choice", choices=("open", "unknown"))
    schema = {"type": "object", "properties": {"state": value_schema(field)}}
    assert fitted({"state": "Unknown"}, schema)[0] == {"state": "unknown"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(st.sampled_from(EACH_TYPE), JSON)
def test_any_answer_is_a_value_of_its_type_or_not_known(field, given):
    kinds = {"text": str, "number": float, "yes_no": bool, "choice": str, "list": tuple}
    value = value_of(field, given)
    assert value is None or type(value) is kinds[field.type]
    if field.type == "choice":
        assert value in {None, *field.choices}


@given(answered())
def test_values_are_kept_as_they_are(said):
    field, sources = said
    value = merge_values(field, sources)
    assert from_json(FieldValue, to_json(value)) == value


# How one value is made of several.


@given(answered(), st.randoms())
def test_the_order_in_which_calls_come_in_does_not_matter(said, random):
    field, sources = said
    shuffled = list(sources)
    random.shuffle(shuffled)
    assert merge_values(field, shuffled) == merge_values(field, sources)


@given(answered())
def test_nothing_is_made_up(said):
    field, sources = said
    known = [each.value for each in sources if each.value is not None]
    value = merge_values(field, sources)
    assert (value.value is None) == (not known)
    assert [each.value for each in value.sources] == known
    if field.type == "list":
        assert {item for each in known for item in each} >= set(value.value or ())
    elif field.type == "text":
        assert set((value.value or "").split("; ")) - {""} == set(known)
    elif known:
        assert value.value in known


@given(answered(fields=(COUNT, IS_NEW, WEAR)))
def test_the_most_frequent_value_wins_and_others_are_noted(said):
    field, sources = said
    counts = Counter(each.value for each in sources if each.value is not None)
    value = merge_values(field, sources)
    assert all(counts[value.value] >= count for count in counts.values())
    assert bool(value.note) == (len(counts) > 1)
    for each in counts if len(counts) > 1 else ():
        assert value_of(field, each) == each


@given(answered(fields=(TOOLS,)))
def test_lists_are_united_in_order_and_each_item_is_there_once(said):
    field, sources = said
    items = [item for each in sources for item in each.value or ()]
    value = merge_values(field, sources).value or ()
    folded = [item.casefold() for item in value]
    assert folded == list(dict.fromkeys(item.casefold() for item in items))


@given(answered(), st.data())
def test_a_combining_call_decides_only_what_some_chunk_could_tell(said, data):
    field, sources = said
    combined = data.draw(st.none() | VALUES[field.type])
    merged, value = merge_values(field, sources), combined_value(field, sources, combined, 900.0)
    if merged.value is None:
        assert value.value is None
        assert value.sources == ()
        assert bool(value.note) == (combined is not None and field.type != "list")
    elif combined is None or field.type == "list":
        assert value == merged
    else:
        assert value.value == combined
        assert value.sources[:-1] == merged.sources
        assert value.sources[-1] == FieldSource(None, TimeSpan(0, 900), combined)


def test_among_equals_the_one_seen_for_longer_wins():
    short = FieldSource(0, TimeSpan(0, 10), "none")
    long = FieldSource(1, TimeSpan(10, 60), "heavy")
    value = merge_values(WEAR, [short, long])
    assert value.value == "heavy"
    assert value.note == "Calls disagree: none (0:00 – 0:10), heavy (0:10 – 1:00)."


CHUNKS = plan_chunks(1250.0)


def chapters(chunk: Chunk, *told: tuple[float, str, float | None]) -> tuple[Chunk, Answer]:
    """A chunk's answer: chapters that start at these moments of the video."""
    ends = [at for at, _, _ in told[1:]] + [chunk.sent.end_s]
    return chunk, Answer(
        chapters=[
            AnsweredChapter(
                title=title,
                start_s=at - chunk.sent.start_s,
                end_s=end - chunk.sent.start_s,
                **({} if value is None else {"pressure": value}),
            )
            for (at, title, value), end in zip(told, ends, strict=True)
        ]
    )


def test_a_value_of_a_chapter_stays_with_it_across_chunks():
    first, second, *_ = CHUNKS
    parts = [
        chapters(first, (0, "Seals", 2.0), (400, "Bearings", None)),
        # Goes on from the chunk before, and knows what that could not tell.
        chapters(second, (second.sent.start_s, "Bearings", 6.0), (700, "Shafts", 9.0)),
    ]
    for order in (parts, parts[::-1]):
        found, _, _ = merge_chapters(order, 1250.0, fields=(PRESSURE,))
        assert [(c.title, c.fields[0].value) for c in found] == [
            ("Seals", 2.0), ("Bearings", 6.0), ("Shafts", 9.0),
        ]  # fmt: skip
        (told,) = found[1].fields[0].sources
        assert (told.chunk_index, told.span) == (1, TimeSpan(second.sent.start_s, 700))


def test_a_chapter_nobody_could_tell_about_is_not_known():
    found, _, _ = merge_chapters([chapters(CHUNKS[0], (0, "Seals", None))], 600, fields=(PRESSURE,))
    assert found[0].fields == (FieldValue("pressure", None),)


def test_a_picture_has_no_times():
    parts = [(Chunk(0, TimeSpan(0, 0), TimeSpan(0, 0)), Answer.model_validate({"maker": "KSB"}))]
    (value,) = video_values((MAKER,), parts, None, 0.0)
    assert value == FieldValue("maker", "KSB", (FieldSource(None, None, "KSB"),))


# What becomes of them in a plan and a run.


def request(*fields: Field, **changes) -> AnalysisRequest:
    given = {"assets": ("film",), "engine": "nova", "model": "lite", "fields": fields}
    return AnalysisRequest(**(given | changes))


def test_fields_change_the_ids_of_calls_and_what_they_may_cost(bench):
    plain = plan_analysis(request(), [asset(1)], bench.context)
    asked = plan_analysis(request(MAKER, PRESSURE), [asset(1)], bench.context)
    assert len(asked.calls) == len(plain.calls)
    assert not {call.id for call in asked.calls} & {call.id for call in plain.calls}
    assert asked.cost > plain.cost


def test_a_text_about_the_whole_has_a_combining_call_also_without_a_summary(bench):
    def tasks(*fields: Field) -> list[str]:
        asked = request(*fields, find=("chapters",))
        return [call.task for call in plan_analysis(asked, [asset(1)], bench.context).calls]

    assert tasks(COUNT, PRESSURE) == ["analyse_chunk"] * 2
    assert tasks(MAKER) == ["analyse_chunk"] * 2 + ["combine"]


def test_a_question_is_in_the_prompt_and_its_answer_in_the_result(bench):
    def answer(question):
        told = {"summary": "Pumps."} | ({"maker": "KSB"} if question.task == "combine" else {})
        if question.task == "analyse_chunk":
            told |= {"maker": "K.S.B.", "pumps": 2}
        return Answer.model_validate(told)

    bench.backend.answer = answer
    plan = plan_analysis(request(MAKER, COUNT), [asset(1)], bench.context)
    (analysis,) = bench.run(plan).analyses
    maker, count = analysis.fields
    assert (maker.value, count.value, count.note) == ("KSB", 2.0, "")
    assert [each.chunk_index for each in maker.sources] == [0, 1, None]
    chunk, *_, last = bench.backend.asked
    assert "- maker: Who made the pump? (a few words)" in chunk.prompt
    assert '"not known" is a good answer, a guess is not' in chunk.prompt
    assert "Pumps. | maker: K.S.B. | pumps: 2" in last.prompt


def test_an_engine_that_reads_no_questions_says_so_and_leaves_the_columns_empty(bench):
    asked = AnalysisRequest(assets=("film",), fields=(MAKER, PRESSURE))
    plan = plan_analysis(asked, [asset(1)], bench.context)
    (warning,) = plan.warnings
    assert warning == (
        "Local engine reads no questions: maker, pressure are not asked, "
        "and their columns stay empty."
    )
    (analysis,) = bench.run(plan).analyses
    assert warning in analysis.notes
    assert analysis.fields == ()
    assert all(chapter.fields == () for chapter in analysis.chapters)


def test_fields_are_part_of_the_json_of_a_request():
    asked = request(MAKER, WEAR)
    assert AnalysisRequest.model_validate(json.loads(asked.model_dump_json())) == asked

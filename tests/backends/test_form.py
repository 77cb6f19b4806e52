"""Answers fitted to the form they were asked for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis.answers.answer import Answer, answer_schema
from workbench.backends.form import MOST_PROBLEMS, fitted, json_in_text

SCHEMA = answer_schema("analyse_chunk", ("summary", "chapters", "equipment", "objects"))
CHAPTER = {"title": "Start", "start_s": 0, "end_s": 60, "summary": "It starts."}
ELEMENT = {
    "kind": "object",
    "name": "door",
    "spans": [{"start_s": 1, "end_s": 2, "presence": "said"}],
}
GOOD = {"summary": "A pump.", "chapters": [CHAPTER], "elements": [ELEMENT]}


def test_a_good_answer_is_left_as_it_is():
    assert fitted(GOOD, SCHEMA) == (GOOD, ())


@pytest.mark.parametrize(
    ("slip", "is_put_right_to"),
    [
        ({"chapters": json.dumps([CHAPTER])}, {"chapters": [CHAPTER]}),
        ({"chapters": CHAPTER}, {"chapters": [CHAPTER]}),
        ({"chapters": [{**CHAPTER, "end_s": "1:00"}]}, {"chapters": [CHAPTER]}),
        ({"chapters": [{**CHAPTER, "end_s": "60"}]}, {"chapters": [CHAPTER]}),
        ({"elements": [{**ELEMENT, "kind": "Object "}]}, {"elements": [ELEMENT]}),
        ({"elements": [{**ELEMENT, "category": None}]}, {"elements": [ELEMENT]}),
        ({"remark": "by the way"}, {"remark": "by the way"}),
    ],
)
def test_a_slip_without_doubt_is_put_right(slip, is_put_right_to):
    answer, problems = fitted({**GOOD, **slip}, SCHEMA)
    assert problems == ()
    assert answer == {**GOOD, **is_put_right_to}
    Answer.model_validate(answer)


@pytest.mark.parametrize(
    ("slip", "problem"),
    [
        ({"summary": ["a", "b"]}, "`summary` is not a text"),
        ({"chapters": "none"}, "`chapters` is not a list"),
        ({"chapters": ["Start"]}, "`chapters`[0] is not an object"),
        ({"chapters": [{"title": "Start"}]}, "`chapters`[0] has no `start_s`"),
        ({"chapters": [{**CHAPTER, "start_s": "soon"}]}, "`chapters`[0].start_s is not a number"),
        ({"chapters": [{**CHAPTER, "start_s": True}]}, "`chapters`[0].start_s is not a number"),
        (
            {"elements": [{**ELEMENT, "kind": "person"}]},
            "`elements`[0].kind is 'person'; it has to be one of equipment, object",
        ),
    ],
)
def test_anything_else_is_a_problem_in_words(slip, problem):
    assert problem in fitted({**GOOD, **slip}, SCHEMA)[1]


def test_least_values_and_lengths_of_the_schema_are_kept():
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1},
            "start_s": {"type": "number", "minimum": 0},
        },
    }
    assert fitted({"title": "A", "start_s": 0}, schema)[1] == ()
    assert fitted({"title": " ", "start_s": -1}, schema)[1] == (
        "`title` is too short",
        "`start_s` is -1; it has to be at least 0",
    )


@pytest.mark.parametrize("value", [None, "words", 7, [], True])
def test_what_is_no_object_is_no_answer(value):
    assert fitted(value, SCHEMA)[1] == ("the answer is not an object",)


def test_a_hundred_problems_are_told_as_a_few():
    assert len(fitted({**GOOD, "chapters": [{}] * 100}, SCHEMA)[1]) == MOST_PROBLEMS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.fixed_dictionaries({"summary": JSON, "chapters": JSON, "elements": JSON}))
def test_any_value_is_either_fitted_or_a_problem(value):
    answer, problems = fitted(value, SCHEMA)
    if not problems:
        assert isinstance(answer["summary"], str)
        assert isinstance(answer["chapters"], list)
        again = fitted(answer, SCHEMA)
        assert again == (answer, ())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here you are: {"a": {"b": 2}} and good luck', {"a": {"b": 2}}),
        ("[1, 2]", None),
        ("no JSON", None),
        ('{"a": ', None),
        ("", None),
    ],
)
def test_json_is_found_among_words(text, found):
    assert json_in_text(text) == found

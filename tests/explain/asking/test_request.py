"""What may be asked."""

import pytest
from pydantic import ValidationError

from workbench.explain.request import FilmRequest


@pytest.mark.parametrize("letters", [1, 9, 10_001])
def test_a_question_too_short_or_too_long_is_refused_with_a_hint(letters: int):
    with pytest.raises(ValidationError, match="10 to 10,000 letters") as caught:
        FilmRequest(question="q" * letters)
    assert ("say more" in str(caught.value)) == (letters < 10)


@pytest.mark.parametrize("letters", [10, 10_000])
def test_the_ends_of_the_range_are_questions(letters: int):
    assert FilmRequest(question="q" * letters).source == "question"


@pytest.mark.parametrize(
    "question",
    [
        "¿Por qué falla un sello?",
        "なぜ壊れるのですか、それは。",
        "<b>Why</b> & `how`, $x$?",
        "  Why is it so?  ",
    ],
)
def test_any_script_and_any_markup_is_a_question(question: str):
    assert FilmRequest(question=question).question == question.strip()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"question": "Why is it so, \ud83d"}, "half of a letter"),
        ({"question": "Why is it so?", "notes": "# N"}, "there is notes and question"),
        ({"notes": "# N", "refined": "It is."}, "goes with the question"),
        ({"question": "Why is it so?", "chapter": 1}, "only an analysis has chapters"),
        ({"question": "Why is it so?", "language": "German"}, "language"),
        ({"question": "Why is it so?", "refined": "x" * 20_001}, "refined"),
        ({"question": "Why is it so?", "max_cost_usd": -1}, "max_cost_usd"),
        ({}, "there is nothing"),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, object], why: str):
    with pytest.raises(ValidationError, match=why):
        FilmRequest.model_validate(values)

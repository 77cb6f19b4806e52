"""What can be found in a script without a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.explain.asking.reviewing import review
from workbench.explain.asking.sizes import SIZES, expected_tokens, most_tokens
from workbench.explain.storyboards.storyboard import Beat
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Closing,
    Comparison,
    Quote,
    Title,
    Visual,
)

GROUND = "The rings crack after 3 minutes, 1,200 turns and 2.5 bar. “Keep the water in,” she said."
WORDS = "The rings touch each other and become hot until one of them cracks at last. " * 9


def film(*shows: Visual, say: str = WORDS) -> list[Beat]:
    middle = [Beat(f"Beat {number}", show, say) for number, show in enumerate(shows, start=2)]
    return [
        Beat("Seals", Title(), "Seals crack."),
        *middle,
        Beat("End", Closing(("Rings touch",)), "Rings touch, and that is all."),
    ]


def test_a_sound_script_has_no_problems():
    assert review(film(Bullets(("Rings touch",))), GROUND, "short") == ()


@pytest.mark.parametrize(
    ("show", "problem"),
    [
        (Bullets(("Bananas ripen",)), "beat 2: it shows “Bananas ripen” and does not speak of it"),
        (Comparison("a", ("Rings",), "b", ("Quantum",)), "beat 2: it shows “Quantum” and does not"),
        (Chart((Bar("crack", 4),)), "beat 2: it shows 4, which the explanation does not have"),
        (Quote("Drain it all"), "beat 2: it quotes words that the explanation does not have"),
        (Title(), "beat 2: it is a title in the middle"),
    ],
)
def test_a_fault_is_named_with_its_beat(show: Visual, problem: str):
    (found,) = review(film(show), GROUND, "short")
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "show",
    [
        Chart((Bar("crack", 3), Bar("turns", 1200), Bar("bar", 2.5))),
        Quote("Keep the water in"),
        Bullets(("3 bar",)),
    ],
)
def test_what_the_explanation_has_is_no_fault(show: Visual):
    assert review(film(show), GROUND, "short") == ()


def test_a_film_far_longer_or_shorter_than_asked_is_told():
    assert "spoken" in review(film(Bullets(("Rings",)), say="Rings."), GROUND, "long")[-1]
    assert "spoken" in review(film(Bullets(("Rings",)), say=WORDS * 9), GROUND, "short")[-1]


def test_a_script_without_spaces_is_not_called_short():
    beats = film(
        Bullets(("水",)), say="水はポンプを冷やしますが、水がないとシールは熱くなります。" * 4
    )
    beats = [
        Beat(b.heading, b.show, "水はポンプを冷やし、シールは熱くなります。" * 2) for b in beats
    ]
    assert not any("spoken" in each for each in review(beats, GROUND, "short"))


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_an_accident(say: str, item: str):
    review([Beat(item, Bullets((item,)), say)], say, "medium")


def test_no_beats_are_a_problem():
    assert review([], GROUND, "short") == ("it has no beats",)


def test_a_longer_film_is_longer_in_all_its_parts():
    short, medium, long = SIZES.values()
    for name in ("beats", "spoken_words", "text_words"):
        assert getattr(short, name) < getattr(medium, name) < getattr(long, name)
    for role in ("explain", "refine", "script", "validate"):
        assert (
            expected_tokens(role, "short") < most_tokens(role, "short") < most_tokens(role, "long")
        )

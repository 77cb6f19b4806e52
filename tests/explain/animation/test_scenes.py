"""Scenes as Manim lays them out: no words on other words, none outside of the frame."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from tests.explain.animation.conftest import Laid, needs_manim
from tests.explain.animation.test_compiling import HOSTILE, story_of, theorem_titles
from tests.explain.test_cards import FORMULAS
from workbench.explain.cards.fonts import font
from workbench.explain.cards.look import HEIGHT_PX, WIDTH_PX
from workbench.explain.storyboards.storyboard import Beat, Storyboard
from workbench.explain.storyboards.visuals import Bullets, Equation, Title

pytestmark = needs_manim

LayOut = Callable[[Sequence[Storyboard]], Laid]


def assert_tidy(laid: Laid) -> None:
    for name, (placed, missing) in laid.items():
        assert missing == 0, name
        for text, (left, top, right, bottom) in placed:
            assert left >= 0, (name, text)
            assert top >= 0, (name, text)
            assert right <= WIDTH_PX, (name, text)
            assert bottom <= HEIGHT_PX, (name, text)
        for (one, a), (other, b) in combinations(placed, 2):
            apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
            assert apart, (name, one, other, a, b)


def test_every_kind_of_scene_is_tidy_and_as_long_as_its_beat(
    every_kind: Storyboard, lay_out: LayOut
) -> None:
    assert_tidy(lay_out([every_kind]))


def test_titles_of_theorems_are_tidy_and_as_wide_as_on_a_card(
    media_dir: Path, lay_out: LayOut
) -> None:
    titles = theorem_titles(media_dir)[::16]
    laid = lay_out([Storyboard("Theorems", tuple(Beat(t, Title("A theorem"), t) for t in titles))])
    assert_tidy(laid)
    for (placed, _), title in zip(laid.values(), titles, strict=True):
        (text, box) = placed[0]
        assert " ".join(text.split()) == title
        if "\n" not in text and title.isascii():
            wide = font(72 * 4, 700).getbbox(title)
            assert abs((box[2] - box[0]) / ((wide[2] - wide[0]) / 4) - 1) < 0.05, title


def test_thirty_formulas_stand_in_their_rooms(lay_out: LayOut) -> None:
    beats = tuple(Beat("A formula", Equation(latex, "its letters")) for latex in FORMULAS)
    laid = lay_out([Storyboard("Formulas", beats)])
    assert_tidy(laid)
    for placed, _ in laid.values():
        heading, formula, note = (box for _, box in placed)
        assert heading[3] < formula[1] < formula[3] < note[1]
        assert formula[3] - formula[1] > 15


def test_words_that_mean_harm_are_only_words(lay_out: LayOut) -> None:
    long = "word " * 90 + "x" * 100
    stories = [story_of(text) for text in HOSTILE]
    # Another two of its kinds for each text: letters take Manim a while.
    beats = tuple(
        story.beats[(n + step) % len(story.beats)]
        for n, story in enumerate(stories)
        for step in (0, 5)
    )
    many = Beat(long[:150], Bullets(tuple(f"{n} {long}" for n in range(6))))
    assert_tidy(lay_out([Storyboard("Harm", (*beats, many))]))

"""Cards: words stay in the frame and never lie on each other, however many there are."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from tests.explain.test_storyboard import EVERYTHING
from workbench.errors import MediaError
from workbench.explain.cards.drawing import card_of
from workbench.explain.cards.equations import draw_equation, is_available
from workbench.explain.cards.lettering import Sheet
from workbench.explain.cards.look import HEIGHT_PX, WIDTH_PX
from workbench.explain.storyboards.storyboard import Beat, Source, Storyboard, checked
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Comparison,
    Equation,
    Image,
    Quote,
    Stretch,
    Timeline,
    Title,
    Visual,
)

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120
)


def drawn(show: Visual, heading: str = "How a centrifugal pump works") -> list[Sheet]:
    beat = Beat(heading, show, "words", (Source("a" * 16, "talk.mp4", 61.0, 90.0),))
    return [step.draw() for step in card_of(beat, "light").steps]


def assert_tidy(sheet: Sheet) -> None:
    for text, (left, top, right, bottom) in sheet.placed:
        assert left >= 0, text
        assert top >= 0, text
        assert right <= WIDTH_PX, text
        assert bottom <= HEIGHT_PX, text
    for (one, a), (other, b) in combinations(sheet.placed, 2):
        apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
        assert apart, (one, other, a, b)


@pytest.mark.parametrize("show", EVERYTHING, ids=lambda show: show.kind)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_card_is_tidy_in_both_themes(show: Visual, theme: str) -> None:
    for step in card_of(Beat("A heading", show, "words"), theme).steps:
        sheet = step.draw()
        assert_tidy(sheet)
        assert sheet.canvas.finished().size == (WIDTH_PX, HEIGHT_PX)


@settings(max_examples=25)
@given(WORDS, st.lists(WORDS, min_size=1, max_size=9))
def test_points_of_any_length_are_tidy(heading: str, items: list[str]) -> None:
    if not any(item.strip() for item in items):
        return
    for sheet in drawn(Bullets(tuple(items)), heading):
        assert_tidy(sheet)


@settings(max_examples=25)
@given(WORDS, st.lists(WORDS, min_size=1, max_size=14), st.integers(0, 10**9))
def test_charts_with_any_names_are_tidy(heading: str, names: list[str], value: int) -> None:
    bars = tuple(Bar(name, value / (n + 1)) for n, name in enumerate(names))
    for sheet in drawn(Chart(bars, "min"), heading):
        assert_tidy(sheet)
    rows = tuple(Stretch(name, n, n + 1.5) for n, name in enumerate(names))
    for sheet in drawn(Timeline(rows, len(names) + 1.0), heading):
        assert_tidy(sheet)


@settings(max_examples=25)
@given(WORDS, st.lists(WORDS, max_size=12))
def test_titles_quotations_and_comparisons_of_any_length_are_tidy(
    text: str, items: list[str]
) -> None:
    for sheet in [
        *drawn(Title(text), heading=text),
        *drawn(Quote(text * 5, text), heading=text),
        *drawn(Comparison(text, tuple(items), text, (text,))),
    ]:
        assert_tidy(sheet)


def test_points_come_one_by_one_and_two_hundred_go_to_many_cards() -> None:
    steps = card_of(Beat("Parts", Bullets(tuple(f"part {n}" for n in range(200)))), "light").steps
    assert len(steps) == 200
    last = [text for text, _ in steps[-1].draw().placed]
    assert "part 199" in last
    assert "Parts (34 of 34)" in last
    first = [text for text, _ in steps[0].draw().placed]
    assert "part 0" in first
    assert "part 1" not in first


def test_what_does_not_fit_is_cut_with_a_mark_and_remembered() -> None:
    (sheet,) = drawn(Quote("word " * 600))
    assert sheet.cut
    assert any(line.endswith("…") for line in sheet.canvas.words)


def test_the_foot_says_where_it_comes_from() -> None:
    (sheet,) = drawn(Quote("It leaks."))
    assert "From talk.mp4, 1:01 to 1:30" in [text for text, _ in sheet.placed]


def test_a_zoom_ends_on_the_part_it_was_asked_for(tmp_path: Path) -> None:
    picture = Pillow.new("RGB", (400, 200), "white")
    picture.paste("red", (300, 100, 400, 200))
    picture.save(tmp_path / "corner.png")
    show = Image(str(tmp_path / "corner.png"), zoom=(0.75, 0.5, 1.0, 1.0))
    (beat,) = checked(Storyboard("x", (Beat("", show),))).beats
    card = card_of(beat, "light")
    assert card.moving is not None
    first, *_, last = card.moving(1.0, 5)
    middle = (WIDTH_PX // 2, HEIGHT_PX // 2)
    assert np.asarray(first)[middle[1], middle[0]].tolist() == [255, 255, 255]
    red = (np.asarray(last).astype(int) @ [1, -1, -1] > 100).mean()
    assert red > 4 * (np.asarray(first).astype(int) @ [1, -1, -1] > 100).mean()


def test_a_picture_that_is_no_picture_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(MediaError):
        card_of(Beat("x", Image(str(tmp_path / "a.png"))), "light")


FORMULAS = (
    r"E = mc^2", r"\int_0^1 x^2 \, dx", r"\frac{a}{b}", r"\sqrt{x^2 + y^2}", r"\sum_{n=1}^{\infty} \frac{1}{n^2}",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\lim_{x \to 0} \frac{\sin x}{x} = 1", r"\nabla \times \vec{F}",
    r"P(A \mid B) = \frac{P(B \mid A) P(A)}{P(B)}", r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
    r"e^{i\pi} + 1 = 0", r"\cos(\theta) = \frac{a \cdot b}{\|a\| \|b\|}", r"\underbrace{a + b}_{c}", r"\mathbb{R}^n",
    r"\alpha \beta \gamma \Delta", r"\hat{x} \bar{y} \dot{z}", r"f'(x) = \lim_{h \to 0} \frac{f(x+h)-f(x)}{h}",
    r"\prod_{i=1}^n i = n!", r"\binom{n}{k}", r"a \leq b \neq c \approx d", r"\oint \vec{E} \cdot d\vec{A}",
    r"\partial_t u = \alpha \nabla^2 u", r"\log_2 8 = 3", r"A \cup B \subset C", r"\forall x \exists y",
    r"\overline{AB} \perp \overline{CD}", r"\left( \frac{1}{2} \right)^n", r"x_{n+1} = x_n - \frac{f(x_n)}{f'(x_n)}",
    r"\text{pressure} = \rho g h", r"\begin{cases} 1 & x > 0 \\ 0 & x \leq 0 \end{cases}",
)  # fmt: skip


@pytest.mark.skipif(
    not is_available(), reason="no Typst here: pip install 'nova-workbench[equations]'"
)
@pytest.mark.parametrize("latex", FORMULAS)
def test_thirty_formulas_are_drawn(latex: str) -> None:
    drawn, why = draw_equation(latex, (0, 0, 0), (1100, 400))
    assert why == ""
    assert drawn is not None
    ink = np.asarray(drawn)[..., 3] > 128
    assert 20 < ink.sum() < 0.6 * ink.size


@pytest.mark.skipif(
    not is_available(), reason="no Typst here: pip install 'nova-workbench[equations]'"
)
def test_an_equation_nothing_can_draw_is_shown_as_text_with_the_reason() -> None:
    card = card_of(Beat("Odd", Equation(r"\notacommand{x} \begin{nothing}")), "light")
    assert card.warnings
    (step,) = card.steps
    assert any(text.startswith("As text: ") for text, _ in step.draw().placed)

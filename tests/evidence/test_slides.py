"""Slide titles: joined, not repeated, and told from labels."""

from workbench.evidence.evidence import TextBlock
from workbench.evidence.screen.slides import slide_titles
from workbench.media.timecode import TimeSpan


def block(start: float, text: str, *, height: float = 0.03, top: float = 0.5, title: bool = False):
    return TextBlock(TimeSpan(start, start + 10), text, 0.95, height, top, title)


def test_a_title_is_quoted_as_it_was_read():
    titles = slide_titles([block(0, "Shaft alignment", height=0.09, top=0.2, title=True)])
    assert [(t.text, t.span) for t in titles] == [("Shaft alignment", TimeSpan(0, 10))]


def test_a_title_on_two_lines_is_joined_in_reading_order():
    found = slide_titles(
        [
            block(0, "pump works", height=0.088, top=0.4),
            block(0, "How a centrifugal", height=0.09, top=0.3, title=True),
            block(0, "Impeller, casing and efficiency", height=0.04, top=0.55),
        ]
    )
    assert [title.text for title in found] == ["How a centrifugal pump works"]


def test_a_title_that_stays_or_is_misread_once_is_one_title():
    found = slide_titles(
        [
            block(0, "The mechanical seal", height=0.09, title=True),
            block(10, "The mechanica1 seal", height=0.09, title=True),
            block(20, "The mechanical seal", height=0.09, title=True),
        ]
    )
    assert [title.span for title in found] == [TimeSpan(0, 30)]


def test_a_label_in_a_drawing_weighs_less_than_a_title_slide():
    title, label = slide_titles(
        [
            block(0, "Suction and cavitation", height=0.09, title=True),
            block(20, "Impeller", height=0.035, title=True),
            *[block(20, f"Part number {n}", height=0.03, top=n / 10) for n in range(8)],
        ]
    )
    assert title.weight > 0.9
    assert label.weight < 0.2


def test_no_text_has_no_titles():
    assert slide_titles([]) == ()

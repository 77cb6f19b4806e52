"""A report about two analyses: figures, differences, and words of models as words."""

from dataclasses import replace

from workbench.analysis.comparisons.compare import compare
from workbench.analysis.results import Element, Occurrence
from workbench.media.timecode import TimeSpan
from workbench.reports import charts
from workbench.reports.comparison.block import comparison_header, difference_block


def seen(name: str) -> Element:
    return Element("equipment", name, "", (Occurrence(TimeSpan(10, 20), "shown"),))


def test_the_header_names_both_and_how_far_they_agree(analysis, quoted):
    block = comparison_header(compare(analysis, quoted))
    assert "A: Nova 2 Lite, 14 June 2026" in block._repr_html_()
    assert "B: Local engine" in block._repr_html_()
    assert "Chapters agree 10 of 10" in repr(block)
    assert "Time overlap 100 %" in repr(block)


def test_a_name_a_model_gave_stays_text(analysis, quoted):
    evil = "<script>alert('x')</script>"
    other = replace(quoted, elements=(seen(evil),), model_name=evil, asset_name=evil)
    found = compare(other, analysis)
    html = comparison_header(found)._repr_html_() + difference_block(found)._repr_html_()
    assert "<script" not in html
    assert "&lt;script" in html
    assert "Only in A" in html


def test_two_that_agree_are_said_to(analysis):
    assert "They do not differ." in difference_block(compare(analysis, analysis))._repr_html_()


def test_the_chart_has_one_row_for_a_name_and_its_plural(analysis, quoted):
    one, other = (
        replace(each, elements=(seen(name),))
        for each, name in ((analysis, "Pump"), (quoted, "The pumps"))
    )
    figure = charts.compare_lanes(one, other)
    assert "1 of 1 elements in both" in charts.alt_text(figure)

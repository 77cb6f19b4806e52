"""Charts say what the results say, in both themes, and draw no tags that media wrote."""

import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from workbench.errors import RequestError
from workbench.media.chunks import plan_chunks
from workbench.palette import DARK, LIGHT, dark_of_light, palette
from workbench.reports import charts
from workbench.reports.figures import time_ticks


def traces(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def test_a_theme_that_does_not_exist_is_refused_with_the_two_that_do():
    with pytest.raises(RequestError) as caught:
        palette("sepia")
    assert "light or dark" in caught.value.hint


def test_every_light_colour_has_a_dark_one():
    pairs = dark_of_light()
    for light in (LIGHT.background, LIGHT.text, LIGHT.shown, LIGHT.said, LIGHT.both, *LIGHT.ramp):
        assert pairs[light] != light
    assert pairs[LIGHT.background] == DARK.background


def test_each_bar_of_the_timeline_knows_the_moment_it_seeks_to(analysis, evidence):
    figure = charts.timeline_lanes(analysis, evidence)
    shown = traces(figure)["Shown"]
    assert list(shown.customdata[0]) == [110, "1:50", "3:25", "Centrifugal pump"]
    assert all(data[0] == base for data, base in zip(shown.customdata, shown.base, strict=True))


def test_shown_said_and_both_are_one_trace_each_with_the_house_colours(analysis):
    found = traces(charts.timeline_lanes(analysis, palette=DARK))
    assert {name: found[name].marker.color for name in ("Shown", "Said", "Both")} == {
        "Shown": "#62A4F2",
        "Said": "#F2B445",
        "Both": "#F1F3F7",
    }


def test_rows_are_sorted_by_the_first_time_and_chapters_stay_on_top(analysis, evidence):
    labels = charts.timeline_lanes(analysis, evidence).layout.yaxis.ticktext
    assert labels[:4] == ("Chapters", "Centrifugal pump", "Mechanical seal", "Pressure gauge")
    assert labels[-2:] == ("Speech", "Shots")


def test_a_chapter_shows_its_title_only_where_it_fits(analysis):
    bars = charts.timeline_lanes(analysis).data[0]
    assert bars.text[0] == "1"
    assert bars.text[3] == "Mechanical seals"


def test_a_row_costs_25_px(analysis):
    assert charts.timeline_lanes(analysis, kinds=("object",)).layout.height == 2 * 25 + 62


def test_more_than_fourteen_elements_are_cut_to_the_longest_until_all_are_asked_for(analysis):
    from dataclasses import replace

    from workbench.analysis.results import Element, Occurrence
    from workbench.media.timecode import TimeSpan

    many = tuple(
        Element("object", f"thing {i}", "", (Occurrence(TimeSpan(i, 2 * i + 1), "shown"),))
        for i in range(30)
    )
    crowded = replace(analysis, elements=many)
    cut = charts.shown_elements(crowded, ("object",))
    assert [element.name for element in cut] == [f"thing {i}" for i in range(16, 30)]
    assert len(charts.shown_elements(crowded, ("object",), show_all=True)) == 30


def test_without_equipment_the_timeline_shows_what_else_was_found(analysis):
    from dataclasses import replace

    others = replace(analysis, elements=analysis.elements[-2:])
    assert [element.name for element in charts.shown_elements(others, None)] == [
        "Hard hat",
        "Cavitation",
    ]
    assert charts.shown_elements(analysis, None)[0].kind == "equipment"


def test_two_elements_of_one_name_keep_two_rows(analysis):
    from dataclasses import replace

    twice = replace(analysis, elements=(analysis.elements[0], analysis.elements[0]), chapters=())
    assert len(charts.timeline_lanes(twice).layout.yaxis.ticktext) == 2


def test_tags_in_names_are_drawn_as_letters(analysis, evidence):
    figure = charts.timeline_lanes(analysis, evidence, show_all=True)
    figure.layout.meta = None  # words for a screen reader: never drawn
    drawn = figure.to_json().replace("\\u003c", "<")
    assert "<script" not in drawn
    assert "<img" not in drawn


def test_a_picture_says_that_it_has_no_timeline(analysis):
    from dataclasses import replace

    figure = charts.timeline_lanes(replace(analysis, duration_s=0.0))
    assert charts.alt_text(figure) == "A picture has no timeline."


def test_the_alternative_text_names_chapters_and_elements(analysis, evidence):
    said = charts.alt_text(charts.timeline_lanes(analysis, evidence))
    assert "10 chapters" in said
    assert "Grease gun (both, 1 min 28 s)" in said


@pytest.mark.parametrize("duration_s", [3, 45, 120, 599, 1200, 3600, 7200, 36_000, 400_000])
def test_a_time_axis_has_at_most_twelve_ticks(duration_s):
    values, words = time_ticks(duration_s)
    assert 1 <= len(values) == len(words) <= 12


def test_an_eight_to_one_hundred_minute_video_has_a_readable_number_of_ticks():
    for minutes in range(8, 100):
        assert 4 <= len(time_ticks(minutes * 60)[0]) <= 12


def test_the_chunk_plan_draws_the_core_inside_what_is_sent():
    plan = SimpleNamespace(
        assets=[SimpleNamespace(name="Walk", duration_s=1250.0, chunks=plan_chunks(1250.0))]
    )
    found = traces(charts.chunk_plan_chart(plan))
    assert list(found["Sent"].base) == [0.0, 570.0]
    assert list(found["Answers for"].base) == [0.0, 600.0]
    assert list(found["Answers for"].text) == ["1", "2"]


def test_an_unknown_price_is_a_dash_and_comes_last():
    figure = charts.price_chart(
        [
            charts.PriceBar("unknown", "nova", None),
            charts.PriceBar("dear", "nova", Decimal("0.137"), Decimal("0.1"), Decimal("0.2")),
            charts.PriceBar("free", "local", Decimal(0)),
        ]
    )
    assert figure.layout.yaxis.ticktext == ("free", "dear", "unknown")
    assert [note.text for note in figure.layout.annotations] == ["$0", "$0.1370", "–"]


def test_spending_is_stacked_by_model():
    part = charts.SpentPart
    figure = charts.spent_chart(
        [
            part(date(2026, 6, 2), "Nova Pro", "nova", Decimal("1.2")),
            part(date(2026, 6, 1), "Nova Lite", "nova", Decimal("0.1")),
            part(date(2026, 6, 2), "Nova Pro", "nova", Decimal("0.3")),
        ]
    )
    found = traces(figure)
    assert list(found["Nova Pro"].x) == ["1 Jun", "2 Jun"]
    assert list(found["Nova Pro"].y) == [0.0, 1.5]
    assert charts.alt_text(figure) == "$1.60 spent on 2 days with Nova Pro and Nova Lite."


def test_the_same_day_of_two_years_is_two_bars():
    part, cost = charts.SpentPart, Decimal(1)
    days = (date(2025, 6, 1), date(2026, 6, 1))
    figure = charts.spent_chart([part(day, "Nova Pro", "nova", cost) for day in days])
    assert list(figure.data[0].x) == ["1 Jun 2025", "1 Jun 2026"]


def test_nothing_found_is_an_empty_cell_and_small_amounts_have_no_number():
    cells = {("pump", "a"): 12.0, ("seal", "b"): 0.4, ("seal", "a"): 0.0}
    strip = charts.heat_strip(["pump", "seal"], ["a", "b"], cells).data[0]
    assert [list(row) for row in strip.z] == [[12.0, None], [None, 0.4]]
    assert [list(row) for row in strip.text] == [["12", ""], ["", ""]]


def test_two_engines_are_drawn_a_above_b(analysis, quoted):
    figure = charts.compare_lanes(analysis, quoted)
    found = traces(figure)
    assert found["Nova 2 Lite"].y[0] < found["Local engine"].y[0]
    assert found["Local engine"].marker.color == LIGHT.accent


def test_two_runs_of_one_model_are_told_apart(analysis):
    found = traces(charts.compare_lanes(analysis, analysis))
    assert len({trace.marker.color for trace in found.values()}) == 2


@pytest.mark.parametrize(
    "figure",
    [
        charts.heat_strip([], [], {}),
        charts.price_chart([]),
        charts.spent_chart([]),
        charts.chunk_plan_chart(SimpleNamespace(assets=[])),
    ],
)
def test_a_chart_of_nothing_says_so_in_a_sentence(figure):
    assert charts.alt_text(figure).endswith(".")
    assert json.loads(figure.to_json())["layout"]["annotations"][0]["text"]

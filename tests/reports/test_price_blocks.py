"""Prices and comparisons in reports: words that chart and table say, and media that stay text."""

from dataclasses import replace

import pytest

from workbench.analysis.comparisons.side_by_side import MOST, SideBySide, per_hour_usd, unlike
from workbench.analysis.plans.plan import PlanContext
from workbench.analysis.plans.what_if import TIERS, video_of, what_if
from workbench.analysis.request import AnalysisRequest
from workbench.backends.catalog.file import load_catalog
from workbench.palette import palette
from workbench.reports.charts import alt_text, price_chart
from workbench.reports.money import cost_charts, price_table
from workbench.reports.parts import model as model_block


@pytest.fixture(scope="module")
def rows():
    request = AnalysisRequest(assets=("any",))
    subjects = {"2 h": [video_of(7200)]}
    return what_if(request, subjects, PlanContext(load_catalog()), tiers=TIERS)


def test_the_chart_has_a_mark_for_every_model_mode_and_tier(rows):
    figure = cost_charts.what_if_chart(rows, title="2 h", palette=palette("dark"))
    assert [trace.name for trace in figure.data] == list(TIERS)
    assert {len(trace.x) for trace in figure.data} == {3 * 2}
    assert "Nova Lite, overview $0.0" in alt_text(figure)
    assert sorted({round(x, 2) for x in figure.data[0].x}) == [0.13, 1.0]
    assert set(figure.layout.yaxis.ticktext) >= {"$0.01", "$0.1", "$1"}


def test_what_costs_nothing_or_looks_at_no_frames_has_no_mark(rows):
    free = [row for row in rows if row.model in ("local", "rekognition")]
    assert "None of these looks at frames" in alt_text(cost_charts.what_if_chart(free))


def test_the_bars_are_of_one_tier_and_of_what_has_none(rows):
    bars = cost_charts.price_bars(rows)
    assert len({bar.label for bar in bars}) == len(bars) == 2 * 3 + 2
    assert "Local engine $0" in alt_text(price_chart(bars))
    flex = [row for row in rows if row.tier in ("flex", "batch")]
    assert {bar.expected for bar in cost_charts.price_bars(flex)} < {row.cost_usd for row in flex}


def test_the_table_marks_where_the_maker_contradicts_itself(rows):
    block = price_table.price_block(rows)
    assert block._repr_html_().count("960 to 2,700 frames") == 1
    assert block._repr_html_().count("¹") == 1 + len([row for row in rows if row.doubt])


def test_the_frame_keeps_an_unknown_price_unknown(rows):
    frame = price_table.price_frame([replace(rows[0], cost_usd=None), rows[1]])
    assert frame["cost_usd"].null_count() == 1


def test_nothing_to_price_says_what_to_name():
    assert (
        "Name a length"
        in price_table.price_header((), catalog_as_of="x", corrected=())._repr_html_()
    )
    assert price_table.price_block(()).html == ""


def test_the_newest_of_each_model_and_wording_is_compared(analysis, quoted):
    older = replace(analysis, id="older", created_at=quoted.created_at)
    other = analysis.request.model_copy(update={"instructions": "Look for valves."})
    asked = [replace(analysis, id=f"x{n}", request=other, prompt_hash=f"{n}") for n in range(9)]
    assert [each.id for each in unlike([analysis, older, quoted])] == [analysis.id, quoted.id]
    assert len(unlike([analysis, quoted, *asked])) == MOST


def test_each_two_of_three_are_compared_and_cost_and_time_stand_beside_them(analysis, quoted):
    third = replace(analysis, id="c" * 32, model="pro", model_name="Nova Pro")
    found = SideBySide(analysis.asset_name, (analysis, quoted, third))
    assert [name for name, _ in found.pairs] == ["A and B", "A and C", "B and C"]
    agreement = model_block.agreement_block(found)._repr_html_()
    assert all(name in agreement for name, _ in found.pairs)
    costs = model_block.cost_and_time(found)._repr_html_()
    assert "$0.0412" in costs
    assert "Nova Pro" in costs
    assert "Local engine" in repr(model_block.models_header(found))
    assert per_hour_usd(analysis) == analysis.cost_usd * 3
    assert per_hour_usd(replace(analysis, duration_s=0.0)) is None


def test_what_is_missing_is_said_once_with_the_next_step():
    found = SideBySide("<b>talk</b>", missing="It has no analysis", hint="analyse it")
    html = model_block.models_header(found)._repr_html_()
    assert "It has no analysis" in html
    assert "Next: analyse it" in html
    assert "<b>talk" not in html
    for block in (
        model_block.cost_and_time,
        model_block.agreement_block,
        model_block.first_differences,
    ):
        assert block(found).html == ""
    assert alt_text(model_block.first_two(found)) == "Nothing to compare yet."

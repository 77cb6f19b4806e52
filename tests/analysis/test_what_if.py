"""What would it cost: every row is the plan that would be run, at the price it would be run for."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.analysis.plans.what_if import LONGEST_S, TIERS, USUAL_LENGTHS_S, video_of, what_if
from workbench.analysis.request import AnalysisRequest
from workbench.backends.catalog.file import load_catalog
from workbench.errors import RequestError
from workbench.media.timecode import parse_length

CONTEXT = PlanContext(load_catalog(today=date(2026, 11, 21)))
REQUEST = AnalysisRequest(assets=("any",))
NOVA = ("lite", "2_lite", "pro")


def rows_of(*lengths_s: float, **ways):
    videos = {video.name: [video] for video in map(video_of, lengths_s)}
    return what_if(REQUEST, videos, CONTEXT, **{"models": NOVA, **ways})


@settings(max_examples=15)
@given(st.floats(0.5, 3 * 3600), st.sampled_from(NOVA), st.sampled_from(["overview", "detailed"]))
def test_a_row_is_the_plan_that_analyse_would_run(length_s, model, depth):
    (row,) = rows_of(length_s, models=[model], depths=[depth])
    asked = REQUEST.model_copy(update={"engine": "nova", "model": model, "depth": depth})
    plan = plan_analysis(asked, [video_of(length_s)], CONTEXT)
    assert (row.calls, row.input_tokens) == (len(plan.calls), plan.usage.input_tokens)
    assert (row.cost_low_usd, row.cost_usd, row.cost_high_usd) == (
        plan.cost_low, plan.cost, plan.cost_high,
    )  # fmt: skip


def test_there_is_a_row_for_every_length_model_mode_and_tier():
    rows = rows_of(*USUAL_LENGTHS_S, tiers=TIERS)
    assert len(rows) == len({(r.subject, r.model, r.depth, r.tier) for r in rows}) == 3 * 3 * 2 * 4
    assert [*dict.fromkeys(row.subject for row in rows)] == ["5 min", "30 min", "2 h"]


def test_flex_is_half_of_standard_and_priority_is_dearer():
    rows = rows_of(1800, tiers=TIERS)
    price = {(row.model, row.depth, row.tier): row.cost_usd for row in rows}
    for (model, depth, tier), standard in price.items():
        if tier == "standard":
            assert price[model, depth, "flex"] == standard / 2
            assert price[model, depth, "priority"] == standard * Decimal("1.75")


def test_where_the_maker_contradicts_itself_the_row_says_why_its_range_is_wide():
    rows = {(row.model, row.depth): row for row in rows_of(1800)}
    doubtful = rows["2_lite", "overview"]
    assert doubtful.doubt.startswith("960 to 1,800 frames: ")
    assert "disagree above 16 minutes" in doubtful.doubt
    assert doubtful.cost_high_usd - doubtful.cost_low_usd > doubtful.cost_usd
    assert not any(row.doubt for way, row in rows.items() if way != ("2_lite", "overview"))


def test_frames_a_second_are_those_over_the_whole_video():
    seen = {(row.subject, row.depth): row.frames_per_s for row in rows_of(300, 7200)}
    assert seen["5 min", "overview"] == seen["2 h", "detailed"] == 1
    assert seen["2 h", "overview"] == pytest.approx(960 / 7200)


def test_what_runs_here_costs_nothing_and_has_one_mode_and_tier():
    (row,) = rows_of(300, models=["local"], tiers=TIERS)
    assert (row.cost_usd, row.tier, row.frames_per_s) == (0, "standard", 0)


def test_previews_and_unknown_prices_are_listed_only_by_name_and_come_last():
    assert "2_pro_preview" not in {row.model for row in rows_of(300, models=())}
    rows = rows_of(300, models=["2_pro_preview", "lite"])
    assert [row.model for row in rows][-1] == "2_pro_preview"
    assert rows[-1].cost_usd is None


def test_a_model_without_eyes_has_no_row_and_one_that_is_not_there_is_an_error():
    assert rows_of(300, models=["micro"]) == ()
    with pytest.raises(RequestError, match="there is no model 'nano'"):
        rows_of(300, models=["nano"])


@pytest.mark.parametrize("length_s", [0, -1, float("nan"), float("inf"), LONGEST_S + 1])
def test_a_length_that_no_video_has_is_refused(length_s):
    with pytest.raises(RequestError, match="cannot be priced"):
        video_of(length_s)


@given(st.integers(0, 30), st.integers(0, 59), st.integers(0, 59))
def test_a_length_is_read_however_people_write_it(hours, minutes, seconds):
    whole = hours * 3600 + minutes * 60 + seconds
    if not whole:
        return
    written = f"{hours}h{minutes}m{seconds}s", f"{hours}:{minutes:02d}:{seconds:02d}", f"{whole}"
    assert [parse_length(text) for text in written] == [whole] * 3
    assert parse_length(f"{hours} h {minutes} min {seconds} s") == whole


@pytest.mark.parametrize("text", ["", "5x", "h", "-5m", "0", "0m", "5m5m", "nan", "1e999"])
def test_what_is_no_length_is_refused_with_how_to_write_one(text):
    with pytest.raises(RequestError) as caught:
        parse_length(text)
    assert "30m" in caught.value.hint

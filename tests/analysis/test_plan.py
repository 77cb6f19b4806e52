"""A plan lists the calls a request means and prices that list."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.conftest import asset, evidence_of
from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.analysis.plans.prices import price_options
from workbench.analysis.request import EVERYTHING, AnalysisRequest
from workbench.backends.catalog.file import load_catalog
from workbench.backends.protocol import Readiness
from workbench.errors import RequestError

CATALOG = load_catalog()
CONTEXT = PlanContext(CATALOG)


def request(**changes: object) -> AnalysisRequest:
    return AnalysisRequest.model_validate({"assets": ("x",), "engine": "nova", **changes})


def test_a_long_video_is_one_call_a_chunk_and_one_to_combine():
    plan = plan_analysis(request(), [asset(1, duration_s=1250)], CONTEXT)
    assert [call.task for call in plan.calls] == ["analyse_chunk", "analyse_chunk", "combine"]
    assert plan.calls[2].needs == tuple(call.id for call in plan.calls[:2])
    assert plan.calls[0].label == "film 1.mp4, chunk 1 of 2"


def test_an_overview_is_one_call_however_long_the_video():
    plan = plan_analysis(request(depth="overview"), [asset(1, duration_s=7200)], CONTEXT)
    (call,) = plan.calls
    assert call.chunk.sent.end_s == 7200
    assert plan.assets[0].effective_fps == pytest.approx(960 / 7200)


def test_detailed_looks_at_one_frame_a_second():
    plan = plan_analysis(request(), [asset(1, duration_s=7200)], CONTEXT)
    assert plan.assets[0].effective_fps == pytest.approx(1.0, abs=0.01)


def test_the_local_engine_makes_one_free_call_for_each_asset():
    plan = plan_analysis(
        request(engine="local"), [asset(1), asset(2, "image"), asset(3, "audio")], CONTEXT
    )
    assert len(plan.calls) == 3
    assert plan.cost_low == plan.cost == plan.cost_high == Decimal(0)


def test_a_model_without_eyes_refuses_video_and_names_those_that_can():
    with pytest.raises(RequestError, match="Nova Micro takes text") as caught:
        plan_analysis(request(model="micro"), [asset(1)], CONTEXT)
    assert "lite" in caught.value.hint


def test_a_model_without_eyes_still_does_the_sound_files_of_a_selection():
    plan = plan_analysis(request(model="micro"), [asset(1), asset(2, "audio")], CONTEXT)
    assert [a.name for a in plan.assets] == ["film 2.mp3"]
    assert [problem.name for problem in plan.problems] == ["film 1.mp4"]


@pytest.mark.parametrize("key", ["no-such-model", "premier", "local"])
def test_a_model_that_cannot_be_chosen_is_refused_with_a_hint(key: str):
    with pytest.raises(RequestError) as caught:
        plan_analysis(request(model=key), [asset(1)], CONTEXT)
    assert caught.value.hint


def test_an_unknown_price_leaves_the_total_unknown_instead_of_zero():
    plan = plan_analysis(request(model="2_pro_preview"), [asset(1)], CONTEXT)
    assert plan.cost is None


def test_a_cap_cannot_be_set_where_no_price_is_known():
    with pytest.raises(RequestError, match="no price is known"):
        plan_analysis(request(model="2_pro_preview", max_cost_usd="1"), [asset(1)], CONTEXT)


def test_more_speech_costs_more_once_it_is_known():
    one = asset(1)
    known = PlanContext(CATALOG, evidence_for=lambda _: evidence_of(one))
    before = plan_analysis(request(), [one], CONTEXT)
    after = plan_analysis(request(), [one], known)
    assert (
        before.usage_low.input_tokens <= after.usage.input_tokens <= before.usage_high.input_tokens
    )
    assert after.usage_high.input_tokens - after.usage_low.input_tokens < (
        before.usage_high.input_tokens - before.usage_low.input_tokens
    )


requests = st.builds(
    request,
    find=st.sets(st.sampled_from(EVERYTHING), min_size=1).map(tuple),
    model=st.sampled_from(["auto", "lite", "pro", "2_lite"]),
    depth=st.sampled_from(["detailed", "overview"]),
    summary_length=st.sampled_from(["brief", "standard", "detailed"]),
    chunk_s=st.integers(60, 900),
    context_s=st.integers(0, 60),
)
lengths = st.floats(1, 20_000)


@given(requests, st.lists(lengths, min_size=1, max_size=3))
def test_a_price_is_a_range_with_the_expected_inside(asked: AnalysisRequest, films: list[float]):
    assets = [asset(i, duration_s=length) for i, length in enumerate(films)]
    plan = plan_analysis(asked, assets, CONTEXT)
    assert plan.cost_low <= plan.cost <= plan.cost_high
    for call in plan.calls:
        assert (
            call.usage_low.input_tokens <= call.usage.input_tokens <= call.usage_high.input_tokens
        )
        assert call.usage_low.output_tokens <= call.usage.output_tokens
        assert call.usage.output_tokens <= call.usage_high.output_tokens


@given(requests, lengths)
def test_the_same_request_has_the_same_calls(asked: AnalysisRequest, length: float):
    one = asset(1, duration_s=length)
    first, second = (plan_analysis(asked, [one], CONTEXT) for _ in range(2))
    assert [call.id for call in first.calls] == [call.id for call in second.calls]
    assert len({call.id for call in first.calls}) == len(first.calls)


@given(requests, lengths)
def test_chunks_answer_for_every_moment_once(asked: AnalysisRequest, length: float):
    plan = plan_analysis(asked, [asset(1, duration_s=length)], CONTEXT)
    cores = [call.chunk.core for call in plan.calls if call.chunk]
    assert cores[0].start_s == 0
    assert cores[-1].end_s == pytest.approx(length)
    assert [c.end_s for c in cores[:-1]] == [c.start_s for c in cores[1:]]


def test_every_model_is_priced_side_by_side_and_the_free_one_comes_first():
    ready = {
        "local": Readiness("local", True, "ready"),
        "nova": Readiness("nova", False, "no credentials found"),
    }
    options = price_options(request(), [asset(1)], CONTEXT, ready)
    assert options[0].model == "local"
    assert {(o.model, o.depth) for o in options} >= {
        ("lite", "overview"), ("lite", "detailed"), ("pro", "detailed"), ("2_lite", "overview"),
    }  # fmt: skip
    assert "premier" not in {o.model for o in options}
    assert all("no credentials" in o.note for o in options if o.engine == "nova")
    assert options[-1].cost_usd is None

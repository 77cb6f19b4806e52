"""A service tier changes the price of a plan, and nothing that is asked."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.conftest import Bench, asset, evidence_of, make_bench
from tests.analysis.test_plan import CATALOG, CONTEXT, lengths, request, requests
from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.analysis.plans.planned import at_tier
from workbench.analysis.plans.prices import price_options
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.protocol import Readiness
from workbench.errors import RequestError

FACTORS = {"standard": 1, "flex": Decimal("0.5"), "priority": Decimal("1.75")}
READY = {engine: Readiness(engine, True, "ready") for engine in ("local", "nova")}

tiers = st.sampled_from(["standard", "flex", "priority", "batch"])


@settings(deadline=None, max_examples=40)
@given(requests, lengths, tiers)
def test_a_plan_priced_anew_is_the_plan_at_that_tier(asked, length, tier):
    film = asset(1, duration_s=length)
    plan = plan_analysis(asked, [film], CONTEXT)
    wanted = plan_analysis(asked.model_copy(update={"tier": tier}), [film], CONTEXT)
    # How files are sent is told when it is planned; a price made anew says only what the tier means.
    assert replace(at_tier(plan, tier), warnings=()) == replace(wanted, warnings=())
    assert replace(at_tier(wanted, "standard"), warnings=()) == replace(plan, warnings=())
    assert at_tier(plan, tier).warnings[-1:] == (wanted.warnings[-1:] or plan.warnings[-1:])
    assert at_tier(at_tier(plan, tier), "standard") == plan
    assert [call.id for call in wanted.calls] == [call.id for call in plan.calls]
    assert wanted.seconds <= plan.seconds


@settings(deadline=None, max_examples=25)
@given(requests, lengths, st.sampled_from(sorted(FACTORS)))
def test_the_price_is_that_of_the_tier_to_the_last_digit(asked, length, tier):
    film = asset(1, duration_s=length)
    plan = plan_analysis(asked, [film], CONTEXT)
    other = at_tier(plan, tier)
    assert other.cost == plan.cost * FACTORS[tier]
    assert other.cost_high == plan.cost_high * FACTORS[tier]


def test_flex_says_that_it_may_wait_and_a_batch_that_it_takes_hours():
    film = asset(1)
    assert "may wait longer" in plan_analysis(request(tier="flex"), [film], CONTEXT).warnings[-1]
    batch = plan_analysis(request(tier="batch"), [film], CONTEXT)
    assert "within hours" in batch.warnings[-1]
    assert batch.answers_s > 0
    assert batch.seconds == batch.work_s
    assert plan_analysis(request(engine="local", tier="flex"), [film], CONTEXT).warnings == ()


def test_a_batch_cannot_carry_answers_from_chunk_to_chunk():
    with pytest.raises(RequestError, match="all at once") as caught:
        plan_analysis(request(tier="batch", carry=True), [asset(1)], CONTEXT)
    assert "flex" in caught.value.hint


def test_the_table_shows_the_standard_tier_and_the_one_that_is_asked_for():
    standard = price_options(request(), [asset(1)], CONTEXT, READY)
    assert {option.tier for option in standard} == {"standard"}
    both = price_options(request(tier="flex"), [asset(1)], CONTEXT, READY)
    assert [o for o in both if o.tier == "standard"] == standard
    assert {option.tier for option in both} == {"standard", "flex"}


def test_a_tier_without_a_known_price_has_no_row():
    every = price_options(
        request(), [asset(1)], CONTEXT, READY, tiers=("standard", "flex", "priority", "batch")
    )
    by_model = {o.model: {e.tier for e in every if e.model == o.model} for o in every}
    assert by_model["local"] == by_model["2_pro_preview"] == {"standard"}
    assert by_model["lite"] == {"standard", "flex", "priority", "batch"}
    assert all(o.cost_usd is not None for o in every if o.tier != "standard")
    carried = price_options(request(carry=True), [asset(1)], CONTEXT, READY, tiers=("batch",))
    assert carried == []


def test_every_order_carries_the_tier_and_its_price(bench: Bench):
    plan = plan_analysis(request(tier="flex", model="lite"), [asset(1)], bench.context)
    bench.run(plan)
    model = CATALOG.get("lite")
    for order, call in zip(bench.ordered, plan.calls, strict=True):
        assert order.request.tier == "flex"
        assert order.estimated_usd == cost_of(call.usage, model, plan.route, "flex") == call.cost
        assert order.most_usd == call.cost_high


@pytest.mark.parametrize("other", ["flex", "priority", "batch"])
def test_what_was_answered_at_one_tier_is_not_asked_again_at_another(other: str):
    with TemporaryDirectory() as folder:
        bench = make_bench(Path(folder))
        film = asset(1)
        first = bench.run(plan_analysis(request(), [film], bench.context))
        measured = PlanContext(
            bench.context.catalog, evidence_for=lambda _: evidence_of(film), cache=bench.cache
        )
        plan = plan_analysis(request(tier=other), [film], measured)
        assert (plan.kept_calls, plan.cost) == (3, Decimal(0))
        again = bench.run(plan)
        assert again.calls_made == 0
        assert again.analyses[0].cost_usd == first.analyses[0].cost_usd > 0


def test_the_local_engine_knows_no_tier(bench: Bench):
    plan = plan_analysis(request(engine="local", model="auto", tier="batch"), [asset(1)], CONTEXT)
    bench.run(plan)
    assert [order.request.tier for order in bench.ordered] == ["standard"]
    assert plan.cost == 0

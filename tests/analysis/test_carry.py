"""Chunks one after another, each told what those before it hold and what they call things."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.conftest import Bench, asset, evidence_of, make_bench, plain_answer
from tests.analysis.test_plan import CONTEXT, request
from workbench.analysis.answers.answer import Answer, AnsweredElement
from workbench.analysis.answers.carrying import NAMES_TOKENS, STORY_TOKENS, carried
from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.backends.catalog.pricing import text_tokens
from workbench.errors import ServiceDown
from workbench.media.chunks import plan_chunks

NAMES = ("Rotor", "Stator", "Gasket", "Manifold", "Impeller", "Coupling", "Nozzle")


def named(asked) -> Answer:
    """An answer that names something new in every chunk, and one thing in all of them."""
    answer = plain_answer(asked)
    if asked.task == "analyse_chunk":
        number = int(asked.media[0].span.start_s // 600)
        names = ("pump", NAMES[number])
        elements = [AnsweredElement(kind="equipment", name=name) for name in names]
        answer = answer.model_copy(
            update={"summary": f"The {NAMES[number]} is shown.", "elements": elements}
        )
    return answer


def test_each_chunk_is_told_what_those_before_it_hold(bench: Bench):
    bench.backend.answer = named
    plan = plan_analysis(request(carry=True, context_s=0), [asset(1, duration_s=2400)], CONTEXT)
    assert bench.run(plan, calls_at_once=4).failures == ()
    first, second, third, fourth, last = (asked.prompt for asked in bench.backend.asked)
    assert "Names in use" not in first + last
    assert "0:00 to 10:00: The Rotor is shown." in second
    assert "equipment: pump, Rotor\n" in second
    assert "10:00 to 20:00: The Stator is shown." in third
    assert "equipment: pump, Gasket, Stator, Rotor\n" in fourth
    assert second.index("Names in use") < second.index("Report:")


def test_without_it_no_chunk_knows_of_another_and_no_prompt_changes(bench: Bench):
    bench.backend.answer = named
    bench.run(plan_analysis(request(), [asset(1)], CONTEXT))
    assert not any("before this one" in asked.prompt for asked in bench.backend.asked)


@settings(deadline=None, max_examples=20)
@given(st.floats(100, 4000), st.integers(1, 4), st.integers(1, 2))
def test_planned_and_made_calls_are_the_same_also_one_after_another(length, at_once, films):
    with TemporaryDirectory() as folder:
        bench = make_bench(Path(folder))
        bench.backend.answer = named
        assets = [asset(number, duration_s=length) for number in range(films)]
        plan = plan_analysis(request(carry=True), assets, bench.context)
        result = bench.run(plan, calls_at_once=at_once)
        planned = [call.id for call in plan.calls]
        assert sorted(order.call_id for order in bench.ordered) == sorted(planned)
        assert [r.call_id for a in result.analyses for r in a.calls] == planned
        known = {each.id: evidence_of(each) for each in assets}
        measured = PlanContext(bench.context.catalog, evidence_for=known.get, cache=bench.cache)
        again = plan_analysis(request(carry=True), assets, measured)
        assert (again.kept_calls, again.cost_high) == (len(planned), Decimal(0))


@settings(deadline=None, max_examples=30)
@given(st.floats(1300, 20_000), st.sampled_from(["brief", "standard", "detailed"]))
def test_what_is_carried_is_in_the_price_and_never_above_its_highest(length, how_long):
    film = asset(1, duration_s=length)
    known = PlanContext(CONTEXT.catalog, evidence_for=lambda _: evidence_of(film))
    asked = request(carry=True, summary_length=how_long)
    alone = plan_analysis(request(summary_length=how_long), [film], known)
    plan = plan_analysis(asked, [film], known)
    for call, other in zip(plan.calls, alone.calls, strict=True):
        if call.needs and call.chunk:
            assert other.usage.input_tokens < call.usage.input_tokens
            most = STORY_TOKENS + NAMES_TOKENS + 200
            assert call.usage.input_tokens <= other.usage.input_tokens + most
            assert call.usage_high.input_tokens >= other.usage_high.input_tokens + most - 200
        else:
            assert call.usage == other.usage


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=600)
answers = st.builds(
    Answer,
    summary=words | st.just(""),
    elements=st.lists(
        st.builds(
            AnsweredElement,
            kind=st.sampled_from(["equipment", "object", "topic"]),
            name=words.map("x".__add__),
        ),
        max_size=8,
    ),
)


@settings(deadline=None)
@given(st.lists(answers, max_size=12))
def test_what_is_carried_fits_its_budget_whatever_was_answered(given_answers):
    chunks = plan_chunks(12 * 600.0)
    found = carried(list(zip(chunks, given_answers, strict=False)))
    if found is None:
        return
    assert text_tokens(found.story) <= STORY_TOKENS
    assert text_tokens(found.names) <= NAMES_TOKENS


def test_the_newest_is_kept_when_there_is_no_room_for_all():
    chunks = plan_chunks(30 * 600.0)
    told = [
        (chunk, Answer(summary=f"Part {chunk.index}. " + "It turns. " * 20)) for chunk in chunks
    ]
    story = carried(told).story
    assert "Part 29." in story
    assert "Part 0." not in story
    assert story.startswith("(what came earlier is left out")


def test_resumed_work_asks_only_what_is_not_answered_yet(bench: Bench):
    def fails_at_the_third(asked):
        if "part 3 of 4" in asked.prompt:
            raise ServiceDown("the service failed", hint="try again later")
        return named(asked)

    bench.backend.answer = fails_at_the_third
    film = asset(1, duration_s=2400)
    plan = plan_analysis(request(carry=True), [film], CONTEXT)
    result = bench.run(plan)
    assert [failure.message for failure in result.failures] == ["the service failed"]
    assert result.calls_made == 2
    bench.backend.answer = named
    measured = PlanContext(
        bench.context.catalog, evidence_for=lambda _: evidence_of(film), cache=bench.cache
    )
    left = plan_analysis(request(carry=True), [film], measured)
    assert [call.is_kept for call in left.calls] == [True, True, False, False, False]
    assert bench.run(left).calls_made == 3


@pytest.mark.parametrize("changes", [{"engine": "local", "model": "auto"}, {"depth": "overview"}])
def test_where_there_is_one_call_there_is_nothing_to_carry(changes):
    (call,) = plan_analysis(request(carry=True, **changes), [asset(1)], CONTEXT).calls
    assert call.needs == ()

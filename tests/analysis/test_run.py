"""A run makes the calls of its plan, and nothing else, and never one twice."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.conftest import Bench, Scripted, asset, evidence_of, make_bench, plain_answer
from tests.analysis.test_plan import request, requests
from workbench.analysis.answers.answer import Answer
from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.errors import ServiceDown


@settings(deadline=None, max_examples=40)
@given(requests, st.lists(st.floats(5, 4000), min_size=1, max_size=2), st.integers(1, 4))
def test_estimated_and_run_calls_are_the_same_list(asked, lengths, at_once):
    with TemporaryDirectory() as folder:
        bench = make_bench(Path(folder))
        assets = [asset(i, duration_s=length) for i, length in enumerate(lengths)]
        plan = plan_analysis(asked, assets, bench.context)
        result = bench.run(plan, calls_at_once=at_once)
        planned = [call.id for call in plan.calls]
        assert sorted(order.call_id for order in bench.ordered) == sorted(planned)
        assert len(bench.backend.asked) == len(plan.calls) == result.calls_made
        assert [r.call_id for a in result.analyses for r in a.calls] == planned
        assert result.failures == ()


def test_a_second_identical_analysis_makes_no_call_and_is_the_same_record(bench: Bench):
    films = [asset(1), asset(2, "image")]
    first = bench.run(plan_analysis(request(), films, bench.context))
    made = len(bench.backend.asked)
    second = bench.run(plan_analysis(request(), films, bench.context))
    assert len(bench.backend.asked) == made == 4
    assert [a.id for a in first.analyses] == [a.id for a in second.analyses]
    assert second.analyses == first.analyses
    assert (first.calls_made, second.calls_made) == (4, 0)
    assert first.paid_usd == sum(a.cost_usd for a in first.analyses) > 0
    assert second.paid_usd == 0


def test_a_plan_says_which_replies_are_kept_once_the_evidence_is_there(bench: Bench):
    film = asset(1)
    bench.run(plan_analysis(request(), [film], bench.context))
    measured = PlanContext(
        bench.context.catalog, evidence_for=lambda _: evidence_of(film), cache=bench.cache
    )
    plan = plan_analysis(request(), [film], measured)
    assert plan.kept_calls == len(plan.calls) == 3
    assert plan.cost == plan.cost_high == Decimal(0)


def test_other_instructions_are_other_questions(bench: Bench):
    film = asset(1)
    bench.run(plan_analysis(request(), [film], bench.context))
    changed = request(instructions="Look for leaks.")
    bench.run(plan_analysis(changed, [film], bench.context))
    assert len(bench.backend.asked) == 6


class Killed(BaseException):
    """The process ends here."""


def test_after_a_kill_only_the_unfinished_calls_are_made(bench: Bench):
    plan = plan_analysis(request(), [asset(1, duration_s=3600)], bench.context)
    assert len(plan.calls) == 7

    def dies(asked):
        if len(bench.backend.asked) == 4:
            raise Killed
        return plain_answer(asked)

    bench.backend.answer = dies
    with pytest.raises(Killed):
        bench.run(plan)
    before = len(bench.backend.asked)
    bench.backend = Scripted(plain_answer)
    result = bench.run(plan)
    assert before == 4
    assert len(bench.backend.asked) == 7 - 3
    assert [r.was_kept for r in result.analyses[0].calls] == [True] * 3 + [False] * 4


def test_a_bad_file_is_reported_and_the_rest_is_done(bench: Bench):
    films = [asset(1), asset(2), asset(3)]
    bench.damaged = {films[1].id}
    seen = []
    plan = plan_analysis(request(depth="overview"), films, bench.context)
    result = bench.run(plan, progress=lambda d, t, s: seen.append((d, t)))
    assert [a.asset_name for a in result.analyses] == ["film 1.mp4", "film 3.mp4"]
    assert [(f.name, f.hint) for f in result.failures] == [("film 2.mp4", "copy it again")]
    assert seen[-1] == (9, 9)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_a_run_stops_before_its_cap_and_goes_on_when_it_is_raised(bench: Bench):
    film = asset(1, duration_s=3600)
    whole = plan_analysis(request(model="lite"), [film], bench.context)
    most = whole.calls[0].cost_high
    capped = request(model="lite", max_cost_usd=str(most + Decimal("0.0002")))
    result = bench.run(plan_analysis(capped, [film], bench.context))
    assert result.analyses == ()
    assert [(f.name, f.hint) for f in result.failures] == [(film.name, "raise the cap")]
    assert 0 < bench.paid_usd == result.paid_usd <= most + Decimal("0.0002")
    before = len(bench.backend.asked)
    result = bench.run(plan_analysis(request(model="lite"), [film], bench.context))
    assert len(result.analyses) == 1
    assert len(bench.backend.asked) == len(whole.calls)
    assert before < len(whole.calls)


def test_a_reply_in_another_form_is_an_error_and_is_not_kept(bench: Bench):
    class Odd(Scripted):
        def invoke(self, asked, model):
            reply = super().invoke(asked, model)
            reply.data["chapters"] = [{"title": "", "start_s": "soon", "end_s": 1}]
            return reply

    bench.backend = Odd(lambda _: Answer())
    plan = plan_analysis(request(depth="overview"), [asset(1)], bench.context)
    result = bench.run(plan)
    assert "not in the agreed form" in result.failures[0].message
    bench.backend = Scripted(plain_answer)
    assert len(bench.run(plan).analyses) == 1


def test_a_failed_last_step_does_not_lose_the_parts(bench: Bench):
    def answer(asked):
        if asked.task == "combine":
            raise ServiceDown("the service failed", hint="try again later")
        return plain_answer(asked)

    bench.backend.answer = answer
    plan = plan_analysis(request(), [asset(1)], bench.context)
    (analysis,) = bench.run(plan).analyses
    assert "0:00 – 10:00: summary of analyse_chunk" in analysis.summary.text
    assert any("one summary" in note for note in analysis.notes)
    assert len(analysis.calls) == 2


def test_the_prompt_carries_what_was_said_on_the_clock_of_the_clip(bench: Bench):
    plan = plan_analysis(request(context_s=0), [asset(1)], bench.context)
    bench.run(plan)
    second = bench.backend.asked[1]
    assert "part 2 of 2" in second.prompt
    assert "[0] At minute 10 the pump is checked." in second.prompt
    assert "At minute 9 " not in second.prompt


def test_only_what_was_asked_for_is_asked_of_the_model(bench: Bench):
    plan = plan_analysis(request(find=("chapters",)), [asset(1)], bench.context)
    bench.run(plan)
    assert [list(q.schema["properties"]) for q in bench.backend.asked] == [["chapters"]] * 2
    assert "equipment" not in bench.backend.asked[0].prompt


def test_a_picture_has_elements_without_times_and_no_chapters(bench: Bench):
    from workbench.analysis.answers.answer import AnsweredElement

    bench.backend.answer = lambda _: Answer(
        summary="A gauge.", elements=[AnsweredElement(kind="equipment", name="Gauge")]
    )
    plan = plan_analysis(request(), [asset(1, "image")], bench.context)
    (analysis,) = bench.run(plan).analyses
    assert analysis.chapters == ()
    assert [(e.name, e.presence) for e in analysis.elements] == [("Gauge", "shown")]


def test_an_error_of_ours_that_is_a_bug_is_not_hidden(bench: Bench):
    bench.backend.answer = lambda _: 1 / 0
    plan = plan_analysis(request(), [asset(1)], bench.context)
    with pytest.raises(ZeroDivisionError):
        bench.run(plan)

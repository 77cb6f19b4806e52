"""A run asks several questions at once, in one pipeline of assets, and can be stopped."""

import itertools
import threading
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.conftest import Bench, Scripted, asset, evidence_of, make_bench, plain_answer
from tests.analysis.test_plan import request as asking
from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.runs.run import run_plan
from workbench.backends.order import CallOutcome
from workbench.errors import BadReply, DiskFull, LibraryError, LibraryGone, ServiceDown

PATIENCE_S = 20.0
"""No test waits so long unless it fails."""


class Stopped(BaseException):
    """The user stopped the job."""


class Crowd(Scripted):
    """Answers nobody before so many are waiting, and knows how many there ever were."""

    def __init__(self, wanted: int) -> None:
        super().__init__(plain_answer)
        self.wanted = wanted
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.is_full = threading.Event()

    def invoke(self, request, model):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now >= self.wanted:
                self.is_full.set()
        assert self.is_full.wait(PATIENCE_S)
        reply = super().invoke(request, model)
        with self.lock:
            self.now -= 1
        return reply


def request(**changes: object) -> AnalysisRequest:
    """A request by which every picture has a call of its own."""
    return asking(**{"pictures_per_call": 1, **changes})


def album(count: int):
    return [asset(number, "image") for number in range(1, count + 1)]


@pytest.mark.parametrize("at_once", [1, 3, 16])
@pytest.mark.parametrize("what", ["the chunks of a film", "the pictures of an album"])
def test_forty_calls_run_as_many_at_once_as_allowed_and_never_more(bench: Bench, at_once, what):
    bench.backend = Crowd(at_once)
    film = asset(1, duration_s=40 * 300.0)
    asked = request(find=("chapters",), chunk_s=300, context_s=0)
    plan = plan_analysis(asked, [film] if "film" in what else album(40), bench.context)
    assert len(plan.calls) == 40
    result = bench.run(plan, calls_at_once=at_once)
    assert (result.calls_made, result.failures) == (40, ())
    assert bench.backend.most == at_once


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_results_are_in_the_order_of_the_plan_whoever_is_answered_first(data):
    count = data.draw(st.integers(1, 6), "pictures")
    waits = data.draw(st.lists(st.integers(0, 5), min_size=12, max_size=12), "milliseconds")
    bad = data.draw(st.sets(st.integers(1, count)), "damaged")
    with TemporaryDirectory() as folder:
        bench = make_bench(Path(folder))

        def late(asked):
            time.sleep(waits[int(asked.cache_key(), 16) % 12] / 1000)
            return plain_answer(asked)

        bench.backend.answer = late
        one_film = asset(99, duration_s=1250.0)
        assets = [*album(count), one_film]
        bench.damaged = {f"{number:016x}" for number in bad}
        plan = plan_analysis(request(find=("chapters",)), assets, bench.context)
        seen = []
        result = bench.run(plan, calls_at_once=4, progress=lambda d, t, _: seen.append((d, t)))
        good = [each.name for each in assets if each.id not in bench.damaged]
        assert [a.asset_name for a in result.analyses] == good
        assert [f.name for f in result.failures] == [f"film {n}.jpg" for n in sorted(bad)]
        planned = [c.id for c in plan.calls if c.asset_name in good]
        assert [r.call_id for a in result.analyses for r in a.calls] == planned
        # A unit at a time, except where a file's units are dealt with together.
        assert seen[-1] == (len(plan.calls) + 2 * len(assets),) * 2
        steps = [b - a for (a, _), (b, _) in itertools.pairwise(seen)]
        own = len(plan.calls) + 2 * len(assets) - 3 * len(bad)
        assert sorted(step for step in steps if step) == [1] * own + [3] * len(bad)


def test_an_asset_is_measured_while_calls_about_the_one_before_are_in_flight(bench: Bench):
    is_measured = threading.Event()
    gather = bench.gather

    def gathering(one, progress):
        found = gather(one, progress)
        if len(bench.gathered) == 2:
            is_measured.set()
        return found

    bench.gather = gathering
    bench.backend.answer = lambda asked: is_measured.wait(PATIENCE_S) and plain_answer(asked)
    plan = plan_analysis(request(), album(2), bench.context)
    assert len(bench.run(plan).analyses) == 2


def test_the_local_engine_has_the_processor_to_itself(bench: Bench):
    order = []
    bench.backend.answer = lambda asked: order.append("asked") or plain_answer(asked)
    gather = bench.gather
    bench.gather = lambda one, progress: order.append("measured") or gather(one, progress)
    plan = plan_analysis(request(engine="local", model="auto"), album(3), bench.context)
    assert len(bench.run(plan).analyses) == 3
    assert order == ["measured", "asked"] * 3
    assert all(each.request.evidence is not None for each in bench.ordered)


def test_an_album_is_not_measured_far_ahead_of_its_answers(bench: Bench):
    most_ahead = []

    def answer(asked):
        most_ahead.append(len(bench.gathered) - len(bench.kept))
        return plain_answer(asked)

    bench.backend.answer = answer
    plan = plan_analysis(request(), album(60), bench.context)
    assert len(bench.run(plan, calls_at_once=2).analyses) == 60
    # Two are asked about, one is put together, one is measured.
    assert max(most_ahead) <= 4


def test_what_the_calls_of_a_film_share_is_made_once_and_before_them(bench: Bench):
    made = []
    prepare = bench.prepare

    def preparing(plan, call, progress):
        if not made:
            # Whoever came now would make it as well.
            time.sleep(0.05)
            assert bench.prepared == []
            made.append("proxy")
        return prepare(plan, call, progress)

    bench.prepare = preparing
    plan = plan_analysis(request(), [asset(1, duration_s=3600)], bench.context)
    assert bench.run(plan, calls_at_once=8).failures == ()
    assert len(bench.backend.asked) == len(plan.calls) == 7


def test_kept_replies_are_read_without_making_a_file_or_an_order(bench: Bench):
    plan = plan_analysis(request(), [asset(1)], bench.context)
    bench.run(plan, calls_at_once=2)
    bench.prepared.clear()
    bench.ordered.clear()
    again = bench.run(plan, calls_at_once=2)
    assert (again.calls_made, bench.prepared, bench.ordered) == (0, [], [])
    assert [r.was_kept for r in bench.recorded[-1].calls] == [True] * 3


def test_an_order_says_what_the_call_may_use_and_cost(bench: Bench):
    plan = plan_analysis(request(max_cost_usd="5"), [asset(1)], bench.context)
    bench.run(plan)
    for order, call in zip(bench.ordered, plan.calls, strict=True):
        assert (order.call_id, order.label, order.asset_id) == (call.id, call.label, call.asset_id)
        assert (order.engine, order.model, order.route) == ("nova", plan.model.key, plan.route)
        # One of the two rounds that its highest price has room for.
        one_round = call.usage.input_tokens + order.request.max_output_tokens
        most = call.usage_high
        assert one_round <= order.most_tokens < most.input_tokens + most.output_tokens
        assert (order.estimated_usd, order.most_usd) == (call.cost, call.cost_high)
        assert order.cap_usd == Decimal(5)
        assert order.key == order.request.cache_key()
        # Services are sent the prompt only, and an order may go to another process.
        assert order.request.evidence is None


def test_a_reply_that_was_kept_when_it_was_planned_is_ordered_at_its_full_price(bench: Bench):
    film = asset(1)
    bench.run(plan_analysis(request(), [film], bench.context))
    known = PlanContext(
        bench.context.catalog, evidence_for=lambda _: evidence_of(film), cache=bench.cache
    )
    plan = plan_analysis(request(), [film], known)
    assert plan.cost_high == 0
    for call in bench.ordered:
        bench.cache.path(call.key).unlink()
    bench.ordered.clear()
    bench.run(plan)
    assert len(bench.ordered) == 3
    assert all(order.most_usd > 0 for order in bench.ordered)


def test_a_reply_that_another_process_has_paid_for_is_not_counted(bench: Bench):
    def execute(order):
        bench.execute(order)
        return CallOutcome(was_paid=False, cost_usd=Decimal(0))

    plan = plan_analysis(request(), [asset(1)], bench.context)
    result = run_plan(plan, bench.tools(2), execute=execute)
    assert (result.calls_made, result.paid_usd) == (0, Decimal(0))
    assert [r.was_kept for r in result.analyses[0].calls] == [True] * 3


def test_an_answer_that_was_billed_and_refused_is_in_what_the_run_paid(bench: Bench):
    plan = plan_analysis(request(), album(2), bench.context)
    useful = bench.run(plan_analysis(request(), album(1), bench.context))

    def refuses(asked):
        raise BadReply("cut short", billed=bench.backend.usage)

    bench.backend.answer = refuses
    result = bench.run(plan, calls_at_once=2)
    assert [f.message for f in result.failures] == ["cut short"]
    assert (result.calls_made, result.paid_usd) == (0, useful.paid_usd)
    assert useful.paid_usd > 0


def test_a_failed_chunk_ends_its_film_and_no_more_is_asked_about_it(bench: Bench):
    def fails(asked):
        if asked.media and asked.media[0].asset_id == films[0].id:
            raise ServiceDown("the service failed", hint="try again later")
        return plain_answer(asked)

    films = [asset(1, duration_s=12_000), asset(2)]
    bench.backend.answer = fails
    plan = plan_analysis(request(), films, bench.context)
    assert sum(call.asset_id == films[0].id for call in plan.calls) > 10
    result = bench.run(plan, calls_at_once=2)
    assert [f.message for f in result.failures] == ["the service failed"]
    assert [a.asset_name for a in result.analyses] == ["film 2.mp4"]
    about = Counter(asked.media[0].asset_id for asked in bench.backend.asked if asked.media)
    assert about[films[0].id] <= 2


@pytest.mark.parametrize("error", [DiskFull("no room", hint="free some"), LibraryError("locked")])
def test_where_nothing_can_be_kept_nothing_new_is_begun_and_what_is_in_flight_is_kept(
    bench: Bench, error
):
    is_full = threading.Event()
    in_flight = threading.Event()

    def execute(order):
        if order.asset_id.endswith("1"):
            in_flight.set()
            assert is_full.wait(PATIENCE_S)
            # The run has ended by now.
            return bench.execute(order)
        assert in_flight.wait(PATIENCE_S)
        bench.ordered.append(order)
        is_full.set()
        raise error

    plan = plan_analysis(request(), album(40), bench.context)
    seen = []
    result = run_plan(
        plan, bench.tools(2), execute=execute, progress=lambda d, t, _: seen.append((d, t))
    )
    assert [a.asset_name for a in result.analyses] == ["film 1.jpg"]
    assert len(result.failures) == 39
    assert {(f.message, f.hint) for f in result.failures} == {(error.message, error.hint)}
    assert len(bench.ordered) == 2
    assert len(bench.gathered) <= 5
    assert seen[-1][0] < seen[-1][1]


@pytest.mark.parametrize("by", ["a call", "progress", "measuring"])
def test_a_stopped_run_waits_for_nobody_and_makes_no_new_call(bench: Bench, by):
    let_go = threading.Event()
    asked = threading.Event()

    def answer(question):
        asked.set()
        assert let_go.wait(PATIENCE_S)
        return plain_answer(question)

    def execute(order):
        if by == "a call" and order.asset_id.endswith("2"):
            assert asked.wait(PATIENCE_S)
            raise Stopped
        return bench.execute(order)

    def progress(done, total, stage):
        if by == "progress" and asked.is_set():
            raise Stopped

    gather = bench.gather

    def gathering(one, tell):
        if by == "measuring" and one.name == "film 3.jpg":
            assert asked.wait(PATIENCE_S)
            raise Stopped
        return gather(one, tell)

    bench.backend.answer = answer
    bench.gather = gathering
    plan = plan_analysis(request(), album(20), bench.context)
    before = threading.active_count()
    try:
        with pytest.raises(Stopped):
            run_plan(plan, bench.tools(3), execute=execute, progress=progress)
        assert not let_go.is_set()
        made = len(bench.backend.asked)
        assert made <= 3
    finally:
        let_go.set()
    deadline = time.monotonic() + PATIENCE_S
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert len(bench.backend.asked) == made
    assert bench.kept == []
    # What was in flight is in the cache: it is not asked again.
    bench.backend = Scripted(plain_answer)
    bench.gather = gather
    assert bench.run(plan).calls_made == 20 - made


def test_a_catalog_that_cannot_be_reached_ends_the_run_and_no_file_is_blamed(bench: Bench):
    def gone(*_: object) -> None:
        raise LibraryGone("app cannot be reached", hint="check the server")

    plan = plan_analysis(request(), album(5), bench.context)
    tools = replace(bench.tools(2), keep=gone)
    with pytest.raises(LibraryGone):
        run_plan(plan, tools, execute=bench.execute)
    assert bench.kept == []


def test_a_reply_that_is_not_there_after_its_call_ends_the_run(bench: Bench):
    def forgets(order):
        bench.ordered.append(order)
        return CallOutcome(was_paid=True, cost_usd=Decimal("0.01"))

    plan = plan_analysis(request(), [asset(1), asset(2)], bench.context)
    result = run_plan(plan, bench.tools(), execute=forgets)
    assert [f.message for f in result.failures] == [
        "the reply about film 1.mp4, chunk 1 of 2 was not kept"
    ] * 2
    assert len(bench.ordered) == 1
    assert result.paid_usd == Decimal("0.01")

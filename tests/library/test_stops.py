"""What ends a call before it is sent, and what is kept of an answer that was cut."""

import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.calls import CATALOG, events, make, rows
from tests.support.orders import Scripted, failing, in_threads, order_of
from workbench.analysis.plans.question import cut_reply, kept_answer
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder
from workbench.backends.usage import Usage
from workbench.errors import (
    AccessDenied,
    AnswerCut,
    BackendError,
    NoCredentials,
    QuotaExceeded,
    RequestError,
    ServiceDown,
)
from workbench.library.records import RateLimit

PATIENCE_S = 60.0


def at(tier: str, number: int = 1) -> CallOrder:
    order = order_of(number)
    return replace(order, request=replace(order.request, tier=tier))


def waits_until(event: threading.Event, error: BaseException) -> Callable[[], None]:
    def step() -> None:
        assert event.wait(PATIENCE_S)
        raise error

    return step


@pytest.mark.parametrize("kind", [AccessDenied, NoCredentials, QuotaExceeded])
def test_what_an_account_is_told_once_nobody_of_its_run_asks_again(tools, backend, kind):
    """Four calls, one at a time: three wait for their turn when the first is refused."""
    tools.store.set_limit(RateLimit("micro", at_once=1))
    are_waiting = threading.Event()
    backend.steps = [waits_until(are_waiting, kind("not for you", hint="ask"))] * 4

    def last() -> None:
        while sum(event == "call.waits" for event in events(tools)) < 3:
            threading.Event().wait(0.02)
        are_waiting.set()

    found = in_threads([*(lambda n=n: make(tools, order_of(n)) for n in range(4)), last])[:4]
    assert {(type(error), error.message, error.hint) for error in found} == {
        (kind, "not for you", "ask")
    }
    assert len(backend.sent) == 1
    assert rows(tools) == []
    assert tools.store.calls_in_flight() == []


def test_a_run_that_is_begun_anew_asks_again(tools, backend):
    backend.steps = [failing(AccessDenied("not for you"))]
    with pytest.raises(AccessDenied):
        make(tools)
    assert make(tools).was_paid
    assert len(backend.sent) == 2


def test_another_run_is_not_stopped(tools, backend):
    tools.store.set_limit(RateLimit("micro", at_once=1))
    is_waiting = threading.Event()
    backend.steps = [waits_until(is_waiting, AccessDenied("not for you"))]

    def other() -> object:
        while not backend.sent:
            threading.Event().wait(0.01)
        threading.Timer(0.2, is_waiting.set).start()
        return make(tools, order_of(2), job_id="run-other")

    denied, made = in_threads([lambda: make(tools, order_of(1)), other])
    assert isinstance(denied, AccessDenied)
    assert made.was_paid


def test_a_fault_of_one_call_stops_no_other(tools, backend):
    tools.store.set_limit(RateLimit("micro", at_once=1))
    backend.steps = [failing(ServiceDown("the service failed"))]
    found = in_threads([lambda n=n: make(tools, order_of(n)) for n in range(3)])
    assert sum(isinstance(each, BackendError) for each in found) == 1
    assert len(backend.sent) == 3


def test_a_call_of_a_batch_is_not_made_by_itself(tools, backend):
    with pytest.raises(RequestError, match="in a batch") as caught:
        make(tools, at("batch"))
    assert "flex" in caught.value.hint
    assert backend.sent == []
    assert tools.store.calls_in_flight() == []


def test_a_kept_reply_needs_no_batch(tools, backend):
    make(tools)
    assert not make(tools, at("batch")).was_paid


@pytest.mark.parametrize(
    ("tier", "factor"), [("standard", 1), ("flex", Decimal("0.5")), ("priority", Decimal("1.75"))]
)
def test_the_ledger_has_the_price_of_the_tier_that_was_billed(tools, backend, tier, factor):
    class Tiered(Scripted):
        def invoke(self, request, model, gate):
            return replace(super().invoke(request, model, gate), tier=request.tier)

    asked = replace(tools, backend_for=lambda _: Tiered())
    standard = cost_of(Usage(input_tokens=1000, output_tokens=100), CATALOG.get("micro"), "us")
    assert make(asked, at(tier)).cost_usd == standard * factor
    assert rows(asked) == [("answered", standard * factor)]
    assert asked.cache.get(order_of().key).tier == tier


def test_a_refused_answer_is_billed_at_its_tier(tools, backend):
    used = Usage(input_tokens=1000, output_tokens=100)
    backend.steps = [failing(AnswerCut("it is cut", billed=used))]
    with pytest.raises(AnswerCut):
        make(tools, at("flex"))
    assert rows(tools) == [("refused", cost_of(used, CATALOG.get("micro"), "us", "flex"))]


def test_a_cut_answer_is_kept_as_what_it_cost_and_never_as_an_answer(tools, backend):
    used = Usage(input_tokens=1000, output_tokens=5000)
    backend.steps = [failing(AnswerCut("it is cut", billed=used))]
    with pytest.raises(AnswerCut):
        make(tools, at("flex"))
    key = order_of().key
    assert kept_answer(tools.cache, key) is None
    cut = cut_reply(tools.cache, key)
    assert (cut.usage, cut.tier) == (used, "flex")
    # Who asks all the same gets an answer, and the mark is gone.
    assert make(tools).was_paid
    assert cut_reply(tools.cache, key) is None
    assert kept_answer(tools.cache, key) is not None

"""A paid call is made once, written down once, and not at all past a cap, whoever asks."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.support.calls import CATALOG, COST, JOB, events, make, rows
from tests.support.orders import MOST_USD, failing, in_threads, order_of
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOutcome
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.errors import BadReply, BudgetReached, DiskFull, MediaMissing, ServiceDown
from workbench.library.records import LedgerEntry, RateLimit
from workbench.library.store import Store


def test_a_call_is_kept_written_down_and_landed(tools, backend):
    assert make(tools) == CallOutcome(was_paid=True, cost_usd=COST)
    assert tools.cache.get(order_of().key).data == {"summary": "A pump."}
    assert rows(tools) == [("answered", COST)]
    assert tools.store.calls_in_flight() == []
    job = tools.store.job(JOB)
    assert (job.cost_usd, job.calls_paid) == (COST, 1)


def test_the_row_of_a_call_says_what_it_was(tools):
    make(tools)
    (row,) = tools.store.ledger().rows(named=True)
    assert row["call_id"] == "call 1"
    assert (row["model"], row["model_id"], row["engine"]) == ("micro", "us.micro", "nova")
    assert (row["job_id"], row["was_kept"]) == (JOB, False)
    assert row["estimated_usd"] == Decimal("0.004")
    assert row["input_tokens"] == 1000


def test_a_call_is_logged_with_its_cost_and_without_words(tools):
    make(tools)
    sent, answered = reversed(tools.store.events(JOB))
    assert (sent.event, answered.event) == ("call.sent", "call.answered")
    facts = answered.facts
    assert Decimal(facts["usd"]) == COST
    assert (facts["label"], facts["tokens"], facts["attempts"]) == ("Talk, part 1", 1100, 1)
    assert "pump" not in str([sent.facts, facts])


def test_a_reply_that_is_kept_is_not_paid_again(tools, backend):
    make(tools)
    assert make(tools, job_id="another") == CallOutcome(was_paid=False, cost_usd=Decimal(0))
    assert len(backend.sent) == len(rows(tools)) == 1


def test_the_same_call_asked_for_at_once_is_made_once(tools, backend):
    found = in_threads([lambda: make(tools)] * 8)
    assert sorted(outcome.was_paid for outcome in found) == [False] * 7 + [True]
    assert len(backend.sent) == len(rows(tools)) == 1


def test_calls_that_are_answered_together_are_written_down_one_by_one(tools, backend, monkeypatch):
    answered = threading.Barrier(4)
    backend.steps = [answered.wait] * 4
    ahead: list[int] = []
    record_call = Store.record_call

    def watched(store: Store, entry: LedgerEntry) -> None:
        time.sleep(0.05)
        replies = sum(1 for _ in tools.cache.folder.rglob("*.json"))
        ahead.append(replies - len(store.ledger()))
        record_call(store, entry)

    monkeypatch.setattr(Store, "record_call", watched)
    # However slow the machine is.
    monkeypatch.setattr("workbench.library.calls.settling.KEEP_S", 60.0)
    in_threads([lambda n=n: make(tools, order_of(n)) for n in range(4)])
    assert ahead == [1, 1, 1, 1]


def test_a_free_model_is_asked_at_once_and_costs_nothing(tools, backend):
    tools.store.set_limit(RateLimit("*", at_once=1, requests_per_minute=1))
    backend.steps = [lambda: make(tools)]
    order = order_of(2, model="local", route="local")
    assert make(tools, order) == CallOutcome(was_paid=True, cost_usd=Decimal(0))
    assert len(backend.sent) == 2
    assert events(tools) == ["call.sent", "call.answered"]


def test_no_more_calls_are_in_flight_than_allowed(tools, backend):
    tools.store.set_limit(RateLimit("*", at_once=2))
    most: list[int] = []
    backend.steps = [lambda: most.append(len(tools.store.calls_in_flight()))] * 8
    found = in_threads([lambda n=n: make(tools, order_of(n)) for n in range(8)])
    assert all(outcome.was_paid for outcome in found)
    assert max(most) <= 2
    assert "call.waits" in events(tools)


def test_an_answer_that_cannot_be_used_is_written_down_as_billed(tools, backend):
    used = Usage(input_tokens=2000, output_tokens=500)
    backend.steps = [failing(BadReply("it is cut short", hint="ask for less", billed=used))]
    with pytest.raises(BadReply, match="cut short"):
        make(tools)
    assert rows(tools) == [("refused", cost_of(used, CATALOG.get("micro"), "us"))]
    assert events(tools) == ["call.sent", "call.refused"]
    assert tools.store.calls_in_flight() == []
    assert make(tools).was_paid


def test_an_answer_in_another_form_is_not_kept_but_billed(tools, backend):
    backend.answer = {"summary": ["not", "words"]}
    with pytest.raises(BadReply, match="Talk, part 1 is not in the agreed form: summary"):
        make(tools)
    assert rows(tools) == [("refused", COST)]
    assert tools.cache.get(order_of().key) is None


def test_a_service_that_fails_costs_nothing(tools, backend):
    backend.steps = [failing(ServiceDown("it is down", hint="later"))]
    with pytest.raises(ServiceDown):
        make(tools)
    assert rows(tools) == []
    assert events(tools) == ["call.sent", "call.failed"]
    assert tools.store.calls_in_flight() == []


def test_a_file_that_is_gone_leaves_nothing_in_flight(tools, backend):
    backend.invoke = failing_before_any_send(MediaMissing("talk.mp4 is gone"))
    with pytest.raises(MediaMissing):
        make(tools)
    assert (rows(tools), tools.store.calls_in_flight()) == ([], [])


def failing_before_any_send(error: Exception) -> Callable[..., ModelReply]:
    def invoke(*_: Any, **__: Any) -> ModelReply:
        raise error

    return invoke


def test_a_reply_there_is_no_room_for_is_written_down_and_stops(tools, backend, monkeypatch):
    def full(*_: Any) -> None:
        raise DiskFull("no room", hint="free some")

    monkeypatch.setattr(CallCache, "put", full)
    with pytest.raises(DiskFull):
        make(tools)
    assert rows(tools) == [("unkept", COST)]
    assert tools.store.calls_in_flight() == []


def test_the_cap_of_a_job_is_not_passed(tools, backend):
    cap = COST + MOST_USD
    capped = [order_of(number, cap_usd=cap) for number in range(4)]
    assert make(tools, capped[0]).was_paid
    assert make(tools, capped[1]).was_paid
    with pytest.raises(BudgetReached, match=r"stopped before Talk, part 2: \S+ is spent") as caught:
        make(tools, capped[2])
    assert "raise the cap and run again" in caught.value.hint
    assert len(backend.sent) == 2
    assert make(tools, capped[2], job_id="another job").was_paid


def test_the_budget_of_a_month_is_not_passed_by_any_job(tools, backend):
    tools = replace(tools, budget_usd=COST + MOST_USD)
    assert make(tools, order_of(0)).was_paid
    assert make(tools, order_of(1), job_id="another job").was_paid
    with pytest.raises(BudgetReached, match=r"\S+ is spent this month .* over the monthly budget"):
        make(tools, order_of(2), job_id="a third job")
    assert len(backend.sent) == 2
    assert not make(tools, order_of(0)).was_paid


def test_calls_at_the_same_moment_do_not_pass_the_budget_together(tools, backend):
    tools = replace(tools, budget_usd=3 * COST + MOST_USD)
    calls = [lambda n=n: make(tools, order_of(n), job_id=f"job {n}") for n in range(8)]
    found = in_threads(calls)
    assert sum(isinstance(each, BudgetReached) for each in found) == 4
    assert len(backend.sent) == 4


def test_a_call_without_a_known_price_is_not_made_under_a_budget(tools, backend):
    tools = replace(tools, budget_usd=Decimal(25))
    with pytest.raises(BudgetReached, match="no price is known for it") as caught:
        make(tools, order_of(most_usd=None))
    assert "WORKBENCH_CATALOG_FILE" in caught.value.hint
    assert backend.sent == []


def test_calls_of_one_job_at_the_same_moment_do_not_pass_its_cap_together(tools, backend):
    cap = 3 * COST + MOST_USD
    found = in_threads([lambda n=n: make(tools, order_of(n, cap_usd=cap)) for n in range(8)])
    assert sum(isinstance(each, BudgetReached) for each in found) == 4
    assert tools.store.spent_usd(JOB) == 4 * COST <= cap


class GaveUp(BaseException):
    """Nobody wants the call any more."""


def test_a_call_nobody_wants_while_it_waits_is_not_made(tools, backend):
    tools.store.set_limit(RateLimit("micro", requests_per_minute=1))
    make(tools, order_of(1))
    looks = iter([None] * 3)

    def check() -> None:
        if next(looks, GaveUp) is GaveUp:
            raise GaveUp

    with pytest.raises(GaveUp):
        make(tools, order_of(2), check=check)
    assert len(backend.sent) == 1
    assert tools.store.calls_in_flight() == []
    assert events(tools)[-1] == "call.waits"


def test_a_call_that_was_sent_is_finished_whoever_gives_up(tools, backend):
    gone = threading.Event()

    def check() -> None:
        if gone.is_set():
            raise GaveUp

    backend.steps = [gone.set]
    assert make(tools, check=check).was_paid
    assert rows(tools) == [("answered", COST)]

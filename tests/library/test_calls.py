"""A paid call is made once, and written down once, whoever asks and whatever dies."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.orders import MOST_USD, Scripted, failing, in_threads, order_of
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.errors import (
    BadReply,
    BudgetReached,
    DiskFull,
    LibraryGone,
    MediaMissing,
    ServiceDown,
)
from workbench.library.calls.making import CallTools, make_call, settle_stale
from workbench.library.records import CallInFlight, Job, LedgerEntry, RateLimit
from workbench.library.store import Store

CATALOG = load_catalog()
COST = cost_of(Usage(input_tokens=1000, output_tokens=100), CATALOG.get("micro"), "us")
JOB = "0123456789abcdef"


@pytest.fixture
def backend() -> Scripted:
    return Scripted()


@pytest.fixture
def tools(any_store: Store, backend: Scripted, tmp_path: Path) -> CallTools:
    now = datetime.now(UTC)
    any_store.put_job(Job(id=JOB, kind="analyse", title="t", state="running", created_at=now))
    cache = CallCache(tmp_path / "calls")
    return CallTools(lambda _: backend, CATALOG.get, cache, any_store, patience_s=0.0)


def make(tools: CallTools, order: CallOrder | None = None, **options: Any) -> CallOutcome:
    return make_call(order or order_of(), **({"job_id": JOB, "tools": tools} | options))


def rows(tools: CallTools) -> list[tuple[str, Decimal | None]]:
    """Outcome and cost of every row of the ledger."""
    ledger = tools.store.ledger()
    return list(zip(ledger["outcome"], ledger["cost_usd"], strict=True))


def events(tools: CallTools) -> list[str]:
    """What the job's log says, oldest first."""
    return [event.event for event in reversed(tools.store.events(JOB))]


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


def a_dead_process() -> str:
    """The name of a process of this machine that lives no more."""
    return f"{os.uname().nodename}:{2**22 + 1}:1"


def left_in_flight(tools: CallTools, order: CallOrder, *, was_sent: bool = True) -> None:
    """What a process leaves behind that dies while it makes a call."""
    call = CallInFlight(
        order.key, order.model, JOB, a_dead_process(), 0.0, 0.0, order.most_usd, order.call_id,
        order.asset_id, order.label, order.estimated_usd, order.route,
    )  # fmt: skip
    assert tools.store.admit(call, cap_usd=None, is_alive=lambda _: True).verdict == "go"
    if was_sent:
        assert tools.store.reserve_send(order.model, 1, order.key)[0]


def keep_reply(tools: CallTools, order: CallOrder) -> None:
    usage = Usage(input_tokens=1000, output_tokens=100)
    tools.cache.put(order.key, "", ModelReply({"summary": "A."}, usage, "us.micro", "end", 0.1))


def test_a_reply_whose_maker_died_before_the_ledger_had_it_gets_its_row(tools, backend):
    order = order_of(1)
    left_in_flight(tools, order)
    keep_reply(tools, order)
    assert settle_stale(tools) == 1
    assert rows(tools) == [("answered", COST)]
    assert tools.store.job(JOB).cost_usd == COST
    assert not make(tools, order).was_paid
    assert settle_stale(tools) == 0
    assert backend.sent == []


def test_whoever_asks_for_any_call_closes_the_gaps_first(tools):
    left_in_flight(tools, order_of(1))
    keep_reply(tools, order_of(1))
    make(tools, order_of(2))
    assert rows(tools) == [("answered", COST)] * 2
    assert tools.store.calls_in_flight() == []


def test_a_gap_is_closed_once_however_many_close_it(tools):
    for number in range(4):
        left_in_flight(tools, order_of(number))
        keep_reply(tools, order_of(number))
    in_threads([lambda: settle_stale(tools)] * 6)
    assert rows(tools) == [("answered", COST)] * 4
    assert tools.store.job(JOB).calls_paid == 4


def test_a_maker_that_died_after_the_ledger_had_its_row_leaves_no_gap(tools, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Store, "landed", lambda *_: None)
        make(tools)
    assert settle_stale(tools) == 1
    assert rows(tools) == [("answered", COST)]


def test_a_call_whose_maker_died_with_it_is_lost_and_made_again(tools, backend):
    left_in_flight(tools, order_of())
    assert make(tools).was_paid
    assert rows(tools) == [("lost", None), ("answered", COST)]
    assert events(tools) == ["call.lost", "call.sent", "call.answered"]
    # Nobody knows whether the lost one was billed.
    assert tools.store.job(JOB).cost_usd is None


def test_a_lost_call_counts_against_the_cap_as_the_most_it_can_have_cost(tools):
    order = order_of(cap_usd=2 * MOST_USD - Decimal("0.001"))
    left_in_flight(tools, order)
    with pytest.raises(BudgetReached):
        make(tools, order)
    assert rows(tools) == [("lost", None)]
    assert make(tools, replace(order, cap_usd=2 * MOST_USD)).was_paid


def test_a_call_whose_maker_died_before_sending_it_cost_nothing(tools):
    left_in_flight(tools, order_of(), was_sent=False)
    assert make(tools).was_paid
    assert rows(tools) == [("answered", COST)]


def test_a_call_that_was_broken_off_in_flight_is_lost(tools, backend):
    backend.steps = [failing(KeyboardInterrupt())]
    with pytest.raises(KeyboardInterrupt):
        make(tools)
    assert make(tools).was_paid
    assert rows(tools) == [("lost", None), ("answered", COST)]


def gone_for(monkeypatch: pytest.MonkeyPatch, method: str, times: int) -> None:
    """Let the catalog be away for the next calls of a method."""
    real, left = getattr(Store, method), iter(range(times))

    def away(self: Store, *words: Any, **facts: Any) -> Any:
        if next(left, None) is not None:
            raise LibraryGone("it cannot be reached", hint="wait")
        return real(self, *words, **facts)

    monkeypatch.setattr(Store, method, away)


@pytest.mark.parametrize(
    "method", ["admit", "reserve_send", "settle_send", "record_call", "landed", "add_event"]
)
def test_a_catalog_that_is_away_for_a_moment_costs_no_second_call(
    tools, backend, monkeypatch, method
):
    gone_for(monkeypatch, method, 1)
    assert make(replace(tools, patience_s=60.0)).was_paid
    assert not make(tools).was_paid
    assert len(backend.sent) == 1
    assert rows(tools) == [("answered", COST)]
    assert tools.store.calls_in_flight() == []


def test_a_catalog_that_stays_away_is_told_before_anything_is_sent(tools, backend, monkeypatch):
    gone_for(monkeypatch, "admit", 100)
    with pytest.raises(LibraryGone):
        make(tools)
    assert backend.sent == []


def test_a_row_that_could_not_be_written_is_written_by_the_next_who_asks(
    tools, backend, monkeypatch
):
    with monkeypatch.context() as patch:
        gone_for(patch, "record_call", 100)
        assert make(tools).was_paid
    assert rows(tools) == []
    assert not make(tools).was_paid
    make(tools, order_of(2))
    assert rows(tools) == [("answered", COST)] * 2
    assert len(backend.sent) == 2


def test_a_server_that_goes_and_comes_back_while_a_call_is_in_flight_gets_its_row(
    postgres_server, postgres_url, backend, tmp_path
):
    with Store.open(postgres_url) as store:
        cache = CallCache(tmp_path / "calls")
        tools = CallTools(lambda _: backend, CATALOG.get, cache, store, patience_s=60.0)
        back = threading.Timer(1.5, postgres_server.start)
        backend.steps = [lambda: (postgres_server.stop(), back.start())]
        assert make(tools).was_paid
        back.join()
        assert not make(tools).was_paid
        assert rows(tools) == [("answered", COST)]
        assert store.calls_in_flight() == []

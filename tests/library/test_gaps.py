"""What is missing in the ledger because a call's maker died is written once, by whoever asks next."""

import os
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.calls import COST, JOB, events, make, rows
from tests.support.orders import MOST_USD, failing, in_threads, order_of
from workbench.backends.order import CallOrder
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.errors import BudgetReached
from workbench.library.calls.making import CallTools, settle_stale
from workbench.library.records import CallInFlight
from workbench.library.store import Store


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

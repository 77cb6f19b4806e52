"""One process makes a folder's calls: for all who ask, once, within every limit."""

import os
import signal
from decimal import Decimal

import pytest

import workbench.library.store.calls
from tests.support.bedrock_server import error, stopped
from tests.support.gateway import (
    JOB,
    answer_of,
    call,
    holder,
    lines_to,
    outcomes,
    pid_of,
    until,
    was_paid,
)
from tests.support.orders import in_threads, order_of
from workbench import Settings, Workspace
from workbench.errors import AccessDenied, BadReply
from workbench.jobs.gateway.client import call_through_gateway
from workbench.library.records import RateLimit


def test_a_gateway_is_started_for_the_first_call_and_used_for_the_next(
    data_dir, store, server, job
):
    outcome = call(data_dir)
    first = holder(data_dir)
    assert outcome.was_paid
    assert outcome.cost_usd == store.spent_usd(JOB) > 0
    assert not call(data_dir).was_paid
    assert call(data_dir, 2).was_paid
    assert holder(data_dir) == first
    assert (server.answered, outcomes(store)) == (2, ["answered"] * 2)
    assert store.job(JOB).calls_paid == 2


def test_an_asker_that_is_killed_while_its_call_is_in_flight_loses_nothing(
    data_dir, store, server, asker, let_go
):
    killed = asker()
    until(lambda: server.under_way)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = asker()
    until(lambda: lines_to(data_dir) == ["open"])
    let_go.set()
    answer = answer_of(again)
    assert '"was_paid"' in answer
    assert server.received == server.answered == 1
    assert outcomes(store) == ["answered"]
    assert store.job(JOB).calls_paid == 1
    assert store.calls_in_flight() == []


def test_two_who_ask_for_the_same_call_get_one(store, server, asker):
    server.delay_s = 1.0
    both = [asker(1, JOB), asker(1, "another job")]
    assert sorted(was_paid(each) for each in both) == [False, True]
    assert server.received == 1
    assert outcomes(store) == ["answered"]


def test_a_gateway_that_is_killed_in_flight_is_replaced_and_its_call_written_down_as_lost(
    data_dir, store, server, asker, let_go
):
    waiting = asker()
    until(lambda: server.under_way)
    os.kill(pid_of(holder(data_dir)), signal.SIGKILL)
    let_go.set()
    assert was_paid(waiting)
    assert outcomes(store) == ["lost", "answered"]
    assert "call.lost" in [event.event for event in store.events(JOB)]
    assert store.calls_in_flight() == []


def test_a_call_nobody_waits_for_any_more_is_not_made(
    data_dir, store, server, asker, gateway, let_go
):
    store.set_limit(RateLimit("*", at_once=1))
    running = gateway("--idle-s", "2.5")
    first = asker(1)
    until(lambda: server.under_way)
    second = asker(2)
    until(lambda: "call.waits" in [event.event for event in store.events(JOB)])
    second.send_signal(signal.SIGKILL)
    second.wait()
    until(lambda: "left" not in lines_to(data_dir))
    let_go.set()
    assert was_paid(first)
    assert running.wait(60) == 0
    assert server.received == 1
    assert store.calls_in_flight() == []


def test_a_call_that_two_jobs_want_is_made_when_one_of_them_gives_up(
    data_dir, store, server, asker, let_go
):
    store.set_limit(RateLimit("*", at_once=1))
    first = asker(1)
    until(lambda: server.under_way)
    stopped_job = asker(2, JOB)
    until(lambda: "call.waits" in [event.event for event in store.events(JOB)])
    other = asker(2, "another job")
    until(lambda: lines_to(data_dir) == ["open"] * 3)
    stopped_job.send_signal(signal.SIGKILL)
    stopped_job.wait()
    until(lambda: lines_to(data_dir) == ["open"] * 2)
    let_go.set()
    assert was_paid(first)
    assert was_paid(other)
    assert sorted(store.ledger()["job_id"]) == sorted([JOB, "another job"])


class Stopped(BaseException):
    """The user has stopped the job."""


def test_a_stopped_job_makes_no_new_call(data_dir, store, server, asker):
    store.set_limit(RateLimit("micro", requests_per_minute=1))
    assert was_paid(asker(1))

    def check() -> None:
        if "call.waits" in [event.event for event in store.events(JOB)]:
            raise Stopped

    with pytest.raises(Stopped):
        call_through_gateway(data_dir, order_of(2), JOB, check)
    until(lambda: store.calls_in_flight() == [])
    assert server.received == 1


def test_the_cap_of_a_job_holds_across_processes(store, server, asker):
    server.delay_s = 0.5
    # The calls cost some 0.00002; the next may cost 0.01.
    crowd = [asker(number, JOB, "0.0100001") for number in range(4)]
    answers = [answer_of(each) for each in crowd]
    assert sum(answer.startswith("BudgetReached: stopped before") for answer in answers) == 3
    assert all("raise the cap and run again" in a for a in answers if a.startswith("Budget"))
    assert server.received == 1


def test_the_cap_holds_for_a_run_in_this_process_too(data_dir, store, server, asker):
    server.delay_s = 1.0
    order = order_of(2, cap_usd=Decimal("0.0100001"))
    with Workspace.open(Settings()) as workspace:
        other = asker(1)
        until(lambda: server.under_way)
        (found,) = in_threads([lambda: workspace.call(order, job_id=JOB)])
    assert was_paid(other)
    assert type(found).__name__ == "BudgetReached"
    assert server.received == 1


def test_errors_come_back_as_our_own(data_dir, server, job):
    server.always(error("AccessDeniedException"))
    with pytest.raises(AccessDenied, match="AccessDeniedException on command") as caught:
        call(data_dir)
    assert "bedrock:InvokeModel" in caught.value.hint
    server.always(stopped("max_tokens"))
    with pytest.raises(BadReply) as caught:
        call(data_dir)
    assert caught.value.billed.input_tokens == server.calls[-1].input_tokens


def test_the_limit_of_a_minute_is_kept_by_many_who_ask_at_once(
    data_dir, store, server, job, monkeypatch
):
    """Told by the catalog's clock, which decides; the minute is a short one."""
    calls = workbench.library.store.calls
    monkeypatch.setattr(calls, "WINDOW_S", 1.5)
    monkeypatch.setattr(calls, "SPARE_S", 0.3)
    granted_s: list[float] = []
    wait_for = calls.wait_for

    def watched(limit: RateLimit, recent: object, tokens: int, now_s: float) -> float:
        wait_s = wait_for(limit, recent, tokens, now_s)
        if not wait_s:
            granted_s.append(now_s)
        return wait_s

    monkeypatch.setattr(calls, "wait_for", watched)
    store.set_limit(RateLimit("micro", at_once=0, requests_per_minute=5))
    with Workspace.open(Settings()) as one, Workspace.open(Settings()) as other:
        asked = [
            lambda n=n, each=each: each.call(order_of(n), job_id=JOB)
            for n in range(6)
            for each in (one, other)
        ]
        asked += [lambda n=n: one.call(order_of(n), job_id=JOB) for n in range(6, 13)]
        found = in_threads(asked)
    assert sum(outcome.was_paid for outcome in found) == 13
    # The service got as many as were allowed, and no six of them were in one such minute. When it
    # has read a request it cannot tell: a busy machine puts that off.
    assert server.received == len(granted_s) == 13
    granted_s.sort()
    assert all(later - first > 1.79 for first, later in zip(granted_s, granted_s[5:], strict=False))

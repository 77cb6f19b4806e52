"""One call about several pictures is admitted, kept, settled and written down as one."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.orders import Scripted, in_threads, order_of
from workbench.analysis.answers.answer import answer_schema, schema_of_several
from workbench.analysis.plans.question import kept_answer
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import ModelReply
from workbench.backends.sharing import Share, Sharer
from workbench.backends.usage import Usage
from workbench.errors import DiskFull, ServiceDown
from workbench.jobs.gateway.wire import Asked
from workbench.jsonable import from_json, to_json
from workbench.library.calls.holders import machine_name
from workbench.library.calls.making import CallTools, make_call, settle_stale
from workbench.library.calls.settling import entry_of, flight_of
from workbench.library.records import CallInFlight, Job, LedgerEntry
from workbench.library.store import Store

CATALOG = load_catalog()
JOB = "0123456789abcdef"
USAGE = Usage(input_tokens=1000, output_tokens=101, images=3)
COST = cost_of(USAGE, CATALOG.get("micro"), "us")
DEAD = f"{machine_name()}:{2**22 + 1}:1"


def key(picture: int) -> str:
    return order_of(picture + 100).key


def order_about(*pictures: int) -> CallOrder:
    """An order about these pictures."""
    one = order_of(sum(10**n * p for n, p in enumerate(pictures)) + 10_000)
    schema = schema_of_several(answer_schema("analyse_image", ("summary",)))
    request = replace(one.request, task="analyse_image", schema=schema)
    sharers = tuple(Sharer(key(p), f"{p:016}", f"plate {p}", 100 + p) for p in pictures)
    return replace(one, request=request, key=request.cache_key(), shared=sharers)


def told(*numbers: int) -> dict[str, Any]:
    return {"pictures": [{"number": n, "summary": f"About {n}."} for n in numbers]}


@pytest.fixture
def backend() -> Scripted:
    return Scripted(answer=told(1, 2, 3), usage=USAGE)


@pytest.fixture
def tools(any_store: Store, backend: Scripted, tmp_path: Path) -> CallTools:
    now = datetime.now(UTC)
    any_store.put_job(Job(id=JOB, kind="analyse", title="t", state="running", created_at=now))
    cache = CallCache(tmp_path / "calls")
    return CallTools(lambda _: backend, CATALOG.get, cache, any_store, patience_s=0.0)


def make(tools: CallTools, order: CallOrder) -> CallOutcome:
    return make_call(order, job_id=JOB, tools=tools)


def answers(tools: CallTools, *pictures: int) -> list[str | None]:
    """What is kept about each picture by its own key."""
    found = [kept_answer(tools.cache, key(picture)) for picture in pictures]
    return [each[1].summary if each else None for each in found]


def shares(tools: CallTools) -> list[list[Share]]:
    """The shares of each row of the ledger."""
    return [from_json(list[Share], text or "[]") for text in tools.store.ledger()["shares"]]


def test_one_call_is_one_row_and_the_answers_are_kept_one_by_one(tools, backend):
    assert make(tools, order_about(1, 2, 3)) == CallOutcome(was_paid=True, cost_usd=COST)
    assert answers(tools, 1, 2, 3) == ["About 1.", "About 2.", "About 3."]
    ledger = tools.store.ledger()
    assert ledger["cost_usd"].to_list() == [COST]
    (parts,) = shares(tools)
    assert [part.asset_id for part in parts] == [f"{n:016}" for n in (1, 2, 3)]
    assert sum((part.usage for part in parts), Usage()) == USAGE
    assert sum(part.cost_usd for part in parts) == COST
    for part in parts:
        reply = tools.cache.get(part.key)
        assert (reply.usage, reply.shared_by) == (part.usage, 3)
        assert reply.shared_key == order_about(1, 2, 3).key
    job = tools.store.job(JOB)
    assert (job.cost_usd, job.calls_paid) == (COST, 1)
    assert tools.store.keys_of_open_jobs() == {order_about(1, 2, 3).key, key(1), key(2), key(3)}


def test_a_call_is_not_made_when_one_of_its_pictures_has_an_answer(tools, backend):
    make(tools, order_about(1, 2, 3))
    assert make(tools, order_about(3, 4)) == CallOutcome(was_paid=False, cost_usd=Decimal(0))
    assert len(backend.sent) == 1
    assert answers(tools, 4) == [None]


def test_calls_that_share_a_picture_are_made_one_after_another_and_it_is_paid_once(tools, backend):
    is_asked, may_answer = threading.Event(), threading.Event()

    def wait() -> None:
        is_asked.set()
        assert may_answer.wait(20)

    backend.steps = [wait]

    def second() -> CallOutcome:
        assert is_asked.wait(20)
        threading.Timer(0.2, may_answer.set).start()
        return make(tools, order_about(3, 4))

    def alone() -> CallOutcome:
        assert is_asked.wait(20)
        return make(tools, replace(order_of(), key=key(2)))

    first, after, single = in_threads([lambda: make(tools, order_about(1, 2, 3)), second, alone])
    assert (first.was_paid, after.was_paid, single.was_paid) == (True, False, False)
    assert len(backend.sent) == 1
    assert tools.store.calls_in_flight() == []


def left_by_the_dead(tools: CallTools, order: CallOrder) -> CallInFlight:
    """A call that was sent by a process that has died."""
    call = replace(flight_of(order, JOB), holder=DEAD)
    admission = tools.store.admit(call, cap_usd=None, is_alive=lambda _: True)
    assert tools.store.reserve_send(order.model, 1, order.key)[0]
    return replace(call, started_at_s=admission.began_at_s)


@pytest.mark.parametrize("got_to", ["the reply", "one part", "the ledger"])
def test_what_a_dead_maker_has_kept_is_taken_apart_and_written_down_once(tools, backend, got_to):
    order = order_about(1, 2, 3)
    call = left_by_the_dead(tools, order)
    reply = ModelReply(told(1, 2, 3), USAGE, "us.micro", "tool_use", 0.1)
    tools.cache.put(order.key, order.label, reply)
    if got_to == "one part":
        tools.cache.put(key(1), "plate 1", replace(reply, data={"summary": "About 1."}))
    if got_to == "the ledger":
        model = CATALOG.get("micro")
        entry = entry_of(call, model, "answered", USAGE, "us.micro", data=reply.data)
        tools.store.record_call(entry)
    # Whoever asks next, also about others, closes the gap.
    assert make(tools, order_about(2, 4)).was_paid is False
    assert answers(tools, 1, 2, 3) == ["About 1.", "About 2.", "About 3."]
    assert backend.sent == []
    assert tools.store.ledger()["outcome"].to_list() == ["answered"]
    assert tools.store.ledger()["cost_usd"].to_list() == [COST]
    (parts,) = shares(tools)
    assert sum(part.cost_usd for part in parts) == COST
    assert tools.store.calls_in_flight() == []


def test_of_a_lost_call_nobody_knows_the_price_and_no_picture_has_one(tools):
    left_by_the_dead(tools, order_about(1, 2))
    assert settle_stale(tools) == 1
    assert tools.store.ledger()["outcome"].to_list() == ["lost"]
    (parts,) = shares(tools)
    assert [part.cost_usd for part in parts] == [None, None]


def test_a_call_that_failed_leaves_nothing_in_flight(tools, backend):
    def fail() -> None:
        raise ServiceDown("it failed")

    backend.steps = [fail]
    with pytest.raises(ServiceDown):
        make(tools, order_about(1, 2))
    assert tools.store.calls_in_flight() == []
    assert tools.store.ledger().height == 0


def test_without_room_for_the_parts_the_reply_is_kept_and_taken_apart_later(
    tools, backend, monkeypatch
):
    put, order = CallCache.put, order_about(1, 2, 3)

    def fills(self: CallCache, name: str, *rest: Any) -> None:
        if name == key(2):
            raise DiskFull("no room", hint="free some")
        put(self, name, *rest)

    with monkeypatch.context() as full:
        full.setattr(CallCache, "put", fills)
        with pytest.raises(DiskFull):
            make(tools, order)
    assert tools.store.ledger()["outcome"].to_list() == ["unkept"]
    assert answers(tools, 1, 2) == ["About 1.", None]
    assert make(tools, order).was_paid is False
    assert answers(tools, 2, 3) == ["About 2.", "About 3."]
    assert len(backend.sent) == 1


def test_what_a_job_has_paid_for_is_no_kept_reply_of_the_same_job(tools):
    order = order_about(1, 2)
    make(tools, order)

    def found_again(job_id: str) -> LedgerEntry:
        return LedgerEntry(
            datetime.now(UTC), "a" * 16, f"{1:016}", "call", key(1), "nova", "micro", "us.micro",
            True, None, None, Usage(), job_id=job_id, shared_key=order.key,
        )  # fmt: skip

    tools.store.record_call(found_again(JOB))
    assert tools.store.ledger().height == 1
    tools.store.record_call(found_again("another job"))
    assert tools.store.ledger()["was_kept"].to_list() == [False, True]


def test_an_order_about_several_says_so_to_the_gateway_and_in_flight():
    order = order_about(1, 2, 3)
    assert from_json(Asked, to_json(Asked(order, JOB))).order.shared == order.shared
    call = flight_of(order, JOB)
    again = from_json(CallInFlight, to_json(call))
    assert again.keys == {order.key, key(1), key(2), key(3)}
    # A row of before this was known is about one.
    old = {name: value for name, value in json.loads(to_json(call)).items() if name != "shared"}
    assert from_json(CallInFlight, json.dumps(old)).keys == {order.key}

"""What a call has cost is in the ledger also where two things came of it, or nobody knows what."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.orders import MOST_USD, Scripted, order_of
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import Forecast
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, open_gate
from workbench.backends.usage import Usage
from workbench.errors import BudgetReached, DiskFull, ServiceDown
from workbench.jobs.gateway.wire import error_of, told
from workbench.library.calls.holders import machine_name
from workbench.library.calls.making import CallTools, make_call, settle_stale
from workbench.library.calls.settling import flight_of
from workbench.library.records import CallInFlight, Job
from workbench.library.store import Store

CATALOG = load_catalog()
JOB = "0123456789abcdef"
FIRST = Usage(input_tokens=2000, output_tokens=500)


class LosesTheRepair:
    """A service whose answer had to be put right, and whose second answer was lost on the way."""

    engine = "nova"

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        gate()(2500)
        gate(900)(None)
        raise ServiceDown("the connection was cut", billed=FIRST)


@pytest.fixture
def tools(any_store: Store, tmp_path: Path) -> CallTools:
    now = datetime.now(UTC)
    any_store.put_job(Job(id=JOB, kind="analyse", title="t", state="running", created_at=now))
    cache = CallCache(tmp_path / "calls")
    return CallTools(lambda _: LosesTheRepair(), CATALOG.get, cache, any_store, patience_s=0.0)


def rows(tools: CallTools) -> list[tuple[str, Decimal | None]]:
    """Outcome and cost of every row of the ledger."""
    ledger = tools.store.ledger()
    return list(zip(ledger["outcome"], ledger["cost_usd"], strict=True))


def test_what_was_billed_before_a_lost_repair_has_a_row_beside_that_of_the_lost_one(tools):
    with pytest.raises(ServiceDown):
        make_call(order_of(), job_id=JOB, tools=tools)
    assert rows(tools) == [("lost", None), ("refused", cost_of(FIRST, CATALOG.get("micro"), "us"))]
    assert tools.store.job(JOB).calls_paid == 2
    assert tools.store.calls_in_flight() == []


def left_in_flight(tools: CallTools, task: str) -> None:
    """A detection whose maker died while it was made."""
    order = order_of(model="rekognition", engine="rekognition", route="labels")
    call = CallInFlight(
        order.key, order.model, JOB, f"{machine_name()}:{2**22 + 1}:1", 0.0, 0.0, order.most_usd,
        order.call_id, order.asset_id, order.label, order.estimated_usd, order.route,
        forecast=Forecast(task, 0, 0, 1, None),
    )  # fmt: skip
    assert tools.store.admit(call, cap_usd=None, is_alive=lambda _: True).verdict == "go"
    assert tools.store.reserve_send(order.model, 1, order.key)[0]


@pytest.mark.parametrize(("task", "outcomes"), [("analyse_chunk", []), ("analyse_image", ["lost"])])
def test_a_job_that_the_next_who_asks_is_attached_to_is_not_lost_and_a_picture_is(
    tools: CallTools, task: str, outcomes: list[str]
):
    left_in_flight(tools, task)
    assert settle_stale(tools) == 1
    assert [outcome for outcome, _ in rows(tools)] == outcomes
    assert tools.store.calls_in_flight() == []
    assert [event.event for event in tools.store.events(JOB)] == [
        "call.lost" if outcomes else "call.left"
    ]


def test_a_call_that_is_refused_without_a_lost_send_keeps_the_time_it_began(tools: CallTools):
    class Refuses(LosesTheRepair):
        def invoke(
            self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate
        ) -> ModelReply:
            gate()(2500)
            raise ServiceDown("it has failed", billed=FIRST)

    with pytest.raises(ServiceDown):
        make_call(order_of(), job_id=JOB, tools=replace(tools, backend_for=lambda _: Refuses()))
    assert [outcome for outcome, _ in rows(tools)] == ["refused"]


def test_a_reply_there_is_no_room_for_says_what_was_billed(tools: CallTools, monkeypatch):
    def full(*_: object) -> None:
        raise DiskFull("no room", hint="free some")

    backend = Scripted()
    monkeypatch.setattr(CallCache, "put", full)
    with pytest.raises(DiskFull) as caught:
        make_call(order_of(), job_id=JOB, tools=replace(tools, backend_for=lambda _: backend))
    assert caught.value.billed == error_of(told(caught.value)).billed == backend.usage


def test_a_call_that_cannot_be_sent_again_for_the_budget_says_so_and_names_no_cap(tools: CallTools):
    class LosesTwice(LosesTheRepair):
        def invoke(
            self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate
        ) -> ModelReply:
            settle = gate()
            other = flight_of(order_of(2), "another job")
            tools.store.admit(other, cap_usd=None, is_alive=lambda _: True)
            settle(None)
            gate()
            raise AssertionError

    poor = replace(
        tools, backend_for=lambda _: LosesTwice(), budget_usd=MOST_USD * 2 + Decimal("0.005")
    )
    with pytest.raises(BudgetReached, match=r"over the monthly budget of \$0.0250"):
        make_call(order_of(), job_id=JOB, tools=poor)
    assert [outcome for outcome, _ in rows(tools)] == ["lost"]

"""Whatever calls cost, however long they take and however they end: no cap and no budget is passed."""

import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.orders import in_threads, order_of
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, Readiness, open_gate
from workbench.backends.usage import Usage
from workbench.errors import BackendError, BadReply, BudgetReached, ServiceDown
from workbench.library.calls.making import CallTools, make_call
from workbench.library.records import RateLimit
from workbench.library.store import Store

CATALOG = load_catalog()
MICRO = CATALOG.get("micro")
MOST = Usage(input_tokens=100_000, output_tokens=40_000)
MOST_USD = cost_of(MOST, MICRO, "us")
assert Decimal("0.0091") == MOST_USD

JOBS = ("one", "other")


@dataclass(frozen=True)
class Send:
    """What becomes of one send."""

    end: Literal["answered", "useless", "lost", "busy"]
    share: float
    """How much of the most it may cost it costs."""
    latency_s: float

    @property
    def usage(self) -> Usage:
        """What it is billed by, if it is."""
        return Usage(round(MOST.input_tokens * self.share), round(MOST.output_tokens * self.share))


@dataclass
class Till:
    """A service that answers as it was told, and counts its money whether it was heard or not."""

    scripts: dict[str, list[Send]] = field(default_factory=dict)
    job_of: dict[str, str] = field(default_factory=dict)
    taken: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    answered: Counter[str] = field(default_factory=Counter)
    engine: str = "nova"
    lock: Any = field(default_factory=threading.Lock)

    def readiness(self) -> Readiness:
        return Readiness(self.engine, is_ready=True, finding="told what to do")

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        for send in self.scripts.get(request.prompt) or [Send("answered", 0.5, 0.0)]:
            settle = gate()
            time.sleep(send.latency_s)
            if send.end == "busy":
                continue
            usage = send.usage
            with self.lock:
                self.taken[self.job_of[request.prompt]] += cost_of(usage, model, "us")
            if send.end == "lost":
                settle(None)
                continue
            settle(usage.input_tokens + usage.output_tokens)
            if send.end == "useless":
                raise BadReply("it is of no use", hint="ask again", billed=usage)
            with self.lock:
                self.answered[request.prompt] += 1
            return ModelReply({"summary": "A pump."}, usage, "us.micro", "tool_use", 0.1)
        raise ServiceDown("it gave no answer", hint="later")


SENDS = st.lists(
    st.builds(
        Send,
        st.sampled_from(("answered", "answered", "answered", "useless", "lost", "busy")),
        st.sampled_from((1.0, 1.0, 0.7, 0.3, 0.05)),
        st.sampled_from((0.0, 0.0, 0.004)),
    ),
    min_size=1,
    max_size=3,
)
ROOM = st.floats(0, 6).map(lambda calls: MOST_USD * Decimal(str(round(calls, 2))))
"""Money for up to six calls at their highest price."""

_numbers = itertools.count(1)
"""No two examples share a question, or the second would find the first one's replies."""


@dataclass
class Shop:
    """The open library, over all examples."""

    tools: CallTools

    def spent_usd(self) -> Decimal:
        """What the month's budget has to count: known costs, and the most of what was lost."""
        ledger = self.tools.store.ledger()
        return sum(
            (
                row["estimated_usd"] if row["outcome"] == "lost" else row["cost_usd"]
                for row in ledger.rows(named=True)
                if not row["was_kept"]
            ),
            Decimal(0),
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("cap")
    with Store.open(folder / "app.db") as store:
        store.set_limit(RateLimit("*", at_once=6))
        yield Shop(CallTools(lambda _: Till(), CATALOG.get, CallCache(folder / "calls"), store))


def orders(count: int, caps: dict[str, Decimal | None]) -> dict[str, list[CallOrder]]:
    """As many orders for each job, under its cap."""
    return {
        job: [
            order_of(next(_numbers), cap_usd=cap, most_usd=MOST_USD, estimated_usd=MOST_USD / 3)
            for _ in range(count)
        ]
        for job, cap in caps.items()
    }


def run(
    tools: CallTools, asked: dict[str, list[CallOrder]], names: dict[str, str]
) -> list[CallOutcome | BaseException]:
    """Make the orders of all jobs at the same moment."""
    return in_threads(
        [
            lambda job=job, order=order: make_call(order, job_id=names[job], tools=tools)
            for job, each in asked.items()
            for order in each
        ]
    )


@settings(max_examples=40)
@given(
    scripts=st.lists(SENDS, min_size=8, max_size=8),
    caps=st.tuples(st.none() | ROOM, st.none() | ROOM),
    budget=st.none() | ROOM,
)
def test_no_cap_and_no_budget_is_passed_and_the_rest_is_paid_once_there_is_money(
    shop, scripts, caps, budget
):
    till = Till()
    spent_before = shop.spent_usd()
    tools = CallTools(
        lambda _: till,
        CATALOG.get,
        shop.tools.cache,
        shop.tools.store,
        patience_s=0.0,
        budget_usd=None if budget is None else spent_before + budget,
    )
    capped = dict(zip(JOBS, caps, strict=True))
    asked = orders(4, capped)
    names = {job: f"{job} {next(_numbers)}" for job in JOBS}
    every = [(job, order) for job, each in asked.items() for order in each]
    for (job, order), script in zip(every, scripts, strict=True):
        till.scripts[order.request.prompt] = script
        till.job_of[order.request.prompt] = job
    found = run(tools, asked, names)

    for outcome in found:
        assert isinstance(outcome, CallOutcome | BackendError | BudgetReached), outcome
    for job, cap in capped.items():
        assert cap is None or till.taken[job] <= cap
    assert budget is None or sum(till.taken.values()) <= budget
    assert tools.store.calls_in_flight() == []
    # What the ledger counts is never less than what was taken.
    assert shop.spent_usd() - spent_before >= sum(till.taken.values())

    answered = Counter(till.answered)
    till.scripts.clear()
    unlimited = {job: orders_without_cap(each) for job, each in asked.items()}
    rich = CallTools(lambda _: till, CATALOG.get, tools.cache, tools.store, patience_s=0.0)
    again = run(rich, unlimited, names)
    assert all(isinstance(outcome, CallOutcome) for outcome in again)
    # Those that were answered before are not paid again.
    assert sum(outcome.was_paid for outcome in again) == len(every) - answered.total()
    assert till.answered == {order.request.prompt: 1 for _, order in every}


def orders_without_cap(asked: list[CallOrder]) -> list[CallOrder]:
    """The same calls with the cap taken away."""
    from dataclasses import replace

    return [replace(order, cap_usd=None) for order in asked]


def test_a_call_is_not_sent_again_where_a_lost_reply_has_used_the_room(shop):
    till = Till()
    tools = CallTools(lambda _: till, CATALOG.get, shop.tools.cache, shop.tools.store)
    ((order,),) = orders(1, {"one": MOST_USD * Decimal("1.9")}).values()
    till.job_of[order.request.prompt] = "one"
    till.scripts[order.request.prompt] = [Send("lost", 1.0, 0.0), Send("answered", 1.0, 0.0)]
    job = f"job {next(_numbers)}"
    with pytest.raises(BudgetReached, match="may cost"):
        make_call(order, job_id=job, tools=tools)
    assert till.taken["one"] == MOST_USD
    assert tools.store.calls_in_flight(job) == []


def test_a_call_is_sent_again_where_there_is_room_for_both(shop):
    till = Till()
    tools = CallTools(lambda _: till, CATALOG.get, shop.tools.cache, shop.tools.store)
    ((order,),) = orders(1, {"one": MOST_USD * 2}).values()
    till.job_of[order.request.prompt] = "one"
    till.scripts[order.request.prompt] = [Send("lost", 1.0, 0.0), Send("answered", 1.0, 0.0)]
    job = f"job {next(_numbers)}"
    outcome = make_call(order, job_id=job, tools=tools)
    # The reply is there; what it has cost in all is not known.
    assert (outcome.was_paid, outcome.cost_usd) == (True, None)
    rows = [row for row in tools.store.ledger().rows(named=True) if row["job_id"] == job]
    assert [(row["outcome"], row["cost_usd"]) for row in rows] == [
        ("lost", None),
        ("answered", MOST_USD),
    ]
    assert rows[0]["estimated_usd"] == MOST_USD

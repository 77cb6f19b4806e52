"""What is written down about a call that was sent, also by others when its maker has died.

A call whose maker died has left a gap: its reply may be kept without a row in the ledger, or it was
sent and nobody knows what came of it. The next one who asks for any call closes all gaps first.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from workbench.analysis.answers.sharing import shares_of, take_apart
from workbench.analysis.plans.question import cut_reply, kept_answer
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder
from workbench.backends.protocol import Backend, ModelReply
from workbench.backends.usage import Cost, Usage
from workbench.errors import RequestError
from workbench.library.calls.holders import flights, holder_name, is_call_alive
from workbench.library.database.rows import cost_text, time_text
from workbench.library.journal import note
from workbench.library.records import CallInFlight, CallResult, LedgerEntry
from workbench.library.store import Store
from workbench.logs import Fact

ATTACHING = frozenset({"rekognition", "transcribe"})
"""Engines that begin jobs under the name of their question: whoever asks again, also after a crash,
is attached to the job that runs or has run. It is billed once, and written down by who reads it."""

PATIENCE_S = 300.0
"""How long the catalog may be away or busy before a call is given up, or its row left to others."""

KEEP_S = 1.0
"""How long a reply waits for the one before it to be written down, so that what a job is told never
is behind by more than one call. Keeping it is worth more than that, so the wait has an end."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

_one_kept = threading.Lock()


@dataclass(frozen=True, slots=True)
class CallTools:
    """What a call needs from outside."""

    backend_for: Callable[[str], Backend]
    """The backend of an engine: `registry.get`."""
    model_for: Callable[[str], ModelInfo]
    """The model of a catalog key: `catalog.get`."""
    cache: CallCache
    store: Store
    patience_s: float = PATIENCE_S
    """Seconds for which an absent catalog is waited for."""
    budget_usd: Cost = None
    """The most that the calls of a calendar month (UTC) may cost; None for no limit."""


@contextmanager
def keeping() -> Iterator[None]:
    """Keep a reply and write its row, one at a time."""
    has_it = _one_kept.acquire(timeout=KEEP_S)
    try:
        yield
    finally:
        if has_it:
            _one_kept.release()


def flight_of(order: CallOrder, job_id: str) -> CallInFlight:
    """The row of a call that this process begins to make, of which nothing was sent yet."""
    return CallInFlight(
        cache_key=order.key,
        model=order.model,
        job_id=job_id,
        holder=holder_name(),
        started_at_s=time.time(),
        silent_s=0.0,
        most_usd=order.most_usd,
        call_id=order.call_id,
        asset_id=order.asset_id,
        label=order.label,
        estimated_usd=order.estimated_usd,
        route=order.route,
        tier=order.request.tier,
        forecast=order.forecast,
        shared=order.shared,
    )


def settle_stale(tools: CallTools) -> int:
    """Close the gaps left by whoever died while making calls; returns how many there were.

    A reply that was kept gets its row in the ledger. A call that was sent and has none is `lost`:
    it may have been billed, and nobody knows. One that goes on at the service as a job is left to
    whoever asks next.
    """
    stale = [call for call in tools.store.calls_in_flight() if not is_made(call)]
    for call in stale:
        settle(call, tools)
    return len(stale)


def settle(call: CallInFlight, tools: CallTools) -> None:
    """Find out what came of a call whose maker has died, and write it down."""
    store, began = tools.store, datetime.fromtimestamp(call.started_at_s, UTC)
    if not any(_is_same(call, each) for each in store.calls_in_flight()):
        return  # it had landed by the time its maker was looked for
    if call.shared:
        take_apart(tools.cache, call.cache_key, call.shared)
    if call.was_sent and not store.paid_since(call.cache_key, time_text(began)):
        kept = kept_answer(tools.cache, call.cache_key)
        cut = cut_reply(tools.cache, call.cache_key)
        reply = kept[0] if kept else cut
        try:
            model = tools.model_for(call.model)
        except RequestError:
            model = None  # the catalog file has changed meanwhile
        if model and reply is None and _goes_on(call, model):
            note(store, call.job_id, "call.left", label=call.label, model=call.model)
            store.landed(call.cache_key, call.holder)
            return
        outcome: CallResult = "answered" if kept else "refused" if cut else "lost"
        usage, model_id = (reply.usage, reply.model_id) if reply else (Usage(), "")
        billed = replace(call, tier=reply.tier) if reply else call
        data = reply.data if reply else {}
        entry = entry_of(billed, model, outcome, usage, model_id, data=data)
        store.record_call(entry)
        facts = answer_facts(reply, entry.cost_usd) if reply else {"model": call.model}
        note(store, call.job_id, f"call.{outcome}", label=call.label, **facts)
    store.landed(call.cache_key, call.holder)


def is_made(call: CallInFlight, *, asked_by: str = "") -> bool:
    """Is a call in flight still being made?

    One of this very process may have been left behind when the catalog could not be reached; that
    is so for whoever asks for the same question, for only one thread at a time may.
    """
    if call.holder == holder_name():
        return call.cache_key != asked_by and call.cache_key in flights
    return is_call_alive(call)


def _goes_on(call: CallInFlight, model: ModelInfo) -> bool:
    """Is a call a job at the service, that the next who asks is attached to?"""
    # A picture goes with its call, and is answered and billed at once.
    is_job = call.forecast is not None and call.forecast.task != "analyse_image"
    return is_job and model.engine in ATTACHING


def _is_same(one: CallInFlight, other: CallInFlight) -> bool:
    return (one.cache_key, one.holder, one.started_at_s) == (
        other.cache_key, other.holder, other.started_at_s,
    )  # fmt: skip


def entry_of(
    call: CallInFlight,
    model: ModelInfo | None,
    outcome: CallResult,
    usage: Usage,
    model_id: str,
    *,
    data: Mapping[str, Any] = NOTHING,
) -> LedgerEntry:
    """The ledger's row of a call that was sent.

    Its time is the call's beginning by the database's clock, whoever writes it: so it is there
    once, even when its maker and somebody who took it for dead both do.

    Args:
        call: The call as it was admitted.
        model: Its model; None when the catalog has it no more.
        outcome: What came of it.
        usage: What was billed; nothing for a call that was lost: its cost is unknown, and its
            estimate is the most it can have cost, for that is what a cap has to count.
        model_id: The id the service was called with.
        data: What was answered, where the call was about several pictures.
    """
    is_lost = outcome == "lost"

    def price(used: Usage) -> Cost:
        return cost_of(used, model, call.route, call.tier) if model and not is_lost else None

    return LedgerEntry(
        at=datetime.fromtimestamp(call.started_at_s, UTC),
        analysis_id="",
        asset_id=call.asset_id,
        call_id=call.call_id,
        cache_key=call.cache_key,
        engine=model.engine if model else "",
        model=call.model,
        model_id=model_id,
        was_kept=False,
        estimated_usd=call.most_usd if is_lost else call.estimated_usd,
        cost_usd=price(usage),
        usage=usage,
        job_id=call.job_id,
        outcome=outcome,
        forecast=call.forecast,
        shares=shares_of(usage, call.shared, data, price) if call.shared else (),
    )


def answer_facts(reply: ModelReply, cost: Cost) -> dict[str, Fact]:
    """What the log says about an answer."""
    return {
        "model": reply.model_id,
        "usd": cost_text(cost),
        "tokens": reply.usage.input_tokens + reply.usage.output_tokens,
        "s": round(reply.latency_s, 1),
        "attempts": reply.attempts,
    }

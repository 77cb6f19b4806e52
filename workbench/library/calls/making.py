"""Make a paid call once, whoever asks for it and whatever dies: the only place that does.

The reply is on disk before anybody hears of it, then the ledger has its row, then the call counts
as landed. Whoever finds a call whose maker has died closes the gap that was left.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

from workbench.analysis.answers.sharing import is_answered, take_apart
from workbench.analysis.plans.question import keep_cut, require_form
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import ModelReply, Settle, open_gate
from workbench.backends.usage import Cost, Usage
from workbench.errors import (
    AnswerCut,
    BackendError,
    LibraryBusy,
    LibraryGone,
    WorkbenchError,
)
from workbench.library.calls.holders import flights
from workbench.library.calls.settling import (
    CallTools,
    answer_facts,
    entry_of,
    flight_of,
    is_made,
    keeping,
    settle,
    settle_stale,
)
from workbench.library.calls.stops import Circuits, no_batch, over_budget, over_cap
from workbench.library.database.rows import cost_text
from workbench.library.journal import note
from workbench.library.records import CallResult
from workbench.logs import Fact

__all__ = ["CallTools", "go_on", "make_call", "settle_stale"]

FIRST_LOOK_S = 0.05
LONGEST_LOOK_S = 0.5
"""Waits between two looks at whether a call may be made: they grow from the first to the longest.
One that landed in this process is noticed at once."""

CHECK_S = 0.2
"""Longest time between two looks at whether anybody still wants the call."""

LIMIT_LOOK_S = 2.0
"""Longest wait between two tries to pass the limits of a minute: a reservation may be given back."""

RETRY_S = 1.0
"""Pause between two tries to reach a catalog that is away."""

NOT_MADE = CallOutcome(was_paid=False, cost_usd=Decimal(0))

Got = TypeVar("Got")

log = logging.getLogger(__name__)

circuits = Circuits()


def go_on() -> None:
    """Nobody gives up."""


def make_call(
    order: CallOrder, *, job_id: str, tools: CallTools, check: Callable[[], None] = go_on
) -> CallOutcome:
    """See that the reply to an order is in the call cache, making the call if need be.

    Waits while another process makes the same call, while as many calls as allowed are in flight,
    and while the account's limits of a minute are used up. A free model is asked at once.

    Args:
        order: The call.
        job_id: The job it is paid by; `run-…` for a run without a worker.
        tools: Where backends, replies and records are.
        check: Called often while nothing has been sent yet; it raises to give up.

    Returns:
        Whether the call was made now, and what it cost.

    Raises:
        BackendError: The service gave no usable answer; what was billed is in the ledger. Or it has
            refused the account, in another call of this job, before anything was sent.
        BudgetReached: It could cost more than what is left under the cap or of the budget.
        RequestError: It is to be answered in a batch, which is not done here.
        DiskFull: The reply could not be kept; what was billed is in the ledger.
        LibraryError: The catalog cannot be used, or the reply could not be kept.
    """
    call = _Call(order, job_id, tools, check)
    look_s = FIRST_LOOK_S
    with circuits.watched(job_id, order.engine):
        while not call.is_kept():
            call.check_wanted()
            if flights.enter(order.key, tools.store.beat_calls):
                try:
                    return call.make()
                finally:
                    flights.leave(order.key)
            flights.wait(look_s)
            look_s = _longer(look_s)
    return NOT_MADE


class _Call:
    """One order on its way."""

    def __init__(
        self, order: CallOrder, job_id: str, tools: CallTools, check: Callable[[], None]
    ) -> None:
        self.order = order
        self.tools = tools
        self.check = check
        self.model = tools.model_for(order.model)
        self.flight = flight_of(order, job_id)
        self.has_been_sent = False
        self.lost_sends = 0
        """Sends whose replies were lost on the way: each has its row in the ledger."""
        self.has_to_begin_again = False
        self.has_waited = False
        self.is_settled = True
        """False when its row in flight has to stay, for others to find out what came of it."""

    def is_kept(self) -> bool:
        """Is there a reply of the right form, or one about a picture that would be paid again?"""
        return is_answered(self.tools.cache, self.order.key, self.order.shared)

    def make(self) -> CallOutcome:
        """Make the call, unless somebody else makes it first."""
        if self.model.is_free:
            return self.ask()
        if self.order.request.tier == "batch":
            raise no_batch(self.order)
        if not self.is_admitted():
            return NOT_MADE
        try:
            # The reply may have come between the last look and the admission.
            return NOT_MADE if self.is_kept() else self.ask()
        finally:
            if self.is_settled:
                self.land()

    def is_admitted(self) -> bool:
        """Wait until the call may be made; False if its reply has come by then.

        Raises:
            BudgetReached: It could cost more than what is left under the cap or of the budget.
        """
        order, look_s = self.order, FIRST_LOOK_S
        ask = partial(
            self.tools.store.admit,
            self.flight,
            cap_usd=order.cap_usd,
            is_alive=partial(is_made, asked_by=order.key),
            budget_usd=self.tools.budget_usd,
        )
        while not self.is_kept():
            self.check_wanted()
            admission = self.patiently(ask)
            match admission.verdict:
                case "go":
                    self.flight = replace(self.flight, started_at_s=admission.began_at_s)
                    return True
                case "over":
                    raise over_cap(order, admission.spent_usd)
                case "over_budget":
                    raise over_budget(order, admission.spent_usd, self.tools.budget_usd)
                case "stale":
                    for each in admission.stale:
                        settle(each, self.tools)
                    continue
                case "busy":
                    self.tell_wait("other calls are in flight")
                case "held":
                    if admission.in_batch:
                        self.tell_wait("a batch at Bedrock asks the same")
            flights.wait(look_s)
            look_s = _longer(look_s)
        return False

    def ask(self) -> CallOutcome:
        """Ask the model, keep its reply, and write down what it cost."""
        order = self.order
        backend = self.tools.backend_for(order.engine)
        gate = open_gate if self.model.is_free else self.gate
        try:
            reply = backend.invoke(order.request, self.model, gate=gate)
            require_form(reply, order.label)
        except BackendError as error:
            circuits.hear(self.flight.job_id, order.engine, error)
            if isinstance(error, AnswerCut):
                self.keep_cut(error)
            self.tell_failure(error)
            error.lost_sends = self.lost_sends
            raise
        except WorkbenchError:
            raise
        except BaseException:
            self.is_settled = not self.has_been_sent
            raise
        # A service may serve a call at another tier than was asked for, and bills that one.
        self.flight = replace(self.flight, tier=reply.tier)
        with keeping():
            try:
                self.tools.cache.put(order.key, order.label, reply)
                if order.shared:
                    take_apart(self.tools.cache, order.key, order.shared)
            except WorkbenchError as error:
                cost = self.record("unkept", reply)
                self.tell("call.unkept", usd=cost_text(cost), error=error.message)
                error.billed = reply.usage
                raise
            cost = self.record("answered", reply)
        if not self.model.is_free:
            self.tell("call.answered", **answer_facts(reply, cost))
        return CallOutcome(was_paid=True, cost_usd=None if self.lost_sends else cost)

    def gate(self, tokens: int | None = None) -> Settle:
        """Wait until the account's limits allow one more send; see `protocol.Gate`.

        Raises:
            BudgetReached: The reply to the last send was lost, and together with another it could
                cost more than what is left under the cap or of the budget.
        """
        order, store = self.order, self.tools.store
        if self.has_to_begin_again:
            self.begin_again()
        count = order.most_tokens if tokens is None else tokens
        ask = partial(store.reserve_send, order.model, count, order.key)
        while True:
            self.check_unsent()
            send, wait_s = self.patiently(ask)
            if send:
                break
            self.tell_wait("the limits of a minute are used up")
            _pause(min(wait_s, LIMIT_LOOK_S), self.check_unsent)
        if not self.has_been_sent:
            self.has_been_sent = True
            self.tell("call.sent", model=order.model)
        return partial(self.settle_send, send)

    def check_unsent(self) -> None:
        """Give up if nobody wants the call any more; once it was sent, it is finished."""
        if not self.has_been_sent:
            self.check_wanted()

    def check_wanted(self) -> None:
        """Give up if nobody wants the call any more, or the service would refuse it."""
        self.check()
        circuits.require_closed(self.flight.job_id, self.order.engine)

    def begin_again(self) -> None:
        """Begin the call anew: the one before is in the ledger as lost, and counts as paid."""
        order, budget_usd = self.order, self.tools.budget_usd
        ask = partial(
            self.tools.store.begin_again, self.flight, cap_usd=order.cap_usd, budget_usd=budget_usd
        )
        admission = self.patiently(ask)
        match admission.verdict:
            case "go":
                self.flight = replace(self.flight, started_at_s=admission.began_at_s)
                self.has_to_begin_again = False
            case "over_budget":
                raise over_budget(order, admission.spent_usd, budget_usd)
            case "busy" if order.cap_usd is None:
                raise over_budget(order, admission.spent_usd, budget_usd)
            case _:
                raise over_cap(order, admission.spent_usd)

    def settle_send(self, send: int, tokens: int | None) -> None:
        """Give back what a send has not used; without, the reservation stays for its minute."""
        if tokens is None:
            self.lose()
            return
        try:
            self.tools.store.settle_send(send, tokens)
        except WorkbenchError as error:
            log.warning("the tokens of a call were not given back: %s", error.message)

    def lose(self) -> None:
        """Write down that a reply was lost on the way: nobody knows whether it was billed.

        Raises:
            LibraryError: It cannot be written; the row in flight stays to be settled.
        """
        entry = entry_of(self.flight, self.model, "lost", Usage(), "")
        self.lost_sends += 1
        self.has_to_begin_again = True
        try:
            self.patiently(partial(self.tools.store.record_call, entry))
        except WorkbenchError:
            self.is_settled = False
            raise
        self.tell("call.lost", model=self.order.model)

    def record(self, outcome: CallResult, reply: ModelReply) -> Cost:
        """Write the ledger's row; where that fails, the row in flight stays to be settled."""
        entry = entry_of(
            self.flight, self.model, outcome, reply.usage, reply.model_id, data=reply.data
        )
        try:
            self.patiently(partial(self.tools.store.record_call, entry))
        except WorkbenchError as error:
            self.is_settled = False
            log.error("%s is not in the ledger yet: %s", self.order.label, error.message)  # noqa: TRY400
        return entry.cost_usd

    def land(self) -> None:
        """The call is in flight no more."""
        try:
            self.patiently(partial(self.tools.store.landed, self.order.key, self.flight.holder))
        except WorkbenchError as error:
            log.warning("%s still counts as in flight: %s", self.order.label, error.message)

    def patiently(self, work: Callable[[], Got]) -> Got:
        """Ask the catalog, also when it is away or busy for a while."""
        deadline = time.monotonic() + self.tools.patience_s
        has_told = False
        while True:
            try:
                return work()
            except (LibraryGone, LibraryBusy) as error:
                if time.monotonic() >= deadline:
                    raise
                if not has_told:
                    log.warning("waits for the catalog: %s", error.message)
                    has_told = True
            _pause(RETRY_S, self.check_unsent)

    def tell(self, event: str, **facts: Fact) -> None:
        """Write an event into the job's log."""
        note(self.tools.store, self.flight.job_id, event, label=self.order.label, **facts)

    def tell_wait(self, reason: str) -> None:
        """Say once that the call has to wait."""
        if not self.has_waited:
            self.has_waited = True
            self.tell("call.waits", reason=reason)

    def keep_cut(self, error: AnswerCut) -> None:
        """Keep that the answer was cut, so that the question is not paid for again."""
        if error.billed is None:
            return
        model_id = self.model.ids.get(self.order.route, "")
        try:
            keep_cut(self.tools.cache, self.order, error.billed, model_id)
        except WorkbenchError as problem:
            log.warning("%s may be asked again: %s", self.order.label, problem.message)

    def tell_failure(self, error: BackendError) -> None:
        """Write down that there is no usable answer, and what was billed all the same."""
        told: dict[str, Fact] = {"error": type(error).__name__}
        if error.billed is None:
            if not self.model.is_free:
                self.tell("call.failed", **told)
            return
        if self.has_to_begin_again:
            # The row of this moment is that of the send whose reply was lost.
            self.flight = replace(self.flight, started_at_s=self.flight.started_at_s + 0.001)
        model_id = self.model.ids.get(self.order.route, "")
        cost = self.record("refused", ModelReply({}, error.billed, model_id, "", 0.0))
        self.tell("call.refused", usd=cost_text(cost), **told)


def _longer(look_s: float) -> float:
    return min(LONGEST_LOOK_S, look_s * 1.5)


def _pause(seconds: float, check: Callable[[], None]) -> None:
    """Wait, and look now and then whether anybody still wants the call."""
    deadline = time.monotonic() + seconds
    while (left_s := deadline - time.monotonic()) > 0:
        check()
        time.sleep(min(left_s, CHECK_S))

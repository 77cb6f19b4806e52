"""Have the calls of a run made, and keep count of what they cost.

How a call is made is not known here: an `Executor` sees to it that the reply is in the call cache.
"""

from collections.abc import Callable, Sequence

from workbench.analysis.plans.estimate import tokens_of_a_send
from workbench.analysis.plans.forecast import forecast_of
from workbench.analysis.plans.plan import AnalysisPlan, PlannedCall
from workbench.analysis.runs.course import Course
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import ModelRequest
from workbench.backends.sharing import Sharer
from workbench.backends.usage import Cost
from workbench.errors import OF_ACCOUNT, BackendError, LibraryError, MediaError, WorkbenchError

Executor = Callable[[CallOrder], CallOutcome]
"""Sees that the reply to an order is in the call cache, and says whether it was paid now.

An order about several pictures it also ends when one of them has an answer by then: whoever asks
has to ask anew, about the others.

Raises a `BackendError` when the service gave no usable answer, `BudgetReached` when the call could
pass the cap, and another error of ours when no reply can be kept. Called from several threads.
"""


class Maker:
    """Has the calls of one run made; called from several threads.

    Args:
        plan: What is asked.
        execute: Has a call made.
        course: Told when no other call is worth making.
    """

    def __init__(self, plan: AnalysisPlan, execute: Executor, course: Course) -> None:
        self._plan = plan
        self._execute = execute
        self._course = course
        self._outcomes: list[CallOutcome] = []
        self._billed: list[Cost] = []

    @property
    def calls_made(self) -> int:
        """Calls that were answered now, and not by the cache."""
        return sum(1 for outcome in self._outcomes if outcome.was_paid)

    @property
    def costs(self) -> list[Cost]:
        """What was paid, call by call, also for answers nobody could use."""
        return [outcome.cost_usd for outcome in self._outcomes] + self._billed

    def order(
        self,
        call: PlannedCall,
        key: str,
        request: ModelRequest,
        sharers: Sequence[Sharer] = (),
    ) -> CallOrder:
        """A planned call as it is ordered.

        Args:
            call: The call.
            key: Of its question.
            request: The question, with the files to send.
            sharers: The pictures it is about, where they are several.
        """
        model, tier = self._plan.model, request.tier
        route = call.priced_by(self._plan.route)
        most = call.usage_high
        return CallOrder(
            key=key,
            call_id=call.id,
            label=call.label,
            asset_id=call.asset_id,
            engine=model.engine,
            model=model.key,
            route=route,
            request=request,
            most_tokens=tokens_of_a_send(request, most),
            estimated_usd=cost_of(call.usage, model, route, tier),
            # Not `call.cost_high`: that is nothing for a reply that was kept when it was planned.
            most_usd=cost_of(most, model, route, tier),
            cap_usd=self._plan.request.max_cost_usd,
            forecast=forecast_of(call, request, model),
            shared=tuple(sharers),
        )

    def make(self, order: CallOrder) -> CallOutcome:
        """Have a call made.

        Raises:
            WorkbenchError: There is no answer; where no other call would have one, the run ends.
        """
        try:
            outcome = self._execute(order)
        except (BackendError, MediaError) as error:
            self._bill(order, error)
            if isinstance(error, OF_ACCOUNT):
                self._course.end(error)
            raise
        except WorkbenchError as error:
            # No money is left, or nothing can be kept: the next reply would be paid and lost.
            self._bill(order, error)
            self._course.end(error)
            raise
        self._outcomes.append(outcome)
        return outcome

    def not_kept(self, label: str) -> LibraryError:
        """Say that a reply is not there that has been paid for; the run ends."""
        missing = LibraryError(
            f"the reply about {label} was not kept",
            hint="check that the data folder is writable and has room, then run again",
        )
        self._course.end(missing)
        return missing

    def _bill(self, order: CallOrder, error: WorkbenchError) -> None:
        """What was paid for a call that came to nothing."""
        if error.billed is not None:
            model, tier = self._plan.model, order.request.tier
            self._billed.append(cost_of(error.billed, model, order.route, tier))
        if isinstance(error, BackendError):
            self._billed += [None] * error.lost_sends

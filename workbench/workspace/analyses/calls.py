"""What a workspace does with paid calls: has them made, and settles those of makers that died."""

from collections.abc import Callable

from workbench.backends.order import CallOrder, CallOutcome
from workbench.library.calls.making import CallTools, go_on, make_call, settle_stale
from workbench.workspace.services import Services


class CallWork(Services):
    """Calls that are paid for."""

    def call(
        self, order: CallOrder, *, job_id: str = "", check: Callable[[], None] = go_on
    ) -> CallOutcome:
        """See that the reply to an order is in the call cache, making the call if need be.

        Args:
            order: The call.
            job_id: The job or run that pays for it.
            check: Called often while it waits; it raises to give up.

        Raises:
            BackendError: The service gave no usable answer.
            BudgetReached: It could cost more than what is left under the cap.
            DiskFull: The reply could not be kept.
            LibraryError: The same, or the catalog cannot be used.
        """
        return make_call(order, job_id=job_id, tools=self._call_tools(), check=check)

    def settle_calls(self) -> int:
        """Write down what came of calls whose makers have died; returns how many there were."""
        return settle_stale(self._call_tools())

    def _call_tools(self) -> CallTools:
        with self._lock:
            return CallTools(
                self.backends.get,
                self.catalog.get,
                self.cache,
                self.store,
                budget_usd=self.settings.monthly_budget_usd,
            )

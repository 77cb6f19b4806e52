"""What ends a call before it is sent: a refused account, no money, or a batch without a worker."""

import copy
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from workbench.backends.order import CallOrder
from workbench.backends.usage import Cost, format_usd
from workbench.errors import OF_ACCOUNT, BackendError, BudgetReached, RequestError


class Circuits:
    """One circuit for each run and engine that has calls under way in this process.

    When a service says to one call that the account may make none, the calls of the same run that
    still wait for their turn would hear the same. They are not sent. What is in flight is finished.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._opened: dict[tuple[str, str], BackendError] = {}

    @contextmanager
    def watched(self, job_id: str, engine: str) -> Iterator[None]:
        """A call of a run; what it hears for the account, those that wait hear as well.

        The circuit is closed again when the last of them has ended: the run may be begun anew when
        the account was put right.
        """
        key = job_id, engine
        with self._lock:
            self._under_way[key] += 1
        try:
            yield
        except OF_ACCOUNT as error:
            self.hear(job_id, engine, error)
            raise
        finally:
            with self._lock:
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]
                    self._opened.pop(key, None)

    def hear(self, job_id: str, engine: str, error: BackendError) -> None:
        """Open the circuit of a run with a call under way, if the error is about the account.

        Told before the call gives its place to the next one, which would be sent otherwise.
        """
        if isinstance(error, OF_ACCOUNT):
            with self._lock:
                self._opened.setdefault((job_id, engine), error)

    def require_closed(self, job_id: str, engine: str) -> None:
        """Ask before something is sent.

        Raises:
            BackendError: What the service has said to another call of the run. Nothing was billed.
        """
        with self._lock:
            error = self._opened.get((job_id, engine))
        if error is not None:
            unsent = copy.copy(error)
            unsent.billed, unsent.lost_sends = None, 0
            raise unsent


def over_cap(order: CallOrder, spent_usd: Decimal) -> BudgetReached:
    """Why the cap of its job does not allow a call."""
    return BudgetReached(
        f"stopped before {order.label}: {format_usd(spent_usd)} is spent and the next call may "
        f"cost {format_usd(order.most_usd)}, over the cap of {format_usd(order.cap_usd)}",
        hint="raise the cap and run again; calls already made are kept and cost nothing",
    )


def over_budget(order: CallOrder, spent_usd: Decimal, budget_usd: Cost) -> BudgetReached:
    """Why the budget of the month does not allow a call."""
    budget = f"the monthly budget of {format_usd(budget_usd)}"
    if order.most_usd is None:
        return BudgetReached(
            f"stopped before {order.label}: no price is known for it, so {budget} cannot be kept",
            hint="give the model a price in WORKBENCH_CATALOG_FILE, or unset the budget",
        )
    return BudgetReached(
        f"stopped before {order.label}: {format_usd(spent_usd)} is spent this month or may be "
        f"in open batches, and the next call may cost {format_usd(order.most_usd)}, over {budget}",
        hint="raise WORKBENCH_MONTHLY_BUDGET_USD, restart and run again; calls already made are kept",
    )


def no_batch(order: CallOrder) -> RequestError:
    """Why a call at the price of a batch is not made by itself."""
    return RequestError(
        f"{order.label} is to be answered in a batch, and this run makes its calls one by one",
        hint="submit it as a job, or choose the flex tier: the same price, answered at once",
    )

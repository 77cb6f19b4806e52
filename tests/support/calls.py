"""Calls made here for one job: what each costs, and what the ledger and the log say of them."""

from decimal import Decimal
from typing import Any

from tests.support.orders import order_of
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.usage import Usage
from workbench.library.calls.making import CallTools, make_call

CATALOG = load_catalog()
COST = cost_of(Usage(input_tokens=1000, output_tokens=100), CATALOG.get("micro"), "us")
JOB = "0123456789abcdef"


def make(tools: CallTools, order: CallOrder | None = None, **options: Any) -> CallOutcome:
    """Make a call for the job."""
    return make_call(order or order_of(), **({"job_id": JOB, "tools": tools} | options))


def rows(tools: CallTools) -> list[tuple[str, Decimal | None]]:
    """Outcome and cost of every row of the ledger."""
    ledger = tools.store.ledger()
    return list(zip(ledger["outcome"], ledger["cost_usd"], strict=True))


def events(tools: CallTools) -> list[str]:
    """What the job's log says, oldest first."""
    return [event.event for event in reversed(tools.store.events(JOB))]

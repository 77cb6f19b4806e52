"""Gather the questions of a plan that can be asked together, to be answered in a batch.

Those that need another's answer are left for the run that follows, and so is what is kept already.
"""

from collections import defaultdict
from dataclasses import dataclass

from workbench.analysis.plans.plan import AnalysisPlan
from workbench.analysis.results import Failure
from workbench.analysis.runs.asking import Asker
from workbench.analysis.runs.course import Course
from workbench.analysis.runs.run import RunTools
from workbench.backends.order import CallOrder, CallOutcome
from workbench.errors import LibraryGone, WorkbenchError
from workbench.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Pooled:
    """What is to be asked together."""

    orders: tuple[CallOrder, ...]
    """Each with another question, and its files made."""
    failures: tuple[Failure, ...]
    """Assets that cannot be measured or cut; nothing is asked about them."""


def pool_orders(plan: AnalysisPlan, tools: RunTools, progress: Progress = silent) -> Pooled:
    """Measure the assets of a plan and write the questions about them; nothing is asked.

    Args:
        plan: What is to be asked.
        tools: Where evidence, files and kept replies come from.
        progress: Told about every asset that is measured, as a run tells it; what it raises stops
            the work.

    Raises:
        LibraryGone: The catalog cannot be reached any more.
    """
    course = Course(2 * len(plan.assets) + len(plan.calls), progress)
    asker = Asker(plan, tools.prepare, tools.cache, _nobody, course, calls_at_once=1)
    calls = defaultdict(list)
    for call in plan.calls:
        calls[call.asset_id].append(call)
    orders: dict[str, CallOrder] = {}
    failures = []
    for asset_plan in plan.assets:
        name = asset_plan.name
        try:
            course.say(f"{name}: measuring")
            evidence = tools.gather(asset_plan.asset, course.inside(name))
            course.say(f"{name}: measured", finished=1)
            for order in asker.orders(asset_plan, calls[asset_plan.asset_id], evidence):
                orders.setdefault(order.key, order)
        except LibraryGone:
            raise
        except WorkbenchError as error:
            failures.append(Failure(name, error.message, error.hint))
    return Pooled(tuple(orders.values()), tuple(failures))


def _nobody(order: CallOrder) -> CallOutcome:
    raise AssertionError(order.label)

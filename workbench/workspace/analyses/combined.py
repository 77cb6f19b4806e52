"""Several engines asked about the same files in one run, to be compared afterwards.

Their plans are made, and can be refused, before the first of them spends anything; they run one
after another under one cap.
"""

from collections.abc import Callable, Sequence

from workbench.analysis.plans.plan import AnalysisPlan
from workbench.analysis.results import Failure, RunResult
from workbench.backends.usage import total_cost
from workbench.progress import Progress


def units(plan: AnalysisPlan) -> int:
    """Units of progress a plan's run counts: two for each asset and one for each call."""
    return 2 * len(plan.assets) + len(plan.calls)


def run_each(
    plans: Sequence[AnalysisPlan],
    run: Callable[[AnalysisPlan, Progress], RunResult],
    progress: Progress,
) -> RunResult:
    """Run plans one after another and put their results together.

    Args:
        plans: At least one.
        run: Runs one plan.
        progress: Told about the units of all of them as one.

    Returns:
        All analyses; where there are several engines, a failure begins with the name of its model.
    """
    total = sum(units(plan) for plan in plans)
    results: list[RunResult] = []
    before = 0
    for plan in plans:
        results.append(run(plan, _shifted(progress, before, total)))
        before += units(plan)
    return RunResult(
        analyses=tuple(each for result in results for each in result.analyses),
        failures=tuple(
            _named(plan, each, several=len(plans) > 1)
            for plan, result in zip(plans, results, strict=True)
            for each in result.failures
        ),
        paid_usd=total_cost(result.paid_usd for result in results),
        calls_made=sum(result.calls_made for result in results),
    )


def _shifted(progress: Progress, before: int, of_all: int) -> Progress:
    def tell(done: int, total: int, stage: str) -> None:
        # A run may find more to do as it goes.
        progress(before + done, max(of_all, before + total), stage)

    return tell


def _named(plan: AnalysisPlan, failure: Failure, *, several: bool) -> Failure:
    if not several:
        return failure
    return Failure(failure.name, f"{plan.model.name}: {failure.message}", failure.hint)

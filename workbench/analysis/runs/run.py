"""Make the calls of a plan, and nothing else; put their answers together.

Every reply is written to the call cache before anybody sees it, so no call is made twice,
whatever crashes. Assets follow each other in a pipeline: one is measured while the calls about
those before it are in flight.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from workbench.analysis.answers.composing import Answered, compose_analysis
from workbench.analysis.plans.plan import AnalysisPlan, AssetPlan, PlannedCall
from workbench.analysis.results import Analysis, Failure, RunResult
from workbench.analysis.runs.asking import Asking, Prepare, shared_notes
from workbench.analysis.runs.course import Course, Halted
from workbench.analysis.runs.making import Executor
from workbench.analysis.runs.together import Ended, SharedAsker
from workbench.backends.bedrock.wire import INLINE_LIMIT_BYTES
from workbench.backends.call_cache import CallCache
from workbench.backends.usage import total_cost
from workbench.errors import LibraryGone, WorkbenchError
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.progress import Progress, silent

__all__ = ["Executor", "RunTools", "run_plan"]


@dataclass(frozen=True, slots=True)
class RunTools:
    """What a run needs from outside. Only `prepare` is called by several threads at once."""

    gather: Callable[[Asset, Progress], Evidence]
    """Measure an asset, or read what was measured before."""
    prepare: Prepare
    """Make the files that go with a call."""
    cache: CallCache
    record: Callable[[Analysis], None]
    """Write into the ledger which calls an analysis rests on. Those made now are in it already."""
    find: Callable[[str], Analysis | None]
    """A kept analysis by its id."""
    keep: Callable[[Analysis, Evidence], None]
    """Put a finished analysis into the library."""
    calls_at_once: int = 1
    """Most calls under way at the same moment, at least 1."""
    limit_bytes: int = INLINE_LIMIT_BYTES
    """Most bytes of pictures that share a call."""


@dataclass(slots=True)
class _Leg:
    """One asset's way through the run, and the units that are its own."""

    place: int
    asset_plan: AssetPlan
    calls: list[PlannedCall]
    course: Course
    began: float = field(default_factory=time.monotonic)
    asked_at: float = 0.0
    units_left: int = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Measuring and putting together are a unit each."""
        self.units_left = 2 + len(self.calls)

    def finish(self, stage: str) -> None:
        """A unit is finished."""
        with self.lock:
            self.units_left -= 1
        self.course.say(stage, finished=1)

    def answered(self, call: PlannedCall) -> None:
        """A call has ended well."""
        self.finish(f"answered: {call.label}")


@dataclass(slots=True)
class _Company:
    """Pictures that share a call: it is made when all of them are measured."""

    call: PlannedCall
    expected: int
    """Those that are not measured yet, nor given up."""
    measured: list[tuple[_Leg, Evidence]] = field(default_factory=list)


class _Run:
    """One run of a plan."""

    def __init__(
        self, plan: AnalysisPlan, tools: RunTools, execute: Executor, progress: Progress
    ) -> None:
        self.plan = plan
        self.tools = tools
        self.course = Course(2 * len(plan.assets) + len(plan.calls), progress)
        self.asker = SharedAsker(
            plan,
            tools.prepare,
            tools.cache,
            execute,
            self.course,
            calls_at_once=tools.calls_at_once,
            limit_bytes=tools.limit_bytes,
        )
        self.companies: dict[str, _Company] = {}
        for call in plan.calls:
            if call.part.others:
                company = _Company(call, len(call.asset_ids))
                self.companies |= dict.fromkeys(call.asset_ids, company)
        # Enough assets to keep all calls busy with pictures, and one more to be put together. The
        # local engine needs the processor itself, so nothing is measured beside it.
        self.most_open = 1 if plan.model.engine == "local" else tools.calls_at_once + 1
        self.open = 0
        self.carriers = ThreadPoolExecutor(self.most_open, thread_name_prefix="asset")
        self.keeping = threading.Lock()
        self.outcomes: dict[int, Analysis | Failure] = {}

    def all(self) -> None:
        """Run every asset; `outcomes` has what came of each.

        Raises:
            BaseException: What stopped the run, as it was raised in whichever thread.
        """
        calls = defaultdict(list)
        for call in self.plan.calls:
            if not call.part.others:
                calls[call.asset_id].append(call)
        try:
            with self.course.guarded():
                for place, asset_plan in enumerate(self.plan.assets):
                    # Evidence of a whole album would not fit into memory.
                    self.course.wait_until(lambda: self.open < self.most_open)
                    self.begin(_Leg(place, asset_plan, calls[asset_plan.asset_id], self.course))
                self.course.wait_until(lambda: self.open == 0)
        except Halted:
            raise (self.course.fault or Halted()) from None
        finally:
            is_halted = self.course.fault is not None
            self.asker.close(at_once=is_halted)
            self.carriers.shutdown(wait=not is_halted, cancel_futures=True)

    def begin(self, leg: _Leg) -> None:
        """Measure one asset here, and let another thread ask about it."""
        asset = leg.asset_plan.asset
        company = self.companies.get(asset.id)
        try:
            self.course.require_open()
            self.course.say(f"{asset.name}: measuring")
            evidence = self.tools.gather(asset, self.course.inside(asset.name))
            leg.finish(f"{asset.name}: measured")
            leg.asked_at = time.monotonic()
            if company is not None:
                company.measured.append((leg, evidence))
                self.gather_company(company)
                return
            asking = self.asker.begin(leg.asset_plan, leg.calls, evidence, leg.answered)
        except WorkbenchError as error:
            self.give_up(leg, error)
            if company is not None:
                self.gather_company(company)
            return
        with self.course.changing():
            self.open += 1
        self.carriers.submit(self.carry, leg, asking)

    def gather_company(self, company: _Company) -> None:
        """One more picture is measured or given up; after the last, they are asked about."""
        company.expected -= 1
        if company.expected:
            return
        if not company.measured:
            if self.course.ended is None:
                self.answered_together(company.call)
            return
        pictures = [(leg.asset_plan, evidence) for leg, evidence in company.measured]
        future = self.asker.begin_together(company.call, pictures, self.answered_together)
        with self.course.changing():
            self.open += 1
        self.carriers.submit(self.carry_together, company, future)

    def answered_together(self, call: PlannedCall) -> None:
        """The call that pictures share is dealt with, whatever came of each."""
        self.course.say(f"dealt with: {call.label}", finished=1)

    def carry_together(self, company: _Company, future: "Future[list[Ended]]") -> None:
        """Take pictures that share a call to their end."""
        try:
            with self.course.guarded():
                self.course.wait_until(future.done)
                for (leg, evidence), ended in zip(company.measured, future.result(), strict=True):
                    try:
                        if isinstance(ended, WorkbenchError):
                            raise ended
                        self.outcomes[leg.place] = self.kept(leg, evidence, [ended], [])
                    except WorkbenchError as error:
                        self.give_up(leg, error)
        finally:
            with self.course.changing():
                self.open -= 1

    def carry(self, leg: _Leg, asking: Asking) -> None:
        """Take a measured asset to its end."""
        try:
            with self.course.guarded():
                try:
                    self.outcomes[leg.place] = self.analysed(leg, asking)
                except WorkbenchError as error:
                    self.give_up(leg, error)
        finally:
            with self.course.changing():
                self.open -= 1

    def analysed(self, leg: _Leg, asking: Asking) -> Analysis:
        """Wait for the answers about one asset and put them together."""
        answered, notes = self.asker.answers(asking)
        return self.kept(leg, asking.evidence, answered, notes)

    def kept(
        self, leg: _Leg, evidence: Evidence, answered: Sequence[Answered], notes: Sequence[str]
    ) -> Analysis:
        """Put the answers about one asset together, and keep what that makes."""
        now = time.monotonic()
        analysis = compose_analysis(
            self.plan,
            leg.asset_plan,
            evidence,
            answered,
            notes=[*evidence.notes, *notes, *shared_notes(answered)],
            seconds=now - leg.began,
            stages_s={**evidence.seconds, "calls": round(now - leg.asked_at, 3)},
        )
        with self.keeping:
            # The same questions, the same answers: the record there is keeps its date and times.
            is_old = all(each.record.was_kept for each in answered)
            known = self.tools.find(analysis.id) if is_old else None
            if known is None:
                self.tools.keep(analysis, evidence)
            self.tools.record(analysis)
        leg.finish(f"{leg.asset_plan.name}: done")
        return known or analysis

    def give_up(self, leg: _Leg, error: WorkbenchError) -> None:
        """An asset cannot be done. Its units are dealt with, unless it is the run that ended.

        Raises:
            LibraryGone: It is not the asset's fault.
        """
        if isinstance(error, LibraryGone):
            raise error
        name = leg.asset_plan.name
        self.outcomes[leg.place] = Failure(name, error.message, error.hint)
        if self.course.ended is None:
            self.course.say(f"{name}: {error.message}", finished=leg.units_left)


def run_plan(
    plan: AnalysisPlan,
    tools: RunTools,
    *,
    execute: Executor,
    progress: Progress = silent,
) -> RunResult:
    """Run a plan: measure, ask, merge and keep.

    A file that cannot be done is reported and the rest goes on. When the cap is reached, or a reply
    cannot be kept, nothing new is begun, and what was asked is still waited for and kept.

    Args:
        plan: What to run.
        tools: Where evidence, files, replies and results come from and go.
        execute: Has a call made; called by several threads at once.
        progress: Told about finished units, two for each asset and one for each call, from any
            thread. Whatever it raises stops the run.

    Returns:
        The analyses that were made, and why the others were not, both in the plan's order.

    Raises:
        LibraryGone: The catalog cannot be reached any more.
    """
    run = _Run(plan, tools, execute, progress)
    run.all()
    outcomes = [run.outcomes[place] for place in range(len(plan.assets))]
    return RunResult(
        analyses=tuple(each for each in outcomes if isinstance(each, Analysis)),
        failures=(*plan.problems, *(each for each in outcomes if isinstance(each, Failure))),
        paid_usd=total_cost(run.asker.costs),
        calls_made=run.asker.calls_made,
    )

"""Ask what a plan wants to know about one asset: from the call cache, or by a call.

Calls that need no other's answer are made several at once. How a call is made is not known here:
an `Executor` sees to it that the reply is in the cache, and the answer is read from there.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from workbench.analysis.answer import Answer
from workbench.analysis.composing import Answered, part_of
from workbench.analysis.course import Course
from workbench.analysis.plan import AnalysisPlan, AssetPlan, PlannedCall
from workbench.analysis.question import build_question, kept_answer
from workbench.analysis.results import CallRecord
from workbench.backends.call_cache import CallCache
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.pricing import cost_of
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest
from workbench.backends.usage import Cost
from workbench.errors import BackendError, LibraryError, MediaError, WorkbenchError
from workbench.evidence.evidence import Evidence
from workbench.media.chunks import Chunk
from workbench.progress import Progress

Executor = Callable[[CallOrder], CallOutcome]
"""Sees that the reply to an order is in the call cache, and says whether it was paid now.

Raises a `BackendError` when the service gave no usable answer, `BudgetReached` when the call could
pass the cap, and another error of ours when no reply can be kept. Called from several threads.
"""

Prepare = Callable[[AssetPlan, PlannedCall, Progress], tuple[MediaPart, ...]]
"""Makes the files that go with a call."""


@dataclass(frozen=True, slots=True)
class Question:
    """A planned call with the exact words, and the name its reply is kept by."""

    call: PlannedCall
    request: ModelRequest
    key: str


@dataclass(frozen=True, slots=True)
class Asking:
    """An asset that is being asked about."""

    asset_plan: AssetPlan
    calls: Sequence[PlannedCall]
    evidence: Evidence
    dealt_with: Callable[[PlannedCall], None]
    futures: list[Future[Answered]]


class Asker:
    """Asks the questions of one run.

    Args:
        plan: What is asked.
        prepare: Makes the files that go with a call.
        cache: Where replies are.
        execute: Has a call made.
        course: Told about answers, and asked whether to go on.
        calls_at_once: Most calls that are under way at the same moment.
    """

    def __init__(
        self,
        plan: AnalysisPlan,
        prepare: Prepare,
        cache: CallCache,
        execute: Executor,
        course: Course,
        *,
        calls_at_once: int,
    ) -> None:
        self._plan = plan
        self._prepare = prepare
        self._cache = cache
        self._execute = execute
        self._course = course
        self._pool = ThreadPoolExecutor(calls_at_once, thread_name_prefix="call")
        self._outcomes: list[CallOutcome] = []
        self._billed: list[Cost] = []

    def close(self, *, at_once: bool) -> None:
        """Make no more calls. Those in flight are waited for, unless it has to be at once."""
        self._pool.shutdown(wait=not at_once, cancel_futures=True)

    @property
    def calls_made(self) -> int:
        """Calls that were answered now, and not by the cache."""
        return sum(1 for outcome in self._outcomes if outcome.was_paid)

    @property
    def costs(self) -> list[Cost]:
        """What was paid, call by call, also for answers nobody could use."""
        return [outcome.cost_usd for outcome in self._outcomes] + self._billed

    def begin(
        self,
        asset_plan: AssetPlan,
        calls: Sequence[PlannedCall],
        evidence: Evidence,
        dealt_with: Callable[[PlannedCall], None],
    ) -> Asking:
        """Begin to ask about an asset; calls are made in the order in which assets are begun.

        The heavy work that its calls share is done here: the proxy that they are cut from.

        Args:
            asset_plan: The asset.
            calls: The planned calls about it.
            evidence: What was measured on it.
            dealt_with: Told about each call that has ended well.

        Raises:
            WorkbenchError: The file cannot be used, or the run has ended.
        """
        questions = [self._question(call, evidence, ()) for call in calls if not call.needs]
        if self._plan.model.engine != "local":
            for question in questions:
                if kept_answer(self._cache, question.key) is None:
                    inside = self._course.inside(asset_plan.name)
                    self._prepare(asset_plan, question.call, inside)
                    break
        futures = self._ask_together(asset_plan, questions, dealt_with)
        return Asking(asset_plan, calls, evidence, dealt_with, futures)

    def answers(self, asking: Asking) -> tuple[list[Answered], list[str]]:
        """Wait for the answers about an asset, and ask what needs them.

        Returns:
            The calls with their answers in the order of the plan, and notes for the reader.

        Raises:
            WorkbenchError: A question has no answer, or the run has ended.
        """
        asset = asking.asset_plan.asset
        found = self._results(asking.futures)
        summaries = [
            (chunk, answer.summary) for chunk, answer in (part_of(asset, each) for each in found)
        ]
        notes = []
        for call in asking.calls:
            if not call.needs:
                continue
            question = self._question(call, asking.evidence, summaries)
            futures = self._ask_together(asking.asset_plan, [question], asking.dealt_with)
            try:
                found += self._results(futures)
            except BackendError as error:
                # The parts are paid for and kept: a failed last step must not lose them.
                notes.append(f"The parts could not be made into one summary: {error.message}.")
                asking.dealt_with(call)
        return found, notes

    def _question(
        self, call: PlannedCall, evidence: Evidence, summaries: Sequence[tuple[Chunk, str]]
    ) -> Question:
        is_local = self._plan.model.engine == "local"
        request = build_question(
            self._plan.request,
            self._plan.model,
            call.part,
            evidence,
            summaries=summaries,
            engine_version=self._plan.engine_version if is_local else "",
        )
        if not is_local:
            # Services get the prompt only, and an order may go to another process.
            request = replace(request, evidence=None)
        return Question(call, request, request.cache_key())

    def _ask_together(
        self,
        asset_plan: AssetPlan,
        questions: Sequence[Question],
        dealt_with: Callable[[PlannedCall], None],
    ) -> list[Future[Answered]]:
        """Ask questions that need no other's answer; after the first failure no more are asked."""
        has_failed = threading.Event()

        def ask(question: Question) -> Answered:
            if has_failed.is_set():
                raise CancelledError
            try:
                with self._course.guarded():
                    found = self._ask(asset_plan, question)
                    dealt_with(question.call)
                    return found
            except BaseException:
                has_failed.set()
                raise

        futures = [self._pool.submit(ask, question) for question in questions]
        for future in futures:
            future.add_done_callback(lambda _: self._course.notice())
        return futures

    def _results(self, futures: Sequence[Future[Answered]]) -> list[Answered]:
        """Wait for answers. What is in flight is paid for, so it is kept also where others fail."""
        self._course.wait_until(lambda: all(future.done() for future in futures))
        # They were begun in this order: the first that raises is one that failed.
        return [future.result() for future in futures]

    def _ask(self, asset_plan: AssetPlan, question: Question) -> Answered:
        call, model, route = question.call, self._plan.model, self._plan.route
        was_kept = True
        kept = kept_answer(self._cache, question.key)
        if kept is None:
            was_kept, kept = self._have_made(asset_plan, question)
        reply, answer = kept
        record = CallRecord(
            call_id=call.id,
            cache_key=question.key,
            label=call.label,
            chunk_index=call.chunk.index if call.chunk else None,
            model_id=reply.model_id,
            was_kept=was_kept,
            usage=reply.usage,
            cost_usd=cost_of(reply.usage, model, route),
            estimated_usd=cost_of(call.usage, model, route),
            latency_s=reply.latency_s,
            attempts=reply.attempts,
        )
        return Answered(call, answer, record)

    def _have_made(
        self, asset_plan: AssetPlan, question: Question
    ) -> tuple[bool, tuple[ModelReply, Answer]]:
        """Have a call made; says whether it was kept by now, and gives the kept answer."""
        self._course.require_open()
        call = question.call
        self._course.say(f"asking about {call.label}")
        media = self._prepare(asset_plan, call, self._course.inside(asset_plan.name))
        self._course.require_open()
        order = self._order(call, question.key, replace(question.request, media=media))
        try:
            outcome = self._execute(order)
        except (BackendError, MediaError) as error:
            if isinstance(error, BackendError) and error.billed is not None:
                self._billed.append(cost_of(error.billed, self._plan.model, self._plan.route))
            raise
        except WorkbenchError as error:
            # No money is left, or nothing can be kept: the next reply would be paid and lost.
            self._course.end(error)
            raise
        self._outcomes.append(outcome)
        kept = kept_answer(self._cache, question.key)
        if kept is None:
            missing = LibraryError(
                f"the reply about {call.label} was not kept",
                hint="check that the data folder is writable and has room, then run again",
            )
            self._course.end(missing)
            raise missing
        return not outcome.was_paid, kept

    def _order(self, call: PlannedCall, key: str, request: ModelRequest) -> CallOrder:
        model, route = self._plan.model, self._plan.route
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
            most_tokens=most.input_tokens + most.cached_tokens + most.output_tokens,
            estimated_usd=cost_of(call.usage, model, route),
            # Not `call.cost_high`: that is nothing for a reply that was kept when it was planned.
            most_usd=cost_of(most, model, route),
            cap_usd=self._plan.request.max_cost_usd,
        )

"""Ask what a plan wants to know about one asset: from the call cache, or by a call.

Calls that need no other's answer are made several at once. How a call is made is not known here:
an `Executor` sees to it that the reply is in the cache, and the answer is read from there.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from workbench.analysis.answers.answer import Answer
from workbench.analysis.answers.composing import Answered, part_of
from workbench.analysis.answers.merge_fields import part_told
from workbench.analysis.plans.plan import AnalysisPlan, AssetPlan, PlannedCall
from workbench.analysis.plans.planned import halves, planned_call
from workbench.analysis.plans.question import Part, build_question, cut_reply, kept_answer
from workbench.analysis.results import CallRecord
from workbench.analysis.runs.course import Course
from workbench.analysis.runs.making import Executor, Maker
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest
from workbench.backends.usage import Cost
from workbench.errors import (
    AnswerCut,
    BackendError,
)
from workbench.evidence.evidence import Evidence
from workbench.media.chunks import Chunk
from workbench.media.timecode import format_time
from workbench.progress import Progress

Prepare = Callable[[AssetPlan, PlannedCall, Progress], tuple[MediaPart, ...]]
"""Makes the files that go with a call."""


Told = Sequence[tuple[Chunk, Answer]]
"""Chunks with their answers, in order."""


@dataclass(frozen=True, slots=True)
class Question:
    """A planned call with the exact words, and the name its reply is kept by."""

    call: PlannedCall
    request: ModelRequest
    key: str
    evidence: Evidence
    before: Told
    """What it is told of the chunks before it."""


@dataclass(frozen=True, slots=True)
class Asking:
    """An asset that is being asked about."""

    asset_plan: AssetPlan
    calls: Sequence[PlannedCall]
    evidence: Evidence
    dealt_with: Callable[[PlannedCall], None]
    futures: list[Future[list[Answered]]]


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
        self._course = course
        self._pool = ThreadPoolExecutor(calls_at_once, thread_name_prefix="call")
        self._maker = Maker(plan, execute, course)

    def close(self, *, at_once: bool) -> None:
        """Make no more calls. Those in flight are waited for, unless it has to be at once."""
        self._pool.shutdown(wait=not at_once, cancel_futures=True)

    @property
    def calls_made(self) -> int:
        """Calls that were answered now, and not by the cache."""
        return self._maker.calls_made

    @property
    def costs(self) -> list[Cost]:
        """What was paid, call by call, also for answers nobody could use."""
        return self._maker.costs

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
        questions = [self._question(call, evidence) for call in calls if not call.needs]
        for question in questions:
            # Answers about the rest would be paid for, and of no use.
            self._require_answerable(question)
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
        notes = []
        for call in asking.calls:
            if not call.needs:
                continue
            told = [part_of(asset, each) for each in found]
            question = self._question(call, asking.evidence, told)
            futures = self._ask_together(asking.asset_plan, [question], asking.dealt_with)
            try:
                found += self._results(futures)
            except BackendError as error:
                if call.task != "combine":
                    raise
                # The parts are paid for and kept: a failed last step must not lose them.
                notes.append(f"The parts could not be made into one summary: {error.message}.")
                asking.dealt_with(call)
        return found, [*cut_notes(found), *notes]

    def orders(
        self, asset_plan: AssetPlan, calls: Sequence[PlannedCall], evidence: Evidence
    ) -> list[CallOrder]:
        """What has to be asked about an asset and needs no other's answer, with its files.

        Raises:
            WorkbenchError: The file cannot be used, or the run has ended.
        """
        found = []
        for call in calls:
            if call.needs:
                continue
            question = self._question(call, evidence)
            if kept_answer(self._cache, question.key) is None:
                inside = self._course.inside(asset_plan.name)
                media = self._prepare(asset_plan, call, inside)
                request = replace(question.request, media=media)
                found.append(self._maker.order(call, question.key, request))
        return found

    def _question(self, call: PlannedCall, evidence: Evidence, told: Told = ()) -> Question:
        is_local = self._plan.model.engine == "local"
        is_last = call.task == "combine"
        fields = self._plan.request.fields
        request = build_question(
            self._plan.request,
            self._plan.model,
            call.part,
            evidence,
            summaries=[(c, part_told(fields, answer)) for c, answer in told] if is_last else (),
            before=() if is_last else told,
            engine_version=self._plan.engine_version if is_local else "",
        )
        if not is_local:
            # Services get the prompt only, and an order may go to another process.
            request = replace(request, evidence=None)
        return Question(call, request, request.cache_key(), evidence, told)

    def _ask_together(
        self,
        asset_plan: AssetPlan,
        questions: Sequence[Question],
        dealt_with: Callable[[PlannedCall], None],
    ) -> list[Future[list[Answered]]]:
        """Ask questions that need no other's answer; after the first failure no more are asked."""
        has_failed = threading.Event()

        def ask(question: Question) -> list[Answered]:
            if has_failed.is_set():
                raise CancelledError
            try:
                with self._course.guarded():
                    found = self._ask(asset_plan, question)
                    dealt_with(question.call)
                    return found
            except BaseException:
                # Whatever it was, Ctrl-C too: the questions that still wait are not asked.
                has_failed.set()
                raise

        futures = [self._pool.submit(ask, question) for question in questions]
        for future in futures:
            future.add_done_callback(lambda _: self._course.notice())
        return futures

    def _results(self, futures: Sequence[Future[list[Answered]]]) -> list[Answered]:
        """Wait for answers. What is in flight is paid for, so it is kept also where others fail."""
        self._course.wait_until(lambda: all(future.done() for future in futures))
        # They were begun in this order: the first that raises is one that failed.
        return [each for future in futures for each in future.result()]

    def _ask(self, asset_plan: AssetPlan, question: Question) -> list[Answered]:
        """Ask one question; where its answer is cut, about the halves of its chunk instead."""
        was_kept = True
        kept = kept_answer(self._cache, question.key)
        if kept is None:
            try:
                was_kept, kept = self._have_made(asset_plan, question)
            except AnswerCut:
                parts = self._halves(question)
                if not parts:
                    raise
                return self._ask_in_pieces(asset_plan, question, parts)
        return [self._answered(question, *kept, was_kept=was_kept)]

    def _require_answerable(self, question: Question) -> None:
        """See that no answer was cut that there are no smaller chunks for."""
        if not self._halves(question) and cut_reply(self._cache, question.key):
            raise _cut_before(question.call)

    def _halves(self, question: Question) -> tuple[Part, ...]:
        part = question.call.part
        return halves(self._plan.request, part) if part.task == "analyse_chunk" else ()

    def _ask_in_pieces(
        self, asset_plan: AssetPlan, question: Question, parts: Sequence[Part]
    ) -> list[Answered]:
        plan, asset = self._plan, asset_plan.asset
        self._course.say(f"the answer was cut, asks in halves: {question.call.label}")
        found: list[Answered] = []
        for part in parts:
            told: Told = ()
            if plan.request.carry:
                told = [*question.before, *(part_of(asset, each) for each in found)]
            call = planned_call(
                plan.request, plan.model, plan.route, part, question.evidence, before=told
            )
            found += self._ask(asset_plan, self._question(call, question.evidence, told))
        return found

    def _answered(
        self, question: Question, reply: ModelReply, answer: Answer, *, was_kept: bool
    ) -> Answered:
        call, model = question.call, self._plan.model
        route = call.priced_by(self._plan.route)
        with_others = f", with {reply.shared_by - 1} more in one call"
        record = CallRecord(
            call_id=call.id,
            cache_key=question.key,
            label=call.label + (with_others if reply.shared_by > 1 else ""),
            chunk_index=call.chunk.index if call.chunk else None,
            model_id=reply.model_id,
            was_kept=was_kept,
            usage=reply.usage,
            cost_usd=cost_of(reply.usage, model, route, reply.tier),
            estimated_usd=cost_of(call.usage, model, route, question.request.tier),
            latency_s=reply.latency_s,
            attempts=reply.attempts,
            shared_by=reply.shared_by,
            shared_key=reply.shared_key,
        )
        return Answered(call, answer, record)

    def _have_made(
        self, asset_plan: AssetPlan, question: Question
    ) -> tuple[bool, tuple[ModelReply, Answer]]:
        """Have a call made; says whether it was kept by now, and gives the kept answer."""
        self._course.require_open()
        call = question.call
        if cut_reply(self._cache, question.key):
            raise _cut_before(call)
        self._course.say(f"asking about {call.label}")
        media = self._prepare(asset_plan, call, self._course.inside(asset_plan.name))
        self._course.require_open()
        request = replace(question.request, media=media)
        outcome = self._maker.make(self._maker.order(call, question.key, request))
        kept = kept_answer(self._cache, question.key)
        if kept is None:
            raise self._maker.not_kept(call.label)
        return not outcome.was_paid, kept


def _cut_before(call: PlannedCall) -> AnswerCut:
    return AnswerCut(
        f"the answer about {call.label} was cut when it was asked before",
        hint="ask for less at once, or choose shorter chunks (chunk_s)",
    )


def cut_notes(answered: Sequence[Answered]) -> list[str]:
    """Say which chunks of an asset were asked about in smaller pieces."""
    pieces = [each.call.part.chunk for each in answered if each.call.part.is_piece]
    notes = []
    for index in sorted({chunk.index for chunk in pieces if chunk}):
        cores = [chunk.core for chunk in pieces if chunk and chunk.index == index]
        start, end = format_time(cores[0].start_s), format_time(cores[-1].end_s)
        notes.append(
            f"The answer about {start} to {end} was cut at the most tokens it may have, so this"
            f" part was asked in {len(cores)} pieces. The ledger has the price of the cut one too."
        )
    return notes


def shared_notes(answered: Sequence[Answered]) -> list[str]:
    """Say of a picture that it was asked about with others."""
    return [
        f"Asked about with {each.record.shared_by - 1} more in one call: tokens and dollars are the"
        " share of this picture."
        for each in answered
        if each.record.shared_by > 1
    ]

"""Ask about several pictures in one call, and alone about those that it leaves out.

Each picture ends with an answer or with the reason why there is none. That cannot go on for ever:
a call about several is followed by smaller ones only, and one about a picture alone by none.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from workbench.analysis.answers.composing import Answered
from workbench.analysis.answers.sharing import take_apart
from workbench.analysis.plans.grouping import pictures_part, sharers_of
from workbench.analysis.plans.plan import AnalysisPlan, AssetPlan, PlannedCall
from workbench.analysis.plans.planned import planned_call
from workbench.analysis.plans.question import Part, build_question, cut_reply, kept_answer
from workbench.analysis.runs.asking import Asker, Prepare, Question
from workbench.analysis.runs.course import Course
from workbench.analysis.runs.making import Executor
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder
from workbench.backends.protocol import MediaPart
from workbench.backends.sharing import split_usage
from workbench.backends.usage import Cost
from workbench.errors import (
    AnswerCut,
    BadModelRequest,
    BadReply,
    LibraryGone,
    WorkbenchError,
)
from workbench.evidence.evidence import Evidence

Ended = Answered | WorkbenchError
"""How it went with a picture."""

NOT_TOGETHER = (BadReply, BadModelRequest)
"""What may be the fault of one picture only; alone, the others have an answer."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture that is asked about."""

    asset_plan: AssetPlan
    question: Question
    """The question about it alone."""
    media: tuple[MediaPart, ...] = ()
    """Its file, once it is made."""


Found = dict[str, Ended]
"""Id of an asset → how it went."""


class SharedAsker(Asker):
    """Asks the questions of one run, also those that pictures share.

    Args:
        plan: What is asked.
        prepare: Makes the files that go with a call.
        cache: Where replies are.
        execute: Has a call made.
        course: Told about answers, and asked whether to go on.
        calls_at_once: Most calls that are under way at the same moment.
        limit_bytes: Most bytes of pictures in one call.
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
        limit_bytes: int,
    ) -> None:
        super().__init__(plan, prepare, cache, execute, course, calls_at_once=calls_at_once)
        self._limit_bytes = limit_bytes

    def begin_together(
        self,
        call: PlannedCall,
        measured: Sequence[tuple[AssetPlan, Evidence]],
        dealt_with: Callable[[PlannedCall], None],
    ) -> Future[list[Ended]]:
        """Begin to ask about pictures that share a call.

        Args:
            call: The call as it was planned.
            measured: The pictures, with what was measured on them.
            dealt_with: Told when each of them has ended.

        Returns:
            What came of each picture, in their order, when it is done.
        """

        def ask() -> list[Ended]:
            with self._course.guarded():
                found: Found = {}
                pictures = [self._picture(*each) for each in measured]
                for group in self._that_fit(self._prepared(self._missing(pictures, found), found)):
                    self._ask_group(group, found)
                if self._course.ended is None:
                    dealt_with(call)
                return [found[each.asset_plan.asset_id] for each in pictures]

        future = self._pool.submit(ask)
        future.add_done_callback(lambda _: self._course.notice())
        return future

    def _picture(self, asset_plan: AssetPlan, evidence: Evidence) -> _Picture:
        plan, part = self._plan, Part("analyse_image", asset_plan.asset, None, 1)
        call = planned_call(plan.request, plan.model, plan.route, part, evidence)
        return _Picture(asset_plan, self._question(call, evidence))

    def _missing(
        self,
        pictures: Sequence[_Picture],
        found: Found,
        estimates: Sequence[Cost] = (),
        *,
        was_kept: bool = True,
    ) -> list[_Picture]:
        """Those of some pictures that have no answer yet; the others' are put among the found.

        Args:
            pictures: Some pictures.
            found: What came of each so far.
            estimates: What of the estimate of their call is each one's, if they were just asked.
            was_kept: Was nothing paid for them just now?
        """
        missing = []
        for place, picture in enumerate(pictures):
            question, asset_id = picture.question, picture.asset_plan.asset_id
            if kept := kept_answer(self._cache, question.key):
                answered = self._answered(question, *kept, was_kept=was_kept)
                if estimates and not was_kept:
                    record = replace(answered.record, estimated_usd=estimates[place])
                    answered = replace(answered, record=record)
                found[asset_id] = answered
            else:
                missing.append(picture)
        return missing

    def _prepared(self, pictures: Sequence[_Picture], found: Found) -> Iterator[_Picture]:
        """Pictures with their files; one whose file cannot be used has come to its end."""
        for picture in pictures:
            asset_plan, question = picture.asset_plan, picture.question
            try:
                self._course.require_open()
                # What was cut alone would be cut in company too, and paid for.
                self._require_answerable(question)
                inside = self._course.inside(asset_plan.name)
                media = self._prepare(asset_plan, question.call, inside)
            except LibraryGone:
                raise
            except WorkbenchError as error:
                found[asset_plan.asset_id] = error
            else:
                yield replace(picture, media=media)

    def _that_fit(self, pictures: Iterator[_Picture]) -> Iterator[list[_Picture]]:
        """Groups of pictures whose files go together with a request."""
        group: list[_Picture] = []
        size = 0
        for picture in pictures:
            more = sum(part.size_bytes for part in picture.media)
            if group and size + more > self._limit_bytes:
                yield group
                group, size = [], 0
            group.append(picture)
            size += more
        if group:
            yield group

    def _ask_group(self, pictures: Sequence[_Picture], found: Found) -> None:
        """Ask about pictures in one call, until each has come to its end."""
        left = self._missing(pictures, found)
        while len(left) > 1:
            call, order = self._shared(left)
            if cut_reply(self._cache, order.key):
                self._ask_halves(left, found)
                return
            try:
                self._course.require_open()
                self._course.say(f"asking about {call.label}")
                outcome = self._maker.make(order)
                is_whole = take_apart(self._cache, order.key, order.shared)
            except AnswerCut:
                self._ask_halves(left, found)
                return
            except NOT_TOGETHER as error:
                self._course.say(f"asks about each alone: {call.label}: {error.message}")
                break
            except LibraryGone:
                raise
            except WorkbenchError as error:
                found |= {each.asset_plan.asset_id: error for each in left}
                return
            estimates = self._estimates(call, order)
            missing = self._missing(left, found, estimates, was_kept=not outcome.was_paid)
            if missing and not is_whole and len(missing) == len(left):
                fault = self._maker.not_kept(call.label)
                found |= {each.asset_plan.asset_id: fault for each in missing}
                return
            left = missing
            if is_whole:
                # It has left them out: in another company it might do so again.
                break
        for each in left:
            self._ask_alone(each, found)

    def _ask_halves(self, pictures: Sequence[_Picture], found: Found) -> None:
        """Ask again about pictures whose answer was too long for one call."""
        half = (len(pictures) + 1) // 2
        for some in (pictures[:half], pictures[half:]):
            self._ask_group(some, found)

    def _ask_alone(self, picture: _Picture, found: Found) -> None:
        try:
            (answered,) = self._ask(picture.asset_plan, picture.question)
        except LibraryGone:
            raise
        except WorkbenchError as error:
            found[picture.asset_plan.asset_id] = error
        else:
            found[picture.asset_plan.asset_id] = answered

    def _shared(self, pictures: Sequence[_Picture]) -> tuple[PlannedCall, CallOrder]:
        """One call about several pictures, with its exact words."""
        plan = self._plan
        part = pictures_part([each.question.call.part for each in pictures])
        first, *more = (each.question.evidence for each in pictures)
        call = planned_call(plan.request, plan.model, plan.route, part, first, more=more)
        media = tuple(file for each in pictures for file in each.media)
        question = build_question(plan.request, plan.model, part, first, more=more, media=media)
        # Services get the prompt only, and an order may go to another process.
        question = replace(question, evidence=None)
        sharers = sharers_of(
            question,
            plan.model,
            [
                (each.question.key, each.asset_plan.asset, each.question.evidence)
                for each in pictures
            ],
        )
        return call, self._maker.order(call, question.cache_key(), question, sharers)

    def _estimates(self, call: PlannedCall, order: CallOrder) -> list[Cost]:
        """What of the estimate of a call is each picture's."""
        inputs, even = [each.weight for each in order.shared], [1] * len(order.shared)
        return [
            cost_of(usage, self._plan.model, order.route, order.request.tier)
            for usage in split_usage(call.usage, inputs, even)
        ]

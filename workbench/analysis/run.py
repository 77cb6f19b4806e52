"""Make the calls of a plan, and nothing else; put their answers together.

Every reply is written to the call cache before anybody sees it, so no call is made twice,
whatever crashes. How a call is executed is pluggable: at once (`inline`), or as a durable step.
"""

import hashlib
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import ValidationError

from workbench.analysis.answer import Answer
from workbench.analysis.merge import Merged, merge_answers, merge_elements
from workbench.analysis.plan import AnalysisPlan, AssetPlan, PlannedCall
from workbench.analysis.question import build_question, kept_answer
from workbench.analysis.results import (
    Analysis,
    CallRecord,
    Citation,
    Element,
    Failure,
    Occurrence,
    RunResult,
    Summary,
)
from workbench.backends.call_cache import CallCache
from workbench.backends.pricing import cost_of
from workbench.backends.protocol import Backend, MediaPart, ModelReply, ModelRequest
from workbench.backends.usage import Cost, format_usd
from workbench.errors import BackendError, BadReply, BudgetReached, WorkbenchError
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk, whole_video
from workbench.media.timecode import TimeSpan, format_length, format_time
from workbench.progress import Progress, silent

PAUSE_S = 0.8
"""Silence between utterances that a chapter may begin at."""

Executor = Callable[[str, Callable[[], str]], str]
"""Runs one named piece of work that returns a cache key, and returns that key."""


def inline(name: str, work: Callable[[], str]) -> str:
    """Do the work now, in this process."""
    del name
    return work()


@dataclass(frozen=True, slots=True)
class RunTools:
    """What a run needs from outside."""

    gather: Callable[[Asset, Progress], Evidence]
    """Measure an asset, or read what was measured before."""
    prepare: Callable[[AssetPlan, PlannedCall, Progress], tuple[MediaPart, ...]]
    """Make the files that go with a call."""
    backend: Backend
    cache: CallCache
    record: Callable[[Asset, PlannedCall, CallRecord], None]
    """Write a finished call to the ledger."""
    find: Callable[[str], Analysis | None]
    """A kept analysis by its id."""
    keep: Callable[[Analysis, Evidence], None]
    """Put a finished analysis into the library."""


@dataclass(slots=True)
class _Spent:
    """Dollars paid in this run, against its cap."""

    cap_usd: Decimal | None
    paid_usd: Decimal = Decimal(0)
    is_known: bool = True
    calls: int = 0

    def add(self, cost: Cost) -> None:
        """A call was paid for."""
        self.calls += 1
        self.is_known = self.is_known and cost is not None
        self.paid_usd += cost or Decimal(0)

    def check(self, call: PlannedCall) -> None:
        """Stop before a call that could pass the cap."""
        if self.cap_usd is None:
            return
        most = call.cost_high or Decimal(0)
        if self.paid_usd + most > self.cap_usd:
            raise BudgetReached(
                f"stopped before {call.label}: {format_usd(self.paid_usd)} is spent and the next "
                f"call may cost {format_usd(most)}, over the cap of {format_usd(self.cap_usd)}",
                hint="raise the cap and run again; calls already made are kept and cost nothing",
            )


class _Counter:
    """Turns finished units into progress calls."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.done = 0
        self.total = total
        self.progress = progress

    def say(self, stage: str) -> None:
        self.progress(self.done, self.total, stage)

    def finish(self, stage: str) -> None:
        self.done += 1
        self.say(stage)

    def inside(self, name: str) -> Progress:
        """Progress within one unit, with the time left in it as it goes."""
        began = time.monotonic()

        def tell(done: int, total: int, stage: str) -> None:
            if total <= 1:
                self.say(f"{name}: {stage}")
                return
            passed_s = time.monotonic() - began
            left = ""
            if passed_s > 2 and 0 < done < total:
                left = f", ≈ {format_length(max(10, round(passed_s / done * (total - done))))} left"
            self.say(f"{name}: {stage} ({100 * done // total} %{left})")

        return tell


def _checked(reply: ModelReply, label: str) -> Answer:
    try:
        return Answer.model_validate(reply.data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadReply(
            f"the answer about {label} is not in the agreed form: {where}: {first['msg']}",
            hint="run again; if it stays so, try another model",
        ) from None


class _Run:
    """One run of a plan."""

    def __init__(
        self, plan: AnalysisPlan, tools: RunTools, execute: Executor, progress: Progress
    ) -> None:
        self.plan = plan
        self.tools = tools
        self.execute = execute
        units = 2 * len(plan.assets) + len(plan.calls)
        self.counter = _Counter(units, progress)
        self.spent = _Spent(plan.request.max_cost_usd)
        self.can_keep = True

    def ask(
        self, call: PlannedCall, asset_plan: AssetPlan, question: ModelRequest
    ) -> tuple[Answer, CallRecord]:
        """Answer one question from the cache, or by a call that is cached before it is used."""
        key = question.cache_key()
        kept = kept_answer(self.tools.cache, key)
        was_kept = kept is not None
        if kept is None:
            self.spent.check(call)

            def work() -> str:
                media = self.tools.prepare(asset_plan, call, self.counter.inside(asset_plan.name))
                reply = self.tools.backend.invoke(replace(question, media=media), self.plan.model)
                _checked(reply, call.label)
                self.put(key, call, reply)
                return key

            self.execute(call.id, work)
            kept = kept_answer(self.tools.cache, key)
            if kept is None:
                raise BadReply(
                    f"the reply about {call.label} was not kept",
                    hint="check that the data folder is writable and has room, then run again",
                )
        reply, answer = kept
        cost = cost_of(reply.usage, self.plan.model, self.plan.route)
        if not was_kept:
            self.spent.add(cost)
        record = CallRecord(
            call_id=call.id,
            cache_key=key,
            label=call.label,
            chunk_index=call.chunk.index if call.chunk else None,
            model_id=reply.model_id,
            was_kept=was_kept,
            usage=reply.usage,
            cost_usd=cost,
            estimated_usd=cost_of(call.usage, self.plan.model, self.plan.route),
            latency_s=reply.latency_s,
            attempts=reply.attempts,
        )
        self.tools.record(asset_plan.asset, call, record)
        return answer, record

    def put(self, key: str, call: PlannedCall, reply: ModelReply) -> None:
        """Keep a reply; where that fails, the next one would be paid and lost as well."""
        try:
            self.tools.cache.put(key, call.label, reply)
        except WorkbenchError:
            self.can_keep = False
            raise

    def one(self, asset_plan: AssetPlan) -> Analysis:
        """Measure one asset, ask about it and merge the answers."""
        began = time.monotonic()
        asset = asset_plan.asset
        name = asset.name
        self.counter.say(f"{name}: measuring")
        evidence = self.tools.gather(asset, self.counter.inside(name))
        self.counter.finish(f"{name}: measured")
        calls = [c for c in self.plan.calls if c.asset_id == asset.id]
        parts: list[tuple[Chunk, Answer]] = []
        summaries: list[tuple[Chunk, str]] = []
        records: list[CallRecord] = []
        combined: Answer | None = None
        notes = list(evidence.notes)
        asked_at = time.monotonic()
        for call in calls:
            self.counter.say(f"asking about {call.label}")
            question = build_question(
                self.plan.request,
                self.plan.model,
                call.part,
                evidence,
                summaries=summaries,
                engine_version=(
                    self.plan.engine_version if self.plan.model.engine == "local" else ""
                ),
            )
            try:
                answer, record = self.ask(call, asset_plan, question)
            except BackendError as error:
                if call.task != "combine":
                    raise
                # The parts are paid for and kept: a failed last step must not lose them.
                notes.append(f"The parts could not be made into one summary: {error.message}.")
            else:
                records.append(record)
                if call.task == "combine":
                    combined = answer
                else:
                    chunk = call.chunk or whole_video(asset.duration_s or 0.0)[0]
                    parts.append((chunk, answer))
                    summaries.append((chunk, answer.summary))
            self.counter.finish(f"answered: {call.label}")
        calls_s = time.monotonic() - asked_at
        merged = self.merge(asset, evidence, parts)
        notes += merged.notes
        if merged.overlap_agreement is not None:
            notes.append(
                f"Where chunks overlap, {merged.overlap_agreement:.0%} of the chapter starts agree."
            )
        keys = sorted(record.cache_key for record in records)
        analysis = Analysis(
            id=hashlib.sha256("\n".join([asset.id, *keys]).encode()).hexdigest()[:16],
            asset_id=asset.id,
            asset_name=name,
            duration_s=asset.duration_s,
            request=self.plan.request.model_copy(update={"assets": (asset.id,)}),
            engine=self.plan.model.engine,
            model=self.plan.model.key,
            model_name=self.plan.model.name,
            created_at=datetime.now(UTC),
            summary=self.summary(parts, combined),
            chapters=merged.chapters,
            elements=merged.elements,
            calls=tuple(records),
            prompt_hash=self.plan.prompt_hash,
            catalog_as_of=self.plan.catalog_as_of,
            engine_version=self.plan.engine_version,
            seconds=round(time.monotonic() - began, 3),
            effective_fps=asset_plan.effective_fps,
            stages_s={**evidence.seconds, "calls": round(calls_s, 3)},
            notes=tuple(dict.fromkeys(notes)),
        )
        # The same questions with the same answers: the record there is keeps its date and times.
        known = self.tools.find(analysis.id) if all(r.was_kept for r in records) else None
        if known is None:
            self.tools.keep(analysis, evidence)
        self.counter.finish(f"{name}: done")
        return known or analysis

    def merge(
        self, asset: Asset, evidence: Evidence, parts: Sequence[tuple[Chunk, Answer]]
    ) -> Merged:
        """One answer on the video's clock; a picture's elements are simply shown."""
        if asset.kind == "image":
            elements = tuple(
                Element(
                    e.kind, e.name, e.category, (Occurrence(TimeSpan(0, 0), "shown"),), e.confidence
                )
                if not e.occurrences
                else e
                for e in merge_elements(parts)
            )
            return Merged((), elements, (), None)
        return merge_answers(parts, asset.duration_s, snap_to_s=seam_moments(evidence))

    def summary(
        self, parts: Sequence[tuple[Chunk, Answer]], combined: Answer | None
    ) -> Summary | None:
        """The one summary: the only part's, the combined one, or the parts in order."""
        if "summary" not in self.plan.request.find or not parts:
            return None
        is_extractive = self.plan.model.engine == "local"
        evidence = tuple(
            Citation(
                quote.kind,
                chunk.to_video_time(
                    TimeSpan(max(0.0, quote.start_s), max(0.0, quote.start_s, quote.end_s))
                ),
                quote.text,
            )
            for chunk, answer in parts
            for quote in answer.summary_quotes
        )
        if combined is not None:
            text = combined.summary
        elif len(parts) == 1:
            text = parts[0][1].summary
        else:
            text = "\n\n".join(
                f"{format_time(chunk.core.start_s)} – {format_time(chunk.core.end_s)}: "
                f"{answer.summary}"
                for chunk, answer in parts
                if answer.summary
            )
        return Summary(text.strip(), is_extractive, evidence) if text.strip() else None


def seam_moments(evidence: Evidence) -> tuple[float, ...]:
    """Moments a chapter may begin at: cuts, and the ends of pauses, in seconds."""
    cuts = [shot.span.start_s for shot in evidence.shots]
    said = evidence.transcript.utterances if evidence.transcript else ()
    resumed = [
        after.span.start_s
        for before, after in itertools.pairwise(said)
        if after.span.start_s - before.span.end_s >= PAUSE_S
    ]
    return tuple(sorted({*cuts, *resumed}))


def run_plan(
    plan: AnalysisPlan,
    tools: RunTools,
    *,
    execute: Executor = inline,
    progress: Progress = silent,
) -> RunResult:
    """Run a plan: measure, ask, merge and keep, one asset after another.

    A file that cannot be done is reported and the rest goes on. When the cap is reached, or a reply
    cannot be kept, the run ends there; what was kept stays.

    Args:
        plan: What to run.
        tools: Where evidence, files, replies and results come from and go.
        execute: How a call is executed.
        progress: Told about finished units: two for each asset and one for each call.

    Returns:
        The analyses that were made, and why the others were not.
    """
    run = _Run(plan, tools, execute, progress)
    analyses: list[Analysis] = []
    failures = list(plan.problems)
    for index, asset_plan in enumerate(plan.assets):
        try:
            analyses.append(run.one(asset_plan))
        except BudgetReached as error:
            left = plan.assets[index:]
            failures += [Failure(each.name, error.message, error.hint) for each in left]
            break
        except WorkbenchError as error:
            failures.append(Failure(asset_plan.name, error.message, error.hint))
            run.counter.done = sum(
                2 + sum(1 for c in plan.calls if c.asset_id == p.asset_id)
                for p in plan.assets[: index + 1]
            )
            run.counter.say(f"{asset_plan.name}: {error.message}")
            if not run.can_keep:
                left = plan.assets[index + 1 :]
                failures += [Failure(each.name, error.message, error.hint) for each in left]
                break
    spent = run.spent
    paid = spent.paid_usd if spent.is_known else None
    return RunResult(tuple(analyses), tuple(failures), paid, spent.calls)

"""Assets, evidence and tools for planning and running without any file."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from workbench.analysis.answers.answer import Answer, AnsweredChapter
from workbench.analysis.plans.plan import AnalysisPlan, AssetPlan, PlanContext, PlannedCall
from workbench.analysis.plans.question import media_identity
from workbench.analysis.results import Analysis, RunResult
from workbench.analysis.runs.run import RunTools, run_plan
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest, Readiness
from workbench.backends.usage import Usage
from workbench.errors import BadReply, BudgetReached, WorkbenchError
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset, AssetKind, Stream
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress, silent
from workbench.speech.transcript import Transcript, Utterance


def asset(number: int, kind: AssetKind = "video", duration_s: float = 1250.0) -> Asset:
    """An asset that was never a file."""
    name = f"film {number}.{ {'video': 'mp4', 'image': 'jpg', 'audio': 'mp3'}[kind] }"
    sound = (Stream(1, "audio", "aac", channels=2, sample_rate_hz=48000),)
    return Asset(
        id=f"{number:016x}",
        path=Path("/nowhere") / name,
        kind=kind,
        format={"video": "mp4", "image": "jpeg", "audio": "mp3"}[kind],
        size_bytes=10_000_000,
        width_px=0 if kind == "audio" else 1920,
        height_px=0 if kind == "audio" else 1080,
        duration_s=0.0 if kind == "image" else duration_s,
        frame_rate=Fraction(30) if kind == "video" else None,
        streams=() if kind == "image" else sound,
    )


def evidence_of(one: Asset) -> Evidence:
    """A sentence a minute."""
    said = tuple(
        Utterance(TimeSpan(float(s), float(s + 5)), f"At minute {s // 60} the pump is checked.")
        for s in range(0, int(one.duration_s), 60)
    )
    return Evidence(
        one.id, one.duration_s, Transcript(said, "en", "sidecar"), speech_s=5.0 * len(said)
    )


@dataclass
class Scripted:
    """A backend that answers by a function, and writes down what it was asked."""

    answer: Callable[[ModelRequest], Answer]
    engine: str = "nova"
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=1000, output_tokens=100))
    asked: list[ModelRequest] = field(default_factory=list)

    def readiness(self) -> Readiness:
        return Readiness(self.engine, True, "scripted")

    def invoke(self, request: ModelRequest, model: ModelInfo) -> ModelReply:
        self.asked.append(request)
        return ModelReply(
            data=self.answer(request).model_dump(),
            usage=self.usage,
            model_id=model.model_id,
            stop_reason="tool_use",
            latency_s=0.1,
        )


def plain_answer(request: ModelRequest) -> Answer:
    """A summary, and a chapter every five minutes of what was sent."""
    span = request.media[0].span if request.media else None
    length = span.duration_s if span else 0.0
    return Answer(
        summary=f"summary of {request.task}",
        chapters=[
            AnsweredChapter(title=f"Part at {t}", start_s=t, end_s=min(length, t + 300))
            for t in range(0, int(length), 300)
        ],
    )


@dataclass
class Bench:
    """A place to plan and run: a cache on disk, and lists of what was kept."""

    cache: CallCache
    context: PlanContext
    backend: Scripted
    kept: list[Analysis] = field(default_factory=list)
    recorded: list[Analysis] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    gathered: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    ordered: list[CallOrder] = field(default_factory=list)
    paid_usd: Decimal = Decimal(0)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tools(self, calls_at_once: int = 1) -> RunTools:
        return RunTools(
            gather=self.gather,
            prepare=self.prepare,
            cache=self.cache,
            record=self.recorded.append,
            find=lambda id_: next((a for a in self.kept if a.id == id_), None),
            keep=lambda analysis, evidence: self.kept.append(analysis),
            calls_at_once=calls_at_once,
        )

    def gather(self, one: Asset, progress: Progress) -> Evidence:
        progress(0, 1, "looking")
        self.gathered.append(one.name)
        if one.id in self.damaged:
            raise WorkbenchError(f"{one.name} ends early", hint="copy it again")
        return evidence_of(one)

    def prepare(
        self, plan: AssetPlan, call: PlannedCall, progress: Progress
    ) -> tuple[MediaPart, ...]:
        self.prepared.append(call.id)
        return media_identity(call.part)

    def execute(self, order: CallOrder) -> CallOutcome:
        """Make a call in this process, as long as the cap allows it."""
        model = self.context.catalog.get(order.model)
        with self.lock:
            self.ordered.append(order)
            if order.cap_usd is not None and self.paid_usd + order.most_usd > order.cap_usd:
                raise BudgetReached(f"stopped before {order.label}", hint="raise the cap")
        reply = self.backend.invoke(order.request, model)
        try:
            Answer.model_validate(reply.data)
        except ValidationError:
            message = f"the answer about {order.label} is not in the agreed form"
            raise BadReply(message, hint="run again") from None
        self.cache.put(order.key, order.label, reply)
        cost = cost_of(reply.usage, model, order.route)
        with self.lock:
            self.paid_usd += cost
        return CallOutcome(was_paid=True, cost_usd=cost)

    def run(
        self, plan: AnalysisPlan, *, calls_at_once: int = 1, progress: Progress = silent
    ) -> RunResult:
        return run_plan(plan, self.tools(calls_at_once), execute=self.execute, progress=progress)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def make_bench(folder: Path) -> Bench:
    cache = CallCache(folder / "calls")
    context = PlanContext(load_catalog(), evidence_for=lambda _: None, cache=cache)
    return Bench(cache, context, Scripted(plain_answer))

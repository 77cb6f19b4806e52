"""List the exact model calls a request means, and price that list.

What is shown is what will be run: the run makes the calls of the plan and no others.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workbench.analysis import prompts
from workbench.analysis.answers.answer import Answer
from workbench.analysis.answers.merge_fields import part_told
from workbench.analysis.fields import unanswered
from workbench.analysis.local_engine import LOCAL_ENGINE_VERSION
from workbench.analysis.plans.estimate import Rates, clip_frames, proxied_s
from workbench.analysis.plans.grouping import Grouping
from workbench.analysis.plans.planned import (
    AnalysisPlan,
    AssetPlan,
    PlannedCall,
    halves,
    planned_call,
    tier_notes,
)
from workbench.analysis.plans.question import Part, build_question, combines, cut_reply, kept_answer
from workbench.analysis.plans.sending import sending_notes
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure
from workbench.analysis.services import detecting
from workbench.analysis.services.hearing import hearing_notes, plan_hearing, problem_with_hearing
from workbench.backends.bedrock.wire import INLINE_LIMIT_BYTES
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import Catalog, Medium, ModelInfo
from workbench.backends.catalog.pricing import effective_fps
from workbench.backends.protocol import Task
from workbench.errors import RequestError
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk, plan_chunks, whole_video

__all__ = [
    "AnalysisPlan",
    "AssetPlan",
    "PlanContext",
    "PlannedCall",
    "choose_model",
    "plan_analysis",
]


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What planning looks at besides the request."""

    catalog: Catalog
    route: str = "auto"
    region: Callable[[], str] = lambda: "us-east-1"
    """Where calls start from; asked only for models that are called by region."""
    evidence_for: Callable[[str], Evidence | None] = lambda _: None
    """Kept evidence of an asset, if there is any."""
    cache: CallCache | None = None
    rates: Rates = field(default_factory=Rates)
    can_stage: bool = True
    """Is there a folder in S3 for files that do not go with a request?"""
    limit_bytes: int = INLINE_LIMIT_BYTES
    """Most bytes of media that go with a request."""
    proxy_bytes_of: Callable[[str], int | None] = lambda _: None
    """Size of an asset's proxy, which clips are cut from; None while it is not made."""
    local_version: str = LOCAL_ENGINE_VERSION
    """The local engine's version, and that of what it ranks sentences by."""
    transcriber: ModelInfo | None = None
    """The service that writes speech down; None: this machine does."""
    spoken_language: str = ""
    """What is spoken, as that service names it; empty: found out."""


def choose_model(request: AnalysisRequest, assets: Sequence[Asset], catalog: Catalog) -> ModelInfo:
    """The model a request means: the one it names, or the best match for `auto`.

    Raises:
        RequestError: There is no such model, it is retired, or it belongs to another engine.
    """
    media: set[Medium] = {
        asset.kind
        for asset in assets
        if asset.kind != "audio"  # sound goes as its transcript
    } or {"text"}
    if request.engine == "local" and request.model in ("auto", "local"):
        return catalog.get("local")
    if request.engine == detecting.ENGINE:
        return catalog.choose(request.quality, (), request.engine, model=request.model)
    if request.model == "auto":
        return catalog.choose(request.quality, media, request.engine)
    # Which media it takes is judged for each asset: the rest of a selection can still be done.
    return catalog.choose(request.quality, {"text"}, request.engine, model=request.model)


def _chunks(request: AnalysisRequest, model: ModelInfo, asset: Asset) -> tuple[Chunk, ...]:
    if asset.kind == "image":
        return ()
    # The local engine sees the whole: topic boundaries are found over all of the transcript.
    if model.engine == "local" or request.depth == "overview":
        return whole_video(asset.duration_s)
    return plan_chunks(asset.duration_s, chunk_s=request.chunk_s, context_s=request.context_s)


_Found = tuple[Part, Answer | None]
"""A part with its kept answer, if it has one."""


class _Planner:
    """Plans one request; holds what every call needs."""

    def __init__(self, request: AnalysisRequest, model: ModelInfo, context: PlanContext) -> None:
        self.request = request
        self.model = model
        self.context = context
        region = "" if model.engine == "local" else context.region()
        self.route = context.catalog.route_for(model, context.route, region)
        self.engine_version = context.local_version if model.engine == "local" else ""

    def key(
        self,
        part: Part,
        *,
        summaries: Sequence[tuple[Chunk, str]] = (),
        before: Sequence[tuple[Chunk, Answer]] = (),
    ) -> str:
        """Name of a question; empty while the asset is not measured."""
        evidence = self.context.evidence_for(part.asset.id)
        if evidence is None:
            if not part.feature:
                return ""
            # Nothing of it is told.
            evidence = Evidence(part.asset.id, part.asset.duration_s)
        question = build_question(
            self.request,
            self.model,
            part,
            evidence,
            summaries=summaries,
            before=before,
            engine_version=self.engine_version,
        )
        return question.cache_key()

    def kept_answer(self, key: str) -> Answer | None:
        """The kept reply to a question, if it has been asked before."""
        if not key or self.context.cache is None:
            return None
        found = kept_answer(self.context.cache, key)
        return found[1] if found else None

    def call(
        self,
        part: Part,
        needs: tuple[str, ...] = (),
        *,
        before: Sequence[tuple[Chunk, Answer]] | None = (),
        is_kept: bool,
    ) -> PlannedCall:
        evidence, *more = (self.context.evidence_for(asset.id) for asset in part.assets)
        return planned_call(
            self.request,
            self.model,
            self.route,
            part,
            evidence,
            more=more,
            before=before,
            needs=needs,
            is_kept=is_kept,
            engine_version=self.engine_version,
        )

    def detections_of(self, asset: Asset) -> list[PlannedCall]:
        """A call for each kind of detection, about the whole of the asset."""
        is_image = asset.kind == "image"
        task: Task = "analyse_image" if is_image else "analyse_chunk"
        chunk = None if is_image else whole_video(asset.duration_s)[0]
        parts = [
            Part(task, asset, chunk, 1, feature=feature)
            for feature in detecting.features_of(self.request, asset)
        ]
        return [
            self.call(part, is_kept=self.kept_answer(self.key(part)) is not None) for part in parts
        ]

    def calls_for(self, asset: Asset, chunks: tuple[Chunk, ...]) -> list[PlannedCall]:
        if self.model.engine == detecting.ENGINE:
            return self.detections_of(asset)
        if asset.kind == "image":
            part = Part("analyse_image", asset, None, 1)
            return [self.call(part, is_kept=self.kept_answer(self.key(part)) is not None)]
        found: list[_Found] = []
        for chunk in chunks:
            found += self.found(Part("analyse_chunk", asset, chunk, len(chunks)), found)
        calls: list[PlannedCall] = []
        for place, (part, kept) in enumerate(found):
            needs = (calls[-1].id,) if self.carries and calls else ()
            before = self.told(found[:place])
            calls.append(self.call(part, needs, before=before, is_kept=kept is not None))
        if len(calls) > 1 and combines(self.request, self.model.engine):
            part = Part("combine", asset, None, len(chunks))
            told = functools.partial(part_told, self.request.fields)
            summaries = [(each.chunk, told(kept)) for each, kept in found if each.chunk and kept]
            is_kept = (
                len(summaries) == len(found)
                and self.kept_answer(self.key(part, summaries=summaries)) is not None
            )
            calls.append(self.call(part, tuple(c.id for c in calls), is_kept=is_kept))
        return calls

    @property
    def carries(self) -> bool:
        """Is a chunk told of those before it?"""
        return self.request.carry and self.model.engine == "nova"

    def told(self, earlier: Sequence[_Found]) -> list[tuple[Chunk, Answer]] | None:
        """What a chunk is told of those before it; None while an answer of them is missing."""
        if not self.carries:
            return []
        known = [(part.chunk, kept) for part, kept in earlier if part.chunk and kept]
        return known if len(known) == len(earlier) else None

    def found(self, part: Part, earlier: Sequence[_Found]) -> list[_Found]:
        """A chunk with its kept answer; where that was cut, the halves that are asked instead."""
        before = self.told(earlier)
        key = "" if before is None else self.key(part, before=before)
        kept = self.kept_answer(key)
        if kept is None and key and self.context.cache and cut_reply(self.context.cache, key):
            pieces: list[_Found] = []
            for half in halves(self.request, part):
                pieces += self.found(half, [*earlier, *pieces])
            return pieces or [(part, None)]
        return [(part, kept)]

    def asset_plan(self, asset: Asset, chunks: tuple[Chunk, ...]) -> AssetPlan:
        sampled = self.model.sampling is not None and asset.kind == "video"
        fps = effective_fps(self.model, chunks[0].sent.duration_s) if sampled and chunks else 0.0
        frames = sum(clip_frames(self.model, chunk)[0] for chunk in chunks) if sampled else 0
        return AssetPlan(
            asset=asset,
            chunks=chunks,
            frames=1 if asset.kind == "image" else frames,
            effective_fps=fps,
            is_measured=self.context.evidence_for(asset.id) is not None,
        )

    def hearing_of(self, asset: Asset) -> PlannedCall | None:
        """The call that writes its speech down before it is measured, where one is needed."""
        context = self.context
        if context.transcriber is None or context.evidence_for(asset.id) is not None:
            return None
        return plan_hearing(asset, context.transcriber, context.spoken_language, context.cache)

    def work_s(
        self,
        plans: Sequence[AssetPlan],
        calls: Sequence[PlannedCall],
        hearing: Sequence[PlannedCall],
    ) -> float:
        rates = self.context.rates
        heard = {call.asset_id for call in hearing}
        unmeasured = [plan.asset for plan in plans if not plan.is_measured]
        total = rates.start_s if unmeasured else 0.0
        for asset in unmeasured:
            speed = rates.hearing_s_per_s if asset.id in heard else rates.transcript_s_per_s
            speech_s = asset.duration_s * speed if asset.has_sound else 0.0
            pictures_s = asset.duration_s * rates.pictures_s_per_s if asset.kind == "video" else 0.0
            # Both are measured side by side.
            total += rates.image_s if asset.kind == "image" else max(speech_s, pictures_s)
        return total + sum(
            proxied_s(call.part) * rates.proxy_s_per_s for call in self.to_send(calls)
        )

    def answers_s(self, calls: Sequence[PlannedCall]) -> float:
        rates = self.context.rates
        return sum(
            rates.call_s
            + call.usage.input_tokens / rates.input_tokens_per_s
            + call.usage.output_tokens / rates.output_tokens_per_s
            for call in self.to_send(calls)
        )

    def to_send(self, calls: Sequence[PlannedCall]) -> list[PlannedCall]:
        """The calls a service has to answer."""
        return [call for call in calls if not call.is_kept and self.model.engine != "local"]

    def sending_notes(self, calls: Sequence[PlannedCall]) -> tuple[str, ...]:
        """How clips travel that may be too large for a request."""
        if self.model.engine != "nova" or self.request.tier == "batch":
            return ()
        return sending_notes(
            calls,
            self.context.proxy_bytes_of,
            limit_bytes=self.context.limit_bytes,
            can_stage=self.context.can_stage,
        )

    def problem_with(self, asset: Asset) -> Failure | None:
        if self.model.engine == detecting.ENGINE:
            can_stage = self.context.can_stage
            return detecting.problem_with(self.request, asset, can_stage=can_stage)
        if asset.kind == "audio":
            return None
        if asset.kind not in self.model.accepts:
            takes = ", ".join(sorted(self.model.accepts))
            fitting = [m.key for m in self.context.catalog.models(media={asset.kind})]
            return Failure(
                asset.name,
                f"{self.model.name} takes {takes}; it cannot look at {asset.kind}s",
                f"choose one of: {', '.join(fitting)}",
            )
        return None


def plan_analysis(
    request: AnalysisRequest,
    assets: Sequence[Asset],
    context: PlanContext,
    *,
    problems: Sequence[Failure] = (),
) -> AnalysisPlan:
    """List the model calls a request means, priced; nothing is sent or measured.

    Args:
        request: What is asked.
        assets: The assets it names, in order.
        context: Catalog, route, kept evidence and kept replies.
        problems: Assets that could not even be opened.

    Raises:
        RequestError: The model does not exist, is retired, belongs to another engine or can take
            none of the assets; a cap is set and the model's price is not known; or a batch is
            to carry answers from chunk to chunk.
    """
    model = choose_model(request, assets, context.catalog)
    notes: tuple[str, ...] = ()
    if model.engine == detecting.ENGINE:
        request, notes = detecting.narrowed(request)
    planner = _Planner(request, model, context)
    if planner.carries and request.tier == "batch":
        raise RequestError(
            "a batch is answered all at once, so its chunks cannot be told of each other",
            hint="leave carry out, or choose the flex tier: the same price, answered one by one",
        )
    found = list(problems)
    plans: list[AssetPlan] = []
    calls: list[PlannedCall] = []
    hearing: list[PlannedCall] = []
    for asset in assets:
        heard = planner.hearing_of(asset)
        problem = planner.problem_with(asset) or (problem_with_hearing(heard) if heard else None)
        if problem:
            found.append(problem)
            continue
        hearing += [heard] if heard else []
        about = planner.calls_for(asset, _chunks(request, model, asset))
        plans.append(
            planner.asset_plan(asset, tuple(dict.fromkeys(c.chunk for c in about if c.chunk)))
        )
        calls += about
    if not plans and found:
        raise RequestError(found[0].message, hint=found[0].hint)
    grouping = Grouping(request, model, context)
    calls = grouping.applied(calls, functools.partial(planner.call, is_kept=False))
    plan = AnalysisPlan(
        request=request,
        model=model,
        route=planner.route,
        calls=tuple(calls),
        assets=tuple(plans),
        work_s=planner.work_s(plans, calls, hearing),
        answers_s=planner.answers_s(calls),
        prompt_hash=prompts.prompt_hash(),
        catalog_as_of=context.catalog.as_of.isoformat(),
        engine_version=planner.engine_version or model.model_id,
        hearing=tuple(hearing),
        warnings=(
            *notes,
            *context.catalog.warnings(model),
            *planner.sending_notes(calls),
            *unanswered(request.fields, model.engine, model.name),
            *tier_notes(model, request.tier),
            *hearing_notes(hearing, context.transcriber),
        ),
        problems=tuple(found),
    )
    if request.max_cost_usd is not None and plan.cost is None:
        is_ours = any(call.cost is None for call in calls)
        name = model.name if is_ours or context.transcriber is None else context.transcriber.name
        raise RequestError(
            f"no price is known for {name}, so a cap of ${request.max_cost_usd} cannot be kept",
            hint="add its price to a catalog file of your own, or run without --max-cost-usd",
        )
    return plan

"""List the exact model calls a request means, and price that list.

What is shown is what will be run: the run makes the calls of the plan and no others. Prices are
ranges, because answers have no fixed length and one model's sampling rule is stated in two ways.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from workbench.analysis import prompts
from workbench.analysis.answer import Answer
from workbench.analysis.estimate import Rates, call_usages
from workbench.analysis.local_engine import LOCAL_ENGINE_VERSION
from workbench.analysis.question import Part, build_question, kept_answer
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog import Catalog, Medium, ModelInfo
from workbench.backends.pricing import cost_of, effective_fps
from workbench.backends.protocol import Task
from workbench.backends.usage import Cost, Usage, total_cost
from workbench.errors import RequestError
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk, plan_chunks, whole_video


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One model call, with what it will use and cost."""

    id: str
    """16 hexadecimal digits; the same request has the same ids."""
    part: Part
    model: str
    label: str
    needs: tuple[str, ...]
    """Ids of calls whose answers go into this one."""
    usage_low: Usage
    usage: Usage
    usage_high: Usage
    cost_low: Cost
    cost: Cost
    """Expected dollars; 0 when the reply is kept already."""
    cost_high: Cost
    is_kept: bool

    @property
    def asset_id(self) -> str:
        """The asset it is about."""
        return self.part.asset.id

    @property
    def asset_name(self) -> str:
        """That asset's file name."""
        return self.part.asset.name

    @property
    def task(self) -> Task:
        """What the model is asked to do."""
        return self.part.task

    @property
    def chunk(self) -> Chunk | None:
        """The piece it is about; None for pictures and for combining."""
        return self.part.chunk


@dataclass(frozen=True, slots=True)
class AssetPlan:
    """What happens to one asset."""

    asset: Asset
    chunks: tuple[Chunk, ...]
    frames: int
    """Frames the model will look at, over all chunks."""
    effective_fps: float
    """Frames a second the model will look at; 0 where it looks at none."""
    is_measured: bool
    """Is its evidence kept already?"""

    @property
    def asset_id(self) -> str:
        """The asset's id."""
        return self.asset.id

    @property
    def name(self) -> str:
        """The asset's file name."""
        return self.asset.name

    @property
    def kind(self) -> str:
        """video, image or audio."""
        return self.asset.kind

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.asset.duration_s


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """The calls a request means, and their price."""

    request: AnalysisRequest
    model: ModelInfo
    route: str
    calls: tuple[PlannedCall, ...]
    assets: tuple[AssetPlan, ...]
    seconds: float
    """Expected time in seconds, kept replies and kept evidence left out."""
    prompt_hash: str
    catalog_as_of: str
    engine_version: str
    warnings: tuple[str, ...] = ()
    problems: tuple[Failure, ...] = ()
    """Assets that cannot be done with this request; the others will be."""

    @property
    def usage_low(self) -> Usage:
        """Least that the calls still to be made will use."""
        return sum((c.usage_low for c in self.calls if not c.is_kept), Usage())

    @property
    def usage(self) -> Usage:
        """What the calls still to be made are expected to use."""
        return sum((c.usage for c in self.calls if not c.is_kept), Usage())

    @property
    def usage_high(self) -> Usage:
        """Most that the calls still to be made can use."""
        return sum((c.usage_high for c in self.calls if not c.is_kept), Usage())

    @property
    def cost_low(self) -> Cost:
        """Least this run can cost, in dollars."""
        return total_cost(c.cost_low for c in self.calls)

    @property
    def cost(self) -> Cost:
        """What this run is expected to cost, in dollars."""
        return total_cost(c.cost for c in self.calls)

    @property
    def cost_high(self) -> Cost:
        """Most this run can cost, in dollars."""
        return total_cost(c.cost_high for c in self.calls)

    @property
    def kept_calls(self) -> int:
        """Calls whose replies are kept: they cost nothing."""
        return sum(1 for c in self.calls if c.is_kept)


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
    local_version: str = LOCAL_ENGINE_VERSION
    """The local engine's version, and that of what it ranks sentences by."""


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


def _call_id(request: AnalysisRequest, model: ModelInfo, part: Part, engine_version: str) -> str:
    asked = {
        "asset": part.asset.id,
        "task": part.task,
        "model": model.key,
        "engine": engine_version,
        "core": (part.chunk.core.start_s, part.chunk.core.end_s) if part.chunk else None,
        "sent": (part.chunk.sent.start_s, part.chunk.sent.end_s) if part.chunk else None,
        "prompt": prompts.prompt_hash(),
        "request": request.model_dump(
            mode="json", exclude={"assets", "max_cost_usd", "quality", "engine", "model"}
        ),
    }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _label(part: Part) -> str:
    if part.task == "combine":
        return f"{part.asset.name}, one summary of all chunks"
    if part.chunk and part.parts > 1:
        return f"{part.asset.name}, chunk {part.chunk.index + 1} of {part.parts}"
    return part.asset.name


class _Planner:
    """Plans one request; holds what every call needs."""

    def __init__(self, request: AnalysisRequest, model: ModelInfo, context: PlanContext) -> None:
        self.request = request
        self.model = model
        self.context = context
        region = "" if model.engine == "local" else context.region()
        self.route = context.catalog.route_for(model, context.route, region)
        self.engine_version = context.local_version if model.engine == "local" else ""

    def kept_answer(self, part: Part, summaries: Sequence[tuple[Chunk, str]]) -> Answer | None:
        """The kept reply to this question, if it has been asked before."""
        evidence = self.context.evidence_for(part.asset.id)
        if evidence is None or self.context.cache is None:
            return None
        question = build_question(
            self.request,
            self.model,
            part,
            evidence,
            summaries=summaries,
            engine_version=self.engine_version,
        )
        found = kept_answer(self.context.cache, question.cache_key())
        return found[1] if found else None

    def call(self, part: Part, needs: tuple[str, ...], *, is_kept: bool) -> PlannedCall:
        usages = call_usages(
            self.request, self.model, part, self.context.evidence_for(part.asset.id)
        )
        low, mid, high = (
            Decimal(0) if is_kept else cost_of(usage, self.model, self.route) for usage in usages
        )
        return PlannedCall(
            id=_call_id(self.request, self.model, part, self.engine_version),
            part=part,
            model=self.model.key,
            label=_label(part),
            needs=needs,
            usage_low=usages[0],
            usage=usages[1],
            usage_high=usages[2],
            cost_low=low,
            cost=mid,
            cost_high=high,
            is_kept=is_kept,
        )

    def calls_for(self, asset: Asset, chunks: tuple[Chunk, ...]) -> list[PlannedCall]:
        if asset.kind == "image":
            part = Part("analyse_image", asset, None, 1)
            return [self.call(part, (), is_kept=self.kept_answer(part, ()) is not None)]
        calls = []
        summaries: list[tuple[Chunk, str]] = []
        for chunk in chunks:
            part = Part("analyse_chunk", asset, chunk, len(chunks))
            kept = self.kept_answer(part, ())
            if kept is not None:
                summaries.append((chunk, kept.summary))
            calls.append(self.call(part, (), is_kept=kept is not None))
        if len(chunks) > 1 and "summary" in self.request.find:
            part = Part("combine", asset, None, len(chunks))
            all_kept = len(summaries) == len(chunks)
            is_kept = all_kept and self.kept_answer(part, summaries) is not None
            calls.append(self.call(part, tuple(c.id for c in calls), is_kept=is_kept))
        return calls

    def asset_plan(self, asset: Asset, chunks: tuple[Chunk, ...]) -> AssetPlan:
        sampled = self.model.sampling is not None and asset.kind == "video"
        fps = effective_fps(self.model, chunks[0].sent.duration_s) if sampled and chunks else 0.0
        frames = sum(
            round(effective_fps(self.model, c.sent.duration_s) * c.sent.duration_s) for c in chunks
        )
        return AssetPlan(
            asset=asset,
            chunks=chunks,
            frames=(frames if sampled else 1 if asset.kind == "image" else 0),
            effective_fps=fps,
            is_measured=self.context.evidence_for(asset.id) is not None,
        )

    def seconds(self, plans: Sequence[AssetPlan], calls: Sequence[PlannedCall]) -> float:
        rates = self.context.rates
        unmeasured = [plan.asset for plan in plans if not plan.is_measured]
        total = rates.start_s if unmeasured else 0.0
        for asset in unmeasured:
            speech_s = asset.duration_s * rates.transcript_s_per_s if asset.has_sound else 0.0
            pictures_s = asset.duration_s * rates.pictures_s_per_s if asset.kind == "video" else 0.0
            # Both are measured side by side.
            total += rates.image_s if asset.kind == "image" else max(speech_s, pictures_s)
        for call in calls:
            if call.is_kept or self.model.engine == "local":
                continue
            if call.chunk and call.part.asset.kind == "video":
                total += call.chunk.sent.duration_s * rates.proxy_s_per_s
            total += (
                rates.call_s
                + call.usage.input_tokens / rates.input_tokens_per_s
                + call.usage.output_tokens / rates.output_tokens_per_s
            )
        return total

    def problem_with(self, asset: Asset) -> Failure | None:
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
            none of the assets; or a cap is set and the model's price is not known.
    """
    model = choose_model(request, assets, context.catalog)
    planner = _Planner(request, model, context)
    found = list(problems)
    plans: list[AssetPlan] = []
    calls: list[PlannedCall] = []
    for asset in assets:
        if problem := planner.problem_with(asset):
            found.append(problem)
            continue
        chunks = _chunks(request, model, asset)
        plans.append(planner.asset_plan(asset, chunks))
        calls += planner.calls_for(asset, chunks)
    if not plans and found:
        raise RequestError(found[0].message, hint=found[0].hint)
    plan = AnalysisPlan(
        request=request,
        model=model,
        route=planner.route,
        calls=tuple(calls),
        assets=tuple(plans),
        seconds=planner.seconds(plans, calls),
        prompt_hash=prompts.prompt_hash(),
        catalog_as_of=context.catalog.as_of.isoformat(),
        engine_version=planner.engine_version or model.model_id,
        warnings=tuple(context.catalog.warnings(model)),
        problems=tuple(found),
    )
    if request.max_cost_usd is not None and plan.cost is None:
        raise RequestError(
            f"no price is known for {model.name}, so a cap of ${request.max_cost_usd} cannot be kept",
            hint="add its price to a catalog file of your own, or run without --max-cost-usd",
        )
    return plan

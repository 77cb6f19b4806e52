"""A plan: the calls a request means, with what each will use and cost.

Prices are ranges, because answers have no fixed length and one model's sampling rule is stated in
two ways. The price of a plan is the price of its calls.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from workbench.analysis import prompts
from workbench.analysis.answers.answer import Answer
from workbench.analysis.plans.estimate import call_usages
from workbench.analysis.plans.question import Part, tier_of
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure
from workbench.analysis.services.detecting import LABELS
from workbench.backends.catalog.models import ModelInfo, Tier
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.protocol import Task
from workbench.backends.usage import Cost, Usage, total_cost
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk, halved
from workbench.media.timecode import format_time

TIER_NOTES: dict[Tier, tuple[str, ...]] = {
    "flex": ("The flex tier may wait longer: the service answers others first when it is busy.",),
    "batch": ("A batch is answered within hours, by a worker; the service promises no time.",),
}


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
        """The asset it is about; the first of several pictures."""
        return self.part.asset.id

    @property
    def asset_ids(self) -> tuple[str, ...]:
        """All assets it is about: several where pictures share it."""
        return tuple(asset.id for asset in self.part.assets)

    @property
    def asset_name(self) -> str:
        """What people call what it is about: a file's name, or `a.jpg and 4 more`."""
        return _named(self.part)

    @property
    def task(self) -> Task:
        """What the model is asked to do."""
        return self.part.task

    @property
    def chunk(self) -> Chunk | None:
        """The piece it is about; None for pictures and for combining."""
        return self.part.chunk

    def priced_by(self, route: str) -> str:
        """The route of the price row it goes by: what is detected, or else the plan's."""
        return self.part.feature or route


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
    work_s: float
    """Expected seconds of measuring and of making proxies, what is kept left out."""
    answers_s: float
    """Expected seconds until all is answered that is not kept, without a batch's hours."""
    prompt_hash: str
    catalog_as_of: str
    engine_version: str
    hearing: tuple[PlannedCall, ...] = ()
    """Calls that write speech down before anything is measured; see `analysis.hearing`."""
    warnings: tuple[str, ...] = ()
    problems: tuple[Failure, ...] = ()
    """Assets that cannot be done with this request; the others will be."""

    @property
    def seconds(self) -> float:
        """Expected time in seconds; for a batch, only that of the work on this machine."""
        return self.work_s + (0.0 if self.request.tier == "batch" else self.answers_s)

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
        return total_cost(c.cost_low for c in (*self.hearing, *self.calls))

    @property
    def cost(self) -> Cost:
        """What this run is expected to cost, in dollars."""
        return total_cost(c.cost for c in (*self.hearing, *self.calls))

    @property
    def cost_high(self) -> Cost:
        """Most this run can cost, in dollars."""
        return total_cost(c.cost_high for c in (*self.hearing, *self.calls))

    @property
    def is_shared(self) -> bool:
        """Are several pictures asked about in one call?"""
        return any(call.part.others for call in self.calls)

    @property
    def kept_calls(self) -> int:
        """Calls whose replies are kept: they cost nothing."""
        return sum(1 for c in self.calls if c.is_kept)


def planned_call(
    request: AnalysisRequest,
    model: ModelInfo,
    route: str,
    part: Part,
    evidence: Evidence | None,
    *,
    more: Sequence[Evidence | None] = (),
    before: Sequence[tuple[Chunk, Answer]] | None = None,
    needs: tuple[str, ...] = (),
    is_kept: bool = False,
    engine_version: str = "",
) -> PlannedCall:
    """Plan one call: its name, what it will use, and what that costs.

    Args:
        request: What is asked.
        model: Who is asked.
        route: Inference profile that prices go by.
        part: What the call is about.
        evidence: What was measured on the asset; None while it is not.
        more: The same of the other pictures of the part, in their order.
        before: The answers it is told of; None where they are not known yet.
        needs: Ids of the calls whose answers go into this one.
        is_kept: Its reply is kept: it costs nothing.
        engine_version: Version of the local engine, empty for services.
    """
    usages = call_usages(request, model, part, evidence, before=before, more=more)
    tier = tier_of(request.tier, part.task)
    low, mid, high = _prices(usages, model, part.feature or route, tier, is_kept=is_kept)
    return PlannedCall(
        id=_call_id(request, model, part, engine_version),
        part=part,
        model=model.key,
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


def halves(request: AnalysisRequest, part: Part) -> tuple[Part, ...]:
    """The two parts to ask about in place of one whose answer was cut; none if it is too short."""
    if part.chunk is None:
        return ()
    chunks = halved(part.chunk, part.asset.duration_s, context_s=request.context_s)
    return tuple(replace(part, chunk=chunk, is_piece=True) for chunk in chunks)


def tier_notes(model: ModelInfo, tier: Tier) -> tuple[str, ...]:
    """What to know before choosing a service tier."""
    return () if model.is_free else TIER_NOTES.get(tier, ())


def at_tier(plan: AnalysisPlan, tier: Tier) -> AnalysisPlan:
    """The same calls at another service tier: the same questions at another price."""

    def priced(call: PlannedCall) -> PlannedCall:
        usages = (call.usage_low, call.usage, call.usage_high)
        at = tier_of(tier, call.task)
        route = call.priced_by(plan.route)
        low, mid, high = _prices(usages, plan.model, route, at, is_kept=call.is_kept)
        return replace(call, cost_low=low, cost=mid, cost_high=high)

    told = tier_notes(plan.model, plan.request.tier)
    others = (each for each in plan.warnings if each not in told)
    return replace(
        plan,
        request=plan.request.model_copy(update={"tier": tier}),
        calls=tuple(priced(call) for call in plan.calls),
        warnings=(*others, *tier_notes(plan.model, tier)),
    )


def _prices(
    usages: Sequence[Usage], model: ModelInfo, route: str, tier: Tier, *, is_kept: bool
) -> list[Cost]:
    return [Decimal(0) if is_kept else cost_of(usage, model, route, tier) for usage in usages]


_NOT_NAMED = {
    *("assets", "also", "detect", "max_cost_usd", "pictures_per_call"),
    *("quality", "engine", "model", "tier"),
}
"""Fields of a request that leave a call the same."""


def _call_id(request: AnalysisRequest, model: ModelInfo, part: Part, engine_version: str) -> str:
    asked: dict[str, object] = {
        "asset": part.asset.id,
        "task": part.task,
        "model": model.key,
        "engine": engine_version,
        "core": (part.chunk.core.start_s, part.chunk.core.end_s) if part.chunk else None,
        "sent": (part.chunk.sent.start_s, part.chunk.sent.end_s) if part.chunk else None,
        "prompt": prompts.prompt_hash(),
        "request": request.model_dump(mode="json", exclude=_NOT_NAMED),
    }
    if part.others:
        asked["others"] = [asset.id for asset in part.others]
    if part.feature:
        # The same detection, whatever else is asked.
        asked |= {"feature": part.feature, "prompt": "", "request": {}}
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _named(part: Part) -> str:
    more = f" and {len(part.others)} more" if part.others else ""
    return f"{part.asset.name}{more}"


def _label(part: Part) -> str:
    if part.task == "combine":
        return f"{part.asset.name}, one summary of all chunks"
    name = _named(part)
    if part.feature:
        return f"{name}, {LABELS.get(part.feature, part.feature)}"
    if part.chunk and part.parts > 1:
        name = f"{name}, chunk {part.chunk.index + 1} of {part.parts}"
    if part.chunk and part.is_piece:
        core = part.chunk.core
        name = f"{name}, {format_time(core.start_s)} to {format_time(core.end_s)}"
    return name

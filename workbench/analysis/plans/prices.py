"""The same request priced for every model, depth and service tier, side by side.

Every row is a real plan: choosing a row and running it makes exactly the calls that were priced.
"""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.analysis.plans.plan import PlanContext, plan_analysis
from workbench.analysis.plans.planned import AnalysisPlan, at_tier
from workbench.analysis.request import ENGINES, AnalysisRequest, Depth
from workbench.backends.catalog.models import Tier, price_of
from workbench.backends.protocol import Readiness
from workbench.backends.usage import Cost
from workbench.errors import RequestError
from workbench.media.asset import Asset


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One way to have something analysed, and what it would cost."""

    subject: str
    """What is analysed: `30 min`, a file's name, or how many files; empty for a request's own."""
    duration_s: float
    """Length of it all, in seconds; 0 for pictures."""
    model: str
    """Catalog key."""
    name: str
    engine: str
    depth: Depth
    tier: Tier
    calls: int
    kept_calls: int
    frames: int
    """Frames that are looked at, the fewest."""
    frames_per_s: float
    """Frames a second that are looked at, over all of it; 0 where none are."""
    least_frames_per_s: float
    """Of the asset with the fewest; 0 where none are looked at."""
    input_tokens: int
    output_tokens: int
    cost_low_usd: Cost
    cost_usd: Cost
    """Expected; None when no price is known."""
    cost_high_usd: Cost
    seconds: float
    """Expected time; for a batch, only that of the work on this machine."""
    doubt: str = ""
    """Why the range is wide, where the maker's own pages contradict each other."""
    note: str = ""
    """What to know before choosing it, or why it cannot be run."""


def price_options(
    request: AnalysisRequest,
    assets: Sequence[Asset],
    context: PlanContext,
    readiness: Mapping[str, Readiness],
    *,
    tiers: Collection[Tier] = (),
) -> list[PriceRow]:
    """Price a request for every model that can answer it, the cheapest first.

    A tier other than standard has a row only where its price is known.

    Args:
        request: What is asked; its engine, model and depth are varied.
        assets: The assets it names.
        context: Catalog, route, kept evidence and kept replies.
        readiness: Engine → whether it can be called now.
        tiers: Service tiers; none for the standard one and the one that is asked for.
    """
    wanted = tuple(dict.fromkeys(tiers or ("standard", request.tier)))
    has_video = any(asset.kind == "video" for asset in assets)
    options = []
    for model in context.catalog.models():
        is_asked = model.engine in ENGINES and model.engine in readiness
        if not is_asked or model.lifecycle == "retired":
            continue
        depths: tuple[Depth, ...] = ("detailed",)
        if has_video and model.engine == "nova":
            depths = ("overview", "detailed")
        state = readiness[model.engine]
        why_not = "" if state.is_ready else state.finding or "not available"
        for depth in depths:
            varied = request.model_copy(
                update={
                    "engine": model.engine,
                    "model": model.key,
                    "depth": depth,
                    "tier": "standard",
                    "max_cost_usd": None,
                }
            )
            try:
                plan = plan_analysis(varied, assets, context)
            except RequestError:
                continue  # it cannot take any of these media: no row
            anew = functools.partial(plan_analysis, assets=assets, context=context)
            options += [price_row(each, first=why_not) for each in at_tiers(plan, wanted, anew)]
    unknown_last = float("inf")
    return sorted(
        options,
        key=lambda o: (
            unknown_last if o.cost_usd is None else o.cost_usd,
            o.model,
            o.depth,
            o.tier,
        ),
    )


def at_tiers(
    plan: AnalysisPlan, tiers: Collection[Tier], anew: Callable[[AnalysisRequest], AnalysisPlan]
) -> Iterator[AnalysisPlan]:
    """A plan at each tier that can be had: those whose price is known, and standard always.

    Args:
        plan: At the standard tier.
        tiers: Tiers that are wanted.
        anew: Plans the same files: in a batch no call is about several pictures.
    """
    for tier in tiers:
        if tier == "standard":
            yield plan
        # A batch is answered all at once: its chunks cannot be told of each other.
        elif price_of(plan.model, plan.route, tier) and not (
            tier == "batch" and plan.request.carry
        ):
            if tier == "batch" and plan.is_shared:
                yield anew(plan.request.model_copy(update={"tier": tier}))
            else:
                yield at_tier(plan, tier)


def price_row(
    plan: AnalysisPlan, *, subject: str = "", doubt: str = "", first: str = ""
) -> PriceRow:
    """What a plan would cost, as a row among others.

    Args:
        plan: The plan.
        subject: What to call its files.
        doubt: Why its range is wide.
        first: Noted before what the plan itself warns of.
    """
    video_s = sum(each.duration_s for each in plan.assets if each.kind == "video")
    seen = sum(each.effective_fps * each.duration_s for each in plan.assets)
    rates = [each.effective_fps for each in plan.assets if each.effective_fps]
    notes = [first, *(problem.message for problem in plan.problems), *plan.warnings]
    return PriceRow(
        subject=subject,
        duration_s=sum(each.duration_s for each in plan.assets),
        model=plan.model.key,
        name=plan.model.name,
        engine=plan.model.engine,
        depth=plan.request.depth,
        tier=plan.request.tier,
        calls=len(plan.calls),
        kept_calls=plan.kept_calls,
        frames=sum(each.frames for each in plan.assets),
        frames_per_s=seen / video_s if video_s else 0.0,
        least_frames_per_s=min(rates, default=0.0),
        input_tokens=plan.usage.input_tokens,
        output_tokens=plan.usage.output_tokens,
        cost_low_usd=plan.cost_low,
        cost_usd=plan.cost,
        cost_high_usd=plan.cost_high,
        seconds=plan.seconds,
        doubt=doubt,
        note="; ".join(filter(None, dict.fromkeys(notes))),
    )

"""The same request priced for every model and depth, side by side.

Every row is a real plan: choosing a row and running it makes exactly the calls that were priced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.analysis.plan import PlanContext, plan_analysis
from workbench.analysis.request import AnalysisRequest, Depth
from workbench.backends.protocol import Readiness
from workbench.backends.usage import Cost
from workbench.errors import RequestError
from workbench.media.asset import Asset


@dataclass(frozen=True, slots=True)
class PricedOption:
    """One way to run a request, and what it would cost."""

    model: str
    """Catalog key."""
    name: str
    engine: str
    depth: Depth
    calls: int
    kept_calls: int
    frames: int
    effective_fps: float
    """Fewest frames a second over the assets; 0 where no frames are looked at."""
    input_tokens: int
    output_tokens: int
    cost_low_usd: Cost
    cost_usd: Cost
    cost_high_usd: Cost
    seconds: float
    is_available: bool
    """Can it be run now?"""
    note: str = ""
    """Why not, or what to know."""


def price_options(
    request: AnalysisRequest,
    assets: Sequence[Asset],
    context: PlanContext,
    readiness: Mapping[str, Readiness],
) -> list[PricedOption]:
    """Price a request for every model that can answer it, the cheapest first.

    Args:
        request: What is asked; its engine, model and depth are varied.
        assets: The assets it names.
        context: Catalog, route, kept evidence and kept replies.
        readiness: Engine → whether it can be called now.
    """
    has_video = any(asset.kind == "video" for asset in assets)
    options = []
    for model in context.catalog.models():
        if model.engine not in readiness or model.lifecycle == "retired":
            continue
        depths: tuple[Depth, ...] = ("detailed",)
        if has_video and model.engine != "local":
            depths = ("overview", "detailed")
        state = readiness[model.engine]
        for depth in depths:
            varied = request.model_copy(
                update={
                    "engine": model.engine,
                    "model": model.key,
                    "depth": depth,
                    "max_cost_usd": None,
                }
            )
            try:
                plan = plan_analysis(varied, assets, context)
            except RequestError:
                continue  # it cannot take any of these media: no row
            rates = [a.effective_fps for a in plan.assets if a.effective_fps]
            notes = [*(problem.message for problem in plan.problems), *plan.warnings]
            if not state.is_ready:
                notes.insert(0, state.finding)
            options.append(
                PricedOption(
                    model=model.key,
                    name=model.name,
                    engine=model.engine,
                    depth=depth,
                    calls=len(plan.calls),
                    kept_calls=plan.kept_calls,
                    frames=sum(a.frames for a in plan.assets),
                    effective_fps=min(rates, default=0.0),
                    input_tokens=plan.usage.input_tokens,
                    output_tokens=plan.usage.output_tokens,
                    cost_low_usd=plan.cost_low,
                    cost_usd=plan.cost,
                    cost_high_usd=plan.cost_high,
                    seconds=plan.seconds,
                    is_available=state.is_ready and model.lifecycle != "preview",
                    note="; ".join(dict.fromkeys(notes)),
                )
            )
    unknown_last = float("inf")
    return sorted(
        options,
        key=lambda o: (unknown_last if o.cost_usd is None else o.cost_usd, o.model, o.depth),
    )

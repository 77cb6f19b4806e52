"""What analyses would cost: any lengths or files, by every model, mode and service tier.

Every row is a real plan. A length without a file is planned as a video with speech that nobody has
measured yet, so its price is a range like that of any new file.
"""

import functools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from workbench.analysis.plans.estimate import clip_tokens
from workbench.analysis.plans.plan import AnalysisPlan, PlanContext, plan_analysis
from workbench.analysis.plans.prices import PriceRow, at_tiers, price_row
from workbench.analysis.request import ENGINES, AnalysisRequest, Depth
from workbench.analysis.results import Failure
from workbench.backends.catalog.models import Lifecycle, ModelInfo, Tier
from workbench.errors import RequestError
from workbench.media.asset import Asset, Stream
from workbench.media.timecode import format_length

USUAL_LENGTHS_S = (300.0, 1800.0, 7200.0)
"""5 minutes, 30 minutes and 2 hours."""

LONGEST_S = 24 * 3600.0
DEPTHS: tuple[Depth, ...] = ("overview", "detailed")
TIERS: tuple[Tier, ...] = ("standard", "flex", "priority", "batch")
STANDARD: tuple[Tier, ...] = ("standard",)

HIDDEN: frozenset[Lifecycle] = frozenset({"retired", "preview"})
"""Models that are priced only when they are named."""


def video_of(duration_s: float) -> Asset:
    """A video with speech that is not there: full HD, 30 frames a second.

    Args:
        duration_s: Its length, more than 0 and at most 24 hours.

    Raises:
        RequestError: The length is out of range.

    Example:
        >>> video_of(1800).name
        '30 min'
    """
    if not (math.isfinite(duration_s) and 0 < duration_s <= LONGEST_S):
        raise RequestError(
            f"a video of {duration_s} s cannot be priced", hint="write a length up to 24h"
        )
    return Asset(
        id=f"{round(duration_s * 1000):016x}",
        path=Path(format_length(duration_s).removesuffix(" 0 min")),
        kind="video",
        format="mp4",
        size_bytes=0,
        width_px=1920,
        height_px=1080,
        duration_s=float(duration_s),
        frame_rate=Fraction(30),
        streams=(Stream(0, "video", "h264"), Stream(1, "audio", "aac")),
    )


def what_if(
    request: AnalysisRequest,
    subjects: Mapping[str, Sequence[Asset]],
    context: PlanContext,
    *,
    models: Collection[str] = (),
    depths: Collection[Depth] = DEPTHS,
    tiers: Collection[Tier] = STANDARD,
    problems: Sequence[Failure] = (),
) -> tuple[PriceRow, ...]:
    """Price a request for every subject, model, mode and tier.

    Args:
        request: What is asked; its engine, model, depth and tier are varied.
        subjects: What to call each selection → its assets.
        context: Catalog, route, kept evidence and kept replies.
        models: Keys of the catalog; empty for all that can be chosen, previews left out.
        depths: Modes; those that mean the same for a model or a selection are listed once.
        tiers: Service tiers of Bedrock; other engines have one only.
        problems: Files that could not even be opened; every row says so.

    Returns:
        Rows in the order of the subjects, then the cheapest first and unknown prices last.

    Raises:
        RequestError: There is no such model.
    """
    named = [context.catalog.get(key) for key in dict.fromkeys(models)] or [
        model for model in context.catalog.models() if model.lifecycle not in HIDDEN
    ]
    wanted = [model for model in named if model.engine in ENGINES]
    rows: list[PriceRow] = []
    for subject, assets in subjects.items():
        found = []
        anew = functools.partial(plan_analysis, assets=assets, context=context, problems=problems)
        for asked in _ways(request, assets, wanted, depths):
            try:
                plan = plan_analysis(asked, assets, context, problems=problems)
            except RequestError:
                continue  # it takes none of these media, or answers no more: no row
            at = tiers if plan.model.engine == "nova" else STANDARD
            found += [
                price_row(each, subject=subject, doubt=_doubt(each))
                for each in at_tiers(plan, at, anew)
            ]
        rows += sorted(found, key=_cheapest_first)
    return tuple(rows)


def _ways(
    request: AnalysisRequest,
    assets: Sequence[Asset],
    models: Sequence[ModelInfo],
    depths: Collection[Depth],
) -> Iterator[AnalysisRequest]:
    """The request for every model and mode."""
    has_video = any(asset.kind == "video" for asset in assets)
    for model in models:
        # A mode is about which frames of a video are looked at.
        differs = has_video and model.sampling is not None
        for depth in depths if differs else ("detailed",):
            changes = {
                "engine": model.engine, "model": model.key, "depth": depth, "tier": "standard",
                "also": (), "max_cost_usd": None,
            }  # fmt: skip
            yield request.model_copy(update=changes)


def _doubt(plan: AnalysisPlan) -> str:
    """Why nobody knows how many frames are billed, where that is so."""
    sampling = plan.model.sampling
    if sampling is None or not sampling.tokens_per_frame:
        return ""
    clips = [
        clip_tokens(plan.model, call.chunk)
        for call in plan.calls
        if call.chunk and call.part.asset.kind == "video"
    ]
    low, high = (sum(side) // sampling.tokens_per_frame for side in zip(*clips, strict=True))
    if low == high:
        return ""
    return f"{low:,} to {high:,} frames: {sampling.source}"


def _cheapest_first(row: PriceRow) -> tuple[bool, Decimal, str, bool, str]:
    price = row.cost_usd or Decimal(0)
    return row.cost_usd is None, price, row.model, row.depth != "overview", row.tier

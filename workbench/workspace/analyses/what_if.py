"""What a workspace says about analyses that nobody has asked for yet."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from workbench.analysis.plans.prices import PriceRow
from workbench.analysis.plans.what_if import DEPTHS, STANDARD, USUAL_LENGTHS_S, video_of, what_if
from workbench.analysis.request import AnalysisRequest, Depth
from workbench.backends.catalog.models import Tier
from workbench.errors import RequestError
from workbench.workspace.analyses.analysis import AnalysisWork


class WhatIfWork(AnalysisWork):
    """Prices of what might be."""

    def what_if(
        self,
        *,
        files: Sequence[str] = (),
        lengths_s: Sequence[float] | None = None,
        asked: AnalysisRequest | None = None,
        models: Collection[str] = (),
        depths: Collection[Depth] = DEPTHS,
        tiers: Collection[Tier] = STANDARD,
    ) -> tuple[PriceRow, ...]:
        """Price lengths and files by every model, mode and tier.

        Args:
            files: Files or ids, priced together; new files are imported.
            lengths_s: Lengths in seconds of videos with speech, which need no file; None for
                5 minutes, 30 minutes and 2 hours where no files are named.
            asked: What would be asked; its own files are not looked at. None for everything.
            models: Keys of the catalog; empty for all that can be chosen, previews left out.
            depths: `overview`, `detailed`, or both.
            tiers: Service tiers.

        Returns:
            Rows by subject: the lengths, then the files; each the cheapest first.

        Raises:
            RequestError: There is no such model, a length is out of range, or none of the files
                can be read.
        """
        if lengths_s is None:
            lengths_s = () if files else USUAL_LENGTHS_S
        request = asked or AnalysisRequest(assets=("any",))
        context = self._context()
        # A length has nothing that is kept, and is priced as if there were a folder in S3 for it.
        made_up = replace(context, evidence_for=lambda _: None, cache=None, can_stage=True)
        videos = {video.name: [video] for video in map(video_of, dict.fromkeys(lengths_s))}
        rows = what_if(request, videos, made_up, models=models, depths=depths, tiers=tiers)
        if not files:
            return rows
        assets, problems = self._named(request.model_copy(update={"assets": tuple(files)}))
        if not assets:
            raise RequestError(problems[0].message, hint=problems[0].hint)
        name = assets[0].name if len(assets) == 1 else f"{len(assets):,} files"
        return rows + what_if(
            request,
            {name: assets},
            context,
            models=models,
            depths=depths,
            tiers=tiers,
            problems=problems,
        )

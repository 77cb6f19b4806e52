"""Put the answers about one asset together: one summary, one clock, one record."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from workbench.analysis.answers.answer import Answer
from workbench.analysis.answers.merge import Merged, merge_answers, merge_elements
from workbench.analysis.answers.merge_fields import video_values
from workbench.analysis.fields import ANSWERING_ENGINES, Field, unanswered
from workbench.analysis.plans.plan import AnalysisPlan, AssetPlan, PlannedCall
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import (
    Analysis,
    CallRecord,
    Citation,
    Detection,
    Element,
    Occurrence,
    Summary,
)
from workbench.analysis.services import detecting
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk, whole_video
from workbench.media.timecode import TimeSpan, format_time

PAUSE_S = 0.8
"""Silence between utterances that a chapter may begin at."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A call with its answer."""

    call: PlannedCall
    answer: Answer
    record: CallRecord


def part_of(asset: Asset, answered: Answered) -> tuple[Chunk, Answer]:
    """An answer with the piece of the asset it is about."""
    return answered.call.chunk or whole_video(asset.duration_s)[0], answered.answer


def compose_analysis(
    plan: AnalysisPlan,
    asset_plan: AssetPlan,
    evidence: Evidence,
    answered: Sequence[Answered],
    *,
    notes: Sequence[str],
    seconds: float,
    stages_s: Mapping[str, float],
) -> Analysis:
    """Make the analysis of one asset.

    Args:
        plan: What was asked.
        asset_plan: Of which asset.
        evidence: What was measured on it.
        answered: The calls in the order of the plan.
        notes: What the reader should know, besides what merging finds.
        seconds: Wall-clock time of it all.
        stages_s: Stage → seconds.
    """
    asset = asset_plan.asset
    parts = [part_of(asset, each) for each in answered if each.call.task != "combine"]
    combined = next((each.answer for each in answered if each.call.task == "combine"), None)
    records = tuple(each.record for each in answered)
    request, model = plan.request, plan.model
    is_detected = model.engine == detecting.ENGINE
    is_asked = model.engine in ANSWERING_ENGINES
    fields = request.fields_per("video") if is_asked else ()
    merged = _merged(asset, evidence, parts, request.fields_per("chapter") if is_asked else ())
    unasked = unanswered(request.fields, model.engine, model.name)
    all_notes = [*unasked, *notes, *merged.notes]
    if merged.overlap_agreement is not None:
        all_notes.append(
            f"Where chunks overlap, {merged.overlap_agreement:.0%} of the chapter starts agree."
        )
    keys = sorted(record.cache_key for record in records)
    return Analysis(
        id=hashlib.sha256("\n".join([asset.id, *keys]).encode()).hexdigest()[:16],
        asset_id=asset.id,
        asset_name=asset.name,
        duration_s=asset.duration_s,
        request=plan.request.model_copy(update={"assets": (asset.id,)}),
        engine=plan.model.engine,
        model=plan.model.key,
        model_name=plan.model.name,
        created_at=datetime.now(UTC),
        summary=_summary(plan, parts, combined),
        chapters=merged.chapters,
        # One call names equipment and objects, also where only one of them was asked for.
        elements=_wanted(request, merged.elements) if is_detected else merged.elements,
        calls=records,
        prompt_hash=plan.prompt_hash,
        catalog_as_of=plan.catalog_as_of,
        engine_version=plan.engine_version,
        seconds=round(seconds, 3),
        effective_fps=asset_plan.effective_fps,
        stages_s=dict(stages_s),
        notes=tuple(dict.fromkeys(all_notes)),
        detections=tuple(_detections(parts)),
        fields=video_values(fields, parts, combined, asset.duration_s),
    )


def _wanted(request: AnalysisRequest, elements: Sequence[Element]) -> tuple[Element, ...]:
    kinds = {kind.removesuffix("s") for kind in request.element_kinds}
    return tuple(each for each in elements if each.kind in kinds)


def _detections(parts: Sequence[tuple[Chunk, Answer]]) -> Iterator[Detection]:
    """What was detected, on the source's clock; whatever lies outside of it is left out."""
    for chunk, answer in parts:
        for each in answer.detections:
            spans = tuple(
                chunk.to_video_time(TimeSpan(span.start_s, max(span.start_s, span.end_s)))
                for span in each.spans
                if 0 <= span.start_s <= chunk.sent.duration_s
            )
            yield Detection(
                each.kind, each.name, each.category, spans, each.confidence, each.most_at_once
            )


def _merged(
    asset: Asset,
    evidence: Evidence,
    parts: Sequence[tuple[Chunk, Answer]],
    fields: Sequence[Field],
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
    return merge_answers(parts, asset.duration_s, snap_to_s=seam_moments(evidence), fields=fields)


def _summary(
    plan: AnalysisPlan, parts: Sequence[tuple[Chunk, Answer]], combined: Answer | None
) -> Summary | None:
    """The one summary: the only part's, the combined one, or the parts in order."""
    if "summary" not in plan.request.find or not parts:
        return None
    is_detected = plan.model.engine == detecting.ENGINE
    # A detector's words are counts.
    is_extractive = is_detected or plan.model.engine == "local"
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
    elif is_detected:
        text = "\n".join(answer.summary for _, answer in parts)
    else:
        text = "\n\n".join(
            f"{format_time(chunk.core.start_s)} – {format_time(chunk.core.end_s)}: {answer.summary}"
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

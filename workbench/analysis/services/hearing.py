"""Speech that a service writes down before an asset is measured: planned, priced and paid as a call.

Only where the user has chosen such a transcriber, and only for sound whose words are not known from
a subtitle file or an earlier run. A call is one asset; its reply is kept like every other.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pydantic import ValidationError

from workbench.analysis.plans.planned import AnalysisPlan, PlannedCall
from workbench.analysis.plans.question import Part
from workbench.analysis.results import Failure, RunResult
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome, Forecast
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest
from workbench.backends.services.transcribe import ENGINE, LONGEST_S, billed_s
from workbench.backends.usage import Usage, format_usd, total_cost
from workbench.errors import LibraryError, MediaError, RequestError
from workbench.evidence.evidence import Evidence
from workbench.jsonable import from_jsonable
from workbench.media.asset import Asset
from workbench.media.chunks import whole_video
from workbench.media.timecode import TimeSpan, format_length
from workbench.progress import Progress
from workbench.speech.subtitles.embedded import TEXT_CODECS
from workbench.speech.subtitles.files import find_sidecar, read_subtitles
from workbench.speech.transcribe import is_by_transcribe, version
from workbench.speech.transcript import Transcript

AUDIO_SPEC = "audio"
"""The proxy that is sent: 16 kHz, mono."""

TRANSCRIBER = ENGINE
"""Catalog key of the service."""

ROUTE = "standard"

TRANSCRIPT = "transcript"
"""Where a reply has it."""


def is_heard_by(evidence: Evidence, asset_of: Callable[[str], Asset], *, by_service: bool) -> bool:
    """Are the words of evidence those that the chosen transcriber would give?

    Subtitles are, whoever transcribes.

    Args:
        evidence: What was measured before.
        asset_of: Finds the asset by its id.
        by_service: Is Amazon Transcribe chosen?
    """
    engine = evidence.engines.get("transcript", "")
    if not by_service:
        return not is_by_transcribe(engine)
    if engine:
        return is_by_transcribe(engine) or engine.startswith(("sidecar", "embedded"))
    return not asset_of(evidence.asset_id).has_sound


def hearing_request(asset: Asset, model: ModelInfo, language: str) -> ModelRequest:
    """The question: the sound of an asset, before its proxy is made."""
    span = TimeSpan(0.0, asset.duration_s)
    media = MediaPart("audio", asset.id, AUDIO_SPEC, span, asset.path, "wav", 0)
    return ModelRequest(
        task="transcribe",
        model=model.key,
        prompt="",
        schema={},
        schema_name=TRANSCRIPT,
        media=(media,),
        options={"language": language},
        engine_version=version(language),
        max_output_tokens=0,
    )


def plan_hearing(
    asset: Asset, model: ModelInfo, language: str, cache: CallCache | None
) -> PlannedCall | None:
    """The call that writes an asset's speech down; None where none is needed.

    A stream of subtitles may turn out to be empty, so there the least that it costs is nothing.

    Args:
        asset: An asset whose evidence is not kept.
        model: The transcriber.
        language: As the service names it; empty: found out.
        cache: Kept replies.
    """
    if not asset.has_sound or _has_subtitles(asset):
        return None
    key = hearing_request(asset, model, language).cache_key()
    is_kept = cache is not None and kept_transcript(cache, key) is not None
    whole = Usage(media_s=billed_s(asset.duration_s))
    has_words = any(s.kind == "subtitle" and s.codec in TEXT_CODECS for s in asset.streams)
    usages = (Usage(), Usage(), whole) if has_words else (whole, whole, whole)
    low, expected, high = (Decimal(0) if is_kept else cost_of(u, model, ROUTE) for u in usages)
    part = Part("transcribe", asset, whole_video(asset.duration_s)[0], 1)
    return PlannedCall(
        id=key[:16],
        part=part,
        model=model.key,
        label=f"{asset.name}, speech",
        needs=(),
        usage_low=usages[0],
        usage=usages[1],
        usage_high=usages[2],
        cost_low=low,
        cost=expected,
        cost_high=high,
        is_kept=is_kept,
    )


def problem_with_hearing(call: PlannedCall) -> Failure | None:
    """Why the speech of an asset cannot be written down; None if it can."""
    asset = call.part.asset
    if call.is_kept or asset.duration_s <= LONGEST_S:
        return None
    return Failure(
        asset.name,
        f"it lasts {format_length(asset.duration_s)}; Amazon Transcribe takes 4 h",
        "put a subtitle file beside it, or set WORKBENCH_TRANSCRIBER=local",
    )


def hearing_notes(calls: Sequence[PlannedCall], model: ModelInfo | None) -> tuple[str, ...]:
    """Say what is written down first, and what of the price is for that."""
    left = [call for call in calls if not call.is_kept]
    if not left or model is None:
        return ()
    files = "1 file" if len(left) == 1 else f"{len(left)} files"
    length_s = sum(call.usage_high.media_s for call in left)
    most = total_cost(call.cost_high for call in left)
    price = "at a price that is not known" if most is None else f"for {format_usd(most)} at most"
    return (
        f"{model.name} first writes down the speech of {files}, {format_length(length_s)}, {price}.",
    )


def heard_once(plans: Iterable[AnalysisPlan], model: ModelInfo | None) -> tuple[AnalysisPlan, ...]:
    """Plans that run one after another: speech is paid for in the first, and kept for the others.

    Args:
        plans: Of the same request, one for each engine.
        model: The transcriber; None for this machine.
    """
    found: list[AnalysisPlan] = []
    seen: set[str] = set()
    for plan in plans:
        hearing = tuple(_kept(c) if c.asset_id in seen else c for c in plan.hearing)
        seen |= {call.asset_id for call in hearing}
        told = hearing_notes(plan.hearing, model)
        others = (note for note in plan.warnings if note not in told)
        warnings = (*others, *hearing_notes(hearing, model))
        found.append(replace(plan, hearing=hearing, warnings=warnings))
    return tuple(found)


def _kept(call: PlannedCall) -> PlannedCall:
    free = Decimal(0)
    return replace(call, cost_low=free, cost=free, cost_high=free, is_kept=True)


def with_hearing(result: RunResult, hearing: "Hearing") -> RunResult:
    """What came of a run, with what was paid for its speech."""
    return replace(
        result,
        paid_usd=total_cost([result.paid_usd, *(each.cost_usd for each in hearing.outcomes)]),
        calls_made=result.calls_made + sum(1 for each in hearing.outcomes if each.was_paid),
    )


def _has_subtitles(asset: Asset) -> bool:
    """Is there a subtitle file beside it that can be read?"""
    path = find_sidecar(asset.path)
    if path is None:
        return False
    try:
        read_subtitles(path)
    except MediaError:
        return False
    return True


def kept_transcript(cache: CallCache, key: str) -> tuple[ModelReply, Transcript] | None:
    """A kept reply with its transcript; None if there is none of the right form."""
    reply = cache.get(key)
    if reply is None:
        return None
    try:
        return reply, from_jsonable(Transcript, reply.data.get(TRANSCRIPT))
    except ValidationError:
        return None


@dataclass
class Hearing:
    """Has the speech of a plan's assets written down, each by the call that was planned for it."""

    model: ModelInfo
    language: str
    planned: Sequence[PlannedCall]
    cap_usd: Decimal | None
    prepare: Callable[[Asset, Progress], MediaPart]
    """Makes the sound that is sent."""
    cache: CallCache
    execute: Callable[[CallOrder], CallOutcome]
    """Has the call made; see `analysis.asking.Executor`."""
    outcomes: list[CallOutcome] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def version(self) -> str:
        """What its transcripts depend on besides the sound."""
        return version(self.language)

    def transcribe(self, asset: Asset, progress: Progress) -> Transcript:
        """The transcript of an asset, from the call cache or by its call.

        Raises:
            BackendError: The service gave no transcript.
            BudgetReached: It could cost more than what is left under the cap or of the budget.
            RequestError: No call was planned for this asset, so nobody has seen its price.
            MediaError: The sound cannot be made.
        """
        question = hearing_request(asset, self.model, self.language)
        key = question.cache_key()
        found = kept_transcript(self.cache, key)
        if found is None:
            call = next((each for each in self.planned if each.asset_id == asset.id), None)
            if call is None:
                raise RequestError(
                    f"the speech of {asset.name} was not in the price that was shown",
                    hint="run again: its words came from somewhere else when it was planned",
                )
            outcome = self.execute(self._order(call, key, self.prepare(asset, progress), question))
            with self._lock:
                self.outcomes.append(outcome)
            found = kept_transcript(self.cache, key)
        if found is None:
            raise LibraryError(
                f"the transcript of {asset.name} was not kept",
                hint="check that the data folder is writable and has room, then run again",
            )
        return found[1]

    def _order(
        self, call: PlannedCall, key: str, sound: MediaPart, question: ModelRequest
    ) -> CallOrder:
        whole = cost_of(call.usage_high, self.model, ROUTE)
        return CallOrder(
            key=key,
            call_id=call.id,
            label=call.label,
            asset_id=call.asset_id,
            engine=ENGINE,
            model=self.model.key,
            route=ROUTE,
            request=replace(question, media=(sound,)),
            most_tokens=0,
            estimated_usd=whole,
            most_usd=whole,
            cap_usd=self.cap_usd,
            forecast=Forecast("transcribe", 0, 0, text_tokens=0, media_tokens=None),
        )

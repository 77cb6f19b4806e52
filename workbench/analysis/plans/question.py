"""Turn a planned call into the exact question that is sent.

The plan uses this to look for kept replies, the run to make the call: one function, so that what
is priced and what is sent cannot differ.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from workbench.analysis import prompts
from workbench.analysis.answers.answer import Answer, answer_schema, schema_of_several
from workbench.analysis.answers.carrying import carried
from workbench.analysis.fields import ANSWERING_ENGINES
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.services.detecting import sent_spec
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo, Tier
from workbench.backends.order import CallOrder
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest, Task
from workbench.backends.usage import Usage
from workbench.errors import BadReply
from workbench.evidence.evidence import Evidence
from workbench.jsonable import to_jsonable
from workbench.media.asset import Asset
from workbench.media.chunks import LONGEST_SENT_S, Chunk, whole_video
from workbench.media.timecode import TimeSpan

ANSWER_TOKENS = 4000
"""Most tokens an answer may have; Nova 1 models stop at 5,000 (model cards)."""

VIDEO_SPEC = "nova"
OVERVIEW_SPEC = "nova-overview"
"""Of a film that is sent as a whole and has more seconds than a model looks at pictures."""
IMAGE_SPEC = "nova-1568"


@dataclass(frozen=True, slots=True)
class Part:
    """What one call is about: an asset, and the chunk of it if it has a length."""

    task: Task
    asset: Asset
    chunk: Chunk | None
    parts: int
    """How many chunks the asset has in all."""
    is_piece: bool = False
    """Is its chunk a half of a planned one, whose answer was cut?"""
    feature: str = ""
    """What is detected, where each detection is a call of its own: `labels`, `faces` …"""
    others: tuple[Asset, ...] = ()
    """The pictures that are asked about in the same call; none for anything but pictures."""

    @property
    def assets(self) -> tuple[Asset, ...]:
        """All that is asked about, in the order it is sent."""
        return (self.asset, *self.others)


def evidence_digest(evidence: Evidence) -> str:
    """Name of what was measured, without how long it took: 16 hexadecimal digits."""
    data = to_jsonable(replace(evidence, seconds={}))
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def video_spec_of(asset: Asset, chunk: Chunk | None) -> str:
    """The proxy that a model is sent of a video, or that the clip of a chunk is cut from.

    Example:
        >>> from pathlib import Path
        >>> talk = Asset("0" * 16, Path("talk.mp4"), "video", "mp4", 9, duration_s=7200.0)
        >>> [video_spec_of(talk, chunk) for chunk in whole_video(7200.0)]
        ['nova-overview']
    """
    sent = chunk.sent if chunk else TimeSpan(0.0, asset.duration_s)
    is_all = sent.start_s <= 0 and sent.end_s >= asset.duration_s
    return OVERVIEW_SPEC if is_all and sent.duration_s > LONGEST_SENT_S else VIDEO_SPEC


def media_identity(part: Part) -> tuple[MediaPart, ...]:
    """What will be sent, before any proxy is made: the path is the source's, the size 0."""
    asset = part.asset
    if part.task == "combine" or asset.kind == "audio":
        return ()
    is_image = part.task == "analyse_image"
    if is_image:
        spec = sent_spec(asset) if part.feature else IMAGE_SPEC
        return tuple(
            MediaPart("image", each.id, spec, None, each.path, each.format, 0)
            for each in part.assets
        )
    spec = sent_spec(asset) if part.feature else video_spec_of(asset, part.chunk)
    span = part.chunk.sent if part.chunk else None
    return (MediaPart("video", asset.id, spec, span, asset.path, "mp4", 0),)


def combines(request: AnalysisRequest, engine: str) -> bool:
    """Is a last call made about a video of several chunks, to make one text of theirs?"""
    is_read = engine in ANSWERING_ENGINES
    texts = [field for field in request.fields_per("video") if is_read and field.type == "text"]
    return "summary" in request.find or bool(texts)


def build_question(
    request: AnalysisRequest,
    model: ModelInfo,
    part: Part,
    evidence: Evidence,
    *,
    more: Sequence[Evidence] = (),
    media: tuple[MediaPart, ...] | None = None,
    summaries: Sequence[tuple[Chunk, str]] = (),
    before: Sequence[tuple[Chunk, Answer]] = (),
    engine_version: str = "",
) -> ModelRequest:
    """Build the question for one planned call.

    Args:
        request: What the user asked.
        model: The model that will answer.
        part: What the call is about.
        evidence: What was measured on the asset.
        more: What was measured on the other pictures of the part, in their order.
        media: The files to send; None for a question that is only looked up.
        summaries: The chunks' summaries, for the combine call.
        before: The chunks before this one with their answers, where it is to be told of them.
        engine_version: Version of the local engine, empty for services.
    """
    if part.feature:
        return _detection(model, part, media)
    options = {
        "find": ",".join(request.find),
        "summary_length": request.summary_length,
        "language": request.language,
    }
    prompt = ""
    if model.engine == "local":
        options["evidence"] = evidence_digest(evidence)
    elif part.task == "combine":
        prompt = prompts.combine_prompt(request, part.asset.name, evidence.duration_s, summaries)
    elif part.others:
        names = [asset.name for asset in part.assets]
        read = list(zip(names, (evidence, *more), strict=True))
        prompt = prompts.pictures_prompt(request, read)
    elif part.task == "analyse_image":
        prompt = prompts.image_prompt(request, part.asset.name, evidence)
    else:
        chunk = part.chunk or whole_video(part.asset.duration_s)[0]
        prompt = prompts.chunk_prompt(
            request, part.asset.name, chunk, part.parts, evidence, before=carried(before)
        )
    inside = evidence.within(part.chunk.sent) if part.chunk else evidence
    schema = answer_schema(part.task, request.find, request.fields)
    return ModelRequest(
        task=part.task,
        model=model.key,
        prompt=prompt,
        system="" if model.engine == "local" else prompts.system_prompt(),
        schema=schema_of_several(schema) if part.others else schema,
        schema_name="report",
        media=media if media is not None else media_identity(part),
        evidence=inside,
        options=options,
        max_output_tokens=min(ANSWER_TOKENS, model.max_output_tokens),
        engine_version=engine_version,
        tier="standard" if model.engine == "local" else tier_of(request.tier, part.task),
    )


def tier_of(tier: Tier, task: Task) -> Tier:
    """The service tier a task is asked at.

    What needs the answers of a batch is asked when they are there, by itself.

    Example:
        >>> tier_of("batch", "analyse_chunk"), tier_of("batch", "combine")
        ('batch', 'standard')
    """
    return "standard" if tier == "batch" and task == "combine" else tier


def _detection(model: ModelInfo, part: Part, media: tuple[MediaPart, ...] | None) -> ModelRequest:
    """The question of a detection: there are no words in it, and nothing of it is left to choose."""
    return ModelRequest(
        task=part.task,
        model=model.key,
        prompt="",
        schema={},
        schema_name="detections",
        media=media if media is not None else media_identity(part),
        options={"feature": part.feature},
        max_output_tokens=0,
    )


CUT = "max_tokens"
"""The stop reason under which a cut answer is kept: what was paid for it, and that it was cut."""


def kept_answer(cache: CallCache, key: str) -> tuple[ModelReply, Answer] | None:
    """A kept reply with its answer; None if there is none, or a cut one, or one of an older form.

    Args:
        cache: Where replies are kept.
        key: What `ModelRequest.cache_key` gave.
    """
    reply = cache.get(key)
    if reply is None or reply.stop_reason == CUT:
        return None
    try:
        return reply, Answer.model_validate(reply.data)
    except ValidationError:
        return None


def cut_reply(cache: CallCache, key: str) -> ModelReply | None:
    """What is kept of a question that was asked and whose answer was cut; None for any other.

    Asked again it would be cut again, and paid again.
    """
    reply = cache.get(key)
    return reply if reply is not None and reply.stop_reason == CUT else None


def keep_cut(cache: CallCache, order: CallOrder, billed: Usage, model_id: str) -> None:
    """Keep that an answer was cut, and what it cost.

    Raises:
        DiskFull: There is no room for it.
        LibraryError: The folder cannot be written to.
    """
    reply = ModelReply({}, billed, model_id, CUT, latency_s=0.0, tier=order.request.tier)
    cache.put(order.key, order.label, reply)


def require_form(reply: ModelReply, label: str) -> None:
    """See that a reply has the agreed form.

    Args:
        reply: What was answered.
        label: What a person calls the call.

    Raises:
        BadReply: It has not.
    """
    try:
        Answer.model_validate(reply.data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadReply(
            f"the answer about {label} is not in the agreed form: {where}: {first['msg']}",
            hint="run again; if it stays so, try another model",
            billed=reply.usage,
        ) from None

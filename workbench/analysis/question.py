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
from workbench.analysis.answer import Answer, answer_schema
from workbench.analysis.request import AnalysisRequest
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog import ModelInfo
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest, Task
from workbench.evidence.evidence import Evidence
from workbench.jsonable import to_jsonable
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk, whole_video

ANSWER_TOKENS = 4000
"""Most tokens an answer may have; Nova 1 models stop at 5,000 (model cards)."""

VIDEO_SPEC = "nova"
IMAGE_SPEC = "nova-1568"


@dataclass(frozen=True, slots=True)
class Part:
    """What one call is about: an asset, and the chunk of it if it has a length."""

    task: Task
    asset: Asset
    chunk: Chunk | None
    parts: int
    """How many chunks the asset has in all."""


def evidence_digest(evidence: Evidence) -> str:
    """Name of what was measured, without how long it took: 16 hexadecimal digits."""
    data = to_jsonable(replace(evidence, seconds={}))
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def media_identity(part: Part) -> tuple[MediaPart, ...]:
    """What will be sent, before any proxy is made: the path is the source's, the size 0."""
    asset = part.asset
    if part.task == "combine" or asset.kind == "audio":
        return ()
    if part.task == "analyse_image":
        return (MediaPart("image", asset.id, IMAGE_SPEC, None, asset.path, asset.format, 0),)
    span = part.chunk.sent if part.chunk else None
    return (MediaPart("video", asset.id, VIDEO_SPEC, span, asset.path, "mp4", 0),)


def build_question(
    request: AnalysisRequest,
    model: ModelInfo,
    part: Part,
    evidence: Evidence,
    *,
    media: tuple[MediaPart, ...] | None = None,
    summaries: Sequence[tuple[Chunk, str]] = (),
    engine_version: str = "",
) -> ModelRequest:
    """Build the question for one planned call.

    Args:
        request: What the user asked.
        model: The model that will answer.
        part: What the call is about.
        evidence: What was measured on the asset.
        media: The files to send; None for a question that is only looked up.
        summaries: The chunks' summaries, for the combine call.
        engine_version: Version of the local engine, empty for services.
    """
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
    elif part.task == "analyse_image":
        prompt = prompts.image_prompt(request, part.asset.name, evidence)
    else:
        chunk = part.chunk or whole_video(part.asset.duration_s)[0]
        prompt = prompts.chunk_prompt(request, part.asset.name, chunk, part.parts, evidence)
    inside = evidence.within(part.chunk.sent) if part.chunk else evidence
    return ModelRequest(
        task=part.task,
        model=model.key,
        prompt=prompt,
        system="" if model.engine == "local" else prompts.system_prompt(),
        schema=answer_schema(part.task, request.find),
        schema_name="report",
        media=media if media is not None else media_identity(part),
        evidence=inside,
        options=options,
        max_output_tokens=min(ANSWER_TOKENS, model.max_output_tokens),
        engine_version=engine_version,
    )


def kept_answer(cache: CallCache, key: str) -> tuple[ModelReply, Answer] | None:
    """A kept reply with its answer; None if there is none, or only one of an older form.

    Args:
        cache: Where replies are kept.
        key: What `ModelRequest.cache_key` gave.
    """
    reply = cache.get(key)
    try:
        return None if reply is None else (reply, Answer.model_validate(reply.data))
    except ValidationError:
        return None

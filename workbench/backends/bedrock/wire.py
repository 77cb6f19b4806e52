"""A question as a Converse call, and a Converse reply as an answer.

Media come first and words last. The answer's form travels as the input of a tool that the model is
made to call: Nova has no other way to be held to JSON.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.backends.catalog.models import Medium, ModelInfo, Tier
from workbench.backends.form import json_in_text, whole_letters
from workbench.backends.protocol import MediaPart, ModelRequest, gone
from workbench.backends.sending import Answered, repair_words
from workbench.backends.staging.folder import Staging
from workbench.backends.usage import Usage
from workbench.errors import AnswerCut, BadModelRequest, BadReply

INLINE_LIMIT_BYTES = 18_000_000
"""Most bytes of media in one call. The service takes bodies of 25 MB, and base64 makes 4 of 3."""

STAGED_LIMIT_BYTES = 1_000_000_000
"""Most bytes of a video that lies in S3 (Nova user guide, video understanding)."""

VIDEO_TYPES: Mapping[str, str] = {
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "wmv": "video/x-ms-wmv",
    "three_gp": "video/3gpp",
}
IMAGE_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
"""The service's word for a format → MIME type, by which it reads an object in S3."""

_OTHER_NAMES = {"jpg": "jpeg", "3gp": "three_gp", "m4v": "mp4", "matroska": "mkv"}

_CUT = "ask for less at once, or choose shorter chunks (chunk_s)"
_STOPPED: Mapping[str, tuple[str, str]] = {
    "max_tokens": ("is cut short at the limit of {max_tokens} tokens", _CUT),
    "model_context_window_exceeded": ("does not fit the model's window", _CUT),
    "malformed_model_output": ("is malformed", "run again, or choose another model"),
    "malformed_tool_use": ("is malformed", "run again, or choose another model"),
    "guardrail_intervened": ("was stopped by a guardrail", "ask the account's administrator"),
    "content_filtered": ("was stopped by the service's content filter", "choose another model"),
}


def converse_call(
    request: ModelRequest,
    model: ModelInfo,
    model_id: str,
    *,
    limit_bytes: int = INLINE_LIMIT_BYTES,
    staging: Staging | None = None,
) -> dict[str, Any]:
    """Write a question as the arguments of `converse`.

    Args:
        request: The question.
        model: The model, for its limits.
        model_id: The model or inference-profile id to call.
        limit_bytes: Most bytes of media inside the call.
        staging: Where media over that limit go; None where there is no such place.

    Raises:
        BadModelRequest: The service would refuse it.
        MediaMissing: A file is not there.
        BackendError: A file cannot be brought to S3.
    """
    _check(request, model)
    staged = _over_limit(request, limit_bytes, can_stage=staging is not None)
    content: list[dict[str, Any]] = []
    for index, part in enumerate(request.media):
        if len(request.media) > 1:
            content.append({"text": f"{part.kind.capitalize()} {index + 1}:"})
        name = format_name(part)
        source: dict[str, Any] = {}
        if staging is not None and index in staged:
            content_type = {**VIDEO_TYPES, **IMAGE_TYPES}[name]
            source["s3Location"] = {"uri": staging.put(part.path, content_type, folder="media")}
        else:
            source["bytes"] = part.read()
        content.append({part.kind: {"format": name, "source": source}})
    content.append({"text": request.prompt})
    return _call(request, model, model_id, content)


def repair_call(
    request: ModelRequest,
    model: ModelInfo,
    model_id: str,
    answered: Answered,
    problems: Sequence[str],
) -> dict[str, Any]:
    """Ask for the same answer in the agreed form.

    The media are not sent again: they would be paid again, and the answer to reform is there.
    """
    words = repair_words(request, answered, problems)
    return _call(request, model, model_id, [{"text": words}])


def read_reply(response: Mapping[str, Any], request: ModelRequest) -> Answered:
    """Read a Converse reply.

    Raises:
        AnswerCut: It is cut short: asked about less, it would fit.
        BadReply: It is stopped, malformed, or no Converse reply.
    """
    stop_reason = str(response.get("stopReason", ""))
    blocks = response.get("output", {}).get("message", {}).get("content", ())
    usage = read_usage(response, request.media)
    if stop_reason in _STOPPED:
        what, hint = _STOPPED[stop_reason]
        billed = f"{usage.input_tokens:,} tokens in and {usage.output_tokens:,} out are billed"
        raise (AnswerCut if hint == _CUT else BadReply)(
            f"the answer {what.format(max_tokens=request.max_output_tokens)}; {billed}",
            hint=hint,
            billed=usage,
        )
    text = "\n".join(block["text"] for block in blocks if "text" in block).strip()
    inputs = [block["toolUse"].get("input") for block in blocks if "toolUse" in block]
    answer = inputs[0] if inputs else json_in_text(text)
    if answer in (None, {}, "") and not text:
        raise BadReply(
            f"the answer is empty (stop reason {stop_reason or 'missing'})",
            hint="run again, or choose another model",
            billed=usage,
        )
    tier = read_tier(response, request.tier)
    return Answered(whole_letters(answer), whole_letters(text), stop_reason, usage, tier)


def read_tier(response: Mapping[str, Any], asked: Tier) -> Tier:
    """The service tier a Converse reply is billed at; as asked where it does not say."""
    told = response.get("serviceTier", {}).get("type", "")
    if told in {"flex", "priority"}:
        return "flex" if told == "flex" else "priority"
    return "standard" if told else asked


def read_usage(response: Mapping[str, Any], media: Sequence[MediaPart] = ()) -> Usage:
    """Read what a Converse reply says it is billed by, and count the media that were sent."""
    told = response.get("usage", {})
    return Usage(
        # Tokens written to a cache are billed as input, or less; we never ask for it.
        input_tokens=int(told.get("inputTokens", 0)) + int(told.get("cacheWriteInputTokens", 0)),
        output_tokens=int(told.get("outputTokens", 0)),
        cached_tokens=int(told.get("cacheReadInputTokens", 0)),
        images=sum(1 for part in media if part.kind == "image"),
        media_s=sum(part.span.duration_s for part in media if part.span),
    )


def format_name(part: MediaPart) -> str:
    """The service's own word for a file's format: `jpeg`, not `jpg`; `three_gp`, not `3gp`.

    Raises:
        BadModelRequest: The service does not read this format.
    """
    name = part.format.lower().lstrip(".")
    name = _OTHER_NAMES.get(name, name)
    known = VIDEO_TYPES if part.kind == "video" else IMAGE_TYPES
    if name not in known:
        raise BadModelRequest(
            f"{part.path.name}: Bedrock reads no {part.kind} of format {part.format!r}",
            hint=f"make a proxy of it; it reads {', '.join(sorted(known))}",
        )
    return name


def _call(
    request: ModelRequest, model: ModelInfo, model_id: str, content: list[dict[str, Any]]
) -> dict[str, Any]:
    call: dict[str, Any] = {
        "modelId": model_id,
        "messages": [{"role": "user", "content": content}],
        "inferenceConfig": {
            "maxTokens": min(request.max_output_tokens, model.max_output_tokens),
            "temperature": request.temperature,
        },
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": request.schema_name,
                        "description": "Hand in the answer.",
                        "inputSchema": {"json": dict(request.schema)},
                    }
                }
            ],
            "toolChoice": {"tool": {"name": request.schema_name}},
        },
    }
    if request.system:
        call["system"] = [{"text": request.system}]
    if request.tier in {"flex", "priority"}:
        call["serviceTier"] = {"type": request.tier}
    return call


def _check(request: ModelRequest, model: ModelInfo) -> None:
    media: set[Medium] = {part.kind for part in request.media}
    if not model.accepts_all(media):
        missing = " or ".join(sorted(media - model.accepts))
        raise BadModelRequest(f"{model.name} takes no {missing}", hint="choose another model")
    counts = Counter(part.kind for part in request.media)
    if counts["video"] > 1:
        raise BadModelRequest("a call takes one video", hint="send them one by one")
    if counts["image"] > model.max_images:
        raise BadModelRequest(
            f"{model.name} takes {model.max_images} pictures in a call, not {counts['image']}",
            hint="send fewer at a time",
        )


def _over_limit(request: ModelRequest, limit_bytes: int, *, can_stage: bool) -> frozenset[int]:
    """Places of the files that have to go through S3: the largest, until the rest fits."""
    sizes = {place: _size(part) for place, part in enumerate(request.media)}
    staged: set[int] = set()
    for place in sorted(sizes, key=sizes.__getitem__, reverse=True):
        inside = sum(size for other, size in sizes.items() if other not in staged)
        if inside <= limit_bytes:
            break
        if not can_stage:
            names = ", ".join(part.path.name for part in request.media)
            raise BadModelRequest(
                f"{names}: {inside / 1e6:.1f} MB; a call carries {limit_bytes / 1e6:.1f} MB",
                hint="choose shorter chunks (chunk_s), or set WORKBENCH_STAGING_URI to send it"
                " through S3",
            )
        if sizes[place] > STAGED_LIMIT_BYTES:
            raise BadModelRequest(
                f"{request.media[place].path.name}: {sizes[place] / 1e9:.2f} GB; through S3 a call"
                f" carries {STAGED_LIMIT_BYTES / 1e9:.0f} GB",
                hint="choose shorter chunks (chunk_s)",
            )
        staged.add(place)
    return frozenset(staged)


def _size(part: MediaPart) -> int:
    try:
        return part.path.stat().st_size
    except OSError as error:
        raise gone(part.path, error) from None

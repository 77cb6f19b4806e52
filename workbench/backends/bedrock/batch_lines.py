"""The lines of a batch: questions as Bedrock takes them from S3, and what it writes beside them.

A question has the form of a Converse call with every file as an address in S3. Whether a model can
be made to call a tool in a batch is not known, so the answer's form goes in words.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.backends.bedrock.wire import IMAGE_TYPES, VIDEO_TYPES, format_name, read_reply
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.form import fitted
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest
from workbench.errors import BadModelRequest, BadReply

CONTENT_TYPE = "application/jsonl"

_FORM = (
    "Answer with one JSON object and nothing else: no Markdown, no word before or after it. It has"
    " to fit this JSON schema:\n{schema}"
)


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """What Bedrock wrote about one record: an answer, or an error."""

    record_id: str
    output: Mapping[str, Any] | None
    """A Converse reply; None where there is an error."""
    error: str = ""
    """Bedrock's code."""
    message: str = ""


def content_type(part: MediaPart) -> str:
    """The MIME type a file is staged with; Bedrock reads a video by it.

    Raises:
        BadModelRequest: Bedrock does not read this format.
    """
    return {**VIDEO_TYPES, **IMAGE_TYPES}[format_name(part)]


def question_line(
    record_id: str, request: ModelRequest, model: ModelInfo, uris: Sequence[str]
) -> str:
    """One question as a line of the batch's file.

    Args:
        record_id: Its name in the batch.
        request: The question.
        model: The model, for its limits.
        uris: Where its media are in S3, in their order.

    Raises:
        BadModelRequest: The model would refuse it. Bedrock does not look before it begins.
    """
    _check(request, model)
    content: list[dict[str, Any]] = []
    for index, (part, uri) in enumerate(zip(request.media, uris, strict=True)):
        if len(request.media) > 1:
            content.append({"text": f"{part.kind.capitalize()} {index + 1}:"})
        source = {"s3Location": {"uri": uri}}
        content.append({part.kind: {"format": format_name(part), "source": source}})
    form = _FORM.format(schema=json.dumps(request.schema, ensure_ascii=False))
    content.append({"text": f"{request.prompt}\n\n{form}"})
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": content}],
        "inferenceConfig": {
            "maxTokens": min(request.max_output_tokens, model.max_output_tokens),
            "temperature": request.temperature,
        },
    }
    if request.system:
        body["system"] = [{"text": request.system}]
    return json.dumps({"recordId": record_id, "modelInput": body}, ensure_ascii=False)


def read_answers(data: bytes) -> Iterator[RecordAnswer]:
    """What the lines of one output file say; a line that is none of ours is left out.

    Example:
        >>> [a] = read_answers(b'{"recordId": "R1", "error": {"errorCode": 400, '
        ...                    b'"errorMessage": "too long"}}')
        >>> a.record_id, a.error, a.message
        ('R1', '400', 'too long')
    """
    # Not `splitlines`: it also splits at separators that JSON allows inside a text.
    for line in data.decode(errors="replace").split("\n"):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(told, dict) or not isinstance(told.get("recordId"), str):
            continue
        output, error = told.get("modelOutput"), told.get("error")
        if isinstance(output, dict) and output:
            yield RecordAnswer(told["recordId"], output)
            continue
        error = error if isinstance(error, dict) else {}
        code = str(error.get("errorCode") or "NoOutput")
        message = str(error.get("errorMessage") or "there is neither an answer nor an error")
        yield RecordAnswer(told["recordId"], None, code, message[:500])


def read_counts(data: bytes) -> tuple[int, int] | None:
    """Input and output tokens by a batch's manifest; None if it does not say.

    Example:
        >>> read_counts(b'{"inputTokenCount": 900, "outputTokenCount": 80}')
        (900, 80)
    """
    try:
        told = json.loads(data)
        return int(told["inputTokenCount"]), int(told["outputTokenCount"])
    except (ValueError, KeyError, TypeError):
        return None


def read_output(
    output: Mapping[str, Any], request: ModelRequest, model_id: str, seconds: float
) -> ModelReply:
    """Read the answer to a record.

    Args:
        output: What Bedrock wrote as `modelOutput`.
        request: The question; of it only the answer's form and its limit are read.
        model_id: The id the batch was made with.
        seconds: From submission to end of the batch.

    Raises:
        BadReply: It is cut short, stopped, or not in the agreed form; `billed` says what it cost,
            and is None where that cannot be read.
    """
    try:
        answered = read_reply(output, request)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # No client has looked at its form, as it does at that of a reply.
        raise BadReply(f"the answer is no Converse reply: {error}", hint=_AGAIN) from error
    if answered.answer is None:
        raise BadReply("the answer is not JSON", hint=_AGAIN, billed=answered.usage)
    answer, problems = fitted(answered.answer, request.schema)
    if problems:
        raise BadReply(
            f"the answer is not in the agreed form: {problems[0]}",
            hint=_AGAIN,
            billed=answered.usage,
        )
    return ModelReply(answer, answered.usage, model_id, answered.stop_reason, seconds)


_AGAIN = "try the failed ones again, or choose another model"


def _check(request: ModelRequest, model: ModelInfo) -> None:
    counts = Counter(part.kind for part in request.media)
    if not model.accepts_all(set(counts)):
        missing = " or ".join(sorted(set(counts) - model.accepts))
        raise BadModelRequest(f"{model.name} takes no {missing}", hint="choose another model")
    if counts["video"] > 1 or counts["image"] > model.max_images:
        raise BadModelRequest(
            f"{model.name} takes one video or {model.max_images} pictures at a time",
            hint="send fewer at a time",
        )

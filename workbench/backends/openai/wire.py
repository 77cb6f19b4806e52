"""A question as a chat completion, and a chat completion as an answer.

The answer's form travels as a tool that the model is made to call. Servers differ in what they take
of that, so there are other ways to ask for a form, down to words alone; `Way` says which is tried.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from workbench.backends.catalog.models import Medium, ModelInfo
from workbench.backends.catalog.pricing import text_tokens
from workbench.backends.form import json_in_text, whole_letters
from workbench.backends.protocol import MediaPart, ModelRequest
from workbench.backends.sending import Answered
from workbench.backends.usage import Usage
from workbench.errors import AnswerCut, BadModelRequest, BadReply

Form = Literal["tool", "any tool", "schema", "words"]
"""How a form is asked for, the firmest first: by a named tool, by a tool where there is only one,
by `response_format`, and by words."""

IMAGE_LIMIT_BYTES = 18_000_000
"""Most bytes of pictures in one call (our choice; OpenAI takes 50 MB, others what they are set to)."""

IMAGE_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}
"""Formats that are sent, as OpenAI names them (images and vision guide; read 2026-11)."""

_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
"""Some local models think aloud before they answer; what they think may hold braces."""

_TOOLS = re.compile(r"tool|function", re.IGNORECASE)
_CHOICE = re.compile(r"tool_choice|tool choice", re.IGNORECASE)
_SCHEMA = re.compile(r"response_format|schema|grammar|structured|guided", re.IGNORECASE)
_WINDOW = re.compile(r"context[ _](length|size|window)|maximum context|too long", re.IGNORECASE)

_LESS = "ask for less at once, or raise max_output_tokens of the model in WORKBENCH_CATALOG_FILE"


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is asked, as far as it is known what it takes."""

    form: Form = "tool"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """OpenAI's models that think take the second only, most other servers the first only."""
    has_temperature: bool = True

    def after(self, refusal: str) -> "Way | None":
        """What to try when a server has refused a request.

        Args:
            refusal: The name of what it does not take, if it told one, and its words.

        Returns:
            Another way; None where the refusal is about something else.

        Example:
            >>> Way().after("llama2 does not support tools").form
            'schema'
            >>> Way().after("the model is not there") is None
            True
        """
        if _WINDOW.search(refusal):
            return None
        if self.limit == "max_tokens" and "max_completion_tokens" in refusal:
            return replace(self, limit="max_completion_tokens")
        if self.has_temperature and "temperature" in refusal:
            return replace(self, has_temperature=False)
        form = self._form_after(refusal)
        return replace(self, form=form) if form else None

    def _form_after(self, refusal: str) -> Form | None:
        if self.form == "tool" and _CHOICE.search(refusal):
            return "any tool"
        if self.form in {"tool", "any tool"} and _TOOLS.search(refusal):
            return "schema"
        return "words" if self.form == "schema" and _SCHEMA.search(refusal) else None


def chat_call(
    request: ModelRequest, model: ModelInfo, model_id: str, way: Way, words: str = ""
) -> dict[str, Any]:
    """Write a question as the body of `POST /chat/completions`.

    Args:
        request: The question.
        model: The model, for its limits.
        model_id: What the server calls it.
        way: How the answer's form is asked for.
        words: What is asked instead of the request's own prompt, without its media.

    Raises:
        BadModelRequest: The model or this way of asking does not take it.
        MediaMissing: A file is not there.
    """
    _check(request, model)
    schema = dict(request.schema)
    prompt = words or request.prompt
    if way.form in {"schema", "words"}:
        # A server may hold the model to a schema that it does not show it.
        shown = json.dumps(schema, ensure_ascii=False)
        prompt = f"{prompt}\n\nAnswer in JSON only, by this JSON schema:\n{shown}"
    content: Any = prompt
    if request.media and not words:
        content = [*_pictures(request.media), {"type": "text", "text": prompt}]
    call: dict[str, Any] = {
        "model": model_id,
        "messages": [
            *([{"role": "system", "content": request.system}] if request.system else ()),
            {"role": "user", "content": content},
        ],
        way.limit: min(request.max_output_tokens, model.max_output_tokens),
    }
    if way.has_temperature:
        call["temperature"] = request.temperature
    if way.form in {"tool", "any tool"}:
        tool = {
            "name": request.schema_name,
            "description": "Hand in the answer.",
            "parameters": schema,
        }
        named = {"type": "function", "function": {"name": request.schema_name}}
        call["tools"] = [{"type": "function", "function": tool}]
        call["tool_choice"] = named if way.form == "tool" else "required"
    elif way.form == "schema":
        form = {"name": request.schema_name, "schema": schema}
        call["response_format"] = {"type": "json_schema", "json_schema": form}
    return call


def read_reply(response: Mapping[str, Any], request: ModelRequest) -> Answered:
    """Read a chat completion.

    Raises:
        AnswerCut: It is cut short: asked about less, it would fit.
        BadReply: It was stopped or refused, or is empty.
    """
    choice = first_choice(response) or {}
    message = choice["message"]
    usage = read_usage(response, request)
    stop_reason = str(choice.get("finish_reason") or "")
    billed = f"{usage.input_tokens:,} tokens in and {usage.output_tokens:,} out are counted"
    if stop_reason == "length":
        raise AnswerCut(
            f"the answer is cut short at {usage.output_tokens:,} tokens; {billed}",
            hint=_LESS,
            billed=usage,
        )
    if stop_reason == "content_filter":
        raise BadReply(
            f"the answer was stopped by the service's content filter; {billed}",
            hint="choose another model",
            billed=usage,
        )
    text = _THOUGHTS.sub("", _text(message)).strip()
    inputs = list(_tool_inputs(message))
    answer = inputs[0] if inputs else json_in_text(text)
    if answer in (None, {}, "") and not text:
        refusal = message.get("refusal")
        said = f"the model refused to answer: {str(refusal)[:300]}" if refusal else ""
        raise BadReply(
            said or f"the answer is empty (finish reason {stop_reason or 'missing'})",
            hint="run again, or choose another model",
            billed=usage,
        )
    return Answered(whole_letters(answer), whole_letters(text), stop_reason, usage, request.tier)


def has_called(response: Mapping[str, Any]) -> bool:
    """Has the model called a tool?"""
    choice = first_choice(response)
    return choice is not None and any(True for _ in _tool_inputs(choice["message"]))


def first_choice(response: Any) -> dict[str, Any] | None:
    """The first choice of a chat completion, with its message; None if it has none."""
    choices = response.get("choices") if isinstance(response, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    is_one = isinstance(choice, dict) and isinstance(choice.get("message"), dict)
    return choice if is_one else None


def read_usage(response: Mapping[str, Any], request: ModelRequest | None = None) -> Usage:
    """Read what a chat completion says it has used; counted by us where a server does not say.

    Args:
        response: The chat completion.
        request: What was asked, for media and where nothing is said of its length.
    """
    told = response.get("usage")
    told = told if isinstance(told, Mapping) else {}
    details = told.get("prompt_tokens_details")
    taken, given = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    if not taken and request is not None:
        words = [request.system, request.prompt, json.dumps(dict(request.schema))]
        taken = sum(text_tokens(each) for each in words)
    if not given:
        message = (first_choice(response) or {"message": {}})["message"]
        given = text_tokens(json.dumps([message.get("content"), message.get("tool_calls")]))
    # Tokens from the server's cache are among its prompt tokens.
    return Usage(
        input_tokens=max(0, taken - cached),
        output_tokens=given,
        cached_tokens=min(cached, taken),
        images=len(request.media) if request else 0,
    )


def _count(value: Any) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return int(value) if is_count else 0


def _text(message: Mapping[str, Any]) -> str:
    """What was said; some servers give it in parts."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _tool_inputs(message: Mapping[str, Any]) -> Iterator[Any]:
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping):
            continue
        given = function.get("arguments")
        found = json_in_text(given) if isinstance(given, str) else given
        # What is no JSON is kept as it came, to be shown to the model.
        yield given if found is None else found


def _check(request: ModelRequest, model: ModelInfo) -> None:
    media: set[Medium] = {part.kind for part in request.media}
    if missing := media - (model.accepts & {"image"}):
        raise BadModelRequest(
            f"{model.name} takes no {' or '.join(sorted(missing))} here",
            hint="choose another model",
        )
    if len(request.media) > model.max_images:
        raise BadModelRequest(
            f"{model.name} takes {model.max_images} pictures in a call, not {len(request.media)}",
            hint="send fewer at a time, or set max_images of the model in WORKBENCH_CATALOG_FILE",
        )
    if request.tier != "standard":
        raise BadModelRequest(
            f"{model.name} has no tier {request.tier!r}", hint="choose the tier standard"
        )


def _pictures(media: tuple[MediaPart, ...]) -> Iterator[dict[str, Any]]:
    left_bytes = IMAGE_LIMIT_BYTES
    for number, part in enumerate(media, 1):
        name = part.format.lower().lstrip(".")
        if name not in IMAGE_TYPES:
            raise BadModelRequest(
                f"{part.path.name}: pictures of format {part.format!r} are not sent",
                hint="make a proxy of it: JPEG, PNG, GIF and WebP are sent",
            )
        raw = part.read()
        left_bytes -= len(raw)
        if left_bytes < 0:
            raise BadModelRequest(
                f"{part.path.name}: a call carries {IMAGE_LIMIT_BYTES / 1e6:.0f} MB of pictures",
                hint="send fewer at a time, or make proxies of them",
            )
        if len(media) > 1:
            yield {"type": "text", "text": f"Image {number}:"}
        url = f"data:{IMAGE_TYPES[name]};base64,{base64.b64encode(raw).decode()}"
        yield {"type": "image_url", "image_url": {"url": url}}

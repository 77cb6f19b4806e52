"""An OpenAI-compatible server on loopback: checks every request, answers plausibly, fails on command.

What servers differ in is set by `refuses` and `ignores_tools`: OpenAI takes all, Ollama takes a
forced call and does not force it, LM Studio takes no named tool, many take no tools at all.

    with OpenAIServer() as server:
        server.script(throttled(retry_after="3"))
        ...                                  # point WORKBENCH_OPENAI_BASE_URL at server.base_url
        assert server.answered == 1
"""

import base64
import binascii
import io
import json
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.bedrock_rules import HOSTED, LETTERS_PER_TOKEN, Received, ReceivedMedia
from tests.support.loopback import LoopbackHandler, LoopbackServer
from tests.support.nova_answers import answer_to

MODELS = ("qwen3:8b", "gpt-x")
PATH = "/v1"

FIELDS = frozenset(
    {"model", "messages", "max_tokens", "max_completion_tokens", "temperature", "tools"}
    | {"tool_choice", "response_format", "stream"}
)


class Refused(Exception):
    """A request that the server does not take."""

    def __init__(self, message: str, param: str = "", status: int = 400, code: str = "") -> None:
        super().__init__(message)
        self.param, self.status, self.code = param, status, code


@dataclass(frozen=True)
class Step:
    """What to do with one request instead of answering it."""

    name: str
    status: int = 200
    payload: Any = None
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


def fails(status: int, message: str = "on command", code: str = "", **headers: str) -> Step:
    """Fail as OpenAI words it; headers by their names with `_` for `-`."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    error = {"message": message, "type": code or "error", "param": None, "code": code or None}
    return Step("fails", status, {"error": error}, headers=told)


def throttled(retry_after: str = "") -> Step:
    """Too many requests."""
    return fails(429, "Rate limit reached", "rate_limit_exceeded", retry_after=retry_after or "0")


def replies(body: Any, status: int = 200) -> Step:
    """Reply with this JSON, whatever was asked."""
    return Step("replies", status, body)


def hang(seconds: float = 3600) -> Step:
    """Take the request and say nothing for so long; then answer."""
    return Step("hang", seconds=seconds)


def drips() -> Step:
    """Begin a reply, and send one byte of it now and then without an end."""
    return Step("drips")


def cut() -> Step:
    """Close the connection without a word."""
    return Step("cut")


def cut_in_reply() -> Step:
    """Close the connection in the middle of the reply."""
    return Step("cut_in_reply")


def garbled(status: int = 200) -> Step:
    """Send something that is not JSON, as a proxy in between might."""
    return Step("garbled", status)


def answers(value: Any) -> Step:
    """Give this in the form that was asked for, whatever its schema says."""
    return Step("answers", payload=value)


def says(text: str | None, finish_reason: str = "stop", **message: Any) -> Step:
    """Answer in words, without calling a tool."""
    return Step("says", payload=(text, finish_reason, message))


def without_usage() -> Step:
    """Answer, and do not say what was used."""
    return Step("without_usage")


@dataclass(frozen=True)
class Call:
    """One request in the log."""

    outcome: str
    """`answered`, `refused`, or the name of the step that was played."""
    body: dict[str, Any]
    reason: str = ""
    authorization: str = ""
    form: str = ""
    """How the answer's form was asked for: `tool`, `any tool`, `schema` or `words`."""
    prompt: str = ""
    media: tuple[ReceivedMedia, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0


class OpenAIServer(LoopbackServer):
    """The server: started by `with`, or by `start`."""

    def __init__(self, *, answer: Callable[[Received], dict[str, Any]] = answer_to) -> None:
        super().__init__(_Handler)
        self.answer = answer
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget the log and the script, and be as OpenAI is."""
        self.key = ""
        """The key it wants; empty: none."""
        self.refuses: frozenset[str] = frozenset()
        """Of `named_tool`, `tools`, `response_format`, `max_tokens` and `temperature`."""
        self.ignores_tools = False
        """Takes tools and answers in words: in prose, unless held to a schema."""
        self.looks = 0
        """How often it was asked for its models."""
        self._calls: list[Call] = []
        self._steps: deque[Step] = deque()
        self._always: Step | None = None

    @property
    def base_url(self) -> str:
        """Its address up to `/chat/completions`."""
        return self.url + PATH

    def script(self, *steps: Step) -> None:
        """Play these steps for the next requests that keep the rules, one each."""
        with self._lock:
            self._steps.extend(steps)

    def always(self, step: Step) -> None:
        """Play this step whenever the script is empty."""
        self._always = step

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every question that came in."""
        with self._lock:
            return tuple(self._calls)

    @property
    def received(self) -> int:
        """How many came in."""
        return len(self.calls)

    @property
    def answered(self) -> int:
        """How many were answered, and so would be billed."""
        return sum(1 for call in self.calls if call.output_tokens)

    def next_step(self) -> Step | None:
        """What to do with a request instead of answering it."""
        with self._lock:
            return self._steps.popleft() if self._steps else self._always

    def note(self, call: Call) -> None:
        """Write a request into the log."""
        with self._lock:
            self._calls.append(call)

    def checked(self, body: dict[str, Any]) -> tuple[str, Received]:
        """Check a request; how it asks for a form, and what it asks.

        Raises:
            Refused: It breaks a rule, or holds what this server does not take.
        """
        if extra := set(body) - FIELDS:
            raise Refused(f"Unrecognized request argument supplied: {min(extra)}")
        if body.get("model") not in MODELS:
            told = f"The model `{body.get('model')}` does not exist"
            raise Refused(told, "model", 404, "model_not_found")
        if "max_tokens" in self.refuses and "max_tokens" in body:
            told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
            raise Refused(f"{told} 'max_completion_tokens' instead.", "max_tokens")
        if "temperature" in self.refuses and "temperature" in body:
            told = "Unsupported value: only the default (1) value is supported."
            raise Refused(told, "temperature")
        limits = [body[name] for name in ("max_tokens", "max_completion_tokens") if name in body]
        if len(limits) != 1 or not isinstance(limits[0], int) or limits[0] < 1:
            raise Refused("max_tokens has to be a whole number of at least 1", "max_tokens")
        if not 0 <= body.get("temperature", 1) <= 2:
            raise Refused("temperature has to be from 0 to 2", "temperature")
        if body.get("stream"):
            raise Refused("streams are not served here", "stream")
        system, texts, media = _turns(body.get("messages"))
        form, name, schema = self._form(body)
        if form == "words":
            name, schema = "", _shown_schema(texts[-1])
        return form, Received(
            body["model"], HOSTED["amazon.nova-lite-v1:0"], media, texts, system, limits[0],
            body.get("temperature", 1), name, schema,
        )  # fmt: skip

    def _form(self, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        if "tools" in body:
            if "tools" in self.refuses:
                raise Refused(f"library/{body['model']} does not support tools")
            schemas = dict(map(_tool, body["tools"]))
            choice = body.get("tool_choice")
            if choice == "required" and len(schemas) == 1:
                return ("any tool", *next(iter(schemas.items())))
            if "named_tool" in self.refuses:
                told = "Invalid tool_choice type: 'object'. Supported string values: none, auto"
                raise Refused(told)
            name = choice["function"]["name"] if isinstance(choice, dict) else ""
            if name not in schemas or choice["type"] != "function":
                raise Refused(f"tool_choice names {name!r}, which is no tool", "tool_choice")
            return "tool", name, schemas[name]
        if "tool_choice" in body:
            raise Refused("tool_choice is only allowed when tools are specified", "tool_choice")
        if "response_format" in body:
            if "response_format" in self.refuses:
                raise Refused("This response_format type is unavailable now", "response_format")
            given = body["response_format"]
            form = given.get("json_schema") or {}
            if given.get("type") != "json_schema" or "schema" not in form:
                raise Refused("response_format needs a json_schema", "response_format")
            return "schema", _name(form.get("name")), form["schema"]
        return "words", "", {}


class _Handler(LoopbackHandler[OpenAIServer]):
    def get(self) -> None:
        self.owner.looks += 1
        if not self._has_key():
            return
        if self.path != f"{PATH}/models":
            self.send_data(404, b"404 page not found", {"Content-Type": "text/plain"})
            return
        rows = [{"id": name, "object": "model", "owned_by": "test"} for name in MODELS]
        self.send_json(200, {"object": "list", "data": rows})

    def post(self) -> None:
        owner, raw = self.owner, self.body()
        if self.path != f"{PATH}/chat/completions":
            self.send_data(404, b"404 page not found", {"Content-Type": "text/plain"})
            return
        authorization = self.headers.get("Authorization", "")
        call = Call("", {}, authorization=authorization)
        if not self._has_key():
            owner.note(replace(call, outcome="refused", reason="key"))
            return
        try:
            call = replace(call, body=_json(raw, self.headers.get("Content-Type")))
            form, received = owner.checked(call.body)
        except Refused as refused:
            owner.note(replace(call, outcome="refused", reason=str(refused)))
            told = {"message": str(refused), "param": refused.param or None, "code": refused.code}
            self.send_json(refused.status, {"error": told})
            return
        call = replace(call, form=form, prompt=received.prompt, media=received.media)
        step = owner.next_step()
        if step is None:
            self._answer(owner, call, received, owner.answer(received))
        else:
            self._play(owner, step, replace(call, outcome=step.name), received)

    def _has_key(self) -> bool:
        key = self.owner.key
        if not key or self.headers.get("Authorization") == f"Bearer {key}":
            return True
        told = f"Incorrect API key provided: {self.headers.get('Authorization', 'none')}"
        self.send_json(401, {"error": {"message": told, "code": "invalid_api_key"}})
        return False

    def _play(self, owner: OpenAIServer, step: Step, call: Call, received: Received) -> None:
        if step.name == "answers":
            self._answer(owner, call, received, step.payload)
        elif step.name == "says":
            text, finish_reason, message = step.payload
            self._send(owner, call, received, {"content": text, **message}, finish_reason)
        elif step.name == "without_usage":
            message = {"content": json.dumps(owner.answer(received))}
            self._send(owner, call, received, message, "stop", has_usage=False)
        else:
            owner.note(call)
            self._break(owner, step)

    def _break(self, owner: OpenAIServer, step: Step) -> None:
        if step.name in {"fails", "replies"}:
            self.send_json(step.status, step.payload, step.headers)
        elif step.name == "garbled":
            self.send_data(step.status, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})
        elif step.name == "hang":
            owner.waits(step.seconds)
            self.drop()
        elif step.name == "drips":
            self.send_data(200, b"{", {"Content-Length": "1000000"})
            for _ in range(200):
                owner.waits(0.05)
                self.wfile.write(b" ")
        else:
            if step.name == "cut_in_reply":
                self.send_data(200, b'{"choices": [', {"Content-Length": "100000"})
            self.drop()

    def _answer(self, owner: OpenAIServer, call: Call, received: Received, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        if owner.ignores_tools and call.form in {"tool", "any tool"}:
            self._send(owner, call, received, {"content": "Of course. Here is what I see."}, "stop")
        elif call.form in {"tool", "any tool"}:
            function = {"name": received.tool, "arguments": text}
            tool_calls = [{"id": "call_1", "type": "function", "function": function}]
            # A named call ends with `stop`, one of any tool with `tool_calls`.
            reason = "stop" if call.form == "tool" else "tool_calls"
            self._send(owner, call, received, {"content": None, "tool_calls": tool_calls}, reason)
        else:
            self._send(owner, call, received, {"content": text}, "stop")

    def _send(
        self,
        owner: OpenAIServer,
        call: Call,
        received: Received,
        message: dict[str, Any],
        finish_reason: str,
        *,
        has_usage: bool = True,
    ) -> None:
        taken, given = received.input_tokens, len(json.dumps(message)) // LETTERS_PER_TOKEN
        owner.note(
            replace(
                call, outcome=call.outcome or "answered", input_tokens=taken, output_tokens=given
            )
        )
        usage = {"prompt_tokens": taken, "completion_tokens": given, "total_tokens": taken + given}
        choice = {"index": 0, "message": {"role": "assistant", **message}}
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": received.model_id,
            "choices": [{**choice, "finish_reason": finish_reason}],
            **({"usage": usage} if has_usage else {}),
        }
        self.send_json(200, body)


def _json(raw: bytes, content_type: str | None) -> Any:
    if content_type != "application/json":
        raise Refused("Content-Type has to be application/json", status=415)
    return json.loads(raw)


def _turns(messages: Any) -> tuple[str, tuple[str, ...], tuple[ReceivedMedia, ...]]:
    if not isinstance(messages, list) or not messages or messages[-1].get("role") != "user":
        raise Refused("messages has to end with one of the user", "messages")
    system, texts, media = "", [], []
    for message in messages:
        content = message.get("content")
        if message["role"] == "system":
            system = content
        elif message["role"] != "user":
            raise Refused(f"unknown role {message['role']!r}", "messages")
        elif isinstance(content, str) and content.strip():
            texts.append(content)
        elif isinstance(content, list) and content:
            for part in content:
                if part["type"] == "text":
                    texts.append(part["text"])
                else:
                    media.append(_picture(part["image_url"]["url"]))
        else:
            raise Refused("content must not be empty", "messages")
    return system, tuple(texts), tuple(media)


def _picture(url: str) -> ReceivedMedia:
    from PIL import Image

    found = re.fullmatch(r"data:image/(\w+);base64,(.+)", url)
    try:
        raw = base64.b64decode(found[2], validate=True) if found else b""
        with Image.open(io.BytesIO(raw)) as image:
            width, height, name = image.width, image.height, (image.format or "").lower()
    except (OSError, binascii.Error):
        raise Refused("Invalid image", "messages") from None
    if found is None or name != found[1]:
        raise Refused(f"The image is {name}", "messages")
    return ReceivedMedia("image", name, len(raw), width, height)


def _tool(tool: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    function = tool.get("function") or {}
    schema = function.get("parameters")
    if tool.get("type") != "function" or not isinstance(schema, dict):
        raise Refused("a tool has to be a function with parameters", "tools")
    if schema.get("type") != "object":
        raise Refused("the parameters of a function have to be an object", "tools")
    return _name(function.get("name")), schema


def _name(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        raise Refused(f"{name!r} is no name")
    return name


def _shown_schema(prompt: str) -> dict[str, Any]:
    """The schema that a prompt shows at its end; empty if it shows none."""
    try:
        schema = json.loads(prompt.rpartition("\n")[2])
    except ValueError:
        return {}
    return schema if isinstance(schema, dict) else {}

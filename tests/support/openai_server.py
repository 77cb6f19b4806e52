"""An OpenAI-compatible server on loopback: checks every request, answers plausibly, fails on command.

What servers differ in is set by `refuses` and `ignores_tools`: OpenAI takes all, Ollama takes a
forced call and does not force it, LM Studio takes no named tool, many take no tools at all.

    with OpenAIServer() as server:
        server.script(throttled(retry_after="3"))
        ...                                  # point WORKBENCH_OPENAI_BASE_URL at server.base_url
        assert server.answered == 1
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.support.bedrock_rules import LETTERS_PER_TOKEN, Received, ReceivedMedia
from tests.support.loopback import LoopbackHandler
from tests.support.nova_answers import answer_to
from tests.support.openai_rules import MODELS, Refused, checked
from tests.support.steps import Step, SteppedServer

PATH = "/v1"


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


class OpenAIServer(SteppedServer[Call]):
    """The server: started by `with`, or by `start`."""

    def __init__(self, *, answer: Callable[[Received], dict[str, Any]] = answer_to) -> None:
        super().__init__(_Handler)
        self.answer = answer
        self.reset()

    def reset(self) -> None:
        """Forget the log and the script, and be as OpenAI is."""
        self.forget()
        self.key = ""
        """The key it wants; empty: none."""
        self.refuses: frozenset[str] = frozenset()
        """Of `named_tool`, `tools`, `response_format`, `max_tokens` and `temperature`."""
        self.ignores_tools = False
        """Takes tools and answers in words: in prose, unless held to a schema."""
        self.looks = 0
        """How often it was asked for its models."""

    @property
    def base_url(self) -> str:
        """Its address up to `/chat/completions`."""
        return self.url + PATH


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
            form, received = checked(call.body, owner.refuses)
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

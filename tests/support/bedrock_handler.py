"""What the loopback Bedrock says to one request: the checks, the answer, and its faults on command."""

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.support.bedrock_rules import (
    BODY_LIMIT_BYTES,
    LETTERS_PER_TOKEN,
    Received,
    ReceivedMedia,
    Refusal,
    checked,
)
from tests.support.bedrock_steps import STATUSES, cut_in_stream
from tests.support.event_stream import CONTENT_TYPE, converse_events, exception
from tests.support.loopback import LoopbackHandler
from tests.support.service_model import faults_of
from tests.support.steps import Step

if TYPE_CHECKING:
    from tests.support.bedrock_server import BedrockServer

OPERATIONS = {"converse": "Converse", "converse-stream": "ConverseStream"}
IN_STREAM = frozenset(
    {"error_in_stream", "cut_in_stream", "ends_early", "hang_in_stream", "garbled_in_stream"}
)


@dataclass(frozen=True)
class Call:
    """One request in the log."""

    number: int
    at_s: float
    """Seconds since the server started."""
    model_id: str
    outcome: str
    """`answered`, `refused`, or the name of the step that was played."""
    status: int
    body_bytes: int
    reason: str = ""
    prompt: str = ""
    system: str = ""
    texts: tuple[str, ...] = ()
    media: tuple[ReceivedMedia, ...] = ()
    tool: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    max_tokens: int = 0
    temperature: float = 0.0
    tier: str = "default"
    """Service tier it was asked at."""
    is_stream: bool = False
    input_tokens: int = 0
    output_tokens: int = 0


class Handler(LoopbackHandler["BedrockServer"]):
    """Answers one request."""

    def post(self) -> None:
        owner = self.owner
        owner.enter()
        try:
            self._serve(owner)
        finally:
            owner.leave()

    def _serve(self, owner: "BedrockServer") -> None:
        raw = self.body()
        model_id = unquote(self.path.split("/")[2]) if "/model/" in self.path else ""
        call = Call(0, 0.0, model_id, "", 0, len(raw))
        try:
            received = self._checked(call.model_id, raw)
        except Refusal as refusal:
            owner.note(replace(call, outcome="refused", status=refusal.status, reason=str(refusal)))
            self.send_json(
                refusal.status, {"message": str(refusal)}, {"x-amzn-errortype": refusal.kind}
            )
            return
        call = replace(
            call, prompt=received.prompt, system=received.system, texts=received.texts,
            media=received.media, tool=received.tool, schema=received.schema,
            max_tokens=received.max_tokens, temperature=received.temperature,
            tier=received.tier, is_stream=self._is_stream,
        )  # fmt: skip
        owner.waits(owner.delay_s)
        step = owner.next_step()
        if step is None:
            self._reply(owner, call, received, _tool_use(received, owner.answer(received)))
        else:
            self._play(owner, step, call, received)

    @property
    def _is_stream(self) -> bool:
        return self.path.endswith("-stream")

    def _checked(self, model_id: str, raw: bytes) -> Received:
        operation = OPERATIONS.get(self.path.rpartition("/")[2])
        if operation is None:
            raise Refusal("Unknown operation.", "UnknownOperationException", 404)
        if not self.is_signed("Bearer "):
            raise Refusal(
                "Missing Authentication Token", "MissingAuthenticationTokenException", 403
            )
        if len(raw) > BODY_LIMIT_BYTES:
            raise Refusal("Member must have length less than or equal to 25000000.")
        try:
            body = json.loads(raw)
        except ValueError:
            raise Refusal("Not JSON.", "SerializationException") from None
        if faults := faults_of("bedrock-runtime", operation, {**body, "modelId": model_id}):
            raise Refusal("; ".join(faults))
        return checked(model_id, body, self.owner.read_s3)

    def _play(self, owner: "BedrockServer", step: Step, call: Call, received: Received) -> None:
        call = replace(call, outcome=step.name, status=step.status)
        if step.name in STATUSES or (step.status >= 400 and step.name != "garbled"):
            owner.note(call)
            headers = {"x-amzn-errortype": step.name, **step.headers}
            self.send_json(step.status, step.payload, headers)
        elif step.name == "hang":
            owner.note(call)
            owner.waits(step.seconds)
            body = _body(received, _tool_use(received, owner.answer(received)), "tool_use")
            self._send_body(owner, body)
        elif step.name in {"cut", "cut_in_reply"}:
            owner.note(call)
            if step.name == "cut_in_reply" and self._is_stream:
                body = _body(received, _tool_use(received, owner.answer(received)), "tool_use")
                self._send_stream(owner, body, cut_in_stream())
                return
            if step.name == "cut_in_reply":
                self.send_json(200, {"output": {}}, {"Content-Length": "100000"})
            self.drop()
        elif step.name == "garbled":
            owner.note(call)
            self.send_data(step.status, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})
        else:
            self._odd_reply(owner, step, call, received)

    def _odd_reply(
        self, owner: "BedrockServer", step: Step, call: Call, received: Received
    ) -> None:
        answer = _tool_use(received, owner.answer(received))
        if step.name in IN_STREAM:
            owner.note(call)
            self._send_stream(owner, _body(received, answer, "tool_use"), step)
        elif step.name == "billed_at":
            self._reply(owner, call, replace(received, tier=step.payload), answer)
        elif step.name == "stopped":
            self._reply(owner, call, received, [{"text": '{"summary": "It beg'}], step.payload)
        elif step.name == "tool_input":
            self._reply(owner, call, received, _tool_use(received, step.payload))
        elif step.name == "says":
            self._reply(owner, call, received, [{"text": step.payload}], "end_turn")
        else:
            self._reply(owner, call, received, [], "end_turn")

    def _reply(
        self,
        owner: "BedrockServer",
        call: Call,
        received: Received,
        content: list[dict[str, Any]],
        stop_reason: str = "tool_use",
    ) -> None:
        body = _body(received, content, stop_reason)
        owner.note(
            replace(
                call,
                outcome=call.outcome or "answered",
                status=200,
                input_tokens=body["usage"]["inputTokens"],
                output_tokens=body["usage"]["outputTokens"],
            )
        )
        self._send_body(owner, body)

    def _send_body(self, owner: "BedrockServer", body: dict[str, Any]) -> None:
        if self._is_stream:
            self._send_stream(owner, body)
        else:
            self.send_json(200, body)

    def _send_stream(
        self, owner: "BedrockServer", body: dict[str, Any], step: Step | None = None
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = converse_events(body)
        end = step.after % len(events) if step else len(events)
        for framed in events[:end]:
            self._send_chunk(framed)
        if step and step.name == "cut_in_stream":
            self.drop()
            return
        if step and step.name == "error_in_stream":
            self._send_chunk(exception(*step.payload))
        elif step and step.name == "garbled_in_stream":
            self._send_chunk(events[end][:-1] + bytes([events[end][-1] ^ 1]))
        elif step and step.name == "hang_in_stream":
            owner.waits(step.seconds)
            for framed in events[end:]:
                self._send_chunk(framed)
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


def _tool_use(received: Received, value: Any) -> list[dict[str, Any]]:
    if not received.tool:
        return [{"text": json.dumps(value)}]
    return [{"toolUse": {"toolUseId": "tooluse_1", "name": received.tool, "input": value}}]


def _body(received: Received, content: list[dict[str, Any]], stop_reason: str) -> dict[str, Any]:
    given = max(1, len(json.dumps(content)) // LETTERS_PER_TOKEN)
    taken = received.input_tokens
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason,
        "usage": {"inputTokens": taken, "outputTokens": given, "totalTokens": taken + given},
        "metrics": {"latencyMs": 5},
        "serviceTier": {"type": received.tier},
    }

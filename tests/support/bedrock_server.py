"""A Bedrock on loopback that speaks the real wire protocol, for tests and trials.

It checks every request the way the service would, answers analyse requests plausibly, keeps a log
of what came in, and fails on command.

    with BedrockServer() as server:
        server.script(error("ThrottlingException"), error("ThrottlingException"))
        ...                                  # point WORKBENCH_BEDROCK_ENDPOINT_URL at server.url
        assert server.answered == 1

By itself: `python tests/support/bedrock_server.py --port 8600 --delay-s 2 --log calls.jsonl`.
"""

import argparse
import json
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from tests.support.bedrock_rules import (
    BODY_LIMIT_BYTES,
    LETTERS_PER_TOKEN,
    Received,
    ReceivedMedia,
    Refusal,
    checked,
)
from tests.support.bedrock_steps import (
    STATUSES,
    Step,
    cut,
    cut_in_reply,
    empty,
    error,
    garbled,
    hang,
    says,
    stopped,
    tool_input,
)
from tests.support.nova_answers import answer_to

__all__ = [
    "STATUSES",
    "BedrockServer",
    "Call",
    "Step",
    "credentials_for_tests",
    "cut",
    "cut_in_reply",
    "empty",
    "error",
    "garbled",
    "hang",
    "says",
    "stopped",
    "tool_input",
]


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
    input_tokens: int = 0
    output_tokens: int = 0


class BedrockServer:
    """The server: started by `with`, or by `start`."""

    def __init__(
        self,
        *,
        port: int = 0,
        delay_s: float = 0.0,
        log: Path | None = None,
        answer: Callable[[Received], dict[str, Any]] = answer_to,
    ) -> None:
        self.delay_s = delay_s
        """Seconds every answer takes."""
        self.answer = answer
        self.most_at_once = 0
        """Most requests that were under way at the same moment."""
        self._log = log
        self._steps: deque[Step] = deque()
        self._always: Step | None = None
        self._calls: list[Call] = []
        self._under_way = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Its address, for `endpoint_url`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> "BedrockServer":
        """Begin to listen."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Let go of everybody and end."""
        self._stop.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def __enter__(self) -> "BedrockServer":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def script(self, *steps: Step) -> None:
        """Play these steps for the next requests that keep the rules, one each."""
        with self._lock:
            self._steps.extend(steps)

    def always(self, step: Step | None) -> None:
        """Play this step whenever the script is empty; None to answer again."""
        with self._lock:
            self._always = step

    def reset(self) -> None:
        """Forget the log, the script and the delay."""
        with self._lock:
            self.delay_s = 0.0
            self._calls.clear()
            self._steps.clear()
            self._always = None
            self.most_at_once = 0

    @property
    def calls(self) -> tuple[Call, ...]:
        """Everything that came in, in order of arrival's end."""
        with self._lock:
            return tuple(self._calls)

    @property
    def received(self) -> int:
        """How many requests came in."""
        return len(self.calls)

    @property
    def answered(self) -> int:
        """How many were answered, and so would be billed."""
        return sum(1 for call in self.calls if call.output_tokens)

    @property
    def under_way(self) -> int:
        """How many requests are being answered at this moment."""
        with self._lock:
            return self._under_way

    @property
    def refused(self) -> tuple[Call, ...]:
        """Those that broke a rule."""
        return tuple(call for call in self.calls if call.outcome == "refused")

    def _next_step(self) -> Step | None:
        with self._lock:
            return self._steps.popleft() if self._steps else self._always

    def _enter(self) -> None:
        with self._lock:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)

    def _leave(self) -> None:
        with self._lock:
            self._under_way -= 1

    def _note(self, call: Call) -> None:
        with self._lock:
            call = replace(call, number=len(self._calls) + 1, at_s=time.monotonic() - self._started)
            self._calls.append(call)
            if self._log:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(call)) + "\n")

    def _waits(self, seconds: float) -> None:
        self._stop.wait(seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: BedrockServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        owner = self.server.owner
        owner._enter()
        try:
            self._serve(owner)
        finally:
            owner._leave()

    def _serve(self, owner: BedrockServer) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(size)
        call = Call(
            0, 0.0, unquote(self.path.split("/")[2]) if "/model/" in self.path else "", "", 0, size
        )
        try:
            received = self._checked(call.model_id, raw)
        except Refusal as refusal:
            owner._note(
                replace(call, outcome="refused", status=refusal.status, reason=str(refusal))
            )
            self._send(
                refusal.status, {"message": str(refusal)}, {"x-amzn-errortype": refusal.kind}
            )
            return
        call = replace(
            call, prompt=received.prompt, system=received.system, texts=received.texts,
            media=received.media, tool=received.tool, schema=received.schema,
            max_tokens=received.max_tokens, temperature=received.temperature,
        )  # fmt: skip
        owner._waits(owner.delay_s)
        step = owner._next_step()
        if step is None:
            self._reply(owner, call, received, _tool_use(received, owner.answer(received)))
        else:
            self._play(owner, step, call, received)

    def _checked(self, model_id: str, raw: bytes) -> Received:
        if not self.path.endswith("/converse"):
            raise Refusal("Unknown operation.", "UnknownOperationException", 404)
        if not self.headers.get("Authorization", "").startswith(("AWS4-HMAC-SHA256 ", "Bearer ")):
            raise Refusal(
                "Missing Authentication Token", "MissingAuthenticationTokenException", 403
            )
        if len(raw) > BODY_LIMIT_BYTES:
            raise Refusal("Member must have length less than or equal to 25000000.")
        try:
            body = json.loads(raw)
        except ValueError:
            raise Refusal("Not JSON.", "SerializationException") from None
        return checked(model_id, body)

    def _play(self, owner: BedrockServer, step: Step, call: Call, received: Received) -> None:
        call = replace(call, outcome=step.name, status=step.status)
        if step.name in STATUSES or (step.status >= 400 and step.name != "garbled"):
            owner._note(call)
            self._send(step.status, step.payload, {"x-amzn-errortype": step.name, **step.headers})
        elif step.name == "hang":
            owner._note(call)
            owner._waits(step.seconds)
            self._send(
                200, _body(received, _tool_use(received, owner.answer(received)), "tool_use")
            )
        elif step.name in {"cut", "cut_in_reply"}:
            owner._note(call)
            if step.name == "cut_in_reply":
                self._send(200, {"output": {}}, {"Content-Length": "100000"})
            self._drop()
        elif step.name == "garbled":
            owner._note(call)
            self._send_bytes(
                step.status, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}
            )
        else:
            self._odd_reply(owner, step, call, received)

    def _odd_reply(self, owner: BedrockServer, step: Step, call: Call, received: Received) -> None:
        if step.name == "stopped":
            self._reply(owner, call, received, [{"text": '{"summary": "It beg'}], step.payload)
        elif step.name == "tool_input":
            self._reply(owner, call, received, _tool_use(received, step.payload))
        elif step.name == "says":
            self._reply(owner, call, received, [{"text": step.payload}], "end_turn")
        else:
            self._reply(owner, call, received, [], "end_turn")

    def _reply(
        self,
        owner: BedrockServer,
        call: Call,
        received: Received,
        content: list[dict[str, Any]],
        stop_reason: str = "tool_use",
    ) -> None:
        body = _body(received, content, stop_reason)
        owner._note(
            replace(
                call,
                outcome=call.outcome or "answered",
                status=200,
                input_tokens=body["usage"]["inputTokens"],
                output_tokens=body["usage"]["outputTokens"],
            )
        )
        self._send(200, body)

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(
            status,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **(headers or {})},
        )

    def _send_bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000")
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


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
    }


def credentials_for_tests() -> dict[str, str]:
    """Environment that lets boto3 sign for this server."""
    return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def main(arguments: Iterable[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--log", type=Path)
    chosen = parser.parse_args(list(arguments) if arguments is not None else None)
    with BedrockServer(port=chosen.port, delay_s=chosen.delay_s, log=chosen.log) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()

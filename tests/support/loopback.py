"""What the loopback services share: a port of their own, a thread for each request, JSON replies.

Some play a script: what they do with the next requests instead of answering them. A service of jobs
speaks json-1.1, where the operation stands in a header.
"""

import json
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Generic, Self, TypeVar

Owner = TypeVar("Owner")

SIGNED = "AWS4-HMAC-SHA256 "
"""Begins the Authorization of a request that boto3 has signed."""

JSON_1_1 = "application/x-amz-json-1.1"

CUT = "cut"
"""A step: do what was asked, and drop the connection without an answer."""


class Refusal(Exception):
    """A request that breaks a rule."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.kind = kind


@dataclass
class Call:
    """One request in the log."""

    operation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    outcome: str = "answered"


def credentials_for_tests() -> dict[str, str]:
    """Environment that lets boto3 sign for a service on loopback."""
    return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def aws_environment(url: str, *services: str) -> dict[str, str]:
    """What a process needs to know to find services at an address, and nothing else of AWS.

    Args:
        url: The address.
        services: Ends of `AWS_ENDPOINT_URL_…`.
    """
    return {
        **credentials_for_tests(),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        **{f"AWS_ENDPOINT_URL_{service}": url for service in services},
    }


class LoopbackServer:
    """A server: started by `with`, or by `start`. Its handlers know it as their `owner`."""

    def __init__(self, handler: "type[LoopbackHandler[Any]]", *, port: int = 0) -> None:
        self._stop = threading.Event()
        self._http = _Http(("127.0.0.1", port), handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Its address, for `endpoint_url`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Let go of everybody and end."""
        self._stop.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def waits(self, seconds: float) -> None:
        """Wait so long, or until the server stops."""
        self._stop.wait(seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: Any

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class LoopbackHandler(BaseHTTPRequestHandler, Generic[Owner]):
    """Answers one request, by `get` or by `post`."""

    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.post()

    def get(self) -> None:
        self.send_error(501)

    def post(self) -> None:
        self.send_error(501)

    @property
    def owner(self) -> Owner:
        """The server whose request this is."""
        owner: Owner = self.server.owner
        return owner

    def is_signed(self, *ways: str) -> bool:
        """Is there a signature, or another way to say who asks?"""
        return self.headers.get("Authorization", "").startswith((SIGNED, *ways))

    def body(self) -> bytes:
        """What came with the request."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send_json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Reply with JSON."""
        data = json.dumps(body).encode()
        self.send_data(status, data, {"Content-Type": "application/json", **(headers or {})})

    def send_data(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        """Reply with bytes. A header may tell a lie about their length."""
        self.send_response(status)
        self.send_header("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000")
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def drop(self) -> None:
        """Cut the connection."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


class ScriptedServer(LoopbackServer):
    """A server that keeps a log, and plays a script."""

    statuses: ClassVar[Mapping[str, int]] = {}
    """Error → status, where it is not 400."""

    def __init__(self, handler: "type[LoopbackHandler[Any]]") -> None:
        super().__init__(handler)
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin with an empty log and an empty script."""
        self._log: list[Call] = []
        self._steps: dict[str, deque[str]] = defaultdict(deque)

    def script(self, operation: str, *steps: str) -> None:
        """Play these steps for the next requests of an operation: error codes, or `CUT`."""
        with self._lock:
            self._steps[operation].extend(steps)

    @property
    def log(self) -> list[Call]:
        """Everything that came in."""
        with self._lock:
            return list(self._log)

    def take(
        self, operation: str, read: Callable[[], dict[str, Any]], odd: tuple[str, ...] = (CUT,)
    ) -> tuple[Call, Refusal | None]:
        """Write a request down and see whether it is refused; called with the lock held.

        Args:
            operation: What was asked.
            read: Gives the arguments, or raises `Refusal`.
            odd: Steps that are no refusal; the call's outcome names them.
        """
        steps = self._steps[operation]
        step = steps.popleft() if steps else ""
        call = Call(operation)
        self._log.append(call)
        try:
            if step and step not in odd:
                raise Refusal(step)  # noqa: TRY301
            call.arguments = read()
        except Refusal as refusal:
            call.outcome = refusal.kind
            return call, refusal
        call.outcome = step or call.outcome
        return call, None


class JobServer(ScriptedServer):
    """A service of jobs: its operations are started, and looked at."""

    target: ClassVar[str]
    """Stands before the operation in the header."""

    def __init__(self) -> None:
        super().__init__(_JobHandler)

    def arguments_of(self, operation: str, raw: bytes) -> dict[str, Any]:
        """The arguments of a request; raises `Refusal` where it breaks a rule."""
        raise NotImplementedError

    def done(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, with the lock held; raises `Refusal` where it cannot be done."""
        raise NotImplementedError

    def answer(self, operation: str, raw: bytes) -> tuple[int, dict[str, Any] | None]:
        """Status and body of a reply; no body for a dropped connection."""
        with self._lock:
            call, refusal = self.take(operation, lambda: self.arguments_of(operation, raw))
            if refusal is None:
                try:
                    body = self.done(operation, call.arguments)
                except Refusal as late:
                    call.outcome, refusal = late.kind, late
            if refusal is not None:
                told = {"__type": refusal.kind, "Message": str(refusal)}
                return self.statuses.get(refusal.kind, 400), told
            return (200, None) if call.outcome == CUT else (200, body)


class _JobHandler(LoopbackHandler[JobServer]):
    def post(self) -> None:
        raw = self.body()
        target = self.headers.get("X-Amz-Target", "")
        body: dict[str, Any] | None
        if not self.is_signed():
            status, body = 400, {"__type": "MissingAuthenticationTokenException"}
        elif self.headers.get("Content-Type") != JSON_1_1:
            status, body = 400, {"__type": "SerializationException"}
        else:
            status, body = self.owner.answer(target.removeprefix(self.owner.target), raw)
        if body is None:
            self.drop()
        else:
            self.send_json(status, body, {"Content-Type": JSON_1_1})

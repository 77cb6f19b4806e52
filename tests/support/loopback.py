"""What the loopback services share: a port of their own, a thread for each request, JSON replies."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, Self, TypeVar

Owner = TypeVar("Owner")

SIGNED = "AWS4-HMAC-SHA256 "
"""Begins the Authorization of a request that boto3 has signed."""


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

"""Any server that speaks OpenAI's chat completions: Ollama, vLLM, LM Studio, OpenAI itself.

The address is a setting, the key comes from the environment only and is neither kept nor logged.
Which model is which stands in the user's own catalog file. Source: OpenAI API reference, chat
(read 2026-11), and what other servers say about their likeness to it.
"""

import ipaddress
import json
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workbench.backends.bedrock.errors import CallFailure
from workbench.backends.catalog.models import ModelInfo, route_for
from workbench.backends.catalog.pricing import text_tokens
from workbench.backends.openai.errors import (
    KEY_VARIABLE,
    client_failure,
    error_in,
    refusal_in,
    status_failure,
    unreadable,
)
from workbench.backends.openai.wire import (
    Way,
    chat_call,
    first_choice,
    has_called,
    read_reply,
    read_usage,
)
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, Readiness, open_gate
from workbench.backends.sending import (
    Answered,
    Sent,
    repair_words,
    reply_in_form,
    send_patiently,
)
from workbench.errors import BackendError, NoCredentials, SettingsError

if TYPE_CHECKING:
    import httpx

READ_TIMEOUT_S = 1800.0
"""A large model on a small machine writes a few words a second (our choice)."""

LOOK_TIMEOUT_S = 2.0
"""How long a server on this machine is waited for, when it is only asked whether it is there."""

LOOK_AGAIN_S = 10.0
"""How long it is remembered what such a look has found."""

REPLY_LIMIT_BYTES = 20_000_000
"""Longest reply that is read."""

NO_ADDRESS = "No address of an OpenAI-compatible server is set."
NO_ADDRESS_HINT = (
    "set WORKBENCH_OPENAI_BASE_URL, such as `http://127.0.0.1:11434/v1` for Ollama, and name its"
    " models in WORKBENCH_CATALOG_FILE"
)

_REFUSING = frozenset({400, 404, 422, 500, 501})
"""Statuses by which servers say that they do not take a part of a request."""


class _Otherwise(Exception):
    """A server does not take this way of asking; it is asked by another."""

    def __init__(self, way: Way) -> None:
        super().__init__(way)
        self.way = way


def require_address(url: str) -> str:
    """Check the address of a server.

    Returns:
        The address without a slash at its end.

    Raises:
        SettingsError: It is none, or holds a name and password.

    Example:
        >>> require_address("http://127.0.0.1:11434/v1/")
        'http://127.0.0.1:11434/v1'
    """
    hint = "write it as http://host:port/v1 or https://host/v1, without a name or password"
    try:
        parts = urlsplit(url.strip())
        is_one = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or parts.username or parts.password or parts.query or parts.fragment:
        told = "this" if "@" in url else repr(url)  # a password is not repeated
        raise SettingsError(f"{told} is no address of an OpenAI-compatible server", hint=hint)
    return url.strip().rstrip("/")


class OpenAICompatible:
    """The `openai` engine. Safe for threads; the client is opened with the first call.

    Args:
        base_url: Address up to `/chat/completions`; empty where no server is set.
        read_key: Gives the key; empty for none. By default `OPENAI_API_KEY` of the environment.
        read_timeout_s: Longest time a call may take, in seconds.
        sleep: Waits between sends.
        jitter: Gives a number from 0 to 1 by which a wait is shortened.

    Raises:
        SettingsError: The address is none.
    """

    engine = "openai"

    def __init__(
        self,
        base_url: str,
        *,
        read_key: Callable[[], str] = lambda: os.environ.get(KEY_VARIABLE, ""),
        read_timeout_s: float = READ_TIMEOUT_S,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.base_url = require_address(base_url) if base_url else ""
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        self._is_here = _is_loopback(host)
        self._may_carry_key = parts.scheme == "https" or self._is_here
        # Errors and logs name the server by this, never by the whole address.
        self.server = parts.netloc
        self._read_key = read_key
        self._read_timeout_s = read_timeout_s
        self._sleep = sleep
        self._jitter = jitter
        self._lock = threading.RLock()
        self._opened: httpx.Client | None = None
        self._ways: dict[tuple[str, str], Way] = {}
        """Model and form → how it is asked, once that was found out."""
        self._looked: tuple[float, Readiness] | None = None

    def readiness(self) -> Readiness:
        """Say whether a server is set. One on this machine is asked for its models, which is free."""
        if not self.base_url:
            return self._state(NO_ADDRESS, NO_ADDRESS_HINT)
        try:
            has_key = bool(self._headers())
        except BackendError as error:
            return self._state(error.message, error.hint)
        if not self._is_here:
            key = f"a key from {KEY_VARIABLE}" if has_key else f"no key ({KEY_VARIABLE} is not set)"
            return self._state(f"{self.server}, with {key}. Not called yet.", is_ready=True)
        with self._lock:
            if self._looked is None or time.monotonic() - self._looked[0] > LOOK_AGAIN_S:
                self._looked = (time.monotonic(), self._look())
            return self._looked[1]

    def served_models(self, *, timeout_s: float = 10.0) -> tuple[str, ...]:
        """Ask which models the server has, by its own names, sorted. Nothing is billed.

        Args:
            timeout_s: Longest wait for an answer.

        Raises:
            BackendError: There is no server, or it gives no list.
        """
        got = self._asked("GET", "/models", timeout_s=timeout_s)
        if isinstance(got, CallFailure):
            raise got.as_error(1)
        rows = got.get("data")
        rows = rows if isinstance(rows, list) else []
        named = {
            row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)
        }
        return tuple(sorted(named))

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        """Answer one request; see `Backend.invoke`.

        Failures that pass with time are sent again after a wait. A server that does not take a way
        of asking for the form is asked by the next one, and that is remembered. An answer in the
        wrong form is sent back once. What a failed call has cost is in `billed` of its error.

        Raises:
            NoCredentials: No server is set, or it wants another key.
            AccessDenied: The key may not use the model.
            Throttled: Still too many requests after several waits.
            ServiceDown: The server failed, could not be reached, or took too long.
            QuotaExceeded: The account's balance is used up.
            BadModelRequest: The request would be, or was, refused.
            BadReply: The answer is cut short, stopped, or twice not in the agreed form.
            MediaMissing: A file to send is not there.
        """
        model_id = model.ids[route_for(model)]
        sent = self._send(request, model, model_id, gate)

        def repair(answered: Answered, problems: Sequence[str]) -> Sent:
            words = repair_words(request, answered, problems)
            return self._send(request, model, model_id, gate, words)

        return reply_in_form(sent, request, model, model_id, read=read_reply, repair=repair)

    def _state(self, finding: str, hint: str = "", *, is_ready: bool = False) -> Readiness:
        return Readiness(self.engine, is_ready=is_ready, finding=finding, hint=hint)

    def _look(self) -> Readiness:
        try:
            count = len(self.served_models(timeout_s=LOOK_TIMEOUT_S))
        except BackendError as error:
            return self._state(error.message, error.hint)
        models = "1 model" if count == 1 else f"{count} models"
        return self._state(f"{self.server} answers and has {models}.", is_ready=True)

    def _send(
        self, request: ModelRequest, model: ModelInfo, model_id: str, gate: Gate, words: str = ""
    ) -> Sent:
        """Send a question, or other words about it, by the way that the server takes."""
        kind = model_id, request.schema_name
        refused = 0
        while True:
            with self._lock:
                way = self._ways.get(kind, Way())
            call = chat_call(request, model, model_id, way, words)
            tokens = text_tokens(json.dumps(call)) + int(call[way.limit]) if words else None
            try:
                sent = send_patiently(
                    partial(self._send_once, call, way),
                    _used_tokens,
                    gate,
                    tokens,
                    sleep=self._sleep,
                    jitter=self._jitter,
                )
            except _Otherwise as other:
                refused += 1
                self._learn(kind, other.way)
                continue
            if way.form in {"tool", "any tool"} and not has_called(sent.response):
                # Ollama takes a forced call and does not force it; its schema it keeps to.
                self._learn(kind, Way("schema", way.limit, way.has_temperature))
            return Sent(sent.response, sent.sends + refused, sent.seconds)

    def _learn(self, kind: tuple[str, str], way: Way) -> None:
        with self._lock:
            self._ways[kind] = way

    def _send_once(self, call: dict[str, Any], way: Way) -> dict[str, Any] | CallFailure:
        got = self._asked("POST", "/chat/completions", call, way=way)
        if isinstance(got, CallFailure) or first_choice(got) is not None:
            return got
        return unreadable(self.server)

    def _asked(
        self,
        method: str,
        path: str,
        call: dict[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
        way: Way | None = None,
    ) -> dict[str, Any] | CallFailure:
        """Ask once; raises `_Otherwise` where the server wants to be asked in another way."""
        import httpx

        if not self.base_url:
            raise NoCredentials(NO_ADDRESS.rstrip("."), hint=NO_ADDRESS_HINT)
        longest_s = timeout_s or self._read_timeout_s
        try:
            with self._client().stream(
                method,
                self.base_url + path,
                json=call,
                headers=self._headers(),
                timeout=httpx.Timeout(longest_s, connect=min(10.0, longest_s)),
            ) as response:
                body = _read(response, longest_s)
        except httpx.HTTPError as error:
            return client_failure(error, self.server, is_here=self._is_here)
        if body is None:
            return unreadable(self.server)
        if not response.is_success:
            if way and response.status_code in _REFUSING and (other := way.after(refusal_in(body))):
                raise _Otherwise(other)
            return self._without_key(self._failure(response, body, call))
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return unreadable(self.server)
        if isinstance(told, dict) and told.get("error") and error_in(body):
            return self._without_key(self._failure(response, body, call))
        return told if isinstance(told, dict) else unreadable(self.server)

    def _failure(
        self, response: "httpx.Response", body: bytes, call: dict[str, Any] | None
    ) -> CallFailure:
        model_id = call["model"] if call else ""
        return status_failure(response.status_code, response.headers, body, self.server, model_id)

    def _without_key(self, failure: CallFailure) -> CallFailure:
        """A failure whose words do not hold the key, should the server have said it."""
        key = self._read_key().strip()
        if not key or key not in failure.message + failure.code:
            return failure
        return CallFailure(
            failure.code.replace(key, "…"),
            failure.message.replace(key, "…"),
            failure.policy,
            failure.wait_s,
            service=failure.service,
            may_be_billed=failure.may_be_billed,
        )

    def _headers(self) -> dict[str, str]:
        """Say who asks, where a key is set.

        Raises:
            NoCredentials: It is no key, or would be sent for others to read.
        """
        key = self._read_key().strip()
        if not key:
            return {}
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise NoCredentials(
                f"{KEY_VARIABLE} holds letters that no key has", hint=f"set {KEY_VARIABLE} anew"
            )
        if not self._may_carry_key:
            raise NoCredentials(
                f"the key is not sent to {self.server}: others could read it on the way",
                hint="use https in WORKBENCH_OPENAI_BASE_URL; or, if the server wants no key,"
                f" unset {KEY_VARIABLE}",
            )
        return {"Authorization": f"Bearer {key}"}

    def _client(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._opened is None:
                self._opened = httpx.Client(
                    # Through no proxy to this machine itself.
                    trust_env=not self._is_here,
                    # A connection that the server has closed meanwhile looks like a lost reply.
                    limits=httpx.Limits(max_connections=16, max_keepalive_connections=0),
                )
            return self._opened


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(response: "httpx.Response", longest_s: float) -> bytes | None:
    """The body of a reply; None where it is endless.

    Raises:
        httpx.ReadTimeout: It takes longer than `longest_s` seconds.
    """
    import httpx

    deadline = time.monotonic() + longest_s
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > REPLY_LIMIT_BYTES:
            return None
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout(f"the reply took more than {longest_s:.0f} s")
    return bytes(body)


def _used_tokens(response: dict[str, Any]) -> int:
    used = read_usage(response)
    return used.input_tokens + used.output_tokens

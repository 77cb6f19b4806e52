"""What each failure of an OpenAI-compatible server means, and how often a call is sent.

Servers agree on statuses and on little else, so the status decides, and words only where they say
more. A call that may have been answered is not sent again behind the user's back.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from workbench.backends.bedrock.errors import PATIENT, CallFailure, Policy
from workbench.errors import (
    AccessDenied,
    BadModelRequest,
    NoCredentials,
    QuotaExceeded,
    ServiceDown,
    Throttled,
)

LONGEST_ASKED_S = 60.0
"""A server that asks to wait longer is asked after this time all the same."""

KEY_VARIABLE = "OPENAI_API_KEY"

_ADDRESS = "check the address in WORKBENCH_OPENAI_BASE_URL"
_LATER = "run again later; what was answered is kept and not paid again"
_SLOWER = "wait a minute and run again; what was answered is kept"
_NETWORK = "see whether the server still runs, and what its log says; then run again"
_SHORTER = "ask for less at once, or choose a smaller model, and run again"
_WINDOW = "choose a model with a longer window, or give the server one (Ollama: num_ctx)"
_MODEL = (
    "see `workbench models --served`; on Ollama `ollama pull {model}` fetches it, and the catalog"
    " file names it as model_id"
)

_BY_STATUS: Mapping[int, Policy] = {
    401: Policy(NoCredentials, 1, f"set {KEY_VARIABLE} to a key that the server takes"),
    402: Policy(QuotaExceeded, 1, "see the balance of the account at the service"),
    403: Policy(AccessDenied, 1, "see that the key may use this model"),
    404: Policy(BadModelRequest, 1, _MODEL),
    408: Policy(ServiceDown, 1, _SHORTER),
    413: Policy(BadModelRequest, 1, "ask for less at once"),
    429: Policy(Throttled, PATIENT, _SLOWER),
    # Said by something in between that gave up on an answer.
    502: Policy(ServiceDown, 2, _NETWORK),
    504: Policy(ServiceDown, 2, _NETWORK),
}
_LOST_STATUSES = frozenset({408, 502, 504})

_REFUSED = Policy(BadModelRequest, 1, "the server names the reason")
_FAILED = Policy(ServiceDown, PATIENT, _LATER)
_NO_MEMORY = Policy(ServiceDown, 1, "choose a smaller model, or end other programs")
_USED_UP = Policy(QuotaExceeded, 1, "see the balance and limits of the account at the service")
_ELSEWHERE = Policy(BadModelRequest, 1, f"{_ADDRESS}: most end in /v1")

_WORDS: tuple[tuple[str, Policy], ...] = (
    (r"insufficient_quota|billing_hard_limit|exceeded your current quota", _USED_UP),
    (
        r"context_length|context (length|size|window)|maximum context",
        replace(_REFUSED, hint=_WINDOW),
    ),
    (r"more system memory|out of memory", _NO_MEMORY),
    (r"invalid_api_key|incorrect api key", _BY_STATUS[401]),
)
"""What servers say → policy, where that says more than the status."""

_CLIENT: Mapping[str, tuple[Policy, bool, bool]] = {
    # Nothing was sent yet.
    "ConnectError": (Policy(ServiceDown, 3, ""), False, False),
    "ConnectTimeout": (Policy(ServiceDown, 3, ""), False, False),
    "UnsupportedProtocol": (Policy(BadModelRequest, 1, _ADDRESS), False, False),
    # The server may have answered, and counted, before the clock ran out.
    "ReadTimeout": (Policy(ServiceDown, 1, _SHORTER), True, True),
    "WriteTimeout": (Policy(ServiceDown, 1, _NETWORK), True, True),
    "NetworkError": (Policy(ServiceDown, 2, _NETWORK), True, True),
    "RemoteProtocolError": (Policy(ServiceDown, 2, _NETWORK), True, True),
    "ProxyError": (Policy(ServiceDown, 2, _NETWORK), True, False),
    "DecodingError": (Policy(ServiceDown, 2, _NETWORK), True, True),
}
"""Name of httpx's class → policy, was it sent, may it be billed; the nearest class first."""


def unreadable(service: str) -> CallFailure:
    """A reply that is cut off, endless, or no chat completion."""
    return CallFailure(
        "UnreadableReply",
        "the reply is no chat completion",
        Policy(ServiceDown, 2, f"{_NETWORK}; {_ADDRESS}"),
        service=service,
        may_be_billed=True,
    )


def client_failure(error: Exception, service: str, *, is_here: bool) -> CallFailure:
    """Read what httpx raised.

    Args:
        error: What was raised.
        service: The server, as a person knows it.
        is_here: Does it run on this machine?
    """
    name, said = type(error).__name__, str(error) or "no answer in time"
    for kind in type(error).__mro__:
        if kind.__name__ in _CLIENT:
            policy, was_sent, may_be_billed = _CLIENT[kind.__name__]
            break
    else:
        policy, was_sent, may_be_billed = Policy(ServiceDown, 1, _NETWORK), True, True
    if not was_sent and not policy.hint:
        start = "is Ollama running? `ollama serve` starts it; else " if is_here else ""
        policy = replace(policy, hint=start + _ADDRESS)
    return CallFailure(
        name, said[:500], policy, was_sent=was_sent, service=service, may_be_billed=may_be_billed
    )


def status_failure(
    status: int, headers: Mapping[str, str], body: bytes, service: str, model_id: str
) -> CallFailure:
    """Read a reply that is no answer.

    Args:
        status: Of HTTP; 200 where a server tells an error in the place of an answer.
        headers: Of the reply.
        body: What came with it.
        service: The server, as a person knows it.
        model_id: What it calls the model.
    """
    told = error_in(body)
    code = str(told.get("code") or told.get("type") or "")
    if status == 200:
        status = int(code) if re.fullmatch(r"[45]\d\d", code) else 500
    message = str(told.get("message") or f"status {status}").strip()
    if status == 404 and not told:
        policy = _ELSEWHERE
        message = "there is no /chat/completions at this address"
    elif 300 <= status < 400:
        policy = _ELSEWHERE
        message = f"the address leads on to {headers.get('location', 'another')}"
    else:
        policy = _policy(status, f"{code} {message}")
    return CallFailure(
        code or str(status),
        message[:500],
        replace(policy, hint=policy.hint.replace("{model}", model_id)),
        _wait_s(headers),
        service=service,
        may_be_billed=status in _LOST_STATUSES,
    )


def refusal_in(body: bytes) -> str:
    """What a server does not take, in its own words: the name of a field, if it told one."""
    told = error_in(body)
    return f"{told.get('param') or ''} {told.get('message') or ''}"


def error_in(body: bytes) -> dict[str, Any]:
    """The error that a reply tells; empty if it tells none.

    Example:
        >>> error_in(b'{"error": "model not found"}')
        {'message': 'model not found'}
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict):
        return {}
    found = told.get("error", told.get("detail", told if "message" in told else None))
    if isinstance(found, dict):
        return found
    return (
        {"message": json.dumps(found) if isinstance(found, list) else str(found)} if found else {}
    )


def _policy(status: int, said: str) -> Policy:
    for words, policy in _WORDS:
        if re.search(words, said, re.IGNORECASE):
            return policy
    return _BY_STATUS.get(status) or (_REFUSED if 400 <= status < 500 else _FAILED)


def _wait_s(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to wait: told as a number, or as a moment."""
    told = headers.get("retry-after", "")
    try:
        seconds = float(told or 0)
    except ValueError:
        try:
            moment = parsedate_to_datetime(told)
        except ValueError:
            return 0.0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    # `nan` is a float too, and no time.
    return min(LONGEST_ASKED_S, max(0.0, seconds)) if seconds == seconds else 0.0  # noqa: PLR0124

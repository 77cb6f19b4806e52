"""What the loopback Bedrock alone can be told to do instead of answering a request."""

from typing import Any

from tests.support.steps import Step

STATUSES = {
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
    "UnrecognizedClientException": 403,
    "ExpiredTokenException": 403,
}


def error(kind: str, message: str = "", *, status: int = 0, retry_after_s: int = 0) -> Step:
    """Fail with one of the service's errors."""
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}
    said = message or f"{kind} on command"
    return Step(kind, status or STATUSES[kind], payload={"message": said}, headers=headers)


def stopped(stop_reason: str) -> Step:
    """End with this stop reason and half an answer: `max_tokens`, `content_filtered` …"""
    return Step("stopped", payload=stop_reason)


def tool_input(value: Any) -> Step:
    """Call the tool with this, whatever its schema says."""
    return Step("tool_input", payload=value)


def says(text: str) -> Step:
    """Answer in words, without calling the tool."""
    return Step("says", payload=text)


def empty() -> Step:
    """Answer with no content at all."""
    return Step("empty")


def billed_at(tier: str) -> Step:
    """Answer, and say that it was served at another tier than was asked for."""
    return Step("billed_at", payload=tier)


def error_in_stream(kind: str, message: str = "", *, after: int = 0) -> Step:
    """Begin a stream, and fail in it after so many events."""
    return Step("error_in_stream", payload=(kind, message or f"{kind} on command"), after=after)


def cut_in_stream(after: int = 3) -> Step:
    """Close the connection in the middle of a stream."""
    return Step("cut_in_stream", after=after)


def ends_early(after: int = -1) -> Step:
    """End a stream in good order before all is said; by default all but what is billed."""
    return Step("ends_early", after=after)


def hang_in_stream(after: int = 3, seconds: float = 3600) -> Step:
    """Say nothing for so long in the middle of a stream; then go on."""
    return Step("hang_in_stream", seconds=seconds, after=after)


def garbled_in_stream(after: int = 3) -> Step:
    """Send a message with a wrong checksum in the middle of a stream."""
    return Step("garbled_in_stream", after=after)

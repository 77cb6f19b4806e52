"""What the OpenAI-compatible server alone can be told to do instead of answering a request."""

from typing import Any

from tests.support.steps import Step


def fails(status: int, message: str = "on command", code: str = "", **headers: str) -> Step:
    """Fail as OpenAI words it; headers by their names with `_` for `-`."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    error = {"message": message, "type": code or "error", "param": None, "code": code or None}
    return Step("fails", status, payload={"error": error}, headers=told)


def throttled(retry_after: str = "") -> Step:
    """Too many requests."""
    return fails(429, "Rate limit reached", "rate_limit_exceeded", retry_after=retry_after or "0")


def replies(body: Any, status: int = 200) -> Step:
    """Reply with this JSON, whatever was asked."""
    return Step("replies", status, payload=body)


def drips() -> Step:
    """Begin a reply, and send one byte of it now and then without an end."""
    return Step("drips")


def answers(value: Any) -> Step:
    """Give this in the form that was asked for, whatever its schema says."""
    return Step("answers", payload=value)


def says(text: str | None, finish_reason: str = "stop", **message: Any) -> Step:
    """Answer in words, without calling a tool."""
    return Step("says", payload=(text, finish_reason, message))


def without_usage() -> Step:
    """Answer, and do not say what was used."""
    return Step("without_usage")

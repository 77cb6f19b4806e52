"""Send a question until it is answered, and see that the answer has its form, whoever is asked.

A client of a service sends each call once; whether it is sent again is decided here, so that every
send is counted and none is paid for behind the user's back.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.backends.bedrock.errors import CallFailure
from workbench.backends.catalog.models import ModelInfo, Tier
from workbench.backends.form import fitted
from workbench.backends.protocol import Gate, ModelReply, ModelRequest
from workbench.backends.usage import Usage
from workbench.errors import BackendError, BadReply, WorkbenchError

FIRST_WAIT_S = 2.0
"""Longest wait before the second send; it doubles with each send after that."""

LONGEST_WAIT_S = 40.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that was answered."""

    response: dict[str, Any]
    sends: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """What one reply holds."""

    answer: Any
    """Input of the tool call, or JSON found in the text; None if there was neither."""
    text: str
    """Whatever was said beside it."""
    stop_reason: str
    usage: Usage
    tier: Tier
    """Service tier it is billed at, as the reply says; the one asked for where it says nothing."""


def send_patiently(
    send_once: Callable[[], dict[str, Any] | CallFailure],
    used_tokens: Callable[[dict[str, Any]], int],
    gate: Gate,
    tokens: int | None,
    *,
    sleep: Callable[[float], object],
    jitter: Callable[[], float],
) -> Sent:
    """Send a call, again after a wait where that may help.

    Args:
        send_once: Gives the reply, or what came in its place.
        used_tokens: Reads how many tokens a reply has used.
        gate: Passed before every send.
        tokens: What will be sent, as `Gate` takes it.
        sleep: Waits between sends, in seconds.
        jitter: Gives a number from 0 to 1 by which a wait is shortened.

    Raises:
        BackendError: There is no reply, or the last of them was lost.
    """
    sends = 0
    while True:
        sends += 1
        settle = gate(tokens)
        start = time.monotonic()
        got = send_once()
        if not isinstance(got, CallFailure):
            settle(used_tokens(got))
            return Sent(got, sends, time.monotonic() - start)
        if got.may_be_billed:
            settle(None)
        elif not got.was_sent:
            settle(0)
        if sends >= got.policy.sends:
            raise got.as_error(sends)
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (sends - 1))
        wait_s = max(got.wait_s, longest * jitter())
        logger.info(
            "%s: %s; send %d of %d in %.1f s",
            got.service, got.code, sends + 1, got.policy.sends, wait_s,
        )  # fmt: skip
        sleep(wait_s)


def reply_in_form(
    sent: Sent,
    request: ModelRequest,
    model: ModelInfo,
    model_id: str,
    *,
    read: Callable[[Mapping[str, Any], ModelRequest], Answered],
    repair: Callable[[Answered, Sequence[str]], Sent],
) -> ModelReply:
    """Make a reply of what was answered; it is sent back once to be put into its form.

    Args:
        sent: The first answer.
        request: What was asked.
        model: Who was asked.
        model_id: The id it was called by.
        read: Reads a response.
        repair: Asks for the same answer in the agreed form, told what is wrong with it.

    Raises:
        BackendError: The answer is of no use; `billed` holds what it has cost.
    """
    answered = read(sent.response, request)
    answer, problems = _fitted(answered, request)
    usage, sends, seconds = answered.usage, sent.sends, sent.seconds
    if problems:
        logger.info("%s: asked to put its answer right: %s", model_id, "; ".join(problems))
        try:
            again = repair(answered, problems)
            answered = read(again.response, replace(request, media=()))
        except BackendError as error:
            error.billed = usage + (error.billed or Usage())
            raise
        except WorkbenchError as error:
            raise BadReply(
                f"an answer was not in the agreed form and was not put right: {error.message}",
                hint=error.hint,
                billed=usage,
            ) from error
        answer, problems = _fitted(answered, request)
        usage += answered.usage
        sends += again.sends
        seconds += again.seconds
    if problems:
        raise BadReply(
            f"{model.name} twice gave an answer that is not in the agreed form: {problems[0]}",
            hint="choose another model, or ask for less at once",
            billed=usage,
        )
    return ModelReply(
        data=answer,
        usage=usage,
        model_id=model_id,
        stop_reason=answered.stop_reason,
        latency_s=seconds,
        attempts=sends,
        tier=answered.tier,
    )


def repair_words(request: ModelRequest, answered: Answered, problems: Sequence[str]) -> str:
    """The words by which the same answer is asked for in the agreed form."""
    given = answered.text
    if answered.answer is not None:
        given = json.dumps(answered.answer, ensure_ascii=False)
    return (
        f"{request.prompt}\n\nYou have answered:\n{given}\n\nThis does not have the agreed form: "
        f"{'; '.join(problems)}. Give the same answer again in the agreed form. Add nothing."
    )


def _fitted(answered: Answered, request: ModelRequest) -> tuple[Any, tuple[str, ...]]:
    if answered.answer is None:
        return None, ("the answer is not JSON",)
    return fitted(answered.answer, request.schema)

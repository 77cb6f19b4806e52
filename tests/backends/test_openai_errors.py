"""Failures of an OpenAI-compatible server: which error a person sees, how often a call is sent."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.backends.conftest import Gate
from tests.support.openai_steps import drips, fails, replies, throttled
from tests.support.steps import cut, cut_in_reply, garbled, hang
from workbench.backends.openai.compatible import OpenAICompatible
from workbench.errors import (
    AccessDenied,
    BadModelRequest,
    NoCredentials,
    QuotaExceeded,
    ServiceDown,
    Throttled,
)


@pytest.mark.parametrize(
    ("step", "error", "sends", "says_what"),
    [
        (fails(400, "bad request"), BadModelRequest, 1, "bad request"),
        (fails(400, "maximum context length is 8192 tokens, 50 in the functions"),
         BadModelRequest, 1, "8192"),
        (fails(401, "no key"), NoCredentials, 1, "no key"),
        (fails(402, "no balance"), QuotaExceeded, 1, "no balance"),
        (fails(403, "not yours"), AccessDenied, 1, "not yours"),
        (fails(413, "too large"), BadModelRequest, 1, "too large"),
        (fails(429, "You exceeded your current quota", "insufficient_quota"),
         QuotaExceeded, 1, "current quota"),
        (throttled(), Throttled, 6, "Rate limit"),
        (fails(500), ServiceDown, 6, "on command"),
        (fails(500, "model requires more system memory (9 GiB) than is available"),
         ServiceDown, 1, "system memory"),
        (fails(502), ServiceDown, 2, "on command"),
        (fails(503, "loading model"), ServiceDown, 6, "loading model"),
        (garbled(503), ServiceDown, 6, "status 503"),
        (garbled(), ServiceDown, 2, "no chat completion"),
        (replies([]), ServiceDown, 2, "no chat completion"),
        (replies({"choices": []}), ServiceDown, 2, "no chat completion"),
        (replies({"choices": [{"message": "A pump."}]}), ServiceDown, 2, "no chat completion"),
        (replies({"error": {"code": 429, "message": "slower"}}), Throttled, 6, "slower"),
        (replies({"detail": [{"loc": ["body"], "msg": "field required"}]}, 422),
         BadModelRequest, 1, "field required"),
        (cut(), ServiceDown, 2, "disconnected"),
        (cut_in_reply(), ServiceDown, 2, "closed"),
    ],
)  # fmt: skip
def test_a_failure_is_told_in_our_words_and_sent_again_where_that_may_help(
    openai, qwen, asked, openai_server, step, error, sends, says_what
):
    openai_server.always(step)
    with pytest.raises(error, match=says_what) as caught:
        openai.invoke(asked, qwen)
    assert caught.value.hint
    assert openai_server.received == sends


def test_a_failure_that_passes_is_waited_out(openai, qwen, asked, openai_server, sleeper):
    openai_server.script(throttled(), fails(503), throttled(retry_after="17"))
    reply = openai.invoke(asked, qwen)
    assert reply.attempts == 4
    assert sleeper.waits_s == [2.0, 4.0, 17.0]


def test_a_moment_to_wait_for_is_read_too(openai, qwen, asked, openai_server, sleeper):
    moment = datetime.now(UTC) + timedelta(seconds=30)
    for told in (format_datetime(moment, usegmt=True), "soon", "nan", "100000"):
        openai_server.script(throttled(retry_after=told))
        openai.invoke(asked, qwen)
    soon, *others = sleeper.waits_s
    assert 20 < soon <= 30
    assert others == [2.0, 2.0, 60.0]


def test_a_model_that_is_not_there_is_named_with_the_way_to_it(openai, qwen, asked):
    gone = qwen.model_copy(update={"ids": {"openai": "llama9"}})
    with pytest.raises(BadModelRequest, match="`llama9` does not exist") as caught:
        openai.invoke(asked, gone)
    assert "ollama pull llama9" in caught.value.hint


def test_a_lost_reply_is_told_to_the_gate_and_a_refusal_is_not(openai, qwen, asked, openai_server):
    openai_server.script(cut(), throttled())
    gate = Gate()
    openai.invoke(asked, qwen, gate)
    assert gate.asked == [None] * 3
    assert gate.settled[0] == (1, None)
    assert len(gate.settled) == 2


@pytest.mark.parametrize("step", [hang(), drips()])
def test_a_server_that_does_not_finish_is_given_up(openai_server, qwen, asked, step):
    openai_server.script(step)
    openai = OpenAICompatible(openai_server.base_url, read_timeout_s=0.5)
    gate = Gate()
    with pytest.raises(ServiceDown, match="Timeout"):
        openai.invoke(asked, qwen, gate)
    assert openai_server.received == 1
    assert gate.settled == [(1, None)]


def test_a_reply_without_an_end_is_not_read_to_the_end(
    openai, qwen, asked, openai_server, monkeypatch
):
    monkeypatch.setattr("workbench.backends.openai.compatible.REPLY_LIMIT_BYTES", 100)
    with pytest.raises(ServiceDown, match="no chat completion"):
        openai.invoke(asked, qwen)

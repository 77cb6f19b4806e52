"""What a call uses is told to the gate send by send, and billed also where no answer came of it."""

import pytest

from tests.backends.conftest import Gate
from tests.support.bedrock_server import error, stopped, tool_input
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.catalog.pricing import cost_of, video_tokens
from workbench.errors import AccessDenied, BadReply, ServiceDown


def test_usage_is_what_the_service_reports(nova, lite, question, server):
    reply = nova.invoke(question, lite)
    (call,) = server.calls
    assert reply.usage.input_tokens == call.input_tokens >= video_tokens(lite, 180)[0]
    assert reply.usage.output_tokens == call.output_tokens
    assert reply.usage.media_s == 180
    assert cost_of(reply.usage, lite, "us") > 0


def test_the_gate_is_passed_before_a_send_and_told_what_it_used(nova, lite, question, server):
    gate = Gate()
    reply = nova.invoke(question, lite, gate)
    assert gate.asked == [None]
    assert gate.settled == [(1, reply.usage.input_tokens + reply.usage.output_tokens)]


def test_every_send_passes_the_gate_and_one_that_was_refused_keeps_its_reservation(
    nova, lite, question, server
):
    gate = Gate()
    server.script(error("ThrottlingException"), error("ServiceUnavailableException"))
    nova.invoke(question, lite, gate)
    assert gate.asked == [None] * 3 == [None] * server.received
    assert [number for number, _ in gate.settled] == [3]


def test_the_round_that_puts_an_answer_right_passes_the_gate_with_its_own_tokens(
    nova, lite, question, server
):
    gate = Gate()
    server.script(tool_input({"summary": 5}))
    nova.invoke(question, lite, gate)
    first, second = gate.asked
    assert first is None
    call = server.calls[1]
    assert call.input_tokens < second - call.max_tokens < 20 * call.input_tokens
    assert [used for _, used in gate.settled] == [
        each.input_tokens + each.output_tokens for each in server.calls
    ]


def test_a_gate_that_does_not_open_sends_nothing(nova, lite, question, server):
    def shut(tokens=None):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        nova.invoke(question, lite, shut)
    assert server.received == 0


def test_what_was_certainly_not_heard_uses_no_tokens(lite, question, monkeypatch, server):
    gate = Gate()
    nova = BedrockNova("us-east-1", "http://127.0.0.1:9", sleep=lambda _: None)
    with pytest.raises(ServiceDown):
        nova.invoke(question, lite, gate)
    assert gate.settled == [(1, 0), (2, 0), (3, 0)]


def test_an_answer_that_is_refused_says_what_it_has_cost(nova, lite, question, server):
    server.script(stopped("max_tokens"))
    with pytest.raises(BadReply) as caught:
        nova.invoke(question, lite)
    (call,) = server.calls
    billed = caught.value.billed
    assert (billed.input_tokens, billed.output_tokens) == (call.input_tokens, call.output_tokens)
    assert billed.media_s == 180


def test_both_rounds_of_an_answer_that_stays_wrong_are_billed(nova, lite, question, server):
    server.always(tool_input({"summary": 5}))
    with pytest.raises(BadReply) as caught:
        nova.invoke(question, lite)
    assert caught.value.billed.input_tokens == sum(call.input_tokens for call in server.calls)
    assert caught.value.billed.media_s == 180


def test_a_first_round_is_billed_also_when_the_second_fails(nova, lite, question, server):
    server.script(tool_input({"summary": 5}), error("AccessDeniedException"))
    with pytest.raises(AccessDenied) as caught:
        nova.invoke(question, lite)
    assert caught.value.billed.input_tokens == server.calls[0].input_tokens


def test_a_failure_without_an_answer_is_not_billed(nova, lite, question, server):
    server.script(error("AccessDeniedException"))
    with pytest.raises(AccessDenied) as caught:
        nova.invoke(question, lite)
    assert caught.value.billed is None

"""Answers that come as a stream: the same as in one piece, and nothing lost or paid in silence."""

import pytest

from tests.support.bedrock_server import (
    BedrockServer,
    billed_at,
    cut_in_stream,
    ends_early,
    error,
    error_in_stream,
    garbled_in_stream,
    hang_in_stream,
    says,
    stopped,
    tool_input,
)
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.bedrock.stream import Gathered
from workbench.errors import AnswerCut, BadModelRequest, ServiceDown, Throttled

PIECES = 4
"""Events by which some of an answer has come: its start, its tool, and two pieces."""


class Counter:
    """A gate that remembers what it was told of each send."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def __call__(self, tokens: int | None = None):
        place = len(self.told)
        self.told.append("reserved")

        def settle(used: int | None) -> None:
            self.told[place] = used

        return settle


@pytest.fixture
def gate() -> Counter:
    return Counter()


def test_a_stream_brings_what_one_piece_brings(nova, streaming, lite, question, server):
    in_one, streamed = nova.invoke(question, lite), streaming.invoke(question, lite)
    assert streamed.data == in_one.data
    assert streamed.usage == in_one.usage
    assert streamed.stop_reason == in_one.stop_reason
    first, second = server.calls
    assert (first.is_stream, second.is_stream) == (False, True)
    assert first.prompt == second.prompt


def test_letters_of_any_script_come_whole_out_of_pieces(streaming, lite, question, server):
    said = {"summary": "Насос 水泵 🚰 " * 40, "chapters": [], "elements": []}
    server.script(tool_input(said))
    assert streaming.invoke(question, lite).data == said


def test_an_answer_in_words_is_read_from_a_stream_too(streaming, lite, question, server):
    server.script(says('Here it is:\n{"summary": "A pump.", "chapters": [], "elements": []}'))
    assert streaming.invoke(question, lite).data["summary"] == "A pump."


def test_tool_input_that_is_no_json_is_sent_back_to_be_put_right(streaming, lite, question, server):
    server.script(tool_input('{"summary": "It beg'))
    reply = streaming.invoke(question, lite)
    assert reply.data["summary"]
    assert "It beg" in server.calls[1].prompt
    assert server.calls[1].media == ()


def test_an_answer_that_is_cut_at_its_limit_says_so(streaming, lite, question, server):
    server.script(stopped("max_tokens"))
    with pytest.raises(AnswerCut) as caught:
        streaming.invoke(question, lite)
    assert caught.value.billed.input_tokens > 0


@pytest.mark.parametrize(
    ("name", "expected", "sends"),
    [
        ("ThrottlingException", Throttled, 6),
        ("ServiceUnavailableException", ServiceDown, 6),
        ("InternalServerException", ServiceDown, 6),
        ("ModelStreamErrorException", ServiceDown, 2),
        ("ValidationException", BadModelRequest, 1),
    ],
)
def test_an_error_at_the_start_of_a_stream_is_as_one_before_it(
    streaming, lite, question, server, gate, name, expected, sends
):
    server.always(error_in_stream(name, "because of the test", after=1))
    with pytest.raises(expected, match="because of the test"):
        streaming.invoke(question, lite, gate)
    assert server.received == sends
    assert gate.told == ["reserved"] * sends


@pytest.mark.parametrize(
    ("name", "expected", "sends"),
    [
        ("ThrottlingException", Throttled, 2),
        ("ModelStreamErrorException", ServiceDown, 2),
        ("ValidationException", BadModelRequest, 1),
    ],
)
def test_an_error_in_the_middle_of_an_answer_may_be_billed_and_is_sent_twice_at_most(
    streaming, lite, question, server, gate, name, expected, sends
):
    server.always(error_in_stream(name, after=PIECES))
    with pytest.raises(expected):
        streaming.invoke(question, lite, gate)
    assert server.received == sends
    assert gate.told == [None] * sends


@pytest.mark.parametrize(
    "step", [cut_in_stream(0), cut_in_stream(PIECES), ends_early(PIECES), ends_early(0),
             ends_early(), garbled_in_stream(PIECES)],
    ids=["cut at once", "cut", "ended", "nothing", "without what is billed", "garbled"],
)  # fmt: skip
def test_a_stream_that_breaks_may_be_billed_and_is_sent_twice_at_most(
    streaming, lite, question, server, gate, step
):
    server.script(step)
    assert streaming.invoke(question, lite, gate).attempts == 2
    assert gate.told[0] is None
    assert gate.told[1] > 0
    server.reset()
    server.always(step)
    with pytest.raises(ServiceDown, match="sent 2 times"):
        streaming.invoke(question, lite)
    assert server.received == 2


def test_a_stream_that_falls_silent_is_given_up_and_not_sent_again(lite, question, server, gate):
    with BedrockServer() as slow:
        streaming = BedrockNova("us-east-1", slow.url, stream=True, read_timeout_s=0.5)
        slow.script(hang_in_stream(PIECES))
        with pytest.raises(ServiceDown, match="ReadTimeoutError"):
            streaming.invoke(question, lite, gate)
        assert slow.received == 1
    assert gate.told == [None]


def test_a_pause_in_a_stream_is_waited_for(streaming, lite, question, server):
    server.script(hang_in_stream(PIECES, 0.3))
    reply = streaming.invoke(question, lite)
    assert reply.attempts == 1
    assert reply.latency_s >= 0.3


def test_what_is_refused_before_a_stream_begins_names_the_permission(
    streaming, lite, question, server
):
    server.script(error("AccessDeniedException"))
    with pytest.raises(Exception, match="AccessDenied") as caught:
        streaming.invoke(question, lite)
    assert "bedrock:InvokeModelWithResponseStream" in caught.value.hint


@pytest.mark.parametrize("tier", ["flex", "priority"])
def test_the_tier_a_stream_was_served_at_is_told(streaming, lite, question, server, tier):
    from dataclasses import replace

    asked = replace(question, tier=tier)
    assert streaming.invoke(asked, lite).tier == tier
    server.script(billed_at("default"))
    assert streaming.invoke(asked, lite).tier == "standard"


def test_text_is_given_as_it_comes():
    gathered = Gathered()
    pieces = (
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "A "}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "pump."}}},
        {"messageStop": {"stopReason": "end_turn"}},
    )
    assert list(gathered.texts(pieces)) == ["A ", "pump."]
    assert gathered.response() is None

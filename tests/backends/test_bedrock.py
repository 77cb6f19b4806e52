"""Amazon Nova over the real wire protocol, against a Bedrock on loopback."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.support.bedrock_server import billed_at, says, stopped, tool_input
from workbench.analysis.answers.answer import Answer
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.bedrock.wire import converse_call, read_tier
from workbench.errors import BadModelRequest, BadReply


def test_a_clip_is_answered_in_the_asked_for_form(nova, lite, question, server):
    reply = nova.invoke(question, lite)
    answer = Answer.model_validate(reply.data)
    assert [chapter.start_s for chapter in answer.chapters] == [0, 60, 120]
    assert {element.kind for element in answer.elements} == {"equipment", "object", "topic"}
    assert reply.stop_reason == "tool_use"
    assert reply.attempts == 1
    assert server.received == server.answered == 1


def test_a_picture_is_answered_in_the_asked_for_form(nova, lite, photo_question):
    reply = nova.invoke(photo_question, lite)
    assert "320 x 200" in Answer.model_validate(reply.data).summary
    assert reply.usage.images == 1


def test_media_go_first_words_last_and_the_form_travels_as_a_forced_tool(
    nova, lite, question, server
):
    nova.invoke(question, lite)
    (call,) = server.calls
    assert call.prompt == question.prompt
    assert call.system == question.system
    assert (call.tool, call.schema) == ("report", question.schema)
    assert call.temperature == 0
    assert call.max_tokens == 4000
    assert call.media[0].kind == "video"


def test_the_answer_is_never_asked_to_be_longer_than_the_model_allows(nova, lite, question, server):
    nova.invoke(replace(question, max_output_tokens=60_000), lite)
    assert server.calls[0].max_tokens == 5000


def test_every_active_nova_model_of_the_catalog_is_called_by_an_id_the_service_knows(
    server, catalog, question, photo_question
):
    for region in ("us-east-1", "eu-west-3", "ap-northeast-1"):
        nova = BedrockNova(region, server.url)
        for model in catalog.models("nova", {"video"}):
            if model.lifecycle == "active":
                nova.invoke(question, model)
                nova.invoke(photo_question, model)
        nova.invoke(replace(question, task="combine", media=()), catalog.get("micro"))
    assert server.refused == ()
    assert {call.model_id.split(".")[0] for call in server.calls} == {"global", "us", "eu", "apac"}


def test_the_id_that_was_called_is_kept_with_the_reply(server, catalog, question):
    nova = BedrockNova("eu-west-3", server.url)
    assert nova.invoke(question, catalog.get("pro")).model_id == "eu.amazon.nova-pro-v1:0"


def test_a_route_the_model_does_not_have_is_refused_before_sending(server, catalog, question):
    nova = BedrockNova("us-east-1", server.url, "jp")
    with pytest.raises(BadModelRequest, match="no route 'jp'") as caught:
        nova.invoke(question, catalog.get("pro"))
    assert "in-region" in caught.value.hint
    assert server.received == 0


def test_an_answer_in_the_wrong_form_is_put_right_without_sending_the_media_again(
    nova, lite, question, server
):
    server.script(tool_input({"summary": "A pump.", "chapters": [{"title": "Start"}]}))
    reply = nova.invoke(question, lite)
    first, second = server.calls
    assert second.media == ()
    assert "`chapters`[0] has no `start_s`" in second.prompt
    assert "A pump." in second.prompt
    assert second.input_tokens < first.input_tokens / 10
    assert reply.usage.input_tokens == first.input_tokens + second.input_tokens
    assert reply.attempts == 2
    Answer.model_validate(reply.data)


def test_an_answer_in_the_wrong_form_twice_is_a_bad_reply(nova, lite, question, server):
    server.always(tool_input({"summary": 5}))
    with pytest.raises(BadReply, match="twice gave an answer that is not in the agreed form"):
        nova.invoke(question, lite)
    assert server.received == 2


def test_json_in_words_is_taken_as_the_answer(nova, lite, question, server):
    schema = {"type": "object", "properties": {"summary": {"type": "string"}}}
    server.script(says('Here it is:\n```json\n{"summary": "A pump."}\n```'))
    reply = nova.invoke(replace(question, schema=schema), lite)
    assert reply.data == {"summary": "A pump."}
    assert server.received == 1


def test_words_without_json_are_sent_back_once(nova, lite, question, server):
    server.script(says("The clip shows a pump."))
    nova.invoke(question, lite)
    assert "The clip shows a pump." in server.calls[1].prompt


@pytest.mark.parametrize("given", ["not JSON at all", [], 7])
def test_malformed_tool_input_is_sent_back_once(nova, lite, question, server, given):
    server.script(tool_input(given))
    Answer.model_validate(nova.invoke(question, lite).data)
    assert server.received == 2


def test_an_answer_cut_at_the_token_limit_is_a_failure_not_a_result(nova, lite, question, server):
    server.script(stopped("max_tokens"))
    with pytest.raises(BadReply, match="cut short at the limit of 4000 tokens") as caught:
        nova.invoke(question, lite)
    assert "are billed" in caught.value.message
    assert "shorter chunks" in caught.value.hint
    assert server.received == 1


@pytest.mark.parametrize(
    "stop_reason",
    [
        "malformed_tool_use",
        "malformed_model_output",
        "content_filtered",
        "guardrail_intervened",
        "model_context_window_exceeded",
    ],
)
def test_a_stopped_answer_is_a_bad_reply(nova, lite, question, server, stop_reason):
    server.script(stopped(stop_reason))
    with pytest.raises(BadReply) as caught:
        nova.invoke(question, lite)
    assert caught.value.hint
    assert server.received == 1


def test_many_threads_share_one_backend(nova, lite, question, server):
    server.delay_s = 0.05
    together = threading.Barrier(4)

    def ask(_: int) -> str:
        together.wait(5)
        return nova.invoke(question, lite).model_id

    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(ask, range(4)))) == 4
    assert server.answered == 4
    assert server.most_at_once > 1


@pytest.mark.parametrize("tier", ["flex", "priority"])
def test_a_tier_is_asked_for_and_the_reply_tells_the_one_it_was_served_at(
    nova, lite, question, server, tier
):
    asked = replace(question, tier=tier)
    assert nova.invoke(asked, lite).tier == tier
    assert server.calls[-1].tier == tier
    server.script(billed_at("default"))
    assert nova.invoke(asked, lite).tier == "standard"


def test_the_standard_tier_is_not_mentioned(nova, lite, question, server):
    assert nova.invoke(question, lite).tier == "standard"
    call = converse_call(question, lite, "any")
    assert "serviceTier" not in call


def test_a_repair_is_asked_for_at_the_same_tier(nova, lite, question, server):
    server.script(tool_input({"nothing": 1}))
    nova.invoke(replace(question, tier="flex"), lite)
    assert [call.tier for call in server.calls] == ["flex", "flex"]


def test_a_reply_that_tells_no_tier_was_served_as_asked():
    assert read_tier({}, "flex") == "flex"
    assert read_tier({"serviceTier": {"type": "reserved"}}, "flex") == "standard"

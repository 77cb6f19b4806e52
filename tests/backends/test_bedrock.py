"""Amazon Nova over the real wire protocol, against a Bedrock on loopback."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.support.bedrock_server import billed_at, error, says, stopped, tool_input
from workbench.analysis.answers.answer import Answer
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.bedrock.wire import converse_call, read_tier
from workbench.backends.catalog.pricing import cost_of, video_tokens
from workbench.errors import (
    AccessDenied,
    BadModelRequest,
    BadReply,
    MediaMissing,
    NoCredentials,
    ServiceDown,
)


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


def test_usage_is_what_the_service_reports(nova, lite, question, server):
    reply = nova.invoke(question, lite)
    (call,) = server.calls
    assert reply.usage.input_tokens == call.input_tokens >= video_tokens(lite, 180)[0]
    assert reply.usage.output_tokens == call.output_tokens
    assert reply.usage.media_s == 180
    assert cost_of(reply.usage, lite, "us") > 0


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


def test_several_pictures_are_numbered(nova, catalog, photo_question, photo, part, server):
    asked = replace(photo_question, media=(part(photo),) * 3)
    reply = nova.invoke(asked, catalog.get("2_lite"))
    assert server.calls[0].texts[:3] == ("Image 1:", "Image 2:", "Image 3:")
    assert reply.usage.images == 3


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


@pytest.mark.parametrize(
    ("media", "says_what"),
    [
        (("clip", "clip"), "one video"),
        (("photo",) * 6, "takes 5 pictures"),
    ],
)
def test_too_many_media_are_refused_before_sending(
    nova, lite, question, clip, photo, part, server, media, says_what
):
    paths = {"clip": clip, "photo": photo}
    asked = replace(question, media=tuple(part(paths[name]) for name in media))
    with pytest.raises(BadModelRequest, match=says_what):
        nova.invoke(asked, lite)
    assert server.received == 0


def test_media_over_the_limit_are_refused_with_the_way_out(server, lite, question, tmp_path, part):
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.truncate(18_000_001)
    nova = BedrockNova("us-east-1", server.url)
    with pytest.raises(BadModelRequest, match=r"long\.mp4: 18\.0 MB") as caught:
        nova.invoke(replace(question, media=(part(path),)), lite)
    assert "shorter chunks" in caught.value.hint
    assert server.received == 0


def test_the_largest_media_we_send_fit_the_services_body(
    server, lite, question, clip, tmp_path, part
):
    path = tmp_path / "full.mp4"
    # What follows the last box of an MP4 is not read.
    path.write_bytes(clip.read_bytes().ljust(18_000_000, b"\0"))
    BedrockNova("us-east-1", server.url).invoke(replace(question, media=(part(path),)), lite)
    assert 24_000_000 < server.calls[0].body_bytes < 25_000_000


def test_a_model_without_eyes_is_not_sent_a_video(nova, catalog, question, server):
    with pytest.raises(BadModelRequest, match="Nova Micro takes no video"):
        nova.invoke(question, catalog.get("micro"))
    assert server.received == 0


def test_formats_are_given_the_services_names(nova, lite, photo_question, photo, part, server):
    nova.invoke(replace(photo_question, media=(part(photo, format="jpg"),)), lite)
    assert server.calls[0].media[0].format == "jpeg"


def test_a_format_the_service_does_not_read_is_refused(nova, lite, photo_question, photo, part):
    asked = replace(photo_question, media=(part(photo, format="tiff"),))
    with pytest.raises(BadModelRequest, match="no image of format 'tiff'"):
        nova.invoke(asked, lite)


def test_a_file_that_is_gone_says_so(nova, lite, question, tmp_path, part):
    asked = replace(question, media=(part(tmp_path / "gone.mp4"),))
    with pytest.raises(MediaMissing, match=r"gone\.mp4 cannot be read"):
        nova.invoke(asked, lite)


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


def test_without_credentials_nothing_is_sent(server, lite, question, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    nova = BedrockNova("us-east-1", server.url)
    ready = nova.readiness()
    assert (ready.name, ready.is_ready) == ("nova", False)
    assert "aws configure" in ready.hint
    with pytest.raises(NoCredentials):
        nova.invoke(question, lite)
    assert server.received == 0


def test_a_profile_that_does_not_exist_is_named(lite, question, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    nova = BedrockNova()
    assert "nobody" in nova.readiness().finding
    with pytest.raises(NoCredentials, match="nobody"):
        nova.invoke(question, lite)


def test_readiness_names_the_region_and_no_secret_and_calls_nobody(nova, server, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    ready = nova.readiness()
    assert ready.is_ready
    assert "us-east-1" in ready.finding
    assert "hush" not in f"{ready}"
    assert server.received == 0


def test_credentials_that_appear_later_are_found(monkeypatch, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setattr("workbench.backends.bedrock.converse.ASK_AGAIN_S", 0.0)
    nova = BedrockNova("us-east-1")
    assert not nova.readiness().is_ready
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    assert nova.readiness().is_ready


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


class Gate:
    """Lets everything pass, and writes down what it is asked and told."""

    def __init__(self) -> None:
        self.asked: list[int | None] = []
        self.settled: list[tuple[int, int]] = []

    def __call__(self, tokens=None):
        self.asked.append(tokens)
        number = len(self.asked)
        return lambda used: self.settled.append((number, used))


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

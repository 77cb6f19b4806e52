"""Any OpenAI-compatible server over the real wire protocol, against one on loopback."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.backends.conftest import Gate
from tests.support.openai_steps import answers, replies, says, without_usage
from workbench.analysis.answers.answer import Answer
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.usage import Usage
from workbench.errors import AnswerCut, BadModelRequest, BadReply, MediaMissing


def test_a_question_is_answered_by_a_forced_tool_call(openai, qwen, asked, openai_server):
    reply = openai.invoke(asked, qwen)
    assert Answer.model_validate(reply.data).chapters
    (call,) = openai_server.calls
    assert call.form == "tool"
    assert call.prompt == asked.prompt
    assert call.body["messages"][0] == {"role": "system", "content": asked.system}
    assert call.body["tools"][0]["function"]["parameters"] == asked.schema
    assert (call.body["max_tokens"], call.body["temperature"]) == (4000, 0)
    assert (reply.model_id, reply.attempts) == ("qwen3:8b", 1)


def test_usage_is_what_the_server_reports(openai, qwen, asked, openai_server):
    gate = Gate()
    reply = openai.invoke(asked, qwen, gate)
    (call,) = openai_server.calls
    used = Usage(input_tokens=call.input_tokens, output_tokens=call.output_tokens)
    assert reply.usage == used
    assert gate.asked == [None]
    assert gate.settled == [(1, call.input_tokens + call.output_tokens)]


def test_tokens_from_the_servers_cache_are_counted_apart(openai, qwen, asked, openai_server):
    message = {"role": "assistant", "content": '{"summary": "A pump."}'}
    usage = {
        "prompt_tokens": 100, "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 60},
    }  # fmt: skip
    openai_server.script(replies({"choices": [{"message": message}], "usage": usage}))
    schema = {"type": "object", "properties": {"summary": {"type": "string"}}}
    reply = openai.invoke(replace(asked, schema=schema), qwen)
    assert reply.usage == Usage(input_tokens=40, output_tokens=7, cached_tokens=60)


def test_what_a_server_does_not_count_is_counted_here(openai, qwen, asked, openai_server):
    openai_server.script(without_usage())
    usage = openai.invoke(asked, qwen).usage
    assert usage.input_tokens > len(asked.prompt) / 5
    assert usage.output_tokens > 50


@pytest.mark.parametrize("told", [{"prompt_tokens": -5}, {"prompt_tokens": "many"}, [], None, 7])
def test_counts_that_are_none_do_not_make_a_call_free(openai, qwen, asked, openai_server, told):
    message = {"content": '{"summary": "A pump."}'}
    openai_server.script(replies({"choices": [{"message": message}], "usage": told}))
    schema = {"type": "object", "properties": {"summary": {"type": "string"}}}
    usage = openai.invoke(replace(asked, schema=schema), qwen).usage
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0


def test_a_picture_is_sent_as_it_is(openai, qwen, photo_question, photo, part, openai_server):
    reply = openai.invoke(replace(photo_question, media=(part(photo),) * 2), qwen)
    (call,) = openai_server.calls
    assert [media.size_bytes for media in call.media] == [photo.stat().st_size] * 2
    assert [each.get("text") for each in call.body["messages"][1]["content"]] == [
        "Image 1:", None, "Image 2:", None, photo_question.prompt,
    ]  # fmt: skip
    assert "320 x 200" in Answer.model_validate(reply.data).summary
    assert reply.usage.images == 2


def test_what_the_model_does_not_take_is_refused_before_sending(
    openai, qwen, question, photo_question, photo, part, tmp_path, openai_server
):
    with pytest.raises(BadModelRequest, match="takes no video"):
        openai.invoke(question, qwen)
    for media, says_what in [
        ((part(photo),) * 6, "takes 5 pictures"),
        ((part(photo, format="tiff"),), "of format 'tiff'"),
    ]:
        with pytest.raises(BadModelRequest, match=says_what):
            openai.invoke(replace(photo_question, media=media), qwen)
    with pytest.raises(MediaMissing):
        openai.invoke(replace(photo_question, media=(part(tmp_path / "gone.jpg"),)), qwen)
    with pytest.raises(BadModelRequest, match="no tier 'flex'"):
        openai.invoke(replace(photo_question, tier="flex"), qwen)
    assert openai_server.received == 0


@pytest.mark.parametrize(
    ("refuses", "form"),
    [
        ({"named_tool"}, "any tool"),
        ({"tools"}, "schema"),
        ({"tools", "response_format"}, "words"),
        ({"max_tokens", "temperature"}, "tool"),
    ],
)
def test_a_server_is_asked_as_it_takes_it_and_that_is_remembered(
    openai, qwen, asked, openai_server, refuses, form
):
    openai_server.refuses = frozenset(refuses)
    reply = openai.invoke(asked, qwen)
    Answer.model_validate(reply.data)
    assert openai_server.calls[-1].form == form
    assert openai_server.answered == 1
    assert reply.attempts == openai_server.received == 1 + len(refuses)
    openai.invoke(asked, qwen)
    assert openai_server.received == 2 + len(refuses)
    assert {"max_tokens", "temperature"}.isdisjoint(
        set(openai_server.calls[-1].body) & frozenset(refuses)
    )


def test_what_is_asked_by_a_schema_or_in_words_shows_the_schema(openai, qwen, asked, openai_server):
    openai_server.refuses = frozenset({"tools"})
    openai.invoke(asked, qwen)
    words = openai_server.calls[-1].prompt
    assert words.startswith(asked.prompt)
    assert json.loads(words.rpartition("\n")[2]) == asked.schema


def test_a_server_that_does_not_force_a_forced_call_is_held_to_the_schema(
    openai, qwen, asked, openai_server
):
    openai_server.ignores_tools = True
    reply = openai.invoke(asked, qwen)
    assert [call.form for call in openai_server.calls] == ["tool", "schema"]
    assert reply.usage.input_tokens == sum(call.input_tokens for call in openai_server.calls)
    openai.invoke(asked, qwen)
    assert [call.form for call in openai_server.calls[2:]] == ["schema"]


def test_another_question_is_asked_the_firm_way_first(openai, qwen, asked, openai_server):
    openai_server.refuses = frozenset({"tools"})
    openai.invoke(asked, qwen)
    openai_server.refuses = frozenset()
    openai.invoke(replace(asked, schema_name="another"), qwen)
    assert openai_server.calls[-1].form == "tool"


def test_what_a_model_thinks_aloud_is_no_answer(openai, qwen, asked, openai_server):
    openai_server.script(says('<think>Perhaps {"summary": 5}?</think>\n{"summary": "A pump."}'))
    schema = {"type": "object", "properties": {"summary": {"type": "string"}}}
    reply = openai.invoke(replace(asked, schema=schema), qwen)
    assert reply.data == {"summary": "A pump."}
    assert reply.attempts == 1


@pytest.mark.parametrize("given", [{"summary": 5, "chapters": [{}]}, "no JSON at all", []])
def test_an_answer_in_the_wrong_form_is_put_right_once(openai, qwen, asked, openai_server, given):
    openai_server.script(answers(given))
    reply = openai.invoke(asked, qwen)
    Answer.model_validate(reply.data)
    assert reply.attempts == openai_server.received == 2
    assert "does not have the agreed form" in openai_server.calls[1].prompt


def test_pictures_are_not_sent_again_with_a_repair(openai, qwen, photo_question, openai_server):
    openai_server.script(answers({"summary": 5}))
    openai.invoke(photo_question, qwen)
    assert [len(call.media) for call in openai_server.calls] == [1, 0]


def test_an_answer_in_the_wrong_form_twice_is_a_bad_reply(openai, qwen, asked, openai_server):
    openai_server.always(answers({"summary": 5}))
    with pytest.raises(BadReply, match="Qwen 3 twice gave") as caught:
        openai.invoke(asked, qwen)
    calls = openai_server.calls
    assert len(calls) == 2
    assert caught.value.billed.output_tokens == sum(call.output_tokens for call in calls)


def test_an_answer_cut_at_its_length_is_no_result_and_says_what_it_cost(
    openai, qwen, asked, openai_server
):
    openai_server.script(says('{"summary": "It beg', "length"))
    with pytest.raises(AnswerCut, match="cut short") as caught:
        openai.invoke(asked, qwen)
    assert "max_output_tokens" in caught.value.hint
    assert caught.value.billed.input_tokens == openai_server.calls[0].input_tokens
    assert openai_server.received == 1


@pytest.mark.parametrize(
    ("step", "says_what"),
    [
        (says(None, "content_filter"), "content filter"),
        (says(None, refusal="I cannot help with that."), "refused to answer: I cannot help"),
        (says(None), "the answer is empty"),
        (says(""), "the answer is empty"),
    ],
)
def test_an_answer_that_is_none_is_a_bad_reply(openai, qwen, asked, openai_server, step, says_what):
    openai_server.script(step)
    with pytest.raises(BadReply, match=says_what) as caught:
        openai.invoke(asked, qwen)
    assert caught.value.billed.input_tokens > 0


def test_a_model_of_ones_own_has_the_price_that_its_file_gives_it(tmp_path, qwen):
    used = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    assert cost_of(used, qwen, "openai") is None
    path = tmp_path / "mine.toml"
    head = '[models.mine]\nname = "Mine"\nengine = "openai"\nmodel_id = "mine:1b"\n'
    head += 'accepts = ["text"]\nmax_output_tokens = 1000\n'
    row = '[[models.mine.prices]]\nroute = "openai"\nas_of = 2026-11-01\nsource = "mine"\n'
    for given, usd in [("0", Decimal(0)), ("1.5", Decimal(3))]:
        prices = f'input_usd_per_mtok = "{given}"\noutput_usd_per_mtok = "{given}"\n'
        path.write_text(head + row + prices)
        mine = load_catalog(path).get("mine")
        assert mine.ids == {"openai": "mine:1b"}
        assert cost_of(used, mine, "openai") == usd

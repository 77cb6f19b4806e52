"""Any OpenAI-compatible server over the real wire protocol, against one on loopback."""

import json
import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest

from tests.support.openai_server import (
    answers,
    cut,
    cut_in_reply,
    drips,
    fails,
    garbled,
    hang,
    replies,
    says,
    throttled,
    without_usage,
)
from workbench.analysis.answers.answer import Answer
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.openai.compatible import OpenAICompatible, require_address
from workbench.backends.usage import Usage
from workbench.errors import (
    AccessDenied,
    AnswerCut,
    BadModelRequest,
    BadReply,
    MediaMissing,
    NoCredentials,
    QuotaExceeded,
    ServiceDown,
    SettingsError,
    Throttled,
)

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def asked(question):
    """The question about the clip's words."""
    return replace(question, model="qwen", media=())


class Gate:
    """Counts sends, and hears what they used."""

    def __init__(self):
        self.asked, self.settled = [], []

    def __call__(self, tokens=None):
        self.asked.append(tokens)
        return self.settled.append


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
    assert gate.settled == [call.input_tokens + call.output_tokens]


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


def test_an_address_without_its_end_says_so(openai_server, qwen, asked):
    with pytest.raises(BadModelRequest, match="no /chat/completions at this address") as caught:
        OpenAICompatible(openai_server.url).invoke(asked, qwen)
    assert "/v1" in caught.value.hint


def test_an_address_that_leads_elsewhere_is_not_followed(openai, qwen, asked, openai_server):
    openai_server.script(fails(307, location="http://127.0.0.1:9/v1"))
    with pytest.raises(BadModelRequest, match=r"leads on to http://127\.0\.0\.1:9/v1"):
        openai.invoke(asked, qwen)
    assert openai_server.received == 1


def test_a_lost_reply_is_told_to_the_gate_and_a_refusal_is_not(openai, qwen, asked, openai_server):
    openai_server.script(cut(), throttled())
    gate = Gate()
    openai.invoke(asked, qwen, gate)
    assert gate.asked == [None] * 3
    assert gate.settled[0] is None
    assert len(gate.settled) == 2


@pytest.mark.parametrize("step", [hang(), drips()])
def test_a_server_that_does_not_finish_is_given_up(openai_server, qwen, asked, step):
    openai_server.script(step)
    openai = OpenAICompatible(openai_server.base_url, read_timeout_s=0.5)
    gate = Gate()
    with pytest.raises(ServiceDown, match="Timeout"):
        openai.invoke(asked, qwen, gate)
    assert openai_server.received == 1
    assert gate.settled == [None]


def test_a_reply_without_an_end_is_not_read_to_the_end(
    openai, qwen, asked, openai_server, monkeypatch
):
    monkeypatch.setattr("workbench.backends.openai.compatible.REPLY_LIMIT_BYTES", 100)
    with pytest.raises(ServiceDown, match="no chat completion"):
        openai.invoke(asked, qwen)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_nobody_there_is_said_with_how_to_start_it(closed_port, qwen, asked, sleeper):
    openai = OpenAICompatible(f"http://127.0.0.1:{closed_port}/v1", sleep=sleeper)
    gate = Gate()
    with pytest.raises(ServiceDown, match=f"127.0.0.1:{closed_port}") as caught:
        openai.invoke(asked, qwen, gate)
    assert "is Ollama running?" in caught.value.hint
    assert gate.settled == [0, 0, 0]
    ready = openai.readiness()
    assert not ready.is_ready
    assert "ollama serve" in ready.hint


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    openai, qwen, asked, closed_port, monkeypatch
):
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    assert openai.invoke(asked, qwen).attempts == 1


def test_without_an_address_nothing_can_be_asked(qwen, asked):
    openai = OpenAICompatible("")
    ready = openai.readiness()
    assert (ready.name, ready.is_ready) == ("openai", False)
    assert "WORKBENCH_OPENAI_BASE_URL" in ready.hint
    with pytest.raises(NoCredentials):
        openai.invoke(asked, qwen)


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:11434/v1", "ftp://127.0.0.1/v1", "http:///v1", "http://a:99999/v1", "http://a?b=c"],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(SettingsError, match="no address") as caught:
        require_address(url)
    assert url in caught.value.message
    assert "/v1" in caught.value.hint


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(SettingsError) as caught:
        OpenAICompatible("http://me:secret@127.0.0.1/v1")
    assert "secret" not in caught.value.message + caught.value.hint


def test_readiness_looks_once_and_is_free(openai, openai_server):
    assert openai.readiness().finding.endswith("answers and has 2 models.")
    assert openai.readiness().is_ready
    assert (openai_server.looks, openai_server.received) == (1, 0)


def test_a_server_elsewhere_is_not_looked_at(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ready = OpenAICompatible("https://models.example/v1").readiness()
    assert ready.is_ready
    assert "a key from OPENAI_API_KEY" in ready.finding
    assert KEY not in ready.finding
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "no key" in OpenAICompatible("https://models.example/v1").readiness().finding


def test_models_are_listed_by_the_servers_names(openai):
    assert openai.served_models() == ("gpt-x", "qwen3:8b")


def test_the_key_comes_from_the_environment_at_each_call(
    openai, qwen, asked, openai_server, monkeypatch
):
    openai_server.key = KEY
    with pytest.raises(NoCredentials) as caught:
        openai.invoke(asked, qwen)
    assert "OPENAI_API_KEY" in caught.value.hint
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    openai.invoke(asked, qwen)
    assert openai_server.calls[-1].authorization == f"Bearer {KEY}"
    assert KEY not in repr(vars(openai))


def test_the_key_is_in_no_log_and_no_error_even_if_the_server_repeats_it(
    openai, qwen, asked, openai_server, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    openai.invoke(asked, qwen)
    openai_server.key = "another"
    with pytest.raises(NoCredentials, match="Incorrect API key provided: Bearer …") as caught:
        openai.invoke(asked, qwen)
    assert KEY not in caplog.text + str(caught.value) + caught.value.hint


def test_the_key_is_not_sent_for_others_to_read(qwen, asked, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    openai = OpenAICompatible("http://models.example/v1")
    with pytest.raises(NoCredentials, match="others could read it") as caught:
        openai.invoke(asked, qwen)
    assert "https" in caught.value.hint
    assert not openai.readiness().is_ready


@pytest.mark.parametrize("key", ["sk-\nhidden", "sk-ключ", "sk hidden"])
def test_a_key_that_is_none_is_refused_without_repeating_it(
    openai, qwen, asked, openai_server, monkeypatch, key
):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(NoCredentials, match="holds letters that no key has") as caught:
        openai.invoke(asked, qwen)
    assert key not in caught.value.message
    assert openai_server.received == 0


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

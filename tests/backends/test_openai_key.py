"""The key of an OpenAI-compatible server is read at each call, and told to nobody else."""

import logging

import pytest

from workbench.backends.openai.compatible import OpenAICompatible
from workbench.errors import NoCredentials

KEY = "sk-test-0123456789abcdef"


def test_a_server_elsewhere_is_not_looked_at(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ready = OpenAICompatible("https://models.example/v1").readiness()
    assert ready.is_ready
    assert "a key from OPENAI_API_KEY" in ready.finding
    assert KEY not in ready.finding
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "no key" in OpenAICompatible("https://models.example/v1").readiness().finding


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

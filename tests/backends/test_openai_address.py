"""The address of an OpenAI-compatible server: what is one, and what is told of who is there."""

import socket

import pytest

from tests.backends.conftest import Gate
from tests.support.openai_steps import fails
from workbench.backends.openai.compatible import OpenAICompatible, require_address
from workbench.errors import BadModelRequest, NoCredentials, ServiceDown, SettingsError


def test_an_address_without_its_end_says_so(openai_server, qwen, asked):
    with pytest.raises(BadModelRequest, match="no /chat/completions at this address") as caught:
        OpenAICompatible(openai_server.url).invoke(asked, qwen)
    assert "/v1" in caught.value.hint


def test_an_address_that_leads_elsewhere_is_not_followed(openai, qwen, asked, openai_server):
    openai_server.script(fails(307, location="http://127.0.0.1:9/v1"))
    with pytest.raises(BadModelRequest, match=r"leads on to http://127\.0\.0\.1:9/v1"):
        openai.invoke(asked, qwen)
    assert openai_server.received == 1


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
    assert gate.settled == [(1, 0), (2, 0), (3, 0)]
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


def test_models_are_listed_by_the_servers_names(openai):
    assert openai.served_models() == ("gpt-x", "qwen3:8b")

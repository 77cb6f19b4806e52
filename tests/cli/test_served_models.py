"""`models --served`: what the user's own server has, and how to use it."""

import tomllib

import pytest

from tests.support.openai_server import OpenAIServer


@pytest.fixture
def openai_server(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with OpenAIServer() as running:
        monkeypatch.setenv("WORKBENCH_OPENAI_BASE_URL", running.base_url)
        yield running


def test_what_is_printed_can_be_copied_into_a_catalog_file(run, desk, openai_server, monkeypatch):
    done = run("models", "--served")
    assert done.code == 0
    assert [line.split() for line in done.out.splitlines()[1:] if "–" in line] == [
        ["gpt-x", "–"], ["qwen3:8b", "–"],
    ]  # fmt: skip
    block = done.out[done.out.index("[models.mine]") :]
    assert tomllib.loads(block)["models"]["mine"]["model_id"] == "gpt-x"
    (desk / "mine.toml").write_text(block)
    monkeypatch.setenv("WORKBENCH_CATALOG_FILE", str(desk / "mine.toml"))
    assert run("models", "--served", "--json").json == [
        {"model_id": "gpt-x", "key": "mine"}, {"model_id": "qwen3:8b", "key": None},
    ]  # fmt: skip
    (row,) = [line for line in run("models").out.splitlines() if line.startswith("mine")]
    assert "–" in row
    assert openai_server.received == 0


def test_without_an_address_it_says_which_setting_is_missing(run):
    done = run("models", "--served")
    assert done.code == 1
    assert "WORKBENCH_OPENAI_BASE_URL" in done.err


def test_the_documents_example_is_a_catalog_file(project, desk, run, monkeypatch):
    text = (project / "docs" / "openai.md").read_text()
    (desk / "models.toml").write_text(text.partition("```toml\n")[2].partition("```")[0])
    monkeypatch.setenv("WORKBENCH_CATALOG_FILE", str(desk / "models.toml"))
    (qwen,) = [model for model in run("models", "--json").json if model["key"] == "qwen"]
    assert (qwen["engine"], qwen["ids"]) == ("openai", {"openai": "qwen3:8b"})

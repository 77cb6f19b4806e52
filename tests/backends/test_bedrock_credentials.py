"""Whoever has no credentials is told so before anything is sent, and no secret is told."""

import pytest

from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.bedrock.session import open_session
from workbench.errors import NoCredentials


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


def test_sessions_share_the_descriptions_of_services_and_nothing_else(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    opened, keys = [], []
    for key in ("one", "other"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        opened.append(open_session())
        keys.append(opened[-1].get_credentials().access_key)
    assert keys == ["one", "other"]
    assert opened[0].get_credentials().access_key == "one"
    (loader,) = {session._session.get_component("data_loader") for session in opened}
    assert len(loader.search_paths) == len(set(loader.search_paths))
    assert opened[0].client("s3", "us-east-1").meta.service_model.service_name == "s3"

"""A workspace to ask questions in, whose Bedrock is on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer
from tests.workspace.conftest import environment
from workbench import Workspace
from workbench.backends.bedrock.converse import BedrockNova
from workbench.settings import load_settings


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Beats that were encoded for one film are those of the next: most films here are the same."""
    return tmp_path_factory.mktemp("film_parts")


@pytest.fixture
def workspace(
    server: BedrockServer, tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "film_parts").symlink_to(drawn)
    for name, value in environment(data_dir, server).items():
        monkeypatch.setenv(name, value)
    with Workspace.open(load_settings(data_dir=data_dir)) as opened:
        opened.nova = BedrockNova(
            endpoint_url=server.url, region="us-east-1", sleep=lambda seconds: None
        )
        yield opened

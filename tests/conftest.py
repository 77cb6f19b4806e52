"""What every test may use, and what no test may do: the network is loopback only."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.aws_control_server import AwsControlServer
    from tests.support.moto_s3 import S3Server
    from tests.support.postgres_server import PostgresServer
    from tests.support.rekognition_server import RekognitionServer

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith("WORKBENCH_")]:
    if not name.startswith("WORKBENCH_TEST_"):
        del os.environ[name]

PROJECT = Path(__file__).resolve().parent.parent

# Two shared cores: how long an example takes says nothing about the code.
settings.register_profile("ours", deadline=None)
settings.load_profile("ours")

_connect = socket.socket.connect


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    return host in {"localhost", "::1", "0.0.0.0", ""} or host.startswith("127.")


def _guarded_connect(self: socket.socket, address: object) -> None:
    if not _is_loopback(address):
        raise AssertionError(f"a test tried to reach {address}; only loopback is allowed")
    _connect(self, address)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that leaves this machine."""
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Weights and service models are read once in a process, not once a test."""
    from tests.support.read_once import read_service_models_once, share_embedder

    with pytest.MonkeyPatch.context() as patch:
        share_embedder(patch)
        read_service_models_once(patch)
        yield


@pytest.fixture(scope="session")
def project() -> Path:
    """The checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def media_dir() -> Path:
    """Real test files by others: `WORKBENCH_TEST_MEDIA`, else `../shared/media`."""
    named = os.environ.get("WORKBENCH_TEST_MEDIA")
    folder = Path(named) if named else PROJECT.parent / "shared" / "media"
    if not (folder / "video").is_dir():
        pytest.skip("no test media: put them in ../shared/media or set WORKBENCH_TEST_MEDIA")
    return folder


@pytest.fixture(scope="session")
def empty_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new catalog to copy: to make its tables takes longer than most tests of them."""
    from workbench.library.store import Store

    path = tmp_path_factory.mktemp("empty") / "app.db"
    Store.open(path).close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["PostgresServer"]:
    """A Postgres server of our own on loopback; tests of a team skip where none is installed."""
    from tests.support.postgres_server import PostgresServer
    from workbench.errors import NotInstalled

    try:
        server = PostgresServer()
    except NotInstalled as missing:
        pytest.skip(f"{missing}: {missing.hint}")
    with server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: "PostgresServer") -> Iterator[str]:
    """The address of a new, empty Postgres database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def fresh_postgres(postgres_server: "PostgresServer") -> Callable[[], str]:
    """A function that makes an empty Postgres database and gives its address."""
    return postgres_server.fresh_database


@pytest.fixture(scope="session")
def shared_s3() -> Iterator["S3Server"]:
    from tests.support.moto_s3 import S3Server

    with S3Server() as server:
        yield server


@pytest.fixture
def s3(shared_s3: "S3Server", monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Server"]:
    """S3 and STS on loopback with an empty bucket, set in the environment.

    Whatever a test has put there is looked over at its end: S3 refuses some of what moto takes.
    """
    for name, value in shared_s3.environment().items():
        monkeypatch.setenv(name, value)
    shared_s3.reset()
    yield shared_s3
    assert shared_s3.faults() == []


@pytest.fixture
def rekognition(s3: "S3Server", monkeypatch: pytest.MonkeyPatch) -> Iterator["RekognitionServer"]:
    """Rekognition on loopback whose jobs end at once, and a folder in S3 to stage files in.

    Ask for it before the workspace: a workspace reads its settings when it is opened.
    """
    from tests.support.rekognition_server import RekognitionServer

    with RekognitionServer(s3.read, looks=0, page_rows=1000) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("WORKBENCH_STAGING_URI", f"s3://{s3.bucket}/films")
        yield running


@pytest.fixture(scope="session")
def shared_control() -> Iterator["AwsControlServer"]:
    from tests.support.aws_control_server import AwsControlServer

    with AwsControlServer() as server:
        yield server


@pytest.fixture
def control(
    shared_control: "AwsControlServer", monkeypatch: pytest.MonkeyPatch
) -> "AwsControlServer":
    """An account on loopback that agrees with the catalog, set in the environment."""
    for name, value in shared_control.environment().items():
        monkeypatch.setenv(name, value)
    shared_control.reset()
    return shared_control

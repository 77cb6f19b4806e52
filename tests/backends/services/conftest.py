"""Shared by the tests of services beside Bedrock: one server and one opened client for a module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.moto_s3 import S3Server
from workbench.backends.staging.folder import Staging


@dataclass
class Desk:
    """A service on loopback, a client of ours, and the waits that it took part in."""

    server: Any
    backend: Any = None
    waits: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def open_desk(shared_s3: S3Server) -> Callable[..., Any]:
    """A function that opens a server and a client: opening one takes longer than a test."""

    @contextmanager
    def opened(server: Any, make: Callable[..., Any]) -> Iterator[Desk]:
        with server, pytest.MonkeyPatch.context() as patch:
            for name, value in (shared_s3.environment() | server.environment()).items():
                patch.setenv(name, value)
            desk = Desk(server)
            desk.backend = make(sleep=desk.waits.append, jitter=lambda: 1.0)
            yield desk

    return opened


@pytest.fixture(scope="module")
def staging(shared_s3: S3Server) -> Staging:
    """The folder in S3; opened in the environment of the module's desk."""
    return Staging(f"s3://{shared_s3.bucket}/films")


@pytest.fixture
def server(desk: Desk, s3: S3Server) -> Any:
    """The module's server, with an empty log and no script."""
    desk.server.reset()
    desk.waits.clear()
    return desk.server


@pytest.fixture
def waits(desk: Desk) -> list[float]:
    return desk.waits


@pytest.fixture
def backend(desk: Desk, server: Any) -> Any:
    return desk.backend

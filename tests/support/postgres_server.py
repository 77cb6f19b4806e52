"""A Postgres server for tests: fast, on loopback, with a fresh database for each test.

with PostgresServer() as server:
    with server.database() as url: ...
    server.stop()                        # an outage
    server.start()
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import psycopg
from sqlalchemy.engine import make_url

from workbench.jobs.team.postgres import LocalPostgres, find_programs

# What was committed outlives the server's end, not a power failure; no test outlives one either.
FAST = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer:
    """The server; its folder is gone with it."""

    def __init__(self) -> None:
        find_programs()
        # pytest's folders are closed to other accounts, and as root the server runs as another.
        self._folder = Path(tempfile.mkdtemp(prefix="nova-postgres-"))
        self._server = LocalPostgres(self._folder, settings={**FAST, "max_connections": "200"})
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Let clients in, at the same address as before."""
        self._server.start()

    def stop(self, *, at_once: bool = False) -> None:
        """Cut everybody off."""
        self._server.stop(at_once=at_once)

    def fresh_database(self) -> str:
        """The address of a new, empty database, which is gone with the server."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return self._server.url(name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a new, empty database, which is gone afterwards."""
        url = self.fresh_database()
        try:
            yield url
        finally:
            self._server.start()
            self._execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server.url(), autocommit=True) as connection:
            connection.execute(statement)

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(at_once=True)
        shutil.rmtree(self._folder, ignore_errors=True)

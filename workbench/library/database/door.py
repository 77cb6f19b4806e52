"""One door to the catalog's file or server: short transactions, and errors a person can act on.

Several processes use one SQLite file at the same time. It is in WAL mode, so readers never wait;
a writer takes the lock when its transaction begins, so it waits its turn instead of failing half
way. Keep transactions short: nothing slow happens between `begin` and the end of the block.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.schema import Table

from workbench.errors import (
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    LibraryGone,
    NotInstalled,
    SettingsError,
)
from workbench.library.database.errors import known
from workbench.library.database.tables import HEAD, revisions

Part = Literal["catalog", "jobs", "moments"]
"""What a write touches: media and results, jobs, or what is searched."""

BUSY_S = 20.0
"""How long a writer waits for its turn before the library counts as busy."""

RESTING_S = 30.0
"""A process that stops in mid-transaction keeps what it locked for so long; then the server of a
team ends its transaction, and the others go on."""

RETRY_S = 0.5
"""Pause between two tries to reach a server that is gone."""

REACH: dict[str, str | int] = {
    "connect_timeout": 10,
    # A machine that vanished sends nothing, not even an error: noticed after a minute at most.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How long Postgres may be silent, in the words of its driver; an address may say otherwise."""

MIGRATION_LOCK = 706_112_081
"""Any number of our own: the advisory lock under which a Postgres catalog is migrated."""

log = logging.getLogger(__name__)
_migrating = threading.Lock()


def catalog_url(url_or_path: str | Path) -> URL:
    """Turn a path, or a database address as people write it, into SQLAlchemy's form.

    Raises:
        SettingsError: The address cannot be read, or names a database that is not supported.

    Example:
        >>> str(catalog_url("postgres://ann@db/nova"))
        'postgresql+psycopg://ann@db/nova'
        >>> catalog_url("/data/app.db").database
        '/data/app.db'
    """
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return URL.create("sqlite", database=str(Path(url_or_path).expanduser().absolute()))
    try:
        url = make_url(url_or_path)
    except ArgumentError:
        raise SettingsError(
            "the database address cannot be read",
            hint="write it as postgresql://user:password@host/name, or leave it empty",
        ) from None
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        if not url.database:
            raise SettingsError(
                "the database address names no database",
                hint="write it as postgresql://user:password@host/name",
            )
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError(
            f"a {url.get_backend_name()} database is not supported",
            hint="use postgresql://user:password@host/name, or leave it empty for SQLite",
        )
    return url


class Database:
    """An open catalog at the newest migration; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.patience_s = 0.0
        """How long a transaction waits for a server that is gone before it fails, in seconds."""
        # Without the rest of the address, which may hold a password in more than one place.
        self.name = f"the database {engine.url.database} on {engine.url.host or 'this machine'}"
        if engine.dialect.name == "sqlite":
            self.name = Path(engine.url.database or "").name

    @classmethod
    def open(cls, url_or_path: str | Path, *, busy_s: float = BUSY_S) -> "Database":
        """Open the catalog, make it if it is new, and bring its tables up to date.

        Args:
            url_or_path: A SQLite file, or a Postgres address.
            busy_s: Seconds a writer waits for its turn, more than 0.

        Raises:
            LibraryDamaged: The file is no catalog, is damaged, or is from a newer version.
            LibraryBusy: Another process kept it locked.
            LibraryGone: Its server cannot be reached.
            LibraryError: It cannot be written.
            SettingsError: The address cannot be used.
            NotInstalled: The driver for Postgres is missing.
        """
        url = catalog_url(url_or_path)
        try:
            if url.get_backend_name() == "sqlite":
                _make_folder(Path(url.database or ""))
                engine = create_engine(url, connect_args={"timeout": busy_s})
                _use_wal(engine, busy_s)
            else:
                reach = {name: value for name, value in REACH.items() if name not in url.query}
                # A connection that broke meanwhile is noticed before it is used, and replaced.
                engine = create_engine(url, pool_pre_ping=True, connect_args=reach)
                _wait_no_longer(engine, busy_s)
        except (NoSuchModuleError, ModuleNotFoundError):
            raise NotInstalled(
                "the driver for a Postgres catalog is not installed",
                hint="pip install 'nova-workbench[team]'",
            ) from None
        database = cls(engine)
        try:
            database._migrate()
        except BaseException:
            engine.dispose()
            raise
        return database

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: everything in it is seen at one moment."""
        with self._told(), self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *parts: Part) -> Iterator[Connection]:
        """A transaction that writes all or nothing, and moves the revision of its parts."""
        with self._told(), self._begun_to_write() as connection:
            yield connection
            if not parts:
                return
            # Last, so that on Postgres the counter's row is locked for a moment only.
            moved = update(revisions).where(revisions.c.part.in_(parts))
            connection.execute(moved.values(value=revisions.c.value + 1))

    def revision(self, part: Part | None = None) -> int:
        """A number that is another after every write to `part`, or to anything."""
        with self.reading() as connection:
            rows = connection.execute(select(revisions.c.part, revisions.c.value))
            return sum(value for name, value in rows if part in (None, name))

    @staticmethod
    def now_s(connection: Connection) -> float:
        """Seconds since 1970 by the one clock that all processes share: the database's."""
        return Database.clock_s(connection)[0]

    @staticmethod
    def clock_s(connection: Connection) -> tuple[float, float]:
        """This moment, and since when others could be heard: nobody is silent while it is down.

        Returns:
            Both in seconds since 1970, by the database's clock.
        """
        if connection.dialect.name == "sqlite":
            return time.time(), 0.0
        epochs = (
            "extract(epoch FROM clock_timestamp()), extract(epoch FROM pg_postmaster_start_time())"
        )
        now_s, started_s = connection.execute(text(f"SELECT {epochs}")).one()
        return float(now_s), float(started_s)

    def insert(self, table: Table) -> Any:
        """The dialect's own insert, which knows `on_conflict_do_…`."""
        if self._engine.dialect.name == "sqlite":
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)

    def upsert(self, table: Table) -> Any:
        """An insert that replaces the row with the same primary key."""
        insert = self.insert(table)
        keys = [column.name for column in table.primary_key]
        others = {c.name: insert.excluded[c.name] for c in table.columns if not c.primary_key}
        return insert.on_conflict_do_update(index_elements=keys, set_=others)

    @contextmanager
    def _begun_to_write(self) -> Iterator[Connection]:
        with self._connected(is_writing=True) as connection, connection.begin():
            yield connection

    def _connected(self, *, is_writing: bool = False) -> Connection:
        """A connection that works at this moment.

        Nothing was done on it yet, so this is where an outage of the server can be waited for.
        """
        engine = self._engine.execution_options(is_writing=is_writing)
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                return engine.connect()
            except DBAPIError as error:
                gone = isinstance(known(error, self.name), LibraryGone)
                if not gone or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_S)

    def _migrate(self) -> None:
        """Run the steps that are missing, in one transaction, one process at a time."""
        with self.reading() as connection:
            if _version(connection) == HEAD:
                return
        with _migrating, self._told(), self._begun_to_write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            found = _version(connection)
            if found == HEAD:
                return  # another process did it while we waited
            self._refuse_strangers(connection, found)
            self._run_steps(connection)

    def _refuse_strangers(self, connection: Connection, found: str) -> None:
        others = set(inspect(connection).get_table_names()) - {"alembic_version"}
        if others and not found:
            raise LibraryDamaged(
                f"{self.name} is a database of another program",
                hint="choose another data folder with WORKBENCH_DATA_DIR",
            )

    def _run_steps(self, connection: Connection) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        logging.getLogger("alembic").setLevel(logging.WARNING)
        config = Config()
        config.set_main_option("script_location", "workbench.library:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise LibraryDamaged(
                f"{self.name} was written by a newer version of Nova Workbench",
                hint="update Nova Workbench, or choose another data folder with WORKBENCH_DATA_DIR",
            ) from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the driver's errors into ours."""
        try:
            yield
        except DBAPIError as error:
            ours = known(error, self.name)
            if ours is None:
                raise
            raise ours from error
        except NoneFree as error:
            raise LibraryBusy(
                f"{self.name} has no connection free in this process",
                hint="wait a moment; if it stays, start the process again",
            ) from error


def _version(connection: Connection) -> str:
    """The migration the catalog is at; empty when it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(
            f"the folder {path.parent} cannot be made: {error.strerror}",
            hint="choose another data folder with WORKBENCH_DATA_DIR",
        ) from error


def _use_wal(engine: Engine, busy_s: float) -> None:
    """Set up every connection, and let a transaction say at its start whether it writes."""

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, record: object) -> None:
        del record
        # The driver must not open transactions behind our back; `begin` below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
        # Changing to WAL asks for the file alone, and does not wait as other statements do.
        deadline = time.monotonic() + busy_s
        while cursor.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
            if _is_strangers(cursor):
                break  # it will be refused, and left as it is
            try:
                if cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                    log.warning("this disk cannot hold a WAL; use the library from one process")
                    break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns writer cannot wait for its turn; a writer says so at once.
        writes = connection.get_execution_options().get("is_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_strangers(cursor: sqlite3.Cursor) -> bool:
    """Has another program made this database?"""
    found = cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return bool(found) and ("alembic_version",) not in found


def _wait_no_longer(engine: Engine, busy_s: float) -> None:
    """Let a server's session wait for locks as SQLite does, and not rest in mid-transaction."""

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        del record
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(1000 * busy_s)}")
            cursor.execute(f"SET idle_in_transaction_session_timeout = {int(1000 * RESTING_S)}")
        connection.commit()

"""The queue's own database, beside the catalog: SQLite in the data folder, or a team's Postgres.

DBOS opens SQLite with a rollback journal, which is ten times slower here, and its client does not
make the tables. So the engine is ours (WAL, synchronous NORMAL) and tables are made before use.
"""

import logging
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from workbench.errors import DiskFull, JobError, LibraryBusy, LibraryDamaged

if TYPE_CHECKING:
    from dbos import DBOSClient, DBOSConfig

FILE_NAME = "jobs.db"

APPLICATION = "nova-workbench"

VERSION = "2"
"""Version of the workflows' steps. Jobs of another version are left alone, so change it only when
the order of steps changes; DBOS would otherwise take a hash of the source."""

BUSY_MS = 30_000
"""How long a writer waits for others before it fails, in milliseconds."""

SAME_S = 60.0
"""A warning of DBOS is not repeated within so many seconds."""

BEGINNING = 48
"""Letters by which a warning is told from others: what was wrong, without the details."""

KNOWS_SUBSEC = (3, 42)
"""SQLite's first version with `unixepoch('subsec')`. On Python 3.12 and later DBOS takes it for
granted, but Python uses the system's SQLite, and Debian 12 has 3.40."""


def queue_file(data_dir: Path) -> Path:
    """The SQLite file of the queue."""
    return data_dir / FILE_NAME


def queue_engine(data_dir: Path) -> Engine:
    """An engine on the queue's SQLite file, made for many small commits by several processes."""
    engine = create_engine(URL.create("sqlite", database=str(queue_file(data_dir))), pool_size=10)

    @event.listens_for(engine, "connect")
    def tune(connection: Any, _: Any) -> None:
        # A writer takes the lock when it begins, so two writers wait instead of failing half way.
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if sqlite3.sqlite_version_info < KNOWS_SUBSEC:
            connection.create_function("unixepoch", -1, _unixepoch)

    return engine


def _unixepoch(*arguments: str) -> float | None:
    """SQLite's `unixepoch('subsec')`, the only form DBOS uses."""
    return time.time() if arguments == ("subsec",) else None


def queue_config(data_dir: Path, database_url: str, executor_id: str) -> "DBOSConfig":
    """How a worker is set up."""
    from dbos import DBOSPortableJSONSerializer

    quiet_dbos()
    config: DBOSConfig = {
        "name": APPLICATION,
        "application_version": VERSION,
        "executor_id": executor_id,
        # The default is pickle: a shared database must not be a way to run code.
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    if database_url:
        config["system_database_url"] = _postgres(database_url)
    else:
        config["system_database_engine"] = queue_engine(data_dir)
    return config


def open_client(data_dir: Path, database_url: str) -> "DBOSClient":
    """A client of the queue, with its tables made if they are not there.

    Raises:
        JobError: The database cannot be reached or written.
        LibraryBusy: Another process keeps the file locked.
        LibraryDamaged: The file is no database, or is from a newer version.
        DiskFull: There is no room.
    """
    from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

    quiet_dbos()
    serializer = DBOSPortableJSONSerializer()
    engine: Engine | None = None
    try:
        if database_url:
            url = _postgres(database_url)
            DBOS.migrate(url)
            return DBOSClient(
                system_database_url=url, serializer=serializer, application_name=APPLICATION
            )
        data_dir.mkdir(parents=True, exist_ok=True)
        engine = queue_engine(data_dir)
        client = DBOSClient(
            system_database_engine=engine, serializer=serializer, application_name=APPLICATION
        )
        _refuse_newer(engine, queue_file(data_dir))
        # The public `DBOS.migrate` takes an address only and opens the file its own way.
        client._sys_db.run_migrations()  # noqa: SLF001
    except BaseException as error:
        if engine is not None:
            engine.dispose()
        if isinstance(error, DBAPIError | OSError):
            raise queue_error(error, queue_file(data_dir)) from error
        raise
    return client


def _refuse_newer(engine: Engine, path: Path) -> None:
    from dbos._migration import get_sqlite_migration_versions

    found, known = get_sqlite_migration_versions(engine)
    if found > known:
        raise LibraryDamaged(
            f"the job queue {path} was written by a newer version of DBOS",
            hint="update Nova Workbench; or move the file away, its jobs are in the catalog too",
        )


def queue_error(
    error: DBAPIError | OSError, path: Path
) -> JobError | LibraryBusy | LibraryDamaged | DiskFull:
    """Turn a failure of the database into one a person can act on."""
    said = str(getattr(error, "orig", error))
    if "is locked" in said:
        return LibraryBusy(
            f"the job queue {path} is locked by another process",
            hint="wait a moment; if it stays, close other programs that use this data folder",
        )
    if "not a database" in said or "malformed" in said:
        return LibraryDamaged(
            f"the job queue {path} is damaged: {said}",
            hint="move the file away and start again; the library and its results are not in it",
        )
    if "full" in said or "No space left" in said:
        return DiskFull("there is no room for the job queue", hint=f"free space in {path.parent}")
    return JobError(
        f"the job queue cannot be used: {said}",
        hint=f"check that {path.parent} is a folder you may write to",
    )


def quiet_dbos() -> None:
    """Let DBOS write into the log of this process, and only what is news to somebody."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(each, _News) for each in logger.filters):
        logger.addFilter(_News())
        # It makes a handler of its own, with lines of its own form, unless it has one.
        logger.addHandler(logging.NullHandler())


class _News(logging.Filter):
    """Holds back that a job was cancelled, which is no error, and warnings that repeat.

    While its database is away, every queue says so twice a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        kind = record.exc_info[0] if record.exc_info else None
        if (kind is not None and "Cancelled" in kind.__name__) or "cancelled" in message.lower():
            return False
        beginning, now = message[:BEGINNING], time.monotonic()
        if record.levelno > logging.WARNING or now - self._told.get(beginning, -SAME_S) >= SAME_S:
            self._told[beginning] = now
            return True
        return False


def _postgres(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1).replace(
        "postgresql+psycopg://", "postgresql://", 1
    )

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

from workbench.errors import DiskFull, JobError, LibraryDamaged

if TYPE_CHECKING:
    from dbos import DBOSClient, DBOSConfig

FILE_NAME = "jobs.db"

APPLICATION = "nova-workbench"

VERSION = "1"
"""Version of the workflows' steps. Jobs of another version are left alone, so change it only when
the order of steps changes; DBOS would otherwise take a hash of the source."""

BUSY_MS = 30_000
"""How long a writer waits for others before it fails, in milliseconds."""

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
        LibraryDamaged: The file is no database.
        DiskFull: There is no room.
    """
    from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

    quiet_dbos()
    serializer = DBOSPortableJSONSerializer()
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
        # The public `DBOS.migrate` takes an address only and opens the file its own way.
        client._sys_db.run_migrations()  # noqa: SLF001
    except (DBAPIError, OSError) as error:
        raise queue_error(error, queue_file(data_dir)) from error
    return client


def queue_error(error: DBAPIError | OSError, path: Path) -> JobError | LibraryDamaged | DiskFull:
    """Turn a failure of the database into one a person can act on."""
    said = str(getattr(error, "orig", error))
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
    """Keep DBOS's notes and the traceback it logs for every cancelled job out of our logs."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(each, _Uncancelled) for each in logger.filters):
        logger.addFilter(_Uncancelled())


class _Uncancelled(logging.Filter):
    """Lets everything through but the news that a job was cancelled, which is no error."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.exc_info[0] if record.exc_info else None
        is_cancel = kind is not None and "Cancelled" in kind.__name__
        return not (is_cancel or "cancelled" in record.getMessage().lower())


def _postgres(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1).replace(
        "postgresql+psycopg://", "postgresql://", 1
    )

"""Dump a team's catalog and queue with the programs of Postgres, and load such a dump.

Both are of one moment: the dump is made at a snapshot in which the rows were counted. Passwords go
to the programs by their environment, never by a command line that others can read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from workbench.errors import DiskFull, LibraryDamaged, LibraryError, NotInstalled
from workbench.library.database.door import catalog_url
from workbench.library.database.errors import known

SCHEMAS = ("public", "dbos")
"""The catalog's tables and the queue's."""

HOW_TO_INSTALL = (
    "install the client programs of Postgres, not older than the server: "
    "sudo apt-get install postgresql-client"
)

_TABLES = text(
    "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(:schemas) ORDER BY 1, 2"
)


def dump_catalog(database_url: str, target: Path) -> dict[str, int]:
    """Write a team's catalog and queue into a file, while others use them.

    Args:
        database_url: The database.
        target: A file that is not there yet.

    Returns:
        Table → its rows at the moment of the dump.

    Raises:
        NotInstalled: There is no `pg_dump`.
        LibraryError: The server cannot be reached, or the dump fails.
        DiskFull: There is no room.
    """
    program = _program("pg_dump")
    with _connected(database_url) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        rows = _row_counts(connection)
        schemas = sorted({table.partition(".")[0] for table in rows})
        # Not compressed: the archive does that.
        words = ["--format=custom", "--compress=0", f"--snapshot={snapshot}", f"--file={target}"]
        _run(program, [*words, *(f"--schema={name}" for name in schemas)], database_url)
    return rows


def check_dump(path: Path, rows: dict[str, int]) -> None:
    """Read a dump from one end to the other and count its rows.

    Raises:
        NotInstalled: There is no `pg_restore`.
        LibraryDamaged: It cannot be read, or rows are missing.
    """
    command = [_program("pg_restore"), "--data-only", "--file=-", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        found = _rows_in(reading.stdout) if reading.stdout else {}
        said = reading.stderr.read() if reading.stderr else b""
    if reading.returncode:
        raise LibraryDamaged(
            f"the dump of the catalog cannot be read: {_last_line(said)}",
            hint="make or use another backup",
        )
    if found != rows:
        wrong = min(set(found.items()) ^ set(rows.items()))[0]
        raise LibraryDamaged(
            f"the dump has {found.get(wrong, 0)} rows in {wrong} instead of {rows.get(wrong, 0)}",
            hint="make or use another backup",
        )


def load_dump(database_url: str, path: Path, *, aside: str) -> list[str]:
    """Load a dump; what the database had is kept aside under other names.

    Args:
        database_url: The database.
        path: The dump, checked.
        aside: Ending of the names that schemas which are there get.

    Returns:
        The new names of the schemas that were there.

    Raises:
        LibraryError: It cannot be loaded; the database is as it was.
    """
    program = _program("pg_restore")
    listed = subprocess.run([program, "--list", str(path)], capture_output=True, check=False)
    # The schemas are made here, so that a dump goes into a database with or without them.
    wanted = [line for line in listed.stdout.splitlines() if b" SCHEMA - " not in line]
    contents = path.with_suffix(".list")
    contents.write_bytes(b"\n".join(wanted) + b"\n")
    moved = _make_way(database_url, aside)
    try:
        words = ["--exit-on-error", "--single-transaction", f"--use-list={contents}", str(path)]
        _run(program, words, database_url)
    except BaseException:
        give_way_back(database_url, moved)
        raise
    finally:
        contents.unlink(missing_ok=True)
    return moved


def has_tables(database_url: str) -> bool:
    """Is anything in the schemas of the database?"""
    with _connected(database_url) as connection:
        found = connection.execute(_TABLES, {"schemas": list(SCHEMAS)})
        return found.first() is not None


def give_way_back(database_url: str, moved: list[str]) -> None:
    """Put the schemas that were kept aside into their place again."""
    with _connected(database_url) as connection:
        for name in SCHEMAS:
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'))
        for kept in moved:
            name = kept.partition("_")[0]
            connection.execute(text(f'ALTER SCHEMA "{kept}" RENAME TO "{name}"'))
        if not any(kept.startswith("public_") for kept in moved):
            connection.execute(text("CREATE SCHEMA public"))


def _make_way(database_url: str, aside: str) -> list[str]:
    moved = []
    with _connected(database_url) as connection:
        for name in SCHEMAS:
            there = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
            if connection.execute(there, {"name": name}).first():
                full = connection.execute(_TABLES, {"schemas": [name]}).first() is not None
                if not full:
                    continue
                moved.append(f"{name}_{aside}")
                connection.execute(text(f'ALTER SCHEMA "{name}" RENAME TO "{moved[-1]}"'))
            connection.execute(text(f'CREATE SCHEMA "{name}"'))
    return moved


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    """A transaction; nothing else needs the database."""
    url = catalog_url(database_url)
    name = url.render_as_string(hide_password=True)
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            yield connection
    except DBAPIError as error:
        ours = known(error, name)
        raise ours or LibraryError(
            f"{name} cannot be used: {str(error.orig).splitlines()[0]}",
            hint="the user of the database has to own it",
        ) from error
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    try:
        return create_engine(url)
    except ModuleNotFoundError:
        raise NotInstalled(
            "the driver for a Postgres catalog is not installed",
            hint="pip install 'nova-workbench[team]'",
        ) from None


def _row_counts(connection: Connection) -> dict[str, int]:
    tables = connection.execute(_TABLES, {"schemas": list(SCHEMAS)}).all()
    return {
        f"{schema}.{table}": connection.execute(
            text(f'SELECT count(*) FROM "{schema}"."{table}"')  # noqa: S608 - names of tables
        ).scalar_one()
        for schema, table in tables
    }


def _rows_in(lines: IO[bytes]) -> dict[str, int]:
    """Count the rows of each table in the text of a dump."""
    found: dict[str, int] = {}
    table = ""
    for line in lines:
        if table:
            if line == b"\\.\n":
                table = ""
            else:
                found[table] += 1
        elif match := re.match(rb"COPY (\S+) \(.*FROM stdin;$", line.rstrip()):
            table = match[1].decode().replace('"', "")
            found[table] = 0
    return found


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotInstalled(f"{name} is not installed", hint=HOW_TO_INSTALL)
    return found


def _run(program: str, words: list[str], database_url: str) -> None:
    url = catalog_url(database_url)
    plain = url.set(drivername="postgresql", password=None)
    address = plain.render_as_string(hide_password=False)
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    name = Path(program).name
    done = subprocess.run(
        [program, "--no-owner", "--no-privileges", "--no-password", f"--dbname={address}", *words],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = _last_line(done.stderr)
    if done.returncode and "No space left" in said:
        raise DiskFull(f"{name} found no room: {said}", hint="free some space, then try again")
    if done.returncode:
        raise LibraryError(f"{name} failed: {said}", hint=HOW_TO_INSTALL)


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"

"""Copy a SQLite file that is in use, and prove that the copy is whole.

The copy is of one moment, however many processes write meanwhile: all of it is read in a single
transaction, so nobody has to wait and no write makes it begin again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from workbench.errors import DiskFull, LibraryDamaged, LibraryError
from workbench.library.database.door import BUSY_S
from workbench.library.database.errors import known
from workbench.progress import Progress, silent

PAGES = 2_000
"""Pages copied between two words of progress: 8 MB."""


def copy_database(source: Path, target: Path, progress: Progress = silent) -> dict[str, int]:
    """Copy a database that others read and write at the same time.

    Args:
        source: The live file.
        target: A file that is not there yet; nothing is left of it when this fails.
        progress: Told pages done and pages in all.

    Returns:
        Table → its rows at the moment of the copy.

    Raises:
        LibraryDamaged: The file is no database, or is damaged.
        LibraryBusy: Another process keeps it locked.
        DiskFull: There is no room for the copy.
    """

    def tell(_: int, remaining: int, total: int) -> None:
        progress(total - remaining, total, f"copying {source.name}")

    try:
        with _opened(source, source.name) as live, _opened(target, source.name, "rwc") as copy:
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            live.execute("BEGIN")
            # The first read fixes the moment; while it lasts, a write of others starts nothing anew.
            rows = _row_counts(live)
            live.backup(copy, pages=PAGES, progress=tell, sleep=0)
            live.execute("ROLLBACK")
            # Its own journal would be files beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return rows


def check_copy(path: Path, rows: dict[str, int], name: str) -> None:
    """See that a copy is whole and has all its rows.

    Args:
        path: The copy.
        rows: Table → how many rows it has to have.
        name: What to call it.

    Raises:
        LibraryDamaged: It is not.
    """
    if faults := file_faults(path, name, deep=True):
        raise LibraryDamaged(
            f"{name} is damaged: {faults[0]}",
            hint="`workbench doctor --deep` says more; restore the last good backup",
        )
    with _opened(path, name) as copy:
        found = _row_counts(copy)
    if found != rows:
        wrong = min(set(found.items()) ^ set(rows.items()))[0]
        raise LibraryDamaged(
            f"{name} has {found.get(wrong, 0)} rows in {wrong} instead of {rows.get(wrong, 0)}",
            hint="make or use another backup",
        )


def file_faults(path: Path, name: str, *, deep: bool = False) -> list[str]:
    """What is wrong with a database file; empty when nothing is.

    Args:
        path: The file; others may be using it.
        name: What to call it.
        deep: Compare every index with its table too.

    Raises:
        LibraryDamaged: It is so damaged that it cannot be checked.
    """
    check = "integrity_check" if deep else "quick_check"
    with _opened(path, name) as file:
        lines = [line for (line,) in file.execute(f"PRAGMA {check}(3)") if line != "ok"]
    return [line.splitlines()[-1] for line in lines]


@contextmanager
def _opened(path: Path, name: str, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    # `as_uri` quotes what a name may hold. Not `ro`: a journal a crash left has to be played back.
    address = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with closing(
            sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_S)
        ) as opened:
            yield opened
    except sqlite3.Error as error:
        raise _told(error, name) from error


def _told(error: sqlite3.Error, name: str) -> LibraryError | DiskFull:
    """Our error for what SQLite said."""
    ours = known(DBAPIError(None, None, error), name)
    return ours or LibraryError(f"{name} cannot be copied: {error}", hint="check the disk it is on")


def _row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    names = [name for (name,) in connection.execute(query).fetchall()]
    return {name: _count(connection, name) for name in names}


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = '"' + table.replace('"', '""') + '"'
    query = f"SELECT count(*) FROM {quoted}"  # noqa: S608 - a name cannot be a parameter
    return int(connection.execute(query).fetchone()[0])

"""What the drivers of SQLite and Postgres say, as errors a person can act on."""

from sqlalchemy.exc import DBAPIError

from workbench.errors import DiskFull, LibraryBusy, LibraryDamaged, LibraryError, LibraryGone

BY_CODE: tuple[tuple[tuple[str, ...], type[LibraryError | DiskFull], str, str], ...] = (
    (
        # The last two: a lock was waited for in vain, and two waited for each other.
        ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40P01"),
        LibraryBusy,
        "{} is locked by another process",
        "wait a moment; if it stays, close other programs that use this data folder",
    ),
    (
        ("SQLITE_NOTADB", "SQLITE_CORRUPT"),
        LibraryDamaged,
        "{} is not a catalog, or is damaged",
        "restore it from a backup, or move it away and import your media again",
    ),
    (
        ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "53100"),
        DiskFull,
        "no room is left to write {}",
        "free some disk space, then try again",
    ),
    (
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR"),
        LibraryError,
        "{} cannot be opened or written",
        "check the rights of the data folder, or choose another with WORKBENCH_DATA_DIR",
    ),
    (
        ("42501", "25006"),
        LibraryError,
        "{} may not be written",
        "give the user of WORKBENCH_DATABASE_URL the right to make tables, on a server that writes",
    ),
    (
        ("28", "3D000"),
        LibraryError,
        "{} cannot be reached with this address",
        "check the user, the password and the name in WORKBENCH_DATABASE_URL",
    ),
    (
        # 53300: too many connections; 25P03: it ended our session, which rested too long.
        ("08", "57P", "53300", "25P03"),
        LibraryGone,
        "{} cannot be reached",
        "check WORKBENCH_DATABASE_URL and the server",
    ),
)
"""Beginnings of the codes of SQLite and Postgres, with our error, its sentence and its hint."""


def _is_unasked(error: BaseException | None) -> bool:
    """Could Postgres not even be asked?"""
    return type(error).__name__ in {"OperationalError", "ConnectionTimeout"}


def known(error: DBAPIError, name: str) -> LibraryError | DiskFull | None:
    """Our error for what the driver said, or None for a bug."""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    if code is None and (error.connection_invalidated or _is_unasked(error.orig)):
        code = "08"
    for beginnings, kind, sentence, hint in BY_CODE:
        if str(code).startswith(beginnings):
            return kind(sentence.format(name), hint=hint)
    return None

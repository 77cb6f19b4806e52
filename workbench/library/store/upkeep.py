"""The part of the store that housekeeping, backups and the doctor ask: what is needed, and is it whole."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select, text, union

from workbench.jsonable import from_json
from workbench.library.database.door import Database
from workbench.library.database.tables import (
    analyses,
    asset_paths,
    assets,
    jobs,
    ledger,
    moments,
    proxies,
    reports,
)
from workbench.library.records import FINISHED
from workbench.library.store.jobs import ended_before
from workbench.media.asset import Proxy

FEW = 50
"""Records read at a time: an analysis of a long film may take a megabyte."""


class UpkeepRows:
    """Questions about the catalog as a whole; every answer is one short transaction."""

    _database: Database

    def asset_ids(self) -> frozenset[str]:
        """The ids of everything in the library."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(select(assets.c.id)).scalars())

    def report_ids(self) -> frozenset[str]:
        """The ids of every report."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(select(reports.c.id)).scalars())

    def originals_in(self, folder: Path) -> frozenset[str]:
        """Paths of media below a folder that were imported from there: they are not ours."""
        query = union(select(asset_paths.c.path), select(assets.c.path))
        inside = f"{folder}/"
        with self._database.reading() as connection:
            found = connection.execute(query.execution_options(yield_per=1000)).scalars()
            return frozenset(path for path in found if path.startswith(inside))

    def cited_keys(self) -> frozenset[str]:
        """Keys of the replies that analyses which are kept were made of."""
        query = select(analyses.c.data).execution_options(yield_per=FEW)
        with self._database.reading() as connection:
            return frozenset(
                call["cache_key"]
                for data in connection.execute(query).scalars()
                for call in json.loads(data).get("calls", ())
            )

    def keys_of_open_jobs(self) -> frozenset[str]:
        """Keys of replies paid for by jobs that have not ended, and would need them again."""
        is_open = select(jobs.c.id).where(jobs.c.state.not_in(FINISHED))
        query = select(ledger.c.cache_key, ledger.c.shares).where(ledger.c.job_id.in_(is_open))
        with self._database.reading() as connection:
            rows = connection.execute(query.distinct()).all()
        parts = (share["key"] for row in rows for share in json.loads(row.shares or "[]"))
        return frozenset((*(row.cache_key for row in rows), *parts))

    def count_ended_jobs(self, before: datetime) -> int:
        """How many jobs `forget_jobs` would remove."""
        with self._database.reading() as connection:
            return len(ended_before(connection, before))

    def count_moments(self) -> int:
        """How many moments can be searched."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(moments)).scalar_one()

    def proxies_without_file(self) -> list[Proxy]:
        """Proxies whose file is gone; they are made again when they are needed."""
        query = select(proxies.c.data).execution_options(yield_per=1000)
        with self._database.reading() as connection:
            found = [from_json(Proxy, data) for data in connection.execute(query).scalars()]
        return [proxy for proxy in found if not proxy.path.is_file()]

    def faults(self, *, deep: bool = False) -> list[str]:
        """What is wrong with the catalog's file; empty when nothing is.

        Args:
            deep: Compare every index with its table and check every reference, which reads the
                whole file more than once.

        Raises:
            LibraryDamaged: It is so damaged that it cannot be checked.
            LibraryError: It cannot be reached.
        """
        with self._database.reading() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(text("SELECT 1"))
                return []
            return list(_sqlite_faults(connection, deep=deep))


def _sqlite_faults(connection: Connection, *, deep: bool) -> Iterator[str]:
    check = "integrity_check" if deep else "quick_check"
    found = connection.exec_driver_sql(f"PRAGMA {check}(20)").scalars().all()
    yield from (line.splitlines()[-1] for line in found if line != "ok")
    if deep:
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20):
            yield f"a row of {row[0]} refers to a row of {row[2]} that is not there"

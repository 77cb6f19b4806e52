"""The part of the store that makes a restored catalog at home where it lies now.

Records hold absolute paths of files inside the data folder, and say which processes work. Both are
of the place and time the backup was made.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from workbench.jsonable import from_json, to_json
from workbench.library.calls.holders import is_batched, machine_name
from workbench.library.database.door import Database
from workbench.library.database.rows import read_record
from workbench.library.database.tables import (
    asset_paths,
    assets,
    calls_in_flight,
    proxies,
    reports,
    workers,
)
from workbench.library.records import CallInFlight, ReportRecord
from workbench.media.asset import Asset, Proxy


@dataclass(frozen=True, slots=True)
class Move:
    """A data folder that has changed its place."""

    old: Path
    new: Path
    files: Path
    """Where its files are at this moment, before they get to the new place."""

    def has(self, path: Path) -> bool:
        """Has the file of the old place come along?"""
        return path.is_relative_to(self.old) and (self.files / path.relative_to(self.old)).exists()

    def place(self, path: Path) -> Path:
        """Where a file is now: one that did not come along may still be in the old place."""
        if not path.is_relative_to(self.old) or (path.exists() and not self.has(path)):
            return path
        return self.new / path.relative_to(self.old)


class MovingRows:
    """Done once, before anybody else opens the catalog."""

    _database: Database

    def move_in(self, move: Move) -> int:
        """Make paths inside the data folder those of its new place.

        Returns:
            How many proxies are forgotten because their files did not come along.
        """
        with self._database.writing("catalog", "moments", "jobs") as connection:
            _move_assets(connection, move)
            _move_reports(connection, move)
            return _move_proxies(connection, move)

    def forget_processes(self) -> None:
        """Forget who worked: workers, and whether those who made a call still live.

        Calls that were in flight stay, as calls of a process that has died: the next to need one
        finds its reply, or writes that it was lost.
        """
        # No process has this number.
        holder = f"{machine_name()}:0:0"
        with self._database.writing() as connection:
            connection.execute(delete(workers))
            for row in connection.execute(select(calls_in_flight)).all():
                call = from_json(CallInFlight, row.data)
                if is_batched(call):
                    continue  # the service goes on with a batch wherever its catalog is
                call = replace(call, holder=holder)
                same = calls_in_flight.c.cache_key == row.cache_key
                changed = {"holder": holder, "beat_at_s": 0.0, "data": to_json(call)}
                connection.execute(update(calls_in_flight).where(same).values(**changed))


def _move_assets(connection: Connection, move: Move) -> None:
    for row in connection.execute(select(assets.c.id, assets.c.data)).all():
        asset = read_record(Asset, row.data, f"asset {row.id}")
        if (path := move.place(asset.path)) != asset.path:
            values = {"path": str(path), "data": to_json(replace(asset, path=path))}
            connection.execute(update(assets).where(assets.c.id == row.id).values(**values))
    known = set(connection.execute(select(asset_paths.c.path)).scalars())
    for old in sorted(known):
        new = str(move.place(Path(old)))
        if new == old:
            continue
        same = asset_paths.c.path == old
        if new in known:
            connection.execute(delete(asset_paths).where(same))
        else:
            connection.execute(update(asset_paths).where(same).values(path=new))


def _move_reports(connection: Connection, move: Move) -> None:
    for row in connection.execute(select(reports.c.id, reports.c.data)).all():
        report = read_record(ReportRecord, row.data, f"report {row.id}")
        moved = replace(
            report,
            path=report.path and move.place(report.path),
            notebook_path=report.notebook_path and move.place(report.notebook_path),
        )
        if moved != report:
            same = reports.c.id == row.id
            connection.execute(update(reports).where(same).values(data=to_json(moved)))


def _move_proxies(connection: Connection, move: Move) -> int:
    forgotten = 0
    for row in connection.execute(select(proxies)).all():
        proxy = read_record(Proxy, row.data, "a proxy")
        if not proxy.path.is_relative_to(move.old):
            continue
        same = (proxies.c.asset_id == row.asset_id) & (proxies.c.spec == row.spec)
        if move.has(proxy.path):
            data = to_json(replace(proxy, path=move.place(proxy.path)))
            connection.execute(update(proxies).where(same).values(data=data))
        else:
            connection.execute(delete(proxies).where(same))
            forgotten += 1
    return forgotten

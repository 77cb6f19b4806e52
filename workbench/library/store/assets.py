"""The part of the store that keeps media: assets, where they lie, and their proxies."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from workbench.errors import NotInLibrary
from workbench.jsonable import to_json
from workbench.library.database.door import Database
from workbench.library.database.rows import folded, like_pattern, now_text, read_record
from workbench.library.database.tables import (
    analyses,
    asset_paths,
    assets,
    evidence,
    proxies,
    signals,
)
from workbench.media.asset import Asset, AssetKind, Proxy

CHANGED = "The file has changed since it was imported; this is what it was."


class AssetRows:
    """Assets and proxies. An asset is its bytes; it may lie at several paths."""

    _database: Database

    def add_asset(self, asset: Asset) -> bool:
        """Keep an asset, or note another path of one that is known.

        A path that held other bytes before now belongs to this asset. If the file at an asset's
        first path is gone, the path it was found at now takes its place.

        Returns:
            True if the asset is new.
        """
        path = asset.path.resolve()
        with self._database.writing("catalog") as connection:
            known = connection.execute(
                select(assets.c.data).where(assets.c.id == asset.id)
            ).scalar_one_or_none()
            if known is None:
                connection.execute(assets.insert().values(**_asset_row(asset)))
            self._hand_over_path(connection, path, asset.id)
            size_bytes, modified_ns = fingerprint(path) or (asset.size_bytes, 0)
            connection.execute(
                self._database.upsert(asset_paths).values(
                    path=str(path),
                    asset_id=asset.id,
                    size_bytes=size_bytes,
                    modified_ns=modified_ns,
                )
            )
            if known is not None:
                former = read_record(Asset, known, f"asset {asset.id}")
                if CHANGED in former.warnings or not former.path.exists():
                    _write_asset(connection, asset)
        return known is None

    def asset(self, asset_id: str) -> Asset:
        """The asset with this id.

        Raises:
            NotInLibrary: There is none.
        """
        with self._database.reading() as connection:
            data = connection.execute(
                select(assets.c.data).where(assets.c.id == asset_id)
            ).scalar_one_or_none()
        if data is None:
            raise NotInLibrary(
                f"no asset {asset_id!r} is in the library",
                hint="import the file first, or list what there is with `workbench list`",
            )
        return read_record(Asset, data, f"asset {asset_id}")

    def assets(self, kind: AssetKind | None = None, name_like: str = "") -> list[Asset]:
        """The assets, newest first.

        Args:
            kind: Only videos, images or sounds.
            name_like: A part of the file's name; upper and lower case are the same.
        """
        query = select(assets.c.id, assets.c.data)
        if kind is not None:
            query = query.where(assets.c.kind == kind)
        if name_like:
            query = query.where(assets.c.name_folded.like(like_pattern(name_like), escape="\\"))
        query = query.order_by(assets.c.added_at.desc(), assets.c.name_folded)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [read_record(Asset, row.data, f"asset {row.id}") for row in rows]

    def asset_by_path(self, path: Path) -> Asset | None:
        """The asset that was imported from this path; None if there is none, or the file changed.

        Size and time of change tell, so no byte of the file is read.
        """
        path = path.expanduser().resolve()
        query = (
            select(asset_paths.c.size_bytes, asset_paths.c.modified_ns, assets.c.data)
            .join(assets, assets.c.id == asset_paths.c.asset_id)
            .where(asset_paths.c.path == str(path))
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        is_now = fingerprint(path)
        if is_now is not None and is_now != (row.size_bytes, row.modified_ns):
            return None
        return read_record(Asset, row.data, f"asset at {path.name}")

    def paths(self, asset_id: str) -> tuple[Path, ...]:
        """Every place the asset was found at, in alphabetical order."""
        query = select(asset_paths.c.path).where(asset_paths.c.asset_id == asset_id)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(asset_paths.c.path)).scalars().all()
        return tuple(Path(path) for path in found)

    def remove_asset(self, asset_id: str) -> tuple[Proxy, ...]:
        """Forget an asset with its proxies, evidence, analyses and moments. Calls stay.

        No file is touched: the original is not ours, and the caller deletes the proxies' files.

        Returns:
            The proxies whose files nothing refers to any more.

        Raises:
            NotInLibrary: There is no such asset.
        """
        self.asset(asset_id)
        orphans = tuple(self.proxies(asset_id))
        with self._database.writing("catalog", "moments") as connection:
            for table in (evidence, signals, analyses):
                connection.execute(delete(table).where(table.c.asset_id == asset_id))
            connection.execute(delete(assets).where(assets.c.id == asset_id))
        return orphans

    def add_proxy(self, proxy: Proxy) -> None:
        """Keep a proxy; it takes the place of an earlier one of the same spec.

        Raises:
            NotInLibrary: Its asset is not in the library.
        """
        self.asset(proxy.asset_id)
        with self._database.writing("catalog") as connection:
            connection.execute(
                self._database.upsert(proxies).values(
                    asset_id=proxy.asset_id,
                    spec=proxy.spec,
                    size_bytes=proxy.size_bytes,
                    data=to_json(proxy),
                )
            )

    def proxies(self, asset_id: str | None = None) -> list[Proxy]:
        """The proxies of one asset, or all, by asset and spec."""
        query = select(proxies.c.data).order_by(proxies.c.asset_id, proxies.c.spec)
        if asset_id is not None:
            query = query.where(proxies.c.asset_id == asset_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).scalars().all()
        return [read_record(Proxy, data, "a proxy") for data in rows]

    def _hand_over_path(self, connection: Connection, path: Path, asset_id: str) -> None:
        """Take a path from the asset whose bytes are no longer there."""
        query = (
            select(assets.c.data)
            .join(asset_paths, assets.c.id == asset_paths.c.asset_id)
            .where(asset_paths.c.path == str(path), asset_paths.c.asset_id != asset_id)
        )
        data = connection.execute(query).scalar_one_or_none()
        if data is None:
            return
        former = read_record(Asset, data, "an asset")
        if former.path.resolve() != path:
            return
        others = select(asset_paths.c.path).where(
            asset_paths.c.asset_id == former.id, asset_paths.c.path != str(path)
        )
        for other in connection.execute(others.order_by(asset_paths.c.path)).scalars():
            if Path(other).exists():
                _write_asset(connection, replace(former, path=Path(other)))
                return
        if CHANGED not in former.warnings:
            _write_asset(connection, replace(former, warnings=(*former.warnings, CHANGED)))


def fingerprint(path: Path) -> tuple[int, int] | None:
    """Size in bytes and time of change in nanoseconds; None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _asset_row(asset: Asset) -> dict[str, str]:
    return {
        "id": asset.id,
        "kind": asset.kind,
        "name_folded": folded(asset.name),
        "path": str(asset.path),
        "added_at": now_text(),
        "data": to_json(asset),
    }


def _write_asset(connection: Connection, asset: Asset) -> None:
    row = _asset_row(asset)
    del row["added_at"]
    connection.execute(update(assets).where(assets.c.id == asset.id).values(**row))

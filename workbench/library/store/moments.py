"""The part of the store that keeps what is searched: moments, and their vectors.

The search index can always be rebuilt from here.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, Row, delete, select

from workbench.errors import NotInLibrary
from workbench.library.database.door import Database
from workbench.library.database.rows import in_batches
from workbench.library.database.tables import assets, moments, vectors
from workbench.media.timecode import TimeSpan
from workbench.search.moments import KeptVector, Moment


class MomentRows:
    """Moments and vectors. A collection is one embedder's vectors for one purpose."""

    _database: Database

    def put_moments(self, asset_id: str, found: Sequence[Moment]) -> None:
        """Keep an asset's moments; those it had and has no more are dropped with their vectors.

        Raises:
            NotInLibrary: The asset is not in the library.
        """
        kept = {moment.id for moment in found}
        with self._database.writing("moments") as connection:
            _require_asset(connection, asset_id)
            query = select(moments.c.id).where(moments.c.asset_id == asset_id)
            stale = [id_ for id_ in connection.execute(query).scalars() if id_ not in kept]
            for batch in in_batches(stale):
                connection.execute(delete(moments).where(moments.c.id.in_(batch)))
            self._write_moments(connection, found)

    def moments(self, kinds: Collection[str] = (), asset_ids: Collection[str] = ()) -> list[Moment]:
        """Kept moments by asset and time; all when nothing is chosen."""
        query = select(moments).order_by(moments.c.asset_id, moments.c.start_s, moments.c.id)
        if kinds:
            query = query.where(moments.c.kind.in_(list(kinds)))
        if asset_ids:
            query = query.where(moments.c.asset_id.in_(list(asset_ids)))
        with self._database.reading() as connection:
            return [_moment(row) for row in connection.execute(query)]

    def moments_by_asset(self) -> dict[str, list[Moment]]:
        """All kept moments, by their asset and in order of time."""
        by_asset: dict[str, list[Moment]] = {}
        for moment in self.moments():
            by_asset.setdefault(moment.asset_id, []).append(moment)
        return by_asset

    def put_vectors(self, collection: str, rows: Iterable[KeptVector]) -> None:
        """Keep vectors with their moments; one that is kept already is replaced.

        Raises:
            NotInLibrary: The asset of a moment is not in the library.
        """
        rows = list(rows)
        with self._database.writing("moments") as connection:
            for asset_id in {row.moment.asset_id for row in rows}:
                _require_asset(connection, asset_id)
            self._write_moments(connection, [row.moment for row in rows])
            values = [
                {"collection": collection, "moment_id": row.moment.id, "vector": row.vector}
                for row in rows
            ]
            if values:
                connection.execute(self._database.upsert(vectors), values)

    def vectors(self, collection: str) -> list[KeptVector]:
        """The vectors of a collection with their moments, by asset and time."""
        query = (
            select(moments, vectors.c.vector)
            .join(vectors, vectors.c.moment_id == moments.c.id)
            .where(vectors.c.collection == collection)
            .order_by(moments.c.asset_id, moments.c.start_s, moments.c.id)
        )
        with self._database.reading() as connection:
            return [KeptVector(_moment(row), row.vector) for row in connection.execute(query)]

    def without_vectors(self, collection: str) -> list[Moment]:
        """Moments that have no vector in this collection yet."""
        has_one = select(vectors.c.moment_id).where(vectors.c.collection == collection)
        query = select(moments).where(moments.c.id.not_in(has_one))
        query = query.order_by(moments.c.asset_id, moments.c.start_s, moments.c.id)
        with self._database.reading() as connection:
            return [_moment(row) for row in connection.execute(query)]

    def _write_moments(self, connection: Connection, found: Iterable[Moment]) -> None:
        values = [
            {
                "id": moment.id,
                "asset_id": moment.asset_id,
                "kind": moment.kind,
                "start_s": moment.span.start_s,
                "end_s": moment.span.end_s,
                # Postgres takes every character but this one.
                "text": moment.text.replace("\x00", ""),
                "source": moment.source,
            }
            for moment in found
        ]
        if values:
            insert = self._database.insert(moments)
            # The id is made from all of it: the same id is the same moment.
            connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]), values)


def _require_asset(connection: Connection, asset_id: str) -> None:
    query = select(assets.c.id).where(assets.c.id == asset_id)
    if connection.execute(query).scalar_one_or_none() is None:
        raise NotInLibrary(f"no asset {asset_id!r} is in the library", hint="import the file first")


def _moment(row: Row[tuple[object, ...]]) -> Moment:
    return Moment(
        id=row.id,
        asset_id=row.asset_id,
        span=TimeSpan(row.start_s, row.end_s),
        text=row.text,
        kind=row.kind,
        source=row.source,
    )

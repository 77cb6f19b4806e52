"""Moments by meaning: vectors in Chroma, made by an embedder of ours and never by Chroma's own.

What the index holds can be made again from the catalog at any time, so nothing here is the only
copy: `put` returns the vectors to keep, and `rebuild` takes them back.
"""

import functools
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.errors import LibraryDamaged, LibraryError
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress, silent
from workbench.search.moments import KeptVector, Moment

if TYPE_CHECKING:
    import numpy as np

    from workbench.backends.embedders import Embedder
    from workbench.search.client import Connection

BATCH = 500
"""Moments written at once: below Chroma's limit, and small enough for one HTTP request."""

STARTING_S = 20.0
"""How long a Chroma server may take to answer after it took the folder; 5 to 11 s were measured."""

GONE_S = 10.0
"""A team's server that does not answer is not asked again for so long: searches go on by words."""

Result = TypeVar("Result")


class Index:
    """The moments of a library by meaning. Safe to share between threads.

    Opening is cheap: Chroma is loaded and reached at the first use, and reached again when its
    server was restarted meanwhile.
    """

    def __init__(self, folder: Path, embedder: "Embedder", url: str, wait_s: float) -> None:
        self.embedder = embedder
        self.collection = collection_name(embedder.name, embedder.dimension)
        """Name of the vectors' collection, in Chroma and in the catalog."""
        self._folder, self._url, self._wait_s = folder, url, wait_s
        self.reached = 0
        """How often it was reached: with another number it may be another index than before."""
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._chroma: Any = None
        self._gone_until = 0.0

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: "Embedder",
        *,
        url: str = "",
        wait_s: float = STARTING_S,
    ) -> "Index":
        """Say where the index is and how texts become vectors.

        Args:
            folder: The index folder; made at the first use.
            embedder: Makes the vectors. Each embedder has a collection of its own.
            url: A team's Chroma server; empty for this machine's.
            wait_s: Seconds to wait for another process that has the folder.
        """
        return cls(folder, embedder, url, wait_s)

    def close(self) -> None:
        """Give the folder or the connection back; a later use opens it again."""
        with self._lock:
            self._disconnect()

    def count(self) -> int:
        """How many moments it holds.

        Raises:
            LibraryBusy: Another process has the folder and offers no server.
            LibraryDamaged: The index cannot be read; `rebuild` makes it anew.
        """
        return int(self._do(lambda chroma: chroma.count()))

    def ids(self) -> frozenset[str]:
        """The ids of all moments it holds."""
        return frozenset(self._do(lambda chroma: chroma.get(include=[])["ids"]))

    def put(self, asset_id: str, moments: Sequence[Moment]) -> tuple[KeptVector, ...]:
        """Make these the moments of an asset; only texts that are new are embedded.

        Args:
            asset_id: The asset; what it had and has no more is removed.
            moments: All its moments, none of another asset.

        Returns:
            Every moment with its vector, to keep in the catalog.

        Raises:
            LibraryBusy: Another process has the folder and offers no server.
            LibraryDamaged: The index cannot be written.
            DiskFull: There is no room.
        """
        import numpy as np

        wanted = {moment.id: moment for moment in moments}
        had = self._do(
            lambda chroma: chroma.get(where={"asset_id": asset_id}, include=["embeddings"])
        )
        vectors: dict[str, Any] = {
            id_: np.asarray(vector, dtype="<f4")
            for id_, vector in zip(had["ids"], had["embeddings"], strict=True)
            if id_ in wanted
        }
        fresh = [moment for moment in wanted.values() if moment.id not in vectors]
        if fresh:
            made = self.embedder.embed([moment.text for moment in fresh]).astype("<f4")
            vectors.update(zip((moment.id for moment in fresh), made, strict=True))
            self._write(fresh, np.stack([vectors[moment.id] for moment in fresh]))
        self._delete([id_ for id_ in had["ids"] if id_ not in wanted])
        return tuple(KeptVector(each, vectors[each.id].tobytes()) for each in wanted.values())

    def remove(self, asset_id: str) -> None:
        """Forget an asset's moments; nothing happens if it has none."""
        self._do(lambda chroma: chroma.delete(where={"asset_id": asset_id}))

    def discard(self, ids: Iterable[str]) -> None:
        """Forget moments by id; ids that are not there are passed over."""
        self._delete(list(ids))

    def query(
        self,
        text: str,
        limit: int = 20,
        kinds: Collection[str] = (),
        asset_ids: Collection[str] = (),
    ) -> tuple[tuple[Moment, float], ...]:
        """The moments closest in meaning to a text.

        Args:
            text: What to look for.
            limit: Most moments, at least 1.
            kinds: Only these kinds; empty for all.
            asset_ids: Only in these assets; empty for all.

        Returns:
            Moments with their cosine similarity, −1 to 1, the closest first.
        """
        vector = self.embedder.embed([text])
        found = self._do(
            lambda chroma: chroma.query(
                query_embeddings=vector,
                n_results=max(1, limit),
                where=_where(kinds, asset_ids),
                include=["documents", "metadatas", "distances"],
            )
        )
        columns = (found[name][0] for name in ("ids", "documents", "metadatas", "distances"))
        return tuple(
            (_moment(id_, text_, facts), 1.0 - float(distance))
            for id_, text_, facts, distance in zip(*columns, strict=True)
        )

    def rebuild(
        self,
        kept: Iterable[KeptVector],
        missing: Iterable[Moment] = (),
        *,
        progress: Progress = silent,
    ) -> tuple[KeptVector, ...]:
        """Make the collection anew from kept vectors, whatever state it is in.

        Args:
            kept: What `put` returned, for every moment that has a vector of this embedder.
            missing: Moments that have none yet; they are embedded.
            progress: Told how many moments are written.

        Returns:
            The moments that were embedded, with their vectors, to keep.

        Raises:
            LibraryBusy: Another process has the folder and offers no server.
            LibraryDamaged: Even an empty index cannot be written there.
        """
        import numpy as np

        kept, missing = list(kept), list(missing)
        total = len(kept) + len(missing)
        self._drop()
        for start in range(0, len(kept), BATCH):
            progress(start, total, "indexing")
            batch = kept[start : start + BATCH]
            vectors = np.stack([np.frombuffer(row.vector, dtype="<f4") for row in batch])
            self._write([row.moment for row in batch], vectors)
        made: list[KeptVector] = []
        for start in range(0, len(missing), BATCH):
            progress(len(kept) + start, total, "embedding")
            piece = missing[start : start + BATCH]
            fresh = self.embedder.embed([moment.text for moment in piece]).astype("<f4")
            self._write(piece, fresh)
            made.extend(KeptVector(m, v.tobytes()) for m, v in zip(piece, fresh, strict=True))
        progress(total, total, "indexed")
        return tuple(made)

    def _write(self, moments: Sequence[Moment], vectors: "np.ndarray[Any, Any]") -> None:
        for start in range(0, len(moments), BATCH):
            batch = moments[start : start + BATCH]
            rows: dict[str, Any] = {
                "ids": [moment.id for moment in batch],
                "embeddings": vectors[start : start + BATCH],
                "documents": [moment.text for moment in batch],
                "metadatas": [_facts(moment) for moment in batch],
            }
            # Upsert: after a crash the same moments are written again, and nothing doubles.
            self._do(functools.partial(_upsert, rows=rows))

    def _delete(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), BATCH):
            self._do(functools.partial(_delete, ids=list(ids[start : start + BATCH])))

    def _drop(self) -> None:
        """Remove the collection; where even that fails, the folder's files."""
        from workbench.search.client import Lost, clear_folder, told

        with self._lock:
            try:
                for _ in range(2):
                    try:
                        with told():
                            self._reach().client.delete_collection(self.collection)
                    except Lost:
                        self._disconnect()  # there is none, or the server was restarted
                    else:
                        break
            except LibraryDamaged:
                self._disconnect()
                if self._url:
                    raise
                clear_folder(self._folder)
            self._chroma = None

    def _do(self, work: Callable[[Any], Result]) -> Result:
        """Do one thing with the collection, and once more after a lost connection."""
        from workbench.search.client import Lost, told

        for _ in range(2):
            chroma = None
            try:
                with self._lock:
                    chroma = self._opened()
                with told():
                    return work(chroma)
            except Lost:
                with self._lock:
                    if self._chroma is chroma:
                        self._disconnect()
        raise LibraryError(
            "the server of the search index does not answer",
            hint=f"check WORKBENCH_CHROMA_URL ({self._url})"
            if self._url
            else "start the app or `workbench worker` again; it starts the server",
        )

    def _opened(self) -> Any:
        from workbench.search.client import own_embeddings, told

        connection = self._reach()
        if self._chroma is None:
            with told():
                self._chroma = connection.client.get_or_create_collection(
                    self.collection,
                    embedding_function=own_embeddings(),
                    configuration={"hnsw": {"space": "cosine"}},
                )
        return self._chroma

    def _reach(self) -> "Connection":
        from workbench.search.client import Lost, connect

        if self._connection is None:
            if time.monotonic() < self._gone_until:
                raise Lost(self._url)
            try:
                self._connection = connect(self._folder, url=self._url, wait_s=self._wait_s)
            except Lost:
                self._gone_until = time.monotonic() + GONE_S
                raise
            self.reached += 1
        return self._connection

    def _disconnect(self) -> None:
        self._chroma = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _upsert(chroma: Any, rows: dict[str, Any]) -> None:
    chroma.upsert(**rows)


def _delete(chroma: Any, ids: list[str]) -> None:
    chroma.delete(ids=ids)


def collection_name(embedder: str, dimension: int, purpose: str = "moments") -> str:
    """Name of the collection for an embedder's vectors: they are never mixed with another's.

    Example:
        >>> collection_name("minilm int8/1.0", 384)
        'moments-minilm-int8-1.0-384'
    """
    plain = re.sub(r"[^a-zA-Z0-9.]+", "-", embedder).strip("-.")
    return f"{purpose}-{plain}-{dimension}"


def _facts(moment: Moment) -> dict[str, str | float]:
    return {
        "asset_id": moment.asset_id,
        "kind": moment.kind,
        "source": moment.source,
        "start_s": float(moment.span.start_s),
        "end_s": float(moment.span.end_s),
    }


def _moment(id_: str, text: str, facts: dict[str, Any]) -> Moment:
    try:
        span = TimeSpan(facts["start_s"], facts["end_s"])
        return Moment(id_, facts["asset_id"], span, text, facts["kind"], facts["source"])
    except KeyError as error:
        raise LibraryDamaged(
            f"a moment in the search index has no {error.args[0]}",
            hint="run `workbench index rebuild`",
        ) from None


def _where(kinds: Collection[str], asset_ids: Collection[str]) -> dict[str, Any] | None:
    """Chroma's filter for kinds and assets; None for no filter.

    Example:
        >>> _where(["chapter"], [])
        {'kind': {'$in': ['chapter']}}
    """
    chosen = [
        {name: {"$in": list(values)}}
        for name, values in (("kind", kinds), ("asset_id", asset_ids))
        if values
    ]
    if len(chosen) > 1:
        return {"$and": chosen}
    return chosen[0] if chosen else None

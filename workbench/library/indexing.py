"""Keep the search index and the catalog together. The catalog is the truth, the index follows.

Moments are written to the catalog first. If the index cannot be reached then, or a crash comes
between the two, `catch_up` puts it right the next time somebody searches.
"""

from collections.abc import Sequence

from workbench.library.store import Store
from workbench.progress import Progress, silent
from workbench.search.index import Index
from workbench.search.moments import Moment


def index_asset(store: Store, index: Index, asset_id: str, moments: Sequence[Moment]) -> None:
    """Make these the moments of an asset, in the catalog, the index, and as kept vectors.

    Raises:
        NotInLibrary: There is no such asset.
        LibraryError: The index cannot be used; the catalog has the moments already.
    """
    store.put_moments(asset_id, moments)
    store.put_vectors(index.collection, index.put(asset_id, moments))


def catch_up(store: Store, index: Index, *, progress: Progress = silent) -> int:
    """Bring the index to where the catalog is: add what is missing, drop what is gone.

    Cheap when nothing is to be done: two lists of ids are compared.

    Args:
        store: The catalog.
        index: The index of an embedder.
        progress: Told how many moments are written.

    Returns:
        How many moments were added or dropped.

    Raises:
        LibraryError: The index cannot be used.
    """
    held = index.ids()
    by_asset = store.moments_by_asset()
    wanted = {moment.id for moments in by_asset.values() for moment in moments}
    if wanted and not held:
        # Another server in the place of the old one: what is kept need not be embedded again.
        return rebuild_index(store, index, progress=progress)
    gone = held - wanted
    index.discard(gone)
    behind = {
        asset_id: moments
        for asset_id, moments in by_asset.items()
        if any(moment.id not in held for moment in moments)
    }
    added, total = 0, sum(len(moments) for moments in behind.values())
    for asset_id, moments in behind.items():
        progress(added, total, "indexing")
        store.put_vectors(index.collection, index.put(asset_id, moments))
        added += len(moments)
    return len(gone) + len(wanted - held)


def rebuild_index(store: Store, index: Index, *, progress: Progress = silent) -> int:
    """Make the index anew, from kept vectors where there are some, whatever state it is in.

    Returns:
        How many moments it holds.

    Raises:
        LibraryBusy: Another process has the index folder and offers no server.
    """
    made = index.rebuild(
        store.vectors(index.collection),
        store.without_vectors(index.collection),
        progress=progress,
    )
    store.put_vectors(index.collection, made)
    return index.count()

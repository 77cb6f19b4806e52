"""Bring media into the library where they are. An original is read, never moved or changed.

What cannot be read is reported by name and the rest of the batch goes on. A file that has not
changed since it was imported is not read again.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from workbench.analysis.results import Failure
from workbench.errors import MediaError, RequestError
from workbench.library.imports.folders import (
    FolderListing,
    Found,
    allowed_path,
    as_text,
    is_text,
    look_inside,
)
from workbench.library.store import Store
from workbench.library.store.assets import fingerprint
from workbench.media.asset import Asset
from workbench.media.images.batch import usual_threads
from workbench.media.probe import probe
from workbench.progress import Progress, silent

FILES_AHEAD = 16
"""How many files may be read before the first of them is in the library."""

_Read = tuple[Asset, bool, tuple[int, int] | None]
"""An asset, whether it is in the library already, and size and time of change of its file then."""

__all__ = ["FolderListing", "Found", "ImportReport", "import_media", "look_inside"]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import."""

    added: tuple[Asset, ...]
    known: tuple[Asset, ...]
    """In the library already, by their bytes."""
    failed: tuple[Failure, ...]
    skipped: int = 0
    """Files in the folders that are no media."""


def import_media(
    store: Store,
    paths: Iterable[Path],
    *,
    roots: Collection[Path] = (),
    progress: Progress = silent,
    exclude: Iterable[Path] = (),
) -> ImportReport:
    """Import files, and folders with everything below them.

    Args:
        store: The library.
        paths: Files and folders. A file named here is tried whatever its suffix is.
        roots: Folders that may be imported from, links resolved; empty for any.
        progress: Told the name of each file before it is read.
        exclude: Folders and files to leave out of the folders named in `paths`.

    Returns:
        Assets added and known, and a failure for each path that could not be read.

    Raises:
        LibraryError: The library cannot be written.
        DiskFull: There is no room for it.
    """
    failed: list[Failure] = []
    files: dict[Path, None] = {}
    skipped = 0
    excluded = tuple(exclude)
    for path in paths:
        try:
            start = allowed_path(path, roots)
            if not start.is_dir():
                files[start] = None
                continue
            listing = look_inside(start, roots=roots, exclude=excluded)
        except (MediaError, RequestError) as error:
            failed.append(Failure(shown(path), error.message, error.hint))
            continue
        files.update((found.path, None) for found in listing.files)
        failed.extend(_unreadable(bad) for bad in listing.unreadable)
        skipped += len(listing.skipped) - len(listing.unreadable)

    added: dict[str, Asset] = {}
    known: dict[str, Asset] = {}
    for done, (path, reading) in enumerate(_read_ahead(store, files)):
        progress(done, len(files), shown(path))
        try:
            asset, is_new = _import_one(store, reading)
        except MediaError as error:
            failed.append(Failure(shown(path), error.message, error.hint))
        except OSError as error:
            message = f"{shown(path)} cannot be read: {error.strerror or error}"
            failed.append(Failure(shown(path), message, "check the disk it lies on"))
        else:
            if is_new:
                added[asset.id] = asset
            elif asset.id not in added:
                known[asset.id] = asset
    progress(len(files), len(files), "imported")
    return ImportReport(tuple(added.values()), tuple(known.values()), tuple(failed), skipped)


def shown(path: Path) -> str:
    """The last name of a path, as text."""
    return as_text(Path(path.name or path))


def _read_ahead(store: Store, files: Iterable[Path]) -> Iterator[tuple[Path, Future[_Read]]]:
    """Read several files at a time; give them in the order they were named in.

    A caller that stops before the end waits for no more than the files that are being read.
    """
    ahead: deque[tuple[Path, Future[_Read]]] = deque()
    with ThreadPoolExecutor(usual_threads(), thread_name_prefix="import") as pool:
        try:
            for path in files:
                ahead.append((path, pool.submit(_read, store, path)))
                if len(ahead) > FILES_AHEAD:
                    yield ahead.popleft()
            while ahead:
                yield ahead.popleft()
        finally:
            pool.shutdown(cancel_futures=True)


def _read(store: Store, path: Path) -> _Read:
    """Read one file if it is new or has changed.

    Raises:
        MediaError: It cannot be used.
    """
    if not is_text(str(path)):
        raise MediaError(f"{shown(path)} has a name that is not valid UTF-8", hint="rename it")
    if known := store.asset_by_path(path):
        return known, True, None
    seen = fingerprint(path)
    return probe(path), False, seen


def _import_one(store: Store, reading: Future[_Read]) -> tuple[Asset, bool]:
    asset, is_known, seen = reading.result()
    if is_known:
        return asset, False
    if fingerprint(asset.path) != seen:
        raise MediaError(
            f"{asset.name} changed while it was read",
            hint="import it again when it has been copied or recorded to its end",
        )
    is_new = store.add_asset(asset)
    return store.asset(asset.id), is_new


def _unreadable(path: Path) -> Failure:
    if not is_text(str(path)):
        return Failure(shown(path), "its name is not valid UTF-8", "rename it")
    return Failure(shown(path), f"{path} may not be read", "check the rights of the file or folder")

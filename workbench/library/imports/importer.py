"""Bring media into the library where they are. An original is read, never moved or changed.

What cannot be read is reported by name and the rest of the batch goes on. A file that has not
changed since it was imported is not read again.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
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

FILES_TOGETHER, TOGETHER_S = 8, 0.1
"""So many files are kept together, if they are read within this time."""

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
    came = _Came()
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
            came.failed.append(Failure(shown(path), error.message, error.hint))
            continue
        files.update((found.path, None) for found in listing.files)
        came.failed.extend(_unreadable(bad) for bad in listing.unreadable)
        skipped += len(listing.skipped) - len(listing.unreadable)

    done = 0
    for together in _read_ahead(store, files):
        fresh: list[Asset] = []
        try:
            for path, reading in together:
                progress(done, len(files), shown(path))
                done += 1
                if asset := came.read(path, reading):
                    fresh.append(asset)
        finally:
            # Also where the caller stops here: what was read is kept.
            if fresh:
                came.kept(store.add_assets(fresh))
    progress(len(files), len(files), "imported")
    return ImportReport(
        tuple(came.added.values()), tuple(came.known.values()), tuple(came.failed), skipped
    )


@dataclass(slots=True)
class _Came:
    """What has come in so far."""

    added: dict[str, Asset] = field(default_factory=dict)
    known: dict[str, Asset] = field(default_factory=dict)
    failed: list[Failure] = field(default_factory=list)

    def read(self, path: Path, reading: Future[_Read]) -> Asset | None:
        """What was read of a file, if it is to be kept."""
        try:
            asset, is_known = _whole(reading)
        except MediaError as error:
            self.failed.append(Failure(shown(path), error.message, error.hint))
            return None
        except OSError as error:
            message = f"{shown(path)} cannot be read: {error.strerror or error}"
            self.failed.append(Failure(shown(path), message, "check the disk it lies on"))
            return None
        if not is_known:
            return asset
        self.kept([(asset, False)])
        return None

    def kept(self, assets: Iterable[tuple[Asset, bool]]) -> None:
        """Note assets of the library, and whether they are new there."""
        for asset, is_new in assets:
            if is_new:
                self.added[asset.id] = asset
            elif asset.id not in self.added:
                self.known[asset.id] = asset


def shown(path: Path) -> str:
    """The last name of a path, as text."""
    return as_text(Path(path.name or path))


def _read_ahead(store: Store, files: Iterable[Path]) -> Iterator[list[tuple[Path, Future[_Read]]]]:
    """Read several files at a time; give those that are finished, in the order they were named in.

    A caller that stops before the end waits for no more than the files that are being read.
    """
    ahead: deque[tuple[Path, Future[_Read]]] = deque()

    def finished() -> list[tuple[Path, Future[_Read]]]:
        wait([reading for _, reading in islice(ahead, FILES_TOGETHER)], TOGETHER_S)
        together = [ahead.popleft()]
        while ahead and ahead[0][1].done():
            together.append(ahead.popleft())
        return together

    with ThreadPoolExecutor(usual_threads(), thread_name_prefix="import") as pool:
        try:
            for path in files:
                ahead.append((path, pool.submit(_read, store, path)))
                if len(ahead) > FILES_AHEAD:
                    yield finished()
            while ahead:
                yield finished()
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


def _whole(reading: Future[_Read]) -> tuple[Asset, bool]:
    """An asset, and whether it is in the library already."""
    asset, is_known, seen = reading.result()
    if not is_known and fingerprint(asset.path) != seen:
        raise MediaError(
            f"{asset.name} changed while it was read",
            hint="import it again when it has been copied or recorded to its end",
        )
    return asset, is_known


def _unreadable(path: Path) -> Failure:
    if not is_text(str(path)):
        return Failure(shown(path), "its name is not valid UTF-8", "rename it")
    return Failure(shown(path), f"{path} may not be read", "check the rights of the file or folder")

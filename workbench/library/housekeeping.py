"""Take out what can be made again or is past its time; safe while a worker and the app are at work.

Only files that have the names we give are taken, only from our own folders, and none that was
imported from there. Links are neither followed nor removed. What is younger than a day stays,
because somebody may be at it.
"""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbench.analysis.results import Failure
from workbench.backends.call_cache import CallCache
from workbench.library.store import Store
from workbench.progress import Progress, silent

DAY_S = 86_400.0
POSTER_BYTES = 500_000_000
"""A poster takes a tenth of a second to make again."""

LOG_DAYS = 30

HALF_WRITTEN = re.compile(
    r"\.[0-9a-f]{12}\.part(\.\w+)?|\.[a-z0-9_]{8}\.part|\.nova-[a-z0-9_]{8}(\.\w+)?"
)
"""Names of files that are being written, by every room; see `media.outputs` and the call cache."""

_PROXY = re.compile(r".+_[0-9a-f]{16}_(nova|preview|audio|original)[\w-]*\.\w+")
_CHUNK = re.compile(r".+_[0-9a-f]{16}_nova_\d+-\d+\.\w+")
_FILM_PART = re.compile(r"[0-9a-f]{24}\.(wav|json)|[0-9a-f]{32}\.(mp4|json)")
_FILM = re.compile(r"[0-9a-f]{12}|\.[0-9a-f]{12}\.part")
"""Folders of films, and those in which one is being made."""
_POSTER = re.compile(
    r"(?P<asset>[0-9a-f]{16})_((best|\d+\.\d\d)_\d+\.jpg|strip\d+\.jpg|sound\d+\.json)"
)
"""Posters, and what else is drawn of a film for the screen."""
_REPORT = re.compile(r"[0-9a-f]{12}")
_OLD_LOG = re.compile(r".+\.old\.log|.+\.log\.\d+(\.gz)?")

NOT_OURS = frozenset({"chroma", "weights"})
"""Folders of the data folder whose files others write."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things stay, and how much room they may take."""

    chunk_days: int = 7
    film_part_days: int = 30
    job_days: int = 90
    call_cache_bytes: int = 2_000_000_000
    poster_bytes: int = POSTER_BYTES

    def jobs_before(self) -> datetime:
        """Ended jobs made before this go."""
        return datetime.now(UTC) - timedelta(days=self.job_days)


@dataclass(frozen=True, slots=True)
class Removed:
    """Things of one kind that went, or would go."""

    kind: str
    """What a person calls them: "half-written files"."""
    count: int
    size_bytes: int | None
    """Bytes they took; None for records, which leave room inside the database."""


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What housekeeping removed, or would remove."""

    is_dry_run: bool
    removed: tuple[Removed, ...]
    """Every kind that was looked for, also those of which there was nothing."""
    failed: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes in all."""
        return sum(each.size_bytes or 0 for each in self.removed)

    @property
    def count(self) -> int:
        """Things in all."""
        return sum(each.count for each in self.removed)


@dataclass(frozen=True, slots=True)
class Seen:
    """A file of the data folder, or a folder of a report."""

    path: Path
    size_bytes: int
    changed_s: float


@dataclass(slots=True)
class Broom:
    """Removes files, or only counts them."""

    originals: frozenset[str]
    is_dry_run: bool
    failed: list[Failure] = field(default_factory=list)

    def sweep(self, kind: str, found: Iterable[Seen]) -> Removed:
        """Remove files and folders of ours; one that has gone or changed meanwhile is let be."""
        count = size_bytes = 0
        for seen in found:
            if str(seen.path) in self.originals or not (self.is_dry_run or self._remove(seen)):
                continue
            count += 1
            size_bytes += seen.size_bytes
        return Removed(kind, count, size_bytes)

    def _remove(self, seen: Seen) -> bool:
        try:
            if seen.path.is_dir():
                shutil.rmtree(seen.path)
            elif seen.path.lstat().st_mtime > seen.changed_s:
                return False  # used again since we looked
            else:
                seen.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            message = f"{seen.path} cannot be removed: {error.strerror}"
            self.failed.append(Failure(seen.path.name, message, "check who owns the folder"))
            return False
        return True


def collect_garbage(
    store: Store,
    data_dir: Path,
    cache: CallCache,
    retention: Retention,
    *,
    dry_run: bool = False,
    progress: Progress = silent,
) -> GarbageReport:
    """Remove files that can be made again or are past their time, and records of old jobs.

    Args:
        store: The catalog.
        data_dir: The data folder, with links resolved.
        cache: The call cache; replies that a kept analysis cites, that a job which has not ended
            has paid for, or that are being asked for stay in any case.
        retention: Limits.
        dry_run: Count only.
        progress: Told what is looked for.

    Raises:
        LibraryError: The catalog cannot be used.
    """
    broom = Broom(store.originals_in(data_dir), dry_run)
    now_s = time.time()
    aged_s = now_s - DAY_S
    chunks_s = now_s - retention.chunk_days * DAY_S
    parts_s = now_s - retention.film_part_days * DAY_S
    steps: tuple[tuple[str, Callable[[], Iterable[Seen]]], ...] = (
        ("half-written files", lambda: _half_written(data_dir, aged_s)),
        ("cut chunks", lambda: _chunks(data_dir, chunks_s)),
        ("pieces of films", lambda: _film_parts(data_dir, parts_s)),
        ("unfinished films", lambda: _films(data_dir, aged_s)),
        ("proxies without a record", lambda: _proxies(store, data_dir, aged_s)),
        ("posters", lambda: _posters(store, data_dir, retention.poster_bytes, aged_s)),
        ("reports without a record", lambda: _reports(store, data_dir, aged_s)),
        ("old logs", lambda: _logs(data_dir, now_s - LOG_DAYS * DAY_S)),
        ("kept replies", lambda: _replies(store, cache, retention.call_cache_bytes)),
    )
    removed = []
    for done, (kind, find) in enumerate(steps):
        progress(done, len(steps) + 1, f"looking for {kind}")
        removed.append(broom.sweep(kind, find()))
    progress(len(steps), len(steps) + 1, "looking for ended jobs")
    before = retention.jobs_before()
    jobs = store.count_ended_jobs(before) if dry_run else store.forget_jobs(before)
    removed.append(Removed("ended jobs", jobs, None))
    notes = () if dry_run else _notes(cache, retention.call_cache_bytes)
    return GarbageReport(dry_run, tuple(removed), tuple(broom.failed), notes)


def _half_written(data_dir: Path, before_s: float) -> Iterator[Seen]:
    for seen in files_in(data_dir, deep=True, skip=NOT_OURS):
        if seen.changed_s < before_s and HALF_WRITTEN.fullmatch(seen.path.name):
            yield seen


def _chunks(data_dir: Path, before_s: float) -> Iterator[Seen]:
    for seen in files_in(data_dir, "proxy_video", "chunks"):
        if seen.changed_s < before_s and _CHUNK.fullmatch(seen.path.name):
            yield seen


def _film_parts(data_dir: Path, before_s: float) -> Iterator[Seen]:
    """Beats and spoken words that no film was made of for long: a film has copies of its own."""
    for seen in files_in(data_dir, "film_parts", deep=True):
        if seen.changed_s < before_s and _FILM_PART.fullmatch(seen.path.name):
            yield seen


def _proxies(store: Store, data_dir: Path, before_s: float) -> Iterator[Seen]:
    found = [*files_in(data_dir, "proxy_video"), *files_in(data_dir, "proxy_image")]
    # Read after the folders, so that a file that is being found again has its record by now. By
    # name: in a team the record may have the path of the same file on another machine.
    known = {proxy.path.name for proxy in store.proxies()}
    for seen in found:
        name = seen.path.name
        if name not in known and seen.changed_s < before_s and _PROXY.fullmatch(name):
            yield seen


def _posters(store: Store, data_dir: Path, limit_bytes: int, before_s: float) -> list[Seen]:
    found = [
        (seen, match["asset"])
        for seen in files_in(data_dir, "posters", deep=True)
        if (match := _POSTER.fullmatch(seen.path.name))
    ]
    known = store.asset_ids()
    gone = [seen for seen, asset_id in found if asset_id not in known]
    rest = sorted(
        (seen for seen, asset_id in found if asset_id in known), key=lambda seen: seen.changed_s
    )
    over = sum(seen.size_bytes for seen in rest) - limit_bytes
    for seen in rest:
        if over <= 0:
            break
        gone.append(seen)
        over -= seen.size_bytes
    return [seen for seen in gone if seen.changed_s < before_s]


def _films(data_dir: Path, before_s: float) -> Iterator[Seen]:
    """Folders of films that were never finished: a film has its record last, and then its name."""
    for folder in _folders(data_dir / "films"):
        is_half = _FILM.fullmatch(folder.name) and not (folder / "film.json").is_file()
        if is_half and (seen := _whole(folder)).changed_s < before_s:
            yield seen


def _reports(store: Store, data_dir: Path, before_s: float) -> Iterator[Seen]:
    found = _folders(data_dir / "reports")
    # A report that is being made has a folder and no record yet.
    known = store.report_ids()
    for folder in found:
        if folder.name in known or not _REPORT.fullmatch(folder.name):
            continue
        if (seen := _whole(folder)).changed_s < before_s:
            yield seen


def _whole(folder: Path) -> Seen:
    """A folder with all that is in it, as old as its newest file."""
    files = list(files_in(folder, deep=True))
    newest_s = max((seen.changed_s for seen in files), default=folder.lstat().st_mtime)
    return Seen(folder, sum(seen.size_bytes for seen in files), newest_s)


def _logs(data_dir: Path, before_s: float) -> Iterator[Seen]:
    for seen in files_in(data_dir, "logs"):
        if seen.changed_s < before_s and _OLD_LOG.fullmatch(seen.path.name):
            yield seen


def _replies(store: Store, cache: CallCache, limit_bytes: int) -> Iterator[Seen]:
    def needed() -> frozenset[str]:
        flying = frozenset(call.cache_key for call in store.calls_in_flight())
        return store.cited_keys() | store.keys_of_open_jobs() | flying

    for reply in cache.to_drop(limit_bytes, needed):
        yield Seen(reply.path, reply.size_bytes, reply.used_at_s)


def _notes(cache: CallCache, limit_bytes: int) -> tuple[str, ...]:
    size_bytes = sum(reply.size_bytes for reply in cache.kept())
    if size_bytes <= limit_bytes:
        return ()
    words = (
        f"kept replies take {size_bytes / 1e9:.2f} GB and may take {limit_bytes / 1e9:.2f} GB: "
        "the rest is cited by analyses, needed by jobs, or was used in the last two days"
    )
    return (words,)


def files_in(
    root: Path, *parts: str, deep: bool = False, skip: frozenset[str] = frozenset()
) -> Iterator[Seen]:
    """The plain files of a folder of ours; a link to a folder or file is passed by.

    Args:
        root: The data folder, or a folder of it.
        *parts: The way from there.
        deep: Also those in its folders.
        skip: Names of folders right below it to leave out.
    """
    folder = root
    for part in parts:
        folder = folder / part
        if folder.is_symlink():
            return
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if deep and not (here == root and entry.name in skip):
                            waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        told = entry.stat(follow_symlinks=False)
                        yield Seen(Path(entry.path), told.st_size, told.st_mtime)
        except OSError:
            continue  # removed meanwhile, or not ours to read


def _folders(folder: Path) -> list[Path]:
    if folder.is_symlink():
        return []
    try:
        with os.scandir(folder) as entries:
            return [Path(each.path) for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def folder_sizes(data_dir: Path) -> dict[str, int]:
    """Name of each folder or file of the data folder → bytes in it, links left out."""
    sizes: dict[str, int] = {}
    for seen in files_in(data_dir):
        name = seen.path.name.removesuffix("-wal").removesuffix("-shm")
        sizes[name] = sizes.get(name, 0) + seen.size_bytes
    for folder in _folders(data_dir):
        sizes[folder.name] = sum(seen.size_bytes for seen in files_in(folder, deep=True))
    return sizes

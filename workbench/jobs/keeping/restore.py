"""Bring a backup back to life: into a folder that is new or empty, where its jobs go on.

Everything is unpacked, checked and opened beside the folder first. Only then does it take its
place, in one rename, so a backup that is no good changes nothing.
"""

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.errors import DiskFull, LibraryBusy, LibraryError, RequestError
from workbench.jobs.gateway.wire import read_note
from workbench.jobs.keeping.backup import LastBackup, write_note
from workbench.jobs.keeping.postgres_dump import check_dump, give_way_back, has_tables, load_dump
from workbench.jobs.processes.slots import is_worker_running
from workbench.jobs.processes.sweeper import give_back
from workbench.library.archive import (
    CATALOG,
    DUMP,
    Manifest,
    opened,
    read_manifest,
    total_rows,
    unpack,
)
from workbench.library.calls.holders import is_alive
from workbench.library.database.sqlite_copy import check_copy
from workbench.library.housekeeping import DAY_S, HALF_WRITTEN, files_in
from workbench.library.store import Store
from workbench.library.store.moving import Move
from workbench.media.outputs import SPARE_BYTES
from workbench.progress import Progress, silent
from workbench.search.ownership import live_server

CARRIED = (
    "uploads",
    "sample",
    "reports",
    "films",
    "proxy_video",
    "proxy_image",
    "posters",
    "weights",
)
"""Folders of a library that is replaced whose files stay in use where the backup has none."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A library that was restored."""

    data_dir: Path
    made_at: datetime
    """When the backup was made."""
    version: str
    """Of the program that made it."""
    files: int
    rows: int
    open_jobs: int
    """Jobs that go on when a worker is started."""
    proxies_forgotten: int
    """They are made again when they are needed."""
    kept_aside: tuple[str, ...]
    """Where the library is that was there before: a folder, or schemas of the database."""
    seconds: float


def check_backup(path: Path, progress: Progress = silent) -> Manifest:
    """Read a backup from one end to the other and compare every file with its manifest.

    Raises:
        RequestError: It is not there, or is no backup.
        LibraryDamaged: It is cut short, damaged, changed, or from a newer version.
    """
    with opened(path) as archive:
        manifest = read_manifest(archive, path)
        unpack(archive, manifest, path, progress=progress)
    return manifest


def restore_backup(
    path: Path,
    data_dir: Path,
    *,
    database_url: str = "",
    force: bool = False,
    progress: Progress = silent,
) -> RestoreReport:
    """Make a data folder, or a team's database and a data folder, of a backup.

    Args:
        path: The backup.
        data_dir: A folder that is empty or not there yet.
        database_url: A team's Postgres, without our tables in it; empty for SQLite.
        force: Put what is there aside under another name.
        progress: Told about each stage.

    Raises:
        RequestError: There is no such backup, or it does not fit the settings.
        LibraryDamaged: The backup is cut short, damaged, changed, or from a newer version.
        LibraryError: The folder or the database is not empty.
        LibraryBusy: A worker is at work in the folder.
        DiskFull: There is no room.
        NotInstalled: The programs of Postgres are missing.
    """
    started = time.perf_counter()
    data_dir = data_dir.expanduser().resolve()
    aside = f"before_restore_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    with opened(path) as archive, _told(data_dir):
        manifest = read_manifest(archive, path)
        _refuse_other_kind(manifest, database_url)
        _refuse_occupied(data_dir, database_url, force=force)
        _require_room(data_dir, manifest)
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(data_dir.parent)
        staged = data_dir.with_name(f".{secrets.token_hex(6)}.part")
        staged.mkdir()
        schemas: list[str] = []
        is_loaded = False
        try:
            unpack(archive, manifest, path, staged, progress)
            progress(0, 0, "checking and opening the library")
            _check(staged, manifest)
            _carry_over(data_dir, staged)
            if database_url:
                schemas = load_dump(database_url, staged / DUMP, aside=aside)
                is_loaded = True
                (staged / DUMP).unlink()
            move = Move(Path(manifest.data_dir), data_dir, staged)
            forgotten, open_jobs = _settle(database_url or staged / CATALOG, move)
            made = LastBackup(path.absolute(), manifest.made_at, path.stat().st_size)
            write_note(staged, made)
            kept = _take_place(staged, data_dir, aside)
        except BaseException:
            if is_loaded:
                with suppress(LibraryError):
                    give_way_back(database_url, schemas)
            raise
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return RestoreReport(
        data_dir=data_dir,
        made_at=manifest.made_at,
        version=manifest.version,
        files=len(manifest.files),
        rows=total_rows(manifest.rows),
        open_jobs=open_jobs,
        proxies_forgotten=forgotten,
        kept_aside=(*([str(kept)] if kept else []), *schemas),
        seconds=time.perf_counter() - started,
    )


@contextmanager
def _told(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _no_room(data_dir) from error
        raise RequestError(
            f"{data_dir} cannot be made: {error.strerror}",
            hint="choose a folder you may write to with --to",
        ) from error


def _no_room(data_dir: Path) -> DiskFull:
    return DiskFull(
        f"there is no room for the library in {data_dir.parent}",
        hint="free some space there, or choose another disk with --to",
    )


def _refuse_other_kind(manifest: Manifest, database_url: str) -> None:
    if manifest.database == "postgres" and not database_url:
        raise RequestError(
            "this backup is of a team's library in Postgres",
            hint="set WORKBENCH_DATABASE_URL to an empty database it may go into",
        )
    if manifest.database == "sqlite" and database_url:
        raise RequestError(
            "this backup is of a library in SQLite, and WORKBENCH_DATABASE_URL names a database",
            hint="leave WORKBENCH_DATABASE_URL empty to restore it",
        )


def _refuse_occupied(data_dir: Path, database_url: str, *, force: bool) -> None:
    if data_dir.exists() and not data_dir.is_dir():
        raise RequestError(f"{data_dir} is a file", hint="choose a folder with --to")
    is_full = data_dir.exists() and any(data_dir.iterdir())
    if is_full and not force:
        raise LibraryError(
            f"{data_dir} is not empty",
            hint="choose another folder with --to; --force puts what is there aside",
        )
    if is_full and (is_worker_running(data_dir) or live_server(data_dir / "chroma")):
        raise LibraryBusy(
            f"a worker or an index server is at work in {data_dir}",
            hint="close the app and stop them: workbench worker --stop",
        )
    maker = read_note(data_dir)
    if maker and is_alive(maker.holder, 0.0):
        raise LibraryBusy(
            f"the gateway still makes calls in {data_dir}",
            hint="wait: it ends by itself half a minute after its last call",
        )
    if database_url and not force and has_tables(database_url):
        raise LibraryError(
            "the database of WORKBENCH_DATABASE_URL is not empty",
            hint="name another database; --force puts what is there aside",
        )


def _require_room(data_dir: Path, manifest: Manifest) -> None:
    there = data_dir.parent
    while not there.exists():
        there = there.parent
    if shutil.disk_usage(there).free < manifest.size_bytes + SPARE_BYTES:
        raise _no_room(data_dir)


def _remove_left_behind(folder: Path) -> None:
    """Remove what a restore that was killed has left, after a day."""
    for path in folder.glob(".????????????.part"):
        is_ours = HALF_WRITTEN.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
        if is_ours and path.stat().st_mtime < time.time() - DAY_S:
            shutil.rmtree(path, ignore_errors=True)


def _check(staged: Path, manifest: Manifest) -> None:
    for name, rows in manifest.rows.items():
        if name == DUMP:
            check_dump(staged / name, rows)
        else:
            check_copy(staged / name, rows, name)


def _carry_over(data_dir: Path, staged: Path) -> None:
    """Go on using media that are in the folder and not in the backup; nothing is copied."""
    for name in CARRIED:
        for seen in files_in(data_dir, name, deep=True):
            target = staged / seen.path.relative_to(data_dir)
            target.parent.mkdir(parents=True, exist_ok=True)
            # On a disk without second names for a file they are kept aside only.
            with suppress(OSError):
                os.link(seen.path, target)


def _settle(catalog: Path | str, move: Move) -> tuple[int, int]:
    """Make the catalog at home in its new place, and let every open job wait for a worker.

    Returns:
        Proxies that were forgotten, and open jobs.
    """
    with Store.open(catalog) as store:
        store.forget_processes()
        forgotten = store.move_in(move)
        for job in store.jobs("running"):
            give_back(store, job, "waits for a worker of the restored library")
        found = store.jobs("waiting", "paused")
        for job in found:
            request = _moved_request(job.request, move)
            if request != job.request:
                store.update_job(job.id, request=request)
        return forgotten, len(found)


def _moved_request(request: str, move: Move) -> str:
    """A job's request with paths inside the data folder made those of the new place."""

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(each) for key, each in value.items()}
        if isinstance(value, list):
            return [moved(each) for each in value]
        if isinstance(value, str) and value.startswith(f"{move.old}/"):
            return str(move.place(Path(value)))
        return value

    asked = json.loads(request or "{}")
    if moved(asked) == asked:
        return request
    return json.dumps(moved(asked), ensure_ascii=False, separators=(",", ":"))


def _take_place(staged: Path, data_dir: Path, aside: str) -> Path | None:
    """Put the restored library where it belongs; returns where the former one is."""
    kept = None
    if data_dir.exists() and any(data_dir.iterdir()):
        kept = data_dir.with_name(f"{data_dir.name}.{aside}")
        data_dir.rename(kept)
    try:
        staged.rename(data_dir)
    except OSError:
        if kept is not None:
            kept.rename(data_dir)
        raise
    return kept

"""Back up a library that is at work: everything that cannot be made again, in one checked file.

The queue is copied before the catalog and the catalog before the replies: a job of the copy may be
missing from its queue, where the worker puts it again, and a reply may be there that nobody asked
for yet. The other way round something would be lost.
"""

import json
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from workbench.backends.call_cache import CallCache
from workbench.errors import DiskFull, RequestError
from workbench.jobs.database import queue_file
from workbench.jobs.keeping.postgres_dump import check_dump, dump_catalog
from workbench.library.archive import (
    CATALOG,
    DUMP,
    FORM,
    PROGRAM,
    QUEUE,
    Manifest,
    Packer,
    opened,
    read_manifest,
    total_rows,
    unpack,
)
from workbench.library.database.sqlite_copy import check_copy, copy_database
from workbench.library.database.tables import HEAD
from workbench.library.housekeeping import HALF_WRITTEN, files_in
from workbench.library.store import Store
from workbench.media.outputs import SPARE_BYTES, atomic_output
from workbench.progress import Progress, silent

NOTE_NAME = "backup.json"
"""File of the data folder that says when the last backup was made, and where it is."""

SMALLER = 4
"""Records and replies take less than a quarter of their size in an archive."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was made and checked."""

    path: Path
    made_at: datetime
    size_bytes: int
    files: int
    rows: int
    """Of all tables."""
    replies: int
    seconds: float
    left_out: tuple[str, ...]
    """What is not in it, though it is in the data folder."""


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When a library was last backed up."""

    path: Path
    made_at: datetime
    size_bytes: int


def make_backup(
    data_dir: Path,
    store: Store,
    target: Path,
    *,
    database_url: str = "",
    with_reports: bool = False,
    with_uploads: bool = True,
    force: bool = False,
    progress: Progress = silent,
) -> BackupReport:
    """Write a backup while the app and the worker go on; it is whole and checked, or not there.

    Args:
        data_dir: The data folder.
        store: Its catalog.
        target: The archive, `….zip`.
        database_url: A team's Postgres; empty for SQLite in the data folder.
        with_reports: Put the files of reports in.
        with_uploads: Put media in that came from a browser.
        force: Replace the file if it is there.
        progress: Told about each stage.

    Raises:
        RequestError: The file is there, or cannot be written.
        DiskFull: There is no room.
        LibraryDamaged: A database is damaged, so that a copy of it would be no good.
        LibraryError: A database cannot be read.
        NotInstalled: The programs of Postgres are missing.
    """
    started = time.perf_counter()
    target = _checked_target(target, force=force)
    # Films are small, and the words of some were written by a person or were paid for.
    folders = ["calls", "films"] + ["reports"] * with_reports + ["uploads"] * with_uploads
    try:
        with atomic_output(target) as part, _scratch(target) as one, _scratch(target) as other:
            _require_room(data_dir, target, folders, is_team=bool(database_url))
            made_at = datetime.now(UTC)
            if database_url:
                progress(0, 0, "dumping the catalog")
                rows = {DUMP: dump_catalog(database_url, one)}
                check_dump(one, rows[DUMP])
                copies = {DUMP: one}
            else:
                rows, copies = _copy_files(data_dir, one, other, progress)
            files = _files(data_dir, store, folders)
            total = sum(path.stat().st_size for path in copies.values())
            total += sum(size_bytes for _, _, size_bytes in files)
            with zipfile.ZipFile(part, "w") as archive:
                packer = Packer(archive, total, progress)
                for name, path in copies.items():
                    packer.add(path, name)
                for name, path, _ in files:
                    packer.add(path, name)
                manifest = Manifest(
                    form=FORM,
                    program=PROGRAM,
                    version=version("nova-workbench"),
                    catalog_version=HEAD,
                    made_at=made_at,
                    data_dir=str(data_dir),
                    database="postgres" if database_url else "sqlite",
                    rows=rows,
                    files=packer.files,
                )
                packer.finish(manifest)
            with opened(part) as archive:
                unpack(archive, read_manifest(archive, part), part, progress=progress)
            size_bytes = part.stat().st_size
    except DiskFull:
        raise DiskFull(
            f"there is no room for the backup in {target.parent}",
            hint="free some space there, or write it to another disk",
        ) from None
    write_note(data_dir, LastBackup(target, made_at, size_bytes))
    return BackupReport(
        path=target,
        made_at=made_at,
        size_bytes=size_bytes,
        files=len(packer.files),
        rows=total_rows(rows),
        replies=sum(1 for name in packer.files if name.startswith("calls/")),
        seconds=time.perf_counter() - started,
        left_out=_left_out(data_dir, folders),
    )


def last_backup(data_dir: Path) -> LastBackup | None:
    """The last backup of a data folder, if one is known; its file may have gone elsewhere."""
    try:
        told = json.loads((data_dir / NOTE_NAME).read_text(encoding="utf-8"))
        made_at = datetime.fromisoformat(told["made_at"])
        return LastBackup(Path(told["path"]), made_at, int(told["size_bytes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_note(data_dir: Path, made: LastBackup) -> None:
    """Say in a data folder which backup of it is the last."""
    told = {
        "path": str(made.path),
        "made_at": made.made_at.isoformat(timespec="seconds"),
        "size_bytes": made.size_bytes,
    }
    with atomic_output(data_dir / NOTE_NAME) as part:
        part.write_text(json.dumps(told), encoding="utf-8")


def _checked_target(target: Path, *, force: bool) -> Path:
    target = target.expanduser().absolute()
    if target.suffix.lower() != ".zip":
        raise RequestError(
            f"a backup is a zip archive; {target.name or target} is not called so",
            hint=f"call it {target.name or 'library'}.zip",
        )
    if target.is_dir():
        raise RequestError(f"{target} is a folder", hint="name a file that ends in .zip")
    if target.exists() and not force:
        raise RequestError(
            f"{target} is there already", hint="choose another name, or replace it with --force"
        )
    return target


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A file beside the backup that is gone afterwards; what a crash leaves, the next one removes."""
    path = target.with_name(f".{secrets.token_hex(6)}.part.db")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _copy_files(
    data_dir: Path, one: Path, other: Path, progress: Progress
) -> tuple[dict[str, dict[str, int]], dict[str, Path]]:
    """Copy the databases of a data folder and check the copies."""
    copies, rows = {}, {}
    for source, copy in ((queue_file(data_dir), one), (data_dir / CATALOG, other)):
        if source.exists():
            rows[source.name] = copy_database(source, copy, progress)
            copies[source.name] = copy
    for name, copy in copies.items():
        progress(0, 0, f"checking {name}")
        check_copy(copy, rows[name], name)
    return rows, copies


def _files(data_dir: Path, store: Store, folders: list[str]) -> list[tuple[str, Path, int]]:
    """Name in the archive, path and bytes of every file that goes in beside the databases."""
    found = [
        (f"calls/{reply.key[:2]}/{reply.path.name}", reply.path, reply.size_bytes)
        for reply in CallCache(data_dir / "calls").kept()
    ]
    known = store.report_ids() if "reports" in folders else frozenset()
    for name in folders[1:]:
        for seen in files_in(data_dir, name, deep=True):
            inside = seen.path.relative_to(data_dir)
            is_kept = _is_kept(name, data_dir / name / inside.parts[1], known)
            if is_kept and not HALF_WRITTEN.fullmatch(seen.path.name):
                found.append((inside.as_posix(), seen.path, seen.size_bytes))
    return found


def _is_kept(name: str, place: Path, known: frozenset[str]) -> bool:
    """Does what lies in a place of a folder belong to something that is finished?"""
    if name == "films":
        return not place.name.startswith(".") and (place / "film.json").is_file()
    return name != "reports" or place.name in known


def _require_room(data_dir: Path, target: Path, folders: list[str], *, is_team: bool) -> None:
    databases = [] if is_team else [data_dir / CATALOG, data_dir / QUEUE]
    copies = sum(path.stat().st_size for path in databases if path.exists())
    sizes = {
        name: sum(seen.size_bytes for seen in files_in(data_dir, name, deep=True))
        for name in folders
    }
    packed = (copies + sizes.pop("calls")) // SMALLER + sum(sizes.values())
    if shutil.disk_usage(target.parent).free < copies + packed + SPARE_BYTES:
        raise DiskFull(f"{target.parent} has too little room")


def _left_out(data_dir: Path, folders: list[str]) -> tuple[str, ...]:
    """Folders that hold something only an option would have put in."""
    return tuple(
        name
        for name in ("reports", "uploads")
        if name not in folders and next(files_in(data_dir, name, deep=True), None)
    )

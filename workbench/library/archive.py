"""A backup as one file: a zip archive whose manifest names every file in it with its SHA-256.

What is written is read back and compared before it counts, and what is unpacked is compared again.
Names in an archive choose nothing: only those the manifest lists and we know a place for are used.
"""

import hashlib
import os
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from pydantic import ValidationError

from workbench.errors import LibraryDamaged, RequestError
from workbench.jsonable import from_json, to_json
from workbench.progress import Progress, silent

FORM = 1
"""Version of the archive's form."""

MANIFEST = "manifest.json"
PROGRAM = "nova-workbench"
CATALOG, QUEUE, DUMP = "app.db", "jobs.db", "catalog.dump"
FOLDERS = ("calls", "films", "reports", "uploads")
"""Folders of the data folder that a backup may hold."""

LEVEL = 1
"""Of compression. Level 6 makes a catalog a tenth smaller and takes four times as long."""

PACKED = frozenset({".mp4", ".mov", ".mkv", ".webm", ".mp3", ".m4a", ".jpg", ".jpeg", ".png"})
"""Suffixes of files that do not get any smaller."""

PIECE_BYTES = 1 << 20
MEGABYTE = 1_000_000

_BAD = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises for an archive that is cut, damaged, encrypted or of a newer kind."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of the archive, unpacked."""

    size_bytes: int
    sha256: str
    modified_ns: int
    """The catalog knows imported files by size and time; a reply's time is that of its last use."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says about itself."""

    form: int
    program: str
    version: str
    """Of the program that made it."""
    catalog_version: str
    """Migration of its catalog."""
    made_at: datetime
    data_dir: str
    """Absolute path of the data folder it was made of."""
    database: Literal["sqlite", "postgres"]
    rows: dict[str, dict[str, int]]
    """Database file → table → rows."""
    files: dict[str, FileFacts]

    @property
    def size_bytes(self) -> int:
        """Bytes it takes unpacked."""
        return sum(facts.size_bytes for facts in self.files.values())


@dataclass(slots=True)
class Packer:
    """Writes files into an open archive, and remembers what they were."""

    archive: zipfile.ZipFile
    total_bytes: int
    progress: Progress = silent
    files: dict[str, FileFacts] = field(default_factory=dict)
    done_bytes: int = 0

    def add(self, path: Path, name: str) -> bool:
        """Put a file into the archive; False if it went away before it could be read."""
        info = zipfile.ZipInfo(name, time.gmtime()[:6])
        is_packed = path.suffix.lower() in PACKED
        info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        digest, size_bytes = hashlib.sha256(), 0
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return False
        with source, self.archive.open(info, "w", force_zip64=True) as packed:
            modified_ns = os.fstat(source.fileno()).st_mtime_ns
            while piece := source.read(PIECE_BYTES):
                packed.write(piece)
                digest.update(piece)
                size_bytes += len(piece)
                self._tell(len(piece))
        self.files[name] = FileFacts(size_bytes, digest.hexdigest(), modified_ns)
        return True

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, last."""
        self.archive.writestr(MANIFEST, to_json(manifest, indent=1))

    def _tell(self, size_bytes: int) -> None:
        self.done_bytes += size_bytes
        total = max(self.total_bytes, self.done_bytes)
        self.progress(self.done_bytes // MEGABYTE, total // MEGABYTE, "packing, in MB")


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive to read.

    Raises:
        RequestError: It is not there, may not be read, or is no backup.
        LibraryDamaged: It is cut short or damaged.
    """
    try:
        with _read(path):
            archive = zipfile.ZipFile(path)
    except OSError as error:
        raise RequestError(
            f"{path} cannot be read: {error.strerror}", hint="check the path of the backup"
        ) from None
    with archive:
        yield archive


@contextmanager
def _read(path: Path) -> Iterator[None]:
    """Turn what zipfile raises into ours."""
    try:
        yield
    except _BAD as error:
        if not _looks_like_zip(path):
            raise not_ours(path) from None
        raise LibraryDamaged(
            f"{path.name} is cut short or damaged: {error}",
            hint="use another backup, or copy it again from where it was kept",
        ) from error


def not_ours(path: Path) -> RequestError:
    """The error for a file that is no backup."""
    return RequestError(
        f"{path.name} is no backup of Nova Workbench",
        hint="name a file that `workbench backup` has written",
    )


def read_manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """Read what an archive says about itself, and refuse one that is not of our making.

    Raises:
        RequestError: It is an archive of something else.
        LibraryDamaged: It is from a newer version, or its list of files does not fit its files.
    """
    try:
        with _read(path):
            text = archive.read(MANIFEST)
        manifest = from_json(Manifest, text)
    except (KeyError, ValidationError):
        raise not_ours(path) from None
    if manifest.program != PROGRAM:
        raise not_ours(path)
    if manifest.form > FORM:
        raise LibraryDamaged(
            f"{path.name} was written by a newer version ({manifest.version}) of Nova Workbench",
            hint="update Nova Workbench",
        )
    names = [info.filename for info in archive.infolist() if info.filename != MANIFEST]
    strangers = [name for name in names if not _has_place(name)]
    catalog = DUMP if manifest.database == "postgres" else CATALOG
    if strangers or catalog not in names or sorted(names) != sorted(manifest.files):
        odd = strangers or sorted(set(names) ^ set(manifest.files)) or [catalog]
        raise LibraryDamaged(
            f"{path.name} does not hold what its manifest lists: {odd[0]!r}",
            hint="it was changed after it was made; use another backup",
        )
    return manifest


def unpack(
    archive: zipfile.ZipFile,
    manifest: Manifest,
    path: Path,
    folder: Path | None = None,
    progress: Progress = silent,
) -> None:
    """Read every file of an archive and compare it with the manifest; write them into a folder.

    Args:
        archive: The open archive.
        manifest: Its manifest, read by `read_manifest`.
        path: Its file.
        folder: Where the files go; None to compare only.
        progress: Told the megabytes read.

    Raises:
        LibraryDamaged: A file is not what the manifest says.
    """
    stage = "checking, in MB" if folder is None else "unpacking, in MB"
    done_bytes, total = 0, manifest.size_bytes // MEGABYTE
    for name, facts in manifest.files.items():
        digest, size_bytes = hashlib.sha256(), 0
        with _read(path), archive.open(name) as packed, _sink(folder, name) as out:
            while piece := packed.read(PIECE_BYTES):
                size_bytes += len(piece)
                if size_bytes > facts.size_bytes:
                    break
                digest.update(piece)
                if out is not None:
                    out.write(piece)
                done_bytes += len(piece)
                progress(done_bytes // MEGABYTE, total, stage)
        if (size_bytes, digest.hexdigest()) != (facts.size_bytes, facts.sha256):
            raise LibraryDamaged(
                f"{name} in the backup is not what was packed", hint="use another backup"
            )
        if folder is not None:
            os.utime(folder / name, ns=(facts.modified_ns, facts.modified_ns))


@contextmanager
def _sink(folder: Path | None, name: str) -> Iterator[IO[bytes] | None]:
    if folder is None:
        yield None
        return
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        yield out


def _has_place(name: str) -> bool:
    r"""Is this a name we give, which stays below the folder it is unpacked into?

    Example:
        >>> [_has_place(n) for n in ("app.db", "calls/ab/abcd.json", "../app.db", "/etc/passwd")]
        [True, True, False, False]
        >>> [_has_place(n) for n in ("calls/../../x", "calls", "C:\\x", "calls/./x", "other/x")]
        [False, False, False, False, False]
    """
    if name in (CATALOG, QUEUE, DUMP):
        return True
    path = PurePosixPath(name)
    is_plain = "\\" not in name and "\0" not in name and str(path) == name
    return is_plain and len(path.parts) > 1 and path.parts[0] in FOLDERS and ".." not in path.parts


def _looks_like_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def total_rows(rows: Mapping[str, Mapping[str, int]]) -> int:
    """Rows of all tables of all databases.

    Example:
        >>> total_rows({"app.db": {"assets": 2, "jobs": 1}, "jobs.db": {"queues": 4}})
        7
    """
    return sum(sum(tables.values()) for tables in rows.values())

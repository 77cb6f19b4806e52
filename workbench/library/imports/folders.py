"""What lies in a folder: the media files of it and of every folder below, without reading one.

Links are followed once, and never out of the roots that may be read. Hidden files and the
system's own folders are passed over.
"""

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import MediaMissing, RequestError
from workbench.media.asset import AssetKind
from workbench.media.probe import expected_kind

SIDECARS = frozenset({".srt", ".vtt", ".json"})
"""Suffixes of files that belong to a media file beside them."""

SYSTEM_NAMES = frozenset(
    {"$RECYCLE.BIN", "System Volume Information", "__MACOSX", "@eaDir", "lost+found"}
)
SYSTEM_FOLDERS = frozenset(Path(name) for name in ("/dev", "/proc", "/run", "/sys"))

UNREADABLE = "it may not be read"
NOT_MEDIA = "not a media file"
LINK_TO_NOTHING = "a link to nothing"
LINK_OUTSIDE = "a link out of the folders that may be imported"
NOT_A_FILE = "not a regular file"
NAME_NOT_TEXT = "its name is not valid UTF-8"


@dataclass(frozen=True, slots=True)
class Found:
    """A file that looks like media by its name."""

    path: Path
    """Absolute, links resolved."""
    size_bytes: int
    kind_guess: AssetKind
    """By the suffix; the bytes decide at import."""


@dataclass(frozen=True, slots=True)
class FolderListing:
    """What a folder holds."""

    files: tuple[Found, ...]
    skipped: tuple[tuple[Path, str], ...] = ()
    """What is passed over, and why. Hidden files and sidecars are not listed."""

    @property
    def total_bytes(self) -> int:
        """Bytes of all media files."""
        return sum(found.size_bytes for found in self.files)

    @property
    def unreadable(self) -> tuple[Path, ...]:
        """What may not be read or named: nobody chose to leave these out."""
        bad = {UNREADABLE, NAME_NOT_TEXT}
        return tuple(path for path, reason in self.skipped if reason in bad)

    def count(self, kind: AssetKind) -> int:
        """How many files look like this kind."""
        return sum(found.kind_guess == kind for found in self.files)


def look_inside(
    folder: Path, *, roots: Collection[Path] = (), exclude: Iterable[Path] = ()
) -> FolderListing:
    """List the media files in a folder and in all folders below it.

    Args:
        folder: A folder, or a single file.
        roots: Folders that may be imported from; empty for any.
        exclude: Folders and files below `folder` to leave out.

    Returns:
        Files in the order people count: `clip 2` before `clip 10`.

    Raises:
        MediaMissing: The folder is not there or may not be read.
        RequestError: It lies outside the roots.
    """
    start = allowed_path(folder, roots)
    left_out = (path.expanduser().resolve() for path in exclude)
    walk = _Walk(
        tuple(root.resolve() for root in roots),
        # Who asks for a folder inside an excluded one wants that folder.
        frozenset(path for path in left_out if not start.is_relative_to(path)),
    )
    if start.is_dir():
        files = tuple(walk.folder(start))
        if not files and (start, UNREADABLE) in walk.skipped:
            raise MediaMissing(
                f"{start} may not be read", hint="check the rights of the folder, or choose another"
            )
    else:
        files = tuple(walk.file(start))
    ordered = sorted(files, key=lambda found: natural_key(str(found.path)))
    return FolderListing(tuple(ordered), tuple(walk.skipped))


def allowed_path(path: Path, roots: Collection[Path]) -> Path:
    """Resolve a path, and check that it is there and may be imported.

    Raises:
        MediaMissing: There is nothing at this path.
        RequestError: It lies outside the roots, links resolved.
    """
    try:
        resolved = path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise MediaMissing(
            f"{as_text(path)} is not there, or may not be read",
            hint="check the path and the rights",
        ) from None
    if not _is_inside(resolved, [root.resolve() for root in roots]):
        raise RequestError(
            f"{as_text(resolved)} lies outside the folders that may be imported",
            hint="add its folder to WORKBENCH_MEDIA_ROOTS, or leave that empty",
        )
    return resolved


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts numbers in names by their value.

    Example:
        >>> sorted(["clip 10", "Clip 2"], key=natural_key)
        ['Clip 2', 'clip 10']
    """
    parts = re.split(r"([0-9]+)", text.casefold())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)


def _is_inside(path: Path, roots: Collection[Path]) -> bool:
    return not roots or any(path.is_relative_to(root) for root in roots)


class _Walk:
    """One walk: where it has been, and what it passed over."""

    def __init__(self, roots: tuple[Path, ...], excluded: frozenset[Path]) -> None:
        self.skipped: list[tuple[Path, str]] = []
        self._roots = roots
        self._excluded = excluded
        self._folders: set[tuple[int, int]] = set()
        self._files: set[Path] = set()

    def folder(self, start: Path) -> Iterator[Found]:
        """Every media file below a folder, each folder once."""
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            try:
                told = folder.stat()
                entries = sorted(os.scandir(folder), key=lambda entry: natural_key(entry.name))
            except OSError:
                self.skipped.append((folder, UNREADABLE))
                continue
            if (told.st_dev, told.st_ino) in self._folders:
                continue  # a link led back here
            self._folders.add((told.st_dev, told.st_ino))
            for entry in entries:
                path = self._followed(entry)
                if path is None:
                    continue
                if path.is_dir():
                    waiting.append(path)
                else:
                    yield from self.file(path)

    def _followed(self, entry: os.DirEntry[str]) -> Path | None:
        """Where an entry leads, or None if it is passed over."""
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name in SYSTEM_NAMES:
            return None
        if entry.is_symlink():
            try:
                path = path.resolve(strict=True)
            except (OSError, RuntimeError):
                self.skipped.append((path, LINK_TO_NOTHING))
                return None
            if not _is_inside(path, self._roots):
                self.skipped.append((Path(entry.path), LINK_OUTSIDE))
                return None
        if path in SYSTEM_FOLDERS or any(path.is_relative_to(gone) for gone in self._excluded):
            return None
        return path

    def file(self, path: Path) -> Iterator[Found]:
        """The file at a path, if it is media and was not met before."""
        if path.suffix.lower() in SIDECARS or path in self._files:
            return
        self._files.add(path)
        try:
            told = path.stat()
        except OSError:
            self.skipped.append((path, UNREADABLE))
            return
        if not stat.S_ISREG(told.st_mode):
            self.skipped.append((path, NOT_A_FILE))
        elif (kind := expected_kind(path)) is None:
            self.skipped.append((path, NOT_MEDIA))
        elif not is_text(str(path)):
            self.skipped.append((path, NAME_NOT_TEXT))
        else:
            yield Found(path, told.st_size, kind)


def as_text(path: Path) -> str:
    """A path that can be kept and shown, whatever bytes it is made of."""
    return str(path).encode(errors="replace").decode()


def is_text(name: str) -> bool:
    """Can a name be kept and shown? File systems take any bytes; the catalog takes Unicode.

    Example:
        >>> is_text("film.mp4"), is_text(chr(0xDCFF) + ".mp4")
        (True, False)
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True

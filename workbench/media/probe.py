"""Read what a file is: kind, size, length, streams, and what is strange about it.

The bytes decide, never the name. What can be read with a defect gets a warning; what cannot be
used ends in one of the media errors.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from workbench.errors import (
    MediaError,
    MediaMissing,
    MediaUnsupported,
)
from workbench.media.asset import Asset
from workbench.media.containers import (
    require_file,
)
from workbench.media.images.heic import ENDS_EARLY
from workbench.media.images.jpeg import is_whole_jpeg
from workbench.media.images.opening import (
    load_pixels,
    open_picture,
    orientation,
    picture_format,
    pictures_in,
)
from workbench.media.images.proxy import LARGEST_SIDE_PX
from workbench.media.kinds import SUFFIXES, expected_kind
from workbench.media.video.facts import read_film

__all__ = ["SUFFIXES", "asset_id", "expected_kind", "probe"]

READ_BYTES = 1 << 20

_IMAGE_NAMES = MappingProxyType(
    {
        ".jpg": "jpeg",
        ".jpeg": "jpeg",
        ".png": "png",
        ".apng": "png",
        ".gif": "gif",
        ".webp": "webp",
        ".heic": "heic",
        ".heif": "heic",
        ".avif": "avif",
        ".tif": "tiff",
        ".tiff": "tiff",
    }
)


def asset_id(path: Path) -> str:
    """Name a file by its bytes: the first 16 hexadecimal digits of their SHA-256.

    Raises:
        MediaMissing: The file is not there, or may not be read.
        MediaEmpty: It has no bytes.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(b"abc")
        ...     file.flush()
        ...     asset_id(Path(file.name))
        'ba7816bf8f01cfea'
    """
    require_file(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()[:16]


def probe(path: Path) -> Asset:
    """Read the facts about a media file.

    The whole file is read once for its id. Pictures are decoded, except JPEGs that are seen to go on
    to their end; of films and sound the packets
    are listed, and single frames decoded.

    Args:
        path: A file; its name may be anything.

    Raises:
        MediaMissing: It is not there, or may not be read.
        MediaEmpty: It has no bytes, no pictures or no length.
        MediaDamaged: It cannot be decoded.
        MediaUnsupported: It is not a picture, film or sound we read.
        MediaTooLarge: It has too many pixels.
        MediaError: It changed while it was read.
    """
    path = path.absolute()
    size_bytes = require_file(path)
    with _staying(path):
        return _probe(path, asset_id(path), size_bytes)


@contextmanager
def _staying(path: Path) -> Iterator[None]:
    """What is read of a file that changes meanwhile is not of the bytes it is named by.

    Raises:
        MediaMissing: It is gone, or cannot be read to its end.
        MediaError: It has changed.
    """
    before = _last_change(path)
    try:
        yield
    except OSError as error:
        raise MediaMissing(
            f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}",
            hint="check that it is there, and the disk it lies on",
        ) from error
    except MediaError:
        if _last_change(path) in {before, None}:
            raise
    if _last_change(path) != before:
        raise MediaError(
            f"{path.name} changed while it was read",
            hint="import it again when it has been copied or recorded to its end",
        )


def _last_change(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_size, told.st_mtime_ns


def _probe(path: Path, identity: str, size_bytes: int) -> Asset:
    if picture_format(path):
        return _probe_picture(path, identity, size_bytes)
    try:
        return read_film(path, identity, size_bytes)
    except MediaUnsupported as error:
        if expected_kind(path) in {"video", "audio"}:
            raise
        try:
            return _probe_picture(path, identity, size_bytes)
        except MediaUnsupported:
            if expected_kind(path) == "image":
                raise
            raise MediaUnsupported(
                f"{path.name} is not a picture, film or sound file we read",
                hint="convert it to MP4, JPEG or MP3 and import it again",
            ) from error


def _probe_picture(path: Path, identity: str, size_bytes: int) -> Asset:
    warnings = []
    with open_picture(path) as picture:
        name = (picture.format or "").lower()
        pictures = pictures_in(picture)
        turned = orientation(picture)
        width_px, height_px = picture.size
        if name not in {"jpeg", "mpo"}:
            load_pixels(picture)
        elif not is_whole_jpeg(path):
            # An eighth of the size still reads the file to its end.
            picture.draft(picture.mode, (max(1, width_px // 8), max(1, height_px // 8)))
            load_pixels(picture)
        if ENDS_EARLY in picture.info:
            warnings.append("Its last bytes are missing; the picture itself is whole.")
    if turned >= 5:
        width_px, height_px = height_px, width_px
    if pictures > 1 and name in {"gif", "png", "webp", "avif"}:
        warnings.append(f"It is an animation of {pictures} pictures; the first is used.")
    elif pictures > 1 and name != "psd":
        warnings.append(f"It holds {pictures} pictures; the first is used.")
    promised = _IMAGE_NAMES.get(path.suffix.lower())
    if promised != {"mpo": "jpeg"}.get(name, name) and (promised or expected_kind(path) != "image"):
        warnings.append(f"It is named {path.suffix or 'without a suffix'} but is a {name} picture.")
    if max(width_px, height_px) > LARGEST_SIDE_PX:
        warnings.append(f"A side is longer than {LARGEST_SIDE_PX} px; models get a smaller copy.")
    return Asset(
        id=identity,
        path=path,
        kind="image",
        format=name,
        size_bytes=size_bytes,
        width_px=width_px,
        height_px=height_px,
        rotation_deg={3: 180, 4: 180, 5: 90, 6: 270, 7: 270, 8: 90}.get(turned, 0),
        warnings=tuple(warnings),
    )

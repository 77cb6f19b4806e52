"""Make a smaller copy of a picture: what is sent to a model instead of the original.

A copy is never larger than the picture, in pixels or in bytes, and always upright 8-bit sRGB.
"""

import io
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from workbench.errors import MediaError, MediaMissing, MediaUnsupported, RequestError
from workbench.media.asset import Asset, Proxy
from workbench.media.images.opening import (
    Decoded,
    decode_plain,
    has_place,
    open_picture,
    orientation,
    pictures_in,
)
from workbench.media.outputs import atomic_output, require_room, safe_stem

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """How one kind of image proxy is made."""

    name: str
    short_side_px: int | None
    """Longest allowed short side; None keeps the size."""
    quality: int
    """JPEG quality, 1 to 95."""
    meaning: str
    also: str = "WEBP"
    """A format that is kept besides JPEG and PNG; empty for none."""


IMAGE_SPECS = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            ImageSpec("nova-896", 896, 85, "small and cheap to move; small print may be lost"),
            ImageSpec("nova-1568", 1568, 85, "keeps small text readable"),
            ImageSpec("original", None, 95, "every pixel, for documents"),
            ImageSpec("plain-1568", 1568, 85, "JPEG or PNG, for services that take no other", ""),
        )
    }
)

DEFAULT_IMAGE_SPEC = "nova-1568"

LARGEST_SIDE_PX = 8000
"""Nova refuses pictures with a longer side (Nova user guide, image understanding)."""

SENDABLE = MappingProxyType({"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"})
"""Formats a model takes as they are, with the suffix of a copy."""

BLOCKY = frozenset({"JPEG", "MPO", "HEIC", "AVIF", "JPEG2000"})
"""What was one of these once gains nothing from being a PNG, drawing or not."""

IMAGE_RECIPE = 3
"""Kept with each proxy, and raised when other pixels come out for the same picture."""

_SENT_MODES = frozenset({"1", "L", "LA", "RGB", "RGBA", "P"})


def proxy_size(width_px: int, height_px: int, *, short_side_px: int = 896) -> tuple[int, int]:
    """Size an image so that its short side is at most `short_side_px`.

    The aspect ratio is kept, nothing is enlarged, and no side is longer than a model takes.

    Args:
        width_px: Width of the original, at least 1.
        height_px: Height of the original, at least 1.
        short_side_px: Longest allowed short side; 896 is the least that Nova scales to.

    Returns:
        Width and height in pixels, each at least 1, rounded to the nearest.

    Raises:
        RequestError: A side is zero or negative.

    Source: Amazon Nova user guide, image understanding (read 2025-12).

    Example:
        >>> proxy_size(4000, 3000), proxy_size(640, 480), proxy_size(20000, 1000)
        ((1195, 896), (640, 480), (8000, 400))
    """
    if width_px < 1 or height_px < 1 or short_side_px < 1:
        raise RequestError(
            f"{width_px} × {height_px} px with a short side of {short_side_px} px is no size"
        )
    scale = min(
        1.0, short_side_px / min(width_px, height_px), LARGEST_SIDE_PX / max(width_px, height_px)
    )
    return max(1, round(width_px * scale)), max(1, round(height_px * scale))


def image_spec(name: str) -> ImageSpec:
    """Find a spec by name.

    Raises:
        RequestError: There is no such spec; the hint lists them.
    """
    try:
        return IMAGE_SPECS[name]
    except KeyError:
        raise RequestError(
            f"there is no image proxy {name!r}", hint=f"use {', '.join(IMAGE_SPECS)}"
        ) from None


def make_image_proxy(asset: Asset, spec: str, folder: Path) -> Proxy:
    """Make the copy of a picture that is sent to a model.

    Photos become JPEG; drawings and pictures with see-through parts become PNG. Where the original
    is upright and plain, and has no more bytes than the new copy, its own bytes are used, unless
    they say where the picture was taken.

    Args:
        asset: A picture, as `probe` read it.
        spec: `nova-896`, `nova-1568`, `original` or `plain-1568`.
        folder: Where the proxy goes, named `<stem>_<asset id>_<spec>.<suffix>`.

    Returns:
        The proxy; an existing one is found again and not made twice. Its notes say what was
        strange and has been dealt with.

    Raises:
        RequestError: The asset is no picture, or the spec or folder cannot be used.
        MediaError: The file cannot be read any more, or has changed.
        DiskFull: There is no room.
    """
    wanted = image_spec(spec)
    if asset.kind != "image":
        raise MediaUnsupported(
            f"{asset.name} is no picture", hint="use a video proxy for video and sound"
        )
    started = time.perf_counter()
    base = folder / f"{safe_stem(asset.name)}_{asset.id}_{wanted.name}"
    for suffix in SENDABLE.values():
        path = base.with_name(base.name + suffix)
        if path.is_file():
            with open_picture(path) as picture:
                size_px = picture.size
            notes = ("it was there already",)
            return _proxy(asset, path, wanted, size_px, started=started, notes=notes)
    require_room(folder, asset.size_bytes)
    with _staying(asset):
        made = _made(asset, wanted)
        target = base.with_name(base.name + made.suffix)
        with atomic_output(target) as temporary:
            if made.encoded is None:
                shutil.copyfile(asset.path, temporary)
            else:
                temporary.write_bytes(made.encoded)
            _require_unchanged(asset)
    return _proxy(asset, target, wanted, made.size_px, started=started, notes=made.notes)


@dataclass(frozen=True, slots=True)
class _Made:
    """What will be the proxy: new bytes, or None for those of the original."""

    encoded: bytes | None
    suffix: str
    size_px: tuple[int, int]
    notes: tuple[str, ...]


def _made(asset: Asset, spec: ImageSpec) -> _Made:
    source, decoded = _decoded(asset, spec)
    finished = decoded.picture
    is_png = finished.mode == "RGBA" or (decoded.is_drawing and source.form not in BLOCKY)
    encoded = _encode(finished, spec.quality, is_png=is_png)
    has_all = spec.short_side_px is None and max(source.size_px) <= LARGEST_SIDE_PX
    if source.may_be_sent and (has_all or asset.size_bytes <= len(encoded)):
        note = "The original is small enough and is sent as it is."
        return _Made(None, SENDABLE[source.form], source.size_px, (note,))
    notes = list(decoded.notes)
    if source.pictures > 1:
        notes.insert(0, f"It is the first of {source.pictures} pictures.")
    if finished.mode == "RGBA":
        notes.append("Its see-through parts were kept.")
    if source.names_place:
        notes.append("The place it was taken at was left out.")
    return _Made(encoded, ".png" if is_png else ".jpg", finished.size, tuple(notes))


@dataclass(frozen=True, slots=True)
class _Source:
    form: str
    size_px: tuple[int, int]
    pictures: int
    names_place: bool
    may_be_sent: bool
    """May its own bytes go to a model: upright, plain, and not saying where it was taken?"""


def _decoded(asset: Asset, spec: ImageSpec) -> tuple[_Source, Decoded]:
    with open_picture(asset.path) as picture:
        form, size_px = picture.format or "", picture.size
        short_side_px = spec.short_side_px or max(size_px)
        wanted_px = proxy_size(*size_px, short_side_px=short_side_px)
        pictures, names_place = pictures_in(picture), has_place(picture)
        is_plain = (
            form in {"JPEG", "PNG", spec.also}
            and max(size_px) <= LARGEST_SIDE_PX
            and orientation(picture) == 1
            and picture.mode in _SENT_MODES
            and "icc_profile" not in picture.info
            and pictures == 1
            and not names_place
        )
        decoded = decode_plain(asset.path, picture, wanted_px, for_jpeg=form in BLOCKY)
    may_be_sent = is_plain and not decoded.notes
    return _Source(form, size_px, pictures, names_place, may_be_sent), decoded


def _encode(picture: "Picture", quality: int, *, is_png: bool) -> bytes:
    buffer = io.BytesIO()
    if is_png:
        _without_colours(picture).save(buffer, "PNG")
    else:
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _without_colours(picture: "Picture") -> "Picture":
    """A third of the bytes, where a drawing has only greys."""
    from PIL import ImageChops

    if picture.mode != "RGB":
        return picture
    red, green, blue = picture.split()
    if ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox():
        return picture
    return red


@contextmanager
def _staying(asset: Asset) -> Iterator[None]:
    """A picture that is written while it is read is changed and not damaged.

    Raises:
        MediaError: It has not the size any more that it was imported with, or is gone.
    """
    try:
        yield
    except MediaError:
        _require_unchanged(asset)
        raise


def _require_unchanged(asset: Asset) -> None:
    try:
        size_bytes = asset.path.stat().st_size
    except OSError as error:
        raise MediaMissing(
            f"{asset.name} is no longer in {asset.path.parent}",
            hint="put it back, or import it from where it is now",
        ) from error
    if size_bytes != asset.size_bytes:
        raise MediaError(
            f"{asset.name} has changed since it was imported",
            hint="import it again when it has been copied to its end",
        )


def _proxy(
    asset: Asset,
    path: Path,
    spec: ImageSpec,
    size_px: tuple[int, int],
    *,
    started: float,
    notes: tuple[str, ...],
) -> Proxy:
    return Proxy(
        asset_id=asset.id,
        path=path.absolute(),
        spec=spec.name,
        size_bytes=path.stat().st_size,
        width_px=size_px[0],
        height_px=size_px[1],
        seconds_to_make=time.perf_counter() - started,
        notes=notes,
        recipe=IMAGE_RECIPE,
    )

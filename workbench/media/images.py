"""Make a smaller copy of a picture: what is sent to a model instead of the original.

A copy is never larger than the picture, in pixels or in bytes, and always upright 8-bit sRGB.
"""

import io
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from workbench.errors import MediaUnsupported, RequestError
from workbench.media.asset import Asset, Proxy
from workbench.media.outputs import atomic_output, require_room, safe_stem
from workbench.media.pictures import decode_plain, has_place, open_picture, orientation

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

LOSSLESS = frozenset({"PNG", "GIF", "BMP", "PPM", "TIFF", "ICO", "PSD"})
"""Formats drawings are kept in. What was a JPEG once gains nothing from being a PNG."""

FLAT_SHARE = 0.5
"""Share of equal neighbours above which a picture counts as a drawing."""


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
    is already small, upright and plain, and no larger in bytes than the new copy, its own bytes are
    used, unless they say where the picture was taken.

    Args:
        asset: A picture, as `probe` read it.
        spec: `nova-896`, `nova-1568`, `original` or `plain-1568`.
        folder: Where the proxy goes, named `<stem>_<asset id>_<spec>.<suffix>`.

    Returns:
        The proxy; an existing one is found again and not made twice.

    Raises:
        RequestError: The asset is no picture, or the spec or folder cannot be used.
        MediaError: The file cannot be read any more.
        DiskFull: There is no room.
    """
    wanted = image_spec(spec)
    if asset.kind != "image":
        raise MediaUnsupported(
            f"{asset.name} is no picture", hint="use a video proxy for video and sound"
        )
    started = time.perf_counter()
    base = folder / f"{safe_stem(asset.name)}_{asset.id}_{wanted.name}"
    known = [base.with_name(base.name + suffix) for suffix in SENDABLE.values()]
    for path in known:
        if path.is_file():
            return _described(asset, path, wanted, started, ("it was there already",))
    require_room(folder, asset.size_bytes)
    with open_picture(asset.path) as picture:
        short_side = wanted.short_side_px or max(picture.size)
        size = proxy_size(*picture.size, short_side_px=short_side)
        keeps = picture.format in {"JPEG", "PNG", wanted.also}
        suffix = SENDABLE.get(picture.format or "", "") if keeps else ""
        is_plain = (
            suffix != ""
            and size == picture.size
            and orientation(picture) == 1
            and picture.mode in {"L", "RGB", "RGBA", "P"}
            and "icc_profile" not in picture.info
            and getattr(picture, "n_frames", 1) == 1
            and not has_place(picture)
        )
        was_lossless = picture.format in LOSSLESS
        finished = decode_plain(picture, size)
    encoded, new_suffix = _encode(finished, wanted.quality, was_lossless=was_lossless)
    keeps_source = is_plain and (wanted.name == "original" or asset.size_bytes <= len(encoded))
    target = base.with_name(base.name + (suffix if keeps_source else new_suffix))
    with atomic_output(target) as temporary:
        if keeps_source:
            shutil.copyfile(asset.path, temporary)
        else:
            temporary.write_bytes(encoded)
    notes = ("the original is small enough and is sent as it is",) if keeps_source else ()
    return _described(asset, target, wanted, started, notes)


def is_drawing(picture: "Picture") -> bool:
    """Has this picture the flat areas of a slide, a diagram or a screenshot?

    Two neighbours in a photo are rarely exactly equal, because sensors are noisy; in a drawing most
    are.
    """
    import numpy as np

    pixels = np.asarray(picture.convert("RGB"))
    if pixels.shape[1] < 2:
        return False
    return float((pixels[:, 1:] == pixels[:, :-1]).all(axis=2).mean()) >= FLAT_SHARE


def _encode(picture: "Picture", quality: int, *, was_lossless: bool) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    if picture.mode == "RGBA" or (was_lossless and is_drawing(picture)):
        picture.save(buffer, "PNG")
        return buffer.getvalue(), ".png"
    picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue(), ".jpg"


def _described(
    asset: Asset, path: Path, spec: ImageSpec, started: float, notes: tuple[str, ...]
) -> Proxy:
    with open_picture(path) as picture:
        width_px, height_px = picture.size
    return Proxy(
        asset_id=asset.id,
        path=path.absolute(),
        spec=spec.name,
        size_bytes=path.stat().st_size,
        width_px=width_px,
        height_px=height_px,
        seconds_to_make=time.perf_counter() - started,
        notes=notes,
    )

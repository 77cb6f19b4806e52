"""Open a still picture of any kind people keep, and bring it to plain 8-bit sRGB, upright.

The bytes decide what a file is, never its name. Sizes are checked before pixels are decoded, so a
small file cannot ask for a huge amount of memory.
"""

import errno
import math
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MediaError, MediaMissing, MediaTooLarge, MediaUnsupported
from workbench.media.containers import damaged, require_file
from workbench.media.images.colour import colour_notes, to_eight_bit, to_srgb, without_unused_alpha
from workbench.media.images.drawings import PHOTO, look_at
from workbench.media.images.heic import decoded_heic, heic_size
from workbench.media.images.resize import averaged, resize, resize_photo

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = (*("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "PPM", "ICO", "PSD", "JPEG2000"),)
"""What Pillow may try. Formats that start other programs or read other files are left out; MPO
comes with JPEG."""

LARGEST_PIXELS = 120_000_000
"""12,000 × 10,000: 360 MB once decoded."""

SMALL_HEAD_BYTES = 64

_SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n", "png"),
    (b"GIF8", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"8BPS", "psd"),
    (b"BM", "bmp"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}

_PILLOW_GIVES_UP = (
    *(SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError),
    # The AVIF reader, and for features that are not there NotImplementedError.
    *(struct.error, zlib.error, RuntimeError),
)
"""What Pillow's readers raise on damaged files, besides OSError."""

_GONE = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENOTDIR, errno.EISDIR}
)
_ORIENTATION_TAG = 0x0112
_GPS_TAG = 0x8825
_filters_lock = threading.Lock()

DRAFT = 1.5
"""A JPEG is decoded at this many times the size wanted, or more: at half of it, by its own
transform, 38 ms instead of 77 for 12 megapixels and 0.01 dB from decoding all. At 1.0 24 megapixels
would cost a third less, and 0.18 dB."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture in upright 8-bit sRGB, and what had to be done for it."""

    picture: "Picture"
    is_drawing: bool
    """Has it the flat areas of a slide, a diagram or a screenshot?"""
    notes: tuple[str, ...]
    """What was strange and has been dealt with, a sentence each."""


def picture_format(path: Path) -> str:
    """What kind of picture the first bytes promise, in lower case; empty if none.

    Raises:
        MediaMissing: The file may not be read.
    """
    with path.open("rb") as file:
        head = file.read(SMALL_HEAD_BYTES)
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        length = min(len(head), max(16, int.from_bytes(head[:4], "big")))
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))}
        if b"avif" in brands or b"avis" in brands:
            return "avif"
        if brands & _HEIC_BRANDS:
            return "heic"
    return ""


@contextmanager
def open_picture(path: Path) -> Iterator["Picture"]:
    """Open a picture; pixels are decoded when they are first used.

    Yields:
        A Pillow image whose `format` is set, HEIC included.

    Raises:
        MediaMissing: The file is not there, or may not be read.
        MediaEmpty: It has no bytes.
        MediaUnsupported: It is no picture we read.
        MediaTooLarge: It has more than `LARGEST_PIXELS` pixels.
        MediaDamaged: It cannot be decoded to its end.
    """
    from PIL import Image, UnidentifiedImageError

    require_file(path)
    promised = picture_format(path)
    # Pillow's own limit is far higher than what one worker should hold.
    Image.MAX_IMAGE_PIXELS = LARGEST_PIXELS
    Image.init()
    try:
        if promised == "heic" or (promised == "avif" and not _reads_avif()):
            _check_size(path, *heic_size(path))
            with decoded_heic(path, promised) as picture:
                _check_size(path, picture.width, picture.height)
                yield picture
        else:
            with _quiet():
                opened = Image.open(path, formats=FORMATS)
            with opened as picture:
                _check_size(path, picture.width, picture.height)
                yield picture
    except MediaError:
        raise
    except UnidentifiedImageError as error:
        if promised:
            raise damaged(path, f"it starts as a {promised} picture but cannot be read") from error
        raise MediaUnsupported(
            f"{path.name} is not a picture we read",
            hint="convert it to JPEG or PNG and import it again",
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, "") from error
    except _PILLOW_GIVES_UP as error:
        why = str(error) or "it cannot be decoded"
        # A few kilobytes that would unpack to a hundred million letters.
        why = "the text in it is larger than any picture needs" if "MAX_TEXT" in why else why
        raise damaged(path, why) from error
    except OSError as error:
        if error.errno in _GONE:
            raise MediaMissing(
                f"{path.name} cannot be read any more: {(error.strerror or str(error)).lower()}",
                hint="check that it is there, and the disk it lies on",
            ) from error
        if error.errno is not None:
            raise
        raise damaged(path, str(error)) from error


def load_pixels(picture: "Picture") -> None:
    """Decode an opened picture, without Pillow's remarks about broken EXIF.

    Raises:
        OSError: And others, which `open_picture` turns into ours.
    """
    # Only TIFF reads EXIF again here. The others must not wait for each other.
    with _quiet() if picture.format == "TIFF" else nullcontext():
        picture.load()


def orientation(picture: "Picture") -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or it cannot be read."""
    value = _exif(picture).get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def has_place(picture: "Picture") -> bool:
    """Does the file say where on Earth it was taken, in its EXIF or its XMP?"""
    return _GPS_TAG in _exif(picture) or "GPSLatitude" in str(picture.info.get("xmp", ""))


def pictures_in(picture: "Picture") -> int:
    """How many pictures, pages or layers a file holds, at least 1.

    Raises:
        OSError: And others, which `open_picture` turns into ours.
    """
    with _quiet() if picture.format == "TIFF" else nullcontext():
        try:
            return int(getattr(picture, "n_frames", 1))
        except TypeError as error:
            # A TIFF whose second picture has no size.
            raise OSError(str(error)) from error


def upright(picture: "Picture", turned: int) -> "Picture":
    """Turn or mirror a picture as its EXIF orientation (1 to 8) asks.

    The cheap moment is after resizing: 0.6 ms instead of 46 (facts, 12 megapixels).
    """
    from PIL import Image

    moves = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return picture.transpose(moves[turned]) if turned in moves else picture


def plain_picture(path: Path, *, largest_px: int = 0) -> "Picture":
    """Decode a picture to upright 8-bit sRGB (L, RGB or RGBA), smaller if asked.

    Args:
        path: The picture.
        largest_px: Longest side wanted in pixels; 0 keeps the size. Nothing is enlarged.

    Raises:
        MediaError: As `open_picture`.
    """
    with open_picture(path) as picture:
        return decode_plain(path, picture, _scaled(picture.size, largest_px)).picture


def thumbnail(path: Path, *, largest_px: int) -> "Picture":
    """Decode a picture to a small upright one (L, RGB, RGBA or YCbCr), as cheaply as can be.

    Args:
        path: The picture.
        largest_px: Longest side wanted in pixels, at least 1. Nothing is enlarged.

    Raises:
        MediaError: As `open_picture`.
    """
    with open_picture(path) as picture:
        size_px = _scaled(picture.size, largest_px)
        return decode_plain(path, picture, size_px, for_jpeg=True, for_thumbnail=True).picture


def _scaled(size_px: tuple[int, int], largest_px: int) -> tuple[int, int]:
    scale = min(1.0, largest_px / max(size_px)) if largest_px else 1.0
    return max(1, round(size_px[0] * scale)), max(1, round(size_px[1] * scale))


def decode_plain(
    path: Path,
    picture: "Picture",
    size_px: tuple[int, int],
    *,
    for_jpeg: bool = False,
    for_thumbnail: bool = False,
) -> Decoded:
    """Decode an opened picture to a size (before turning), in upright 8-bit sRGB.

    Photos take the fast path: a JPEG is decoded at half, a quarter or an eighth of its size where
    that is enough, in the colours it is stored in. Drawings and fine patterns are decoded whole and
    every pixel of them counts.

    Args:
        path: The file, to open it again where that is needed.
        picture: As `open_picture` gives it, not decoded yet.
        size_px: Width and height wanted; nothing is enlarged.
        for_jpeg: May the mode be YCbCr as well? Saved as JPEG again, those need no turning into
            RGB and back.
        for_thumbnail: Is the least that looks well enough? Drawings are not told apart then.

    Raises:
        OSError: And others, which `open_picture` turns into ours.
    """
    turned = orientation(picture)
    profile = picture.info.get("icc_profile")
    notes = colour_notes(picture)
    whole_px = picture.size
    if size_px[0] < picture.width and picture.format in {"JPEG", "MPO"}:
        mode = "YCbCr" if _stores_ycbcr(picture) else picture.mode
        times = 1.0 if for_thumbnail else DRAFT
        picture.draft(mode, (math.ceil(size_px[0] * times), math.ceil(size_px[1] * times)))
    load_pixels(picture)
    seen = PHOTO if for_thumbnail else look_at(picture)
    if seen.is_exact and picture.size != whole_px:
        with open_picture(path) as again:
            load_pixels(again)
            picture = again
    plain = without_unused_alpha(to_eight_bit(picture))
    if seen.is_exact:
        plain = resize(plain, size_px)
    else:
        plain = averaged(plain, size_px)
        if plain is not picture:
            # 48 MB for 12 megapixels that nobody needs any more.
            picture.close()
        plain = resize_photo(plain, size_px)
    finished = upright(plain, turned)
    if profile or not for_jpeg or finished.mode != "YCbCr":
        finished = to_srgb(finished, profile)
    # Neither EXIF nor a profile belongs to these pixels any more.
    finished.info = {}
    return Decoded(finished, seen.is_drawing, notes)


def _stores_ycbcr(picture: "Picture") -> bool:
    """May a JPEG be decoded without turning its colours into RGB? As libjpeg decides what it is."""
    if picture.mode != "RGB":
        return False
    if "jfif" in picture.info:
        return True
    if "adobe_transform" in picture.info:
        return bool(picture.info["adobe_transform"] == 1)
    return [layer[0] for layer in getattr(picture, "layer", [])] == [1, 2, 3]


def _reads_avif() -> bool:
    from PIL import features

    return bool(features.check("avif"))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's remarks about broken EXIF to itself; turn those about size into errors."""
    from PIL import Image

    # The filters are shared by all threads, hence the lock.
    with _filters_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _exif(picture: "Picture") -> dict[int, object]:
    if picture.format == "PNG" and "exif" not in picture.info:
        # It may stand behind the pixels, so Pillow decodes them first: not under the lock.
        load_pixels(picture)
    with _quiet():
        try:
            return dict(picture.getexif())
        except (SyntaxError, ValueError, TypeError, KeyError, struct.error, OSError):
            return {}


def _check_size(path: Path, width_px: int, height_px: int) -> None:
    if width_px < 1 or height_px < 1:
        raise damaged(path, "it has no pixels")
    if width_px * height_px > LARGEST_PIXELS:
        raise _too_large(path, f"{width_px} × {height_px} = ")


def _too_large(path: Path, size: str) -> MediaTooLarge:
    return MediaTooLarge(
        f"{path.name} has {size}more than {LARGEST_PIXELS / 1e6:.0f} million pixels",
        hint="make it smaller with an image program and import it again",
    )

"""Open a still picture of any kind people keep, and bring it to plain 8-bit sRGB, upright.

The bytes decide what a file is, never its name. Sizes are checked before pixels are decoded, so a
small file cannot ask for a huge amount of memory.
"""

import io
import math
import struct
import tempfile
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import (
    MediaDamaged,
    MediaError,
    MediaTooLarge,
    MediaUnsupported,
    NotInstalled,
    ToolError,
)
from workbench.media.containers import damaged, require_file
from workbench.media.ffmpeg import input_args, run_ffmpeg

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
    *(struct.error, zlib.error),
)
"""What Pillow's readers raise on damaged files, besides OSError."""

_ORIENTATION_TAG = 0x0112
_GPS_TAG = 0x8825
_filters_lock = threading.Lock()


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
        if promised == "heic":
            with _decoded_heic(path) as picture:
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
        raise damaged(path, str(error) or "it cannot be decoded") from error
    except OSError as error:
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
    """Does the file say where on Earth it was taken?"""
    return _GPS_TAG in _exif(picture)


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


def to_eight_bit(picture: "Picture") -> "Picture":
    """Scale pictures of 16 or 32 bits a channel to 8; converting alone would clip them."""
    import numpy as np
    from PIL import Image

    if picture.mode not in {"F", "I", "I;16", "I;16B", "I;16L"}:
        return picture
    values = np.asarray(picture).astype(np.float32)
    values = np.nan_to_num(values, posinf=0, neginf=0)
    low, high = min(0.0, float(values.min())), float(values.max())
    if picture.mode == "F":
        # Floating point has no fixed range: what is there is stretched.
        scale = 255 / (high - low) if high > low else 0.0
    else:
        low = 0.0
        scale = 1 / 257 if high > 255 else 1.0
    scaled = np.clip((values - low) * scale, 0, 255)
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


def without_unused_alpha(picture: "Picture") -> "Picture":
    """Bring any mode to L, RGB or RGBA, CMYK and LAB; RGBA only if something is see-through."""
    if picture.mode in {"CMYK", "LAB", "L", "RGB"} and "transparency" not in picture.info:
        return picture
    if not picture.has_transparency_data:
        return picture.convert("L" if picture.mode == "1" else "RGB")
    clear = picture.convert("RGBA")
    lowest, _ = clear.getchannel("A").getextrema()
    return clear.convert("RGB") if lowest == 255 else clear


def to_srgb(picture: "Picture", profile: bytes | None) -> "Picture":
    """Convert L, RGB, RGBA, CMYK or LAB to sRGB, by the embedded colour profile if there is one.

    Args:
        picture: As `without_unused_alpha` gives it.
        profile: The ICC profile in the file, if any. A broken one is passed over.
    """
    from PIL import ImageCms

    target = ImageCms.createProfile("sRGB")
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    plain = picture.convert("RGB") if alpha else picture
    try:
        if profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if plain.mode == "L" or "sRGB" in ImageCms.getProfileDescription(source):
                plain = plain.convert("RGB") if plain.mode != "L" else plain
            else:
                plain = _through(plain, source, target)
        elif plain.mode == "LAB":
            plain = _through(plain, ImageCms.createProfile("LAB"), target)
    except (ImageCms.PyCMSError, OSError):
        # The profile does not fit the pixels or cannot be read; the pixels are what is left.
        plain = plain if plain.mode in {"L", "RGB"} else plain.convert("RGB")
    if plain.mode not in {"L", "RGB"}:
        plain = plain.convert("RGB")
    if alpha:
        plain = plain.convert("RGB")
        plain.putalpha(alpha)
    return plain


def plain_picture(path: Path, *, largest_px: int = 0) -> "Picture":
    """Decode a picture to upright 8-bit sRGB (L, RGB or RGBA), smaller if asked.

    Args:
        path: The picture.
        largest_px: Longest side wanted in pixels; 0 keeps the size. Nothing is enlarged.

    Raises:
        MediaError: As `open_picture`.
    """
    with open_picture(path) as picture:
        scale = min(1.0, largest_px / max(picture.size)) if largest_px else 1.0
        width, height = (max(1, round(side * scale)) for side in picture.size)
        return decode_plain(picture, (width, height))


def decode_plain(picture: "Picture", size_px: tuple[int, int]) -> "Picture":
    """Decode an opened picture to a size (before turning), in upright 8-bit sRGB.

    JPEG decodes at 1.5 times the size at least and is then resized: 2.3 times cheaper than
    decoding all, and 0.04 dB from it (facts, section 2).
    """
    from PIL import Image

    turned = orientation(picture)
    profile = picture.info.get("icc_profile")
    is_smaller = size_px[0] < picture.width
    if is_smaller and picture.format in {"JPEG", "MPO"}:
        picture.draft(picture.mode, (math.ceil(size_px[0] * 1.5), math.ceil(size_px[1] * 1.5)))
    load_pixels(picture)
    plain = without_unused_alpha(to_eight_bit(picture))
    if plain.size != size_px:
        plain = plain.resize(size_px, Image.Resampling.LANCZOS, reducing_gap=3.0)
    finished = to_srgb(upright(plain, turned), profile)
    # Neither EXIF nor a profile belongs to these pixels any more.
    finished.info = {}
    return finished


def _through(picture: "Picture", source: object, target: object) -> "Picture":
    from PIL import ImageCms

    converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")  # type: ignore[arg-type]
    return converted if converted is not None else picture


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


@contextmanager
def _decoded_heic(path: Path) -> Iterator["Picture"]:
    """Pillow reads no HEIC; ffmpeg does, tiles and rotation included."""
    from PIL import Image

    width_px, height_px = _heic_size(path)
    _check_size(path, width_px, height_px)
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        whole = Path(folder) / "whole.png"
        try:
            run_ffmpeg(
                [
                    *("-err_detect", "explode", "-xerror"),
                    *input_args(path),
                    *("-frames:v", "1", "-update", "1", "-pix_fmt", "rgb24"),
                    *("-compression_level", "1", "-f", "image2", whole),
                ]
            )
        except (ToolError, MediaDamaged) as error:
            if isinstance(error, NotInstalled):
                raise
            raise damaged(path, error.message) from error
        if not whole.is_file():
            raise damaged(path, "none of its pictures can be decoded")
        with Image.open(whole, formats=["PNG"]) as picture:
            picture.load()
            picture.format = "HEIC"
            if profile := _heic_profile(path):
                picture.info["icc_profile"] = profile
            yield picture


def _heic_size(path: Path) -> tuple[int, int]:
    """The largest size any item declares: the whole picture, where it is made of tiles."""
    sizes = [(1, 1)]
    head = _heic_head(path)
    at = head.find(b"ispe")
    while at >= 0:
        # Full box: version and flags, then width and height (ISO/IEC 23008-12, 6.5.3).
        fields = head[at + 8 : at + 16]
        if len(fields) == 8:
            sizes.append(struct.unpack(">II", fields))
        at = head.find(b"ispe", at + 4)
    return max(sizes, key=lambda size: size[0] * size[1])


def _heic_profile(path: Path) -> bytes | None:
    head = _heic_head(path)
    at = head.find(b"colrprof")
    if at < 4:
        return None
    length = int.from_bytes(head[at - 4 : at], "big")
    return head[at + 8 : at - 4 + length] or None


def _heic_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(262_144)

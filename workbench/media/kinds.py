"""What a file's suffix leads one to expect. The bytes have the last word."""

from pathlib import Path
from types import MappingProxyType

from workbench.media.asset import AssetKind

_VIDEO = "mp4 m4v mov mkv webm avi mpg mpeg m2ts mts ts vob wmv asf flv ogv 3gp 3g2 mxf dv ivf"
_IMAGE = "jpg jpeg png apng gif webp heic heif avif tif tiff bmp pgm ppm pnm ico psd mpo jp2"
_AUDIO = "mp3 wav m4a aac flac ogg oga opus wma aif aiff au caf ac3 amr"

SUFFIXES: MappingProxyType[AssetKind, frozenset[str]] = MappingProxyType(
    {
        "video": frozenset(f".{name}" for name in _VIDEO.split()),
        "image": frozenset(f".{name}" for name in _IMAGE.split()),
        "audio": frozenset(f".{name}" for name in _AUDIO.split()),
    }
)
"""Suffixes an import looks at, and what each leads one to expect; the bytes have the last word."""


def expected_kind(path: Path) -> AssetKind | None:
    """What a file's suffix leads one to expect; None if an import passes it over.

    Example:
        >>> expected_kind(Path("Talk.MP4")), expected_kind(Path("notes.txt"))
        ('video', None)
    """
    suffix = path.suffix.lower()
    return next((kind for kind, known in SUFFIXES.items() if suffix in known), None)

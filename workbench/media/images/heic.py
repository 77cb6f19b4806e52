"""Read HEIC, the photos of phones, which Pillow alone does not.

By the package pillow-heif where it is installed, else by ffmpeg: six times slower, and into a file.
"""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MediaDamaged, NotInstalled, ToolError
from workbench.media.containers import damaged
from workbench.media.ffmpeg import input_args, run_ffmpeg

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

ENDS_EARLY = "ends early"
"""In a picture's `info`: bytes are missing at the end, though none that the picture needs."""


def heic_reader() -> str:
    """The name of what reads HEIC here: pillow-heif or ffmpeg."""
    return "pillow-heif" if find_spec("pillow_heif") else "ffmpeg"


@contextmanager
def decoded_heic(path: Path, promised: str = "heic") -> Iterator["Picture"]:
    """Decode a HEIC or AVIF picture, tiles and rotation included.

    Args:
        path: The picture; its size has been checked.
        promised: `heic` or `avif`.

    Raises:
        MediaDamaged: It cannot be decoded.
        NotInstalled: Neither pillow-heif nor ffmpeg is there.
    """
    ends_early = _ends_early(path)
    # pillow-heif makes up what is missing, and is built without a decoder for AVIF.
    is_quick = promised == "heic" and not ends_early and heic_reader() == "pillow-heif"
    with _by_pillow_heif(path) if is_quick else _by_ffmpeg(path) as picture:
        picture.format = promised.upper()
        if ends_early:
            picture.info[ENDS_EARLY] = True
        yield picture


@contextmanager
def _by_pillow_heif(path: Path) -> Iterator["Picture"]:
    import pillow_heif

    try:
        file = pillow_heif.open_heif(path, convert_hdr_to_8bit=True)
        # Upright already: the rotation of the container is applied, that of EXIF is taken out.
        picture = file.to_pillow()
    except (ValueError, EOFError, SyntaxError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise damaged(path, str(error) or "it cannot be decoded") from error
    picture.n_frames = len(file)  # type: ignore[attr-defined]
    yield picture


@contextmanager
def _by_ffmpeg(path: Path) -> Iterator["Picture"]:
    from PIL import Image

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
            if profile := _heic_profile(path):
                picture.info["icc_profile"] = profile
            yield picture


def heic_size(path: Path) -> tuple[int, int]:
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


def _ends_early(path: Path) -> bool:
    """Does one of the boxes that a HEIC is made of claim more bytes than there are?"""
    size_bytes = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at + 8 <= size_bytes:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length == 0:  # to the end, as the standard allows for the last one
                return False
            if length < 8:
                return True
            at += length
    return at != size_bytes


def _heic_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(262_144)

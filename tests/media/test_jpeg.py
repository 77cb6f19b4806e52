"""Is a JPEG whole? Told without decoding it."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.errors import MediaDamaged
from workbench.media.images.jpeg import LOOKED_AT_BYTES, is_whole_jpeg
from workbench.media.probe import probe


@pytest.fixture
def whole() -> bytes:
    """A noisy picture that carries a smaller, whole one in its EXIF, as cameras do."""
    noise = np.random.default_rng(4).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    inside, outside = io.BytesIO(), io.BytesIO()
    picture = Image.fromarray(noise)
    picture.resize((80, 60)).save(inside, "JPEG")
    exif = b"Exif\0\0" + inside.getvalue()
    picture.save(outside, "JPEG", exif=exif, quality=90)
    return outside.getvalue()


def kept(folder: Path, content: bytes) -> Path:
    path = folder / "picture.jpg"
    path.write_bytes(content)
    return path


def test_a_jpeg_that_reaches_its_end_is_whole(whole: bytes, tmp_path: Path) -> None:
    assert is_whole_jpeg(kept(tmp_path, whole))
    assert is_whole_jpeg(kept(tmp_path, whole + b"\0" * 500))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_jpeg_that_is_cut_off_is_not_and_is_refused(
    whole: bytes, tmp_path: Path, share: float
) -> None:
    path = kept(tmp_path, whole[: int(len(whole) * share)])
    assert not is_whole_jpeg(path)
    with pytest.raises(MediaDamaged):
        probe(path)


def test_what_cannot_be_told_is_decoded(whole: bytes, tmp_path: Path) -> None:
    """A phone's short film behind its photo."""
    path = kept(tmp_path, whole + b"\0" * (LOOKED_AT_BYTES + 1))
    assert not is_whole_jpeg(path)
    assert probe(path).width_px == 400


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\0", b"\x89PNG\r\n"])
def test_what_is_no_jpeg_is_not_a_whole_one(tmp_path: Path, content: bytes) -> None:
    assert not is_whole_jpeg(kept(tmp_path, content))


def test_a_progressive_jpeg_is_judged_as_well(tmp_path: Path) -> None:
    path = tmp_path / "progressive.jpg"
    Image.new("RGB", (300, 200), "teal").save(path, progressive=True)
    assert is_whole_jpeg(path)

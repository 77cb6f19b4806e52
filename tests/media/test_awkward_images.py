"""What becomes of every strange picture: read, read with a remark, or refused with a reason."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.numbered_film import names_in
from workbench.errors import MediaDamaged, MediaEmpty, MediaError, MediaTooLarge
from workbench.media.images import heic
from workbench.media.images.opening import open_picture, plain_picture
from workbench.media.images.proxy import make_image_proxy
from workbench.media.probe import probe

pytestmark = pytest.mark.media


@dataclass(frozen=True)
class Read:
    """It is read: its format and size, and its `nova-896`."""

    form: str
    size_px: tuple[int, int]
    proxy: tuple[str, tuple[int, int], str]
    """Format, size and mode."""
    said: str = ""
    """What the warnings and notes name, one word for each sentence; nothing else is said."""


@dataclass(frozen=True)
class Refused:
    error: type[MediaError]
    reason: str


def photo(width: int, height: int) -> tuple[str, tuple[int, int], str]:
    return "JPEG", (width, height), "RGB"


OUTCOMES: dict[str, Read | Refused] = {
    "16_bit_binary.pgm": Read("ppm", (20, 100), ("PNG", (20, 100), "L"), "8-bits"),
    "RGB_10__128x128.heif": Read("heic", (128, 128), photo(128, 128)),
    "RGB_16__128x128.png": Read("png", (128, 128), photo(128, 128), "8-bits"),
    "broken.png": Refused(MediaDamaged, "starts as a png"),
    "decompression_bomb.gif": Refused(MediaTooLarge, "120 million pixels"),
    "exif_gps.jpg": Read("jpeg", (8, 8), photo(8, 8), "place"),
    "frozenpond.mpo": Read("mpo", (640, 480), photo(640, 480), "holds-2 first-of-2"),
    "hopper.Lab.tif": Read("tiff", (128, 128), photo(128, 128), "LAB"),
    "hopper.ico": Read("ico", (16, 16), photo(16, 16)),
    "hopper.jpg": Read("jpeg", (128, 128), photo(128, 128)),
    "hopper.png": Read("png", (128, 128), photo(128, 128)),
    "hopper.psd": Read("psd", (128, 128), photo(128, 128), "first-of-2"),
    "hopper.webp": Read("webp", (128, 128), ("WEBP", (128, 128), "RGB"), "as-it-is"),
    "hopper_bad_exif.jpg": Read("jpeg", (500, 500), ("JPEG", (500, 500), "L")),
    "hopper_orientation_2.webp": Read("webp", (128, 128), photo(128, 128)),
    "hopper_orientation_3.jpg": Read("jpeg", (128, 128), photo(128, 128)),
    "hopper_orientation_6.jpg": Read("jpeg", (128, 128), photo(128, 128)),
    "iss634.apng": Read(
        "png", (245, 245), ("PNG", (245, 245), "RGB"), "animation-of-41 first-of-41"
    ),
    "iss634.gif": Read(
        "gif", (245, 245), ("PNG", (245, 245), "RGB"), "animation-of-42 first-of-42"
    ),
    "iss634.webp": Read(
        "webp", (245, 245), ("PNG", (245, 245), "RGB"), "animation-of-42 first-of-42"
    ),
    "p_16.png": Read("png", (128, 128), ("PNG", (128, 128), "RGB")),
    "pil_sample_cmyk.jpg": Read("jpeg", (100, 100), photo(100, 100), "CMYK"),
    "png_decompression_dos.png": Refused(MediaDamaged, "text in it is larger"),
    "png_named.jpg": Read("png", (128, 128), photo(128, 128), "named-.jpg"),
    "pug.heic": Read("heic", (4032, 3024), photo(1195, 896), "Display-P3 place"),
    "rgb_trns.png": Read("png", (64, 64), ("PNG", (64, 64), "RGB"), "as-it-is"),
    "tiff_16bit_RGB.tiff": Read("tiff", (100, 40), photo(100, 40), "8-bits"),
    "truncated.heic": Read("heic", (16, 16), photo(16, 16), "last-bytes"),
    "truncated_jpeg.jpg": Refused(MediaDamaged, "truncated"),
    "ultrahdr.jpg": Refused(MediaDamaged, "truncated"),
    "xiaomi.heic": Read("heic", (2592, 1944), photo(1195, 896), "place"),
    "xmp_tags_orientation.png": Read("png", (326, 268), photo(326, 268), "ColorMatch-RGB"),
    "zero_bytes.jpg": Refused(MediaEmpty, "no bytes"),
}

HEIC = [name for name in OUTCOMES if name.endswith((".heic", ".heif"))]


def test_every_file_of_the_folder_has_its_row(media_dir: Path) -> None:
    assert names_in(media_dir / "awkward_image") == sorted(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_strange_picture_has_its_outcome(media_dir: Path, tmp_path: Path, name: str) -> None:
    path, expected = media_dir / "awkward_image" / name, OUTCOMES[name]
    if isinstance(expected, Refused):
        with pytest.raises(expected.error, match=expected.reason) as caught:
            probe(path)
        assert type(caught.value) is expected.error
        assert name in caught.value.message
        assert caught.value.hint
        return
    if name in HEIC:
        # ffmpeg tells neither how many pictures there are nor where they were taken.
        pytest.importorskip("pillow_heif")
    asset = probe(path)
    assert (asset.format, (asset.width_px, asset.height_px)) == (expected.form, expected.size_px)
    proxy = make_image_proxy(asset, "nova-896", tmp_path / "out")
    with Image.open(proxy.path) as picture:
        picture.load()
        assert (picture.format, picture.size, picture.mode) == expected.proxy
        assert not picture.getexif().get_ifd(0x8825)
    assert proxy.size_bytes == proxy.path.stat().st_size
    said = [*asset.warnings, *proxy.notes]
    words = expected.said.split()
    assert len(said) == len(words), said
    for sentence, word in zip(said, words, strict=True):
        assert word.replace("-", " ") in sentence
        assert sentence.endswith(".")
    assert names_in(tmp_path / "out") == [proxy.path.name]


@pytest.mark.parametrize("name", ["RGB_10__128x128.heif", "truncated.heic", "xiaomi.heic"])
def test_heic_comes_out_the_same_with_and_without_pillow_heif(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pytest.importorskip("pillow_heif")
    path = media_dir / "awkward_image" / name
    assert heic.heic_reader() == "pillow-heif"
    quick = np.asarray(plain_picture(path, largest_px=300).convert("RGB")).astype(int)
    monkeypatch.setattr(heic, "find_spec", lambda _name: None)
    assert heic.heic_reader() == "ffmpeg"
    plain = np.asarray(plain_picture(path, largest_px=300).convert("RGB")).astype(int)
    assert quick.shape == plain.shape
    assert np.abs(quick - plain).mean() < 2.5


@pytest.mark.parametrize("has_package", [True, False])
def test_a_heic_that_ends_early_is_damaged(
    media_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_package: bool
) -> None:
    if has_package:
        pytest.importorskip("pillow_heif")
    else:
        monkeypatch.setattr(heic, "find_spec", lambda _name: None)
    path = tmp_path / "half.heic"
    path.write_bytes((media_dir / "awkward_image/xiaomi.heic").read_bytes()[:400_000])
    with pytest.raises(MediaDamaged):
        probe(path)


def test_a_heic_that_promises_too_many_pixels_is_refused_before_it_is_decoded(
    media_dir: Path, tmp_path: Path
) -> None:
    whole = (media_dir / "awkward_image/RGB_10__128x128.heif").read_bytes()
    at = whole.index(b"ispe") + 8
    path = tmp_path / "bomb.heic"
    path.write_bytes(whole[:at] + b"\0\0\x80\0\0\0\x80\0" + whole[at + 8 :])
    with pytest.raises(MediaTooLarge, match="32768 × 32768"), open_picture(path):
        pass

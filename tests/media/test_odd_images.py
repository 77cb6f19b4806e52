"""Pictures kept in unusual ways, made here; those by others are in test_awkward_images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from workbench.errors import MediaError, MediaMissing
from workbench.media.images import proxy as images
from workbench.media.images.opening import plain_picture
from workbench.media.images.proxy import IMAGE_SPECS, make_image_proxy
from workbench.media.probe import probe


def flat(mode: str, size: tuple[int, int], colour: Any) -> Image.Image:
    return Image.new(mode, size, colour)


def test_an_icon_is_taken_in_its_largest_size(tmp_path: Path) -> None:
    path = tmp_path / "app.ico"
    flat("RGBA", (64, 64), (20, 120, 220, 255)).save(path, sizes=[(16, 16), (32, 32), (64, 64)])
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
    assert (proxy.width_px, proxy.height_px) == (64, 64)


def test_the_first_page_of_a_scan_is_taken_and_said(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    first, second = flat("RGB", (90, 60), "navy"), flat("RGB", (50, 50), "red")
    first.save(path, save_all=True, append_images=[second])
    asset = probe(path)
    assert "2 pictures" in asset.warnings[0]
    proxy = make_image_proxy(asset, "nova-896", tmp_path / "out")
    assert "first of 2" in proxy.notes[0]
    with Image.open(proxy.path) as picture:
        assert picture.convert("RGB").getpixel((40, 30)) == (0, 0, 128)


def test_a_palette_with_a_clear_colour_keeps_what_is_see_through(tmp_path: Path) -> None:
    path = tmp_path / "logo.gif"
    picture = flat("RGBA", (80, 60), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (20, 15, 60, 45))
    picture.save(path)
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
    assert "see-through" in proxy.notes[-1]
    with Image.open(proxy.path) as copy:
        assert copy.mode == "RGBA"
        assert copy.getpixel((1, 1))[3] == 0
        assert copy.getpixel((40, 30)) == (200, 30, 30, 255)


def test_a_jpeg_that_stores_red_green_and_blue_keeps_its_colours(tmp_path: Path) -> None:
    noise = np.random.default_rng(8).integers(-9, 9, (1000, 1400, 3))
    pixels = np.clip(noise + np.array((200, 60, 30)), 0, 255).astype(np.uint8)
    path = tmp_path / "rgb.jpg"
    Image.fromarray(pixels).save(path, keep_rgb=True, quality=90)
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
    for picture in (plain_picture(path, largest_px=300), Image.open(proxy.path)):
        mean = np.asarray(picture).mean(axis=(0, 1))
        assert np.abs(mean - (200, 60, 30)).max() < 3
        picture.close()


def test_thirty_two_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 4_000_000, 256 * 64).reshape(64, 256).astype(np.int32)
    path = tmp_path / "deep.tif"
    Image.fromarray(ramp).save(path)
    assert np.asarray(plain_picture(path)).mean() == pytest.approx(127.5, abs=1)
    assert "8 bits" in make_image_proxy(probe(path), "nova-896", tmp_path / "out").notes[0]


def test_a_place_in_the_xmp_is_not_sent_either(tmp_path: Path) -> None:
    path = tmp_path / "place.jpg"
    xmp = b"<x:xmpmeta><rdf:Description exif:GPSLatitude='52,30N'/></x:xmpmeta>"
    flat("L", (60, 40), 90).save(path, xmp=xmp, quality=10)
    for spec in IMAGE_SPECS:
        proxy = make_image_proxy(probe(path), spec, tmp_path / "out")
        assert b"GPSLatitude" not in proxy.path.read_bytes()
        assert "place" in proxy.notes[-1]


def test_a_broken_colour_profile_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "profile.jpg"
    flat("RGB", (60, 40), (10, 200, 90)).save(path, icc_profile=b"no profile at all", quality=95)
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
    assert proxy.notes == ()
    with Image.open(proxy.path) as picture:
        assert np.abs(np.asarray(picture).mean(axis=(0, 1)) - (10, 200, 90)).max() < 4


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        (lambda path: path.unlink(), MediaMissing, "no longer"),
        (lambda path: path.write_bytes(path.read_bytes() + b"more"), MediaError, "has changed"),
        (lambda path: path.write_bytes(path.read_bytes()[:4000]), MediaError, "has changed"),
    ],
)
def test_a_picture_that_changes_while_it_is_read_leaves_no_proxy(
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], object],
    error: type[MediaError],
    word: str,
) -> None:
    asset = probe(photo)
    decode = images.decode_plain

    def changed_meanwhile(path: Path, *arguments: Any, **options: Any) -> Any:
        change(path)
        return decode(path, *arguments, **options)

    monkeypatch.setattr(images, "decode_plain", changed_meanwhile)
    with pytest.raises(error, match=word) as caught:
        make_image_proxy(asset, "nova-896", tmp_path / "out")
    assert type(caught.value) is error
    assert not list(tmp_path.glob("out/*"))


def test_a_picture_that_is_gone_is_missing(photo: Path, tmp_path: Path) -> None:
    asset = probe(photo)
    photo.unlink()
    with pytest.raises(MediaMissing):
        make_image_proxy(asset, "nova-896", tmp_path / "out")


def test_a_grey_photo_with_a_profile_for_colours_says_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "grey.jpg"
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    flat("L", (60, 40), 120).save(path, icc_profile=wide, quality=95)
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
    assert proxy.notes == ()
    with Image.open(proxy.path) as picture:
        assert abs(np.asarray(picture.convert("L")).mean() - 120) < 3

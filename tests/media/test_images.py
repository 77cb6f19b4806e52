"""Smaller copies of pictures."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from tests.support.numbered_film import names_in
from workbench.errors import DiskFull, MediaError, MediaTooLarge, MediaUnsupported, RequestError
from workbench.media.images.opening import plain_picture
from workbench.media.images.proxy import IMAGE_SPECS, SENDABLE, make_image_proxy, proxy_size
from workbench.media.probe import probe


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.integers(1, 3000))
def test_a_proxy_size_is_never_larger_and_keeps_the_ratio(
    width: int, height: int, short: int
) -> None:
    new_width, new_height = proxy_size(width, height, short_side_px=short)
    assert 1 <= new_width <= width
    assert 1 <= new_height <= height
    assert min(new_width, new_height) <= short
    assert max(new_width, new_height) <= 8000
    if min(new_width, new_height) > 50:
        assert new_width / new_height == pytest.approx(width / height, rel=0.02)


@pytest.mark.parametrize("size", [(0, 5), (5, -1)])
def test_a_size_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(RequestError):
        proxy_size(*size)


def test_a_photo_becomes_a_smaller_jpeg_named_after_it(photo: Path, tmp_path: Path) -> None:
    asset = probe(photo)
    proxy = make_image_proxy(asset, "nova-896", tmp_path / "proxies")
    assert proxy.path == tmp_path / "proxies" / f"photo_{asset.id}_nova-896.jpg"
    assert (proxy.width_px, proxy.height_px) == (1195, 896)
    assert proxy.size_bytes == proxy.path.stat().st_size < asset.size_bytes
    with Image.open(proxy.path) as picture:
        assert picture.format == "JPEG"
        assert not picture.getexif()


def test_the_same_proxy_is_not_made_twice(photo: Path, tmp_path: Path) -> None:
    first = make_image_proxy(probe(photo), "nova-896", tmp_path)
    made_at = first.path.stat().st_mtime_ns
    second = make_image_proxy(probe(photo), "nova-896", tmp_path)
    assert second.path == first.path
    assert second.path.stat().st_mtime_ns == made_at
    assert second.notes


def test_shrinking_while_decoding_costs_no_visible_quality(photo: Path, tmp_path: Path) -> None:
    with Image.open(photo) as picture:
        plain = picture.convert("RGB").resize((500, 375), Image.Resampling.LANCZOS)
    ours = plain_picture(photo, largest_px=500)
    error = np.asarray(plain).astype(float) - np.asarray(ours)
    assert 10 * np.log10(255**2 / (error**2).mean()) > 38


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_turned_photo_comes_out_upright(tmp_path: Path, turned: int) -> None:
    upright = Image.new("RGB", (120, 80), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 59, 39), fill=(200, 20, 20))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[turned]) if turned in back else upright
    exif = Image.Exif()
    exif[0x0112] = turned
    path = tmp_path / "turned.jpg"
    stored.save(path, exif=exif, quality=95)
    asset = probe(path)
    assert (asset.width_px, asset.height_px) == (120, 80)
    with Image.open(make_image_proxy(asset, "nova-896", tmp_path).path) as picture:
        assert picture.size == (120, 80)
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(pixels[20, 30] - (200, 20, 20)).max() < 25
    assert pixels[60, 90].min() > 230


def test_a_picture_in_other_colours_is_converted_to_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    path = tmp_path / "lab.tif"
    Image.new("LAB", (40, 30), (150, 200, 180)).save(path, icc_profile=lab.tobytes())
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path)
    with Image.open(proxy.path) as picture:
        assert picture.mode == "RGB"
        assert "icc_profile" not in picture.info
        red, green, blue = picture.getpixel((20, 15))
    assert red > green
    assert red > blue


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256 * 64).reshape(64, 256).astype(np.uint16)
    path = tmp_path / "sixteen.png"
    Image.fromarray(ramp).save(path)
    mean = np.asarray(plain_picture(path)).mean()
    assert mean == pytest.approx(127.5, abs=1)


def test_transparency_is_kept_only_if_something_is_see_through(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (90, 90, 4), dtype=np.uint8)
    for name, alpha, suffix in (("solid", 255, ".jpg"), ("clear", 90, ".png")):
        noise[:, :, 3] = alpha
        path = tmp_path / f"{name}.png"
        Image.fromarray(noise).save(path)
        proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
        assert proxy.path.suffix == suffix


def lines(width: int, height: int) -> Image.Image:
    """A diagram without soft edges: two colours."""
    drawing = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(drawing)
    for step in range(20):
        start, end = (width // 30, height * step // 22), (width * 29 // 30, height * step // 33)
        draw.line((start, end), fill="black", width=5)
    return drawing


def test_a_drawing_becomes_a_png_and_keeps_its_edges(tmp_path: Path) -> None:
    path = tmp_path / "diagram.png"
    lines(1500, 1000).save(path, compress_level=0)
    asset = probe(path)
    proxy = make_image_proxy(asset, "nova-896", tmp_path / "out")
    assert proxy.path.suffix == ".png"
    assert (proxy.width_px, proxy.height_px) == (1344, 896)
    assert proxy.size_bytes < asset.size_bytes
    with Image.open(path) as source, Image.open(proxy.path) as copy:
        exact = source.resize((1344, 896), Image.Resampling.LANCZOS)
        assert np.array_equal(np.asarray(exact), np.asarray(copy.convert("RGB")))


def test_a_drawing_whose_copy_would_have_more_bytes_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "two colours.png"
    lines(1800, 1200).convert("1").save(path)
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
    assert proxy.path.read_bytes() == path.read_bytes()
    assert (proxy.width_px, proxy.height_px) == (1800, 1200)


def test_a_drawing_kept_as_jpeg_is_not_decoded_at_half_its_size(tmp_path: Path) -> None:
    path = tmp_path / "screenshot.jpg"
    lines(1600, 1200).save(path, quality=90)
    ours = plain_picture(path, largest_px=700)
    with Image.open(path) as picture:
        exact = picture.resize((700, 525), Image.Resampling.LANCZOS)
    assert np.array_equal(np.asarray(exact), np.asarray(ours))
    assert make_image_proxy(probe(path), "nova-896", tmp_path / "out").path.suffix == ".jpg"


def test_a_pattern_too_fine_for_half_its_size_is_decoded_whole(tmp_path: Path) -> None:
    across, down = np.meshgrid(np.linspace(-1, 1, 1600), np.linspace(-0.75, 0.75, 1200))
    path = tmp_path / "rings.jpg"
    rings = np.uint8(127.5 + 127.5 * np.cos(360 * (across**2 + down**2)))
    Image.fromarray(rings).save(path, quality=92)
    with Image.open(path) as picture:
        exact = picture.resize((480, 360), Image.Resampling.LANCZOS)
    assert np.array_equal(np.asarray(exact), np.asarray(plain_picture(path, largest_px=480)))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "gif", "jp2", "avif"])
@pytest.mark.parametrize("kind", ["photo", "drawing", "see-through"])
def test_no_copy_has_more_bytes_than_a_source_that_may_be_sent(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    noise = np.random.default_rng(3).integers(90, 160, (120, 160, 3), dtype=np.uint8)
    picture = lines(160, 120) if kind == "drawing" else Image.fromarray(noise)
    if kind == "see-through" and suffix != "jpg":
        picture.putalpha(Image.fromarray(noise[:, :, 0]))
    path = tmp_path / f"source.{suffix}"
    picture.save(path, **({"quality": 30} if suffix in {"jpg", "webp", "avif"} else {}))
    asset = probe(path)
    for spec in IMAGE_SPECS:
        proxy = make_image_proxy(asset, spec, tmp_path / "out")
        sent = {"jpg", "png"} if spec == "plain-1568" else {"jpg", "png", "webp"}
        if suffix in sent:
            assert proxy.size_bytes <= asset.size_bytes
        with Image.open(proxy.path) as copy, Image.open(path) as source:
            assert SENDABLE[copy.format or ""] == proxy.path.suffix
            darkest, _ = source.convert("RGBA").getchannel("A").getextrema()
            assert copy.has_transparency_data == (darkest < 255)


def test_a_small_picture_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    Image.new("RGB", (300, 200), "navy").save(path, optimize=True)
    proxy = make_image_proxy(probe(path), "original", tmp_path / "out")
    assert proxy.path.read_bytes() == path.read_bytes()
    assert "as it is" in proxy.notes[0]


def test_a_photo_that_says_where_it_was_taken_is_not_sent_as_it_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    path = tmp_path / "place.jpg"
    Image.new("L", (60, 40), 90).save(path, exif=exif, quality=10)
    for spec in IMAGE_SPECS:
        proxy = make_image_proxy(probe(path), spec, tmp_path / "out")
        with Image.open(proxy.path) as picture:
            assert 0x8825 not in picture.getexif()


def test_the_original_spec_keeps_every_pixel(photo: Path, tmp_path: Path) -> None:
    proxy = make_image_proxy(probe(photo), "original", tmp_path / "out")
    assert (proxy.width_px, proxy.height_px) == (1600, 1200)


def test_a_picture_that_asks_for_too_much_memory_is_refused(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b""))
    with pytest.raises(MediaTooLarge):
        probe(path)


def test_an_unknown_spec_is_refused_with_the_known_ones(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        make_image_proxy(probe(photo), "nova-7", tmp_path)
    assert "nova-1568" in caught.value.hint


def test_a_full_disk_leaves_no_proxy(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = probe(photo)

    def no_room(self: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(DiskFull):
        make_image_proxy(asset, "nova-896", tmp_path / "out")
    assert names_in(tmp_path / "out") == []


@pytest.mark.media
@pytest.mark.parametrize("spec", ["nova-896", "original"])
def test_every_readable_awkward_picture_has_a_plain_proxy(
    media_dir: Path, tmp_path: Path, spec: str
) -> None:
    for path in sorted((media_dir / "awkward_image").iterdir()):
        if spec == "original" and path.suffix == ".heic":
            continue
        try:
            asset = probe(path)
        except MediaError:
            continue
        proxy = make_image_proxy(asset, spec, tmp_path)
        with Image.open(proxy.path) as picture:
            picture.load()
            assert picture.format in {"JPEG", "PNG", "WEBP"}, path.name
            assert picture.mode in {"L", "RGB", "RGBA", "P"}, path.name
            assert picture.size == (proxy.width_px, proxy.height_px)
        assert proxy.width_px <= asset.width_px
        assert proxy.height_px <= asset.height_px
    assert not [name for name in names_in(tmp_path) if name.startswith(".")]


@pytest.mark.media
@pytest.mark.parametrize(
    "name", ["hopper_orientation_3.jpg", "hopper_orientation_6.jpg", "hopper_orientation_2.webp"]
)
def test_turned_photos_by_others_look_like_the_upright_one(media_dir: Path, name: str) -> None:
    upright = np.asarray(plain_picture(media_dir / "awkward_image/hopper.jpg")).astype(int)
    turned = np.asarray(plain_picture(media_dir / "awkward_image" / name)).astype(int)
    assert np.abs(upright - turned).mean() < 6


@pytest.mark.media
def test_a_phones_heic_is_read_in_its_colours(media_dir: Path, tmp_path: Path) -> None:
    proxy = make_image_proxy(probe(media_dir / "awkward_image/pug.heic"), "nova-896", tmp_path)
    assert proxy.path.suffix == ".jpg"
    with Image.open(proxy.path) as picture:
        wall = np.asarray(picture)[100:200, 500:900].mean(axis=(0, 1))
    assert wall[0] > wall[1] > wall[2] > 150


@pytest.mark.media
def test_a_film_has_no_image_proxy(media_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaUnsupported):
        make_image_proxy(probe(media_dir / "awkward_video/no_audio.mp4"), "nova-896", tmp_path)


@pytest.mark.parametrize("name", ["it's $(x).jpg", "-v.jpg", "泵 \n.jpg"])
def test_a_photo_gets_its_proxy_whatever_its_name(photo: Path, tmp_path: Path, name: str) -> None:
    path = photo.rename(tmp_path / name)
    proxy = make_image_proxy(probe(path), "nova-896", tmp_path / "out")
    assert proxy.path.is_file()

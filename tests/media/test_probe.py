"""What a file is, whatever its name and its state; films have a table of their own."""

import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from workbench.errors import (
    MediaDamaged,
    MediaEmpty,
    MediaError,
    MediaMissing,
    MediaTooLarge,
    MediaUnsupported,
)
from workbench.media.probe import SUFFIXES, asset_id, expected_kind, probe

pytestmark = pytest.mark.media

# name: (kind, format, width, height, duration, a word of each warning)
READ = {
    "awkward_image/16_bit_binary.pgm": ("image", "ppm", 20, 100, 0, []),
    "awkward_image/RGB_10__128x128.heif": ("image", "heic", 128, 128, 0, []),
    "awkward_image/RGB_16__128x128.png": ("image", "png", 128, 128, 0, []),
    "awkward_image/exif_gps.jpg": ("image", "jpeg", 8, 8, 0, []),
    "awkward_image/frozenpond.mpo": ("image", "mpo", 640, 480, 0, ["holds 2"]),
    "awkward_image/hopper.Lab.tif": ("image", "tiff", 128, 128, 0, []),
    "awkward_image/hopper.ico": ("image", "ico", 16, 16, 0, []),
    "awkward_image/hopper.jpg": ("image", "jpeg", 128, 128, 0, []),
    "awkward_image/hopper.png": ("image", "png", 128, 128, 0, []),
    "awkward_image/hopper.psd": ("image", "psd", 128, 128, 0, []),
    "awkward_image/hopper.webp": ("image", "webp", 128, 128, 0, []),
    "awkward_image/hopper_bad_exif.jpg": ("image", "jpeg", 500, 500, 0, []),
    "awkward_image/hopper_orientation_2.webp": ("image", "webp", 128, 128, 0, []),
    "awkward_image/hopper_orientation_3.jpg": ("image", "jpeg", 128, 128, 0, []),
    "awkward_image/hopper_orientation_6.jpg": ("image", "jpeg", 128, 128, 0, []),
    "awkward_image/iss634.apng": ("image", "png", 245, 245, 0, ["animation of 41"]),
    "awkward_image/iss634.gif": ("image", "gif", 245, 245, 0, ["animation of 42"]),
    "awkward_image/iss634.webp": ("image", "webp", 245, 245, 0, ["animation of 42"]),
    "awkward_image/p_16.png": ("image", "png", 128, 128, 0, []),
    "awkward_image/pil_sample_cmyk.jpg": ("image", "jpeg", 100, 100, 0, []),
    "awkward_image/png_named.jpg": ("image", "png", 128, 128, 0, ["named .jpg"]),
    "awkward_image/pug.heic": ("image", "heic", 4032, 3024, 0, []),
    "awkward_image/rgb_trns.png": ("image", "png", 64, 64, 0, []),
    "awkward_image/tiff_16bit_RGB.tiff": ("image", "tiff", 100, 40, 0, []),
    # Its first picture is whole; what is cut off is the second.
    "awkward_image/truncated.heic": ("image", "heic", 16, 16, 0, ["last bytes"]),
    "awkward_image/xiaomi.heic": ("image", "heic", 2592, 1944, 0, []),
    "awkward_image/xmp_tags_orientation.png": ("image", "png", 326, 268, 0, []),
}
REFUSED: dict[str, type[MediaError]] = {
    "awkward_image/broken.png": MediaDamaged,
    "awkward_image/decompression_bomb.gif": MediaTooLarge,
    "awkward_image/png_decompression_dos.png": MediaDamaged,
    "awkward_image/truncated_jpeg.jpg": MediaDamaged,
    "awkward_image/ultrahdr.jpg": MediaDamaged,
    "awkward_image/zero_bytes.jpg": MediaEmpty,
}


@pytest.mark.parametrize("name", READ)
def test_an_awkward_picture_that_can_be_read_is_read(media_dir: Path, name: str) -> None:
    kind, form, width, height, duration, warnings = READ[name]
    asset = probe(media_dir / name)
    assert (asset.kind, asset.format) == (kind, form)
    assert (asset.width_px, asset.height_px) == (width, height)
    assert asset.duration_s == pytest.approx(duration, abs=0.001)
    assert len(asset.warnings) == len(warnings), asset.warnings
    for warning, word in zip(asset.warnings, warnings, strict=True):
        assert word in warning
        assert warning.endswith(".")


@pytest.mark.parametrize("name", REFUSED)
def test_an_awkward_picture_that_cannot_be_used_is_refused_with_a_hint(
    media_dir: Path, name: str
) -> None:
    with pytest.raises(MediaError) as caught:
        probe(media_dir / name)
    assert type(caught.value) is REFUSED[name]
    assert Path(name).name in caught.value.message
    assert caught.value.hint


def test_every_awkward_picture_has_its_outcome_in_a_table(media_dir: Path) -> None:
    there = {f"awkward_image/{path.name}" for path in (media_dir / "awkward_image").iterdir()}
    assert there == READ.keys() | REFUSED.keys()


def test_the_id_is_that_of_the_bytes_and_not_of_the_name(copied: Callable[..., Path]) -> None:
    one = copied("awkward_video/faststart_ok.mp4", "one.mp4")
    other = copied("awkward_video/faststart_ok.mp4", "other.mov")
    assert asset_id(one) == asset_id(other) == probe(one).id
    with other.open("ab") as file:
        file.write(b"\0")
    assert asset_id(one) != asset_id(other)


NAMES = [
    "it's.mp4",
    'a "quoted" name.mp4',
    "two\nlines.mp4",
    "$(touch gone) `id`.mp4",
    "-rf.mp4",
    "concat:a|b.mp4",
    "file:x.mp4",
    "100% %03d.mp4",
    "насос 泵 مضخة.mp4",
    "e\u0301te\u0301.mp4",
    "  spaces  .mp4",
    "no suffix",
    "x" * 250 + ".mp4",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_film_is_read_whatever_its_name(copied: Callable[..., Path], name: str) -> None:
    asset = probe(copied("awkward_video/faststart_ok.mp4", name))
    assert (asset.kind, asset.duration_s) == ("video", 12.0)
    assert asset.name == name


def test_a_name_of_undecodable_bytes_is_read(media_dir: Path, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))
    shutil.copy(media_dir / "awkward_video/faststart_ok.mp4", path)
    assert probe(path).kind == "video"


def test_what_is_not_there_or_no_file_is_missing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "gone.mp4", tmp_path, tmp_path / "pipe.mp4", Path("a\0b.mp4")):
        with pytest.raises(MediaMissing):
            probe(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.mp4", b"just some words\n" * 50),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n"),
        ("list.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("page.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("zeros.mp4", bytes(5000)),
        ("drawing.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"),
    ],
)
def test_what_is_no_media_is_unsupported(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaUnsupported) as caught:
        probe(path)
    assert caught.value.hint


def test_a_film_cut_off_in_the_middle_is_read_as_far_as_it_goes(
    media_dir: Path, tmp_path: Path
) -> None:
    whole = (media_dir / "awkward_video/faststart_ok.mp4").read_bytes()
    path = tmp_path / "half.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    asset = probe(path)
    assert 4 < asset.duration_s < 8
    assert any("missing" in warning for warning in asset.warnings)


def test_rubbish_in_the_middle_of_a_film_does_not_stop_it(media_dir: Path, tmp_path: Path) -> None:
    content = bytearray((media_dir / "awkward_video/faststart_ok.mp4").read_bytes())
    content[90_000:110_000] = bytes(range(250)) * 80
    path = tmp_path / "scratched.mp4"
    path.write_bytes(content)
    assert probe(path).duration_s == pytest.approx(12.0)


def test_streams_carry_their_language_and_sound(media_dir: Path) -> None:
    asset = probe(media_dir / "video/nasa_13013_multistream_subs.mp4")
    assert [stream.kind for stream in asset.streams].count("subtitle") == 2
    assert {stream.language for stream in asset.streams} == {"eng"}
    assert asset.has_sound
    assert asset.frame_rate == Fraction(30000, 1001)
    sound = next(stream for stream in asset.streams if stream.kind == "audio")
    assert (sound.codec, sound.channels, sound.sample_rate_hz) == ("aac", 2, 8000)


def test_suffixes_tell_what_to_expect() -> None:
    assert expected_kind(Path("A.HEIC")) == "image"
    assert expected_kind(Path("a.srt")) is None
    every = [suffix for known in SUFFIXES.values() for suffix in known]
    assert len(every) == len(set(every))

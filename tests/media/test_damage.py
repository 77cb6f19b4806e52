"""Damaged files: a result, or an error that says what is wrong and what to do; never a crash."""

import random
from pathlib import Path

import pytest

from workbench.errors import MediaDamaged, WorkbenchError
from workbench.media.frames.moments import save_frame
from workbench.media.frames.shots import detect_shots
from workbench.media.images.proxy import make_image_proxy
from workbench.media.probe import probe
from workbench.media.video.proxy import make_video_proxy

FILES = [
    "awkward_video/faststart_ok.mp4",
    "awkward_video/av1.mkv",
    "awkward_video/mpeg4_mp3.avi",
    "awkward_video/no_initial_keyframe.ts",
    "awkward_video/alpha_vp9.webm",
    "awkward_image/hopper_orientation_6.jpg",
    "awkward_image/iss634.webp",
    "awkward_image/rgb_trns.png",
    "awkward_image/tiff_16bit_RGB.tiff",
    "awkward_image/RGB_10__128x128.heif",
]


def damaged_copy(content: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(content)
    how = dice.choice(["cut", "flipped", "hole", "head"])
    if how == "cut":
        del damaged[dice.randrange(1, len(damaged)) :]
    elif how == "flipped":
        for _ in range(20):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
    elif how == "hole":
        at = dice.randrange(len(damaged))
        damaged[at : at + 3000] = bytes(100)
    else:
        for _ in range(3):
            damaged[dice.randrange(100)] = dice.randrange(256)
    return bytes(damaged)


def use(path: Path, folder: Path) -> WorkbenchError | None:
    try:
        asset = probe(path)
        if asset.has_pictures:
            save_frame(asset, asset.duration_s * 0.7, folder / "thumb.jpg")
        if asset.kind == "image":
            make_image_proxy(asset, "nova-896", folder)
        else:
            detect_shots(asset)
            make_video_proxy(asset, "nova", folder)
    except WorkbenchError as error:
        return error
    return None


@pytest.mark.media
@pytest.mark.parametrize("name", FILES)
def test_damage_ends_in_a_result_or_an_error_with_a_hint(
    media_dir: Path, tmp_path: Path, name: str
) -> None:
    dice = random.Random(name)
    content = (media_dir / name).read_bytes()
    path = tmp_path / Path(name).name
    for _ in range(6):
        path.write_bytes(damaged_copy(content, dice))
        error = use(path, tmp_path / "out")
        assert error is None or (error.hint and "\n" not in error.message)
    if (tmp_path / "out").exists():
        assert not list((tmp_path / "out").glob(".*"))


def test_a_film_without_its_index_says_so(small_film: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    content = small_film.read_bytes()
    film.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaDamaged, match="it was cut off before its index"):
        probe(film)


def test_a_recording_that_was_never_closed_says_so(small_film: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    content = small_film.read_bytes()
    film.write_bytes(content[: content.rindex(b"moov") - 4])
    with pytest.raises(MediaDamaged, match="it has no index"):
        probe(film)

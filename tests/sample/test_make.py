"""The sample as a user gets it."""

import itertools
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from workbench.errors import MediaDamaged, MediaMissing, RequestError
from workbench.media.frames.moments import read_frames
from workbench.media.probe import probe
from workbench.sample import Sample, make, make_sample, read_truth
from workbench.speech.subtitles.files import find_sidecar, read_subtitles
from workbench.speech.voice import local_voice


@pytest.fixture
def short_and_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a voice, and a script of four shots."""
    shorten(monkeypatch)


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    script = make.load_script()
    parts = tuple(
        part.model_copy(update={"shots": part.shots[:2]})
        for part in (script.parts[0], script.parts[-1])
    )
    short = script.model_copy(update={"parts": parts})
    monkeypatch.setattr(make, "load_script", lambda: short)
    monkeypatch.setattr(local_voice, "is_available", lambda: False)


@pytest.fixture(scope="module")
def silent_sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, list[tuple[int, int]]]:
    """A short silent sample, and the progress that was reported."""
    seen: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        shorten(monkeypatch)
        made = make_sample(
            tmp_path_factory.mktemp("silent"),
            progress=lambda done, total, stage: seen.append((done, total)),
        )
    return made, seen


@pytest.mark.slow
def test_the_film_is_full_hd_with_sound_and_lasts_three_to_four_minutes(sample: Sample) -> None:
    asset = probe(sample.video)
    assert (asset.width_px, asset.height_px, asset.frame_rate) == (1920, 1080, 30)
    assert {(s.kind, s.codec) for s in asset.streams} == {("video", "h264"), ("audio", "aac")}
    assert 180 <= asset.duration_s <= 240
    assert asset.duration_s == pytest.approx(sample.truth.duration_s, abs=0.05)
    assert not asset.warnings


@pytest.mark.slow
def test_a_second_call_finds_the_sample_and_returns_at_once(sample: Sample) -> None:
    before = time.perf_counter()
    again = make_sample(sample.folder)
    assert time.perf_counter() - before < 1
    assert again.was_kept
    assert again.truth == sample.truth


@pytest.mark.slow
def test_nothing_but_the_finished_files_is_left_in_the_folder(sample: Sample) -> None:
    assert {file.name for file in sample.folder.iterdir()} == {
        "pump_room_talk.mp4",
        "pump_room_talk.truth.json",
        "pump_skid.jpg",
        "nameplate.jpg",
        "gauge_panel.jpg",
    }


@pytest.mark.slow
def test_every_cut_of_the_truth_is_a_cut_in_the_film(sample: Sample) -> None:
    starts = [shot.span.start_s for shot in sample.truth.shots[1:]]
    moments = [moment for start in starts for moment in (start - 0.02, start + 0.02)]
    frames = [frame for _, frame in read_frames(sample.video, moments, max_side_px=160)]
    for index, start in enumerate(starts):
        before, after = frames[2 * index].astype(int), frames[2 * index + 1].astype(int)
        assert abs(after - before).mean() > 3, f"no cut at {start} s"


@pytest.mark.slow
def test_chapters_tile_the_film_and_begin_after_a_pause(sample: Sample) -> None:
    truth = sample.truth
    assert truth.chapters[0].span.start_s == 0
    assert truth.chapters[-1].span.end_s == pytest.approx(truth.duration_s, abs=1e-5)
    for left, right in itertools.pairwise(truth.chapters):
        assert left.span.end_s == right.span.start_s
        last = max(s.span.end_s for s in truth.sentences if s.span.end_s <= left.span.end_s)
        first = min(s.span.start_s for s in truth.sentences if s.span.start_s >= left.span.end_s)
        assert first - last >= 0.8


def test_a_machine_without_the_voice_gets_a_silent_film_with_subtitles(
    silent_sample: tuple[Sample, list[tuple[int, int]]],
) -> None:
    made, _ = silent_sample
    assert made.subtitles is not None
    assert made.subtitles == find_sidecar(made.video)
    spoken = read_subtitles(made.subtitles)
    assert spoken.text == made.truth.text
    assert not probe(made.video).has_sound
    assert "hibari-tts" in made.notes[0]


def test_progress_is_one_count_over_the_whole(
    silent_sample: tuple[Sample, list[tuple[int, int]]],
) -> None:
    _, seen = silent_sample
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert {total for _, total in seen} == {len(seen)}


def test_photos_are_large_enough_to_need_a_proxy(
    silent_sample: tuple[Sample, list[tuple[int, int]]],
) -> None:
    for path in silent_sample[0].photos:
        with Image.open(path) as photo:
            assert min(photo.size) > 896, path.name


def test_the_same_script_gives_the_same_bytes(
    silent_sample: tuple[Sample, list[tuple[int, int]]], tmp_path: Path, short_and_silent: None
) -> None:
    first, second = silent_sample[0], make_sample(tmp_path)
    assert first.video.read_bytes() == second.video.read_bytes()
    assert first.truth == second.truth
    for a, b in zip(first.photos, second.photos, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_a_film_that_was_cut_short_or_lost_is_not_taken_for_the_sample(
    silent_sample: tuple[Sample, list[tuple[int, int]]], tmp_path: Path, short_and_silent: None
) -> None:
    copy = Path(shutil.copytree(silent_sample[0].folder, tmp_path / "copy"))
    assert make_sample(copy).was_kept
    video = copy / silent_sample[0].video.name
    whole = video.read_bytes()
    for broken in (whole[: len(whole) // 2], None):
        if broken is None:
            video.unlink()
        else:
            video.write_bytes(broken)
        with pytest.raises(StopMaking):
            make_sample(copy, progress=stop)


class StopMaking(Exception):
    """The sample is being made again: that is all a test wants to know."""


def stop(done: int, total: int, stage: str) -> None:
    raise StopMaking


def test_a_run_that_is_stopped_leaves_no_half_film(tmp_path: Path, short_and_silent: None) -> None:
    def stop_in_the_film(done: int, total: int, stage: str) -> None:
        if stage == "film":
            raise StopMaking

    with pytest.raises(StopMaking):
        make_sample(tmp_path, progress=stop_in_the_film)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_refused_with_a_hint(
    tmp_path: Path, short_and_silent: None
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a note")
    with pytest.raises(RequestError) as refused:
        make_sample(taken)
    assert refused.value.hint


def test_a_missing_truth_and_a_damaged_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MediaMissing):
        read_truth(tmp_path / "none.json")
    (tmp_path / "odd.json").write_text('{"version": 1}')
    with pytest.raises(MediaDamaged):
        read_truth(tmp_path / "odd.json")

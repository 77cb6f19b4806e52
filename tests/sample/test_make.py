"""The sample as a user gets it."""

import time
from pathlib import Path

import pytest
from PIL import Image

from workbench.errors import MediaDamaged, MediaMissing, RequestError
from workbench.media.frames import read_frames
from workbench.media.probe import probe
from workbench.sample import Sample, make, make_sample, read_truth
from workbench.speech import local_voice
from workbench.speech.subtitles import find_sidecar, read_subtitles


@pytest.fixture
def silent_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_voice, "is_available", lambda: False)


@pytest.fixture
def short_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """The opening and the close only, each with its title and one more picture."""
    script = make.load_script()
    parts = tuple(
        part.model_copy(update={"shots": part.shots[:2]})
        for part in (script.parts[0], script.parts[-1])
    )
    short = script.model_copy(update={"parts": parts})
    monkeypatch.setattr(make, "load_script", lambda: short)


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
    for left, right in zip(truth.chapters, truth.chapters[1:], strict=False):
        assert left.span.end_s == right.span.start_s
        last = max(s.span.end_s for s in truth.sentences if s.span.end_s <= left.span.end_s)
        first = min(s.span.start_s for s in truth.sentences if s.span.start_s >= left.span.end_s)
        assert first - last >= 0.8


def test_a_machine_without_the_voice_gets_a_silent_film_with_subtitles(
    tmp_path: Path, silent_machine: None, short_script: None
) -> None:
    made = make_sample(tmp_path)
    assert made.subtitles is not None
    assert made.subtitles == find_sidecar(made.video)
    spoken = read_subtitles(made.subtitles)
    assert [u.text for u in spoken.utterances] == [s.text for s in made.truth.sentences]
    assert not probe(made.video).has_sound
    assert "hibari-tts" in made.notes[0]


def test_the_same_script_gives_the_same_bytes(
    tmp_path: Path, silent_machine: None, short_script: None
) -> None:
    first, second = make_sample(tmp_path / "a"), make_sample(tmp_path / "b")
    assert first.video.read_bytes() == second.video.read_bytes()
    assert first.truth == second.truth
    for a, b in zip(first.photos, second.photos, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_a_film_that_was_cut_short_is_made_again(
    tmp_path: Path, silent_machine: None, short_script: None
) -> None:
    made = make_sample(tmp_path)
    whole = made.video.read_bytes()
    made.video.write_bytes(whole[: len(whole) // 2])
    assert not make_sample(tmp_path).was_kept
    assert made.video.read_bytes() == whole


def test_progress_is_one_count_over_the_whole(
    tmp_path: Path, silent_machine: None, short_script: None
) -> None:
    seen: list[tuple[int, int]] = []
    make_sample(tmp_path, progress=lambda done, total, stage: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert {total for _, total in seen} == {len(seen)}


def test_a_folder_that_is_a_file_is_refused_with_a_hint(tmp_path: Path, short_script: None) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a note")
    with pytest.raises(RequestError) as refused:
        make_sample(taken)
    assert refused.value.hint


def test_photos_open_and_are_large_enough_to_need_a_proxy(
    tmp_path: Path, silent_machine: None, short_script: None
) -> None:
    for path in make_sample(tmp_path).photos:
        with Image.open(path) as photo:
            assert min(photo.size) > 896, path.name


def test_a_missing_truth_and_a_damaged_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MediaMissing):
        read_truth(tmp_path / "none.json")
    (tmp_path / "odd.json").write_text('{"version": 1}')
    with pytest.raises(MediaDamaged):
        read_truth(tmp_path / "odd.json")

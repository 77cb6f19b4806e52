from itertools import pairwise

import av
import numpy as np
import pytest

from workbench.errors import MediaDamaged, MediaEmpty, MediaError, MediaMissing
from workbench.speech.sound import SAMPLE_RATE_HZ, read_sound


def write_sound(path, pieces, *, rate=48_000, codec="pcm_s16le"):
    """Stereo sound; each piece is (start in s, samples -1 … 1)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        for start_s, samples in pieces:
            for begin in range(0, len(samples), 4800):
                part = samples[begin : begin + 4800]
                both = np.repeat((part * 32767).astype(np.int16), 2)[None, :]
                frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
                frame.sample_rate = rate
                frame.pts = round(start_s * rate) + begin
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def tone(duration_s, *, rate=48_000, loudness=0.5):
    moments = np.arange(round(duration_s * rate)) / rate
    return loudness * np.sin(2 * np.pi * 440 * moments)


def whole(path, **options):
    blocks = list(read_sound(path, **options))
    for before, after in pairwise(blocks):
        assert after.start_s == pytest.approx(before.end_s, abs=1e-9)
    return np.concatenate([block.samples for block in blocks])


def test_any_sound_becomes_16_khz_mono(tmp_path):
    sound = whole(write_sound(tmp_path / "tone.wav", [(0, tone(2))]))
    assert len(sound) == pytest.approx(2 * SAMPLE_RATE_HZ, abs=50)
    assert sound.dtype == np.float32
    assert np.sqrt((sound**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_blocks_are_cut_where_it_is_quiet(tmp_path):
    quiet = np.zeros(round(0.6 * 48_000))
    path = write_sound(tmp_path / "pause.wav", [(0, np.concatenate([tone(7), quiet, tone(4)]))])
    blocks = list(read_sound(path, block_s=10, search_s=5))
    assert blocks[0].start_s == 0
    assert 7.0 <= blocks[1].start_s <= 7.6
    assert blocks[0].total_s == pytest.approx(11.6, abs=0.01)


def test_memory_holds_one_block_however_long_the_file_is(tmp_path):
    path = write_sound(tmp_path / "long.wav", [(0, tone(50, rate=8000))], rate=8000)
    blocks = list(read_sound(path, block_s=5, search_s=2))
    assert max(len(block.samples) for block in blocks) <= 5 * SAMPLE_RATE_HZ
    assert sum(len(block.samples) for block in blocks) == pytest.approx(50 * 16_000, abs=50)


def test_a_gap_in_the_stream_is_silence_so_that_times_stay_right(tmp_path):
    path = write_sound(tmp_path / "gap.mkv", [(0, tone(1)), (4, tone(1))], codec="pcm_s16le")
    sound = whole(path)
    assert len(sound) == pytest.approx(5 * SAMPLE_RATE_HZ, abs=200)
    assert np.abs(sound[int(1.2 * 16_000) : int(3.8 * 16_000)]).max() == 0
    assert np.abs(sound[int(4.2 * 16_000) :]).max() > 0.4


def test_a_file_without_sound_says_so(tmp_path):
    with av.open(str(tmp_path / "silent.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        for _ in range(5):
            picture = np.zeros((64, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(MediaEmpty, match="has no sound"):
        list(read_sound(tmp_path / "silent.mp4"))


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(MediaMissing):
        list(read_sound(tmp_path / "none.wav"))
    (tmp_path / "note.wav").write_text("this is no sound" * 100)
    with pytest.raises(MediaError):
        list(read_sound(tmp_path / "note.wav"))
    (tmp_path / "empty.wav").touch()
    with pytest.raises(MediaEmpty):
        list(read_sound(tmp_path / "empty.wav"))


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("failing_audio.mp4", None),
        ("audio_only_ac3.mp4", None),
        ("audio_only_alac.m4a", None),
        ("oversized_id3.wav", None),
        ("edit_list.mp4", None),
        ("no_audio.mp4", MediaEmpty),
        ("truncated_no_moov.mp4", MediaDamaged),
        ("zero_bytes.mp4", MediaEmpty),
        ("jpg_named.mp4", MediaError),
    ],
)
def test_awkward_files_are_read_or_refused_in_words(media_dir, name, seconds):
    path = media_dir / "awkward_video" / name
    if seconds is None:
        sound = whole(path)
        assert len(sound)
        assert np.isfinite(sound).all()
        return
    with pytest.raises(seconds):
        list(read_sound(path))

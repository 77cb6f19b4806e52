import wave

import pytest

from workbench.errors import RequestError
from workbench.speech.voice.local_voice import SAMPLE_RATE_HZ, speak

pytestmark = pytest.mark.usefixtures("voice")

TEXT = """The pump stands in the basement.
It is driven by a motor.

Dr. Smith reads the gauge."""


def length_s(path):
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        assert sound.getframerate() == SAMPLE_RATE_HZ
        return sound.getnframes() / SAMPLE_RATE_HZ


def test_every_sentence_comes_back_with_its_time(tmp_path):
    spoken = speak(TEXT, tmp_path / "talk.wav", sentence_gap_s=0.5, paragraph_gap_s=1.25)
    assert [sentence.text for sentence in spoken] == [
        "The pump stands in the basement.",
        "It is driven by a motor.",
        "Dr. Smith reads the gauge.",
    ]
    first, second, third = (sentence.span for sentence in spoken)
    assert first.start_s == 0
    assert second.start_s - first.end_s == pytest.approx(0.5, abs=0.001)
    assert third.start_s - second.end_s == pytest.approx(1.25, abs=0.001)
    assert third.end_s == pytest.approx(length_s(tmp_path / "talk.wav"), abs=0.001)
    assert all(1 < span.duration_s < 4 for span in (first, second, third))


def test_the_same_text_sounds_the_same(tmp_path):
    speak(TEXT, tmp_path / "one.wav")
    speak(TEXT, tmp_path / "two.wav")
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()


def test_a_faster_pace_makes_it_shorter(tmp_path):
    for name, speed in (("slow.wav", 0.8), ("fast.wav", 1.3)):
        speak(TEXT, tmp_path / name, speed=speed, sentence_gap_s=0, paragraph_gap_s=0)
    assert length_s(tmp_path / "fast.wav") < 0.75 * length_s(tmp_path / "slow.wav")


@pytest.mark.parametrize("text", ["", "  \n\n ", "..."])
def test_nothing_to_say_is_refused_and_writes_nothing(tmp_path, text):
    with pytest.raises(RequestError):
        speak(text, tmp_path / "empty.wav")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"speed": 3}, {"sentence_gap_s": -1}, {"paragraph_gap_s": -1}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(RequestError):
        speak("Hello.", tmp_path / "talk.wav", **wrong)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="cannot be written"):
        speak("Hello.", tmp_path / "file" / "talk.wav")

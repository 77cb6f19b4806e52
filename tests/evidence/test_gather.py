import json
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from workbench.errors import DiskFull, MediaDamaged, NotInstalled, RequestError
from workbench.evidence import gather as room
from workbench.evidence.evidence import TextBlock
from workbench.evidence.gather import SIGNALS, gather, signals
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance

SRT = "1\n00:00:00,500 --> 00:00:01,500\nIs the pump on?\n"


class Keep:
    """Keeps in memory, and knows what was asked."""

    def __init__(self):
        self.kept = {}
        self.saved = []
        self._busy = threading.Lock()

    def load(self, asset_id, signal, version):
        assert self._busy.acquire(blocking=False), "two threads at once"
        try:
            return self.kept.get((asset_id, signal, version))
        finally:
            self._busy.release()

    def save(self, asset_id, signal, version, json_text):
        assert self._busy.acquire(blocking=False), "two threads at once"
        try:
            json.loads(json_text)
            self.saved.append(signal)
            self.kept[asset_id, signal, version] = json_text
        finally:
            self._busy.release()


class Machine:
    """Stands in for Whisper, the shot finder and the reader of text, and counts their calls."""

    def __init__(self):
        self.calls = []
        self.said = "The pump is on."
        self.shots = [TimeSpan(0, 1), TimeSpan(1, 2)]
        self.text = ["Pump"]
        self.trouble = {}

    def _called(self, name, progress):
        self.calls.append(name)
        for done in range(3):
            progress(done, 2, name)
        if name in self.trouble:
            raise self.trouble[name]

    def transcribe(self, path, *, progress, language, **_):
        self._called("transcript", progress)
        lines = (Utterance(TimeSpan(0, 1.5), self.said),) if self.said else ()
        return Transcript(lines, language or "en", "whisper-base", "1")

    def detect(self, asset, *, progress):
        self._called("shots", progress)
        return tuple(self.shots)

    def read(self, asset, shots, *, progress):
        self._called("screen_text", progress)
        self.looked_at = [shot.span for shot in shots]
        return tuple(TextBlock(TimeSpan(0, 1), text, 0.9, 0.1, 0.1, True) for text in self.text)


@pytest.fixture
def machine(monkeypatch):
    fake = Machine()
    monkeypatch.setattr(room.whisper, "transcribe", fake.transcribe)
    monkeypatch.setattr(room, "detect_shots", fake.detect)
    monkeypatch.setattr(room.screen_text, "read_screen_text", fake.read)
    return fake


def write_film(path: Path, *, has_sound=True) -> Path:
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream("aac", rate=16_000, layout="mono") if has_sound else None
        for index in range(10):
            grey = np.full((64, 64, 3), 20 * index, np.uint8)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(pictures.encode(None))
        if sound is not None:
            silence = np.zeros((1, 32_000), np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
            frame.sample_rate = 16_000
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path


@pytest.fixture
def film(tmp_path):
    return probe(write_film(tmp_path / "talk.mp4"))


def test_every_signal_is_measured_with_its_engine_and_time(film, machine, tmp_path):
    evidence = gather(film, cache_dir=tmp_path)
    assert evidence.asset_id == film.id
    assert evidence.transcript is not None
    assert evidence.transcript.text == "The pump is on."
    assert evidence.speech_s == 1.5
    assert [(shot.index, shot.span, shot.frame_s) for shot in evidence.shots] == [
        (0, TimeSpan(0, 1), 0.5),
        (1, TimeSpan(1, 2), 1.5),
    ]
    assert [block.text for block in evidence.screen_text] == ["Pump"]
    assert machine.looked_at == machine.shots
    assert set(evidence.engines) == set(evidence.seconds) == set(SIGNALS)
    assert evidence.notes == ()


def test_what_was_measured_is_not_measured_again(film, machine, tmp_path):
    keep = Keep()
    first = gather(film, cache_dir=tmp_path, keep=keep)
    assert sorted(keep.saved) == sorted(SIGNALS)
    machine.calls.clear()
    assert gather(film, cache_dir=tmp_path, keep=keep) == first
    assert machine.calls == []


def test_a_run_that_was_stopped_repeats_only_what_it_had_not_finished(film, machine, tmp_path):
    keep = Keep()
    machine.trouble["screen_text"] = DiskFull("no room")
    with pytest.raises(DiskFull):
        gather(film, cache_dir=tmp_path, keep=keep)
    assert "shots" in keep.saved
    machine.trouble.clear()
    machine.calls.clear()
    gather(film, cache_dir=tmp_path, keep=keep)
    assert "shots" not in machine.calls
    assert "screen_text" in machine.calls


def test_what_is_kept_in_another_form_is_measured_again(film, machine, tmp_path):
    keep = Keep()
    gather(film, cache_dir=tmp_path, keep=keep)
    keep.kept = dict.fromkeys(keep.kept, '{"value": 3}')
    machine.calls.clear()
    assert gather(film, cache_dir=tmp_path, keep=keep).shots
    assert sorted(machine.calls) == sorted(SIGNALS)


def test_a_sidecar_wins_over_whisper_and_is_read_again_when_it_changes(film, machine, tmp_path):
    keep = Keep()
    sidecar = tmp_path / "talk.en.srt"
    sidecar.write_text(SRT)
    said = gather(film, cache_dir=tmp_path, keep=keep).transcript
    assert said is not None
    assert (said.text, said.source, said.language) == ("Is the pump on?", "sidecar", "en")
    assert "transcript" not in machine.calls
    sidecar.write_text(SRT.replace("on?", "off?"))
    said = gather(film, cache_dir=tmp_path, keep=keep).transcript
    assert said is not None
    assert said.text == "Is the pump off?"
    sidecar.unlink()
    said = gather(film, cache_dir=tmp_path, keep=keep).transcript
    assert said is not None
    assert said.source == "whisper-base"


def test_a_sidecar_that_cannot_be_read_is_noted_and_whisper_listens(film, machine, tmp_path):
    (tmp_path / "talk.srt").write_text("no captions")
    evidence = gather(film, cache_dir=tmp_path)
    assert evidence.notes == ("Words could not be read: talk.srt has no captions.",)
    assert evidence.transcript is not None
    assert evidence.transcript.source == "whisper-base"


def test_a_silent_film_has_the_words_of_its_sidecar(machine, tmp_path):
    asset = probe(write_film(tmp_path / "talk.mp4", has_sound=False))
    evidence = gather(asset, cache_dir=tmp_path)
    assert evidence.notes == ("The file has no sound.",)
    assert evidence.transcript is None
    (tmp_path / "talk.srt").write_text(SRT)
    assert gather(asset, cache_dir=tmp_path).transcript is not None
    assert "transcript" not in machine.calls


def test_no_speech_is_an_empty_transcript_and_a_note(film, machine, tmp_path):
    machine.said = ""
    machine.text = []
    evidence = gather(film, cache_dir=tmp_path)
    assert evidence.transcript is not None
    assert evidence.transcript.is_empty
    assert evidence.notes == ("No speech was found.", "No text was found on the screen.")


@pytest.mark.parametrize(
    ("signal", "start"),
    [
        ("transcript", "Speech was not transcribed: it is missing."),
        ("shots", "Shots were not looked for: it is missing."),
        ("screen_text", "Screen text was not read: it is missing."),
    ],
)
def test_a_missing_package_leaves_a_note_with_the_line_that_adds_it(
    film, machine, tmp_path, signal, start
):
    keep = Keep()
    machine.trouble[signal] = NotInstalled("it is missing", hint="pip install it==1.0")
    evidence = gather(film, cache_dir=tmp_path, keep=keep)
    assert evidence.notes == (f"{start} To add it: pip install it==1.0",)
    assert signal not in keep.saved
    assert set(evidence.engines) == set(SIGNALS) - {signal}


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_signal_that_cannot_be_read_leaves_a_note_and_the_others(film, machine, tmp_path, signal):
    machine.trouble[signal] = MediaDamaged("talk.mp4 is damaged")
    evidence = gather(film, cache_dir=tmp_path)
    assert len(evidence.notes) == 1
    assert evidence.notes[0].endswith(": talk.mp4 is damaged.")
    assert set(evidence.engines) == set(SIGNALS) - {signal}


def test_without_shots_the_whole_film_is_looked_at(film, machine, tmp_path):
    evidence = gather(film, cache_dir=tmp_path, wanted=["screen_text"])
    assert machine.calls == ["screen_text"]
    assert [span.duration_s for span in machine.looked_at] == [film.duration_s]
    assert evidence.shots == ()


def test_an_unknown_signal_is_refused(film, tmp_path):
    with pytest.raises(RequestError) as caught:
        gather(film, cache_dir=tmp_path, wanted=["smell"])
    assert "screen_text" in caught.value.hint


def test_progress_grows_to_its_total(film, machine, tmp_path):
    reports = []
    gather(film, cache_dir=tmp_path, progress=lambda *report: reports.append(report))
    done = [report[0] for report in reports]
    assert done == sorted(done)
    assert reports[-1][0] == reports[-1][1] == 6
    assert {report[2] for report in reports} == {"speech", "shots", "screen text"}


@pytest.mark.parametrize("stage", ["speech", "shots", "screen text"])
def test_an_error_raised_by_progress_stops_both_threads_and_comes_out(
    film, machine, tmp_path, stage
):
    class Cancelled(Exception):
        pass

    def stop(done, total, name):
        if name == stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        gather(film, cache_dir=tmp_path, progress=stop)
    assert threading.active_count() == 1 or not any(
        thread.name.startswith("speech") for thread in threading.enumerate()
    )


def test_a_photo_is_only_read(machine, tmp_path):
    from PIL import Image

    Image.new("RGB", (80, 60), "white").save(tmp_path / "plate.png")
    reports = []
    evidence = gather(
        probe(tmp_path / "plate.png"),
        cache_dir=tmp_path,
        progress=lambda *report: reports.append(report),
    )
    assert machine.calls == ["screen_text"]
    assert evidence.notes == ()
    assert reports[-1][0] == reports[-1][1]


def test_every_signal_says_whether_it_can_be_measured():
    states = signals()
    assert [state.name for state in states] == ["Speech", "Shots", "Screen text", "Voice"]
    for state in states:
        assert state.finding
        assert state.is_ready or state.hint


@pytest.mark.media
def test_the_captions_inside_a_real_film_win_over_whisper(media_dir, machine, tmp_path):
    asset = probe(media_dir / "video" / "nasa_13013_multistream_subs.mp4")
    evidence = gather(asset, cache_dir=tmp_path)
    assert evidence.transcript is not None
    assert evidence.transcript.source == "embedded"
    assert evidence.transcript.utterances[-1].span.end_s <= asset.duration_s
    assert "transcript" not in machine.calls


@pytest.mark.media
@pytest.mark.slow
def test_the_real_thing_measures_a_real_film(media_dir, tmp_path):
    states = {state.name: state for state in signals()}
    for name in ("Speech", "Screen text"):
        if not states[name].is_ready:
            pytest.skip(f"{states[name].finding}: {states[name].hint}")
    asset = probe(media_dir / "video" / "autoeditor_example.mp4")
    keep = Keep()
    evidence = gather(asset, cache_dir=tmp_path, keep=keep)
    assert evidence.transcript is not None
    assert "On the bottom right you can see the time" in evidence.transcript.text
    assert evidence.screen_text
    assert all(block.span.end_s <= asset.duration_s + 0.1 for block in evidence.screen_text)
    assert gather(asset, cache_dir=tmp_path / "unused", keep=keep) == evidence
    assert not (tmp_path / "unused").exists()

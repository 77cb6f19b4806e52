from pathlib import Path

import pytest

from workbench.media.ffmpeg import run_ffmpeg
from workbench.speech.subtitles.embedded import read_embedded

SRT = "1\n00:00:00,500 --> 00:00:01,500\n{line}\n"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Two seconds with subtitles in German, English (default) and a foreign-words stream."""
    inputs: list[str | Path] = ["-f", "lavfi", "-i", "color=size=64x64:duration=2"]
    for name, line in (("de", "Läuft sie?"), ("en", "Is it on?\n<i>Yes.</i>"), ("forced", "Hm.")):
        path = tmp_path / f"{name}.srt"
        path.write_text(SRT.format(line=line), encoding="utf-8")
        inputs += ["-i", path]
    target = tmp_path / "film.mkv"
    run_ffmpeg(
        [*inputs, "-map", "0", "-map", "3", "-map", "1", "-map", "2", "-c:s", "srt",
         "-metadata:s:s:0", "language=eng", "-disposition:s:0", "forced",
         "-metadata:s:s:1", "language=ger", "-disposition:s:1", "0",
         "-metadata:s:s:2", "language=eng", "-disposition:s:2", "default", target]
    )  # fmt: skip
    return target


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [("", "Is it on? Yes.", "en"), ("en", "Is it on? Yes.", "en"), ("de", "Läuft sie?", "de")],
)
def test_the_stream_in_the_wanted_language_is_read(video, language, text, found):
    transcript = read_embedded(video, language=language)
    assert transcript is not None
    assert (transcript.text, transcript.language, transcript.source) == (text, found, "embedded")
    assert transcript.utterances[0].span.start_s == pytest.approx(0.5, abs=0.01)
    assert transcript.utterances[0].span.end_s == pytest.approx(1.5, abs=0.01)


def test_streams_in_another_language_are_left_to_the_recogniser(video):
    assert read_embedded(video, language="fr") is None


@pytest.mark.media
def test_the_captions_in_a_real_film_are_read(media_dir):
    transcript = read_embedded(media_dir / "video" / "nasa_13013_multistream_subs.mp4")
    assert transcript is not None
    assert transcript.language == "en"
    assert transcript.utterances[2].text.startswith("at NASA’s Goddard")
    assert read_embedded(media_dir / "video" / "bbb_trailer_720p.mp4") is None

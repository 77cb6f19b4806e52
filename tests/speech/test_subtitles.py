from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import MediaDamaged, MediaEmpty, MediaMissing, MediaTooLarge
from workbench.media.timecode import TimeSpan
from workbench.speech.subtitles import files as subtitles
from workbench.speech.subtitles.files import (
    find_sidecar,
    fitted,
    read_srt,
    read_subtitles,
    read_vtt,
    write_srt,
    write_vtt,
)
from workbench.speech.transcript import Transcript, Utterance, Word

SRT = "1\n00:00:01,000 --> 00:00:02,500\nIs it on?\n\n2\n00:00:03,000 --> 00:00:04,000\nYes.\n"


def said(transcript):
    return [(u.span.start_s, u.span.end_s, u.text) for u in transcript.utterances]


@pytest.mark.parametrize(
    "text",
    [
        SRT,
        "\ufeff" + SRT,
        SRT.replace("\n", "\r\n"),
        SRT.replace("\n", "\r"),
        SRT.replace(",", "."),
        SRT.replace("1\n", "0\n", 1).replace("\n2\n", "\n1\n"),
        SRT.replace("1\n", "", 1).replace("\n2\n", "\n"),
        SRT.replace("00:00", "0:0"),
        SRT.replace("Is it on?", "<i>Is it</i>\n{\\an8}on?"),
        SRT.replace("-->", "->"),
        SRT.replace("02,500", "02,500 X1:20 X2:40"),
        SRT + "\n3\n00:00:05,000 --> 00:00:06,000\n♪ ♪\n",
        "3\n00:00:03,000 --> 00:00:04,000\nYes.\n\n" + SRT[: SRT.index("2\n0")],
    ],
)
def test_srt_is_read_however_it_was_written(text):
    assert said(read_srt(text)) == [(1.0, 2.5, "Is it on?"), (3.0, 4.0, "Yes.")]


def test_vtt_notes_styles_names_and_settings_are_passed_over():
    text = (
        "WEBVTT - a talk\nKind: captions\n\nSTYLE\n::cue { color: red }\n\n"
        "NOTE 00:09 is not a time\n\nopening\n00:01.000 --> 00:02.000 align:start position:0%\n"
        "<v.loud Ana Ruiz>Fish &amp; <c.x>chips</c>\n\nNOTE the end\n"
    )
    (line,) = read_vtt(text).utterances
    assert (line.speaker, line.text) == ("Ana Ruiz", "Fish & chips")


def test_lines_that_roll_up_are_kept_once():
    text = (
        "WEBVTT\n\n00:00.000 --> 00:02.000\nthe pump\n\n00:02.000 --> 00:02.010\nthe pump\n\n"
        "00:02.010 --> 00:04.000\nthe pump\nis<00:03.000><c> warm</c>\n\n"
        "00:04.000 --> 00:04.010\nis warm\n"
    )
    assert [u.text for u in read_vtt(text).utterances] == ["the pump", "the pump", "is warm"]


def test_a_caption_that_ends_before_it_starts_stays_two_seconds():
    assert said(read_srt("1\n00:00:09,000 --> 00:00:01,000\nHm.\n")) == [(9.0, 11.0, "Hm.")]


def test_captions_may_overlap_and_come_in_any_order():
    text = "1\n00:00:05,000 --> 00:00:09,000\nB\n\n2\n00:00:01,000 --> 00:00:06,000\nA\n"
    assert said(read_srt(text)) == [(1.0, 6.0, "A"), (5.0, 9.0, "B")]


def test_captions_after_the_end_are_left_out():
    transcript = fitted(read_srt(SRT), 3.5)
    assert said(transcript) == [(1.0, 2.5, "Is it on?"), (3.0, 3.5, "Yes.")]
    assert said(fitted(read_srt(SRT), 3.0)) == [(1.0, 2.5, "Is it on?")]
    assert fitted(transcript, 0) == transcript


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_any_usual_encoding_is_read(tmp_path, encoding):
    path = tmp_path / "talk.de.srt"
    path.write_bytes(SRT.replace("Yes.", "Größe über alles.").encode(encoding))
    transcript = read_subtitles(path)
    assert transcript.utterances[1].text == "Größe über alles."
    assert (transcript.language, transcript.source, transcript.source_detail) == (
        "de",
        "sidecar",
        "talk.de.srt",
    )


def test_bytes_of_no_encoding_are_still_read(tmp_path):
    path = tmp_path / "talk.srt"
    path.write_bytes(SRT.encode() + b"\n3\n00:00:05,000 --> 00:00:06,000\n\x81\x8d done\n")
    assert read_subtitles(path).utterances[2].text.endswith("done")


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", MediaEmpty), (b"\n\n", MediaEmpty), (b"no captions here", MediaDamaged)],
)
def test_a_file_without_captions_is_refused(tmp_path, content, error):
    path = tmp_path / "talk.srt"
    path.write_bytes(content)
    with pytest.raises(error, match=r"talk\.srt"):
        read_subtitles(path)


def test_missing_and_huge_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(MediaMissing):
        read_subtitles(tmp_path / "none.srt")
    monkeypatch.setattr(subtitles, "LARGEST_BYTES", 10)
    (tmp_path / "big.srt").write_text(SRT)
    with pytest.raises(MediaTooLarge):
        read_subtitles(tmp_path / "big.srt")


@pytest.mark.parametrize(
    ("files", "language", "found"),
    [
        (["talk.srt", "talk.en.srt", "talk.vtt"], "", "talk.srt"),
        (["talk.vtt", "talk.en.srt"], "", "talk.vtt"),
        (["talk.de.srt", "talk.en.vtt"], "", "talk.en.vtt"),
        (["talk.de.srt", "talk.en.vtt"], "de", "talk.de.srt"),
        (["talk.fr.srt", "talk.eng.srt"], "de", "talk.eng.srt"),
        (["TALK.SRT"], "", "TALK.SRT"),
        (["talk.mp4.srt"], "", "talk.mp4.srt"),
        (["talk.en-US.auto.vtt"], "", "talk.en-US.auto.vtt"),
        (["talk.chapters.vtt", "talk2.srt", "other.srt", "talk.txt"], "", None),
        ([], "", None),
    ],
)
def test_the_sidecar_is_the_file_with_the_same_name(tmp_path, files, language, found):
    for name in files:
        (tmp_path / name).touch()
    path = find_sidecar(tmp_path / "talk.mp4", language=language)
    assert (path.name if path else None) == found


def test_names_with_marks_of_patterns_are_just_names(tmp_path):
    (tmp_path / "a[1]*.srt").touch()
    (tmp_path / "a1.srt").touch()
    assert find_sidecar(tmp_path / "a[1]*.mp4") == tmp_path / "a[1]*.srt"
    assert find_sidecar(tmp_path / "gone" / "a.mp4") is None


def test_long_sentences_become_captions_of_two_short_lines():
    words = [Word(TimeSpan(i, i + 0.5), f"word{i:02d}") for i in range(40)]
    sentence = Utterance(TimeSpan(0, 39.5), " ".join(w.text for w in words), tuple(words))
    back = read_vtt(write_vtt(Transcript((sentence,), "en", "whisper-base")))
    assert " ".join(u.text for u in back.utterances) == sentence.text
    assert all(len(u.text) <= 84 for u in back.utterances)
    for caption in back.utterances:
        first, last = caption.text.split()[0], caption.text.split()[-1]
        assert (caption.span.start_s, caption.span.end_s) == (int(first[4:]), int(last[4:]) + 0.5)


def test_captions_without_word_times_are_divided_by_their_letters():
    sentence = Utterance(TimeSpan(10, 30), "abcd " * 50)
    back = read_srt(write_srt(Transcript((sentence,), "en", "sidecar"))).utterances
    assert back[0].span.start_s == 10
    assert back[-1].span.end_s == 30
    assert all(a.span.end_s <= b.span.start_s + 0.001 for a, b in pairwise(back))


def test_marks_that_mean_something_in_a_file_survive():
    text = "a --> b & <i>c</i>"
    transcript = Transcript((Utterance(TimeSpan(0, 1), text, speaker="Ana & Co"),), "en", "")
    (line,) = read_vtt(write_vtt(transcript)).utterances
    assert (line.text, line.speaker) == (text, "Ana & Co")
    assert "a → b" in read_srt(write_srt(transcript)).utterances[0].text


spoken = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
moments = st.integers(0, 360_000_000).map(lambda ms: ms / 1000)


@given(st.lists(st.tuples(moments, st.integers(0, 10_000), st.lists(spoken, max_size=30))))
def test_what_is_written_can_be_read_again(captions):
    utterances = tuple(
        Utterance(TimeSpan(start, start + length / 1000), " ".join(words))
        for start, length, words in sorted(captions)
    )
    transcript = Transcript(utterances, "en", "x")
    for text, read in ((write_srt(transcript), read_srt), (write_vtt(transcript), read_vtt)):
        lines = read(text).utterances
        assert all(line.span.end_s >= line.span.start_s >= 0 for line in lines)


@given(st.text(max_size=400))
def test_no_text_makes_the_readers_fail(text):
    read_srt(text)
    read_vtt(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}")
    read_srt(f"1\n00:00:01,000 --> {text}\n")


def test_letters_that_steer_a_terminal_are_not_read():
    cue = "1\n00:00:01,000 --> 00:00:02,000\n\x1b[31mred\x07 \u202egnp.exe &#27;[2J\n"
    assert [line.text for line in read_srt(cue).utterances] == ["[31mred gnp.exe [2J"]


@pytest.mark.media
def test_real_subtitle_files_are_read(media_dir):
    counts = {
        path.name: len(read_subtitles(path).utterances)
        for path in (media_dir / "subtitles").iterdir()
    }
    assert counts == {
        "elephantsdream_captions.en.vtt": 78,
        "elephantsdream_chapters.en.vtt": 9,
        "elephantsdream_descriptions.en.vtt": 63,
        "multiline_and_bad_times.srt": 7,
        "nasa_13013.srt": 4,
    }

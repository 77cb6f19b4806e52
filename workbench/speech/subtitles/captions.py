"""Write a transcript as captions: short lines, on the screen long enough to be read.

Long sentences are divided where a word begins; their times come from the words, or in proportion
to the letters when the source had none.
"""

import html
from collections.abc import Iterator
from itertools import pairwise

from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance, Word

LINE_LETTERS = 42
"""Letters in a line: what broadcasters use."""

LONGEST_LETTERS = 2 * LINE_LETTERS
"""A caption has two lines."""


def write_srt(transcript: Transcript) -> str:
    """Write SubRip text.

    Example:
        >>> print(write_srt(Transcript((Utterance(TimeSpan(1.5, 3), "Is it on?"),), "en", "")))
        1
        00:00:01,500 --> 00:00:03,000
        Is it on?
        <BLANKLINE>
    """
    return "\n".join(
        f"{number}\n{_clock(cue.span.start_s, ',')} --> {_clock(cue.span.end_s, ',')}\n"
        # The arrow would end the caption; other marks are text.
        + "\n".join(_lines(cue.text.replace("-->", "→")))
        + "\n"
        for number, cue in enumerate(_captions(transcript), start=1)
    )


def write_vtt(transcript: Transcript) -> str:
    """Write WebVTT text.

    Example:
        >>> print(write_vtt(Transcript((Utterance(TimeSpan(1.5, 3), "2 < 3"),), "en", "")))
        WEBVTT
        <BLANKLINE>
        00:00:01.500 --> 00:00:03.000
        2 &lt; 3
        <BLANKLINE>
    """
    cues = [
        f"{_clock(cue.span.start_s, '.')} --> {_clock(cue.span.end_s, '.')}\n{_vtt_text(cue)}\n"
        for cue in _captions(transcript)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _vtt_text(cue: Utterance) -> str:
    text = "\n".join(html.escape(line, quote=False) for line in _lines(cue.text))
    speaker = html.escape(" ".join(cue.speaker.split()), quote=False)
    return f"<v {speaker}>{text}" if speaker else text


def _clock(moment_s: float, mark: str) -> str:
    milliseconds = round(moment_s * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{milliseconds:03d}"


def _captions(transcript: Transcript) -> Iterator[Utterance]:
    """Utterances, long ones divided into captions of two lines."""
    for utterance in transcript.utterances:
        text = " ".join(utterance.text.split())
        if not text:
            continue
        if len(text) <= LONGEST_LETTERS:
            yield Utterance(utterance.span, text, speaker=utterance.speaker)
            continue
        words = _timed_words(utterance, text)
        count = -(-len(text) // LONGEST_LETTERS)
        for run in _runs(words, max(LINE_LETTERS, len(text) // count)):
            span = TimeSpan(run[0].span.start_s, max(run[0].span.start_s, run[-1].span.end_s))
            yield Utterance(span, " ".join(word.text for word in run), speaker=utterance.speaker)


def _timed_words(utterance: Utterance, text: str) -> list[Word]:
    parts = text.split()
    if [word.text for word in utterance.words] == parts:
        return list(utterance.words)
    # Without spaces, or without word times: letters take equal time.
    parts = [p[i : i + LINE_LETTERS] for p in parts for i in range(0, len(p), LINE_LETTERS)]
    total = sum(len(part) for part in parts)
    moments = [utterance.span.start_s]
    for part in parts:
        moments.append(moments[-1] + utterance.span.duration_s * len(part) / total)
    moments[-1] = utterance.span.end_s
    spans = [TimeSpan(start_s, max(start_s, end_s)) for start_s, end_s in pairwise(moments)]
    return [Word(span, part) for span, part in zip(spans, parts, strict=True)]


def _runs(words: list[Word], letters: int) -> Iterator[list[Word]]:
    """Words in runs of about as many letters each, never more than a caption holds."""
    run: list[Word] = []
    length = 0
    for word in words:
        longer = length + len(word.text) + bool(run)
        if run and (longer > LONGEST_LETTERS or length >= letters):
            yield run
            run, longer = [], len(word.text)
        run.append(word)
        length = longer
    if run:
        yield run


def _lines(text: str) -> list[str]:
    """One line, or two of about the same length."""
    if len(text) <= LINE_LETTERS:
        return [text]
    spaces = [index for index, letter in enumerate(text) if letter == " "]
    if not spaces:
        return [text]
    middle = min(spaces, key=lambda index: abs(index - len(text) / 2))
    return [text[:middle], text[middle + 1 :]]

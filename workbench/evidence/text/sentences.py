"""Sentences of a transcript with times, whatever pieces it came in.

Captions break in mid sentence and Whisper joins several; here a line is one sentence again.
Nothing is reworded: a sentence is the transcript's own words in order.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance

LONGEST_WORDS = 60
"""A sentence without a full stop ends here at the latest."""

CAPTION_GAP_S = 0.4
"""A caption that starts with a capital after this much silence is a new sentence."""

BREATH_S = 1.5
"""A silence this long ends a sentence, full stop or not."""

_TERMINATOR = re.compile(r"[.?!…。！？][\"'”’)\]]*$")
_ABBREVIATION = re.compile(
    r"^(?:[A-Za-z]|mr|mrs|ms|dr|prof|sr|jr|st|vs|etc|e\.g|i\.e|no|fig|approx|inc|ltd|co|max|min)\.$",
    re.IGNORECASE,
)
_NOT_SPEECH = re.compile(r"^\s*(?:[\[(*♪♫][^\])]*[\])*♪♫]|[♪♫].*)\s*$")
_LABEL = re.compile(r"\s*(?:>>+\s*|[-–]\s+)?(?:([A-Z][A-Z0-9 .'-]{1,24}):\s+)?")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it was said."""

    span: TimeSpan
    text: str
    pause_before_s: float = 0.0
    """Silence between the sentence before and this one; from the start for the first."""
    confidence: float | None = None
    """0 to 1, the mean over its words; None where the source has none."""
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class _TimedWord:
    span: TimeSpan
    text: str
    confidence: float | None
    utterance: Utterance
    starts_utterance: bool
    ends_utterance: bool


def sentences_of(transcript: Transcript | None) -> tuple[Sentence, ...]:
    """Put a transcript's pieces together into sentences.

    Args:
        transcript: What was said; None and an empty one give no sentences.

    Returns:
        Sentences in order of time. Lines that describe sound, like `[music]`, are left out.
    """
    if transcript is None:
        return ()
    words = list(_timed_words(transcript.utterances))
    style = _style(words)
    found: list[Sentence] = []
    run: list[_TimedWord] = []
    for index, word in enumerate(words):
        run.append(word)
        after = words[index + 1] if index + 1 < len(words) else None
        if after is None or _breaks(word, after, len(run), style):
            found.append(_sentence(run, found[-1].span.end_s if found else 0.0))
            run = []
    return tuple(found)


def _timed_words(utterances: Iterable[Utterance]) -> Iterator[_TimedWord]:
    for original in utterances:
        utterance = _without_label(original)
        if _NOT_SPEECH.match(utterance.text) or not utterance.text.strip():
            continue
        if utterance.words:
            pieces = [(word.span, word.text.strip(), word.confidence) for word in utterance.words]
        else:
            pieces = [(span, text, utterance.confidence) for span, text in _spread(utterance)]
        pieces = [piece for piece in pieces if piece[1]]
        for index, (span, text, confidence) in enumerate(pieces):
            is_last = index == len(pieces) - 1
            yield _TimedWord(span, text, confidence, utterance, index == 0, is_last)


def _without_label(utterance: Utterance) -> Utterance:
    """Take the speaker's name off a caption: `>> NARRATOR: The pump …`, `- The pump …`."""
    match = _LABEL.match(utterance.text)
    if utterance.words or not match or match.end() == 0:
        return utterance
    return replace(
        utterance,
        text=utterance.text[match.end() :],
        speaker=(match.group(1) or utterance.speaker).strip(),
    )


def _spread(utterance: Utterance) -> Iterator[tuple[TimeSpan, str]]:
    """Give each word a share of its caption's time, by letters."""
    words = utterance.text.split()
    letters = sum(len(word) + 1 for word in words)
    start = utterance.span.start_s
    for index, word in enumerate(words):
        is_last = index == len(words) - 1
        share = (len(word) + 1) / letters * utterance.span.duration_s
        end = utterance.span.end_s if is_last else min(start + share, utterance.span.end_s)
        yield TimeSpan(start, max(start, end)), word
        start = end


def _ends_sentence(word: str) -> bool:
    return bool(_TERMINATOR.search(word)) and not _ABBREVIATION.match(word)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a transcript is written."""

    is_punctuated: bool
    """Are there full stops? Automatic captions have none: there a caption's end has to do."""
    tells_by_case: bool
    """Do some captions start with a capital and some not? Then a small letter goes on."""


def _style(words: list[_TimedWord]) -> _Style:
    stops = sum(1 for word in words if _ends_sentence(word.text))
    starts = [word.text[:1].isupper() for word in words if word.starts_utterance]
    return _Style(stops * 40 >= len(words), any(starts) and not all(starts))


def _breaks(word: _TimedWord, after: _TimedWord, length: int, style: _Style) -> bool:
    gap_s = after.span.start_s - word.span.end_s
    speaker = after.utterance.speaker
    if gap_s >= BREATH_S or (speaker and speaker != word.utterance.speaker):
        return True
    if _ends_sentence(word.text):
        return True
    if length >= LONGEST_WORDS:
        return True
    if not word.ends_utterance:
        return False
    is_capital = after.text[:1].isupper()
    if is_capital and gap_s >= CAPTION_GAP_S:
        return True
    return not style.is_punctuated and length >= 8 and (is_capital or not style.tells_by_case)


def _sentence(run: list[_TimedWord], last_end_s: float) -> Sentence:
    known = [word.confidence for word in run if word.confidence is not None]
    start = run[0].span.start_s
    end = max(word.span.end_s for word in run)
    only = run[0].utterance
    is_whole = run[-1].utterance is only and run[-1].ends_utterance and run[0].starts_utterance
    return Sentence(
        span=TimeSpan(start, max(start, end)),
        # As it was written, where it can be: not every language puts spaces between words.
        text=" ".join(only.text.split()) if is_whole else " ".join(word.text for word in run),
        pause_before_s=max(0.0, start - last_end_s),
        confidence=sum(known) / len(known) if known else None,
        speaker=only.speaker,
    )

"""Turn a run of words with times into sentences.

Recognisers cut where their window ends; readers, captions and chapters need sentences. A sentence
ends at its punctuation, at a long silence, or when it has become too long to read at once.
"""

import re
from collections.abc import Iterable

from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Utterance, Word

LONGEST_GAP_S = 2.0
"""A silence longer than this ends a sentence even without punctuation, in seconds."""

MOST_WORDS = 60
"""A sentence is cut after this many words: some speakers, and some recognisers, never stop."""

_ENDS = re.compile(r"[.!?…。！？]+[\"'”’)\]]*$")  # full-width marks for Chinese and Japanese
_SHORT_FORMS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "vs",
        "fig",
        "sec",
        "eq",
        "approx",
        "inc",
        "ltd",
        "co",
        "jr",
        "sr",
        "gen",
        "rev",
        "e.g",
        "i.e",
    ]
)


def sentences_of(words: Iterable[Word]) -> tuple[Utterance, ...]:
    """Group words into sentences.

    Args:
        words: In order of time. A leading space in a word's text says that it stands apart from
            the one before, as Whisper writes it; languages without spaces have none.

    Returns:
        One utterance a sentence, its words stripped; its confidence is the mean over its words.

    Example:
        >>> said = [" Dr.", " Smith", " waits.", " Is", " it", " on?"]
        >>> words = [Word(TimeSpan(i, i + 0.9), text) for i, text in enumerate(said)]
        >>> [sentence.text for sentence in sentences_of(words)]
        ['Dr. Smith waits.', 'Is it on?']
    """
    sentences: list[Utterance] = []
    current: list[Word] = []
    for word in words:
        if not word.text.strip():
            continue
        if current and _is_over(current, word):
            sentences.append(_utterance(current))
            current = []
        current.append(word)
    if current:
        sentences.append(_utterance(current))
    return tuple(sentences)


def _is_over(current: list[Word], following: Word) -> bool:
    last = current[-1]
    if following.span.start_s - last.span.end_s > LONGEST_GAP_S or len(current) >= MOST_WORDS:
        return True
    return ends_sentence(last.text.strip(), following.text.strip())


def ends_sentence(word: str, following: str) -> bool:
    """Is a word the last of its sentence?

    Args:
        word: With the punctuation behind it.
        following: What comes after it; its first letter counts.

    Example:
        >>> ends_sentence("waits.", "Is"), ends_sentence("Dr.", "Smith"), ends_sentence("3.", "dry")
        (True, False, False)
    """
    if not _ENDS.search(word) or following[0].islower():
        return False
    if not word.endswith("."):
        return True
    stem = word[:-1].lower()
    is_initial = len(stem) == 1 and stem.isalpha() and word[0].isupper()
    return stem not in _SHORT_FORMS and not is_initial


def _utterance(words: list[Word]) -> Utterance:
    known = [word.confidence for word in words if word.confidence is not None]
    start_s = words[0].span.start_s
    return Utterance(
        span=TimeSpan(start_s, max(start_s, words[-1].span.end_s)),
        text=" ".join("".join(word.text for word in words).split()),
        words=tuple(Word(word.span, word.text.strip(), word.confidence) for word in words),
        confidence=round(sum(known) / len(known), 3) if known else None,
    )

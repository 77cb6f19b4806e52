"""Read the transcript that Amazon Transcribe writes: JSON with a word or a mark in each item.

How a job is asked for and paid is in `backends.transcribe`; here nothing is called.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.media.timecode import TimeSpan
from workbench.speech.sentences import sentences_of
from workbench.speech.subtitles.languages import two_letter_code
from workbench.speech.transcript import Transcript, Word

SOURCE = "transcribe"
"""What its transcripts name as their source."""

_UNSPACED = frozenset({"zh", "ja", "th"})
"""Languages that are written without spaces between words."""


def version(language: str = "") -> str:
    """What a transcript depends on besides the sound; the service names no version of its own.

    Args:
        language: The language code that is asked for; empty: found out.

    Example:
        >>> version("de-DE"), version()
        ('transcribe 1, de-DE', 'transcribe 1, any language')
    """
    return f"{SOURCE} 1, {language or 'any language'}"


def is_by_transcribe(engine: str) -> bool:
    """Does the name of a transcript's engine, as evidence has it, mean this one?

    Example:
        >>> is_by_transcribe("transcribe (en-US)"), is_by_transcribe("whisper-base (…)")
        (True, False)
    """
    return engine.partition(" ")[0] == SOURCE


def read_transcript(told: Mapping[str, Any], language: str = "") -> Transcript:
    """Read a finished transcript.

    Args:
        told: The file, parsed.
        language: The language code that was asked for; empty where it was to be found out.

    Returns:
        Sentences with word times and confidence; empty when nothing is said.

    Raises:
        ValueError: It is not in the form that is documented.

    Example:
        >>> word = {"type": "pronunciation", "start_time": "0.5", "end_time": "0.9",
        ...         "alternatives": [{"confidence": "0.98", "content": "Hello"}]}
        >>> mark = {"type": "punctuation", "alternatives": [{"content": "."}]}
        >>> found = read_transcript({"results": {"items": [word, mark], "language_code": "en-US"}})
        >>> found.text, found.language, found.utterances[0].span.start_s
        ('Hello.', 'en', 0.5)
    """
    try:
        results = told["results"]
        code = str(results.get("language_code") or language)
        short = two_letter_code(code.partition("-")[0])
        words = list(_words(results["items"], "" if short in _UNSPACED else " "))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a transcript: {type(error).__name__}: {error}") from None
    return Transcript(
        utterances=sentences_of(words),
        language=short if words else "",
        source=SOURCE,
        source_detail=code or "language unknown",
    )


def _words(items: Any, space: str) -> Iterator[Word]:
    """Words with the marks behind them, each with a space before it where the language has them."""
    last: Word | None = None
    for item in items:
        best = item["alternatives"][0]
        text = str(best["content"])
        if item["type"] == "punctuation":
            if last is not None:
                last = Word(last.span, last.text + text, last.confidence)
            continue
        if last is not None:
            yield last
        start_s, end_s = float(item["start_time"]), float(item["end_time"])
        confidence = round(min(1.0, max(0.0, float(best["confidence"]))), 3)
        last = Word(TimeSpan(start_s, max(start_s, end_s)), space + text, confidence)
    if last is not None:
        yield last

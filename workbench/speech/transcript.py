"""Words with times: what was said, and where we know it from.

Times are seconds on the source's clock. A transcript from a subtitle file and one from Whisper
have the same form; `source` says which it is.
"""

from dataclasses import dataclass

from workbench.media.timecode import TimeSpan


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word."""

    span: TimeSpan
    text: str
    confidence: float | None = None
    """0 to 1; None where the source has none."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence or caption: one line of a transcript."""

    span: TimeSpan
    text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said, in order of time."""

    utterances: tuple[Utterance, ...]
    language: str
    """ISO 639-1 code, or empty when unknown."""
    source: str
    """`sidecar`, `embedded`, `whisper-base` …"""
    source_detail: str = ""
    """The sidecar's file name, or the engine's version."""

    @property
    def text(self) -> str:
        """All of it as one string, a space between utterances."""
        return " ".join(utterance.text for utterance in self.utterances)

    @property
    def is_empty(self) -> bool:
        """Was nothing said?"""
        return not self.utterances

    def within(self, span: TimeSpan) -> tuple[Utterance, ...]:
        """The utterances whose middle lies inside a span."""
        return tuple(u for u in self.utterances if span.holds(u.span.middle_s))

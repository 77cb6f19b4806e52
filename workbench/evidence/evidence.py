"""The measured facts about one asset: speech, shots and screen text, each with its engine.

Evidence is given to every model, local or not: Nova does not hear a video's sound, and the local
engine has nothing else to go by.
"""

from dataclasses import dataclass, field

from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Shot:
    """A run of pictures without a cut."""

    index: int
    span: TimeSpan
    frame_s: float
    """The moment of its representative frame, in seconds."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Words read on the screen, for as long as they stay."""

    span: TimeSpan
    text: str
    confidence: float
    """0 to 1, the mean over its lines."""
    height: float
    """Height of its letters as a share of the picture's height, 0 to 1."""
    top: float
    """Upper edge as a share of the picture's height, 0 (top) to 1."""
    is_title: bool = False
    """The largest line of a mostly flat picture: a slide's title."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything measured about one asset; empty parts say in `notes` why they are."""

    asset_id: str
    duration_s: float
    transcript: Transcript | None = None
    shots: tuple[Shot, ...] = ()
    screen_text: tuple[TextBlock, ...] = ()
    speech_s: float = 0.0
    """Seconds of speech found."""
    engines: dict[str, str] = field(default_factory=dict)
    """Signal → engine and version: `{"transcript": "whisper-base 1.0.0", "shots": …}`."""
    notes: tuple[str, ...] = ()
    """Why something is missing, a sentence each: "The file has no sound." """
    seconds: dict[str, float] = field(default_factory=dict)
    """Signal → seconds it took to measure."""

    def within(self, span: TimeSpan) -> "Evidence":
        """The part of the evidence that lies in a span, on the same clock."""
        transcript = self.transcript
        if transcript is not None:
            transcript = Transcript(
                transcript.within(span),
                transcript.language,
                transcript.source,
                transcript.source_detail,
            )
        return Evidence(
            asset_id=self.asset_id,
            duration_s=self.duration_s,
            transcript=transcript,
            shots=tuple(s for s in self.shots if s.span.overlap_s(span) > 0),
            screen_text=tuple(b for b in self.screen_text if b.span.overlap_s(span) > 0),
            speech_s=self.speech_s,
            engines=self.engines,
            notes=self.notes,
        )

"""Read the subtitle stream inside a video file.

Only streams of text are read; pictures of text, as DVDs have them, are not.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.media.containers import clock_zero_s, open_container, packets
from workbench.media.timecode import TimeSpan
from workbench.speech.subtitles.files import SHORTEST_S, transcript_of
from workbench.speech.subtitles.languages import two_letter_code
from workbench.speech.transcript import Transcript

TEXT_CODECS = frozenset({"ass", "mov_text", "ssa", "srt", "subrip", "text", "webvtt"})
"""Subtitle codecs whose packets are words."""

VERSION = "1"
"""Changes when the same stream would give another transcript."""


def read_embedded(path: Path, *, language: str = "") -> Transcript | None:
    """Read the captions of a video's own subtitle stream.

    Several: the one in the wanted language, else the one marked as default, else the first.
    Streams that translate only foreign words are left alone.

    Args:
        path: The video file.
        language: ISO 639-1 code of the speech; streams known to be in another are not read.

    Returns:
        The transcript, or None if there is no such stream or nothing is said in it.

    Raises:
        MediaError: The file cannot be read.
    """
    with open_container(path) as container:
        stream = _chosen(container, language)
        if stream is None:
            return None
        transcript = transcript_of(
            _captions(container, stream),
            language=two_letter_code(stream.language or ""),
            source="embedded",
            detail=f"stream {stream.index}",
        )
    return None if transcript.is_empty else transcript


def _chosen(container: Any, language: str) -> Any | None:
    import av

    marks = av.stream.Disposition
    fitting = []
    for stream in container.streams.subtitles:
        spoken = two_letter_code(stream.language or "")
        is_other = bool(language and spoken and spoken != language)
        if stream.codec_context.name in TEXT_CODECS and not is_other:
            is_partial = bool(stream.disposition & marks.forced)
            is_default = bool(stream.disposition & marks.default)
            if not is_partial:
                fitting.append((spoken != language, not is_default, stream.index, stream))
    return min(fitting)[-1] if fitting else None


def _captions(container: Any, stream: Any) -> Iterator[tuple[TimeSpan, str]]:
    zero_s = clock_zero_s(container)
    for packet in packets(container, stream):
        if packet.pts is None:
            continue
        start_s = max(0.0, float(packet.pts * packet.time_base) - zero_s)
        length_s = float((packet.duration or 0) * packet.time_base) or SHORTEST_S
        text = "\n".join(_text(packet))
        if text:
            yield TimeSpan(round(start_s, 3), round(start_s + length_s, 3)), text


def _text(packet: Any) -> Iterator[str]:
    import av

    try:
        found = packet.decode()
    except av.error.FFmpegError:
        return
    for part in found:
        dialogue = getattr(part, "dialogue", b"") or b""
        # ASS writes line breaks and hard spaces as letters.
        text = dialogue.decode("utf-8", errors="replace")
        yield text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")

"""Read and write subtitle files: SubRip (`.srt`) and WebVTT (`.vtt`).

Reading is tolerant, because these files are written by everybody and everything: what has a time
line and words is a caption, the rest is passed over. Writing is strict.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from workbench.errors import MediaDamaged, MediaEmpty, MediaMissing, MediaTooLarge
from workbench.media.timecode import TimeSpan
from workbench.speech.letters import drawn
from workbench.speech.subtitles.captions import write_srt, write_vtt
from workbench.speech.subtitles.languages import two_letter_code
from workbench.speech.transcript import Transcript, Utterance

__all__ = [
    "find_sidecar",
    "fitted",
    "read_srt",
    "read_subtitles",
    "read_vtt",
    "transcript_of",
    "write_srt",
    "write_vtt",
]

LARGEST_BYTES = 20_000_000
"""A day of talk is below 2 MB; anything over this is no subtitle file."""

SHORTEST_S = 2.0
"""How long a caption stays when its end is before its start, in seconds."""

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,6}))?"
_TIMES = re.compile(rf"^\s*{_CLOCK}\s*-{{1,2}}>\s*{_CLOCK}")
_SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}", re.IGNORECASE)
_NO_WORDS = re.compile(r"^[\s♪♫#*\-–—.]*$")
_TAGGED_NAME = re.compile(
    r"^([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*(?:\.(?:auto|cc|default|forced|orig|sdh))*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Cue:
    span: TimeSpan
    lines: tuple[str, ...]
    speaker: str = ""


def read_srt(text: str, *, language: str = "", detail: str = "") -> Transcript:
    r"""Read SubRip text.

    Blank lines inside a caption, dots for commas, missing numbers and tags are accepted.

    Args:
        text: The file's text.
        language: ISO 639-1 code if it is known.
        detail: The file's name, kept as `source_detail`.

    Example:
        >>> read_srt("0\n0:00:01.5 --> 0:00:03\n<i>Is it\non?</i>").utterances[0].text
        'Is it on?'
    """
    return transcript_of(_cues(text, ends_at_blank=False), language=language, detail=detail)


def read_vtt(text: str, *, language: str = "", detail: str = "") -> Transcript:
    r"""Read WebVTT text; notes, styles and regions are passed over.

    Args:
        text: The file's text.
        language: ISO 639-1 code if it is known.
        detail: The file's name, kept as `source_detail`.

    Example:
        >>> text = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ana>Fish &amp; chips"
        >>> [(said.speaker, said.text) for said in read_vtt(text).utterances]
        [('Ana', 'Fish & chips')]
    """
    return transcript_of(_cues(text, ends_at_blank=True), language=language, detail=detail)


def transcript_of(
    captions: Iterable[tuple[TimeSpan, str]],
    *,
    language: str = "",
    source: str = "sidecar",
    detail: str = "",
) -> Transcript:
    """Turn captions as they stand in files into a transcript.

    Tags and marks are taken out, captions without words left out, lines that roll up from one
    caption to the next kept once.

    Args:
        captions: Times and text, in any order; lines separated by line breaks.
        language: ISO 639-1 code if it is known.
        source: `sidecar` or `embedded`.
        detail: Where exactly they are from.
    """
    utterances: list[Utterance] = []
    shown: tuple[str, ...] = ()
    for cue in sorted((_cue(span, text) for span, text in captions), key=lambda cue: cue.span):
        if not cue.lines:
            continue
        new = _without_repeats(shown, cue.lines)
        shown = cue.lines
        if new:
            utterances.append(Utterance(cue.span, " ".join(new), speaker=cue.speaker))
    return Transcript(tuple(utterances), language, source, detail)


def read_subtitles(path: Path) -> Transcript:
    """Read a subtitle file; its content decides the format, its name the language.

    Text is taken as UTF-8 or UTF-16 by its mark, else as UTF-8, else as Windows Latin.

    Raises:
        MediaMissing: The file cannot be opened.
        MediaEmpty: It has no bytes.
        MediaTooLarge: It is too large for a subtitle file.
        MediaDamaged: It has no captions.
    """
    try:
        size_bytes = path.stat().st_size
        if size_bytes > LARGEST_BYTES:
            raise MediaTooLarge(
                f"{path.name} is {size_bytes / 1e6:.0f} MB; subtitles stay below "
                f"{LARGEST_BYTES / 1e6:.0f} MB",
                hint="check that it is a subtitle file",
            )
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise MediaMissing(
            f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}",
            hint="check the path and its permissions",
        ) from error
    if not text.strip():
        raise MediaEmpty(f"{path.name} has no text", hint="remove it or write it again")
    read = read_vtt if text.lstrip().startswith("WEBVTT") else read_srt
    transcript = read(text, language=_language_of(path), detail=path.name)
    if transcript.is_empty:
        raise MediaDamaged(
            f"{path.name} has no captions",
            hint="a caption needs a line such as 00:00:01,000 --> 00:00:03,000",
        )
    return transcript


def find_sidecar(media_path: Path, *, language: str = "") -> Path | None:
    """Find the subtitle file that belongs to a media file.

    It lies beside it and has its name: `talk.srt`, `talk.vtt` or `talk.en.srt` for `talk.mp4`.
    Several: the plain name first, then the wanted language, then English, then by name.

    Args:
        media_path: The video or sound file.
        language: ISO 639-1 code that is preferred.
    """
    try:
        beside = [path for path in media_path.parent.iterdir() if path.suffix.lower() in _SUFFIXES]
    except OSError:
        return None
    ranked = []
    for path in beside:
        tag = _tag_of(path, media_path)
        if tag is not None and path.is_file():
            order = ["", language or "en", "en"]
            rank = order.index(tag) if tag in order else len(order)
            ranked.append((rank, _SUFFIXES.index(path.suffix.lower()), path.name, path))
    return min(ranked)[-1] if ranked else None


def fitted(transcript: Transcript, duration_s: float) -> Transcript:
    """Leave out what lies after a video's end, and end the last captions with it.

    Args:
        transcript: Captions, perhaps of a longer cut.
        duration_s: Length of the video in seconds; 0 if it is not known, which changes nothing.
    """
    if duration_s <= 0:
        return transcript
    whole = TimeSpan(0.0, duration_s)
    kept = tuple(
        replace(utterance, span=utterance.span.clamped(whole))
        for utterance in transcript.utterances
        if utterance.span.start_s < duration_s
    )
    return replace(transcript, utterances=kept)


_SUFFIXES = (".srt", ".vtt")


def _tag_of(path: Path, media_path: Path) -> str | None:
    """The language in a sidecar's name, empty for the plain name, None for another file."""
    for name in (media_path.stem, media_path.name):
        if path.stem.lower() == name.lower():
            return ""
        if path.stem.lower().startswith(f"{name.lower()}."):
            match = _TAGGED_NAME.match(path.stem[len(name) + 1 :])
            if match and (code := two_letter_code(match[1])):
                return code
    return None


def _language_of(path: Path) -> str:
    for part in reversed(path.stem.split(".")[1:]):
        if (match := _TAGGED_NAME.match(part)) and (code := two_letter_code(match[1])):
            return code
    return ""


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _cues(text: str, *, ends_at_blank: bool) -> Iterator[tuple[TimeSpan, str]]:
    """Captions in the order of the file, as they stand."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [index for index, line in enumerate(lines) if _TIMES.match(line)]
    for index, following in pairwise([*starts, len(lines)]):
        said = lines[index + 1 : following]
        if ends_at_blank and "" in (stripped := [line.strip() for line in said]):
            said = said[: stripped.index("")]
        elif said and following < len(lines) and said[-1].strip().isdigit():
            said = said[:-1]  # the number of the caption that follows
        if match := _TIMES.match(lines[index]):
            start_s, end_s = _seconds(*match.groups()[:4]), _seconds(*match.groups()[4:])
            if end_s < start_s:
                end_s = start_s + SHORTEST_S
            yield TimeSpan(start_s, end_s), "\n".join(said)


def _seconds(
    hours: str | None, minutes: str | None, seconds: str | None, fraction: str | None
) -> float:
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return round(whole + float(f"0.{fraction or 0}"), 3)


def _cue(span: TimeSpan, text: str) -> _Cue:
    speaker = _SPEAKER.search(text)
    plain = [" ".join(_words(_TAG.sub("", line)).split()) for line in text.split("\n")]
    lines = tuple(line for line in plain if not _NO_WORDS.match(line))
    return _Cue(span, lines, _words(speaker[1]).strip() if speaker else "")


def _words(written: str) -> str:
    return drawn(html.unescape(written))


def _without_repeats(before: tuple[str, ...], lines: tuple[str, ...]) -> tuple[str, ...]:
    """Without the lines that roll up from the caption before, as automatic captions do."""
    for count in range(min(len(before), len(lines)), 0, -1):
        if before[-count:] == lines[:count]:
            # A whole caption said twice is a person repeating herself, unless it is two lines.
            return lines[count:] if len(lines) > 1 or len(before) > 1 else lines
    return lines

"""Amazon Polly: a text is spoken, as sound and as the times of its words.

Sound and times are two calls, each billed by its characters. Neither has a name that the service
would know again, so one whose reply was lost is sent a second time only after it was written down
as perhaps billed. Text goes as plain text, never as SSML: nothing in it can be taken for a command.
"""

import base64
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from workbench.backends.catalog.models import ModelInfo
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, Readiness, open_gate
from workbench.backends.services.job_calls import READ_TIMEOUT_S, JobCalls
from workbench.backends.usage import Usage
from workbench.errors import BadModelRequest, BadReply

ENGINE = "polly"
SERVICE = "Polly"

VOICES = "DescribeVoices"
SPEAK = "SynthesizeSpeech"

Output = Literal["sound", "marks"]

SAMPLE_RATE_HZ = 16_000
"""The higher one of the two that Polly has for PCM (API reference, SynthesizeSpeech)."""

BYTES_PER_SAMPLE = 2

LONGEST_TEXT = 3_000
"""Most billed characters of one call (developer guide, limits)."""

PIECE_CHARACTERS = 2_800
"""Longest piece that a text is cut into: some way below the limit (our choice)."""

CUT_S = 600.0
"""Sound of one call ends here, in the middle of a word, and without a word (limits)."""

PREFERRED = ("neural", "standard", "generative", "long-form")
"""Engines in the order they are taken where none is named: neural sounds well, is known to have
the times of words, and costs half of the next better one or less."""

NO_MARKS = frozenset(
    {"enginenotsupportedexception", "marksnotsupportedforformatexception"}
)  # fmt: skip
"""How Polly says that it has no times of words for a voice, once it has spoken with it."""

MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who can speak."""

    name: str
    """What it is asked for by: `Joanna` …"""
    language: str
    """Code of the language it speaks by itself: `en-US` …"""
    language_name: str
    gender: str
    engines: tuple[str, ...]
    """`standard`, `neural`, `long-form`, `generative`: each has a price of its own."""
    also: tuple[str, ...] = ()
    """Codes of other languages it can speak."""

    def speaks(self, language: str) -> bool:
        """Can it speak a language, named by its code or the beginning of one?

        Example:
            >>> Voice("Aditi", "en-IN", "Indian English", "Female", ("standard",)).speaks("en")
            True
        """
        wanted = language.lower()
        codes = [code.lower() for code in (self.language, *self.also)]
        return any(code == wanted or code.startswith(f"{wanted}-") for code in codes)


class Polly:
    """The `polly` engine. Safe for threads; the client is opened with the first call.

    Args:
        region: AWS region; empty for boto3's own default, else us-east-1.
        read_timeout_s: How long a reply may keep silent.
        sleep: Waits between sends.
        jitter: Gives a number from 0 to 1 by which a wait between sends is shortened.
    """

    engine = ENGINE

    def __init__(
        self,
        region: str = "",
        *,
        read_timeout_s: float = READ_TIMEOUT_S,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._calls = JobCalls(
            SERVICE, region, read_timeout_s=read_timeout_s, sleep=sleep, jitter=jitter
        )
        self._lock = threading.Lock()
        self._voices: tuple[Voice, ...] = ()

    def readiness(self) -> Readiness:
        """Say whether credentials are there. Nothing is called or paid."""
        found = self._calls.readiness(self.engine)
        if not found.is_ready:
            return found
        return replace(found, finding=f"{found.finding} Not called yet.")

    def voices(self) -> tuple[Voice, ...]:
        """The voices of the region, by language and name. Free; asked for once.

        Raises:
            BackendError: The service cannot be reached, or the account may not ask.
            BadReply: The list has no end.
        """
        with self._lock:
            if not self._voices:
                found = [_voice(each) for each in self._listed() if each.get("Id")]
                self._voices = tuple(sorted(found, key=lambda each: (each.language, each.name)))
            return self._voices

    def _listed(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        token, seen = "", set[str]()
        for _ in range(MOST_PAGES):
            page, _sends = self._calls.call(
                VOICES, {"NextToken": token} if token else {}, is_free=True
            )
            found += page.get("Voices") or []
            token = str(page.get("NextToken") or "")
            if not token:
                return found
            if token in seen:
                break
            seen.add(token)
        raise BadReply(f"{SERVICE} lists its voices without an end", hint="try again later")

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        """Speak one piece of text, or tell when each of its words is spoken.

        Args:
            request: Its prompt is the text, 3,000 characters at most. Its options are `output`
                (`sound` or `marks`), `voice`, `engine`, and `language` where the voice is to speak
                another than its own.
            model: Named in errors.
            gate: Passed before every send.

        Returns:
            `pcm` as base64 (mono, 16 bits, 16 kHz) or `marks`: lists of the time in milliseconds,
            begin and end in the text. A voice without times has none, and nothing is billed. It
            used characters, as the service counts them.

        Raises:
            NoCredentials: None were found, or they have run out.
            AccessDenied: The account may not call Polly.
            Throttled: Still too many requests after several waits.
            ServiceDown: The service failed, or the reply was lost on the way.
            BadModelRequest: There is no such voice or engine, or the text is too long.
            BadReply: What came is no sound, or no times; it was billed.
        """
        started = time.monotonic()
        text, options = request.prompt, request.options
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise BadModelRequest(
                f"{model.name} speaks 1 to {LONGEST_TEXT:,} characters at once, not {len(text):,}",
                hint="speak it in shorter pieces",
            )
        wants_sound = options["output"] == "sound"
        arguments = {
            # Without it the standard one is taken, which many voices do not have.
            "Engine": options["engine"],
            "VoiceId": options["voice"],
            "Text": text,
            "TextType": "text",
            **({"LanguageCode": options["language"]} if options.get("language") else {}),
            **(
                {"OutputFormat": "pcm", "SampleRate": str(SAMPLE_RATE_HZ)}
                if wants_sound
                else {"OutputFormat": "json", "SpeechMarkTypes": ["word"]}
            ),
        }
        reply, sends = self._calls.call(
            SPEAK, arguments, gate, passed=() if wants_sound else NO_MARKS, stream="AudioStream"
        )
        usage = Usage(characters=_billed(reply, text))
        data: bytes = reply.get("AudioStream", b"")
        told: dict[str, Any]
        if wants_sound:
            require_sound(reply.get("ContentType", ""), data, usage)
            told = {"pcm": base64.b64encode(data).decode()}
        else:
            told = {"marks": read_marks(data, text, usage) if reply else []}
        return ModelReply(
            data=told,
            usage=usage,
            model_id=f"{ENGINE} {options['voice']} {options['engine']}",
            stop_reason="end_turn",
            latency_s=round(time.monotonic() - started, 3),
            attempts=sends,
        )


def _voice(told: Mapping[str, Any]) -> Voice:
    return Voice(
        name=str(told["Id"]),
        language=str(told.get("LanguageCode") or ""),
        language_name=str(told.get("LanguageName") or ""),
        gender=str(told.get("Gender") or ""),
        engines=tuple(map(str, told.get("SupportedEngines") or ())),
        also=tuple(map(str, told.get("AdditionalLanguageCodes") or ())),
    )


def _billed(reply: Mapping[str, Any], text: str) -> int:
    """Characters that a reply says are billed; those of the text where it does not say."""
    if not reply:
        return 0
    told = reply.get("RequestCharacters")
    return told if isinstance(told, int) and told >= 0 else len(text)


def require_sound(kind: str, data: bytes, billed: Usage) -> None:
    """See that a reply is sound, and all of it.

    Args:
        kind: Its media type.
        data: Its bytes.
        billed: What it has cost all the same.

    Raises:
        BadReply: It is not.
    """
    problem = ""
    if not kind.startswith("audio/pcm"):
        problem = f"answered with {kind or 'something'} instead of sound"
    elif not data or len(data) % BYTES_PER_SAMPLE:
        problem = f"sent {len(data)} bytes, which are no sound of two bytes a sample"
    elif len(data) / (BYTES_PER_SAMPLE * SAMPLE_RATE_HZ) >= CUT_S:
        problem = f"cut the sound off after {CUT_S / 60:.0f} minutes"
    if problem:
        raise BadReply(
            f"{SERVICE} {problem}", hint="run again, or take another voice", billed=billed
        )


def read_marks(data: bytes, text: str, billed: Usage) -> list[list[int]]:
    """Read the times of words: a line of JSON for each.

    The service counts in bytes of the text, we in its characters.

    Args:
        data: What was sent.
        text: What was spoken.
        billed: What it has cost, also if it cannot be read.

    Returns:
        Milliseconds, begin and end in the text, in order.

    Raises:
        BadReply: It is something else, or speaks of places that the text does not have.

    Example:
        >>> read_marks(b'{"time":6,"type":"word","start":4,"end":7,"value":"ja"}', "«Ja»", Usage())
        Traceback (most recent call last):
        ...
        workbench.errors.BadReply: Polly sent times of words that do not fit the text
        >>> read_marks(b'{"time":6,"type":"word","start":2,"end":4,"value":"Ja"}', "«Ja»", Usage())
        [[6, 1, 3]]
    """
    raw = text.encode()
    found: list[list[int]] = []
    for line in data.splitlines():
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            if told["type"] != "word":
                continue
            at, begin, end = (int(told[name]) for name in ("time", "start", "end"))
            word = raw[begin:end].decode() if 0 <= begin < end <= len(raw) else ""
            is_right = word and at >= (found[-1][0] if found else 0)
        except (ValueError, TypeError, KeyError):
            is_right = False
        if not is_right:
            raise BadReply(
                f"{SERVICE} sent times of words that do not fit the text",
                hint="run again, or do without the times",
                billed=billed,
            )
        first = len(raw[:begin].decode())
        found.append([at, first, first + len(word)])
    return found

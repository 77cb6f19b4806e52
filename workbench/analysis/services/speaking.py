"""Texts that a service speaks: planned, priced and paid as calls, a piece after the other.

A piece is at most two calls: its sound, and the times of its words. Each is kept like every other
reply, under its words, voice and engine, so that what was spoken once is never paid again.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome, Forecast
from workbench.backends.protocol import ModelRequest
from workbench.backends.services.polly import (
    BYTES_PER_SAMPLE,
    PIECE_CHARACTERS,
    PREFERRED,
    SAMPLE_RATE_HZ,
    Output,
    Voice,
)
from workbench.backends.usage import Cost, Usage, total_cost
from workbench.errors import LibraryError, RequestError
from workbench.speech.voice.pieces import spoken_pieces
from workbench.speech.voice.wav import write_wav

VERSION = "16 kHz"
"""What a kept reply depends on besides its words and its voice."""

MOST_CHARACTERS = 100_000
"""Longest text that is spoken in one go, an hour and a half (our choice)."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MARKS = TypeAdapter(list[tuple[int, int, int]])


@dataclass(frozen=True, slots=True)
class Mark:
    """When a word is spoken."""

    at_s: float
    """Seconds from the beginning of the sound."""
    begin: int
    end: int
    """Its place in the text, in characters."""
    word: str


@dataclass(frozen=True, slots=True)
class Speech:
    """A text as it was spoken."""

    pcm: bytes
    """Mono samples of 16 bits, the lower byte first."""
    sample_rate_hz: int
    marks: tuple[Mark, ...]
    """One a word, in order; none where the voice has no times."""
    characters: int
    """Characters that were billed now; none of what was kept."""
    cost_usd: Cost
    """Dollars paid now; None when no price is known, or when a reply was lost on the way."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.pcm) / (BYTES_PER_SAMPLE * self.sample_rate_hz)

    def write(self, path: Path) -> None:
        """Write it as a WAV file.

        Raises:
            RequestError: The folder may not be written to.
            DiskFull: There is no room for the file.
        """
        write_wav(path, self.pcm, self.sample_rate_hz)


@dataclass(frozen=True, slots=True)
class SpokenCall:
    """One planned call: the sound of a piece, or the times of its words."""

    output: Output
    begin: int
    """Where its piece begins in the text."""
    request: ModelRequest
    key: str
    label: str
    cost: Cost
    """0 where its reply is kept, or that of an equal piece before it will be."""
    is_kept: bool

    @property
    def characters(self) -> int:
        """What is billed."""
        return 0 if self.is_kept else len(self.request.prompt)


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """What speaking a text would cost; nothing has been sent."""

    text: str
    voice: Voice
    engine: str
    calls: tuple[SpokenCall, ...]

    @property
    def characters(self) -> int:
        """Characters that would be billed: those of the sound, and again those of the times."""
        return sum(call.characters for call in self.calls)

    @property
    def cost_usd(self) -> Cost:
        """Dollars; None when no price is known."""
        return total_cost(call.cost for call in self.calls)


def find_voice(voices: Sequence[Voice], name: str) -> Voice:
    """The voice of a name, however it is written.

    Raises:
        RequestError: There is none.
    """
    for voice in voices:
        if voice.name.lower() == name.strip().lower():
            return voice
    raise RequestError(f"there is no voice {name!r}", hint="`workbench voices` lists them")


def engine_of(voice: Voice, engine: str = "") -> str:
    """Settle by which engine a voice speaks.

    Args:
        voice: Who speaks.
        engine: `standard`, `neural`, `long-form` or `generative`; empty for the first of
            `polly.PREFERRED` that the voice has.

    Raises:
        RequestError: The voice does not have it.
    """
    offered = [each for each in PREFERRED if each in voice.engines]
    if engine and engine not in offered:
        listed = ", ".join(offered) or "none that is known"
        raise RequestError(f"{voice.name} has no engine {engine!r}", hint=f"choose: {listed}")
    if not offered:
        raise RequestError(f"{voice.name} has no engine", hint="choose another voice")
    return engine or offered[0]


def plan_speech(
    text: str,
    voice: Voice,
    model: ModelInfo,
    cache: CallCache | None,
    *,
    engine: str = "",
    language: str = "",
    with_marks: bool = True,
) -> SpeechPlan:
    """List and price the calls that speak a text; nothing is sent.

    Args:
        text: Plain text of 1 to 100,000 characters. Control characters are spoken as spaces.
        voice: Who speaks.
        model: The service.
        cache: Kept replies.
        engine: See `engine_of`.
        language: One of the voice's other languages; empty for its own.
        with_marks: Are the times of words wanted? They are billed like the sound.

    Raises:
        RequestError: The text is empty, too long or no text, or the voice cannot speak so.
    """
    chosen = engine_of(voice, engine)
    if language and language not in (voice.language, *voice.also):
        raise RequestError(
            f"{voice.name} does not speak {language}",
            hint=f"choose: {', '.join((voice.language, *voice.also))}",
        )
    spoken = _CONTROL.sub(" ", text)
    if not spoken.strip() or len(spoken) > MOST_CHARACTERS:
        raise RequestError(
            f"a text has 1 to {MOST_CHARACTERS:,} characters, not {len(spoken.strip()):,}",
            hint="speak it in parts" if spoken.strip() else "give a text with words in it",
        )
    if any("\ud800" <= letter <= "\udfff" for letter in spoken):
        raise RequestError("the text holds half of a character", hint="save it as UTF-8")
    outputs: tuple[Output, ...] = ("sound", "marks") if with_marks else ("sound",)
    pieces = spoken_pieces(spoken, PIECE_CHARACTERS)
    calls, seen = [], set[str]()
    for number, (begin, end) in enumerate(pieces, 1):
        of = f", part {number} of {len(pieces)}" if len(pieces) > 1 else ""
        for output in outputs:
            request = ModelRequest(
                task="speak",
                model=model.key,
                prompt=spoken[begin:end],
                schema={},
                schema_name=output,
                options={
                    "output": output,
                    "voice": voice.name,
                    "engine": chosen,
                    "language": "" if language == voice.language else language,
                },
                engine_version=VERSION,
                max_output_tokens=0,
            )
            key = request.cache_key()
            # A piece that stands in the text twice is spoken once.
            is_kept = key in seen or (cache is not None and _kept(cache, key, output) is not None)
            seen.add(key)
            usage = Usage(characters=end - begin)
            cost = Decimal(0) if is_kept else cost_of(usage, model, chosen)
            what = "spoken" if output == "sound" else "times of words"
            label = f"“{_short(spoken[begin:end])}”{of}, {what}"
            calls.append(SpokenCall(output, begin, request, key, label, cost, is_kept))
    return SpeechPlan(spoken, voice, chosen, tuple(calls))


def speak(
    plan: SpeechPlan,
    model: ModelInfo,
    cache: CallCache,
    execute: Callable[[CallOrder], CallOutcome],
    *,
    cap_usd: Decimal | None = None,
) -> Speech:
    """Make the calls of a plan, and no others, and join what comes of them.

    Args:
        plan: What to speak.
        model: The service.
        cache: Kept replies.
        execute: Has a call made; see `analysis.asking.Executor`.
        cap_usd: The most all of them may cost.

    Raises:
        BackendError: The service did not speak; what was spoken before is kept.
        BudgetReached: It could cost more than what is left under the cap or of the budget.
        LibraryError: A reply was not kept.
    """
    sound, marks, paid, characters = bytearray(), list[Mark](), list[Cost](), 0
    began_s, length_s = 0.0, 0.0
    for call in plan.calls:
        outcome = execute(_order(call, plan, model, cap_usd))
        paid.append(outcome.cost_usd)
        found = _kept(cache, call.key, call.output)
        if found is None:
            raise LibraryError(
                f"{call.label} was not kept",
                hint="check that the data folder is writable and has room, then run again",
            )
        characters += found.characters if outcome.was_paid else 0
        if call.output == "sound":
            began_s = len(sound) / (BYTES_PER_SAMPLE * SAMPLE_RATE_HZ)
            length_s = len(found.pcm) / (BYTES_PER_SAMPLE * SAMPLE_RATE_HZ)
            sound += found.pcm
        for at_ms, begin, end in found.marks:
            at_s = began_s + min(at_ms / 1000, length_s)
            begin, end = call.begin + begin, call.begin + end  # noqa: PLW2901
            marks.append(Mark(at_s, begin, end, plan.text[begin:end]))
    return Speech(bytes(sound), SAMPLE_RATE_HZ, tuple(marks), characters, total_cost(paid))


@dataclass(frozen=True, slots=True)
class _Kept:
    pcm: bytes
    marks: list[tuple[int, int, int]]
    characters: int


def _kept(cache: CallCache, key: str, output: Output) -> _Kept | None:
    """A kept reply; None if there is none of the right form."""
    reply = cache.get(key)
    if reply is None:
        return None
    try:
        if output == "marks":
            return _Kept(b"", _MARKS.validate_python(reply.data["marks"]), reply.usage.characters)
        pcm = base64.b64decode(reply.data["pcm"], validate=True)
    except (KeyError, TypeError, binascii.Error, ValidationError):
        return None
    return _Kept(pcm, [], reply.usage.characters)


def _order(call: SpokenCall, plan: SpeechPlan, model: ModelInfo, cap_usd: Cost) -> CallOrder:
    cost = cost_of(Usage(characters=len(call.request.prompt)), model, plan.engine)
    return CallOrder(
        key=call.key,
        call_id=call.key[:16],
        label=call.label,
        asset_id="",
        engine=model.engine,
        model=model.key,
        route=plan.engine,
        request=call.request,
        most_tokens=0,
        estimated_usd=cost,
        most_usd=cost,
        cap_usd=cap_usd,
        forecast=Forecast("speak", 0, 0, text_tokens=0, media_tokens=None),
    )


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 40 else f"{words[:39].rstrip()}…"

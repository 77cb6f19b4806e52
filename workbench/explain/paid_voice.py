"""Amazon Polly as the voice of a film: chosen, priced, and each beat spoken and paid once.

Words are kept twice: as the replies that were paid for, and as the sound of their beat. Where the
voice tells when each word is spoken, captions go by that; where it does not, a beat is spoken
sentence by sentence, so that the length of each sound says when the next sentence begins.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.analysis.services.speaking import (
    Mark,
    Speech,
    SpeechPlan,
    SpokenCall,
    engine_of,
    find_voice,
    plan_speech,
    speak,
)
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.services.polly import Voice as PollyVoice
from workbench.backends.usage import Usage, total_cost
from workbench.errors import BackendError, BadModelRequest, BadReply, RequestError
from workbench.explain.narration import SAMPLE_RATE_HZ, Voice, is_spoken, reading_times
from workbench.explain.price import PriceLine
from workbench.explain.storyboards.storyboard import Storyboard
from workbench.media.timecode import TimeSpan
from workbench.speech.sentences import sentences_of
from workbench.speech.transcript import Utterance, Word
from workbench.speech.voice.wav import resampled, write_wav

if TYPE_CHECKING:
    import numpy as np

STAGE = "synthesizing_narration"
"""The state of a film in which a voice is paid."""

TIMED = frozenset({"standard", "neural"})
"""Engines that tell when each word is spoken."""

PAUSE_S = 0.3
"""Silence between sentences that were spoken one by one."""

EDGE_S = 0.05
"""What is left of the silence behind a sentence: its caption goes a moment after its last sound."""

QUIET = 328
"""Samples below 1 % of full scale are silence."""

REFUSED_AT_FIRST = 2
"""A voice that was refused so often and has said nothing yet is refused altogether."""

_TO_NEXT_WORD = re.compile(r"([^\s「『（(\[{]*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A voice of the service, and how it is to speak."""

    voice: PollyVoice
    engine: str
    language: str
    """Code to be told to a voice that speaks several languages; empty for its own."""


def choose_voice(
    voices: Sequence[PollyVoice], name: str, language: str, engine: str = ""
) -> Chosen:
    """Find a voice that speaks a language.

    Args:
        voices: Those there are.
        name: The one that is wanted.
        language: Code of what is said, such as `en` or `en-GB`; empty while it is not known.
        engine: One of the voice's engines; empty for the usual one.

    Raises:
        RequestError: There is no such voice, it speaks another language, or not by that engine.
    """
    voice = find_voice(voices, name)
    if language and not voice.speaks(language):
        able = [each.name for each in voices if each.speaks(language)]
        raise RequestError(
            f"{voice.name} speaks {' and '.join((voice.language, *voice.also))}, not {language!r}",
            hint=f"choose a voice that does: {', '.join(able)}"
            if able
            else f"no voice of Polly speaks {language!r} here: make the film with --voice none",
        )
    wanted = language.lower()
    codes = [code for code in (voice.language, *voice.also) if not wanted or _is_in(code, wanted)]
    told = "" if codes[0] == voice.language else codes[0]
    return Chosen(voice, engine_of(voice, engine), told)


def _is_in(code: str, wanted: str) -> bool:
    return code.lower() == wanted or code.lower().startswith(f"{wanted}-")


@dataclass(slots=True)
class PaidVoice:
    """Speaks the beats of one film, each once."""

    chosen: Chosen
    model: ModelInfo
    cache: CallCache
    execute: Callable[[CallOrder], CallOutcome]
    """Has a call made; see `analysis.asking.Executor`."""
    cap_usd: Decimal | None = None
    """The most all of its calls may cost, with what its job has paid before."""
    beats: int = 1
    """How many beats have words: the last hope of a voice that was refused."""
    _has_spoken: bool = False
    _refused: list[BackendError] = field(default_factory=list)

    @property
    def voice(self) -> Voice:
        """The same, as films know voices."""
        chosen = self.chosen
        return Voice(chosen.voice.name, self._speak, chosen.engine, chosen.language)

    def plans(self, text: str) -> tuple[SpeechPlan, ...]:
        """What speaking a beat asks and costs: one text, or sentence by sentence.

        Raises:
            RequestError: It cannot be spoken.
        """
        if not any(letter.isalnum() for letter in text):
            raise RequestError("there is nothing to speak", hint="give it words")
        is_timed = self.chosen.engine in TIMED
        texts = [text] if is_timed else [each.text for each in reading_times(text)]
        return tuple(
            plan_speech(
                each,
                self.chosen.voice,
                self.model,
                self.cache,
                engine=self.chosen.engine,
                language=self.chosen.language,
                with_marks=is_timed,
            )
            for each in texts
            if any(letter.isalnum() for letter in each)
        )

    def price(self, story: Storyboard, folder: Path) -> PriceLine:
        """What speaking a storyboard would cost now; nothing is sent.

        Args:
            story: What is said.
            folder: Where spoken beats are kept.
        """
        texts = dict.fromkeys(beat.say for beat in story.beats if beat.say.strip())
        calls: dict[str, SpokenCall] = {}
        for text in texts:
            if is_spoken(text, self.voice, folder):
                continue
            try:
                calls |= {call.key: call for plan in self.plans(text) for call in plan.calls}
            except RequestError:
                continue  # it stays silent, and costs nothing
        cost = total_cost(call.cost for call in calls.values())
        return PriceLine(
            STAGE,
            f"{self.chosen.voice.name}, {self.chosen.engine}",
            cost,
            cost,
            is_kept=all(call.is_kept for call in calls.values()),
            characters=sum(call.characters for call in calls.values()),
        )

    def likely_price(self, letters: tuple[int, int, int]) -> PriceLine:
        """What speaking a text that is not written yet would cost.

        Args:
            letters: Fewest, expected and most letters of it.
        """
        times = 2 if self.chosen.engine in TIMED else 1
        low, expected, high = (
            cost_of(Usage(characters=times * count), self.model, self.chosen.engine)
            for count in letters
        )
        return PriceLine(
            STAGE,
            f"{self.chosen.voice.name}, {self.chosen.engine}",
            low,
            high,
            characters=times * letters[1],
            expected_usd=expected,
        )

    def characters(self, story: Storyboard) -> int:
        """Characters the words of a storyboard are billed by, whoever has paid for them when."""
        count = 0
        for beat in story.beats:
            try:
                plans = self.plans(beat.say)
            except RequestError:
                continue
            count += sum(len(call.request.prompt) for plan in plans for call in plan.calls)
        return count

    def _speak(self, text: str, path: Path) -> tuple[Utterance, ...]:
        """See `narration.Speak`.

        Raises:
            RequestError: This text alone cannot be spoken.
            BackendError: The service did not speak; what was spoken before is kept.
            BudgetReached: It could cost more than what is left under the cap or of the budget.
        """
        try:
            said, sound = self._spoken(text)
        except (BadModelRequest, BadReply) as error:
            self._refused.append(error)
            if not self._has_spoken and len(self._refused) >= min(REFUSED_AT_FIRST, self.beats):
                raise
            # Others were spoken by the same voice: it is this text.
            raise RequestError(error.message, hint=error.hint) from error
        self._has_spoken = True
        write_wav(path, sound.astype("<i2").tobytes(), SAMPLE_RATE_HZ)
        return said

    def _spoken(self, text: str) -> tuple[tuple[Utterance, ...], "np.ndarray"]:
        """The sentences of a text and their sound."""
        import numpy as np

        said: list[Utterance] = []
        sounds: list[np.ndarray] = []
        now_s = 0.0
        for plan in self.plans(text):
            speech = speak(plan, self.model, self.cache, self.execute, cap_usd=self.cap_usd)
            sound = resampled(speech.pcm, speech.sample_rate_hz, SAMPLE_RATE_HZ)
            if sounds:
                sounds.append(np.zeros(round(PAUSE_S * SAMPLE_RATE_HZ), np.int16))
                now_s += len(sounds[-1]) / SAMPLE_RATE_HZ
            sounds.append(sound)
            said += [Utterance(u.span.shifted(now_s), u.text) for u in heard(plan, speech, sound)]
            now_s += len(sound) / SAMPLE_RATE_HZ
        return tuple(said), np.concatenate(sounds)


def heard(plan: SpeechPlan, speech: Speech, sound: "np.ndarray") -> tuple[Utterance, ...]:
    """When each sentence of a spoken text is heard.

    Args:
        plan: The text.
        speech: Its words, with times where the voice has them.
        sound: The same sound at `SAMPLE_RATE_HZ`.

    Returns:
        The sentences, in seconds from the beginning of the sound.
    """
    whole_s = len(sound) / SAMPLE_RATE_HZ
    if speech.marks:
        sentences = sentences_of(_words(plan.text, speech.marks, whole_s))
    else:
        # Nobody says when: by its letters, which for one sentence is exact.
        sentences = reading_times(plan.text)
        scale = _last_sound_s(sound, 0.0, whole_s) / sentences[-1].span.end_s
        sentences = tuple(
            Utterance(TimeSpan(u.span.start_s * scale, u.span.end_s * scale), u.text)
            for u in sentences
        )
    ends = [*(u.span.start_s for u in sentences[1:]), max(whole_s, sentences[-1].span.start_s)]
    return tuple(
        Utterance(TimeSpan(u.span.start_s, _last_sound_s(sound, u.span.start_s, end)), u.text)
        for u, end in zip(sentences, ends, strict=True)
    )


def _words(text: str, marks: Sequence[Mark], whole_s: float) -> list[Word]:
    """The words of a text with times, each with the signs behind it and the space before it."""
    words, before = [], text[: marks[0].begin]
    for mark, following in zip(marks, (*marks[1:], None), strict=True):
        end, until_s = (following.begin, following.at_s) if following else (len(text), whole_s)
        signs, rest = text[mark.end : end], ""
        if following and (found := _TO_NEXT_WORD.match(signs)):
            signs, rest = found[1], found[2]
        span = TimeSpan(mark.at_s, max(mark.at_s, until_s))
        words.append(Word(span, before + mark.word + signs))
        before = rest
    return words


def _last_sound_s(sound: "np.ndarray", start_s: float, end_s: float) -> float:
    """When it becomes silent before an end, in seconds; the end itself where nothing is heard."""
    import numpy as np

    begin, end = round(start_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ)
    loud = np.flatnonzero(np.abs(sound[begin:end].astype(np.int32)) > QUIET)
    if not len(loud):
        return end_s
    return min(end_s, (begin + int(loud[-1]) + 1) / SAMPLE_RATE_HZ + EDGE_S)

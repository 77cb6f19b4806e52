"""Where a video's chapters start: words, pauses, slides and cuts weighed together.

The words give the cost of every possible division (see `segments`); a pause, a new slide title or
a phrase like "let's move on" lowers the price of starting a part there. All weights are in nats,
the unit of the word model, and stand in the constants below.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.evidence.segments import best_division
from workbench.evidence.sentences import Sentence
from workbench.evidence.slides import SlideTitle
from workbench.evidence.words import content_stems

if TYPE_CHECKING:
    import numpy as np

Embed = Callable[[Sequence[str]], "np.ndarray[Any, Any]"]
"""Texts to unit vectors, one row each."""

SHORTEST_CHAPTER_S = 12.0
SHORTEST_SHARE = 0.04
"""No chapter is shorter than 12 s or 4 % of the video."""

TITLE_NATS = 7.0
"""A new slide title of weight 1; about what a part costs in a talk of a thousand words."""
PAUSE_NATS = 2.5
"""A pause a second or more longer than the talk's usual ones."""
CUE_NATS = 3.0
"""The speaker says that something new begins."""
WEAK_CUE_NATS = 1.0
CUT_NATS = 0.5
MEANING_NATS = 3.0
"""The deepest change of meaning between the text before and after."""

NEAR_S = 4.0
"""A title or cut this close to a sentence's start belongs to it."""
FAR_S = 8.0
"""A title up to this far speaks for it with less weight: slides change in mid sentence too."""
CLEAR_WEIGHT = 0.3
"""From this weight on a title's moment is taken as the start."""
WINDOW_S = 40.0
"""How much text before and after is compared for its meaning."""

_CUE = re.compile(
    r"^\W*(?:(?:so|now|okay|ok|all right|alright|well|and|right|first|firstly|second|secondly|third|thirdly|next|then|finally|lastly),?\s+)*(?:"
    r"(?:let us|let's|let me|i(?:'d| would) like to|we(?:'ll| will| can)?|i(?:'ll| will)?)\s+(?:now\s+|next\s+|first\s+)?"
    r"(?:look at|turn|move|talk about|start with|begin with|close|go on|continue with|come to|switch|jump)"
    r"|(?:moving|going) on\b|(?:turning|coming) (?:now )?to\b|next up\b|"
    r"(?:the|our|my) (?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|next|last|final)\b[^.?!]{0,40}?\bis\b"
    r"|that (?:completes|concludes|brings us|was|covers)\b|this brings us\b|(?:in|to) (?:summary|conclude|sum up|close|recap)\b"
    r"|(?:part|chapter|section|step|lesson|topic) (?:one|two|three|four|five|six|seven|eight|nine|ten|\d+)\b)",
    re.IGNORECASE,
)
_WEAK_CUE = re.compile(
    r"^\W*(?:first|firstly|second|secondly|third|thirdly|next|finally|lastly|now|so now|another|meanwhile|today)\b",
    re.IGNORECASE,
)


def announces(text: str) -> bool:
    """Does the sentence say that something new begins?

    Example:
        >>> announces("The third check is the mechanical seal."), announces("The seal leaks.")
        (True, False)
    """
    return bool(_CUE.search(text))


@dataclass(slots=True)
class _Unit:
    """A place where a part may start, and the words that follow it."""

    start_s: float
    words: Sequence[str]
    bonus: float = 0.0
    text: str = ""


def chapter_starts(
    sentences: Sequence[Sentence],
    duration_s: float,
    *,
    titles: Sequence[SlideTitle] = (),
    cuts_s: Sequence[float] = (),
    embed: Embed | None = None,
) -> tuple[float, ...]:
    """Choose where chapters start.

    Args:
        sentences: What was said, in order; may be empty.
        duration_s: Length of the video in seconds.
        titles: Slide titles in order of time.
        cuts_s: Moments of cuts in seconds, ascending. A cut alone never starts a chapter.
        embed: Turns texts into vectors; adds change of meaning to what is weighed.

    Returns:
        Start times in seconds, ascending; the first is 0. One alone means that nothing speaks
        for dividing the video.
    """
    units = _units(sentences, titles, cuts_s)
    if len(units) < 2:
        return (0.0,)
    if embed is not None and len(sentences) > 4:
        _add_meaning(units, embed)
    starts = best_division(
        [unit.words for unit in units],
        bonus=[unit.bonus for unit in units],
        starts_s=[0.0, *(unit.start_s for unit in units[1:])],
        end_s=duration_s,
        shortest_s=max(SHORTEST_CHAPTER_S, SHORTEST_SHARE * duration_s),
        price=_price(units),
    )
    return (0.0, *(units[start].start_s for start in starts if start))


def _price(units: Sequence[_Unit]) -> float:
    return max(4.0, math.log(max(2, sum(len(unit.words) for unit in units))))


def _units(
    sentences: Sequence[Sentence], titles: Sequence[SlideTitle], cuts_s: Sequence[float]
) -> list[_Unit]:
    pauses = sorted(sentence.pause_before_s for sentence in sentences[1:])
    usual_s = pauses[len(pauses) // 2] if pauses else 0.0
    units: list[_Unit] = []
    for index, sentence in enumerate(sentences):
        unit = _Unit(_start_of(sentence), content_stems(sentence.text), 0.0, sentence.text)
        if index:
            longer_s = sentence.pause_before_s - max(usual_s, 0.3)
            unit.bonus += PAUSE_NATS * min(1.0, max(0.0, longer_s))
        if announces(sentence.text):
            unit.bonus += CUE_NATS
        elif _WEAK_CUE.search(sentence.text):
            unit.bonus += WEAK_CUE_NATS
        units.append(unit)
    for unit, sentence in zip(list(units), sentences, strict=True):
        if any(_is_near(cut_s, sentence) for cut_s in cuts_s):
            unit.bonus += CUT_NATS
            unit.start_s = _snapped(unit.start_s, sentence, cuts_s)
    _add_titles(units, sentences, titles)
    units.sort(key=lambda unit: unit.start_s)
    return units


def _start_of(sentence: Sentence) -> float:
    """A moment before the first word, inside the pause."""
    return max(0.0, sentence.span.start_s - min(0.5, sentence.pause_before_s / 2))


def _is_near(moment_s: float, sentence: Sentence) -> bool:
    start = sentence.span.start_s
    return start - max(1.0, min(NEAR_S, sentence.pause_before_s)) - 0.2 <= moment_s <= start + 1.0


def _snapped(start_s: float, sentence: Sentence, cuts_s: Sequence[float]) -> float:
    near = [cut_s for cut_s in cuts_s if _is_near(cut_s, sentence)]
    return min(near, key=lambda cut_s: abs(cut_s - start_s)) if near else start_s


def _add_titles(
    units: list[_Unit], sentences: Sequence[Sentence], titles: Sequence[SlideTitle]
) -> None:
    """Let titles speak for the nearest sentence's start, or for a start of their own in silence."""
    spoken = list(units)
    best: dict[int, tuple[float, float]] = {}
    for title in titles:
        moment = title.span.start_s
        near = min(
            range(len(sentences)),
            key=lambda at: abs(sentences[at].span.start_s - moment),
            default=None,
        )
        distance_s = abs(sentences[near].span.start_s - moment) if near is not None else math.inf
        if near is not None and distance_s <= NEAR_S:
            # Two labels that appear together are one sign, not two.
            best[near] = max(best.get(near, (0.0, moment)), (title.weight, moment))
        elif near is not None and distance_s <= FAR_S:
            best[near] = max(best.get(near, (0.0, moment)), (0.7 * title.weight, moment))
        elif not any(sentence.span.holds(moment) for sentence in sentences):
            units.append(_Unit(moment, (), TITLE_NATS * title.weight))
    for at, (weight, moment) in best.items():
        spoken[at].bonus += TITLE_NATS * weight
        if weight >= CLEAR_WEIGHT:
            spoken[at].start_s = moment


def _add_meaning(units: Sequence[_Unit], embed: Embed) -> None:
    """Add to each start how much the meaning changes there, against the rest of the talk."""
    import numpy as np

    spoken = [unit for unit in units if unit.text]
    vectors = np.asarray(embed([unit.text for unit in spoken]), dtype=float)
    times = np.asarray([unit.start_s for unit in spoken])
    changes = np.zeros(len(spoken))
    for index in range(1, len(spoken)):
        before = vectors[(times >= times[index] - WINDOW_S) & (times < times[index])]
        after = vectors[(times >= times[index]) & (times < times[index] + WINDOW_S)]
        if len(before) and len(after):
            one, other = before.mean(axis=0), after.mean(axis=0)
            lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
            changes[index] = 1 - float(one @ other) / lengths if lengths else 0.0
    inner = changes[1:]
    low, high = float(np.median(inner)), float(inner.max())
    if high - low > 0.02:
        for unit, change in zip(spoken, changes, strict=True):
            unit.bonus += MEANING_NATS * max(0.0, (float(change) - low) / (high - low))

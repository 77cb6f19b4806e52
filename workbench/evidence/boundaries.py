"""Where a video's chapters start: words, pauses, slides and cuts weighed together.

The words give the cost of every possible division (see `segments`); a pause, a new slide title or
a phrase like "let's move on" lowers the price of starting a part there. All weights are in nats,
the unit of the word model, and stand in the constants below.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.evidence.screen.slides import SlideTitle
from workbench.evidence.text.segments import best_division
from workbench.evidence.text.sentences import Sentence
from workbench.evidence.text.words import content_stems

if TYPE_CHECKING:
    import numpy as np

Embed = Callable[[Sequence[str]], "np.ndarray[Any, Any]"]
"""Texts to unit vectors, one row each."""

SHORTEST_CHAPTER_S = 12.0
SHORTEST_SHARE = 0.04
"""No chapter is shorter than 12 s or 4 % of the video."""

LEAST_PRICE_NATS = 4.0
"""What a further chapter costs at least; else the logarithm of the number of words."""
TITLE_MARGIN_NATS = 4.0
"""A title of weight 1 pays for a chapter and this much more; a doubtful one by its weight squared."""
PLAIN_TITLE = 0.8
PLAIN_TITLE_NATS = 20.0
"""What a title of weight 1 is worth besides, falling to nothing at `PLAIN_TITLE`: speakers come back
to the same words, and a slide that announces its subject outweighs that."""
PAUSE_NATS = 4.0
"""A pause a second or more longer than the talk's usual ones."""
PAUSE_SPREAD_S = 0.3
"""Pauses this much longer than usual say nothing."""
CUE_NATS = 6.0
"""The speaker says that something new begins."""
WEAK_CUE_NATS = 1.0
CUT_NATS = 0.5
MEANING_NATS = 3.0
"""The deepest change of meaning between the text before and after."""

LEAST_VOCABULARY = 800
"""Different words a speaker is taken to know. Measured on spoken-length texts: with it one in nine
two-minute texts on one topic is divided (without it, all are), and as many joined ones are found."""

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
    units = _spoken_units(sentences, sorted(cuts_s))
    price = max(LEAST_PRICE_NATS, math.log(max(2, sum(len(unit.words) for unit in units))))
    in_time = [title for title in titles if title.span.start_s < duration_s]
    units += _add_titles(units, sentences, in_time, price)
    units.sort(key=lambda unit: unit.start_s)
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
        least_vocabulary=LEAST_VOCABULARY,
        price=price,
    )
    return (0.0, *(units[start].start_s for start in starts if start))


def _spoken_units(sentences: Sequence[Sentence], cuts_s: Sequence[float]) -> list[_Unit]:
    """One unit for each sentence, with what its pause, its words and a cut are worth."""
    pauses = sorted(sentence.pause_before_s for sentence in sentences[1:])
    usual_s = pauses[len(pauses) // 2] if pauses else 0.0
    units: list[_Unit] = []
    for index, sentence in enumerate(sentences):
        unit = _Unit(_start_of(sentence), content_stems(sentence.text), 0.0, sentence.text)
        if index:
            longer_s = sentence.pause_before_s - max(usual_s, 0.3) - PAUSE_SPREAD_S
            unit.bonus += PAUSE_NATS * min(1.0, max(0.0, longer_s / (1 - PAUSE_SPREAD_S)))
        if announces(sentence.text):
            unit.bonus += CUE_NATS
        elif _WEAK_CUE.search(sentence.text):
            unit.bonus += WEAK_CUE_NATS
        near = _cuts_near(sentence, cuts_s)
        if near:
            unit.bonus += CUT_NATS
            unit.start_s = _nearest(near, unit.start_s)
        units.append(unit)
    return units


def _start_of(sentence: Sentence) -> float:
    """A moment before the first word, inside the pause."""
    return max(0.0, sentence.span.start_s - min(0.5, sentence.pause_before_s / 2))


def _cuts_near(sentence: Sentence, cuts_s: Sequence[float]) -> Sequence[float]:
    """Cuts in the pause before a sentence, or just after it begins."""
    start = sentence.span.start_s
    earliest = start - max(1.2, min(NEAR_S, sentence.pause_before_s + 0.2))
    return cuts_s[bisect_left(cuts_s, earliest) : bisect_right(cuts_s, start + 1.0)]


def _nearest(moments_s: Sequence[float], to_s: float) -> float:
    return min(moments_s, key=lambda moment_s: abs(moment_s - to_s))


def _add_titles(
    units: Sequence[_Unit],
    sentences: Sequence[Sentence],
    titles: Sequence[SlideTitle],
    price: float,
) -> list[_Unit]:
    """Let titles speak for the nearest sentence's start, or for a start of their own in silence.

    Returns:
        The starts in silence.
    """
    silent: list[_Unit] = []
    best: dict[int, tuple[float, float]] = {}
    for title in titles:
        moment = title.span.start_s
        near = min(
            range(len(sentences)),
            key=lambda at: abs(sentences[at].span.start_s - moment),
            default=None,
        )
        distance_s = abs(sentences[near].span.start_s - moment) if near is not None else math.inf
        if near is not None and distance_s <= FAR_S:
            weight = title.weight if distance_s <= NEAR_S else 0.7 * title.weight
            # Two labels that appear together are one sign, not two.
            best[near] = max(best.get(near, (0.0, moment)), (weight, moment))
        elif not any(sentence.span.holds(moment) for sentence in sentences):
            silent.append(_Unit(moment, (), _worth(title.weight, price)))
    for at, (weight, moment) in best.items():
        units[at].bonus += _worth(weight, price)
        if weight >= CLEAR_WEIGHT:
            units[at].start_s = moment
    return silent


def _worth(weight: float, price: float) -> float:
    """What a title speaks for a new part, in nats."""
    plain = max(0.0, (weight - PLAIN_TITLE) / (1 - PLAIN_TITLE))
    return (price + TITLE_MARGIN_NATS) * weight**2 + PLAIN_TITLE_NATS * plain


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

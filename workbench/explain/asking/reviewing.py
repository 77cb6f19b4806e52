"""What can be said of a script without a model: order, words and picture, numbers from nowhere."""

import re
from collections import Counter
from collections.abc import Sequence

from workbench.explain.asking.sizes import SIZES, Length
from workbench.explain.storyboards.storyboard import Beat
from workbench.explain.storyboards.visuals import Bullets, Chart, Closing, Comparison, Quote, Title

SHORTEST_WORD = 4
"""Letters of a word that says something."""

MOST_OFF = 1.9
"""A film may be so many times longer, or shorter, than was asked for (our choice)."""

_WORD = re.compile(rf"[^\W\d_]{{{SHORTEST_WORD},}}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def review(beats: Sequence[Beat], explanation: str, length: Length) -> tuple[str, ...]:
    """Find what is wrong with beats that can be drawn.

    Args:
        beats: The film.
        explanation: What it is made of.
        length: What was asked for.

    Returns:
        A sentence for each problem, with the number of its beat; none if nothing was found.

    Example:
        >>> from workbench.explain.storyboards.visuals import Title
        >>> review([Beat("Pumps", Title(), "They move water.")], "Pumps move water.", "short")[0]
        'the last beat is no summary'
    """
    found: list[str] = []
    if not beats:
        return ("it has no beats",)
    if not isinstance(beats[0].show, Title):
        found.append("beat 1 is no title")
    if not isinstance(beats[-1].show, Closing):
        found.append("the last beat is no summary")
    for number, beat in enumerate(beats, start=1):
        found += (f"beat {number}: {what}" for what in _of_beat(beat, number, explanation))
    repeated = [name for name, count in Counter(b.heading for b in beats).items() if count > 1]
    found += (f"several beats are called “{name}”" for name in repeated if name)
    words = sum(len(beat.say.split()) for beat in beats)
    asked = SIZES[length].spoken_words
    # Scripts without spaces have few words by this count, and are left alone.
    if words > MOST_OFF * asked or (_is_spaced(beats) and words * MOST_OFF < asked):
        found.append(f"{words} words are spoken; {asked} were asked for")
    return tuple(found)


def _of_beat(beat: Beat, number: int, explanation: str) -> list[str]:
    found = []
    if not beat.say and number > 1:
        found.append("nothing is said over it")
    if isinstance(beat.show, Title) and number > 1:
        found.append("it is a title in the middle of the film")
    if beat.say:
        said = _stems(beat.say)
        found += (
            f"it shows “{item}” and does not speak of it"
            for item in _shown(beat)
            if (words := _stems(item)) and not words & said
        )
    if isinstance(beat.show, Chart):
        known = _numbers(f"{explanation} {beat.say}")
        found += (
            f"it shows {bar.value:g}, which the explanation does not have"
            for bar in beat.show.bars
            if bar.value not in known
        )
    if isinstance(beat.show, Quote) and beat.show.text:
        quoted = _plain(beat.show.text)
        if quoted not in _plain(explanation) and quoted not in _plain(beat.say):
            found.append("it quotes words that the explanation does not have")
    return found


def _shown(beat: Beat) -> tuple[str, ...]:
    match beat.show:
        case Bullets(items=items) | Closing(items=items):
            return items
        case Comparison(left=left, right=right):
            return (*left, *right)
    return ()


def _stems(text: str) -> set[str]:
    """The beginnings of words that say something: endings differ."""
    return {word.casefold()[:5] for word in _WORD.findall(text)}


def _numbers(text: str) -> set[float]:
    found = set()
    for word in _NUMBER.findall(text):
        for form in (word.replace(",", ""), word.replace(".", "").replace(",", ".")):
            try:
                found.add(float(form))
            except ValueError:
                continue
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _is_spaced(beats: Sequence[Beat]) -> bool:
    said = "".join(beat.say for beat in beats)
    return len(said) < 12 * max(1, len(said.split()))

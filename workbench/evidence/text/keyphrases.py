"""Key phrases of a text: the noun phrases it keeps coming back to and others do not.

Counted, not understood: a phrase's score is how often it occurs, against how common it is in the
background, with a bonus for early and longer phrases. English only.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workbench.evidence.text.phrases import noun_phrases
from workbench.evidence.text.words import Token, content_stems, singular, stem, word_lists

LONGEST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Keyphrase:
    """A phrase that stands for a text."""

    text: str
    """Its most frequent spelling, lower case unless it is a name or an acronym."""
    score: float
    """Only good for comparing phrases of the same text."""
    count: int
    """How often it occurs."""
    positions: tuple[int, ...]
    """Indices of the sentences it occurs in, ascending."""


@dataclass(slots=True)
class _Candidate:
    spellings: Counter[str] = field(default_factory=Counter)
    positions: list[int] = field(default_factory=list)
    stands_alone: int = 0
    """How often it is a whole phrase, not a piece of a longer one."""


def keyphrases(
    sentences: Sequence[str], *, background: Sequence[str] | None = None, limit: int = 20
) -> tuple[Keyphrase, ...]:
    """Find the phrases that stand for a text.

    Args:
        sentences: The text's sentences in order.
        background: Other texts to compare with, one string each: the other chapters of a talk,
            or other talks. Phrases common there count less.
        limit: How many phrases to return at most.

    Returns:
        Phrases, the best first. Empty if the text has no noun phrases.

    Example:
        >>> [k.text for k in keyphrases(["The mechanical seal stops leaks.",
        ...     "A mechanical seal has two faces.", "Oil cools the faces."], limit=2)]
        ['mechanical seal', 'faces']
    """
    found = _candidates(sentences)
    rarity = _rarity(background)
    scored = [
        (_score(key, candidate, len(sentences), rarity), key, candidate)
        for key, candidate in found.items()
    ]
    scored.sort(key=lambda entry: (-entry[0], entry[1]))
    kept: list[tuple[float, tuple[str, ...], _Candidate]] = []
    for score, key, candidate in scored:
        if len(kept) >= limit or score <= 0:
            break
        if not any(_repeats(key, candidate, other, chosen) for _, other, chosen in kept):
            kept.append((score, key, candidate))
    return tuple(
        Keyphrase(
            text=_spelling(candidate.spellings),
            score=score,
            count=len(candidate.positions),
            positions=tuple(dict.fromkeys(candidate.positions)),
        )
        for score, _, candidate in kept
    )


def _candidates(sentences: Sequence[str]) -> dict[tuple[str, ...], _Candidate]:
    """Every run of words inside a noun phrase that could be a name, by its stems."""
    found: defaultdict[tuple[str, ...], _Candidate] = defaultdict(_Candidate)
    for index, sentence in enumerate(sentences):
        for phrase in noun_phrases(sentence):
            size = len(phrase.words)
            for start in range(size):
                for end in range(start + 1, min(size, start + LONGEST_WORDS) + 1):
                    words = phrase.words[start:end]
                    if not _could_name(words):
                        continue
                    candidate = found[tuple(stem(token.lower) for token in words)]
                    candidate.spellings[_as_said(words)] += 1
                    candidate.positions.append(index)
                    candidate.stands_alone += size == end - start
    return found


def _could_name(words: Sequence[Token]) -> bool:
    lists = word_lists()
    first, last = words[0].lower, words[-1].lower
    if len(last) < 2 or last[0].isdigit() or singular(last) in lists.generic_nouns:
        return False
    if last in lists.descriptive or last in lists.classifying or last in lists.generic_nouns:
        return False
    return first not in lists.descriptive and first not in lists.uninformative


def _score(
    key: tuple[str, ...],
    candidate: _Candidate,
    sentence_count: int,
    rarity: Callable[[tuple[str, ...]], float],
) -> float:
    # Counts are damped: a word said fifty times does not stand for fifty times as much.
    frequency = math.sqrt(0.2 * len(candidate.positions) + candidate.stands_alone)
    earliness = 2 - candidate.positions[0] / max(1, sentence_count)
    return frequency * len(key) * earliness * rarity(key) * _doubt(candidate)


def _doubt(candidate: _Candidate) -> float:
    """Below 1 for a phrase seen once that may be a noun and a verb: "the steel balls roll"."""
    words = max(candidate.spellings, key=lambda s: candidate.spellings[s]).lower().split()
    if len(candidate.positions) > 1 or len(words) < 2:
        return 1.0
    lists = word_lists()
    first, before, last = words[0], words[-2], words[-1]
    doubt = 1.0
    if first in lists.gerunds:
        doubt *= 0.5
    if last in lists.gerunds:
        doubt *= 0.25
    if last in lists.noun_verbs:
        if singular(last) != last:
            doubt *= 0.5
        elif singular(before) != before:
            doubt *= 0.3
    return doubt


def _rarity(background: Sequence[str] | None) -> Callable[[tuple[str, ...]], float]:
    """Inverse document frequency over the background; the same for all phrases without one."""
    if not background:
        return lambda _key: 1.0
    texts = [" ".join(("", *content_stems(text), "")) for text in background]

    def rarity(key: tuple[str, ...]) -> float:
        wanted = f" {' '.join(key)} "
        holding = sum(1 for text in texts if wanted in text)
        return 1 + math.log((len(texts) + 1) / (holding + 1))

    return rarity


def _repeats(
    key: tuple[str, ...], candidate: _Candidate, other: tuple[str, ...], chosen: _Candidate
) -> bool:
    """Is this phrase a piece of one already chosen, or that one with a rare word more?"""
    if _is_inside(key, other):
        return len(candidate.positions) <= 1.5 * len(chosen.positions)
    # A longer phrase seen once adds little to a shorter one that keeps coming back.
    return _is_inside(other, key) and len(candidate.positions) == 1 < len(chosen.positions)


def _is_inside(key: tuple[str, ...], other: tuple[str, ...]) -> bool:
    size = len(key)
    return any(other[at : at + size] == key for at in range(len(other) - size + 1))


def _as_said(words: Sequence[Token]) -> str:
    """The words as written, without the capital that the start of a sentence gave the first."""
    first = words[0]
    is_plain = first.is_after_break and first.text[1:].islower()
    start = first.text.lower() if is_plain else first.text
    return " ".join([start, *(token.text for token in words[1:])])


def _spelling(spellings: Counter[str]) -> str:
    """The most frequent way it is written; in lower case if it ever is."""
    return max(spellings, key=lambda s: (s.islower(), spellings[s], s))

"""Moments by their words: BM25 over a small inverted index in memory.

Words are compared by their stems, without case and accents. Texts without spaces between words
(Chinese, Japanese, Thai) are compared by pairs of letters.
"""

import difflib
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from workbench.evidence.text.words import stem
from workbench.search.moments import Moment

K1, B = 1.2, 0.75
"""The usual constants of BM25: how soon a repeated word stops counting, how much length does."""

STOP_WORDS = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have he how i if in
    into is it its me my no not of on or our she so such than that the their them then there these
    they this those to us was we were what when where which who why will with would you your
    """.split()  # noqa: SIM905 (a column of quoted words is not easier to read)
)
"""Words of a question that say nothing about what is looked for."""

_TOKEN = re.compile(r"[^\W_]+(?:['’](?:s|t|d|m|ll|re|ve)\b)?", re.IGNORECASE)
"""Words with their English endings; in other languages an apostrophe parts words: `l'eau`."""

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class WordHit:
    """A moment that has words of the question."""

    moment: Moment
    score: float
    """BM25, more than 0; larger is better."""
    share: float
    """How much of the question it has, by the weight of its words, 0 to 1."""
    words: tuple[str, ...]
    """The words as they stand in the moment, in the order of the question."""


class WordIndex:
    """Finds moments by words.

    Example:
        >>> from workbench.media.timecode import TimeSpan
        >>> from workbench.search.moments import make_moment
        >>> texts = ["Never start the pump dry.", "The bearing runs hot."]
        >>> moments = [make_moment("a", TimeSpan(0, 1), t, "transcript", "sidecar") for t in texts]
        >>> [hit.moment.text for hit in WordIndex(moments).query("dry pumps")]
        ['Never start the pump dry.']
    """

    def __init__(self, moments: Sequence[Moment]) -> None:
        self._moments = moments
        self._lengths: list[int] = []
        self._found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._words: set[str] = set()
        for number, moment in enumerate(moments):
            counts: Counter[str] = Counter()
            for term, word in terms(moment.text):
                counts[term] += 1
                self._words.add(word)
            self._lengths.append(counts.total())
            for term, count in counts.items():
                self._found[term].append((number, count))
        self._mean_length = sum(self._lengths) / len(moments) if moments else 1.0

    def query(
        self,
        text: str,
        limit: int = 20,
        kinds: Collection[str] = (),
        asset_ids: Collection[str] = (),
    ) -> tuple[WordHit, ...]:
        """The moments that have words of a text, the best first.

        Args:
            text: What to look for. Words in "double quotes" have to stand together, as they are.
            limit: Most hits, at least 1.
            kinds: Only these kinds; empty for all.
            asset_ids: Only in these assets; empty for all.
        """
        asked = question_terms(text)
        weights = {term: self._weight(term) for term in asked}
        scores: dict[int, float] = defaultdict(float)
        has: dict[int, list[str]] = defaultdict(list)
        for term, weight in weights.items():
            for number, count in self._found.get(term, ()):
                length = self._lengths[number] / self._mean_length
                scores[number] += weight * count * (K1 + 1) / (count + K1 * (1 - B + B * length))
                has[number].append(term)
        phrases = [flat(part) for part in re.findall(r'"([^"]+)"', text) if flat(part)]
        chosen = [
            number
            for number in scores
            if _is_wanted(self._moments[number], kinds, asset_ids)
            and _has_phrases(self._moments[number].text, phrases)
        ]
        chosen.sort(key=lambda number: (-scores[number], number))
        whole = sum(weights.values()) or 1.0
        return tuple(
            WordHit(
                self._moments[number],
                scores[number],
                sum(weights[term] for term in has[number]) / whole,
                _spelled(self._moments[number].text, has[number]),
            )
            for number in chosen[: max(1, limit)]
        )

    def nearest_words(self, text: str, limit: int = 5) -> tuple[str, ...]:
        """Words that occur and look like those asked for, for when nothing was found.

        Example:
            >>> from workbench.media.timecode import TimeSpan
            >>> from workbench.search.moments import make_moment
            >>> said = make_moment("a", TimeSpan(0, 1), "the impeller", "transcript", "sidecar")
            >>> WordIndex([said]).nearest_words("impelar")
            ('impeller',)
        """
        near: dict[str, None] = {}
        for term, word in terms(text):
            if term not in self._found and word not in STOP_WORDS:
                alike = difflib.get_close_matches(word, self._words, n=limit, cutoff=0.65)
                near.update(dict.fromkeys(alike))
        return tuple(near)[:limit]

    def _weight(self, term: str) -> float:
        """The rarer a word is, the more it says; never less than a little."""
        with_it = len(self._found.get(term, ()))
        return math.log(1 + (len(self._moments) - with_it + 0.5) / (with_it + 0.5))


def terms(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text in the form they are compared in, each with how it is spelled.

    Example:
        >>> [term for term, _ in terms("Lubricated bearings: naïve, don’t!")]
        ['lubric', 'bearing', 'naiv', "don't"]
    """
    for match in _TOKEN.finditer(text):
        word = match.group()
        plain = flat(word)
        for piece in _UNSPACED.findall(plain):
            yield from ((pair, pair) for pair in _pairs(piece))
        for piece in _UNSPACED.split(plain):
            if piece:
                yield stem(piece), piece


def question_terms(text: str) -> list[str]:
    """The terms of a question, each once, without words that say nothing, unless all do.

    Example:
        >>> question_terms("what is the seal"), question_terms("to be or not to be")
        (['seal'], ['to', 'be', 'or', 'not'])
    """
    asked = list(terms(text))
    telling = [term for term, word in asked if word not in STOP_WORDS]
    return list(dict.fromkeys(telling or (term for term, _ in asked)))


def flat(text: str) -> str:
    """Lower case without accents, one space between words, one kind of apostrophe.

    Example:
        >>> flat("  Dampf‐Kessel  ÜBER  "), flat("don’t")
        ('dampf‐kessel uber', "don't")
    """
    # NFKD splits accents off letters; the marks of scripts that need them are put back by NFC.
    apart = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    kept = "".join(c for c in apart if not "\u0300" <= c <= "\u036f")
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _pairs(piece: str) -> Iterable[str]:
    return [piece] if len(piece) == 1 else [piece[i : i + 2] for i in range(len(piece) - 1)]


def _spelled(text: str, asked: Sequence[str]) -> tuple[str, ...]:
    """How the asked terms stand in a text, to show them bold."""
    first: dict[str, str] = {}
    for match in _TOKEN.finditer(text):
        for term, _ in terms(match.group()):
            first.setdefault(term, term if _UNSPACED.fullmatch(term) else match.group())
    return tuple(dict.fromkeys(first[term] for term in asked if term in first))


def _has_phrases(text: str, phrases: Sequence[str]) -> bool:
    if not phrases:
        return True
    plain = flat(text)
    return all(phrase in plain for phrase in phrases)


def _is_wanted(moment: Moment, kinds: Collection[str], asset_ids: Collection[str]) -> bool:
    return (not kinds or moment.kind in kinds) and (not asset_ids or moment.asset_id in asset_ids)

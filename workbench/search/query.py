"""Find moments: by words, by meaning, or both fused by rank.

A hit says why it is one. What only resembles the question a little is marked weak, so that a
screen can show it apart and an answer can say "not found".
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench.errors import LibraryError, RequestError
from workbench.search.moments import MOMENT_KINDS, Moment
from workbench.search.words import WordHit, WordIndex

if TYPE_CHECKING:
    from workbench.search.index import Index

How = Literal["hybrid", "words", "meaning"]
HOWS: tuple[How, ...] = ("hybrid", "words", "meaning")

LONGEST_QUESTION = 1000
"""Characters; an embedder reads no more."""

RANK_K = 60
"""Of reciprocal rank fusion (Cormack et al. 2009): a hit at rank r counts 1 / (60 + r)."""

SURE_SHARE = 0.5
"""A hit that has half of the question's words, by weight, is not weak."""


@dataclass(frozen=True, slots=True)
class Closeness:
    """What a cosine means for one embedder."""

    some: float
    """Below it, likeness is chance: a moment without a word of the question is no hit."""
    sure: float
    """From it, a hit is not weak."""


CLOSENESS = {"minilm": Closeness(0.22, 0.42), "": Closeness(0.25, 0.45)}
"""By the beginning of the embedder's name; the last is for hashed n-grams and strangers.

Measured with MiniLM: the best of 1,150 paragraphs on other subjects reaches 0.42 for a question,
and the best of 18 reaches 0.21; the right moment of a talk has 0.31 to 0.64.
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hit:
    """A moment that was found."""

    moment: Moment
    score: float
    """Larger is better; to compare hits of one search only."""
    why: str
    """`words`, `meaning` or `both`."""
    is_weak: bool
    """Does it resemble the question only a little?"""
    words: tuple[str, ...] = ()
    """Words of the question as they stand in the moment, to show bold."""
    similarity: float | None = None
    """Cosine of meaning, −1 to 1; None where it was not compared."""


def search(
    text: str,
    *,
    moments: Sequence[Moment],
    index: "Index | None" = None,
    how: str = "hybrid",
    limit: int = 20,
    kinds: Collection[str] = (),
    asset_ids: Collection[str] = (),
) -> tuple[Hit, ...]:
    """Find moments, the best first; weak hits come after all others.

    Args:
        text: What to look for, up to 1,000 characters. Words in "double quotes" have to stand
            together; this holds for hits by words.
        moments: The kept moments of the library: what is found by words.
        index: The vectors: what is found by meaning. Not touched when `how` is `words`.
        how: `words`, `meaning`, or `hybrid` for both.
        limit: Most hits, 1 to 1,000.
        kinds: Only these kinds of moment; empty for all.
        asset_ids: Only in these assets; empty for all.

    Returns:
        Hits. With `hybrid`, an index that cannot be used is left out with a warning in the log.

    Raises:
        RequestError: There is nothing to look for, or an argument is out of range.
        LibraryError: `how` is `meaning`, and the index cannot be used.

    Example:
        >>> from workbench.media.timecode import TimeSpan
        >>> from workbench.search.moments import make_moment
        >>> said = make_moment("a", TimeSpan(9, 14), "Never start it dry.", "transcript", "srt")
        >>> [(hit.moment.span.start_s, hit.words) for hit in search("dry start", moments=[said])]
        [(9, ('dry', 'start'))]
    """
    _check(text, how, limit, kinds)
    deep = max(limit * 3, 50)
    by_words: tuple[WordHit, ...] = ()
    by_meaning: tuple[tuple[Moment, float], ...] = ()
    if how != "meaning":
        by_words = word_index(moments).query(text, deep, kinds, asset_ids)
    if how == "meaning" and index is None:
        raise RequestError("there is no index to search by meaning", hint="search by words instead")
    if how != "words" and index is not None:
        try:
            by_meaning = index.query(text, deep, kinds, asset_ids)
        except LibraryError as error:
            if how == "meaning":
                raise
            log.warning("searched by words only: %s", error)
    if how != "words":
        # The index may be behind the catalog; a moment that is gone leads nowhere.
        there = {moment.id for moment in moments}
        by_meaning = tuple(pair for pair in by_meaning if pair[0].id in there)
    closeness = _closeness(index.embedder.name if index is not None else "")
    hits = _fused(by_words, by_meaning, closeness)
    return tuple(sorted(hits, key=lambda hit: (hit.is_weak, -hit.score, hit.moment.id))[:limit])


def nearest_words(text: str, *, moments: Sequence[Moment], limit: int = 5) -> tuple[str, ...]:
    """Words of the library that look like those asked for, for when nothing was found."""
    return word_index(moments).nearest_words(text, limit)


def word_index(moments: Sequence[Moment]) -> WordIndex:
    """The word index of these moments; made once for each set of them."""
    key = tuple(moment.id for moment in moments)
    with _guard:
        known = _made.get(key)
        if known is None:
            known = _made[key] = WordIndex(moments)
        _made.move_to_end(key)
        while len(_made) > KEPT_INDEXES:
            _made.popitem(last=False)
    return known


KEPT_INDEXES = 2
_made: OrderedDict[tuple[str, ...], WordIndex] = OrderedDict()
_guard = threading.Lock()


def _check(text: str, how: str, limit: int, kinds: Collection[str]) -> None:
    if not text.strip():
        raise RequestError("there is nothing to look for", hint="write a word or a question")
    if len(text) > LONGEST_QUESTION:
        raise RequestError(
            f"a question has at most {LONGEST_QUESTION} characters, not {len(text)}",
            hint="look for the few words that matter",
        )
    if how not in HOWS:
        raise RequestError(f"how cannot be {how!r}", hint="choose one of " + ", ".join(HOWS))
    if not 1 <= limit <= 1000:
        raise RequestError(f"limit is {limit}; it runs from 1 to 1000")
    if strange := set(kinds) - set(MOMENT_KINDS):
        raise RequestError(
            f"there are no moments of kind {', '.join(sorted(strange))}",
            hint="choose from " + ", ".join(MOMENT_KINDS),
        )


def _fused(
    by_words: Sequence[WordHit],
    by_meaning: Sequence[tuple[Moment, float]],
    closeness: Closeness,
) -> list[Hit]:
    """Add up what each list gives a moment by its rank there."""
    worded = {hit.moment.id: (rank, hit) for rank, hit in enumerate(by_words, 1)}
    meant = {moment.id: (rank, near) for rank, (moment, near) in enumerate(by_meaning, 1)}
    moments = {hit.moment.id: hit.moment for hit in by_words}
    moments.update((moment.id, moment) for moment, _ in by_meaning)
    hits = []
    for id_, moment in moments.items():
        score, share, similarity = 0.0, 0.0, None
        words: tuple[str, ...] = ()
        if id_ in worded:
            rank, hit = worded[id_]
            score += 1 / (RANK_K + rank)
            share, words = hit.share, hit.words
        if id_ in meant:
            rank, similarity = meant[id_]
            score += 1 / (RANK_K + rank)
        if not words and (similarity is None or similarity < closeness.some):
            continue
        is_weak = share < SURE_SHARE and (similarity is None or similarity < closeness.sure)
        why = "both" if words and similarity is not None else "words" if words else "meaning"
        hits.append(Hit(moment, score, why, is_weak, words, similarity))
    return hits


def _closeness(embedder: str) -> Closeness:
    return next(value for name, value in CLOSENESS.items() if embedder.startswith(name))

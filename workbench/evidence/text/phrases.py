"""Noun phrases: runs of words that may name something.

A phrase never crosses punctuation and never starts or ends with a word that names nothing.
English only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.evidence.text.words import Role, Token, roles, singular, tokens, word_lists

LONGEST_WORDS = 5
_ONE = frozenset({"a", "an", "each", "every", "another", "this", "one"})


@dataclass(frozen=True, slots=True)
class Phrase:
    """A run of adjectives and nouns that ends with a noun."""

    words: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The words as written."""
        return " ".join(token.text for token in self.words)

    @property
    def start(self) -> int:
        """Index of its first character in the text."""
        return self.words[0].start

    @property
    def end(self) -> int:
        """Index just after its last character."""
        return self.words[-1].end


def noun_phrases(text: str) -> tuple[Phrase, ...]:
    """Find the longest noun phrases of a text, in order.

    Articles, numbers and adverbs are left out; describing adjectives stay (see `named_part`).

    Example:
        >>> [phrase.text for phrase in noun_phrases("The old mechanical seal of the pump leaks.")]
        ['old mechanical seal', 'pump leaks']
        >>> [phrase.text for phrase in noun_phrases("We grease the bearings every week.")]
        ['bearings', 'week']
    """
    words = tokens(text)
    found: list[Phrase] = []
    run: list[tuple[Token, Role]] = []
    before = ""
    for token, role in zip(words, roles(words), strict=True):
        if run and (token.is_after_break or role not in {Role.NOUN, Role.ADJECTIVE}):
            found.extend(_closed(run, before))
            run = []
        if role in {Role.NOUN, Role.ADJECTIVE}:
            run.append((token, role))
        else:
            before = token.lower
    found.extend(_closed(run, before))
    return tuple(found)


def _closed(run: list[tuple[Token, Role]], before: str) -> Iterator[Phrase]:
    """End a run at its last noun, and keep the words nearest to it."""
    if len(run) > 1 and before in _ONE:
        last = run[-1][0].lower
        # "How a pump works": after "a" no plural can follow, so it is a verb.
        if singular(last) != last:
            run = run[:-1]
    while run and run[-1][1] is not Role.NOUN:
        run = run[:-1]
    if run:
        yield Phrase(tuple(token for token, _ in run[-LONGEST_WORDS:]))


def named_part(words: Sequence[Token]) -> tuple[Token, ...]:
    """The part of a phrase that names: no describing adjectives or general nouns before it.

    Example:
        >>> " ".join(token.text for token in named_part(noun_phrases("a worn shaft seal")[0].words))
        'shaft seal'
    """
    lists = word_lists()
    kept = list(words)
    while kept and (
        kept[0].lower in lists.descriptive
        or (len(kept) > 1 and singular(kept[0].lower) in lists.generic_nouns)
    ):
        kept.pop(0)
    return tuple(kept)

"""Names of things in sentences and lines: where a word of the lexicon stands, and its whole name.

A word counts only where it is a noun: nobody mentions a can by saying "we can". English only.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from workbench.analysis.local_engine.lexicon import Entry, lexicon
from workbench.evidence.evidence import TextBlock
from workbench.evidence.text.sentences import Sentence
from workbench.evidence.text.words import Role, Token, roles, singular, tokens, word_lists
from workbench.media.timecode import TimeSpan

MOST_MODIFIERS = 2
LONGEST_QUOTE = 240
"""Characters of a quoted line."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or a line of screen text, in one form."""

    text: str
    span: TimeSpan
    way: Literal["shown", "said"]
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Mention:
    """One time a thing is named."""

    entry: Entry
    modifiers: tuple[str, ...]
    """Words before the entry that say which kind, singular."""
    spelling: tuple[str, ...]
    """The words of the whole name as written, headings in lower case."""
    line: Line
    is_head: bool
    """False where it only describes another noun: the bearing temperature."""

    @property
    def name(self) -> tuple[str, ...]:
        """Modifiers and entry."""
        return (*self.modifiers, *self.entry.words)

    @property
    def without_first(self) -> "Mention":
        """The same with one modifier less."""
        return replace(self, modifiers=self.modifiers[1:], spelling=self.spelling[1:])


def lines_of(sentences: Iterable[Sentence], screen_text: Iterable[TextBlock]) -> list[Line]:
    """Put speech and screen text into one list, in order of time."""
    said = [Line(s.text, s.span, "said", s.confidence) for s in sentences]
    shown = [Line(b.text, b.span, "shown", b.confidence) for b in screen_text]
    return sorted([*said, *shown], key=lambda line: (line.span, line.way))


def calm(text: str) -> str:
    """Write a heading the way it would stand in a sentence; acronyms stay.

    Example:
        >>> calm("The Mechanical Seal"), calm("PRESSURE GAUGE"), calm("PLC panel and O-ring")
        ('the mechanical seal', 'pressure gauge', 'PLC panel and O-ring')
    """
    if text.isupper() and len(text) > 4:
        return text.lower()
    return " ".join(
        word.lower() if word[1:].islower() and word[1:2] != "-" else word
        for word in text.split(" ")
    )


def find_mentions(lines: Iterable[Line]) -> list[Mention]:
    """Every time an entry of the lexicon is named, with the name it is given there.

    A modifier that no list knows has to come back, or stand on the screen, to be part of a name:
    a "rabid dog" said once is a dog. Proper names belong to it at once.
    """
    found = [mention for line in lines for mention in _mentions(line)]
    heads = [mention for mention in found if mention.is_head]
    counts = Counter(mention.name for mention in heads)
    shown = {mention.name for mention in heads if mention.line.way == "shown"}
    return [_supported(mention, counts, shown) for mention in found]


def _supported(
    mention: Mention, counts: Counter[tuple[str, ...]], shown: set[tuple[str, ...]]
) -> Mention:
    known = lexicon().modifiers | word_lists().classifying
    while mention.modifiers:
        is_known = all(
            word in known or (mention.line.way == "said" and written[:1].isupper())
            for word, written in zip(mention.modifiers, mention.spelling, strict=False)
        )
        if is_known or counts[mention.name] >= 2 or mention.name in shown:
            break
        mention = mention.without_first
    return mention


def _mentions(line: Line) -> Iterator[Mention]:
    words = tokens(calm(line.text) if line.way == "shown" else line.text)
    jobs = roles(words)
    singulars = [singular(word.text) for word in words]
    known = lexicon()
    run_start = 0
    for at, token in enumerate(words):
        if token.is_after_break:
            run_start = at
        entry = known.ending_at(singulars[run_start : at + 1], at - run_start)
        if entry is None or not _is_thing(words, jobs, at, entry, line.way):
            continue
        has_next = at + 1 < len(words) and not words[at + 1].is_after_break
        if has_next and (
            singulars[at + 1] in known.places or _continues(singulars, words, at, run_start)
        ):
            continue
        first = at + 1 - len(entry.words)
        modifiers = _modifiers(words[run_start:first], jobs[run_start:first])
        named = words[first - len(modifiers) : at + 1]
        yield Mention(
            entry=entry,
            modifiers=tuple(singular(word.text) for word in modifiers),
            spelling=tuple(_plain(word, line.way) for word in named),
            line=line,
            is_head=not has_next or not _names_more(jobs[at + 1], words[at + 1]),
        )


def _plain(token: Token, way: str) -> str:
    """The word without the capital that only its place in a sentence gave it."""
    is_first = token.is_after_break or way == "shown"
    return token.text.lower() if is_first and token.text[1:].islower() else token.text


def _is_thing(
    words: Sequence[Token], jobs: Sequence[Role], at: int, entry: Entry, way: str
) -> bool:
    """Does the entry stand here as a noun? In speech a single thing has a word before it: "a press"."""
    if len(entry.words) > 1:
        return jobs[at] is not Role.VERB
    word = words[at].lower
    if jobs[at] is not Role.NOUN or (way == "said" and word in word_lists().participles):
        return False
    if way == "shown" or word not in word_lists().noun_verbs or word != singular(word):
        return True
    before = None if words[at].is_after_break else jobs[at - 1]
    return before in {Role.DETERMINER, Role.ADJECTIVE, Role.NOUN}


def _continues(singulars: Sequence[str], words: Sequence[Token], at: int, run_start: int) -> bool:
    """Is this the beginning of a longer entry, which will be found at its own end?"""
    known = lexicon()
    for last in range(at + 1, min(len(words), at + known.longest_words)):
        if words[last].is_after_break:
            return False
        entry = known.ending_at(singulars[run_start : last + 1], last - run_start)
        if entry is not None and last + 1 - len(entry.words) <= at:
            return True
    return False


def _names_more(role: Role, token: Token) -> bool:
    """Does a noun follow that the name only describes? "The seal leaks" may be a verb; it does not."""
    is_plural = singular(token.text) != token.lower
    return role is Role.NOUN and not is_plural and token.lower not in word_lists().gerunds


def _modifiers(words: Sequence[Token], jobs: Sequence[Role]) -> list[Token]:
    """The words just before a name that belong to it: nouns and classifying adjectives."""
    lists = word_lists()
    kept: list[Token] = []
    for at in range(len(words) - 1, -1, -1):
        token, role = words[at], jobs[at]
        word = token.lower
        # "A cooling pump" is a kind of pump; "cleaning pumps" is work.
        is_work = word in lists.gerunds and (at == 0 or jobs[at - 1] is not Role.DETERMINER)
        is_naming = word in lists.classifying or (
            role is Role.NOUN
            and not is_work
            and singular(word) not in lists.generic_nouns
            and not word.endswith("'s")
            and len(word) > 1
        )
        if not is_naming or word in lists.descriptive or len(kept) == MOST_MODIFIERS:
            break
        kept.insert(0, token)
    return kept

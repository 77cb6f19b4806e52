"""The words that the local engine knows things by; see `lexicon.toml`.

An entry is looked up by its words in the singular. The longest entry that fits wins: a "ball
valve" is not a ball.
"""

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from workbench.analysis.answers.answer import ElementKind
from workbench.evidence.text.words import singular, tokens


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing the engine knows by name."""

    words: tuple[str, ...]
    """Singular, lower case."""
    kind: ElementKind
    category: str
    is_sure: bool
    """Does the word name the thing wherever it stands?"""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All entries, and two smaller lists."""

    entries: dict[tuple[str, ...], Entry]
    longest_words: int
    places: frozenset[str]
    """Words after which a name was only an adjective: a pump room is not a pump."""
    modifiers: frozenset[str]
    """Words that belong to a name even when it is said once: a steel pipe, a fuel pump."""
    topics: dict[str, str]
    """Word → the category of a topic that holds it."""

    def ending_at(self, words: Sequence[str], last: int) -> Entry | None:
        """The longest entry whose last word is `words[last]`; words are singular, lower case."""
        for size in range(min(self.longest_words, last + 1), 0, -1):
            entry = self.entries.get(tuple(words[last + 1 - size : last + 1]))
            if entry:
                return entry
        return None

    def topic_category(self, phrase: str) -> str:
        """The category of a topic by its last known word, or empty.

        Example:
            >>> lexicon().topic_category("shaft alignment"), lexicon().topic_category("poetry")
            ('Maintenance', '')
        """
        words = [singular(token.text) for token in tokens(phrase)]
        for size in (2, 1):
            for last in range(len(words) - 1, size - 2, -1):
                category = self.topics.get(" ".join(words[last + 1 - size : last + 1]))
                if category:
                    return category
        return ""


@functools.lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Read `lexicon.toml`, once."""
    raw = tomllib.loads(files(__package__).joinpath("lexicon.toml").read_text(encoding="utf-8"))
    entries: dict[tuple[str, ...], Entry] = {}
    for group in raw["group"]:
        for level in ("sure", "unsure"):
            for name in group[level].split(", "):
                words = tuple(name.split())
                entries[words] = Entry(words, group["kind"], group["category"], level == "sure")
    return Lexicon(
        entries=entries,
        longest_words=max(len(words) for words in entries),
        places=frozenset(raw["places"]["words"].split(", ")),
        modifiers=frozenset(raw["modifiers"]["words"].split(", ")),
        topics={
            word: category
            for category, words in raw["topics"].items()
            for word in words.split(", ")
        },
    )

"""How long things are: what a length means in words and beats, and what stages write."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.explain.asking.roles import Role

Length = Literal["short", "medium", "long"]

TOKENS_PER_WORD = 1.35
"""Of a Latin script (our arithmetic, as for summaries)."""

BEAT_TOKENS = 60
"""What a beat has besides its spoken words: names of fields, heading, points (our arithmetic)."""

ROOM = 3
"""An answer may be so many times the expected length before it is cut (our choice)."""

LETTERS_PER_WORD = 6.2
"""With the space behind it (our arithmetic)."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is asked for."""

    beats: int
    spoken_words: int
    text_words: int
    """Of an explanation."""


SIZES: Mapping[Length, Size] = {
    "short": Size(6, 130, 160),
    "medium": Size(10, 260, 320),
    "long": Size(16, 520, 600),
}
"""About one, two and four minutes at the pace of a narrator (our choice)."""

SHORTER: Mapping[Length, Length] = {"long": "medium", "medium": "short"}


def expected_tokens(role: Role, length: Length) -> int:
    """Tokens that a stage is expected to write.

    Example:
        >>> expected_tokens("explain", "short"), expected_tokens("script", "short")
        (236, 536)
    """
    size = SIZES[length]
    if role in ("explain", "refine"):
        return 20 + round(size.text_words * TOKENS_PER_WORD)
    return round(size.spoken_words * TOKENS_PER_WORD) + size.beats * BEAT_TOKENS


def most_tokens(role: Role, length: Length) -> int:
    """Tokens at which the answer of a stage is cut."""
    return ROOM * expected_tokens(role, length)


def spoken_letters(length: Length) -> tuple[int, int, int]:
    """Fewest, expected and most letters that a film of a question speaks.

    Example:
        >>> spoken_letters("short")
        (268, 806, 2418)
    """
    expected = round(SIZES[length].spoken_words * LETTERS_PER_WORD)
    return expected // 3, expected, expected * 3

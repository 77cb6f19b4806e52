"""Titles of slides, put together from the lines read on the screen.

A title is quoted as it was read. Its weight says how much it looks like the start of something
new: large letters on a nearly empty picture do, a label in a drawing does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from workbench.evidence.evidence import TextBlock
from workbench.evidence.text.words import tokens
from workbench.media.timecode import TimeSpan

SAME_TITLE = 0.85
"""From this similarity on, two readings are one title read twice."""


@dataclass(frozen=True, slots=True)
class SlideTitle:
    """One title and the time it stays."""

    span: TimeSpan
    text: str
    weight: float
    """0 to 1: how much it looks like the start of a part."""


def is_same_text(one: str, other: str) -> bool:
    """Are these two readings of the same words, give or take a misread letter?

    Example:
        >>> is_same_text("The mechanical seal", "The rnechanical seal"), is_same_text("Oil", "Water")
        (True, False)
    """
    first, second = one.casefold(), other.casefold()
    if first == second:
        return True
    if min(len(first), len(second)) < 4:
        return False
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= SAME_TITLE


def slide_titles(screen_text: Sequence[TextBlock]) -> tuple[SlideTitle, ...]:
    """Find the titles in what was read on the screen, in order of time.

    Lines of a wrapped title are joined; the same title read again without another between is one.

    Args:
        screen_text: All blocks of one video, in any order.
    """
    blocks = sorted(screen_text, key=lambda block: (block.span.start_s, block.top))
    marked = [block for block in blocks if block.is_title and len(block.text.strip()) > 2]
    # The upper quartile, not the largest: one huge misread mark must not belittle every title.
    heights = sorted(block.height for block in marked)
    tallest = heights[math.ceil(0.75 * (len(heights) - 1))] if heights else 0.0
    found: list[SlideTitle] = []
    used: set[int] = set()
    for block in marked:
        if id(block) in used:
            continue
        lines = _wrapped(block, blocks)
        used.update(id(line) for line in lines)
        text = " ".join(line.text.strip() for line in lines)
        title = SlideTitle(block.span, text, _weight(text, block, blocks, lines, tallest))
        if found and is_same_text(found[-1].text, text):
            last = found[-1]
            span = TimeSpan(last.span.start_s, max(last.span.end_s, block.span.end_s))
            found[-1] = SlideTitle(span, last.text, max(last.weight, title.weight))
        else:
            found.append(title)
    return tuple(found)


def _wrapped(title: TextBlock, blocks: Sequence[TextBlock]) -> list[TextBlock]:
    """The lines of a title: equally tall, on the screen together, one below the other."""
    lines = [title]
    for block in blocks:
        if block is title or abs(block.span.start_s - title.span.start_s) > 0.5:
            continue
        if sum(1 for letter in block.text if letter.isalpha()) < 2:
            continue  # a page number, however large
        is_as_tall = min(block.height, title.height) >= 0.8 * max(block.height, title.height)
        gap = min(abs(block.top - line.top) for line in lines)
        if is_as_tall and gap <= 2.2 * title.height:
            lines.append(block)
    return sorted(lines, key=lambda line: line.top) if len(lines) <= 3 else [title]


def _weight(
    text: str,
    title: TextBlock,
    blocks: Sequence[TextBlock],
    lines: Sequence[TextBlock],
    tallest: float,
) -> float:
    tallness = title.height / tallest if tallest > 0 else 1.0
    others = sum(
        len(tokens(block.text))
        for block in blocks
        if not any(block is line for line in lines)
        and block.span.overlap_s(title.span) > 0.5 * title.span.duration_s
    )
    emptiness = 1.0 if others <= 12 else max(0.3, 1 - (others - 12) / 60)
    words = sum(1 for token in tokens(text) if token.text[0].isalpha())
    naming = 1.0 if words >= 2 else 0.6 if words else 0.0
    return min(1.0, max(0.0, (tallness - 0.3) / 0.6)) * emptiness * naming

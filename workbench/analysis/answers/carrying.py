"""What a chunk is told of those before it: what they hold, and the names they gave things.

So the same thing has the same name in every chunk. Both are kept within a budget of tokens, the
newest first, so that a chunk late in a long video costs no more than an early one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.analysis.answers.answer import Answer
from workbench.backends.catalog.pricing import text_tokens
from workbench.media.chunks import Chunk
from workbench.media.timecode import format_time

STORY_TOKENS = 800
"""Most tokens of the summary so far: three standard summaries. A 16 minute clip leaves Nova Lite
23,500 tokens of its window, of which transcript, screen text and answer take up to 16,000."""

NAMES_TOKENS = 400
"""Most tokens of names: some 120 of two words (our choice)."""

NAME_LETTERS = 80
"""A longer name is a sentence, and no name to use again."""

LEFT_OUT = "(what came earlier is left out for length)"


@dataclass(frozen=True, slots=True)
class Carried:
    """What is known of a video before one of its chunks."""

    story: str
    """A line for each chunk, or the newest of them, on the video's clock."""
    names: str
    """A line for each kind of element: its names, those found most often first."""


def carried(before: Sequence[tuple[Chunk, Answer]]) -> Carried | None:
    """What to tell a chunk about those before it.

    Args:
        before: The chunks so far with their answers, in order.

    Returns:
        None when there is nothing to tell.

    Example:
        >>> from workbench.media.chunks import whole_video
        >>> carried([(whole_video(60.0)[0], Answer(summary="A pump is opened."))]).story
        '0:00 to 1:00: A pump is opened.'
    """
    story, names = _story(before), _names(before)
    return Carried(story or "(nothing)", names or "(none yet)") if story or names else None


def _story(before: Sequence[tuple[Chunk, Answer]]) -> str:
    """The newest chunks' lines; of older ones the first sentence, as far as there is room."""
    kept: list[str] = []
    left = STORY_TOKENS - text_tokens(LEFT_OUT)
    for chunk, answer in reversed(before):
        said = _one_line(answer.summary) or "; ".join(
            _one_line(chapter.title) for chapter in answer.chapters
        )
        if not said:
            continue
        when = f"{format_time(chunk.core.start_s)} to {format_time(chunk.core.end_s)}: "
        shorter = said.split(". ")[0].rstrip(".") + "."
        line = next((when + s for s in (said, shorter) if text_tokens(when + s) < left), None)
        if line is None:
            kept.append(LEFT_OUT)
            break
        kept.append(line)
        left -= text_tokens(line) + 1
    return "\n".join(reversed(kept))


def _names(before: Sequence[tuple[Chunk, Answer]]) -> str:
    """Names by kind, the most frequent and then the newest first, as far as there is room."""
    found: dict[tuple[str, str], tuple[int, int, str]] = {}
    for place, (_, answer) in enumerate(before):
        for element in answer.elements:
            name = _one_line(element.name)
            if len(name) <= NAME_LETTERS:
                times, _, first = found.get((element.kind, name.casefold()), (0, 0, name))
                found[element.kind, name.casefold()] = times + 1, place, first
    ranked = sorted(found.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))
    left = NAMES_TOKENS
    lines: dict[str, list[str]] = {}
    for (kind, _), (_, _, name) in ranked:
        # A comma and a space beside each, and the kind before the first.
        tokens = text_tokens(name) + 1 + (0 if kind in lines else text_tokens(kind) + 1)
        if tokens > left:
            break
        left -= tokens
        lines.setdefault(kind, []).append(name)
    return "\n".join(f"{kind}: {', '.join(names)}" for kind, names in sorted(lines.items()))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def expected_tokens(
    chunks_before: int, summary_tokens: int, names_tokens: int
) -> tuple[int, int, int]:
    """Least, expected and most tokens that a chunk is told, before the others were asked.

    Args:
        chunks_before: How many there are.
        summary_tokens: Expected tokens of each one's summary.
        names_tokens: Expected tokens of the names that each one adds.

    Example:
        >>> expected_tokens(2, 260, 72), expected_tokens(99, 260, 72)
        ((0, 664, 1200), (0, 1200, 1200))
    """
    if not chunks_before:
        return 0, 0, 0
    told = min(STORY_TOKENS, chunks_before * summary_tokens)
    named = min(NAMES_TOKENS, chunks_before * names_tokens)
    return 0, told + named, STORY_TOKENS + NAMES_TOKENS

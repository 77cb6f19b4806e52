"""Cut a text into pieces that a voice can speak one after the other.

A piece is a stretch of the text as it stands, so that a place in a piece is a place in the text.
"""

import re
import unicodedata
from collections.abc import Iterator

from workbench.speech.sentences import ends_sentence

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE = re.compile(r"(\S+)\s+(?=(\S))|([。！？]+[”’」』）]*)")  # Chinese has no spaces
_CLAUSE = re.compile(r"[,;:–—]\s+|[，；：、]")
_SPACE = re.compile(r"\s+")


def spoken_pieces(text: str, longest: int) -> list[tuple[int, int]]:
    """Cut a text where a speaker would breathe.

    A piece ends with a paragraph, else with a sentence, else with a clause, else with a word; what
    has none of them within the limit is cut in the middle.

    Args:
        text: Any text.
        longest: Most characters of a piece, at least 1.

    Returns:
        Begin and end of each piece in the text, in order, without the white space around it. All
        that is not white space is in exactly one of them.

    Example:
        >>> text = "Dr. Lee waits. The pump runs. It is loud."
        >>> [text[begin:end] for begin, end in spoken_pieces(text, 30)]
        ['Dr. Lee waits. The pump runs.', 'It is loud.']
    """
    found = []
    begin = _skip(text, 0)
    while begin < len(text):
        end = begin + len(text[begin : begin + longest].rstrip())
        if text[end:].strip():
            end = _cut(text, begin, begin + longest)
        piece = text[begin:end].rstrip()
        found.append((begin, begin + len(piece)))
        begin = _skip(text, end)
    return found


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _cut(text: str, begin: int, limit: int) -> int:
    """Where to end a piece that begins here and may reach up to a limit."""
    for ends in (_paragraphs, _sentences, _clauses, _words):
        last = max(ends(text, begin, limit), default=0)
        if last > begin:
            return last
    # A letter keeps the marks that are set on it.
    last = limit
    while last > begin + 1 and unicodedata.combining(text[last]):
        last -= 1
    return last


def _paragraphs(text: str, begin: int, limit: int) -> Iterator[int]:
    half = begin + (limit - begin) // 2  # a heading alone is no piece worth a call
    return (m.start() for m in _PARAGRAPH.finditer(text, half, limit))


def _sentences(text: str, begin: int, limit: int) -> Iterator[int]:
    for match in _SENTENCE.finditer(text, begin, min(len(text), limit + 1)):
        word, following, wide = match.groups()
        end = match.end() if wide else match.end(1)
        if end <= limit and (wide or ends_sentence(word, following)):
            yield end


def _clauses(text: str, begin: int, limit: int) -> Iterator[int]:
    return (m.start() + 1 for m in _CLAUSE.finditer(text, begin, limit))


def _words(text: str, begin: int, limit: int) -> Iterator[int]:
    return (m.start() for m in _SPACE.finditer(text, begin, min(len(text), limit + 1)))

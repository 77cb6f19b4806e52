"""A storyboard of notes in Markdown: headings become beats, nothing is added.

The first heading of the first level is the film's title. Below any heading, paragraphs are said; a
list, a table, a quotation, a picture or an equation between `$$` is shown.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import RequestError
from workbench.explain.storyboards.storyboard import LONGEST_SPEECH, Beat, Storyboard, checked
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Comparison,
    Equation,
    Image,
    Quote,
    Title,
    Visual,
)

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

LARGEST_LETTERS = 200_000

_EQUATION = re.compile(r"^\s*\$\$(.+?)\$\$\s*$", re.DOTALL)
_NUMBER = re.compile(r"^\s*([0-9][0-9,]*(?:\.[0-9]+)?)\s*(\S*)\s*$")


@dataclass(slots=True)
class _Part:
    heading: str
    level: int
    shows: list[Visual] = field(default_factory=list)
    say: list[str] = field(default_factory=list)


def storyboard_of_notes(
    text: str, *, folder: Path | None = None, theme: str = "light", language: str = "en"
) -> Storyboard:
    r"""Turn notes into a storyboard.

    Args:
        text: Markdown.
        folder: Where its pictures lie, if their paths are relative.
        theme: `light` or `dark`.
        language: ISO 639-1 code of the notes.

    Raises:
        RequestError: There is nothing in them, or a picture is missing.

    Example:
        >>> story = storyboard_of_notes("# Pumps\n\nThey move water.\n\n## Parts\n\n- Seal\n- Shaft")
        >>> [(beat.heading, beat.show.kind) for beat in story.beats]
        [('Pumps', 'title'), ('Parts', 'bullets')]
    """
    if len(text) > LARGEST_LETTERS:
        raise RequestError(
            f"the notes have {len(text):,} letters",
            hint=f"a film takes {LARGEST_LETTERS:,} at most: divide them",
        )
    parts = _parts(text)
    if not parts:  # also signs alone, such as `>`, show nothing
        raise RequestError("the notes are empty", hint="write a heading and a few lines below it")
    beats = [
        beat for number, part in enumerate(parts) for beat in _beats(part, is_first=number == 0)
    ]
    story = Storyboard(
        parts[0].heading or "Notes", tuple(beats), language=language,
        theme="dark" if theme == "dark" else "light", origin="notes",
    )  # fmt: skip
    return checked(story, folder=folder)


def _parts(text: str) -> list[_Part]:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    root = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))
    parts: list[_Part] = []
    for node in root.children:
        if node.type == "heading":
            parts.append(_Part(_words(node), int(node.tag[1:])))
            continue
        if not parts:
            parts.append(_Part("", 1))
        _take(node, parts[-1])
    return [part for part in parts if part.heading or part.shows or part.say]


def _take(node: "SyntaxTreeNode", part: _Part) -> None:
    match node.type:
        case "paragraph":
            _take_paragraph(node, part)
        case "bullet_list" | "ordered_list":
            items = tuple(words for item in node.children if (words := _words(item)))
            if items:
                part.shows.append(Bullets(items))
        case "blockquote":
            if words := _words(node):
                part.shows.append(Quote(words))
        case "fence" | "code_block":
            part.shows.append(Quote(node.content.rstrip()))
        case "table":
            part.shows.append(_table(node))
        case _:
            return  # rules and raw HTML are no pictures


def _take_paragraph(node: "SyntaxTreeNode", part: _Part) -> None:
    source = node.children[0].content if node.children else ""
    if equation := _EQUATION.match(source):
        part.shows.append(Equation(equation.group(1).strip()))
        return
    for image in _images(node):
        part.shows.append(Image(str(image.attrs.get("src", "")), image.content))
    if words := _words(node):
        part.say.append(words)


def _images(node: "SyntaxTreeNode") -> Iterator["SyntaxTreeNode"]:
    for child in node.walk():
        if child.type == "image":
            yield child


def _words(node: "SyntaxTreeNode") -> str:
    """What can be read of a node, on one line; pictures and raw HTML left out."""
    said = []
    inside_image = {id(part) for image in _images(node) for part in image.walk()}
    for child in node.walk():
        if id(child) in inside_image:
            continue
        if child.type in {"text", "code_inline"}:
            said.append(child.content)
        elif child.type in {"softbreak", "hardbreak", "list_item", "paragraph"}:
            said.append(" ")
    return " ".join("".join(said).split())


def _table(node: "SyntaxTreeNode") -> Visual:
    """A name and a number a row make bars; anything else is compared column by column."""
    rows = [[_words(cell) for cell in row.children] for row in node.walk() if row.type == "tr"]
    head, body = rows[0], rows[1:]
    numbers = [_NUMBER.match(row[1]) for row in body if len(row) == 2]
    if body and len(numbers) == len(body) and all(numbers):
        found = [match for match in numbers if match]
        units = {match.group(2) for match in found}
        bars = tuple(
            Bar(row[0], float(match.group(1).replace(",", "")))
            for row, match in zip(body, found, strict=True)
        )
        return Chart(bars, units.pop() if len(units) == 1 else "")
    if len(head) == 2 and body:
        return Comparison(
            head[0], tuple(row[0] for row in body), head[1], tuple(row[1] for row in body)
        )
    lines = [" · ".join(cell for cell in row if cell) for row in (body or rows)]
    return Bullets(tuple(line for line in lines if line) or ("(an empty table)",))


def _beats(part: _Part, *, is_first: bool) -> Iterator[Beat]:
    """A beat for each thing a part shows; its words go over the first."""
    speeches = list(_divided(" ".join(part.say)))
    shows = list(part.shows)
    if is_first and part.heading:
        shows.insert(0, Title())
    if not shows:
        shows.append(_spoken_card(speeches))
    heading = part.heading
    for show in shows:
        say = speeches.pop(0) if speeches else _read_out(show)
        yield Beat(heading, show, say)
    for speech in speeches:
        yield Beat(heading, _text_card(speech), speech)


def _spoken_card(speeches: Sequence[str]) -> Visual:
    if not speeches:
        return Title()
    return _text_card(speeches[0])


def _text_card(text: str) -> Visual:
    """What is said, to be read: its sentences as points where there are few, else as a quotation."""
    sentences = [s for s in re.split(r"(?<=[.!?。！？])\s+", text) if s]
    if 1 < len(sentences) <= 6:
        return Bullets(tuple(sentences))
    return Quote(text if len(text) <= 600 else text[:600].rsplit(" ", 1)[0] + " …")


def _read_out(show: Visual) -> str:
    """Words over a picture that has none of its own."""
    match show:
        case Bullets(items=items):
            return " ".join(item if item[-1] in ".!?:" else f"{item}." for item in items)[
                :LONGEST_SPEECH
            ]
        case Quote(text=text):
            return text[:LONGEST_SPEECH]
        case _:
            return ""


def _divided(text: str) -> Iterator[str]:
    """A long speech in pieces, at the ends of sentences."""
    piece = ""
    for sentence in re.split(r"(?<=[.!?。！？])\s+", text):
        for run in (
            sentence[at : at + LONGEST_SPEECH] for at in range(0, len(sentence), LONGEST_SPEECH)
        ):
            if piece and len(piece) + 1 + len(run) > LONGEST_SPEECH // 4:
                yield piece
                piece = ""
            piece = f"{piece} {run}".strip()
    if piece:
        yield piece

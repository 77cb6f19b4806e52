"""The pieces of HTML that blocks are built from; the one place where text is escaped.

`Block` holds finished HTML. Every word that comes from media, a model or a file name passes
`escaped` on its way in, and pictures become data URIs: a report asks no other host for anything.
"""

import base64
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workbench.errors import MediaMissing

STYLE_FILE = Path(__file__).with_name("blocks.css")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a report; Jupyter shows its HTML."""

    html: str
    words: str = ""
    """The same in a few words, for places without HTML."""

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.words or "Block"

    def __add__(self, other: "Block") -> "Block":
        """One block below another."""
        return Block(f"{self.html}\n{other.html}", f"{self.words}\n{other.words}".strip())


@cache
def style() -> str:
    """The style sheet of the blocks, light and dark."""
    return STYLE_FILE.read_text(encoding="utf-8")


def number(text: str) -> str:
    """A number whose digits line up with those above and below."""
    return f'<span class="nova-num">{escaped(text)}</span>'


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    name: str,
    *,
    numbers: Sequence[int] = (),
) -> str:
    """A table.

    Args:
        heads: Plain words over the columns; cells beyond them are left out.
        rows: Cells that are HTML already.
        name: A class of its own, or empty.
        numbers: Columns to align to the right.
    """
    head = "".join(
        f'<th scope="col"{" class=nova-right" if at in numbers else ""}>{escaped(words)}</th>'
        for at, words in enumerate(heads)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=nova-right' if at in numbers else ''}>{cell}</td>"
            for at, cell in enumerate(row[: len(heads)])
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="nova-scroll"><table class="nova-table {name}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def section(title: str, body: str, *, count: int | None = None) -> Block:
    """A part of a report: its title, how many things it lists, and HTML."""
    small = f" <small>{count}</small>" if count is not None else ""
    anchor = title.casefold().replace(" ", "-")
    head = f'<h2 id="{escaped(anchor)}">{escaped(title)}{small}</h2>'
    words = title if count is None else f"{title}: {count}"
    return Block(tag("section", "nova", head + body), words)


def fact_list(facts: Iterable[str], name: str = "nova-facts") -> str:
    """Short facts in one line."""
    items = "".join(f"<li>{escaped(fact)}</li>" for fact in facts if fact)
    return f'<ul class="{name}">{items}</ul>'


def picture(path: Path | None, alt: str, name: str) -> str:
    """A picture as a data URI: the report is one file and asks nobody for anything."""
    if path is None:
        return ""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MediaMissing(
            f"{path.name} cannot be read: {error.strerror or error}",
            hint="make the pictures again, then run the report",
        ) from error
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    text = base64.b64encode(data).decode("ascii")
    return f'<img class="{name}" alt="{escaped(alt)}" src="data:image/{kind};base64,{text}">'


def megabytes(size_bytes: int) -> str:
    """Write a size the way screens do.

    Example:
        >>> megabytes(18_640_000), megabytes(4200)
        ('18.6 MB', '4.2 kB')
    """
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"


def tag(name: str, classes: str, body: str) -> str:
    """HTML inside an element."""
    return f'<{name} class="{classes}">{body}</{name}>'


def escaped(text: str) -> str:
    """Words as HTML shows them; quotes too, so that they fit in an attribute."""
    return html.escape(text)


def tiles(facts: Iterable[tuple[str, str, str]]) -> str:
    """Name, value and small print, side by side."""
    parts = [
        f"<div><dt>{escaped(name)}</dt><dd><b>{escaped(value)}</b><span>{escaped(small)}</span></dd></div>"
        for name, value, small in facts
    ]
    return f'<dl class="nova-tiles">{"".join(parts)}</dl>'

"""Storyboards that come with the product: what a film can show, with facts one can check."""

import functools
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import RequestError
from workbench.explain.storyboards.storyboard import Storyboard, read_storyboard

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Example:
    """A storyboard that is shipped."""

    name: str
    """What it is asked for by."""
    title: str
    beats: int
    letters: int
    """Letters that are said in all."""


def examples() -> tuple[Example, ...]:
    """The storyboards there are, by name."""
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    stories = [(name, read_example(name)) for name in names]
    return tuple(
        Example(name, story.title, len(story.beats), story.letters) for name, story in stories
    )


@functools.cache
def read_example(name: str) -> Storyboard:
    """The storyboard of an example.

    Raises:
        RequestError: There is none of this name.

    Example:
        >>> read_example("pythagoras").origin
        'example'
    """
    path = FOLDER / f"{name}.json"
    if not name.replace("-", "").isalnum() or not path.is_file():
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.json")))
        raise RequestError(f"there is no example {name!r}", hint=f"choose: {known}")
    return read_storyboard(path.read_bytes())

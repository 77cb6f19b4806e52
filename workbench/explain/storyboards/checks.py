"""Can a visual be drawn? Asked when a storyboard is read, so that it is not found out at the end."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import singledispatch
from pathlib import Path

from workbench.errors import RequestError
from workbench.explain.storyboards.formula import points_of
from workbench.explain.storyboards.visuals import (
    Bullets,
    Chart,
    Clip,
    Closing,
    Comparison,
    Equation,
    Image,
    Plot,
    Quote,
    Scene,
    Timeline,
    Visual,
)

MOST_ITEMS = 200
LONGEST_ITEM = 600
LONGEST_HEARD_S = 600
"""Seconds of a piece that is heard: its beat is as long as it is."""
LONGEST_SCRIPT = 60_000
"""Letters of a scene; one of a minute has about 4,000."""

Refuse = Callable[[str, str], RequestError]
"""What is wrong and what to do, as an error that names the beat."""


@singledispatch
def checked_visual(show: Visual, folder: Path | None, refuse: Refuse) -> Visual:
    """The visual if it can be drawn, its files named from the root.

    Args:
        show: What a beat shows.
        folder: Where its files lie, if their paths are relative.
        refuse: Makes the error.

    Raises:
        RequestError: It cannot be drawn.
    """
    del folder, refuse
    return show


@checked_visual.register(Bullets | Closing)
def _(show: Bullets | Closing, folder: Path | None, refuse: Refuse) -> Visual:
    del folder
    _check_items(show.items, refuse)
    return show


@checked_visual.register
def _(show: Comparison, folder: Path | None, refuse: Refuse) -> Visual:
    del folder
    _check_items((*show.left, *show.right), refuse)
    return show


@checked_visual.register
def _(show: Equation, folder: Path | None, refuse: Refuse) -> Visual:
    del folder
    if not show.latex.strip():
        raise refuse("there is no equation in it", "write one in LaTeX, as E = mc^2")
    return show


@checked_visual.register
def _(show: Plot, folder: Path | None, refuse: Refuse) -> Visual:
    del folder
    if not show.curves:
        raise refuse("the plot has no curves", "give it one")
    if not (math.isfinite(show.x_from) and math.isfinite(show.x_to) and show.x_from < show.x_to):
        raise refuse(f"x cannot run from {show.x_from} to {show.x_to}", "name a later end")
    for curve in show.curves:
        try:
            points = points_of(curve, show.x_from, show.x_to)
        except RequestError as error:
            raise refuse(error.message, error.hint) from None
        if len(points) < 2:
            raise refuse(
                f"{curve.name or 'a curve'} has no value between {show.x_from} and {show.x_to}",
                "choose another range of x",
            )
    return show


@checked_visual.register
def _(show: Chart, folder: Path | None, refuse: Refuse) -> Visual:
    del folder
    if not show.bars:
        raise refuse("the chart has no bars", "give it at least one")
    if any(not math.isfinite(bar.value) or bar.value < 0 for bar in show.bars):
        raise refuse("a bar is negative or no number", "bars are 0 or more")
    return show


@checked_visual.register
def _(show: Timeline, folder: Path | None, refuse: Refuse) -> Visual:
    del folder
    if not (show.stretches and math.isfinite(show.duration_s) and show.duration_s > 0):
        raise refuse("the timeline is empty", "give it a length and stretches")
    if any(not 0 <= s.start_s <= s.end_s <= show.duration_s + 1 for s in show.stretches):
        raise refuse("a stretch lies outside of the timeline", "use seconds inside of it")
    return show


@checked_visual.register
def _(show: Image, folder: Path | None, refuse: Refuse) -> Visual:
    zoom = show.zoom
    if zoom and not (0 <= zoom[0] < zoom[2] <= 1 and 0 <= zoom[1] < zoom[3] <= 1):
        raise refuse(f"it cannot zoom to {zoom}", "use left, top, right, bottom in 0 to 1")
    return Image(_found(show.path, folder, refuse), show.caption, zoom)


@checked_visual.register
def _(show: Clip, folder: Path | None, refuse: Refuse) -> Visual:
    if not 0 <= show.start_s < show.end_s:
        raise refuse(f"no clip runs from {show.start_s} s to {show.end_s} s", "name a later end")
    if show.sound and show.end_s - show.start_s > LONGEST_HEARD_S:
        raise refuse(
            f"a piece of {show.end_s - show.start_s:.0f} s is too long to be heard in a film",
            f"choose {LONGEST_HEARD_S} s of it, or leave its sound out",
        )
    return replace(show, path=_found(show.path, folder, refuse))


@checked_visual.register
def _(show: Quote, folder: Path | None, refuse: Refuse) -> Visual:
    del folder
    if not show.text.strip():
        raise refuse("there are no words in the quote", "quote something")
    return show


@checked_visual.register
def _(show: Scene, folder: Path | None, refuse: Refuse) -> Visual:
    # What is wrong inside of a script is found when it is rendered: it may still be repaired.
    del folder
    if not show.code.strip():
        raise refuse("there is no script in the scene", "write a Manim scene")
    if len(show.code) > LONGEST_SCRIPT:
        raise refuse(
            f"its script has {len(show.code):,} letters", f"keep it below {LONGEST_SCRIPT:,}"
        )
    if show.class_name and not show.class_name.isidentifier():
        raise refuse(f"{show.class_name[:40]!r} names no class", "name the class of the scene")
    return show


def _check_items(items: Sequence[str], refuse: Refuse) -> None:
    if not any(item.strip() for item in items):
        raise refuse("it has no points", "give it at least one")
    if len(items) > MOST_ITEMS:
        raise refuse(f"{len(items)} points are too many", f"keep it at {MOST_ITEMS}")
    longest = max(map(len, items))
    if longest > LONGEST_ITEM:
        raise refuse(f"a point has {longest} letters", f"keep it below {LONGEST_ITEM}")


def _found(path: str, folder: Path | None, refuse: Refuse) -> str:
    place = Path(path).expanduser()
    if not place.is_absolute() and folder is not None:
        place = folder / place
    try:
        is_there = place.is_file()
    except (OSError, ValueError):
        is_there = False  # no name a file could have
    if not is_there:
        raise refuse(f"there is no file {path}", "put the file there, or take the beat out")
    return str(place.absolute())

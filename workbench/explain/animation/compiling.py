"""Compile a storyboard to Manim: a `scene.py` to read, with one class for each beat.

The layout is that of the cards, taken down by a canvas that draws nothing, so words cannot overlap
or leave the frame. The same storyboard and the same times give the same source. Whatever somebody
wrote goes in as a literal of Python's, never as code or markup.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import MediaError
from workbench.explain.animation.recording import (
    Dot,
    Formula,
    Letters,
    Mark,
    Panel,
    Place,
    Recorder,
    Trace,
    uncoloured,
)
from workbench.explain.animation.stage import LASTS
from workbench.explain.animation.writing import call, literal
from workbench.explain.cards.drawing import Card, card_of
from workbench.explain.cards.fonts import REGULAR
from workbench.explain.films.film import in_order, said_frames
from workbench.explain.narration import FRAME_RATE, LEAD_S, TimedBeat
from workbench.explain.storyboards.storyboard import Storyboard
from workbench.explain.storyboards.visuals import Clip, Image

KINDS = (
    "title", "bullets", "equation", "plot", "chart", "timeline",
    "image", "clip", "quote", "comparison", "summary",
)  # fmt: skip
"""What is compiled. Other beats bring frames of their own."""

FLAT_PX = 60
"""Boxes that are lower than this grow from the left; taller ones fade in."""

TURN_FRAMES = 10
"""Frames from one row of a chart to the next, where sentences do not say when it comes."""

_HEAD = '''"""The scenes of a film, one class for each beat: compiled from the storyboard beside it.

What is written and said is data in here. To draw one scene by hand:

    manim render --resolution 1280,720 --fps 30 --disable_caching scene.py {example}
"""

from manim import Scene

from workbench.explain.animation.stage import Stage

TITLE = {title}
'''

_CLASS = """

class {name}(Scene):
    {heading}

    def construct(self):
        stage = Stage(self, theme={theme}, length_s={length_s})
{body}
"""


@dataclass(frozen=True, slots=True)
class CompiledBeat:
    """A beat as a scene."""

    name: str
    """Of its class."""
    lines: tuple[str, ...]
    """What it does, after its stage is there."""
    warnings: tuple[str, ...] = ()
    """What could not be drawn as it was asked."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """What changes at a frame of a beat."""

    frame: int
    enter: tuple[Mark, ...]
    leave: tuple[Mark, ...] = ()
    colour: tuple[Mark, ...] = ()


def compile_storyboard(story: Storyboard, beats: Sequence[TimedBeat]) -> str:
    """A storyboard as the source of Manim scenes.

    Args:
        story: What is shown.
        beats: Its beats with their times. A beat whose frames are there already, or whose picture
            cannot be read, is left out.
    """
    compiled = []
    for timed in beats:
        try:
            scene = compile_beat(timed, story.theme)
        except MediaError:
            continue
        if scene is not None:
            compiled.append((timed, scene))
    return source_of(story.title, story.theme, compiled)


def source_of(title: str, theme: str, beats: Sequence[tuple[TimedBeat, CompiledBeat]]) -> str:
    """The source of scenes.

    Args:
        title: Of the film.
        theme: `light` or `dark`.
        beats: What was compiled of each beat.
    """
    parts = [_HEAD.format(example=beats[0][1].name if beats else "Beat01", title=literal(title))]
    for timed, beat in beats:
        parts.append(
            _CLASS.format(
                name=beat.name,
                heading=literal(timed.beat.heading or timed.beat.show.kind),
                theme=repr(theme),
                length_s=_seconds(timed.frames),
                body="\n".join(f"        {line}" if line else "" for line in beat.lines),
            )
        )
    return "".join(parts)


def compile_beat(timed: TimedBeat, theme: str) -> CompiledBeat | None:
    """A beat as a scene; None if its frames are made elsewhere already.

    Raises:
        MediaError: Its picture or clip cannot be read.
    """
    beat = timed.beat
    if beat.show.kind not in KINDS:
        return None
    card = card_of(beat, theme, Recorder)
    names = _Names()
    lines: list[str] = []
    moments = _moments(card, timed)
    for number, moment in enumerate(moments):
        for mark in moment.enter:
            lines += _made(mark, timed, names, is_first=number == 0)
        entered = [names.of(mark) for mark in moment.enter if not isinstance(mark, Place)]
        if number == 0:
            lines += call("stage.show", *entered) if entered else []
            continue
        after = moments[number + 1 : number + 2]
        lines += call(
            "stage.at",
            _seconds(moment.frame),
            enter=entered,
            leave=[names.of(mark) for mark in moment.leave],
            colour=[(names.of(mark), _colour(mark)) for mark in moment.colour],
            until=_seconds(after[0].frame) if after else None,
        )
    lines.append("stage.rest()")
    name = f"Beat{timed.index + 1:02}{beat.show.kind.capitalize()}"
    return CompiledBeat(name, tuple(lines), card.warnings)


class _Name(str):
    """A name in the source, and not a text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Names:
    """What the things of a scene are called."""

    def __init__(self) -> None:
        self._names: dict[Mark, _Name] = {}
        self._counts: Counter[str] = Counter()

    def of(self, mark: Mark) -> _Name:
        """The name of a thing, whatever its colour is now."""
        return self._names[uncoloured(mark)]

    def new(self, mark: Mark, kind: str) -> _Name:
        """A name for a new thing."""
        self._counts[kind] += 1
        name = self._names[uncoloured(mark)] = _Name(f"{kind}_{self._counts[kind]}")
        return name


def _moments(card: Card, timed: TimedBeat) -> list[_Moment]:
    """What changes when: the frame of the card at once, the rest part by part or step by step."""
    pages = [_page(step.draw().canvas) for step in card.steps]
    first = pages[0]
    moments = [_Moment(0, tuple(mark for part, mark in first if part == 0))]
    parts = sorted({part for part, _ in first if part})
    if len(pages) == 1:
        grouped = [tuple(mark for part, mark in first if part == wanted) for wanted in parts]
        frames = _part_frames(grouped, timed)
        return moments + [_Moment(f, g) for f, g in zip(frames, grouped, strict=True)]
    starts = said_frames(len(pages), timed) or _evenly(len(pages), timed)
    frames = in_order(starts, timed)
    moments.append(_Moment(frames[0], tuple(mark for part, mark in first if part)))
    for frame, before, page in zip(frames[1:], pages, pages[1:], strict=False):
        old = {uncoloured(mark): mark for _, mark in before}
        new = {uncoloured(mark): mark for _, mark in page}
        moments.append(
            _Moment(
                frame,
                enter=tuple(mark for plain, mark in new.items() if plain not in old),
                leave=tuple(mark for plain, mark in old.items() if plain not in new),
                colour=tuple(m for plain, m in new.items() if old.get(plain, m) != m),
            )
        )
    return moments


def _page(canvas: object) -> list[tuple[int, Mark]]:
    if not isinstance(canvas, Recorder):
        raise TypeError("this card was not drawn on a recorder")
    return canvas.marks


def _evenly(count: int, timed: TimedBeat) -> list[int]:
    until_s = max((u.span.end_s for u in timed.said), default=timed.length_s * 0.9)
    each = (until_s - LEAD_S) / count
    return [round((LEAD_S + index * each) * FRAME_RATE) for index in range(count)]


def _part_frames(parts: Sequence[Sequence[Mark]], timed: TimedBeat) -> tuple[int, ...]:
    """When the parts of one picture come: with their sentences, else one soon after the other."""
    if not parts:
        return ()
    lead = round(LEAD_S * FRAME_RATE)
    said = said_frames(len(parts), timed)
    if said is not None:
        return in_order([lead, *said[1:]], timed)
    each = max(_turn(part) for part in parts)
    # All of it is seen for a good part of the beat.
    each = min(each, max(1, (timed.frames // 2 - lead) // len(parts)))
    return in_order([lead + index * each for index in range(len(parts))], timed)


def _turn(part: Sequence[Mark]) -> int:
    ways = {_way(mark) for mark in part}
    return max((LASTS[way] for way in ways if way in ("trace", "write")), default=TURN_FRAMES)


def _way(mark: Mark) -> str:
    match mark:
        case Trace():
            return "trace"
        case Formula():
            return "write"
        case Panel(box=(_, top, _, bottom)) if bottom - top < FLAT_PX:
            return "grow"
    return "rise"


def _made(mark: Mark, timed: TimedBeat, names: _Names, *, is_first: bool) -> list[str]:
    """The lines that make a mark, which has a name from now on."""
    show = timed.beat.show
    named: dict[str, object] = {}
    match mark:
        case Letters():
            what = "words"
            values: list[object] = [mark.text, _px(mark.room), _px(mark.baseline), mark.size_px]
            values.append(mark.color)
            named["weight"] = None if mark.weight == REGULAR else mark.weight
            named["align"] = None if mark.align == "left" else mark.align
        case Panel():
            what = "bar" if _way(mark) == "grow" and not is_first else "panel"
            values, named = [_px(mark.box), mark.color], {"round_px": mark.round_px or None}
        case Dot():
            what, values = "dot", [_px(mark.center), _px(mark.radius_px), mark.color]
        case Trace():
            what = "line" if is_first else "curve"
            values = [_px(mark.points), mark.color, mark.width_px]
        case Formula(written=written):
            what, values = "formula", [written.code, _px(mark.room), mark.color]
            named["by"] = None if written.route == "typst" else written.route
        case Place() if isinstance(show, Clip):
            return call("stage.clip", show.path, mark.box, start_s=show.start_s, end_s=show.end_s)
        case Place() if isinstance(show, Image):
            return call("stage.picture", show.path, mark.box, zoom=show.zoom)
        case _:
            raise TypeError(f"{type(mark).__name__} cannot be animated")
    return call(f"{names.new(mark, what)} = stage.{what}", *values, **named)


def _px(place: Any) -> Any:
    """Places in tenths of a pixel."""
    return tuple(map(_px, place)) if isinstance(place, tuple) else round(float(place), 1)


def _colour(mark: Mark) -> str:
    return "" if isinstance(mark, Place) else mark.color


def _seconds(frame: int) -> float:
    return round(frame / FRAME_RATE, 4)

"""The form in which a model hands in a script, and the storyboard that is made of it.

The form is flat: a beat has a kind, and of all the other fields only those that its kind needs.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from workbench.errors import RequestError
from workbench.explain.storyboards.checks import Refuse, checked_visual
from workbench.explain.storyboards.storyboard import LONGEST_HEADING, LONGEST_SPEECH, Beat
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Closing,
    Comparison,
    Curve,
    Equation,
    Plot,
    Quote,
    Scene,
    Stretch,
    Timeline,
    Title,
    Visual,
)
from workbench.speech.letters import drawn
from workbench.speech.subtitles.languages import two_letter_code

WrittenKind = Literal[
    "title",
    "bullets",
    "equation",
    "plot",
    "chart",
    "timeline",
    "quote",
    "comparison",
    "summary",
    "scene",
]
KINDS: tuple[WrittenKind, ...] = get_args(WrittenKind)

MOST_BEATS = 40
MOST_SCENES = 2
"""Scenes of one film that are taken from a model: each may be repaired three times."""
MOST_POINTS = 12
"""Points, bars, curves or stretches of one beat that are taken from a model."""
LONGEST_FORMULA = 300

_WORDS = (
    "heading", "say", "subtitle", "latex", "note", "x_label", "y_label", "unit", "text", "by",
    "left_title", "right_title",
)  # fmt: skip
_LISTS = ("items", "names", "formulas", "left", "right")
_NUMBERS = ("values", "starts_s", "ends_s")


class WrittenBeat(BaseModel):
    """A beat as a model writes it."""

    model_config = ConfigDict(extra="ignore")

    kind: WrittenKind = "bullets"
    heading: str = ""
    say: str = ""
    subtitle: str = ""
    items: list[str] = Field(default=[], max_length=200)
    latex: str = ""
    note: str = ""
    names: list[str] = []
    formulas: list[str] = []
    x_from: float = 0.0
    x_to: float = 1.0
    x_label: str = ""
    y_label: str = ""
    values: list[float] = []
    unit: str = ""
    starts_s: list[float] = []
    ends_s: list[float] = []
    text: str = ""
    by: str = ""
    left_title: str = ""
    left: list[str] = []
    right_title: str = ""
    right: list[str] = []
    code: str = ""
    """A program: its lines and spaces are kept."""

    @field_validator(*_WORDS, mode="after")
    @classmethod
    def _seen_only(cls, value: str) -> str:
        return clean(value)

    @field_validator(*_LISTS, mode="after")
    @classmethod
    def _seen_items(cls, value: list[str]) -> list[str]:
        return [text for text in map(clean, value) if text]


@dataclass(frozen=True, slots=True)
class Script:
    """What a model has written, as far as it can be read."""

    title: str
    language: str
    """Two letters; empty where none are known."""
    beats: tuple[WrittenBeat, ...]
    unread: tuple[str, ...] = ()
    """Sentences on beats that have no readable form."""


def clean(text: str) -> str:
    """Words on one line, only letters that are drawn."""
    return " ".join(drawn(text).split())


def script_schema(*, scenes: bool = False) -> dict[str, Any]:
    """The JSON schema of a script, as the input of a tool.

    Args:
        scenes: May a beat be a scene in Manim's own code?
    """
    return {
        "type": "object",
        "required": ["title", "language", "beats"],
        "properties": {
            "title": {"type": "string", "description": "Name of the film."},
            "language": {"type": "string", "description": "Two letters: en, de, fr …"},
            "beats": {
                "type": "array",
                "description": "In order.",
                "items": _beat_schema(scenes=scenes),
            },
        },
    }


def validation_schema(*, scenes: bool = False) -> dict[str, Any]:
    """The JSON schema of what the check of a script gives.

    Args:
        scenes: May a beat be a scene in Manim's own code?
    """
    return {
        "type": "object",
        "required": ["problems"],
        "properties": {
            "problems": {
                "type": "array",
                "description": "One short sentence each; empty if there are none.",
                "items": {"type": "string"},
            },
            "beats": {
                "type": "array",
                "description": "The whole corrected script; empty if nothing has to change.",
                "items": _beat_schema(scenes=scenes),
            },
        },
    }


def _beat_schema(*, scenes: bool) -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "number"}
    return {
        "type": "object",
        "required": ["kind", "heading", "say"],
        "properties": {
            "kind": {"type": "string", "enum": [k for k in KINDS if scenes or k != "scene"]},
            **dict.fromkeys(_WORDS, text),
            **{name: {"type": "array", "items": text} for name in _LISTS},
            **{name: {"type": "array", "items": number} for name in _NUMBERS},
            "x_from": number,
            "x_to": number,
            **({"code": text} if scenes else {}),
        },
    }


def read_script(data: Mapping[str, Any]) -> Script:
    """Read a reply; a beat without a readable form is left out, and named.

    Example:
        >>> script = read_script({"title": "Pumps", "language": "EN", "beats": [{"say": "Hi."}, 7]})
        >>> script.language, len(script.beats), script.unread
        ('en', 1, ('beat 2 is no beat',))
    """
    beats: list[WrittenBeat] = []
    unread: list[str] = []
    given = data.get("beats")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    for number, entry in enumerate(given if isinstance(given, list) else (), start=1):
        if not isinstance(entry, Mapping):
            unread.append(f"beat {number} is no beat")
            continue
        try:
            beats.append(WrittenBeat.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            unread.append(f"beat {number}: {where}: {first['msg']}")
    if len(beats) > MOST_BEATS:
        unread.append(f"{len(beats)} beats are too many: write {MOST_BEATS} at most")
        beats = beats[:MOST_BEATS]
    title = clean(data["title"]) if isinstance(data.get("title"), str) else ""
    told = data.get("language")
    language = two_letter_code(told.partition("-")[0]) if isinstance(told, str) else ""
    return Script(title[:LONGEST_HEADING], language, tuple(beats), tuple(unread))


def beat_of(written: WrittenBeat, number: int, *, scenes: bool = False) -> Beat:
    """The beat that is drawn.

    Args:
        written: As a model wrote it.
        number: Its place, from 1 on, for the message.
        scenes: May it be a scene in Manim's own code?

    Raises:
        RequestError: It cannot be drawn; the message says why.
    """

    def refuse(what: str, hint: str) -> RequestError:
        return RequestError(f"beat {number} ({written.heading or written.kind}): {what}", hint=hint)

    if len(written.heading) > LONGEST_HEADING:
        raise refuse(f"its heading has {len(written.heading)} letters", "shorten it")
    if len(written.say) > LONGEST_SPEECH:
        raise refuse(f"{len(written.say):,} letters are said over it", "divide it")
    if written.kind == "scene" and not scenes:
        raise refuse("it is a scene too many", f"use another kind; {MOST_SCENES} are taken at most")
    show = checked_visual(_visual(written, refuse), None, refuse)
    _require_drawable(show, refuse)
    if isinstance(show, Title) and not written.heading:
        raise refuse("a title without words", "give it a heading")
    return Beat(written.heading, show, written.say)


def _visual(written: WrittenBeat, refuse: Refuse) -> Visual:
    lists = (written.items, written.names, written.left, written.right)
    most = max(len(each) for each in lists)
    if most > MOST_POINTS:
        raise refuse(f"{most} points are too many", f"keep it at {MOST_POINTS}, or make two beats")
    return _MADE[written.kind](written, refuse)


def _chart(written: WrittenBeat, refuse: Refuse) -> Chart:
    _require_same(refuse, names=written.names, values=written.values)
    pairs = zip(written.names, written.values, strict=True)
    return Chart(tuple(Bar(name, value) for name, value in pairs), written.unit)


def _timeline(written: WrittenBeat, refuse: Refuse) -> Timeline:
    _require_same(refuse, names=written.names, starts_s=written.starts_s, ends_s=written.ends_s)
    rows = zip(written.names, written.starts_s, written.ends_s, strict=True)
    return Timeline(tuple(Stretch(*row) for row in rows), max(written.ends_s, default=0.0))


def _plot(written: WrittenBeat, refuse: Refuse) -> Plot:
    if any(len(formula) > LONGEST_FORMULA for formula in written.formulas):
        raise refuse("a formula is too long to be read", "shorten it")
    if len(written.formulas) > MOST_POINTS:
        raise refuse(f"{len(written.formulas)} curves are too many", "draw the two that matter")
    names = [*written.names, *written.formulas[len(written.names) :]]
    curves = tuple(
        Curve(name, formula=_right_side(formula))
        for name, formula in zip(names, written.formulas, strict=False)
    )
    return Plot(curves, written.x_from, written.x_to, written.x_label, written.y_label)


_MADE: Mapping[WrittenKind, Callable[[WrittenBeat, Refuse], Visual]] = {
    "title": lambda written, _: Title(written.subtitle),
    "bullets": lambda written, _: Bullets(tuple(written.items)),
    "equation": lambda written, _: Equation(written.latex.strip("$ "), written.note),
    "plot": _plot,
    "chart": _chart,
    "timeline": _timeline,
    "quote": lambda written, _: Quote(written.text, written.by),
    "comparison": lambda written, _: Comparison(
        written.left_title, tuple(written.left), written.right_title, tuple(written.right)
    ),
    "summary": lambda written, _: Closing(tuple(written.items)),
    "scene": lambda written, _: Scene(written.code),
}


def _right_side(formula: str) -> str:
    """What stands behind the sign of equality: models write `y = 2*x` too."""
    return formula.rpartition("=")[2].strip()


def _require_same(refuse: Refuse, **lists: Sequence[object]) -> None:
    sizes = {name: len(each) for name, each in lists.items()}
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{count} {name}" for name, count in sizes.items())
        raise refuse(f"it has {said}", "give one of each for every entry")


def _require_drawable(show: Visual, refuse: Refuse) -> None:
    """An equation is drawn as a trial where it can be: nothing else says whether it is one."""
    from workbench.explain.cards.equations import draw_equation, is_available

    if isinstance(show, Equation) and is_available():
        picture, why = draw_equation(show.latex, (0, 0, 0), (800, 300))
        if picture is None:
            raise refuse(f"the equation cannot be drawn: {why}", "write it in plain LaTeX")


def as_written(beats: Sequence[WrittenBeat]) -> str:
    """Beats as the JSON a model reads, one a line, without what is empty."""
    return "\n".join(
        json.dumps({"beat": number, **_filled(beat)}, ensure_ascii=False, separators=(",", ":"))
        for number, beat in enumerate(beats, start=1)
    )


def _filled(beat: WrittenBeat) -> dict[str, Any]:
    needed = {"kind": beat.kind, "heading": beat.heading, "say": beat.say}
    return needed | beat.model_dump(exclude_defaults=True)


def in_words(written: WrittenBeat) -> Beat | None:
    """The beat with its words instead of a picture that cannot be drawn; None if it has none."""
    say = written.say[:LONGEST_SPEECH]
    heading = written.heading[:LONGEST_HEADING]
    points = tuple(point[:200] for point in written.items[:6])
    if points:
        return Beat(heading, Bullets(points), say)
    if say:
        return Beat(heading, Quote(say[:400]), say)
    return Beat(heading, Title(), "") if heading else None


def titled(beats: Sequence[Beat], title: str) -> tuple[Beat, ...]:
    """Beats that begin with a title."""
    if beats and isinstance(beats[0].show, Title):
        return tuple(beats)
    return (Beat(title, Title()), *beats)

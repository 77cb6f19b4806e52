"""A film before it is made: beats, each with what is shown, what is said, and where it comes from.

A storyboard is JSON a person can read and change. It is checked when it is read, so that what is
accepted can be drawn.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from workbench.errors import RequestError
from workbench.explain.storyboards.checks import checked_visual
from workbench.explain.storyboards.visuals import Visual
from workbench.jsonable import from_json, to_json

MOST_BEATS = 120
LONGEST_HEADING = 200
LONGEST_SPEECH = 2_800
"""Letters said over one beat: what Polly takes in one request, less the room for its marks."""

Theme = Literal["light", "dark"]
Origin = Literal["model", "analysis", "search", "notes", "example", "person"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a beat's statement comes from."""

    asset_id: str
    """Its id in the library; empty for what is not in it: a book, a guide."""
    name: str
    start_s: float | None = None
    """Seconds on the source's clock; None for pictures and for the whole."""
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """One picture of the film and the words over it."""

    heading: str
    show: Annotated[Visual, Field(discriminator="kind")]
    say: str = ""
    """Narration; empty for a silent beat."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Storyboard:
    """A film as a list of beats."""

    title: str
    beats: tuple[Beat, ...]
    language: str = "en"
    """ISO 639-1 code of what is said."""
    theme: Theme = "light"
    origin: Origin = "person"
    """Who wrote it. Viewers are told."""
    made_by: str = ""
    """The model or engine the words come from, for people."""
    notes: tuple[str, ...] = field(default=())
    """What the viewer should know: what was left out, what could not be drawn."""

    @property
    def letters(self) -> int:
        """Letters that are said in all: what a voice is paid by."""
        return sum(len(beat.say) for beat in self.beats)


def read_storyboard(text: str | bytes, *, folder: Path | None = None) -> Storyboard:
    """Read a storyboard from JSON and check it.

    Args:
        text: The JSON.
        folder: Where its pictures and clips lie, if their paths are relative.

    Raises:
        RequestError: It is no storyboard, or a beat cannot be drawn; the message names the beat.
    """
    try:
        story = from_json(Storyboard, text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "it"
        raise RequestError(
            f"this is no storyboard: {where}: {first['msg']}",
            hint="compare it with one that `workbench explain --storyboard-only` writes",
        ) from None
    return checked(story, folder=folder)


def write_storyboard(story: Storyboard) -> str:
    """A storyboard as JSON, to be read and changed by people."""
    return to_json(story, indent=2) + "\n"


def checked(story: Storyboard, *, folder: Path | None = None) -> Storyboard:
    """See that every beat can be drawn; paths of pictures come back absolute.

    Raises:
        RequestError: A beat cannot be drawn.
    """
    if not story.beats:
        raise RequestError("a storyboard without beats makes no film", hint="add a beat")
    if len(story.beats) > MOST_BEATS:
        raise RequestError(
            f"{len(story.beats)} beats are too many for one film",
            hint=f"leave it at {MOST_BEATS}, or make two films",
        )
    beats = tuple(
        _checked(beat, number, folder) for number, beat in enumerate(story.beats, start=1)
    )
    return Storyboard(
        story.title.strip() or beats[0].heading or "A film",
        beats, story.language, story.theme, story.origin, story.made_by, story.notes,
    )  # fmt: skip


def _checked(beat: Beat, number: int, folder: Path | None) -> Beat:
    def refuse(what: str, hint: str) -> RequestError:
        return RequestError(f"beat {number} ({beat.heading or beat.show.kind}): {what}", hint=hint)

    if len(beat.heading) > LONGEST_HEADING:
        raise refuse(
            f"its heading has {len(beat.heading)} letters", f"keep it below {LONGEST_HEADING}"
        )
    if len(beat.say) > LONGEST_SPEECH:
        raise refuse(
            f"{len(beat.say):,} letters are said over it",
            f"divide it into beats of at most {LONGEST_SPEECH:,} letters",
        )
    if beat.show.kind == "title" and not beat.heading.strip():
        raise refuse("a title without words", "give the beat a heading")
    show = checked_visual(beat.show, folder, refuse)
    return Beat(beat.heading.strip(), show, beat.say.strip(), beat.sources)

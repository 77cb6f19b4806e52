"""What is asked of an explainer film: the same fields in the app, the command line and notebooks."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.explain.notes_story import LARGEST_LETTERS

VoiceName = Literal["local", "none"]


class FilmRequest(BaseModel):
    """A film of an analysis, of notes, or of a storyboard: exactly one of them.

    Example:
        >>> FilmRequest(notes="# Pumps", voice="none").source
        'notes'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    analysis: str = Field(
        default="", description="Id of an analysis: a video report is made of it."
    )
    chapter: int | None = Field(
        default=None, ge=0, description="Index of the one chapter to explain; empty: all of it."
    )
    notes: str = Field(
        default="",
        max_length=LARGEST_LETTERS,
        description="Notes in Markdown: headings become beats.",
    )
    storyboard: str = Field(default="", description="A storyboard as JSON.")
    folder: str = Field(
        default="",
        description="Where pictures of notes or storyboard lie, if their paths are relative.",
    )
    voice: VoiceName = Field(
        default="local", description="Who speaks: local (this machine, English) or none."
    )
    length: Literal["short", "medium", "long"] = Field(
        default="medium", description="How much of an analysis is told."
    )
    theme: Literal["light", "dark"] = Field(default="light", description="Colours of the film.")
    moving: bool = Field(
        default=False, description="Show pieces of the source for chapters instead of stills."
    )

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> "FilmRequest":
        given = [
            name for name in ("analysis", "notes", "storyboard") if getattr(self, name).strip()
        ]
        if len(given) != 1:
            said = " and ".join(given) or "nothing"
            raise ValueError(f"name an analysis, notes or a storyboard; there is {said}")
        if self.chapter is not None and given != ["analysis"]:
            raise ValueError("only an analysis has chapters")
        return self

    @property
    def source(self) -> str:
        """`analysis`, `notes` or `storyboard`."""
        return next(n for n in ("analysis", "notes", "storyboard") if getattr(self, n).strip())

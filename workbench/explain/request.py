"""What is asked of an explainer film: the same fields in the app, the command line and notebooks."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workbench.explain.storyboards.notes import LARGEST_LETTERS

VOICES_HERE = ("local", "none")
"""Voices that cost nothing; any other is one of Amazon Polly."""

SOURCES = ("analysis", "search", "notes", "storyboard", "question", "example")

LONGEST_SEARCH = 1_000
"""Letters of what is looked for; an embedder reads no more."""

QUESTION_LETTERS = (10, 10_000)
"""Shortest and longest question, in letters."""

LONGEST_TEXT = 20_000
"""Letters of an explanation that somebody has written or changed."""


class FilmRequest(BaseModel):
    """A film of an analysis, a search, notes, a storyboard, a question or an example: one of them.

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
    search: str = Field(
        default="",
        max_length=LONGEST_SEARCH,
        description="What to look for: a film of the best moments of the library, as they sound.",
    )
    how: Literal["hybrid", "words", "meaning"] = Field(
        default="hybrid", description="Search by words, by meaning, or by both."
    )
    kinds: tuple[Literal["transcript", "screen_text", "chapter", "element", "summary"], ...] = (
        Field(
            default=(), description="Search only these kinds of moment; empty: all but summaries."
        )
    )
    notes: str = Field(
        default="",
        max_length=LARGEST_LETTERS,
        description="Notes in Markdown: headings become beats.",
    )
    storyboard: str = Field(default="", description="A storyboard as JSON.")
    question: str = Field(
        default="", description="A question that models answer: 10 to 10,000 letters."
    )
    written_by: str = Field(
        default="auto",
        min_length=1,
        description="Who writes the film of a question: a key of the catalog; auto: as set for each"
        " role.",
    )
    explanation: str = Field(
        default="",
        max_length=LONGEST_TEXT,
        description="An explanation to go on from, instead of one that a model writes first.",
    )
    refined: str = Field(
        default="",
        max_length=LONGEST_TEXT,
        description="A refined explanation to write the script of; nothing before it is asked.",
    )
    language: str = Field(
        default="",
        pattern=r"^([a-z]{2})?$",
        description="Language of the answer, as en or de; empty: that of the question.",
    )
    scenes: bool = Field(
        default=False, description="May the model write scenes in Manim's own code?"
    )
    max_cost_usd: Decimal | None = Field(
        default=None, ge=0, description="The most that the calls of a film may cost, in dollars."
    )
    example: str = Field(
        default="", pattern=r"^[a-z0-9-]*$", description="Name of a storyboard that is shipped."
    )
    folder: str = Field(
        default="",
        description="Where pictures of notes or storyboard lie, if their paths are relative.",
    )
    voice: str = Field(
        default="local",
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,40}$",
        description="Who speaks: local (this machine, English), none, or a voice of Amazon Polly.",
    )
    voice_engine: Literal["", "standard", "neural", "long-form", "generative"] = Field(
        default="",
        description="How a voice of Polly speaks; empty: neural where it has it, else standard.",
    )
    publish: bool = Field(
        default=False, description="Put the film into the S3 folder for films when it is made."
    )
    length: Literal["short", "medium", "long"] = Field(
        default="medium",
        description="How much of an analysis is told, or how many moments are shown: 3, 6 or 12.",
    )
    theme: Literal["light", "dark"] = Field(default="light", description="Colours of the film.")
    renderer: Literal["auto", "cards", "manim"] = Field(
        default="auto",
        description="What draws it: cards (still pictures), manim (motion), or auto: manim where it "
        "is installed and there is an equation or a curve.",
    )
    moving: bool = Field(
        default=False, description="Show pieces of the source for chapters instead of stills."
    )

    @field_validator("question", "explanation", "refined", "search")
    @classmethod
    def _is_text(cls, value: str) -> str:
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("it holds half of a letter: save it as UTF-8")
        return value.strip()

    @field_validator("question")
    @classmethod
    def _is_no_exclamation(cls, value: str) -> str:
        least, most = QUESTION_LETTERS
        if value and not least <= len(value) <= most:
            more = "say more of what is to be explained" if len(value) < least else "ask for less"
            raise ValueError(
                f"a question has {least} to {most:,} letters, not {len(value):,}: {more}"
            )
        return value

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> "FilmRequest":
        given = [name for name in SOURCES if getattr(self, name).strip()]
        if len(given) != 1:
            said = " and ".join(given) or "nothing"
            raise ValueError(
                "name an analysis, a search, notes, a storyboard, a question or an example;"
                f" there is {said}"
            )
        if self.chapter is not None and given != ["analysis"]:
            raise ValueError("only an analysis has chapters")
        if given != ["search"] and self.kinds:
            raise ValueError("kinds of moment go with a search")
        if given != ["question"] and (self.explanation or self.refined):
            raise ValueError("an explanation goes with the question it answers")
        if self.voice_engine and not self.has_paid_voice:
            raise ValueError("only voices of Polly have engines")
        return self

    @property
    def source(self) -> str:
        """`analysis`, `search`, `notes`, `storyboard`, `question` or `example`."""
        return next(name for name in SOURCES if getattr(self, name).strip())

    @property
    def has_paid_voice(self) -> bool:
        """Is it spoken by a service?"""
        return self.voice not in VOICES_HERE

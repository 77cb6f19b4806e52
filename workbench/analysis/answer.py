"""The form of a model's answer, the same for every engine.

Schemas are shallow and hold only what was asked for. Times in an answer are seconds on the clock
of the clip that was sent; `Chunk.to_video_time` turns them into the video's.
"""

from collections.abc import Collection
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workbench.backends.protocol import Task
from workbench.errors import RequestError
from workbench.media.timecode import parse_time

Presence = Literal["shown", "said", "both"]
ElementKind = Literal["equipment", "object", "topic"]


def _parsed(value: str | float) -> float:
    """A time as models write it; pydantic reports only a ValueError as a bad answer."""
    try:
        return parse_time(value)
    except (RequestError, TypeError) as error:
        raise ValueError(str(error)) from None


class AnswerPart(BaseModel):
    """Common rules: unknown fields are ignored, since models add remarks."""

    model_config = ConfigDict(extra="ignore")


class Quote(AnswerPart):
    """A stretch of the source that a statement rests on."""

    start_s: float
    end_s: float
    text: str = ""
    kind: Literal["transcript", "screen_text", "shot"] = "transcript"


class AnsweredChapter(AnswerPart):
    """A chapter on the clip's clock."""

    title: str = Field(min_length=1)
    start_s: float
    end_s: float
    summary: str = ""
    quotes: list[Quote] = []
    confidence: float | None = None

    @field_validator("start_s", "end_s", mode="before")
    @classmethod
    def _time(cls, value: str | float) -> float:
        return _parsed(value)


class AnsweredSpan(AnswerPart):
    """One occurrence of an element on the clip's clock."""

    start_s: float
    end_s: float
    presence: Presence = "shown"
    text: str = ""
    """The words that name it, where it was said or read."""

    @field_validator("start_s", "end_s", mode="before")
    @classmethod
    def _time(cls, value: str | float) -> float:
        return _parsed(value)


class AnsweredElement(AnswerPart):
    """A piece of equipment, an object or a topic."""

    kind: ElementKind
    name: str = Field(min_length=1)
    category: str = ""
    spans: list[AnsweredSpan] = []
    confidence: float | None = None


class Answer(AnswerPart):
    """What any call may return; parts that were not asked for stay empty."""

    summary: str = ""
    summary_quotes: list[Quote] = []
    chapters: list[AnsweredChapter] = []
    elements: list[AnsweredElement] = []


def answer_schema(task: Task, find: Collection[str]) -> dict[str, Any]:
    """The JSON schema sent to a model: only the parts that were asked for.

    Times are numbers of seconds. `additionalProperties` is left out: Nova's tool schemas take
    `type`, `properties` and `required` at the top level only.

    Example:
        >>> sorted(answer_schema("combine", ["summary"])["properties"])
        ['summary']
    """
    properties: dict[str, Any] = {}
    if "summary" in find or task == "combine":
        properties["summary"] = {"type": "string", "description": "What the media show and say."}
    if task == "analyse_chunk" and "chapters" in find:
        properties["chapters"] = {
            "type": "array",
            "description": "Chapters in order, without gaps, in seconds of this clip.",
            "items": {
                "type": "object",
                "properties": {
                    "title": {"type": "string", "minLength": 1},
                    "start_s": {"type": "number", "minimum": 0},
                    "end_s": {"type": "number", "minimum": 0},
                    "summary": {"type": "string"},
                },
                "required": ["title", "start_s", "end_s", "summary"],
            },
        }
    kinds = [
        kind
        for plural, kind in (("equipment", "equipment"), ("objects", "object"), ("topics", "topic"))
        if plural in find
    ]
    if task != "combine" and kinds:
        element: dict[str, Any] = {
            "kind": {"type": "string", "enum": kinds},
            "name": {"type": "string", "minLength": 1},
            "category": {"type": "string"},
        }
        if task == "analyse_chunk":
            element["spans"] = {
                "type": "array",
                "description": "Each time it is shown or said, in seconds of this clip.",
                "items": {
                    "type": "object",
                    "properties": {
                        "start_s": {"type": "number", "minimum": 0},
                        "end_s": {"type": "number", "minimum": 0},
                        "presence": {"type": "string", "enum": ["shown", "said", "both"]},
                    },
                    "required": ["start_s", "end_s", "presence"],
                },
            }
        properties["elements"] = {
            "type": "array",
            "items": {
                "type": "object",
                "properties": element,
                "required": ["kind", "name"] + (["spans"] if "spans" in element else []),
            },
        }
    return {"type": "object", "properties": properties, "required": list(properties)}

"""The form of a model's answer, the same for every engine.

Schemas are shallow and hold only what was asked for. Times in an answer are seconds on the clock
of the clip that was sent; `Chunk.to_video_time` turns them into the video's.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workbench.analysis.fields import Field as AskedField
from workbench.analysis.fields import value_schema
from workbench.backends.protocol import Task
from workbench.errors import RequestError
from workbench.media.timecode import parse_time
from workbench.speech.letters import drawn

Presence = Literal["shown", "said", "both"]
ElementKind = Literal["equipment", "object", "topic"]
DetectionKind = Literal["shots", "cues", "text", "faces", "moderation"]

NAMES = frozenset({"title", "name", "category"})
"""Texts of one line."""


def _parsed(value: str | float) -> float:
    """A time as models write it; pydantic reports only a ValueError as a bad answer."""
    try:
        return parse_time(value)
    except (RequestError, TypeError) as error:
        raise ValueError(str(error)) from None


def _drawn(value: Any, *, is_name: bool) -> Any:
    """A text as a reader sees it, a name on one line; everything else as it is."""
    if isinstance(value, list):
        return [drawn(each) if isinstance(each, str) else each for each in value]
    if not isinstance(value, str):
        return value
    return drawn(" ".join(value.split()) if is_name else value)


class AnswerPart(BaseModel):
    """Common rules: unknown fields are ignored, since models add remarks.

    Letters that are not drawn are left out: they steer terminals and turn the words beside them.
    """

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _only_drawn(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {name: _drawn(value, is_name=name in NAMES) for name, value in data.items()}


class WithValues(AnswerPart):
    """A part that fields are answered in: each is a property of its own, so the form stays shallow."""

    model_config = ConfigDict(extra="allow")

    @property
    def values(self) -> dict[str, Any]:
        """Answers to fields by name, and whatever a model remarks beside them."""
        return self.model_extra or {}


class Quote(AnswerPart):
    """A stretch of the source that a statement rests on."""

    start_s: float
    end_s: float
    text: str = ""
    kind: Literal["transcript", "screen_text", "shot"] = "transcript"


class AnsweredChapter(WithValues):
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


class DetectedSpan(AnswerPart):
    """One stretch of a detection on the clip's clock."""

    start_s: float
    end_s: float


class AnsweredDetection(AnswerPart):
    """What a detector reports as it is: a shot, a cue, a line of text, faces, a moderation label."""

    kind: DetectionKind
    name: str = Field(min_length=1)
    category: str = ""
    spans: list[DetectedSpan] = []
    confidence: float | None = None
    most_at_once: int = 0


class Answer(WithValues):
    """What any call may return; parts that were not asked for stay empty."""

    summary: str = ""
    summary_quotes: list[Quote] = []
    chapters: list[AnsweredChapter] = []
    elements: list[AnsweredElement] = []
    detections: list[AnsweredDetection] = []


def answer_schema(
    task: Task, find: Collection[str], fields: Sequence[AskedField] = ()
) -> dict[str, Any]:
    """The JSON schema sent to a model: only the parts that were asked for.

    Args:
        task: What the model is asked to do.
        find: What it looks for.
        fields: Questions of the user's own. They are never required: an answer that is not known
            is left out.

    Times are numbers of seconds. `additionalProperties` is left out: Nova's tool schemas take
    `type`, `properties` and `required` at the top level only.

    Example:
        >>> sorted(answer_schema("combine", ["summary"])["properties"])
        ['summary']
    """
    properties: dict[str, Any] = {}
    if "summary" in find or (task == "combine" and not fields):
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
                    **_values(field for field in fields if field.per == "chapter"),
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
    required = list(properties)
    # A list is united from the parts' lists: nothing is left to decide.
    properties |= _values(
        f for f in fields if f.per == "video" and (task != "combine" or f.type != "list")
    )
    return {"type": "object", "properties": properties, "required": required}


def schema_of_several(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The form of an answer about several pictures: a list of answers, each with its number.

    Nothing is said about how many there are and which numbers they have: what is missing or named
    wrongly is asked about alone, and the rest of the answer is good.

    Args:
        schema: The form of the answer about one.
    """
    number = {"type": "integer", "description": "Number of the picture, from 1."}
    item = {
        "type": "object",
        "properties": {"number": number, **schema["properties"]},
        "required": ["number", *schema["required"]],
    }
    pictures = {
        "type": "array",
        "description": "One entry for each picture, in their order.",
        "items": item,
    }
    return {"type": "object", "properties": {"pictures": pictures}, "required": ["pictures"]}


def _values(fields: Iterable[AskedField]) -> dict[str, Any]:
    return {field.name: value_schema(field) for field in fields}

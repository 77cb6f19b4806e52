"""Questions of the user's own: defined once, answered as typed columns.

A field is asked about a whole recording or picture, or about every chapter. An answer that is not
known stays empty; none is ever made up, and an engine that reads no questions leaves them all.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from workbench.errors import RequestError

FieldType = Literal["text", "number", "yes_no", "choice", "list"]
FieldPer = Literal["video", "chapter"]
Value = str | float | bool | tuple[str, ...] | None
"""An answer: words, a number without its unit, yes or no, one of the choices, a list; None is
"not known"."""

MOST_FIELDS = 20
MOST_CHOICES = 20
CHOICE_LETTERS = 60

ANSWERING_ENGINES = frozenset({"nova"})
"""Engines that read questions. The others measure, and would have to guess."""

# fmt: off
RESERVED = frozenset({
    "summary", "summary_quotes", "chapters", "elements",
    "title", "start_s", "end_s", "quotes", "confidence", "number", "start", "end", "duration",
    "file", "not_known", "asset_id", "analysis_id", "analysed_by", "analysed_at",
})
# fmt: on
"""Names that the parts of an answer and the other columns of tables have."""

FORM = "NAME:TYPE:PER:QUESTION"
FORM_HINT = (
    f"write {FORM}, as in --field 'pressure:number:chapter:What does the gauge show, in bar?'; "
    "TYPE is text, number, yes_no, list or choice=A|B|C, PER is video or chapter"
)


class Field(BaseModel):
    """One question with the column its answers go into.

    Raises:
        pydantic.ValidationError: A part is out of range, or does not fit the others.

    Example:
        >>> Field(name="maker", ask="Who made the pump?").type
        'text'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # ASCII only: it is a property of a tool's schema, for which no service promises more.
    name: str = pydantic.Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)
    """The column's name: letters, digits and _, at most 40."""
    ask: str = pydantic.Field(min_length=1, max_length=300)
    """The question, at most 300 letters."""
    type: FieldType = "text"
    choices: tuple[str, ...] = pydantic.Field(default=(), max_length=MOST_CHOICES)
    """What a `choice` may be; the answer is exactly one of them."""
    per: FieldPer = "video"
    """`video`: one answer for each file, also for pictures and sound; `chapter`: one for each."""

    @model_validator(mode="before")
    @classmethod
    def _trimmed(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {key: v.strip() if isinstance(v, str) else v for key, v in given.items()}

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.name.casefold() in RESERVED:
            raise ValueError(f"the name {self.name!r} is taken; try my_{self.name}")
        if self.type != "choice" and self.choices:
            raise ValueError(f"{self.name}: only a field of type choice has choices")
        if self.type == "choice":
            different = {choice.strip().casefold() for choice in self.choices} - {""}
            if len(different) < 2 or len(different) < len(self.choices):
                raise ValueError(f"{self.name}: name at least two choices, all different")
            if any(len(choice) > CHOICE_LETTERS for choice in self.choices):
                raise ValueError(f"{self.name}: a choice has at most {CHOICE_LETTERS} letters")
        return self


def checked_fields(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The same fields, if they can be asked together.

    Raises:
        ValueError: Two have one name; case does not count.
    """
    names = [field.name.casefold() for field in fields]
    twice = [field.name for field in fields if names.count(field.name.casefold()) > 1]
    if twice:
        raise ValueError(f"two fields are called {twice[0]!r}")
    return fields


def value_schema(field: Field) -> dict[str, Any]:
    """The JSON schema of an answer. It is no required property: left out is "not known".

    Example:
        >>> value_schema(Field(name="is_new", ask="Is it new?", type="yes_no"))
        {'type': 'boolean', 'description': 'true for yes. Left out when not known.'}
    """
    kinds: dict[FieldType, tuple[dict[str, Any], str]] = {
        "text": ({"type": "string"}, "A few words."),
        "number": ({"type": "number"}, "A number without its unit."),
        "yes_no": ({"type": "boolean"}, "true for yes."),
        "choice": ({"type": "string", "enum": list(field.choices)}, "One of these."),
        "list": ({"type": "array", "items": {"type": "string"}}, "Each one apart."),
    }
    schema, words = kinds[field.type]
    return {**schema, "description": f"{words} Left out when not known."}


def value_of(field: Field, given: Any) -> Value:
    """An answer as a value of its column; None if there is none, or it is of another kind.

    Example:
        >>> value_of(Field(name="n", ask="How many?", type="number"), 3)
        3.0
        >>> value_of(Field(name="tools", ask="Which?", type="list"), ["saw", " Saw", "file"])
        ('saw', 'file')
    """
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if field.type == "text" and isinstance(given, str):
        return given.strip() or None
    if field.type == "number" and is_number and math.isfinite(given):
        return float(given)
    if field.type == "yes_no" and isinstance(given, bool):
        return given
    if field.type == "choice" and given in field.choices:
        return str(given)
    if field.type == "list" and isinstance(given, list | tuple):
        return united(str(each) for each in given if isinstance(each, str)) or None
    return None


def united(items: Iterable[str]) -> tuple[str, ...]:
    """Each item once, in order, without empty ones; case does not count."""
    found: dict[str, str] = {}
    for item in items:
        if words := " ".join(item.split()):
            found.setdefault(words.casefold(), words)
    return tuple(found.values())


def value_words(value: Value) -> str:
    """An answer for people.

    Example:
        >>> [value_words(each) for each in (None, True, 12.0, 0.5, ("saw", "file"), "worn")]
        ['not known', 'yes', '12', '0.5', 'saw, file', 'worn']
    """
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def unanswered(fields: Sequence[Field], engine: str, engine_name: str) -> tuple[str, ...]:
    """What to tell the reader when an engine reads no questions; nothing if it does.

    Example:
        >>> unanswered([Field(name="maker", ask="Who made it?")], "local", "Local engine")
        ('Local engine reads no questions: maker is not asked, and its column stays empty.',)
    """
    if not fields or engine in ANSWERING_ENGINES:
        return ()
    names = ", ".join(field.name for field in fields)
    said = "is not asked, and its column stays" if len(fields) == 1 else (
        "are not asked, and their columns stay"
    )  # fmt: skip
    return (f"{engine_name} reads no questions: {names} {said} empty.",)


def field_of_words(words: str) -> Field:
    """Read a field as it is typed: `NAME:TYPE:PER:QUESTION`.

    Raises:
        RequestError: It is not written so, or a part is out of range.

    Example:
        >>> field = field_of_words("wear:choice=none|light|heavy:chapter:How worn is it?")
        >>> field.type, field.choices, field.per
        ('choice', ('none', 'light', 'heavy'), 'chapter')
    """
    parts = words.split(":", 3)
    if len(parts) < 4:
        raise RequestError(f"{words!r} is no field", hint=FORM_HINT)
    name, kind, per, ask = (part.strip() for part in parts)
    kind, _, choices = kind.partition("=")
    given = {"name": name, "type": kind, "per": per, "ask": ask}
    if choices:
        given["choices"] = tuple(choice.strip() for choice in choices.split("|"))  # type: ignore[assignment]
    try:
        return Field.model_validate(given)
    except ValidationError as error:
        raise RequestError(f"{words!r} is no field: {first_fault(error)}", hint=FORM_HINT) from None


def fields_of_file(path: Path) -> tuple[Field, ...]:
    """Read fields from a JSON file: a list of objects with `name`, `ask`, `type`, `choices`, `per`.

    Raises:
        RequestError: It cannot be read, or holds something else.
    """
    hint = 'it holds a list such as [{"name": "maker", "ask": "Who made the pump?"}]'
    try:
        return TypeAdapter(tuple[Field, ...]).validate_json(path.read_bytes())
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}", hint=hint) from None
    except ValidationError as error:
        raise RequestError(f"{path} holds no fields: {first_fault(error)}", hint=hint) from None


def fields_text(fields: Sequence[Field]) -> str:
    """Fields as such a file, to keep and use again."""
    return json.dumps([field.model_dump() for field in fields], ensure_ascii=False, indent=2)


def first_fault(error: ValidationError) -> str:
    """The first thing that is wrong, in words."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message

"""Dataclasses to JSON and back, the same way everywhere.

Everything that is kept, cached or sent between processes goes through these two functions, so a
`Fraction`, a `Decimal`, a `Path` and a nested span read back as what they were.
"""

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter

Kept = TypeVar("Kept")


_adapter: Callable[[Any], TypeAdapter[Any]] = functools.lru_cache(maxsize=256)(TypeAdapter)


def to_jsonable(value: object) -> Any:
    """Turn a dataclass or pydantic model into plain lists, dicts, strings and numbers."""
    return _adapter(type(value)).dump_python(value, mode="json")


def to_json(value: object, *, indent: int | None = None) -> str:
    """Turn a dataclass or pydantic model into JSON text, keys in the order of their fields."""
    return json.dumps(to_jsonable(value), ensure_ascii=False, indent=indent)


def from_jsonable(kind: type[Kept], data: object) -> Kept:
    """Rebuild a value of `kind` from what `to_jsonable` gave.

    Raises:
        pydantic.ValidationError: The data does not fit the type.
    """
    return _adapter(kind).validate_python(data)  # type: ignore[no-any-return]


def from_json(kind: type[Kept], text: str | bytes) -> Kept:
    """Rebuild a value of `kind` from JSON text.

    Raises:
        pydantic.ValidationError: The text is not JSON, or does not fit the type.
    """
    return _adapter(kind).validate_json(text)  # type: ignore[no-any-return]

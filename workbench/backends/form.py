"""Check that a model's answer has the form it was asked for.

Slips that leave no doubt are put right: JSON inside a string, a number or a time written as words,
yes for true, other case in a choice, null or "not known" for something optional. Everything else is a problem, told in a
sentence that can be sent back to the model.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.errors import RequestError
from workbench.media.timecode import parse_time

MOST_PROBLEMS = 10
"""More than this many sentences help nobody."""

NOT_KNOWN = frozenset({"null", "not known", "unknown", "n/a", "not stated", "not mentioned"})
"""What models write instead of leaving something out."""

_YES_NO = {"true": True, "yes": True, "false": False, "no": False}

_FENCE = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL)


def fitted(value: Any, schema: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """Fit an answer to its schema.

    Args:
        value: What the model gave.
        schema: JSON schema of which `type`, `properties`, `required`, `items`, `enum`, `minimum`
            and `minLength` are read.

    Returns:
        The answer with its slips put right, and what is still wrong with it: empty if nothing is.

    Example:
        >>> schema = {"type": "object", "required": ["at_s"],
        ...           "properties": {"at_s": {"type": "number"}}}
        >>> fitted({"at_s": "1:12"}, schema)
        ({'at_s': 72.0}, ())
        >>> fitted({}, schema)[1]
        ('the answer has no `at_s`',)
    """
    problems: list[str] = []
    value = _fit(value, schema, "the answer", problems)
    return value, tuple(problems[:MOST_PROBLEMS])


def whole_letters(value: Any) -> Any:
    r"""What a model gave, with a question mark for each half of a letter.

    A model that is cut inside an emoji leaves half of it, which no file and no catalog can hold.

    Example:
        >>> whole_letters({"title": "A pump \ud83d"})
        {'title': 'A pump ?'}
    """
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def json_in_text(text: str) -> Any | None:
    """Find the JSON object in what should have been JSON only; None if there is none.

    Example:
        >>> json_in_text('Here it is: {"summary": "A pump."}')
        {'summary': 'A pump.'}
    """
    fenced = _FENCE.search(text)
    candidates = [text, *([fenced.group(1)] if fenced else []), _braced(text)]
    for candidate in candidates:
        found = _loaded(candidate)
        if isinstance(found, dict):
            return found
    return None


def _braced(text: str) -> str:
    return text[text.find("{") : text.rfind("}") + 1]


def _loaded(text: str) -> Any | None:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _fit(value: Any, schema: Mapping[str, Any], where: str, problems: list[str]) -> Any:
    kind = schema.get("type")
    if kind in {"object", "array"} and isinstance(value, str):
        # Nova sometimes gives a nested list as a string that holds JSON.
        value = _loaded(value) if _loaded(value) is not None else value
    if kind == "object":
        return _fit_object(value, schema, where, problems)
    if kind == "array":
        return _fit_array(value, schema, where, problems)
    if kind in {"number", "integer"}:
        # Only a property of seconds is a time: elsewhere 10:1 is no number.
        value = _fit_number(value, kind, where, problems, is_time=where.rstrip("`").endswith("_s"))
        _check_least(value, schema, where, problems)
        return value
    if kind == "boolean":
        value = _YES_NO.get(_words(value), value)
        if not isinstance(value, bool):
            problems.append(f"{where} is not true or false")
    if kind == "string":
        value = _fit_string(value, where, problems)
        _check_least(value, schema, where, problems)
    return _fit_choice(value, schema.get("enum"), where, problems)


def _fit_object(value: Any, schema: Mapping[str, Any], where: str, problems: list[str]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(f"{where} is not an object")
        return value
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = schema.get("required", ())
    fit = {}
    for name, given in value.items():
        inner = properties.get(name)
        if inner is not None and name not in required and _is_not_known(given, inner):
            continue
        fit[name] = given if inner is None else _fit(given, inner, _at(where, name), problems)
    problems.extend(f"{where} has no `{name}`" for name in required if name not in fit)
    return fit


def _words(value: Any) -> str:
    return value.strip().rstrip(".").casefold() if isinstance(value, str) else ""


def _is_not_known(value: Any, schema: Mapping[str, Any]) -> bool:
    if value is None:
        return True
    if not isinstance(value, str):
        return False
    if not value.strip():
        return schema.get("type") != "string" or "enum" in schema
    return _words(value) in NOT_KNOWN - {_words(choice) for choice in schema.get("enum", ())}


def _fit_array(value: Any, schema: Mapping[str, Any], where: str, problems: list[str]) -> Any:
    items = schema.get("items", {})
    if isinstance(value, Mapping) and items.get("type") == "object":
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str):
        problems.append(f"{where} is not a list")
        return value
    return [_fit(item, items, f"{where}[{index}]", problems) for index, item in enumerate(value)]


def _fit_number(value: Any, kind: str, where: str, problems: list[str], *, is_time: bool) -> Any:
    if isinstance(value, str):
        try:
            value = float(value) if _is_plain(value) or not is_time else parse_time(value)
        except (RequestError, ValueError):
            problems.append(
                f"{where} is not a number"
                + ("" if is_time else f": {value!r}; give the number alone, without its unit")
            )
            return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        problems.append(f"{where} is not a number")
        return value
    if kind == "integer":
        if value != int(value):
            problems.append(f"{where} is not a whole number")
            return value
        return int(value)
    return value


def _check_least(value: Any, schema: Mapping[str, Any], where: str, problems: list[str]) -> None:
    least, shortest = schema.get("minimum"), schema.get("minLength", 0)
    if least is not None and isinstance(value, int | float) and value < least:
        problems.append(f"{where} is {value}; it has to be at least {least}")
    if isinstance(value, str) and len(value.strip()) < shortest:
        problems.append(f"{where} is too short")


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text) is not None


def _fit_string(value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        problems.append(f"{where} is not a text")
    return value


def _fit_choice(value: Any, choices: Any, where: str, problems: list[str]) -> Any:
    if not choices or value in choices:
        return value
    if isinstance(value, str):
        for choice in choices:
            if isinstance(choice, str) and choice.casefold() == value.strip().casefold():
                return choice
    problems.append(f"{where} is {value!r}; it has to be one of {', '.join(map(str, choices))}")
    return value


def _at(where: str, name: str) -> str:
    return f"`{name}`" if where == "the answer" else f"{where}.{name}"

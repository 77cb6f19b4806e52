"""Plausible answers to analyse requests, made from nothing but the request itself.

The same request has the same answer. Chapters start at whole minutes of the source's clock, where
the prompt tells it, so that overlapping chunks agree on them; in short recordings every ten seconds.
"""

import itertools
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.support.bedrock_rules import Received, ReceivedMedia
from tests.support.film_answers import film_answer

CHAPTER_S = 60.0
CHAPTER_OF_SHORT_S = 10.0
SHORT_S = 120.0

_THINGS = {
    "equipment": (
        "pump", "valve", "seal", "bearing", "motor", "gauge", "compressor", "filter", "shaft",
        "pipe", "camera", "drill", "crane", "turbine",
    ),
    "object": ("door", "table", "book", "car", "tree", "floor", "cloth", "map", "chair"),
    "topic": ("safety", "maintenance", "pressure", "water", "research", "music", "history"),
}  # fmt: skip
_OWN = {"summary", "chapters", "elements", "title", "start_s", "end_s"}
"""Properties that every answer has, whatever is asked beside them."""

_TIMED = re.compile(r"^\[(\d+)(?: to (\d+))?\] (.+)$", re.MULTILINE)
_TOTAL = re.compile(r"\d to [\d:]+ of ((?:[\d.]+ (?:h|min|s)\b ?)+)")
_AMOUNT = re.compile(r"([\d.]+) (h|min|s)\b")
_PARTS = re.compile(r"^\d+:\d\d(?::\d\d)? to \d+:\d\d(?::\d\d)?: ", re.MULTILINE)
_PART = re.compile(r": (\d+:\d\d(?::\d\d)?) to (\d+:\d\d(?::\d\d)?) of")


def answer_to(request: Received) -> dict[str, Any]:
    """Answer in the form of the schema."""
    properties = request.schema.get("properties", {})
    if (of_film := film_answer(request)) is not None:
        return of_film
    if "pictures" in properties:
        entries = enumerate(request.media, start=1)
        return {"pictures": [_about(request, number, media) for number, media in entries]}
    known: dict[str, Any] = {}
    if "chapters" in properties:
        known["chapters"] = _chapters(request, properties["chapters"]["items"]["properties"])
    if "elements" in properties:
        known["elements"] = _elements(request, properties["elements"]["items"])
    if "summary" in properties:
        known["summary"] = _summary(request, known.get("chapters", []))
    known |= _values(properties, [text for _, text in _said(request.prompt)], request.prompt)
    required = request.schema.get("required", ())
    return {
        name: known[name] if name in known else _smallest(schema)
        for name, schema in properties.items()
        if name in known or name in required
    }


def _about(request: Received, number: int, picture: ReceivedMedia) -> dict[str, Any]:
    """The answer about one picture among several, from what is said of it and nothing else."""
    words = re.search(
        rf"^Image {number} is called .*?(?=^Image {number + 1} is called |\Z)",
        request.prompt,
        re.MULTILINE | re.DOTALL,
    )
    schema = request.schema["properties"]["pictures"]["items"]
    alone = replace(
        request,
        media=(picture,),
        texts=(words.group() if words else "",),
        schema={
            **schema,
            "properties": {k: v for k, v in schema["properties"].items() if k != "number"},
            "required": [name for name in schema["required"] if name != "number"],
        },
    )
    return {"number": number, **answer_to(alone)}


def lying(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> Callable[[Received], dict[str, Any]]:
    """Answers about several pictures as something makes of the right entries; others as usual."""

    def answer(request: Received) -> dict[str, Any]:
        told = answer_to(request)
        return {"pictures": change(told["pictures"])} if "pictures" in told else told

    return answer


def _values(properties: dict[str, Any], lines: list[str], prompt: str = "") -> dict[str, Any]:
    """Answers to the reader's own questions: what the words tell, and nothing where they do not.

    A call without lines gets what the parts before it answered, `name: value`.
    """
    return {
        name: value
        for name, schema in properties.items()
        if name not in _OWN
        and (value := _value(schema, lines or _answered(name, prompt))) is not None
    }


def _answered(name: str, prompt: str) -> list[str]:
    before = r"(?:^[\d:]+ to [\d:]+: |\| )"
    told = re.findall(rf"{before}{name}: ([^|\n]+)", prompt, re.MULTILINE)
    return [value.strip() for value in told if value.strip() != "not known"]


def _value(schema: dict[str, Any], lines: list[str]) -> Any:
    words = " ".join(lines).lower()
    kind = schema.get("type")
    if "enum" in schema:
        return next((choice for choice in schema["enum"] if choice.lower() in words), None)
    if kind in {"number", "integer"}:
        found = re.search(r"\d+(?:\.\d+)?", words)
        return float(found.group()) if found else None
    if kind == "boolean":
        return "no" not in words.split() if words else None
    if kind == "array":
        named = [thing for things in _THINGS.values() for thing in things if thing in words]
        return named or None
    return lines[0] if lines else None


def _length_s(request: Received) -> float:
    if request.video:
        return request.video.duration_s
    start_s, end_s = _part_s(request.prompt)
    return end_s - start_s


def _part_s(prompt: str) -> tuple[float, float]:
    """From when to when on the source's clock, as the prompt tells it; zeros if it does not."""
    found = _PART.search(prompt)
    return (_seconds(found.group(1)), _seconds(found.group(2))) if found else (0.0, 0.0)


def _chapter_s(prompt: str, length_s: float) -> float:
    """Length of a chapter: by the length of the whole recording, which all its chunks tell."""
    told = _TOTAL.search(prompt)
    total = length_s
    if told:
        units = {"h": 3600.0, "min": 60.0, "s": 1.0}
        total = sum(float(n) * units[unit] for n, unit in _AMOUNT.findall(told.group(1)))
    return CHAPTER_OF_SHORT_S if total < SHORT_S else CHAPTER_S


def _seconds(clock: str) -> float:
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def _said(prompt: str) -> list[tuple[float, str]]:
    return [(float(at), text) for at, _, text in _TIMED.findall(prompt)]


def _chapters(request: Received, item: dict[str, Any]) -> list[dict[str, Any]]:
    length_s, offset_s = _length_s(request), _part_s(request.prompt)[0]
    lines = _said(request.prompt)
    chapter_s = _chapter_s(request.prompt, length_s)
    first = math.floor(offset_s / chapter_s)
    starts = [0.0]
    number = first + 1
    while number * chapter_s - offset_s < length_s - 1:
        starts.append(number * chapter_s - offset_s)
        number += 1
    chapters = []
    for index, (start, end) in enumerate(itertools.pairwise([*starts, length_s])):
        said = [text for at, text in lines if start <= at < end]
        words = said[0] if said else "what is shown"
        name = " ".join(re.findall(r"[^\W\d_]+", words)[:5]).capitalize() or "What is shown"
        chapters.append(
            {
                "title": f"{first + index + 1}. {name}",
                "start_s": round(start, 3),
                "end_s": round(end, 3),
                "summary": f"It begins with: {words}",
                **_values(item, said),
            }
        )
    return chapters


def _elements(request: Received, item: dict[str, Any]) -> list[dict[str, Any]]:
    has_spans = "spans" in item["properties"]
    length_s = _length_s(request)
    lines = _said(request.prompt)
    elements = []
    for kind in item["properties"]["kind"]["enum"]:
        named = [
            name
            for name in _THINGS[kind]
            if re.search(rf"\b{name}s?\b", request.prompt, re.IGNORECASE)
        ]
        for name in named or [_THINGS[kind][0]]:
            element: dict[str, Any] = {
                "kind": kind,
                "name": name,
                "category": f"{kind} of the test",
            }
            if has_spans:
                said = [
                    {"start_s": at, "end_s": min(length_s, at + 4), "presence": "said"}
                    for at, text in lines
                    if name in text.lower() and at < length_s
                ]
                shown = {"start_s": 0, "end_s": round(length_s / 4, 3), "presence": "shown"}
                element["spans"] = [shown, *said[:5]]
            elements.append(element)
    return elements


def _summary(request: Received, chapters: list[dict[str, Any]]) -> str:
    video, pictures = request.video, [m for m in request.media if m.kind == "image"]
    if video:
        titles = ", ".join(chapter["title"] for chapter in chapters)
        return (
            f"A clip of {video.duration_s:.0f} s at {_size(video)}. It holds: {titles or 'shots'}."
        )
    if pictures:
        return f"A picture of {_size(pictures[0])} pixels."
    parts = len(_PARTS.findall(request.prompt))
    return f"A recording in {max(1, parts)} parts."


def _size(media: ReceivedMedia) -> str:
    return f"{media.width_px} x {media.height_px}"


def _smallest(schema: dict[str, Any]) -> Any:
    """The smallest value that a schema takes."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _smallest(properties[name]) for name in schema.get("required", ())}
    return {"array": [], "number": 0, "integer": 0, "boolean": False}.get(kind, "nothing to say")

"""Answers of a little honest model to the four stages of a film: it writes from the prompt alone.

The explanation says what was asked, the refined one keeps it, the script is made of its sentences,
and the check gives back a script with what it was told is wrong put right.
"""

import json
import re
from typing import Any

from tests.support.bedrock_rules import Received

_QUOTED = re.compile(r"^<quoted>\n(.*?)\n</quoted>$", re.MULTILINE | re.DOTALL)
_LANGUAGES = (("ja", r"[\u3040-\u30ff]"), ("de", r"\b(wie|warum|eine?|der|das)\b"))


def film_answer(request: Received) -> dict[str, Any] | None:
    """The answer to a stage of a film; None where something else is asked."""
    properties = request.schema.get("properties", {})
    texts = _QUOTED.findall(request.prompt)
    if set(properties) == {"code"}:
        return {"code": texts[0].replace("Cirle", "Circle")}
    if "changes" in properties:
        return {
            "explanation": f"{texts[1]}\n\nSo much for that: it is as simple as it can be.",
            "changes": ["A sentence was added at the end."],
        }
    if "explanation" in properties:
        return {"explanation": _explained(texts[0])}
    if "language" in properties:
        return _script(texts[1], _language(texts[0], request.prompt))
    if "problems" in properties:
        return _checked(texts[2], texts[3])
    return None


def _explained(question: str) -> str:
    about = " ".join(question.split())[:120]
    return (
        f"This is about the question {about}\n\n"
        "A seal has two rings. Water cools the rings. Without water the rings heat up.\n\n"
        "After 3 minutes the rings crack. After 9 minutes the seal leaks."
    )


def _language(question: str, prompt: str) -> str:
    if "Write in German" in prompt:
        return "de"
    found = (code for code, word in _LANGUAGES if re.search(word, question, re.IGNORECASE))
    return next(found, "en")


def _script(explanation: str, language: str) -> dict[str, Any]:
    sentences = re.findall(r"[^.。?？]+[.。?？]?", explanation.replace("\n", " "))
    told = [" ".join(sentence.split()) for sentence in sentences if sentence.strip()]
    beats: list[dict[str, Any]] = [
        {"kind": "title", "heading": "A question answered", "say": told[0]},
        {
            "kind": "chart", "heading": "Minutes", "say": "It cracks after 3 and leaks after 9 minutes.",
            "names": ["cracks", "leaks"], "values": [3, 9], "unit": "min",
        },
        {
            "kind": "plot", "heading": "Heat", "say": "The heat grows with time.",
            "names": ["heat"], "formulas": ["2*x^2"], "x_from": 0, "x_to": 9, "x_label": "minutes",
        },
        *(
            {"kind": "bullets", "heading": f"Step {number}", "say": line, "items": [line[:60]]}
            for number, line in enumerate(told[1:6], start=1)
        ),
        {"kind": "summary", "heading": "To remember", "say": told[-1], "items": [told[-1][:60]]},
    ]  # fmt: skip
    return {"title": "A question answered", "language": language, "beats": beats}


def _checked(script: str, found: str) -> dict[str, Any]:
    if found == "(nothing)":
        return {"problems": []}
    beats = [json.loads(line) for line in script.splitlines()]
    for beat in beats:
        beat.pop("beat")
    return {"problems": ["It is too short for what was asked."], "beats": beats}

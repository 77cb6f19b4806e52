"""What an OpenAI-compatible server refuses, and what it understands of a request."""

import base64
import binascii
import io
import json
import re
from typing import Any

from tests.support.bedrock_rules import HOSTED, Received, ReceivedMedia

MODELS = ("qwen3:8b", "gpt-x")

FIELDS = frozenset(
    {"model", "messages", "max_tokens", "max_completion_tokens", "temperature", "tools"}
    | {"tool_choice", "response_format", "stream"}
)


class Refused(Exception):
    """A request that the server does not take."""

    def __init__(self, message: str, param: str = "", status: int = 400, code: str = "") -> None:
        super().__init__(message)
        self.param, self.status, self.code = param, status, code


def checked(body: dict[str, Any], refuses: frozenset[str]) -> tuple[str, Received]:
    """Check a request; how it asks for a form, and what it asks.

    Raises:
        Refused: It breaks a rule, or holds what this server does not take.
    """
    if extra := set(body) - FIELDS:
        raise Refused(f"Unrecognized request argument supplied: {min(extra)}")
    if body.get("model") not in MODELS:
        told = f"The model `{body.get('model')}` does not exist"
        raise Refused(told, "model", 404, "model_not_found")
    if "max_tokens" in refuses and "max_tokens" in body:
        told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
        raise Refused(f"{told} 'max_completion_tokens' instead.", "max_tokens")
    if "temperature" in refuses and "temperature" in body:
        told = "Unsupported value: only the default (1) value is supported."
        raise Refused(told, "temperature")
    limits = [body[name] for name in ("max_tokens", "max_completion_tokens") if name in body]
    if len(limits) != 1 or not isinstance(limits[0], int) or limits[0] < 1:
        raise Refused("max_tokens has to be a whole number of at least 1", "max_tokens")
    if not 0 <= body.get("temperature", 1) <= 2:
        raise Refused("temperature has to be from 0 to 2", "temperature")
    if body.get("stream"):
        raise Refused("streams are not served here", "stream")
    system, texts, media = _turns(body.get("messages"))
    form, name, schema = _form(body, refuses)
    if form == "words":
        name, schema = "", _shown_schema(texts[-1])
    return form, Received(
        body["model"], HOSTED["amazon.nova-lite-v1:0"], media, texts, system, limits[0],
        body.get("temperature", 1), name, schema,
    )  # fmt: skip


def _form(body: dict[str, Any], refuses: frozenset[str]) -> tuple[str, str, dict[str, Any]]:
    if "tools" in body:
        if "tools" in refuses:
            raise Refused(f"library/{body['model']} does not support tools")
        schemas = dict(map(_tool, body["tools"]))
        choice = body.get("tool_choice")
        if choice == "required" and len(schemas) == 1:
            return ("any tool", *next(iter(schemas.items())))
        if "named_tool" in refuses:
            told = "Invalid tool_choice type: 'object'. Supported string values: none, auto"
            raise Refused(told)
        name = choice["function"]["name"] if isinstance(choice, dict) else ""
        if name not in schemas or choice["type"] != "function":
            raise Refused(f"tool_choice names {name!r}, which is no tool", "tool_choice")
        return "tool", name, schemas[name]
    if "tool_choice" in body:
        raise Refused("tool_choice is only allowed when tools are specified", "tool_choice")
    if "response_format" in body:
        if "response_format" in refuses:
            raise Refused("This response_format type is unavailable now", "response_format")
        given = body["response_format"]
        form = given.get("json_schema") or {}
        if given.get("type") != "json_schema" or "schema" not in form:
            raise Refused("response_format needs a json_schema", "response_format")
        return "schema", _name(form.get("name")), form["schema"]
    return "words", "", {}


def _turns(messages: Any) -> tuple[str, tuple[str, ...], tuple[ReceivedMedia, ...]]:
    if not isinstance(messages, list) or not messages or messages[-1].get("role") != "user":
        raise Refused("messages has to end with one of the user", "messages")
    system, texts, media = "", [], []
    for message in messages:
        content = message.get("content")
        if message["role"] == "system":
            system = content
        elif message["role"] != "user":
            raise Refused(f"unknown role {message['role']!r}", "messages")
        elif isinstance(content, str) and content.strip():
            texts.append(content)
        elif isinstance(content, list) and content:
            for part in content:
                if part["type"] == "text":
                    texts.append(part["text"])
                else:
                    media.append(_picture(part["image_url"]["url"]))
        else:
            raise Refused("content must not be empty", "messages")
    return system, tuple(texts), tuple(media)


def _picture(url: str) -> ReceivedMedia:
    from PIL import Image

    found = re.fullmatch(r"data:image/(\w+);base64,(.+)", url)
    try:
        raw = base64.b64decode(found[2], validate=True) if found else b""
        with Image.open(io.BytesIO(raw)) as image:
            width, height, name = image.width, image.height, (image.format or "").lower()
    except (OSError, binascii.Error):
        raise Refused("Invalid image", "messages") from None
    if found is None or name != found[1]:
        raise Refused(f"The image is {name}", "messages")
    return ReceivedMedia("image", name, len(raw), width, height)


def _tool(tool: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    function = tool.get("function") or {}
    schema = function.get("parameters")
    if tool.get("type") != "function" or not isinstance(schema, dict):
        raise Refused("a tool has to be a function with parameters", "tools")
    if schema.get("type") != "object":
        raise Refused("the parameters of a function have to be an object", "tools")
    return _name(function.get("name")), schema


def _name(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        raise Refused(f"{name!r} is no name")
    return name


def _shown_schema(prompt: str) -> dict[str, Any]:
    """The schema that a prompt shows at its end; empty if it shows none."""
    try:
        schema = json.loads(prompt.rpartition("\n")[2])
    except ValueError:
        return {}
    return schema if isinstance(schema, dict) else {}

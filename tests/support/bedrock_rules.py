"""What Bedrock's Converse refuses, as far as its pages and botocore's model say.

Written from the service's side, without looking at the product's catalog: the two are compared by
the tests that send requests here.
"""

import base64
import binascii
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

BODY_LIMIT_BYTES = 25_000_000
MOST_IMAGES = 5
LONGEST_LABEL = 40
"""Letters of a text that stands before media: the guide has a file's label there, and the words of
the task last (prompting multimodal)."""
LONGEST_SIDE_PX = 8000
TOKENS_PER_FRAME = 288
MOST_FRAMES = 960
LETTERS_PER_TOKEN = 4

VIDEO_FORMATS = {"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"}
IMAGE_FORMATS = {"png", "jpeg", "gif", "webp"}
TYPES = {
    "mkv": "video/x-matroska", "mov": "video/quicktime", "mp4": "video/mp4",
    "webm": "video/webm", "flv": "video/x-flv", "mpeg": "video/mpeg", "mpg": "video/mpeg",
    "wmv": "video/x-ms-wmv", "three_gp": "video/3gpp", "png": "image/png", "jpeg": "image/jpeg",
    "gif": "image/gif", "webp": "image/webp",
}  # fmt: skip
"""What an object in S3 has to be called to be read as a format."""
STAGED_LIMIT_BYTES = 1_000_000_000

ReadS3 = Callable[[str], tuple[bytes, str]]
"""Address in S3 → bytes and Content-Type; KeyError where there is nothing."""


class Refusal(Exception):
    """The service's own error: an error type, a status and a message."""

    def __init__(self, message: str, kind: str = "ValidationException", status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


@dataclass(frozen=True)
class Hosted:
    """A model as the service hosts it."""

    profiles: tuple[str, ...]
    """Prefixes it may be called by; "" is the bare id."""
    media: frozenset[str]
    most_output_tokens: int
    window_tokens: int
    image_tokens: int = 1300
    has_ended: bool = False
    most_frames: int = MOST_FRAMES
    """Frames it looks at in a clip, one for each second until then."""


SEEING = frozenset({"image", "video"})
HOSTED = {
    "amazon.nova-micro-v1:0": Hosted(("", "us", "eu", "apac"), frozenset(), 5000, 128_000),
    "amazon.nova-lite-v1:0": Hosted(("", "us", "eu", "apac"), SEEING, 5000, 300_000),
    "amazon.nova-pro-v1:0": Hosted(("", "us", "eu", "apac"), SEEING, 5000, 300_000),
    "amazon.nova-premier-v1:0": Hosted(("us",), SEEING, 25_000, 1_000_000, has_ended=True),
    "amazon.nova-2-lite-v1:0": Hosted(
        ("us", "eu", "jp", "global"), SEEING, 64_000, 1_000_000, image_tokens=230
    ),
}


@dataclass(frozen=True)
class ReceivedMedia:
    """A file as it came in."""

    kind: str
    format: str
    size_bytes: int
    width_px: int
    height_px: int
    duration_s: float = 0.0
    uri: str = ""
    """Where it lay in S3; empty where it came inside of the request."""


@dataclass(frozen=True)
class Received:
    """A request that keeps all rules."""

    model_id: str
    hosted: Hosted
    media: tuple[ReceivedMedia, ...]
    texts: tuple[str, ...]
    system: str
    max_tokens: int
    temperature: float
    tool: str = ""
    """Name of the tool it is made to call; empty if none."""
    schema: dict[str, Any] = field(default_factory=dict)
    tier: str = "default"

    @property
    def prompt(self) -> str:
        """The last text of the last message."""
        return self.texts[-1] if self.texts else ""

    @property
    def video(self) -> ReceivedMedia | None:
        """The clip, if one came."""
        return next((media for media in self.media if media.kind == "video"), None)

    @property
    def frames(self) -> list[int]:
        """Frames the model looks at, in each clip: one a second, evenly spread where too many."""
        clips = (media for media in self.media if media.kind == "video")
        return [min(self.hosted.most_frames, max(1, round(clip.duration_s))) for clip in clips]

    @property
    def input_tokens(self) -> int:
        """What it is billed for."""
        letters = len(self.system) + sum(len(text) for text in self.texts)
        images = sum(1 for media in self.media if media.kind == "image")
        return (
            sum(self.frames) * TOKENS_PER_FRAME
            + images * self.hosted.image_tokens
            + letters // LETTERS_PER_TOKEN
        )


def hosted_model(model_id: str) -> Hosted:
    """Find a model by the id in the path."""
    prefix, _, rest = model_id.partition(".")
    bare, profile = (model_id, "") if prefix == "amazon" else (rest, prefix)
    hosted = HOSTED.get(bare)
    if hosted is None:
        raise Refusal("The provided model identifier is invalid.")
    if hosted.has_ended:
        raise Refusal(
            "This model version has reached the end of its life.", "ResourceNotFoundException", 404
        )
    if profile not in hosted.profiles:
        if profile == "":
            raise Refusal(
                f"Invocation of model ID {model_id} with on-demand throughput isn't supported. Retry "
                "with the ID or ARN of an inference profile that contains this model."
            )
        raise Refusal("The provided model identifier is invalid.")
    return hosted


def checked(model_id: str, body: dict[str, Any], read_s3: ReadS3 | None = None) -> Received:
    """Check a Converse body; media in S3 are opened by `read_s3`.

    Raises:
        Refusal: It breaks a rule.
    """
    hosted = hosted_model(model_id)
    for name in ("outputConfig", "guardrailConfig"):
        if name in body:
            raise Refusal(f"{name} is not supported by this model.")
    messages = body.get("messages") or []
    _check_turns(messages)
    media: list[ReceivedMedia] = []
    texts: list[str] = []
    for message in messages:
        kinds = [
            _checked_block(block, hosted, media, texts, read_s3) for block in message["content"]
        ]
        if message["role"] == "user" and kinds[-1] not in {"text", "toolResult"}:
            raise Refusal("The text block has to come last, after all media.")
        last = max((place for place, kind in enumerate(kinds) if kind in SEEING), default=0)
        if any(len(block.get("text", "")) > LONGEST_LABEL for block in message["content"][:last]):
            raise Refusal("Only a short label may stand before media.")
    if sum(1 for m in media if m.kind == "video") > 1:
        raise Refusal("Only one video is supported per request.")
    if sum(1 for m in media if m.kind == "image") > MOST_IMAGES:
        raise Refusal(f"At most {MOST_IMAGES} images can be sent inline.")
    settings = body.get("inferenceConfig") or {}
    tool, schema = _forced_tool(body.get("toolConfig"))
    received = Received(
        model_id,
        hosted,
        tuple(media),
        tuple(texts),
        "\n".join(block["text"] for block in body.get("system") or ()),
        _within("maxTokens", settings.get("maxTokens", 4096), 1, hosted.most_output_tokens),
        _within("temperature", settings.get("temperature", 0.7), 0, 1),
        tool,
        schema,
        (body.get("serviceTier") or {}).get("type", "default"),
    )
    if received.input_tokens + received.max_tokens > hosted.window_tokens:
        raise Refusal("Input is too long for requested model.")
    return received


def _check_turns(messages: list[dict[str, Any]]) -> None:
    if not messages:
        raise Refusal("messages must not be empty.")
    for index, message in enumerate(messages):
        if message.get("role") != ("user", "assistant")[index % 2]:
            raise Refusal("Roles must alternate, starting with user.")
        if not message.get("content"):
            raise Refusal(f"The content field in message {index} is empty.")
    if messages[-1]["role"] != "user":
        raise Refusal("The conversation must end with a user message.")


def _checked_block(
    block: dict[str, Any],
    hosted: Hosted,
    media: list[ReceivedMedia],
    texts: list[str],
    read_s3: ReadS3 | None,
) -> str:
    if len(block) != 1:
        raise Refusal("A content block holds exactly one kind of content.")
    ((kind, value),) = block.items()
    if kind == "text":
        if not value.strip():
            raise Refusal("The text field in the content block is blank.")
        texts.append(value)
    elif kind in SEEING:
        if kind not in hosted.media:
            raise Refusal(f"This model doesn't support the {kind} content block.")
        media.append(_checked_media(kind, value, read_s3))
    elif kind not in {"toolUse", "toolResult", "document"}:
        raise Refusal(f"Unknown content block {kind}.")
    return kind


def _checked_media(kind: str, value: dict[str, Any], read_s3: ReadS3 | None) -> ReceivedMedia:
    known = VIDEO_FORMATS if kind == "video" else IMAGE_FORMATS
    if value.get("format") not in known:
        raise Refusal(f"{kind} format {value.get('format')!r} is not one of {sorted(known)}.")
    source = value.get("source") or {}
    opened = _opened_video if kind == "video" else _opened_image
    if set(source) == {"s3Location"}:
        uri = source["s3Location"].get("uri", "")
        raw = _staged(uri, value["format"], read_s3)
        return replace(opened(value["format"], raw), uri=uri)
    if set(source) != {"bytes"}:
        raise Refusal("The source holds either bytes or an s3Location.")
    try:
        raw = base64.b64decode(source["bytes"], validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("bytes is not base64.", "SerializationException") from None
    return opened(value["format"], raw)


def _staged(uri: str, name: str, read_s3: ReadS3 | None) -> bytes:
    if read_s3 is None:
        raise Refusal("S3 is not served here.")
    try:
        raw, content_type = read_s3(uri)
    except KeyError:
        raise Refusal(f"The object {uri} could not be read: check that it exists.") from None
    if content_type != TYPES[name]:
        raise Refusal(f"{uri} has the Content-Type {content_type}, not {TYPES[name]}.")
    if len(raw) > STAGED_LIMIT_BYTES:
        raise Refusal(f"{uri} is larger than 1 GB.")
    return raw


def _opened_video(name: str, raw: bytes) -> ReceivedMedia:
    import av

    try:
        with av.open(io.BytesIO(raw)) as container:
            stream = container.streams.video[0]
            next(container.decode(stream))
            seconds = (
                float(stream.duration * stream.time_base)
                if stream.duration
                else (container.duration or 0) / 1e6
            )
            return ReceivedMedia("video", name, len(raw), stream.width, stream.height, seconds)
    except (av.error.FFmpegError, IndexError, StopIteration):
        raise Refusal("The video could not be processed.") from None


def _opened_image(name: str, raw: bytes) -> ReceivedMedia:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(raw)) as image:
            width, height, found = image.width, image.height, (image.format or "").lower()
    except (OSError, Image.DecompressionBombError):
        raise Refusal("Could not process image.") from None
    if found != name:
        raise Refusal(f"The image is {found}, not {name}.")
    if max(width, height) > LONGEST_SIDE_PX:
        raise Refusal(f"An image may have {LONGEST_SIDE_PX} pixels on a side.")
    return ReceivedMedia("image", name, len(raw), width, height)


def _forced_tool(config: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
    if config is None:
        return "", {}
    schemas: dict[str, dict[str, Any]] = {}
    for tool in config.get("tools") or ():
        spec = tool["toolSpec"]
        schema = spec.get("inputSchema", {}).get("json")
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", spec.get("name", "")):
            raise Refusal(f"{spec.get('name')!r} is no tool name.")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise Refusal("The input schema of a tool has to be of type object.")
        if extra := set(schema) - {"type", "properties", "required"}:
            raise Refusal(f"The top level of an input schema takes no {sorted(extra)}.")
        schemas[spec["name"]] = schema
    if not schemas:
        raise Refusal("toolConfig needs at least one tool.")
    choice = config.get("toolChoice") or {}
    if "tool" not in choice:
        return "", {}
    name = choice["tool"].get("name", "")
    if name not in schemas:
        raise Refusal(f"toolChoice names {name!r}, which is not among the tools.")
    return name, schemas[name]


def _within(name: str, value: float, low: float, high: float) -> Any:
    if not low <= value <= high:
        raise Refusal(f"{name} is {value}; it has to be from {low} to {high}.")
    return value

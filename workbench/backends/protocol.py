"""The one way to ask a model something, whichever service answers.

The task and the answer's schema travel beside the prompt, so that an engine that reads no prose
can answer too. A backend turns a `ModelRequest` into a `ModelReply` or raises a `BackendError`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from workbench.backends.catalog.models import ModelInfo, Tier
from workbench.backends.usage import Usage
from workbench.errors import MediaMissing
from workbench.evidence.evidence import Evidence
from workbench.media.timecode import TimeSpan

Task = Literal[
    "analyse_chunk", "analyse_image", "combine", "transcribe", "speak",
    "explain", "refine", "script", "validate",
]  # fmt: skip


def gone(path: Path, error: OSError) -> MediaMissing:
    """Why a file that was made to be sent is not sent."""
    return MediaMissing(
        f"{path} cannot be read: {error.strerror}",
        hint="it may have been moved or deleted; run again to make it anew",
    )


@dataclass(frozen=True, slots=True)
class MediaPart:
    """A file that goes with a request."""

    kind: Literal["video", "image", "audio"]
    asset_id: str
    spec: str
    """Proxy spec it was made by; `original` for the file itself."""
    span: TimeSpan | None
    """The part of the video that is sent, on the source's clock; None for images."""
    path: Path
    format: str
    """`mp4`, `wav`, `jpeg`, `png`, `webp`, `gif` …"""
    size_bytes: int

    @property
    def identity(self) -> tuple[str, str, float, float]:
        """What the model sees, independent of where the file lies."""
        start, end = (self.span.start_s, self.span.end_s) if self.span else (0.0, 0.0)
        return self.asset_id, self.spec, start, end

    def read(self) -> bytes:
        """The bytes that are sent.

        Raises:
            MediaMissing: The file cannot be read.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise gone(self.path, error) from None


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model: task, media, words, and the form the answer must have."""

    task: Task
    model: str
    """A key of the catalog."""
    prompt: str
    schema: Mapping[str, Any]
    """JSON schema of the answer."""
    schema_name: str
    media: tuple[MediaPart, ...] = ()
    system: str = ""
    evidence: Evidence | None = None
    """Measured facts for the local engine; others get them as words in the prompt."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Task options that change the answer: summary_length, language, find."""
    max_output_tokens: int = 4000
    temperature: float = 0.0
    engine_version: str = ""
    """Version of the engine where the model key does not say it (the local one)."""
    tier: Tier = "standard"
    """Service tier it is asked at: what it costs and how long it waits, never what is answered."""

    def cache_key(self) -> str:
        """Name of this question: the same question has the same key, on any machine.

        Returns:
            64 hexadecimal digits. Covers model, prompt, schema, media identity and settings,
            and the evidence's engines; never a path, and never the tier: a question that was
            answered at one tier is not paid again at another.
        """
        said = {
            "task": self.task,
            "model": self.model,
            "engine_version": self.engine_version,
            "system": self.system,
            "prompt": self.prompt,
            "schema": self.schema,
            "media": [part.identity for part in self.media],
            "options": dict(self.options),
            "max_output_tokens": self.max_output_tokens,
            "temperature": self.temperature,
        }
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What a model answered."""

    data: dict[str, Any]
    """The answer in the asked-for form."""
    usage: Usage
    model_id: str
    """The id the service was called with; the local engine's name and version."""
    stop_reason: str
    latency_s: float
    attempts: int = 1
    tier: Tier = "standard"
    """Service tier that it was paid at."""
    shared_by: int = 1
    """Pictures its call was about; of several, this is the part of one, and so is the usage."""
    shared_key: str = ""
    """Where it is a part: the key of the whole reply, by which the ledger has the call."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether an engine or signal can be used now, and what to do if not."""

    name: str
    is_ready: bool
    finding: str
    """What was found, a short sentence."""
    hint: str = ""
    """The exact line that puts it right, if there is one."""


Settle = Callable[[int | None], None]
"""Told the tokens that a request has used, once it is answered; None when it was sent and its reply
was lost on the way: the service may have answered it, and billed it."""


class Gate(Protocol):
    """Stands before every send of a request, so that a service's limits are kept."""

    def __call__(self, tokens: int | None = None) -> Settle:
        """Wait until a request may be sent.

        Args:
            tokens: Input and reserved output of what will be sent; None for the question as it was
                ordered.

        Returns:
            What to tell the used tokens to. It is not told when the service itself says that it
            gives no answer: nothing is billed, and what it reserved is kept for its minute.
        """
        ...


def open_gate(tokens: int | None = None) -> Settle:
    """Let every request pass at once."""
    del tokens
    return _unheard


def _unheard(tokens: int | None) -> None:
    """Nobody counts."""


class Backend(Protocol):
    """A model service."""

    engine: str
    """`local`, `nova` …: the word requests use."""

    def readiness(self) -> Readiness:
        """Say whether calls can be made, without making one."""
        ...

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        """Answer one request.

        Args:
            request: The question.
            model: The model that is asked.
            gate: Passed before every send, also a repeated one.

        Raises:
            BackendError: The service gave no usable answer; `billed` says what it cost anyway.
        """
        ...

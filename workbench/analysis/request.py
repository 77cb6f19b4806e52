"""What a user asks for. One type is the vocabulary of every face.

The fields of `AnalysisRequest` are the widget keys of the Analyse page, the parameters of the
notebooks, the options of the command line and the fields of the JSON.
"""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Find = Literal["summary", "chapters", "equipment", "objects", "topics"]
Depth = Literal["detailed", "overview"]
Quality = Literal["fast", "balanced", "best"]
SummaryLength = Literal["brief", "standard", "detailed"]

EVERYTHING: tuple[Find, ...] = ("summary", "chapters", "equipment", "objects", "topics")


class AnalysisRequest(BaseModel):
    """A question about one or more media files.

    Raises:
        pydantic.ValidationError: A field is out of range; faces show it as a `RequestError`.

    Example:
        >>> AnalysisRequest(assets=("talk.mp4",)).engine
        'local'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    assets: tuple[str, ...] = Field(min_length=1)
    """Asset ids, or paths of files that will be imported where they are."""
    find: tuple[Find, ...] = EVERYTHING
    """What to look for."""
    engine: Literal["local", "nova"] = "local"
    """`local` runs on this machine and costs nothing; `nova` calls Amazon Bedrock."""
    model: str = "auto"
    """A key of `workbench models`, or `auto`."""
    quality: Quality = "balanced"
    """What `auto` weighs: price, both, or answers."""
    depth: Depth = "detailed"
    """`detailed`: chunks at one frame per second; `overview`: one call for the whole video."""
    summary_length: SummaryLength = "standard"
    language: str = "en"
    """ISO 639-1 code of the language to answer in. The local engine quotes what was said."""
    chunk_s: float = Field(default=600.0, ge=30, le=900)
    """Seconds each call answers for."""
    context_s: float = Field(default=30.0, ge=0, le=60)
    """Seconds of context sent on each side of a chunk."""
    instructions: str = Field(default="", max_length=4000)
    """Anything else the model should know or look for. Not read by the local engine."""
    max_cost_usd: Decimal | None = Field(default=None, ge=0)
    """Stop cleanly before this many dollars; None for no cap."""

    @field_validator("find")
    @classmethod
    def _once_each(cls, find: tuple[Find, ...]) -> tuple[Find, ...]:
        if not find:
            raise ValueError("choose at least one of " + ", ".join(EVERYTHING))
        return tuple(kind for kind in EVERYTHING if kind in find)

    @field_validator("assets")
    @classmethod
    def _no_repeats(cls, assets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(assets))

    @property
    def element_kinds(self) -> tuple[str, ...]:
        """Which kinds of element are wanted."""
        return tuple(kind for kind in ("equipment", "objects", "topics") if kind in self.find)

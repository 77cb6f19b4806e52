"""What a user asks for. One type is the vocabulary of every face.

The fields of `AnalysisRequest` are the widget keys of the Analyse page, the parameters of the
notebooks, the options of the command line and the fields of the JSON.
"""

from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workbench.analysis.fields import MOST_FIELDS, FieldPer, checked_fields
from workbench.analysis.fields import Field as AskedField
from workbench.backends.catalog.models import Tier

Find = Literal["summary", "chapters", "equipment", "objects", "topics"]
Depth = Literal["detailed", "overview"]
Quality = Literal["fast", "balanced", "best"]
SummaryLength = Literal["brief", "standard", "detailed"]
Engine = Literal["local", "nova", "rekognition"]
Detect = Literal["shots", "cues", "text", "faces", "moderation"]

EVERYTHING: tuple[Find, ...] = ("summary", "chapters", "equipment", "objects", "topics")
ENGINES: tuple[Engine, ...] = ("local", "nova", "rekognition")
DETECTABLE: tuple[Detect, ...] = ("shots", "cues", "text", "faces", "moderation")


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
    engine: Engine = "local"
    """`local` runs on this machine and costs nothing; `nova` calls Amazon Bedrock, `rekognition`
    Amazon Rekognition."""
    also: tuple[Engine, ...] = ()
    """Engines that are asked about the same files too, to compare; each with its `auto` model."""
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
    carry: bool = False
    """Ask about the chunks of a video one after another, each told what those before it hold and
    what they call things. Names stay the same; it takes as long as all calls together."""
    pictures_per_call: int = Field(default=5, ge=1, le=5)
    """Most pictures that Amazon Nova is asked about in one call, which costs less than a call for
    each: Bedrock takes five inside of a request. In a batch, and by other engines, each is asked
    about alone."""
    tier: Tier = "standard"
    """What Amazon Bedrock is paid for speed: `flex` waits longer for half the price, `priority`
    goes first for more, `batch` is answered within hours for half the price."""
    detect: tuple[Detect, ...] = ()
    """What Amazon Rekognition looks for besides objects; each is paid by the minute or picture.
    Not read by the other engines. It follows no person through a video: AWS ended that on
    31 October 2025."""
    instructions: str = Field(default="", max_length=4000)
    """Anything else the model should know or look for. Not read by the local engine."""
    fields: tuple[AskedField, ...] = Field(default=(), max_length=MOST_FIELDS)
    """Questions of one's own, answered as columns. Not read by the local engine."""
    max_cost_usd: Decimal | None = Field(default=None, ge=0)
    """Stop cleanly before this many dollars; None for no cap."""

    @field_validator("find")
    @classmethod
    def _once_each(cls, find: tuple[Find, ...]) -> tuple[Find, ...]:
        if not find:
            raise ValueError("choose at least one of " + ", ".join(EVERYTHING))
        return tuple(kind for kind in EVERYTHING if kind in find)

    @field_validator("detect")
    @classmethod
    def _detect_in_order(cls, detect: tuple[Detect, ...]) -> tuple[Detect, ...]:
        return tuple(kind for kind in DETECTABLE if kind in detect)

    @field_validator("also")
    @classmethod
    def _engines_in_order(cls, also: tuple[Engine, ...]) -> tuple[Engine, ...]:
        return tuple(engine for engine in ENGINES if engine in also)

    @field_validator("assets")
    @classmethod
    def _no_repeats(cls, assets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(assets))

    @field_validator("fields")
    @classmethod
    def _one_name_each(cls, fields: tuple[AskedField, ...]) -> tuple[AskedField, ...]:
        return checked_fields(fields)

    @model_validator(mode="after")
    def _with_chapters(self) -> Self:
        if self.fields_per("chapter") and "chapters" not in self.find:
            name = self.fields_per("chapter")[0].name
            raise ValueError(
                f"the field {name!r} is for each chapter, but no chapters are to be found"
            )
        return self

    def fields_per(self, per: FieldPer) -> tuple[AskedField, ...]:
        """The fields that are asked about the whole (`video`), or about every `chapter`."""
        return tuple(field for field in self.fields if field.per == per)

    def each_engine(self) -> tuple["AnalysisRequest", ...]:
        """The same for each engine: as it is for the first, with the model `auto` for the others.

        Example:
            >>> request = AnalysisRequest(assets=("a.mp4",), engine="nova", model="pro", also=("local",))
            >>> [(each.engine, each.model) for each in request.each_engine()]
            [('nova', 'pro'), ('local', 'auto')]
        """
        first = self.model_copy(update={"also": ()})
        others = (engine for engine in self.also if engine != self.engine)
        return (
            first,
            *(first.model_copy(update={"engine": each, "model": "auto"}) for each in others),
        )

    @property
    def element_kinds(self) -> tuple[str, ...]:
        """Which kinds of element are wanted."""
        return tuple(kind for kind in ("equipment", "objects", "topics") if kind in self.find)

"""What models there are: ids, what they accept, limits, prices and their dates.

Everything here is read from `catalog.toml` and a user's own file (see `file`); no number
about a model stands in code.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from workbench.errors import RequestError

Medium = Literal["text", "image", "video", "audio", "document"]
Tier = Literal["standard", "batch", "flex", "priority"]
Lifecycle = Literal["active", "legacy", "retired", "preview"]
Purpose = Literal["analyse", "speech", "voice", "embed"]
Quality = Literal["fast", "balanced", "best"]

ENDS_SOON = timedelta(days=90)
"""A model that ends within this time comes with a warning."""


class Sampling(BaseModel):
    """How a model looks at video."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames_per_s: float
    full_rate_until_s: float
    """Up to this length every sampled frame is seen; beyond it the frames are spread evenly."""
    max_frames: int
    tokens_per_frame: int
    full_rate_until_s_high: float | None = None
    """Where the maker's own pages contradict each other: the longer of the two lengths."""
    source: str = ""


class Price(BaseModel):
    """US dollars for one route and tier, with where and when the numbers were read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: str
    """`in-region`, `us`, `eu`, `jp`, `apac`, `global`; for Rekognition what is detected, for Polly
    the voice's engine."""
    tier: Tier = "standard"
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cached_usd_per_mtok: Decimal | None = None
    usd_per_media_min: Decimal | None = None
    """For a minute of video or sound, where that is billed and not tokens."""
    usd_per_image: Decimal | None = None
    """For a picture, where that is billed and not tokens."""
    usd_per_mchar: Decimal | None = None
    """For a million characters that are spoken, where that is billed and not tokens."""
    as_of: date
    source: str
    verified: bool = False
    is_edited: bool = False
    """True when the row comes from the user's own file."""

    @model_validator(mode="before")
    @classmethod
    def _without_tokens(cls, values: Any) -> Any:
        """A row for what is not tokens names no price of tokens; every other row has to."""
        media = ("usd_per_media_min", "usd_per_image", "usd_per_mchar")
        if isinstance(values, dict) and any(values.get(name) is not None for name in media):
            return {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0, **values}
        return values

    @property
    def is_by_media(self) -> bool:
        """Is it for minutes, pictures or characters, and not for tokens?"""
        amounts = (self.usd_per_media_min, self.usd_per_image, self.usd_per_mchar)
        return any(usd is not None for usd in amounts)


class ModelInfo(BaseModel):
    """One model, from the catalog only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """The short name users choose: `lite`, `pro`, `2_lite`, `local` …"""
    aliases: tuple[str, ...] = ()
    """Other names it is found by; results and limits are kept under `key`."""
    name: str
    engine: str
    """`local`, `nova`, `rekognition`, `transcribe`, `polly` or `openai`: which backend answers."""
    ids: dict[str, str]
    """Route → model or inference-profile id."""
    model_id: str
    """The bare model id it is reported under."""
    price_list_name: str = ""
    """What the AWS price list calls it; empty where its prices there are not looked for."""
    accepts: frozenset[Medium]
    window_tokens: int | None = None
    max_output_tokens: int
    sampling: Sampling | None = None
    image_tokens: int | None = None
    """Flat tokens per image, where the model bills so; None: by size, see `image_token_table`."""
    image_token_table: tuple[tuple[int, int, int], ...] = ()
    """(width_px, height_px, tokens) examples from the maker, to interpolate by pixels."""
    max_images: int = 0
    lifecycle: Lifecycle = "active"
    lifecycle_note: str = ""
    launched: date | None = None
    ends: date | None = None
    """Last day it answers, where one is set."""
    purpose: Purpose = "analyse"
    """What it is for here; only `analyse` models answer questions about media."""
    prices: tuple[Price, ...] = ()
    is_free: bool = False
    """True for what costs nothing by nature, not for want of a price: the local engine, and what
    a user's own file says so of."""
    text_factor: float = 1.0
    """Tokens of its own for each that `pricing.text_tokens` counts in words; see `calibration`."""
    speed_note: str = ""
    source: str = ""
    as_of: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_one_route(cls, values: Any) -> Any:
        """A model of an OpenAI-compatible server has one id, and need not name it twice."""
        is_one = isinstance(values, dict) and values.get("engine") == "openai"
        if is_one and not values.get("ids") and "model_id" in values:
            return {**values, "ids": {"openai": values["model_id"]}}
        return values

    def accepts_all(self, media: Collection[Medium]) -> bool:
        """Can it take all of these media?"""
        return set(media) <= self.accepts


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models there are, as of one day."""

    all: tuple[ModelInfo, ...]
    """Every model, in the order of the file; retired ones too, so that old results keep a name."""
    as_of: date
    """When the catalog was last checked."""
    today: date
    """The day lifecycles were judged on."""
    preferred: Mapping[str, Mapping[Quality, tuple[str, ...]]] = field(default_factory=dict)
    """Engine → quality → model keys, the first choice first."""
    origin: str = ""
    """The user's own file that was laid over ours; empty if none."""

    def get(self, key: str) -> ModelInfo:
        """Find a model by its key or one of its aliases, whatever its lifecycle.

        Raises:
            RequestError: There is no such key.
        """
        for model in self.all:
            if key == model.key or key in model.aliases:
                return model
        keys = ", ".join(model.key for model in self.models())
        raise RequestError(f"there is no model {key!r}", hint=f"choose auto or one of {keys}")

    def models(
        self,
        engine: str | None = None,
        media: Collection[Medium] | None = None,
        *,
        purpose: Purpose | None = "analyse",
        include_retired: bool = False,
    ) -> tuple[ModelInfo, ...]:
        """List models that can be chosen.

        Args:
            engine: Only those of one engine; None for all.
            media: Only those that take all of these media; None for any.
            purpose: Only those for one purpose; None for all.
            include_retired: Also list models that no longer answer.
        """
        return tuple(
            model
            for model in self.all
            if (engine is None or model.engine == engine)
            and (media is None or model.accepts_all(media))
            and (purpose is None or model.purpose == purpose)
            and (include_retired or model.lifecycle != "retired")
        )

    def choose(
        self,
        quality: Quality,
        media: Collection[Medium],
        engine: str,
        *,
        model: str = "auto",
    ) -> ModelInfo:
        """Settle which model answers.

        `auto` takes the first active model that the catalog prefers for the engine and quality;
        a named model is checked instead.

        Args:
            quality: What `auto` weighs.
            media: What will be sent: every one has to be accepted.
            engine: `local`, `nova` or `rekognition`.
            model: A key of the catalog, or `auto`.

        Raises:
            RequestError: No such model, or it is retired, belongs to another engine, does not
                answer questions, or does not take the media.

        Example:
            >>> from workbench.backends.catalog.file import load_catalog
            >>> load_catalog().choose("balanced", {"video"}, "nova").key
            '2_lite'
        """
        if model != "auto":
            return self._checked(self.get(model), media, engine)
        usable = {m.key: m for m in self.models(engine, media) if m.lifecycle == "active"}
        for key in self.preferred.get(engine, {}).get(quality, ()):
            if key in usable:
                return usable[key]
        if usable:
            return next(iter(usable.values()))
        raise RequestError(
            f"no active model of engine {engine!r} takes {_listed(media)}",
            hint="choose another engine, or name a model; `workbench models` lists them",
        )

    def _checked(self, model: ModelInfo, media: Collection[Medium], engine: str) -> ModelInfo:
        hint = self._others(media, engine)
        if model.engine != engine:
            raise RequestError(f"{model.name} is not a model of engine {engine!r}", hint=hint)
        if model.purpose != "analyse":
            raise RequestError(f"{model.name} does not answer questions about media", hint=hint)
        if model.lifecycle == "retired":
            when = f" since {model.ends}" if model.ends else ""
            raise RequestError(f"{model.name} is retired{when} and does not answer", hint=hint)
        if not model.accepts_all(media):
            raise RequestError(
                f"{model.name} does not take {_listed(set(media) - model.accepts)}", hint=hint
            )
        return model

    def _others(self, media: Collection[Medium], engine: str) -> str:
        keys = ", ".join(m.key for m in self.models(engine, media) if m.lifecycle == "active")
        return f"choose {keys}" if keys else "choose another engine"

    def warnings(self, model: ModelInfo) -> tuple[str, ...]:
        """What to know before choosing a model: sentences on previews, legacy and end dates."""
        found = []
        if model.lifecycle == "legacy":
            found.append(f"{model.name} is legacy; accounts new to it may be refused.")
        if model.lifecycle == "preview":
            found.append(f"{model.name} is a preview; the account has to be admitted to it.")
        if model.ends and self.today <= model.ends <= self.today + ENDS_SOON:
            found.append(f"{model.name} ends on {model.ends}.")
        return tuple(found)

    def price(self, model: ModelInfo | str, route: str, tier: Tier = "standard") -> Price | None:
        """Find the price for a route and tier; None when none is known."""
        found = self.get(model) if isinstance(model, str) else model
        return price_of(found, route, tier)

    def route_for(self, model: ModelInfo, route: str = "auto", region: str = "") -> str:
        """Settle by which inference profile a model is called; see `route_for`."""
        return route_for(model, route, region)


def price_of(model: ModelInfo, route: str, tier: Tier = "standard") -> Price | None:
    """Find a model's price for a route and tier; None when none is known."""
    for price in model.prices:
        if price.route == route and price.tier == tier:
            return price
    return None


def route_for(model: ModelInfo, route: str = "auto", region: str = "") -> str:
    """Settle by which inference profile a model is called.

    `auto` is `global` where the model has it, else the profile of the region's part of the
    world, else the region itself.

    Args:
        model: A model of the catalog.
        route: `auto`, or a key of `model.ids`. Only Bedrock's models have more than one.
        region: AWS region the call starts from, such as `eu-west-3`; empty for us-east-1.

    Returns:
        A key of `model.ids`.

    Raises:
        RequestError: The model has no such route, or none from this region.

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> route_for(load_catalog().get("pro"), region="eu-west-3")
        'eu'
    """
    if model.engine != "nova":
        return next(iter(model.ids), model.engine)
    hint = f"set WORKBENCH_NOVA_ROUTE to one of: {', '.join(model.ids) or 'none'}"
    if route != "auto":
        if route in model.ids:
            return route
        raise RequestError(f"{model.name} has no route {route!r}", hint=hint)
    start = region or "us-east-1"
    for candidate in ("global", *geographies(start), "in-region"):
        if candidate in model.ids:
            return candidate
    raise RequestError(f"{model.name} cannot be called from region {start}", hint=hint)


def geographies(region: str) -> tuple[str, ...]:
    """Routes of a region's part of the world, the narrower one first.

    Example:
        >>> geographies("ap-northeast-1"), geographies("eu-west-3")
        (('jp', 'apac'), ('eu',))
    """
    if region.startswith("us-gov"):
        return ()
    if region in {"ap-northeast-1", "ap-northeast-3"}:
        return ("jp", "apac")
    part_of_the_world = region.partition("-")[0]
    return {"us": ("us",), "eu": ("eu",), "ap": ("apac",)}.get(part_of_the_world, ())


def _listed(media: Collection[Medium]) -> str:
    return " and ".join(sorted(media)) or "nothing"

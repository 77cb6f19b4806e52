"""Tokens that media and words will use, and what usage costs.

All numbers come from the catalog. Where its sources contradict each other the answer is a range,
and where there is no price the cost is None, never 0.
"""

import itertools
import math
from decimal import Decimal

from workbench.backends.catalog.models import ModelInfo, Price, Tier, price_of
from workbench.backends.usage import Cost, Usage
from workbench.errors import RequestError

LETTERS_PER_TOKEN = 4.0
"""Letters of a Latin script to one token. A cautious rule of thumb: Nova has no public tokenizer
and its token counter does not cover every model, so the bill (`Usage.input_tokens`) has the last
word."""

OTHER_SCRIPT_LETTERS_PER_TOKEN = 2.0
"""Letters of Greek, Cyrillic, Arabic, Hebrew, Indic … scripts to one token."""

FIRST_OTHER_SCRIPT = 0x0370
FIRST_WIDE_SCRIPT = 0x2E80
"""From here on (Chinese, Japanese, Korean, pictographs) every letter counts as one token."""


def text_tokens(text_or_letters: str | int) -> int:
    """Estimate the tokens of a text, or of a number of Latin letters.

    Args:
        text_or_letters: The text, or how many letters it has.

    Returns:
        Tokens, at least 0, rounded up.

    Example:
        >>> text_tokens("How much does it cost?"), text_tokens(4000), text_tokens("東京")
        (6, 1000, 2)
    """
    if isinstance(text_or_letters, int):
        return math.ceil(max(0, text_or_letters) / LETTERS_PER_TOKEN)
    latin = other = wide = 0
    for letter in text_or_letters:
        if ord(letter) < FIRST_OTHER_SCRIPT:
            latin += 1
        elif ord(letter) < FIRST_WIDE_SCRIPT:
            other += 1
        else:
            wide += 1
    return math.ceil(latin / LETTERS_PER_TOKEN + other / OTHER_SCRIPT_LETTERS_PER_TOKEN + wide)


def video_frames(model: ModelInfo, sent_s: float, *, fps: float = 1) -> tuple[int, int]:
    """Count the frames a model looks at in a clip, fewest and most.

    Args:
        model: A model that takes video.
        sent_s: Length of the clip in seconds, more than 0.
        fps: Frames per second that the sent file holds; no model sees more than there are.

    Returns:
        Fewest and most. They differ by one where the length is not whole, and by more where the
        maker's pages contradict each other (`Sampling.full_rate_until_s_high`).

    Raises:
        RequestError: The model takes no video, or a number is out of range.

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> video_frames(load_catalog().get("2_lite"), 1800)
        (960, 1800)
    """
    sampling = model.sampling
    if sampling is None:
        raise RequestError(f"{model.name} takes no video", hint="choose a model that does")
    if not (sent_s > 0 and fps > 0 and math.isfinite(sent_s) and math.isfinite(fps)):
        raise RequestError(f"a clip of {sent_s} s at {fps} frames/s has no frames")
    seen = sent_s * min(sampling.frames_per_s, fps)
    most = sampling.max_frames
    if sampling.full_rate_until_s_high is not None:
        most = max(most, round(sampling.full_rate_until_s_high * sampling.frames_per_s))
    low = min(sampling.max_frames, max(1, math.floor(seen)))
    high = min(most, max(1, math.ceil(seen)))
    return low, high


def video_tokens(model: ModelInfo, sent_s: float, *, fps: float = 1) -> tuple[int, int]:
    """Count the input tokens of a clip, fewest and most.

    Takes and raises what `video_frames` does.

    Source: Nova user guides, video understanding: 288 tokens a frame (see `catalog.toml`).

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> catalog = load_catalog()
        >>> video_tokens(catalog.get("lite"), 10), video_tokens(catalog.get("pro"), 7200)
        ((2880, 2880), (276480, 276480))
    """
    low, high = video_frames(model, sent_s, fps=fps)
    tokens_per_frame = model.sampling.tokens_per_frame if model.sampling else 0
    return low * tokens_per_frame, high * tokens_per_frame


def effective_fps(model: ModelInfo, sent_s: float, *, fps: float = 1) -> float:
    """Frames per second a model looks at in a clip; the fewest, where its pages disagree.

    Returns:
        0 for a model that takes no video.

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> effective_fps(load_catalog().get("lite"), 7200)
        0.13333333333333333
    """
    sampling = model.sampling
    if sampling is None or sent_s <= 0:
        return 0.0
    return min(sampling.frames_per_s, fps, sampling.max_frames / sent_s)


def image_tokens(model: ModelInfo, width_px: int, height_px: int) -> int:
    """Estimate the input tokens of a picture.

    Flat where the model bills so. Otherwise read off the maker's examples by number of pixels:
    straight lines between them, never less than the smallest, and beyond the largest in
    proportion.

    Args:
        model: A model that takes pictures.
        width_px: Width as sent, at least 1.
        height_px: Height as sent, at least 1.

    Raises:
        RequestError: The model takes no pictures, or a side is less than 1.

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> catalog = load_catalog()
        >>> [image_tokens(catalog.get(key), 900, 900) for key in ("lite", "2_lite")]
        [1300, 230]
    """
    if width_px < 1 or height_px < 1:
        raise RequestError(f"a picture of {width_px} x {height_px} px has no tokens")
    if model.image_tokens is not None:
        return model.image_tokens
    known = sorted((width * height, tokens) for width, height, tokens in model.image_token_table)
    if not known:
        raise RequestError(f"{model.name} takes no pictures", hint="choose a model that does")
    pixels = width_px * height_px
    if pixels <= known[0][0]:
        return known[0][1]
    for (less, fewer), (more, many) in itertools.pairwise(known):
        if pixels <= more:
            return math.ceil(fewer + (many - fewer) * (pixels - less) / (more - less))
    return math.ceil(known[-1][1] * pixels / known[-1][0])


def cost_of(usage: Usage, model: ModelInfo, route: str, tier: Tier = "standard") -> Cost:
    """Price what a call used.

    Args:
        usage: Amounts; Nova bills tokens only, Rekognition minutes and pictures, Polly characters.
        model: The model that was, or would be, called.
        route: Key of `model.ids`.
        tier: Service tier.

    Returns:
        Dollars; 0 for a model that is free by nature; None when no price is known for the model,
        route, tier or, if there are any, for cached tokens.

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> catalog = load_catalog()
        >>> cost_of(Usage(input_tokens=276_480), catalog.get("lite"), "us")
        Decimal('0.0165888')
        >>> cost_of(Usage(input_tokens=1), catalog.get("2_pro_preview"), "us") is None
        True
    """
    if model.is_free:
        return Decimal(0)
    price = price_of(model, route, tier)
    if price is None:
        return None
    if price.is_by_media:
        return _media_cost(usage, price)
    if usage.cached_tokens and price.cached_usd_per_mtok is None:
        return None
    dollars = (
        usage.input_tokens * price.input_usd_per_mtok
        + usage.output_tokens * price.output_usd_per_mtok
        + usage.cached_tokens * (price.cached_usd_per_mtok or Decimal(0))
    ) / 1_000_000
    return dollars.normalize() if dollars else Decimal(0)


def _media_cost(usage: Usage, price: Price) -> Cost:
    """Minutes, pictures and characters; unknown where something was used that has no price."""
    dollars = Decimal(0)
    for amount, usd in (
        (Decimal(str(usage.media_s)) / 60, price.usd_per_media_min),
        (Decimal(usage.images), price.usd_per_image),
        (Decimal(usage.characters) / 1_000_000, price.usd_per_mchar),
    ):
        if amount and usd is None:
            return None
        dollars += amount * (usd or Decimal(0))
    # A third of a minute has no last digit; six are a ten-thousandth of a cent.
    return round(dollars, 6).normalize() if dollars else Decimal(0)

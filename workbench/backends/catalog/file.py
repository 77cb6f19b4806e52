"""Read the catalog of models from `catalog.toml`, with the user's own file laid over it.

The files hold facts with their dates and sources; this module adds only what follows from them:
a model whose last day has passed is retired, and a price row's other tiers.
"""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workbench.backends.catalog.models import Catalog, ModelInfo, Price, Quality, Tier
from workbench.errors import SettingsError


class _PriceRow(Price):
    """A price as it is written in the file: one row may stand for several tiers."""

    tiers: tuple[Tier, ...] = ()


_ROWS = TypeAdapter(tuple[_PriceRow, ...])
_FACTORS = TypeAdapter(dict[Tier, Decimal])
_PREFERRED = TypeAdapter(dict[str, dict[Quality, tuple[str, ...]]])
_DAY = TypeAdapter(date)


def load_catalog(override: Path | None = None, today: date | None = None) -> Catalog:
    """Read the catalog, with the user's own file laid over it.

    A model in the user's file replaces the fields it names and keeps the others; a price row
    replaces the one of the same route and tier.

    Args:
        override: A TOML file in the form of `catalog.toml`, or None.
        today: The day to judge lifecycles on; None for today (UTC).

    Raises:
        SettingsError: The user's file cannot be read, or does not have the form.

    Example:
        >>> load_catalog(today=date(2026, 11, 21)).get("premier").lifecycle
        'retired'
    """
    text = resources.files(__package__).joinpath("catalog.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text, parse_float=Decimal)
    theirs = _read_override(override) if override else {}
    day = today or datetime.now(UTC).date()
    try:
        return _catalog(data, theirs, day, str(override or ""))
    except ValidationError as error:
        raise _bad_form(override, error) from None


def _catalog(ours: dict[str, Any], theirs: dict[str, Any], today: date, origin: str) -> Catalog:
    factors = {
        **_FACTORS.validate_python(ours["tier_factors"]),
        **_FACTORS.validate_python(theirs.get("tier_factors", {})),
    }
    ours_by_key, theirs_by_key = ours["models"], theirs.get("models", {})
    models = []
    for key in [*ours_by_key, *(key for key in theirs_by_key if key not in ours_by_key)]:
        base, change = ours_by_key.get(key, {}), theirs_by_key.get(key, {})
        prices = {(price.route, price.tier): price for price in _prices(base, factors)}
        for price in _prices(change, factors):
            edited = price.model_copy(update={"is_edited": True})
            prices[price.route, price.tier] = edited
        values = {**base, **change, "key": key, "prices": tuple(prices.values())}
        models.append(_judged(ModelInfo.model_validate(values), today))
    preferred = _PREFERRED.validate_python(ours["preferred"])
    for engine, by_quality in _PREFERRED.validate_python(theirs.get("preferred", {})).items():
        preferred[engine] = {**preferred.get(engine, {}), **by_quality}
    as_of = _DAY.validate_python(theirs.get("as_of", ours["as_of"]))
    return Catalog(tuple(models), as_of, today, preferred, origin)


def _prices(model: dict[str, Any], factors: dict[Tier, Decimal]) -> Iterator[Price]:
    """The rows of a model, and those that a row's `tiers` stands for, each by its factor."""
    for row in _ROWS.validate_python(model.get("prices", ())):
        price = Price.model_validate(row.model_dump(exclude={"tiers"}))
        yield price
        for tier in row.tiers:
            yield price.model_copy(
                update={
                    "tier": tier,
                    "input_usd_per_mtok": price.input_usd_per_mtok * factors[tier],
                    "output_usd_per_mtok": price.output_usd_per_mtok * factors[tier],
                    # What cached tokens and media cost on other tiers is not published.
                    "cached_usd_per_mtok": None,
                }
            )


def _judged(model: ModelInfo, today: date) -> ModelInfo:
    if model.ends and today > model.ends:
        return model.model_copy(update={"lifecycle": "retired"})
    return model


def _read_override(path: Path) -> dict[str, Any]:
    hint = "correct the file, or unset WORKBENCH_CATALOG_FILE"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise SettingsError(
            f"the catalog file {path} cannot be read: {error.strerror}", hint=hint
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the catalog file {path} is not TOML: {error}", hint=hint) from None
    models = data.get("models", {})
    if not isinstance(models, dict) or not all(isinstance(m, dict) for m in models.values()):
        raise SettingsError(f"the catalog file {path} needs tables named [models.KEY]", hint=hint)
    return data


def _bad_form(override: Path | None, error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return SettingsError(
        f"the catalog file {override} cannot be used: {where} is {first['input']!r}: {first['msg']}",
        hint="correct the file, or unset WORKBENCH_CATALOG_FILE",
    )

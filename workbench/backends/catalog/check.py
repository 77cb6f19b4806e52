"""Compare the catalog with what the account's region and the AWS price list say today.

Only what can be seen from the region is compared: profiles of another part of the world, and
prices of another region, are left alone. Nothing is changed here; `overlay` writes a file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Literal, Protocol, TypeVar

from workbench.backends.bedrock.account import HostedModel, ListedPrice, Profile
from workbench.backends.catalog.models import Catalog, ModelInfo, Price, Tier, geographies, price_of
from workbench.backends.catalog.price_list import (
    IN_REGION,
    ListedRates,
    rates_by_route,
    read_prices,
)
from workbench.errors import BackendError, NoCredentials
from workbench.progress import Progress, silent

Kind = Literal["id missing", "id new", "lifecycle", "price differs", "price unknown", "not read"]

Result = TypeVar("Result")


class Told(Protocol):
    """What is asked of an account; see `bedrock_account.Account`."""

    @property
    def region(self) -> str:
        """The region that is asked about."""
        ...

    def credentials_from(self) -> str:
        """Where credentials were found."""
        ...

    def models(self) -> tuple[HostedModel, ...]:
        """Foundation models of the region."""
        ...

    def profiles(self) -> tuple[Profile, ...]:
        """Inference profiles that can be called from the region."""
        ...

    def prices(self, name: str) -> tuple[ListedPrice, ...]:
        """Rows of the price list about a model."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the catalog says otherwise."""

    kind: Kind
    model: str
    """Its key in the catalog; the service's id where the catalog does not have it."""
    where: str
    """Route and tier, or empty."""
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A part that could not be asked about."""

    part: str
    reason: str
    hint: str


@dataclass(slots=True)
class CheckedModel:
    """What was found about one model, as it is written over the catalog."""

    ids: dict[str, str] = field(default_factory=dict)
    """All ids by route, where the region has one that the catalog does not; else empty."""
    is_legacy: bool = False
    """True where the service calls it legacy and the catalog does not, or not with that day."""
    ends: date | None = None
    prices: dict[tuple[str, Tier], ListedRates] = field(default_factory=dict)
    """Whole prices by route and tier, those that agree too."""


@dataclass(frozen=True, slots=True)
class CatalogCheck:
    """What a comparison found."""

    region: str
    checked_on: date
    differences: tuple[Difference, ...]
    not_compared: tuple[NotCompared, ...]
    models: Mapping[str, CheckedModel]
    """Key → what was found, for models of the catalog."""
    agreed: int
    """How many ids, lifecycles and prices were the same on both sides."""


def check_catalog(
    catalog: Catalog,
    account: Told,
    *,
    today: date | None = None,
    progress: Progress = silent,
) -> CatalogCheck:
    """Compare ids, lifecycles and prices of the catalog with what the region has.

    Args:
        catalog: The catalog in use.
        account: Who is asked.
        today: The day of the comparison; None for today (UTC).
        progress: Told which part is asked about.

    Returns:
        The differences, and the parts that could not be asked about with the reason.

    Raises:
        NoCredentials: There are none, or they are not accepted.
    """
    account.credentials_from()
    return _Comparison(catalog, account, progress).run(today or datetime.now(UTC).date())


class _Comparison:
    """One comparison under way."""

    def __init__(self, catalog: Catalog, account: Told, progress: Progress) -> None:
        self.account = account
        self.progress = progress
        self.region = account.region
        self.geographies = geographies(self.region)
        self.routes = (IN_REGION, "global", *self.geographies)
        """Routes that can be seen from the region."""
        self.ours = [model for model in catalog.all if model.engine == "nova"]
        self.differences: list[Difference] = []
        self.not_compared: list[NotCompared] = []
        self.found: dict[str, CheckedModel] = {model.key: CheckedModel() for model in self.ours}
        self.agreed = 0

    def run(self, today: date) -> CatalogCheck:
        priced = [m for m in self.ours if m.price_list_name and m.lifecycle != "retired"]
        total = 2 + len(priced)
        self.progress(0, total, "models of the region")
        models = self._asked("models and lifecycles", self.account.models)
        self.progress(1, total, "inference profiles")
        profiles = self._asked("inference profiles", self.account.profiles)
        if models is not None:
            self._compare_models({model.id: model for model in models})
        if profiles is not None:
            self._compare_profiles([profile.id for profile in profiles if profile.is_active])
        for done, model in enumerate(priced, 2):
            self.progress(done, total, f"prices of {model.name}")
            rows = self._asked("prices", partial(self.account.prices, model.price_list_name))
            if rows is None:
                break
            self._compare_prices(model, rows)
        self.progress(total, total, "compared")
        return CatalogCheck(
            self.region,
            today,
            tuple(self.differences),
            tuple(self.not_compared),
            self.found,
            self.agreed,
        )

    def _asked(self, part: str, ask: Callable[[], Result]) -> Result | None:
        try:
            return ask()
        except NoCredentials:
            raise
        except BackendError as error:
            self.not_compared.append(NotCompared(part, error.message, error.hint))
            return None

    def _differs(self, kind: Kind, model: str, where: str, ours: str, theirs: str) -> None:
        self.differences.append(Difference(kind, model, where, ours, theirs))

    def _compare_models(self, hosted: Mapping[str, HostedModel]) -> None:
        for model in self.ours:
            theirs = hosted.get(model.model_id)
            if theirs is not None:
                self._compare_lifecycle(model, theirs)
            if model.lifecycle == "retired":
                continue
            is_there = theirs is not None and theirs.is_on_demand
            if is_there != (IN_REGION in model.ids):
                said = f"only by profile in {self.region}" if theirs else f"not in {self.region}"
                self._compare_id(model, IN_REGION, model.model_id if is_there else "", said)
            elif is_there:
                self.agreed += 1
        known = {model.model_id for model in self.ours}
        for theirs in hosted.values():
            if theirs.id not in known and _is_of_our_kind(theirs):
                takes = " ".join(sorted(theirs.accepts))
                self._differs("id new", theirs.id, "", "–", f"{theirs.name}, takes {takes}")

    def _compare_lifecycle(self, model: ModelInfo, theirs: HostedModel) -> None:
        is_ours_legacy = model.lifecycle in ("legacy", "retired")
        has_other_day = theirs.ends is not None and theirs.ends != model.ends
        if is_ours_legacy == theirs.is_legacy and not has_other_day:
            self.agreed += 1
            return
        said = "legacy" if theirs.is_legacy else "active"
        self._differs(
            "lifecycle",
            model.key,
            "",
            _ending(model.lifecycle, model.ends),
            _ending(said, theirs.ends),
        )
        if theirs.is_legacy:
            found = self.found[model.key]
            found.is_legacy, found.ends = True, theirs.ends

    def _compare_profiles(self, ids: Sequence[str]) -> None:
        for model in self.ours:
            if model.lifecycle == "retired":
                continue
            theirs = {
                each.removesuffix(f".{model.model_id}"): each
                for each in ids
                if each.endswith(f".{model.model_id}")
            }
            for route in sorted({*theirs, *self.routes} - {IN_REGION}):
                if theirs.get(route) != model.ids.get(route):
                    self._compare_id(
                        model, route, theirs.get(route, ""), f"no such profile in {self.region}"
                    )
                elif route in theirs:
                    self.agreed += 1

    def _compare_id(self, model: ModelInfo, route: str, theirs: str, if_none: str) -> None:
        """Note an id that only one side has."""
        ours = model.ids.get(route, "–")
        if not theirs:
            if model.lifecycle == "preview":
                return  # it is listed for accounts that were admitted only
            self._differs("id missing", model.key, route, ours, if_none)
            return
        self._differs("id new", model.key, route, ours, theirs)
        if route in self.routes:
            found = self.found[model.key]
            found.ids = {**(found.ids or model.ids), route: theirs}

    def _compare_prices(self, model: ModelInfo, rows: Iterable[ListedPrice]) -> None:
        listed = read_prices(model.price_list_name, rows)
        for unknown in listed.unknown:
            self._differs("not read", model.key, "", "–", unknown)
        routes = [route for route in model.ids if route in self.routes]
        rates = rates_by_route(listed, routes, self.geographies)
        ours = {(p.route, p.tier) for p in model.prices if p.route in routes}
        for route, tier in sorted(ours | set(rates)):
            price = price_of(model, route, tier)
            theirs = rates.get((route, tier))
            if theirs is None or not theirs.is_whole:
                self._differs(
                    "price unknown", model.key, f"{route} {tier}", _price(price), _price(theirs)
                )
                continue
            self.found[model.key].prices[route, tier] = theirs
            if price is not None and _is_same(price, theirs):
                self.agreed += 1
            else:
                kind: Kind = "price differs" if price else "price unknown"
                self._differs(kind, model.key, f"{route} {tier}", _price(price), _price(theirs))


def _is_same(ours: Price, theirs: ListedRates) -> bool:
    if theirs.cached is not None and theirs.cached != ours.cached_usd_per_mtok:
        return False
    return (ours.input_usd_per_mtok, ours.output_usd_per_mtok) == (theirs.input, theirs.output)


def _price(price: Price | ListedRates | None) -> str:
    """Dollars per million tokens in, out and cached, as far as they are known."""
    if price is None:
        return "–"
    if isinstance(price, Price):
        price = ListedRates(
            price.input_usd_per_mtok, price.output_usd_per_mtok, price.cached_usd_per_mtok
        )
    words = ["–" if usd is None else f"${usd.normalize():f}" for usd in (price.input, price.output)]
    cached = "" if price.cached is None else f", cached ${price.cached.normalize():f}"
    return " / ".join(words) + cached


def _ending(lifecycle: str, ends: date | None) -> str:
    return f"{lifecycle}, ends {ends}" if ends else lifecycle


def _is_of_our_kind(model: HostedModel) -> bool:
    """Could the catalog have it: a Nova that is called, and answers in words or vectors?"""
    return (
        "nova" in model.id
        and model.provider == "Amazon"
        and bool(model.gives & {"text", "embedding"})
        and bool(model.inference & {"ON_DEMAND", "INFERENCE_PROFILE"})
    )

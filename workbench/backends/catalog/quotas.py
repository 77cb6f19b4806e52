"""What an account may send to a model each minute, read from the names of its quotas.

Bedrock names a quota in words only, such as `Global cross-region model inference tokens per minute
for Amazon Nova 2 Lite`; the numbers differ from account to account and are published nowhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.backends.catalog.models import ModelInfo

_SCOPES = {"in-region": "on-demand", "global": "global cross-region"}
"""Route → first words of its quotas; every other route is `cross-region`."""


@dataclass(frozen=True, slots=True)
class ModelQuotas:
    """Quotas of one model by one route; None where the account lists none."""

    tokens_per_minute: int | None = None
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None
    least_batch_records: int | None = None
    """Fewest records of a batch."""

    @property
    def is_closed(self) -> bool:
        """Is one of them 0, as in accounts that are new?"""
        limits = (self.tokens_per_minute, self.requests_per_minute, self.tokens_per_day)
        return 0 in limits


def quotas_of(model: ModelInfo, route: str, quotas: Mapping[str, float]) -> ModelQuotas:
    """Pick the quotas of a model.

    Args:
        model: A model of the catalog.
        route: A key of `model.ids`.
        quotas: All quotas of Bedrock by name.

    Example:
        >>> from workbench.backends.catalog.file import load_catalog
        >>> lite = load_catalog().get("2_lite")
        >>> name = "Cross-region model inference tokens per minute for Amazon Nova 2 Lite"
        >>> quotas_of(lite, "us", {name: 8_000_000.0}).tokens_per_minute
        8000000
    """
    scope = _SCOPES.get(route, "cross-region")
    day = (
        r"model invocation max tokens per day"
        if route == "in-region"
        else rf"(?:{scope} model inference|model invocation max) tokens per day"
    )

    def pick(words: str) -> int | None:
        # Some end in a version, some in a remark: `(doubled for cross-region calls)`.
        pattern = re.compile(
            rf"{words} for (?:amazon )?{re.escape(model.name)}(?: v1)?(?: \(.*\))?", re.IGNORECASE
        )
        found = [value for name, value in quotas.items() if pattern.fullmatch(name)]
        return int(min(found)) if found else None

    return ModelQuotas(
        tokens_per_minute=pick(f"{scope} model inference tokens per minute"),
        requests_per_minute=pick(f"{scope} model inference requests per minute"),
        tokens_per_day=pick(day),
        least_batch_records=pick("minimum number of records per batch inference job"),
    )

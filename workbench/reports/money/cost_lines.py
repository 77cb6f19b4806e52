"""What the ledger's calls are listed by, and what people call each line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from workbench.backends.sharing import Share
from workbench.backends.usage import Cost
from workbench.jsonable import from_json
from workbench.media.asset import Asset

if TYPE_CHECKING:
    import polars as pl

By = Literal["day", "month", "model", "asset", "job", "kind", "task", "engine"]

IN_TIME: frozenset[By] = frozenset({"day", "month"})
"""Listed in order of time; the others with the most money first."""

TYPES: tuple[By, ...] = ("model", "kind", "task", "engine")
"""What has few enough values to be the colours of a chart."""

WITHOUT_JOB = "Without a job"

KINDS = {
    "video": "Videos",
    "image": "Pictures",
    "audio": "Sound files",
    "text": "Spoken texts",
    "film": "Films of questions",
    "": "Removed files",
}

TASKS = {
    "analyse_chunk": "Looking at videos and sound",
    "analyse_image": "Looking at pictures",
    "combine": "One summary of many",
    "transcribe": "Writing speech down",
    "speak": "Speaking texts",
    "explain": "Explaining for films",
    "refine": "Refining explanations",
    "script": "Writing scripts of films",
    "validate": "Checking scripts of films",
    "": "Not written down",
}
"""Words for tasks; the ledger of older versions does not name them."""

FILM_TASKS = frozenset({"explain", "refine", "script", "validate"})
"""What is asked about no file, but for a film."""

ENGINES = {
    "local": "Local engine",
    "nova": "Amazon Nova",
    "rekognition": "Amazon Rekognition",
    "transcribe": "Amazon Transcribe",
    "polly": "Amazon Polly",
    "openai": "OpenAI-compatible server",
}


class LedgerCall(NamedTuple):
    """What costs are added up from: some columns of the ledger."""

    at: datetime
    asset_id: str
    cache_key: str
    engine: str
    model: str
    was_kept: bool
    estimated_usd: Cost
    cost_usd: Cost
    job_id: str
    outcome: str
    task: str
    shares: str | None
    """JSON of what is each picture's, of a call about several."""

    def by_asset(self) -> "list[LedgerCall]":
        """The call as each of its assets has it: with its share of the dollars."""
        if not self.shares:
            return [self]
        return [
            self._replace(
                asset_id=share.asset_id, cache_key=share.key, cost_usd=share.cost_usd, shares=None
            )
            for share in from_json(list[Share], self.shares)
        ]


def paid_calls(ledger: "pl.DataFrame") -> list[LedgerCall]:
    """The calls of the ledger; a kept reply has the task of the call that was paid for."""
    calls = [LedgerCall(*row) for row in ledger.select(LedgerCall._fields).iter_rows()]
    tasks = {each.cache_key: call.task for call in calls if call.task for each in call.by_asset()}
    return [
        call if call.task else call._replace(task=tasks.get(call.cache_key, "")) for call in calls
    ]


_KEYS: dict[By, Callable[[LedgerCall], str]] = {
    "day": lambda call: call.at.isoformat()[:10],
    "month": lambda call: call.at.isoformat()[:7],
    "model": lambda call: call.model,
    "asset": lambda call: call.asset_id,
    "job": lambda call: "" if call.job_id.startswith("run-") else call.job_id,
    "task": lambda call: call.task,
    "engine": lambda call: call.engine,
}


@dataclass(frozen=True, slots=True)
class Names:
    """Words for the keys of the ledger."""

    models: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, Asset] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)

    def key(self, by: By, call: LedgerCall) -> str:
        """The line a call belongs to."""
        if by in ("kind", "asset") and not call.asset_id and call.task in FILM_TASKS:
            return "film"
        if by == "kind":
            if not call.asset_id:
                return "text"
            asset = self.assets.get(call.asset_id)
            return asset.kind if asset else ""
        return _KEYS[by](call)

    def of(self, by: By, key: str) -> str:
        """What a person calls a line."""
        if by == "asset":
            if key in ("", "film"):
                return KINDS[key or "text"]
            return self.assets[key].name if key in self.assets else f"removed ({key[:8]})"
        if by == "job":
            return self.jobs.get(key, key or WITHOUT_JOB)
        words = {"model": self.models, "kind": KINDS, "task": TASKS, "engine": ENGINES}
        return words.get(by, {}).get(key, key)

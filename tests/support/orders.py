"""Small orders of calls, and a backend that answers them as a test wants."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from workbench.analysis.answers.answer import answer_schema
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.order import CallOrder
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, Readiness, open_gate
from workbench.backends.usage import Usage

MOST_USD = Decimal("0.01")


def order_of(number: int = 1, **changes: Any) -> CallOrder:
    """An order for a call of words only; another number is another question."""
    request = ModelRequest(
        task="combine",
        model="micro",
        prompt=f"Make one summary of part {number}.",
        schema=answer_schema("combine", ("summary",)),
        schema_name="report",
        system="You write for analysts.",
        max_output_tokens=500,
    )
    facts: dict[str, Any] = {
        "key": request.cache_key(),
        "call_id": f"call {number}",
        "label": f"Talk, part {number}",
        "asset_id": "0123456789abcdef",
        "engine": "nova",
        "model": "micro",
        "route": "us",
        "request": request,
        "most_tokens": 600,
        "estimated_usd": Decimal("0.004"),
        "most_usd": MOST_USD,
        "cap_usd": None,
    }
    return CallOrder(**(facts | changes))


@dataclass
class Scripted:
    """A backend whose sends are played by steps, one each; without steps it answers."""

    steps: list[Callable[[], Any]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"summary": "A pump."})
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=1000, output_tokens=100))
    engine: str = "nova"
    sent: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def readiness(self) -> Readiness:
        return Readiness(self.engine, is_ready=True, finding="scripted")

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        settle = gate()
        with self.lock:
            self.sent.append(request.prompt)
            step = self.steps.pop(0) if self.steps else None
        if step is not None:
            step()
        settle(self.usage.input_tokens + self.usage.output_tokens)
        return ModelReply(self.answer, self.usage, f"us.{model.key}", "tool_use", 0.1)


def failing(error: BaseException) -> Callable[[], None]:
    """A step that raises."""

    def step() -> None:
        raise error

    return step


def in_threads(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each work gives, or the error it raises, when all are done at once."""
    found: list[Any] = [None] * len(works)

    def run(place: int) -> None:
        try:
            found[place] = works[place]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found

"""A call that is to be made: the question, what it may use and cost, and what came of it."""

from dataclasses import dataclass
from decimal import Decimal

from workbench.backends.protocol import ModelRequest, Task
from workbench.backends.sharing import Sharer
from workbench.backends.usage import Cost


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a call was expected to use, to be compared with what the service reports."""

    task: Task
    input_tokens: int
    """As it was estimated: media and words, the words corrected by what was learned."""
    output_tokens: int
    text_tokens: int
    """The words that are sent, by the counter as it is, without any correction."""
    media_tokens: int | None
    """Tokens of what is looked at, where the model's rule gives one number; None for a range."""


@dataclass(frozen=True, slots=True)
class CallOrder:
    """Everything needed to make one call in any process of the data folder."""

    key: str
    """Name of the question; its reply is kept under it."""
    call_id: str
    """Id of the planned call."""
    label: str
    """What a person calls it: "Talk, chunk 1 of 2"."""
    asset_id: str
    """What it is about; the first of several pictures."""
    engine: str
    model: str
    """Catalog key."""
    route: str
    """Inference profile that prices go by."""
    request: ModelRequest
    """With the files to send. Evidence is left out where only the prompt is sent."""
    most_tokens: int
    """Input and reserved output: what counts against an account's tokens a minute."""
    estimated_usd: Cost
    most_usd: Cost
    """The most it may cost; None when no price is known."""
    cap_usd: Decimal | None
    """The most all calls of its job may cost."""
    forecast: Forecast | None = None
    """None where nothing was counted beforehand."""
    shared: tuple[Sharer, ...] = ()
    """The pictures it is about, in the order they are sent, where they are several: the answer
    about each is kept under a key of its own as well."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How an order ended well: its reply is in the call cache now."""

    was_paid: bool
    """False when it was there before, or another process made the same call."""
    cost_usd: Cost
    """Dollars paid now; 0 when nothing was, None when no price is known, or when the reply to an
    earlier send was lost and may have been billed too."""

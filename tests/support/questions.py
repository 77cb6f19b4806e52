"""A question that becomes a film: what is asked, what is answered, and what is paid."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.support.bedrock_rules import Received
from tests.support.bedrock_server import BedrockServer
from tests.support.film_answers import film_answer
from workbench import Workspace
from workbench.explain.request import FilmRequest

QUESTION = FilmRequest(
    question="How does a mechanical seal fail?", voice="none", length="short", renderer="cards"
)
STAGES = ["explanation", "explanation", "storyboard", "review"]
"""Tools of the calls, in their order."""

ANSWER = None
"""A step of the server's script: answer as usual."""


def paid(workspace: Workspace) -> tuple[int, int, Decimal]:
    """Tokens in and out and dollars, as the ledger has them."""
    ledger = workspace.store.ledger()
    dollars = sum((usd for usd in ledger["cost_usd"] if usd is not None), Decimal(0))
    return int(ledger["input_tokens"].sum()), int(ledger["output_tokens"].sum()), dollars


def billed(server: BedrockServer) -> tuple[int, int]:
    """Tokens in and out, as the service has counted them."""
    calls = server.calls
    return sum(call.input_tokens for call in calls), sum(call.output_tokens for call in calls)


def scripted(change: Callable[[dict[str, Any]], Any]) -> Callable[[Received], dict[str, Any]]:
    """The little model, with something else made of its script."""

    def answer(request: Received) -> dict[str, Any]:
        told = film_answer(request)
        assert told is not None
        return change(told) if "language" in request.schema["properties"] else told

    return answer

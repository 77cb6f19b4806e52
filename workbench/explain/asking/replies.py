"""The replies of the models: looked up where they are kept, and paid for where they may be."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workbench.analysis.plans.estimate import repair_usage, tokens_of_a_send
from workbench.analysis.plans.question import CUT
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of, text_tokens
from workbench.backends.order import CallOrder, CallOutcome, Forecast
from workbench.backends.protocol import ModelReply, ModelRequest
from workbench.backends.usage import Usage
from workbench.errors import AnswerCut, LibraryError
from workbench.explain.asking.roles import Role

Range = tuple[Usage, Usage, Usage]
"""Least, expected and most."""

NOTHING: tuple[int, int, int] = (0, 0, 0)

REPAIR_WORDS = 400
"""Tokens of a second round of ours besides question and answer: what cannot be drawn (guess)."""

_WHAT: Mapping[Role, str] = {
    "explain": "explanation",
    "refine": "refined explanation",
    "script": "script",
    "validate": "check of the script",
}


class NotKept(Exception):
    """There is no reply yet, and none may be asked for. It never leaves this room."""

    def __init__(self, role: Role, question: ModelRequest, *, is_repair: bool) -> None:
        super().__init__(role)
        self.role = role
        self.question = question
        self.is_repair = is_repair


class KeptReplies:
    """Gives replies that are kept, and asks nobody.

    Args:
        cache: Where they are.
    """

    calls_made = 0
    """Calls that were paid now."""

    def __init__(self, cache: CallCache) -> None:
        self._cache = cache

    def ask(
        self, role: Role, question: ModelRequest, expected: int, *, is_repair: bool = False
    ) -> Mapping[str, Any]:
        """The reply to a question.

        Args:
            role: Who is asked.
            question: What.
            expected: Tokens the answer is expected to have.
            is_repair: Is an answer asked for again, because it cannot be shown?

        Raises:
            AnswerCut: It was asked before, and cut at the most tokens it may have.
            NotKept: There is none.
        """
        del expected
        found = self._kept(role, question)
        if found is None:
            raise NotKept(role, question, is_repair=is_repair)
        return found.data

    def _kept(self, role: Role, question: ModelRequest) -> ModelReply | None:
        reply = self._cache.get(question.cache_key())
        if reply is not None and reply.stop_reason == CUT:
            raise AnswerCut(
                f"the {_WHAT[role]} was cut when it was asked for before",
                hint="choose a shorter length, or a model that writes longer answers",
            )
        return reply


class PaidReplies(KeptReplies):
    """Gives replies that are kept, and has the others asked for.

    Args:
        cache: Where replies are.
        models: Who does what.
        routes: Role → inference profile that prices go by.
        execute: Has a call made; see `analysis.making.Executor`.
        about: What people call the film.
        cap_usd: The most all calls of the film may cost.
    """

    def __init__(
        self,
        cache: CallCache,
        models: Mapping[Role, ModelInfo],
        routes: Mapping[Role, str],
        execute: Callable[[CallOrder], CallOutcome],
        *,
        about: str,
        cap_usd: Decimal | None,
    ) -> None:
        super().__init__(cache)
        self._models = models
        self._routes = routes
        self._execute = execute
        self._about = about
        self._cap_usd = cap_usd

    def ask(
        self, role: Role, question: ModelRequest, expected: int, *, is_repair: bool = False
    ) -> Mapping[str, Any]:
        """The reply to a question, paid for where it is not kept.

        Args:
            role: Who is asked.
            question: What.
            expected: Tokens the answer is expected to have.
            is_repair: Is an answer asked for again, because it cannot be shown?

        Raises:
            AnswerCut: It is cut at the most tokens it may have.
            BackendError: The service gave no usable answer.
            BudgetReached: It could cost more than what is left under the cap or of the budget.
            LibraryError: The reply was not kept.
        """
        found = self._kept(role, question)
        if found is not None:
            return found.data
        order = self._order(role, question, expected, is_repair=is_repair)
        outcome = self._execute(order)
        self.calls_made += outcome.was_paid
        found = self._kept(role, question)
        if found is None:
            raise LibraryError(
                f"the {order.label} was not kept",
                hint="check that the data folder is writable and has room, then run again",
            )
        return found.data

    def _order(
        self, role: Role, question: ModelRequest, expected: int, *, is_repair: bool
    ) -> CallOrder:
        model, route, key = self._models[role], self._routes[role], question.cache_key()
        _, usual, most = usages(question, model, expected)
        words = question.system + question.prompt + json.dumps(question.schema)
        again = ", put right" if is_repair else ""
        return CallOrder(
            key=key,
            call_id=key[:16],
            label=f"{_WHAT[role]} of “{self._about}”{again}",
            asset_id="",
            engine=model.engine,
            model=model.key,
            route=route,
            request=question,
            most_tokens=tokens_of_a_send(question, most),
            estimated_usd=cost_of(usual, model, route),
            most_usd=cost_of(most, model, route),
            cap_usd=self._cap_usd,
            forecast=Forecast(
                role, usual.input_tokens, usual.output_tokens, text_tokens(words), media_tokens=0
            ),
        )


def usages(
    question: ModelRequest,
    model: ModelInfo,
    expected: int,
    told: tuple[int, int, int] = NOTHING,
) -> Range:
    """Least, expected and most that one call uses; the most is that of both rounds of a backend.

    Args:
        question: What is asked.
        model: Who is asked.
        expected: Tokens the answer is expected to have.
        told: Fewest, expected and most tokens of what the question will also hold.
    """
    words = text_tokens(question.system + question.prompt)
    form = text_tokens(json.dumps(question.schema))
    corrected = round((words + form) * model.text_factor)
    # Whether the form of the answer is billed is not written anywhere.
    fewest = round(min(words, words * model.text_factor) * 0.85) + told[0]
    largest = round(max(words + form, corrected) * 1.15) + told[2]
    most = min(question.max_output_tokens, model.max_output_tokens)
    return (
        Usage(fewest, min(most, expected // 3)),
        Usage(corrected + told[1], min(most, expected)),
        Usage(largest, most) + repair_usage(largest, most),
    )


def second_round(question: ModelRequest, model: ModelInfo, largest: Usage) -> Usage:
    """The most that a second call of a stage uses: for a shorter answer, or one put right.

    Args:
        question: Of the first call.
        model: Who is asked.
        largest: The most that the first call uses, as `usages` gives it.
    """
    most = min(question.max_output_tokens, model.max_output_tokens)
    # Of the tokens of both rounds of the first call, more than half are those of the second.
    said = largest.input_tokens // 2 + most + REPAIR_WORDS
    return Usage(said, most) + repair_usage(said, most)

"""Five hundred calls, a fifth of the sends disturbed: nothing is missing, and the bill is the service's."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.support.bedrock_server import (
    BedrockServer,
    Call,
    Step,
    credentials_for_tests,
    cut,
    cut_in_reply,
    empty,
    error,
    garbled,
    hang,
    says,
    stopped,
    tool_input,
)
from tests.support.orders import order_of
from workbench import Settings, Workspace
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.order import CallOutcome
from workbench.backends.usage import Usage
from workbench.errors import BackendError, BadReply
from workbench.library.records import RateLimit

CALLS = 500
AT_ONCE = 8
READ_TIMEOUT_S = 10.0
"""Far more than an answer takes here, also when the machine is busy."""

SOAK = "0123456789abcdef"

NO_ANSWER = (
    error("ThrottlingException"),
    error("ThrottlingException", retry_after_s=7),
    error("ModelNotReadyException"),
    error("InternalServerException"),
    error("ServiceUnavailableException"),
    error("ModelErrorException"),
    error("ModelTimeoutException"),
    garbled(503),
)
"""The service says that it gives none: nothing is billed."""

LOST = (cut(), cut_in_reply(), garbled(), garbled(502))
"""Nobody on this side knows whether it was billed. Timeouts belong here too."""

USELESS = (
    tool_input({"summary": ["not", "words"]}),
    tool_input({}),
    says("No form at all."),
    stopped("max_tokens"),
    stopped("content_filtered"),
    empty(),
)
"""Answered and billed, and of no use as it is."""

SENDS = 600
"""Of the first so many sends a fifth are disturbed; those after them find a service that is well."""

TIMEOUTS = 3


def faults() -> list[Step | None]:
    """One step for each send, in a fixed order that looks like chance: a fifth are faults."""
    kinds = (*NO_ANSWER, *LOST, *USELESS)
    disturbed = [kinds[n % len(kinds)] for n in range(SENDS // 5 - TIMEOUTS)]
    disturbed += [hang()] * TIMEOUTS
    steps: list[Step | None] = [*disturbed, *[None] * (SENDS - len(disturbed))]
    random.Random(20261121).shuffle(steps)
    return steps


@dataclass
class Soaked:
    """What was left when every call had its answer."""

    workspace: Workspace
    server: BedrockServer
    outcomes: dict[int, list[CallOutcome]]
    errors: list[BackendError]
    rounds: int

    def of_calls(self) -> dict[int, list[Call]]:
        """Sends by the number of the call they were made for."""
        found = defaultdict(list)
        for call in self.server.calls:
            (number,) = set(re.findall(r"summary of part (\d+)\.", call.prompt))
            found[int(number)].append(call)
        return found

    def rows(self) -> dict[int, list[dict[str, Any]]]:
        """Rows of the ledger by the number of the call."""
        found = defaultdict(list)
        for row in self.workspace.store.ledger().rows(named=True):
            found[int(row["call_id"].removeprefix("call "))].append(row)
        return found


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soaked]:
    """Make all calls, several at once, and again those that failed, until each has its answer."""
    folder = tmp_path_factory.mktemp("soak")
    with pytest.MonkeyPatch.context() as patch, BedrockServer() as server:
        for name, value in credentials_for_tests().items():
            patch.setenv(name, value)
        server.script(*faults())
        with Workspace.open(Settings(data_dir=folder)) as workspace:
            workspace.nova = BedrockNova(
                "us-east-1", server.url, read_timeout_s=READ_TIMEOUT_S, sleep=lambda _: None
            )
            workspace.store.set_limit(RateLimit("*", at_once=AT_ONCE))
            yield soak(workspace, server)


def soak(workspace: Workspace, server: BedrockServer) -> Soaked:
    outcomes: dict[int, list[CallOutcome]] = defaultdict(list)
    errors: list[BackendError] = []

    def ask(number: int) -> bool:
        try:
            outcomes[number].append(workspace.call(order_of(number), job_id=SOAK))
        except BackendError as failure:
            errors.append(failure)
            return False
        return True

    open_calls, rounds = list(range(CALLS)), 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while open_calls and rounds < 10:
            done = list(pool.map(ask, open_calls))
            open_calls = [n for n, is_done in zip(open_calls, done, strict=True) if not is_done]
            rounds += 1
    return Soaked(workspace, server, outcomes, errors, rounds)


def test_every_fault_has_happened_and_every_call_has_its_answer(soaked):
    assert soaked.rounds < 10
    assert sorted(soaked.outcomes) == list(range(CALLS))
    played = Counter(call.outcome for call in soaked.server.calls)
    wanted = {step.name for step in (*NO_ANSWER, *LOST, *USELESS)} | {"hang"}
    assert wanted <= set(played)
    disturbed = soaked.server.received - played["answered"]
    assert disturbed == SENDS // 5
    assert soaked.server.refused == ()
    assert soaked.server.most_at_once > 1


def test_every_result_is_there_exactly_once(soaked):
    cache = soaked.workspace.cache
    assert all(cache.get(order_of(number).key) is not None for number in range(CALLS))
    assert sum(1 for _ in cache.folder.rglob("*.json")) == CALLS
    assert [len(each) for each in soaked.outcomes.values()] == [1] * CALLS
    assert all(outcome.was_paid for (outcome,) in soaked.outcomes.values())
    assert Counter(
        row["call_id"]
        for rows in soaked.rows().values()
        for row in rows
        if row["outcome"] == "answered"
    ) == {f"call {number}": 1 for number in range(CALLS)}


def test_the_ledger_is_the_services_count_to_the_token(soaked):
    sends, rows = soaked.of_calls(), soaked.rows()
    for number in range(CALLS):
        # What could not be read is counted by nobody; it is another test's matter.
        told = [call for call in sends[number] if call.output_tokens]
        assert sum(row["input_tokens"] for row in rows[number]) == sum(
            call.input_tokens for call in told
        )
        assert sum(row["output_tokens"] for row in rows[number]) == sum(
            call.output_tokens for call in told
        )
    ledger = soaked.workspace.store.ledger()
    assert ledger["input_tokens"].sum() == sum(call.input_tokens for call in soaked.server.calls)
    assert ledger["output_tokens"].sum() == sum(call.output_tokens for call in soaked.server.calls)


def test_the_dollars_are_those_of_the_tokens(soaked):
    model = soaked.workspace.catalog.get("micro")
    for rows in soaked.rows().values():
        for row in rows:
            if row["outcome"] != "lost":
                used = Usage(row["input_tokens"], row["output_tokens"])
                assert row["cost_usd"] == cost_of(used, model, "us")


def test_a_reply_that_was_lost_on_the_way_has_a_row_that_says_so(soaked):
    sends, rows = soaked.of_calls(), soaked.rows()
    lost_names = {"cut", "cut_in_reply", "hang"}
    for number in range(CALLS):
        lost_sends = [
            call
            for call in sends[number]
            if call.outcome in lost_names or (call.outcome == "garbled" and call.status != 503)
        ]
        lost_rows = [row for row in rows[number] if row["outcome"] == "lost"]
        assert len(lost_rows) == len(lost_sends)
        assert all(row["cost_usd"] is None for row in lost_rows)
    assert sum(row["outcome"] == "lost" for each in rows.values() for row in each) > 20


def test_what_a_lost_reply_holds_back_is_never_less_than_what_was_billed_for_it(soaked):
    model = soaked.workspace.catalog.get("micro")
    sends, rows = soaked.of_calls(), soaked.rows()
    for number, each in rows.items():
        for row in each:
            if row["outcome"] == "lost":
                answered = max(sends[number], key=lambda call: call.input_tokens)
                most = Usage(answered.input_tokens, answered.max_tokens)
                assert row["estimated_usd"] >= cost_of(most, model, "us")


def test_a_service_that_says_it_gives_no_answer_is_not_in_the_ledger(soaked):
    rows = [row for each in soaked.rows().values() for row in each]
    outcomes = Counter(row["outcome"] for row in rows)
    assert set(outcomes) == {"answered", "refused", "lost"}
    # Also where the second round failed that should have put an answer right.
    assert outcomes["refused"] == sum(failure.billed is not None for failure in soaked.errors)
    useless = [failure for failure in soaked.errors if isinstance(failure, BadReply)]
    assert useless
    assert all(failure.billed is not None for failure in useless)


def test_the_cost_of_the_whole_is_unknown_where_a_reply_was_lost(soaked):
    lost = [out for (out,) in soaked.outcomes.values() if out.cost_usd is None]
    assert 0 < len(lost) < CALLS
    told = sum(failure.lost_sends for failure in soaked.errors)
    rows = soaked.workspace.store.ledger()
    assert (rows["outcome"] == "lost").sum() >= len(lost) + told > len(lost)


def test_nothing_is_in_flight_and_nothing_is_left_to_settle(soaked):
    assert soaked.workspace.store.calls_in_flight() == []
    assert soaked.workspace.settle_calls() == 0


def test_asking_for_everything_again_costs_nothing(soaked):
    received = soaked.server.received
    again = [soaked.workspace.call(order_of(n), job_id=SOAK) for n in range(CALLS)]
    assert {(out.was_paid, out.cost_usd) for out in again} == {(False, Decimal(0))}
    assert soaked.server.received == received

"""Whatever a model does with pictures that share a call, each ends once and the bill adds up."""

import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.conftest import Bench, asset, make_bench
from tests.analysis.test_plan import request
from workbench.analysis.answers.answer import answer_schema, schema_of_several
from workbench.analysis.answers.sharing import shares_of
from workbench.analysis.plans.plan import plan_analysis
from workbench.analysis.plans.question import media_identity
from workbench.analysis.runs.run import run_plan
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.form import fitted
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, open_gate
from workbench.backends.sharing import Share, Sharer, split, split_usage
from workbench.backends.usage import Usage
from workbench.errors import AnswerCut, BadReply, ServiceDown
from workbench.jsonable import from_json
from workbench.library.calls.making import CallTools, make_call
from workbench.library.store import Store

WEIGHTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=5)
CATALOG = load_catalog()


@given(st.integers(0, 10**7), WEIGHTS)
def test_parts_are_whole_and_add_up_and_nobody_has_one_too_many(total, weights):
    parts = split(total, weights)
    assert sum(parts) == total
    of_all = sum(weights) or len(weights)
    for part, weight in zip(parts, weights if sum(weights) else [1] * len(weights), strict=True):
        assert total * weight // of_all <= part <= total * weight // of_all + 1


@given(
    st.tuples(*[st.integers(0, 10**6)] * 3), WEIGHTS, st.data(), st.sampled_from(["lite", "2_lite"])
)
def test_the_shares_of_a_call_add_up_to_its_bill(amounts, weights, data, key):
    usage = Usage(amounts[0], amounts[1], images=len(weights), cached_tokens=0)
    sharers = [Sharer(f"{n:064x}", f"{n:016x}", str(n), w) for n, w in enumerate(weights, 1)]
    numbers = data.draw(st.lists(st.integers(-1, 6), max_size=7))
    told = {"pictures": [{"number": n, "summary": "x" * (n + 2)} for n in numbers]}
    model = CATALOG.get(key)
    shares = shares_of(usage, sharers, told, lambda part: cost_of(part, model, "us"))
    assert sum((share.usage for share in shares), Usage()) == usage
    assert sum(share.cost_usd for share in shares) == cost_of(usage, model, "us")
    assert [share.usage.images for share in shares] == [1] * len(weights)


def test_what_a_picture_takes_is_by_its_own_words_and_its_own_answer():
    first, second = split_usage(Usage(1000, 100), [300, 700], [1, 3])
    assert (first.input_tokens, second.input_tokens) == (300, 700)
    assert (first.output_tokens, second.output_tokens) == (25, 75)


@dataclass
class Liar:
    """A model that leaves out, doubles, renumbers, is cut, and answers in the wrong form."""

    seed: int
    engine: str = "nova"
    billed: list[Usage] = field(default_factory=list)
    most_at_once: int = 0

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        chance = random.Random(f"{self.seed} {request.cache_key()}")
        self.most_at_once = max(self.most_at_once, len(request.media))
        settle = gate()
        usage = Usage(
            chance.randrange(1, 9999), chance.randrange(1, 4000), images=len(request.media)
        )
        what = chance.choice(["right"] * 5 + ["lie"] * 8 + ["cut", "form", "down"])
        if what == "down":
            raise ServiceDown("the service failed")
        settle(usage.input_tokens + usage.output_tokens)
        self.billed.append(usage)
        if what == "cut":
            raise AnswerCut("cut", billed=usage)
        if what == "form":
            raise BadReply("no form", billed=usage)
        told: dict[str, Any] = {"summary": "alone"}
        if "pictures" in request.schema["properties"]:
            told = {"pictures": self.entries(len(request.media), chance, is_right=what == "right")}
        assert fitted(told, request.schema)[1] == ()
        return ModelReply(told, usage, "us.2_lite", "tool_use", 0.1)

    @staticmethod
    def entries(count: int, chance: random.Random, *, is_right: bool) -> list[dict[str, Any]]:
        numbers = list(range(1, count + 1))
        if not is_right:
            numbers = [chance.randrange(-1, count + 2) for _ in range(chance.randrange(count + 2))]
        return [{"number": n, "summary": f"with others {chance.random()}"} for n in numbers]


@settings(max_examples=10)
@given(seed=st.integers(0, 10**9), count=st.integers(2, 13), most=st.integers(2, 5))
def test_however_a_model_lies_each_picture_ends_once_and_the_ledger_is_its_bill(
    empty_catalog, seed, count, most
):
    with TemporaryDirectory() as folder:
        shutil.copy(empty_catalog, Path(folder) / "app.db")
        with Store.open(Path(folder) / "app.db") as store:
            bench, liar = make_bench(Path(folder)), Liar(seed)
            tools = CallTools(lambda _: liar, CATALOG.get, bench.cache, store, patience_s=0.0)
            execute = partial(make_call, job_id="run-1", tools=tools)
            album = [asset(number, "image") for number in range(1, count + 1)]
            asked = request(find=("summary",), pictures_per_call=most)
            plan = plan_analysis(asked, album, bench.context)
            seen: list[tuple[int, int]] = []
            result = run_plan(
                plan, bench.tools(2), execute=execute,
                progress=lambda done, total, _: seen.append((done, total)),
            )  # fmt: skip
            ended = Counter(each.asset_name for each in result.analyses)
            ended.update(each.name for each in result.failures)
            assert ended == {each.name: 1 for each in album}
            assert seen[-1][0] == seen[-1][1]
            assert liar.most_at_once <= most
            ledger = store.ledger()
            for column in ("input_tokens", "output_tokens", "images"):
                billed = sum(getattr(usage, column) for usage in liar.billed)
                assert ledger[column].sum() == billed
            assert ledger.height == len(liar.billed)
            costs = [cost_of(usage, plan.model, plan.route) for usage in liar.billed]
            assert ledger["cost_usd"].sum() == sum(costs, Decimal(0)) == result.paid_usd
            for row in ledger.rows(named=True):
                shares = from_json(list[Share], row["shares"] or "[]")
                assert not shares or sum(s.cost_usd for s in shares) == row["cost_usd"]
            # A second run asks about nothing that has an answer.
            before = len(liar.billed)
            answered = {each.asset_id for each in result.analyses}
            again = [each for each in album if each.id in answered]
            if again:
                plan = plan_analysis(asked, again, bench.context)
                assert run_plan(plan, bench.tools(2), execute=execute).failures == ()
            assert len(liar.billed) == before


def test_a_group_is_as_large_as_the_request_says_and_its_answers_fit(bench: Bench):
    album = [asset(number, "image") for number in range(1, 12)]

    def groups(**changes: object) -> list[int]:
        plan = plan_analysis(request(**changes), album, bench.context)
        return [len(call.asset_ids) for call in plan.calls]

    assert groups() == [5, 5, 1]
    assert groups(pictures_per_call=2) == [2, 2, 2, 2, 2, 1]
    assert groups(pictures_per_call=1) == [1] * 11
    assert groups(summary_length="detailed") == [3, 3, 3, 2]
    assert groups(engine="local", model="auto") == [1] * 11
    assert groups(tier="batch") == [1] * 11


def test_pictures_that_are_too_large_together_go_in_smaller_calls(bench: Bench):
    album = [asset(number, "image") for number in range(1, 6)]
    plan = plan_analysis(request(), album, bench.context)
    assert len(plan.calls) == 1
    from dataclasses import replace

    def prepare(asset_plan, call, progress):
        return tuple(replace(part, size_bytes=400) for part in media_identity(call.part))

    asked: list[int] = []

    def execute(order):
        asked.append(len(order.request.media))
        return bench.execute(order)

    bench.backend.answer = several
    tools = replace(bench.tools(), prepare=prepare, limit_bytes=1000)
    result = run_plan(plan, tools, execute=execute)
    assert result.failures == ()
    assert asked == [2, 2, 1]
    # Known sizes are planned by.
    known = replace(bench.context, proxy_bytes_of=lambda _: 7_000_000, cache=None)
    plan = plan_analysis(request(), album, known)
    assert [len(call.asset_ids) for call in plan.calls] == [2, 2, 1]


def several(question: ModelRequest) -> Any:
    from workbench.analysis.answers.answer import Answer

    if "pictures" not in question.schema["properties"]:
        return Answer(summary="alone")
    numbers = range(1, len(question.media) + 1)
    return Answer(pictures=[{"number": n, "summary": str(n)} for n in numbers])


def test_the_form_of_several_is_a_flat_list_of_the_form_of_one():
    one = answer_schema("analyse_image", ("summary", "objects"))
    item = schema_of_several(one)["properties"]["pictures"]["items"]
    assert set(item["properties"]) == {"number", *one["properties"]}
    assert item["required"] == ["number", *one["required"]]
    entry = {"number": "2", "summary": "A pump.", "elements": []}
    assert fitted({"pictures": [entry]}, schema_of_several(one)) == (
        {"pictures": [{**entry, "number": 2}]}, (),
    )  # fmt: skip


@pytest.mark.parametrize("tier", ["standard", "flex"])
def test_a_picture_costs_less_in_company(bench: Bench, tier):
    album = [asset(number, "image") for number in range(1, 21)]
    one, five = (
        plan_analysis(request(pictures_per_call=most, tier=tier), album, bench.context)
        for most in (1, 5)
    )
    assert (len(one.calls), len(five.calls)) == (20, 4)
    assert five.usage.input_tokens < 0.65 * one.usage.input_tokens
    assert five.cost < one.cost

"""What a plan says of media is what the service counts, for every length, model and depth.

The service's side is `tests/support/bedrock_rules.py`, which is written from the maker's pages and
knows nothing of the product.
"""

import ast
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analysis.conftest import asset, evidence_of
from tests.support import bedrock_rules
from tests.support.bedrock_rules import HOSTED, TOKENS_PER_FRAME, Received, ReceivedMedia
from tests.support.bedrock_server import Call
from tests.support.long_film import measure
from tests.support.nova_answers import answer_to
from tests.workspace.conftest import environment
from workbench import AnalysisRequest, Workspace
from workbench.analysis.plans.plan import AnalysisPlan, PlanContext, PlannedCall, plan_analysis
from workbench.analysis.plans.question import build_question
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.pricing import text_tokens
from workbench.backends.order import CallOrder
from workbench.media.asset import Asset
from workbench.media.ffmpeg import run_ffmpeg

CATALOG = load_catalog()
SEEING = [m.key for m in CATALOG.models("nova", {"video"}) if m.model_id in HOSTED]
PAGES = ("text", "table")
"""The guide of Nova 2 Lite contradicts itself above 16 minutes: its text ends at 960 frames, its
table goes on at one a second, and ends at 45 minutes."""

LAST_ROW_S = 2700

LENGTHS_S = st.one_of(
    st.integers(1, 10_800).map(float),
    st.floats(1, 10_800).map(lambda seconds: round(seconds, 3)),
    st.sampled_from((959.9, 960.0, 960.1, 1199.5, 2699.999, 2700.0, 2700.001, 10_800.0)),
)


def context_for(film: Asset) -> PlanContext:
    """What is known of a film that has been measured."""
    return PlanContext(CATALOG, evidence_for=lambda _: evidence_of(film))


def planned(film: Asset, **asked: Any) -> AnalysisPlan:
    request = AnalysisRequest(assets=(film.id,), engine="nova", **asked)
    return plan_analysis(request, [film], context_for(film))


def words_of(plan: AnalysisPlan, call: PlannedCall) -> int:
    """Tokens of a question without its media, as the plan counts them."""
    evidence = evidence_of(call.part.asset)
    question = build_question(plan.request, plan.model, call.part, evidence)
    return text_tokens(question.system + question.prompt + json.dumps(question.schema))


def counted(model_id: str, sent_s: float, page: str) -> int:
    """Tokens that the service counts for the clip it gets: a frame for every second begun."""
    hosted = HOSTED[model_id]
    if page == "table" and model_id == "amazon.nova-2-lite-v1:0":
        hosted = replace(hosted, most_frames=LAST_ROW_S)
    clip = ReceivedMedia("video", "mp4", 1, 64, 36, float(math.ceil(sent_s)))
    return Received(model_id, hosted, (clip,), (), "", 1, 0.0).input_tokens


def test_the_service_counts_without_looking_at_the_product():
    source = Path(bedrock_rules.__file__).read_text(encoding="utf-8")
    names = [
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or node.names[0].name]
    ]
    assert not [name for name in names if name.startswith("workbench")]


@pytest.mark.parametrize(
    ("seconds", "lite", "two_lite_by_text", "two_lite_by_table"),
    [
        (10, 2_880, 2_880, 2_880),
        (30, 8_640, 8_640, 8_640),
        (300, 86_400, 86_400, 86_400),
        (960, 276_480, 276_480, 276_480),
        (1200, 276_480, 276_480, 345_600),
        (1800, 276_480, 276_480, 518_400),
        (2700, 276_480, 276_480, 777_600),
        (3600, 276_480, 276_480, 777_600),
    ],
)
def test_the_service_counts_as_the_makers_tables_do(
    seconds, lite, two_lite_by_text, two_lite_by_table
):
    assert counted("amazon.nova-lite-v1:0", seconds, "text") == lite
    assert counted("amazon.nova-2-lite-v1:0", seconds, "text") == two_lite_by_text
    assert counted("amazon.nova-2-lite-v1:0", seconds, "table") == two_lite_by_table


@given(key=st.sampled_from(SEEING), length_s=LENGTHS_S, chunk_s=st.integers(30, 900))
@example(key="pro", length_s=10_800.0, chunk_s=900)
@example(key="2_lite", length_s=0.04, chunk_s=600)
def test_the_media_of_every_call_are_what_the_service_counts(key, length_s, chunk_s):
    film = asset(1, duration_s=length_s)
    for depth in ("detailed", "overview"):
        plan = planned(film, model=key, depth=depth, chunk_s=chunk_s)
        chunks = [call for call in plan.calls if call.chunk]
        for call in chunks:
            sent_s = call.chunk.sent.duration_s
            least, most = (counted(plan.model.model_id, sent_s, page) for page in PAGES)
            assert call.usage.input_tokens - words_of(plan, call) == least
            assert call.usage_low.input_tokens >= least
            assert call.usage_high.input_tokens >= most
            assert (least == most) or key == "2_lite"
        frames = sum(counted(plan.model.model_id, c.chunk.sent.duration_s, "text") for c in chunks)
        assert plan.assets[0].frames * TOKENS_PER_FRAME == frames


@given(key=st.sampled_from(SEEING), length_s=LENGTHS_S)
def test_a_range_of_frames_is_given_only_where_the_maker_contradicts_itself(key, length_s):
    plan = planned(asset(1, duration_s=length_s), model=key, depth="overview")
    (call,) = plan.calls
    pages = {counted(plan.model.model_id, length_s, page) for page in PAGES}
    text = words_of(plan, call)
    # What is above the fewest frames, the words of two rounds and two answers are more frames.
    rounds = 2 * round(text * 1.15) + 2 * call.usage_high.output_tokens // 2 + 500
    more = call.usage_high.input_tokens - rounds - min(pages)
    assert more == max(pages) - min(pages)


def rates(film: Path, length_s: float, fps: str) -> Path:
    """A film of a length that is no whole number of seconds, with a sentence beside it."""
    picture = f"color=c=0x335577:size=64x36:rate={fps}"
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    run_ffmpeg(["-f", "lavfi", "-i", picture, *codec, "-t", str(length_s), film])
    film.with_suffix(".srt").write_text("1\n00:00:01,000 --> 00:00:04,000\nThe pump starts.\n")
    return film


@pytest.fixture(scope="module")
def odd_film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A film of 16 min 4.4 s with 7 frames a second, and a data folder in which it is measured."""
    folder = tmp_path_factory.mktemp("odd")
    film = rates(folder / "odd.mp4", 964.4, "7")
    measure(film, folder / "data")
    return film, folder / "data"


@pytest.fixture
def odd(odd_film, server, monkeypatch) -> Iterator[Workspace]:
    """That library open, with the server as its Bedrock."""
    for name, value in environment(odd_film[1], server).items():
        monkeypatch.setenv(name, value)
    with Workspace.open() as opened:
        yield opened


def media_counted(call: Call) -> int:
    """What the service has counted besides words."""
    letters = len(call.system) + sum(len(text) for text in call.texts)
    return call.input_tokens - letters // bedrock_rules.LETTERS_PER_TOKEN


@pytest.mark.parametrize("depth", ["detailed", "overview"])
@pytest.mark.parametrize(
    ("key", "page"), [("lite", "text"), ("2_lite", "text"), ("2_lite", "table")]
)
def test_over_the_wire_the_service_counts_what_was_planned(
    odd, odd_film, server, monkeypatch, key, depth, page
):
    if page == "table":
        two = "amazon.nova-2-lite-v1:0"
        monkeypatch.setitem(HOSTED, two, replace(HOSTED[two], most_frames=LAST_ROW_S))
    request = AnalysisRequest(
        assets=(str(odd_film[0]),), engine="nova", model=key, depth=depth, chunk_s=300,
        instructions=f"By the {page}.",
    )  # fmt: skip
    plan = odd.plan(request)
    orders: list[CallOrder] = []

    def make(order: CallOrder) -> Any:
        orders.append(order)
        return odd.call(order, job_id=f"{key} {depth} {page}")

    result = odd.run(plan, execute=make)
    assert result.failures == ()
    assert server.refused == ()
    seen = sorted(media_counted(call) for call in server.calls if call.media)
    exact = [
        counted(plan.model.model_id, c.chunk.sent.duration_s, page) for c in plan.calls if c.chunk
    ]
    assert seen == sorted(exact)
    assert result.paid_usd <= plan.cost_high
    # What is reserved of a minute's tokens is what the service reserves, and little more.
    for order in orders:
        (call,) = [c for c in server.calls if c.prompt == order.request.prompt]
        reserved = call.input_tokens + call.max_tokens
        assert reserved <= order.most_tokens
        if order.request.media and (key, page) != ("2_lite", "text"):
            assert order.most_tokens <= reserved * 1.05


def test_a_second_round_and_answers_at_the_limit_are_within_the_most_a_plan_says(
    workspace, server, request_of_film
):
    # Every call is answered at full length in the wrong form, and again at full length.
    room = 15_900

    def answer(received: Received) -> dict[str, Any]:
        answered = answer_to(received)
        if "You have answered:" not in received.prompt:
            return {**answered, "summary": [], "remark": "x" * (room - len(json.dumps(answered)))}
        return {**answered, "summary": "y" * (room - len(json.dumps(answered)))}

    server.answer = answer
    plan = workspace.plan(request_of_film)
    result = workspace.analyse(request_of_film)
    assert result.failures == ()
    assert server.received == 2 * len(plan.calls)
    assert max(call.output_tokens for call in server.calls) > 3_950
    assert plan.cost * Decimal("1.1") < result.paid_usd <= plan.cost_high


def test_a_second_round_stays_under_the_cap(workspace, server, request_of_film):
    server.answer = lambda received: {"summary": ["no", "form"], "remark": "x" * 15_000}
    plan = workspace.plan(request_of_film)
    cap = plan.calls[0].cost_high * 2
    capped = request_of_film.model_copy(update={"max_cost_usd": cap})
    workspace.analyse(capped)
    assert server.received > 0
    assert sum(workspace.store.ledger()["cost_usd"]) <= cap

"""An order reads back in another process as what it was."""

import pickle
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.orders import order_of
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import MediaPart, ModelRequest
from workbench.backends.usage import Usage
from workbench.errors import BadReply, Throttled
from workbench.jsonable import from_json, to_json
from workbench.media.timecode import TimeSpan

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SECONDS = st.floats(0, 1e6, allow_nan=False, allow_infinity=False)
DOLLARS = st.none() | st.decimals(0, 1000, allow_nan=False, allow_infinity=False, places=12)
SPANS = st.tuples(SECONDS, SECONDS).map(lambda pair: TimeSpan(min(pair), max(pair)))
NAMES = WORDS.map(lambda name: name.replace("\0", ""))
PARTS = st.builds(
    MediaPart,
    kind=st.sampled_from(["video", "image"]),
    asset_id=WORDS,
    spec=WORDS,
    span=st.none() | SPANS,
    path=NAMES.map(lambda name: Path("/media") / name),
    format=WORDS,
    size_bytes=st.integers(0, 10**12),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
REQUESTS = st.builds(
    ModelRequest,
    task=st.sampled_from(["analyse_chunk", "analyse_image", "combine"]),
    model=WORDS,
    prompt=WORDS,
    schema=st.dictionaries(WORDS, JSON, max_size=4),
    schema_name=WORDS,
    media=st.lists(PARTS, max_size=3).map(tuple),
    system=WORDS,
    evidence=st.none(),
    options=st.dictionaries(WORDS, WORDS, max_size=3),
    max_output_tokens=st.integers(1, 10**6),
    temperature=st.floats(0, 1),
)
ORDERS = st.builds(
    CallOrder,
    **dict.fromkeys(("key", "call_id", "label", "asset_id", "engine", "model", "route"), WORDS),
    request=REQUESTS,
    most_tokens=st.integers(0, 10**9),
    estimated_usd=DOLLARS,
    most_usd=DOLLARS,
    cap_usd=DOLLARS,
)


@given(ORDERS)
def test_an_order_reads_back_as_it_was_and_asks_the_same_question(order):
    again = from_json(CallOrder, to_json(order))
    assert again == order
    assert again.request.cache_key() == order.request.cache_key()


def test_the_name_of_a_question_is_the_same_in_another_process():
    order = order_of()
    assert from_json(CallOrder, to_json(order)).request.cache_key() == order.key


@pytest.mark.parametrize("cost", [None, Decimal(0), Decimal("0.000000000001")])
def test_an_outcome_reads_back_as_it_was(cost):
    outcome = CallOutcome(was_paid=True, cost_usd=cost)
    assert from_json(CallOutcome, to_json(outcome)) == outcome


def test_a_path_with_spaces_and_letters_of_any_script_reads_back():
    part = MediaPart("image", "a", "s", None, Path("/a b/%41 #1/東京 é.jpg"), "jpeg", 7)
    order = order_of(request=replace(order_of().request, media=(part,)))
    assert from_json(CallOrder, to_json(order)).request.media == (part,)


def test_what_an_error_has_cost_crosses_a_process_boundary():
    error = pickle.loads(pickle.dumps(BadReply("cut short", hint="h", billed=Usage(5, 7))))
    assert (error.message, error.hint, error.billed) == ("cut short", "h", Usage(5, 7))
    assert pickle.loads(pickle.dumps(Throttled("slow"))).billed is None

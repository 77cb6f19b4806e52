"""What an account may send in a minute is never passed, and nobody waits longer than for that."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from workbench.library.records import RateLimit
from workbench.library.store.calls import SPARE_S, WINDOW_S, wait_for

Sent = list[tuple[float, int]]

LIMITS = st.builds(
    RateLimit,
    st.just("m"),
    requests_per_minute=st.integers(0, 6),
    tokens_per_minute=st.one_of(st.just(0), st.integers(1, 1000)),
)
REQUESTS = st.lists(
    st.tuples(st.floats(0, 40, allow_subnormal=False), st.integers(0, 1200)), max_size=40
)
"""Seconds after the one before, and tokens."""


def played(limit: RateLimit, requests: list[tuple[float, int]]) -> tuple[Sent, list[float]]:
    """When each request was sent, one after the other, and how long it had waited."""
    now_s, sent, waits_s = 1.7e9, [], []
    for gap_s, tokens in requests:
        now_s += gap_s
        waited_s = 0.0
        while wait_s := wait_for(limit, sent, tokens, now_s):
            now_s += wait_s
            waited_s += wait_s
        sent.append((now_s, tokens))
        waits_s.append(waited_s)
    return sent, waits_s


def breaks(limit: RateLimit, sent: Sent, at_s: float, tokens: int, over_s: float) -> bool:
    """Would one more request pass a limit in the minute that ends with it?"""
    recent = [each for each in sent if at_s - over_s < each[0] <= at_s]
    used = sum(each for _, each in recent) + tokens
    too_many = 0 < limit.requests_per_minute < len(recent) + 1
    # A request of more than a minute's tokens goes alone.
    too_much = 0 < limit.tokens_per_minute < used and bool(recent)
    return too_many or too_much


@given(LIMITS, REQUESTS)
def test_no_minute_has_more_requests_or_tokens_than_the_limit(limit, requests):
    sent, _ = played(limit, requests)
    for place, (at_s, tokens) in enumerate(sent):
        # Every minute that is too full has a last request at which it became so.
        assert not breaks(limit, sent[:place], at_s, tokens, WINDOW_S)


@given(LIMITS, REQUESTS)
def test_nobody_waits_longer_than_needed(limit, requests):
    sent, waits_s = played(limit, requests)
    for place, ((at_s, tokens), waited_s) in enumerate(zip(sent, waits_s, strict=True)):
        for sooner_s in (0.01, waited_s / 2, waited_s):
            if 0.01 <= sooner_s <= waited_s:
                assert breaks(limit, sent[:place], at_s - sooner_s, tokens, WINDOW_S + SPARE_S)


@given(LIMITS, REQUESTS)
def test_one_look_at_the_clock_is_enough(limit, requests):
    """After the wait that was told, the request fits."""
    now_s, sent = 1.7e9, []
    for gap_s, tokens in requests:
        now_s += gap_s
        if wait_s := wait_for(limit, sent, tokens, now_s):
            now_s += wait_s + 0.001
            assert wait_for(limit, sent, tokens, now_s) == 0
        sent.append((now_s, tokens))


@given(LIMITS, REQUESTS, st.integers(0, 40), st.integers(0, 100))
def test_tokens_given_back_never_make_a_wait_longer(limit, requests, place, percent):
    sent, _ = played(limit, requests)
    if place < len(sent):
        at_s, tokens = sent[place]
        settled = [*sent[:place], (at_s, tokens * percent // 100), *sent[place + 1 :]]
        now_s = sent[-1][0] + 1.0
        assert wait_for(limit, settled, 100, now_s) <= wait_for(limit, sent, 100, now_s)


def test_without_limits_nobody_waits():
    sent = [(float(at_s), 10**6) for at_s in range(50)]
    assert wait_for(RateLimit("m"), sent, 10**6, 50.0) == 0


def test_a_request_of_more_than_a_minutes_tokens_goes_alone():
    limit = RateLimit("m", tokens_per_minute=100)
    assert wait_for(limit, [], 500, 10.0) == 0
    assert wait_for(limit, [(10.0, 1)], 500, 10.0) == WINDOW_S + SPARE_S
    assert wait_for(limit, [(10.0, 500)], 1, 20.0) == WINDOW_S + SPARE_S - 10


def test_requests_are_let_through_at_the_rate_that_is_allowed():
    limit = RateLimit("m", requests_per_minute=6)
    sent, _ = played(limit, [(0.0, 1)] * 60)
    starts = [at_s for at_s, _ in sent]
    assert all(later - first >= WINDOW_S for first, later in zip(starts, starts[6:], strict=False))
    assert starts[-1] - starts[0] < 9 * (WINDOW_S + SPARE_S) + 0.1
    assert [a <= b for a, b in itertools.pairwise(starts)] == [True] * 59

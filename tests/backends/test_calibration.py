"""The counter of words is corrected by what services reported: by the middle, within bounds."""

from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.backends.calibration import (
    HIGHEST,
    LEAST_CALLS,
    LOWEST,
    NEWEST,
    CountedText,
    corrections,
    count_checks,
)

DAY = datetime(2026, 11, 21, tzinfo=UTC)
TOKENS = st.integers(1, 1_000_000)


def texts(*pairs: tuple[int, int], model: str = "lite") -> list[CountedText]:
    return [
        CountedText(DAY + timedelta(minutes=number), model, counted, reported)
        for number, (counted, reported) in enumerate(pairs)
    ]


@given(st.lists(st.tuples(TOKENS, TOKENS), max_size=40))
def test_a_factor_stays_within_its_bounds_and_is_one_for_few_calls(pairs):
    for each in corrections(texts(*pairs)):
        assert LOWEST <= each.factor <= HIGHEST
        assert each.calls == len(pairs)
        if len(pairs) < LEAST_CALLS:
            assert (each.factor, each.is_used) == (1.0, False)


@given(st.lists(st.tuples(TOKENS, TOKENS), min_size=1, max_size=40), st.randoms())
def test_the_order_of_calls_does_not_matter(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert corrections(texts(*pairs)) == corrections(texts(*shuffled))


@given(
    st.lists(st.tuples(TOKENS, TOKENS), max_size=9),
    st.lists(st.integers(500, 5000), min_size=10, max_size=30),
    st.sampled_from([0.6, 0.8, 1.0, 1.25, 1.9]),
)
def test_fewer_odd_calls_than_half_do_not_move_the_factor(odd, counts, true):
    usual = [(count * 20, round(count * 20 * true)) for count in counts]
    (each,) = corrections(texts(*usual, *odd))
    assert each.factor == pytest.approx(true, rel=1e-3)


@given(
    st.lists(st.tuples(st.integers(100, 9000), st.integers(100, 9000)), min_size=10, max_size=60)
)
def test_a_correction_puts_the_middle_call_right_unless_it_meets_a_bound(pairs):
    (each,) = corrections(texts(*pairs))
    after = [reported / (counted * each.factor) for counted, reported in pairs]
    if LOWEST < each.ratio < HIGHEST:
        assert median(after) == pytest.approx(1)
    else:
        assert each.factor in (LOWEST, HIGHEST)


def test_each_model_is_corrected_by_its_own_calls():
    both = texts(*[(1000, 1100)] * 10) + texts(*[(1000, 900)] * 10, model="pro")
    assert [(c.model, c.factor) for c in corrections(both)] == [("lite", 1.1), ("pro", 0.9)]


def test_only_the_newest_calls_count():
    (each,) = corrections(texts(*[(1000, 2000)] * NEWEST, *[(1000, 1200)] * NEWEST))
    assert (each.calls, each.factor) == (NEWEST, 1.2)


def test_a_call_is_judged_by_the_correction_that_those_before_it_gave():
    checks = count_checks(texts(*[(1000, 1250)] * 12))
    assert [round(each.before_percent) for each in checks] == [-20] * 12
    assert [round(each.after_percent) for each in checks] == [-20] * LEAST_CALLS + [0] * 2


@given(st.lists(st.tuples(TOKENS, TOKENS), min_size=1, max_size=30))
def test_looking_back_uses_the_same_factor_as_the_next_estimate(pairs):
    *past, last = texts(*pairs)
    factor = next((each.factor for each in corrections(past)), 1.0)
    check = count_checks([*past, last])[-1]
    off = (factor * last.counted_tokens - last.reported_tokens) / last.reported_tokens * 100
    assert check.after_percent == pytest.approx(off, abs=1e-6)


def test_looking_back_forgets_old_calls_as_the_correction_does():
    history = texts(*[(1000, 2000)] * NEWEST, *[(1000, 1000)] * (NEWEST + 1))
    assert count_checks(history)[-1].after_percent == pytest.approx(0)

"""Times and spans."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import RequestError
from workbench.media.timecode import (
    TimeSpan,
    covered_s,
    format_length,
    format_time,
    merge_spans,
    parse_time,
)

moments = st.floats(0, 100_000, allow_nan=False)
spans = st.tuples(moments, moments).map(lambda pair: TimeSpan(min(pair), max(pair)))


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (5, 4), (math.nan, 1), (0, math.inf)])
def test_a_span_that_runs_backwards_or_has_no_number_is_refused(start: float, end: float) -> None:
    with pytest.raises(RequestError):
        TimeSpan(start, end)


def test_a_span_holds_its_start_and_not_its_end() -> None:
    span = TimeSpan(2, 5)
    assert span.holds(2)
    assert not span.holds(5)
    assert span.middle_s == 3.5


@given(spans, spans)
def test_overlap_is_the_same_from_both_sides(one: TimeSpan, other: TimeSpan) -> None:
    assert one.overlap_s(other) == other.overlap_s(one) >= 0


@given(spans, spans)
def test_a_clamped_span_lies_inside_and_is_never_longer(one: TimeSpan, within: TimeSpan) -> None:
    clamped = one.clamped(within)
    assert within.start_s <= clamped.start_s <= clamped.end_s <= within.end_s
    assert clamped.duration_s <= one.duration_s + 1e-6


@given(spans, st.floats(-1e5, 1e5))
def test_a_shifted_span_never_begins_before_zero(span: TimeSpan, by_s: float) -> None:
    assert span.shifted(by_s).start_s >= 0


@given(st.lists(spans, max_size=20))
def test_merged_spans_are_apart_in_order_and_cover_the_same(parts: list[TimeSpan]) -> None:
    merged = merge_spans(parts)
    assert all(a.end_s < b.start_s for a, b in pairwise(merged))
    assert all(any(m.start_s <= p.start_s and p.end_s <= m.end_s for m in merged) for p in parts)
    assert covered_s(parts) == covered_s(merged)


@given(st.integers(0, 400_000))
def test_a_written_time_reads_back_as_its_second(second: int) -> None:
    assert parse_time(format_time(second)) == second


@pytest.mark.parametrize("text", ["", "abc", "-3", "1:2:3:4", "nan", "inf", "1:"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        parse_time(text)


def test_a_comma_counts_as_a_decimal_point() -> None:
    assert parse_time("0:01:02,5") == 62.5


def test_lengths_are_written_in_words() -> None:
    assert [format_length(s) for s in (0, 59.4, 60, 3599, 7200)] == [
        "0.0 s",
        "59 s",
        "1 min",
        "59 min 59 s",
        "2 h 0 min",
    ]

"""How a long video is split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import RequestError
from workbench.media.chunks import (
    KEY_FRAME_S,
    SHORTEST_HALF_S,
    halved,
    plan_chunks,
    whole_video,
)
from workbench.media.timecode import TimeSpan
from workbench.media.video.clips import whole_seconds

durations = st.floats(0.05, 50_000, allow_nan=False)
plans = st.tuples(durations, st.floats(10, 2000), st.floats(0, 120))


@given(plans)
def test_cores_tile_the_whole_video(plan: tuple[float, float, float]) -> None:
    duration_s, chunk_s, context_s = plan
    chunks = plan_chunks(duration_s, chunk_s=chunk_s, context_s=context_s)
    assert chunks[0].core.start_s == 0
    assert chunks[-1].core.end_s == duration_s
    for one, following in pairwise(chunks):
        assert one.core.end_s == following.core.start_s
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))


@given(plans)
def test_what_is_sent_holds_its_core_and_lies_in_the_video(
    plan: tuple[float, float, float],
) -> None:
    duration_s, chunk_s, context_s = plan
    for chunk in plan_chunks(duration_s, chunk_s=chunk_s, context_s=context_s):
        assert 0 <= chunk.sent.start_s <= chunk.core.start_s
        assert chunk.core.end_s <= chunk.sent.end_s <= duration_s
        assert chunk.sent.start_s % KEY_FRAME_S == 0


@given(plans)
def test_no_last_chunk_is_much_shorter_than_the_others(plan: tuple[float, float, float]) -> None:
    duration_s, chunk_s, context_s = plan
    chunks = plan_chunks(duration_s, chunk_s=chunk_s, context_s=context_s)
    if len(chunks) > 1:
        assert chunks[-1].core.duration_s >= int(chunk_s) / 4 - 1e-6


@given(plans, st.floats(0, 50_000), st.floats(0, 500))
def test_a_span_comes_back_from_the_clips_clock(
    plan: tuple[float, float, float], start_s: float, length_s: float
) -> None:
    duration_s, chunk_s, context_s = plan
    span = TimeSpan(start_s, start_s + length_s)
    for chunk in plan_chunks(duration_s, chunk_s=chunk_s, context_s=context_s)[:5]:
        inside = span.clamped(chunk.sent)
        back = chunk.to_video_time(chunk.to_clip_time(span))
        assert back.start_s == pytest.approx(inside.start_s, abs=1e-6)
        assert back.end_s == pytest.approx(inside.end_s, abs=1e-6)


def test_neighbours_share_ten_percent_by_default() -> None:
    first, second, *_ = plan_chunks(3600)
    assert first.sent.overlap_s(second.sent) == 60


def test_a_video_that_fits_is_one_chunk() -> None:
    (chunk,) = whole_video(95.5)
    assert chunk.core == chunk.sent == TimeSpan(0, 95.5)


@pytest.mark.parametrize(
    ("duration_s", "options"),
    [(0, {}), (-1, {}), (10, {"chunk_s": 0.5}), (10, {"context_s": -1}), (float("nan"), {})],
)
def test_lengths_out_of_range_are_refused(duration_s: float, options: dict[str, float]) -> None:
    with pytest.raises(RequestError):
        plan_chunks(duration_s, **options)


@given(plans)
def test_the_halves_of_a_chunk_answer_for_what_it_did(plan: tuple[float, float, float]) -> None:
    duration_s, chunk_s, context_s = plan
    for chunk in plan_chunks(duration_s, chunk_s=chunk_s, context_s=context_s)[:5]:
        halves = halved(chunk, duration_s, context_s=context_s)
        if not halves:
            assert chunk.core.duration_s < 2 * SHORTEST_HALF_S + 1
            continue
        first, second = halves
        assert (first.core.start_s, second.core.end_s) == (chunk.core.start_s, chunk.core.end_s)
        assert first.core.end_s == second.core.start_s
        assert {first.index, second.index} == {chunk.index}
        for half in halves:
            assert half.core.duration_s >= SHORTEST_HALF_S
            assert half.sent.start_s % KEY_FRAME_S == 0
            assert half.sent.start_s <= half.core.start_s <= half.core.end_s <= half.sent.end_s
            assert half.sent.end_s <= duration_s


@given(plans)
def test_the_cuts_of_a_plan_cover_the_video_and_hold_their_cores(
    plan: tuple[float, float, float],
) -> None:
    duration_s, chunk_s, context_s = plan
    chunks = plan_chunks(duration_s, chunk_s=chunk_s, context_s=context_s)
    cuts = [whole_seconds(chunk.sent) for chunk in chunks]
    assert cuts[0][0] == 0
    assert duration_s - 0.001 <= cuts[-1][1] < duration_s + 1
    for chunk, (start_s, end_s) in zip(chunks, cuts, strict=True):
        assert start_s % KEY_FRAME_S == 0
        assert start_s <= chunk.core.start_s
        assert chunk.core.end_s <= end_s + 0.001
        # A last piece is at most a quarter longer; a cut begins up to a grid step early.
        assert end_s - start_s <= int(chunk_s) * 1.25 + 2 * context_s + KEY_FRAME_S + 1
    for (_, end_s), (next_s, _), chunk in zip(cuts, cuts[1:], chunks, strict=False):
        joint_s = chunk.core.end_s
        shared_s = min(duration_s, joint_s + context_s) - max(0, joint_s - context_s)
        assert end_s - next_s >= shared_s - 0.001

"""Tokens and dollars before anything is sent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.pricing import (
    cost_of,
    effective_fps,
    image_tokens,
    text_tokens,
    video_frames,
    video_tokens,
)
from workbench.backends.usage import Usage
from workbench.errors import RequestError

CATALOG = load_catalog()
LITE, TWO_LITE = CATALOG.get("lite"), CATALOG.get("2_lite")
VIDEO_MODELS = CATALOG.models("nova", {"video"})


@pytest.mark.parametrize(
    ("minutes", "lite", "two_lite"),
    [
        (1 / 6, 2_880, 2_880),
        (0.5, 8_640, 8_640),
        (5, 86_400, 86_400),
        (16, 276_480, 276_480),
        (20, 276_480, 345_600),
        (30, 276_480, 518_400),
        (45, 276_480, 777_600),
    ],
)
def test_tokens_of_a_clip_are_those_of_the_makers_tables(minutes, lite, two_lite):
    assert video_tokens(LITE, minutes * 60) == (lite, lite)
    assert video_tokens(TWO_LITE, minutes * 60) == (min(two_lite, 276_480), two_lite)


def test_two_hours_are_at_most_960_frames_on_lite_and_a_range_on_2_lite():
    assert video_frames(LITE, 7200) == (960, 960)
    assert video_frames(TWO_LITE, 7200) == (960, 2700)
    assert effective_fps(LITE, 7200) == pytest.approx(960 / 7200)


def test_part_of_a_second_may_or_may_not_be_a_frame():
    assert video_frames(LITE, 10.4) == (10, 11)
    assert video_frames(LITE, 0.2) == (1, 1)
    assert effective_fps(LITE, 10.4) == 1


def test_a_file_with_fewer_frames_is_seen_at_its_own_rate():
    assert video_frames(LITE, 100, fps=0.5) == (50, 50)
    assert effective_fps(LITE, 100, fps=0.5) == 0.5


@given(st.sampled_from(VIDEO_MODELS), st.floats(0.1, 40_000), st.floats(0, 5000))
def test_a_longer_clip_never_has_fewer_tokens(model, sent_s, more_s):
    low, high = video_tokens(model, sent_s)
    longer_low, longer_high = video_tokens(model, sent_s + more_s)
    assert 0 < low <= high
    assert low <= longer_low
    assert high <= longer_high


@given(st.sampled_from(VIDEO_MODELS), st.floats(0.1, 40_000))
def test_every_clip_fits_the_models_window(model, sent_s):
    assert video_tokens(model, sent_s)[1] < model.window_tokens


@pytest.mark.parametrize("sent_s", [0, -1, float("nan"), float("inf")])
def test_a_clip_without_length_has_no_tokens(sent_s):
    with pytest.raises(RequestError, match="no frames"):
        video_tokens(LITE, sent_s)


def test_a_model_without_eyes_has_no_tokens_for_media():
    micro = CATALOG.get("micro")
    assert effective_fps(micro, 60) == 0
    with pytest.raises(RequestError, match="takes no video"):
        video_tokens(micro, 60)
    with pytest.raises(RequestError, match="takes no pictures"):
        image_tokens(micro, 100, 100)


@pytest.mark.parametrize("example", LITE.image_token_table)
def test_the_makers_examples_come_out_as_they_are(example):
    width, height, tokens = example
    assert image_tokens(LITE, width, height) == tokens


@given(st.integers(1, 8000), st.integers(1, 8000), st.integers(0, 500))
def test_a_larger_picture_never_has_fewer_tokens(width, height, more):
    assert image_tokens(LITE, width, height) <= image_tokens(LITE, width + more, height)
    assert image_tokens(LITE, width, height) == image_tokens(LITE, height, width)
    assert image_tokens(TWO_LITE, width, height) == 230


def test_a_picture_without_pixels_is_refused():
    with pytest.raises(RequestError, match="0 x 5 px"):
        image_tokens(LITE, 0, 5)


def test_other_scripts_have_fewer_letters_to_a_token():
    assert text_tokens("") == text_tokens(0) == text_tokens(-5) == 0
    assert text_tokens("pump" * 10) == 10
    assert text_tokens("насос" * 10) == 25
    assert text_tokens("ポンプ" * 10) == 30


def test_a_cost_counts_input_output_and_cached_tokens():
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000, cached_tokens=1_000_000)
    assert cost_of(usage, LITE, "us") == Decimal("0.06") + Decimal("0.24") + Decimal("0.015")
    assert cost_of(usage, TWO_LITE, "global", "flex") is None
    without_cached = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    assert cost_of(without_cached, TWO_LITE, "global", "flex") == Decimal("1.4")


def test_the_local_engine_costs_nothing_and_an_unknown_price_is_not_nothing():
    usage = Usage(input_tokens=5)
    assert cost_of(usage, CATALOG.get("local"), "local") == Decimal(0)
    assert cost_of(usage, CATALOG.get("2_pro_preview"), "us") is None
    assert cost_of(usage, LITE, "eu") is None


def test_no_tokens_cost_nothing_where_there_is_a_price():
    assert cost_of(Usage(), LITE, "us") == 0


def test_two_hours_in_chunks_cost_what_the_arithmetic_says():
    # 12 chunks of 660 s but for the ends: 7,860 s seen once a second, at 288 tokens.
    tokens = sum(video_tokens(LITE, s)[0] for s in (630, *[660] * 10, 630))
    assert tokens == 7_860 * 288
    assert cost_of(Usage(input_tokens=tokens), LITE, "us") == Decimal("0.1358208")

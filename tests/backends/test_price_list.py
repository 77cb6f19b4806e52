"""Rows of the price list: each known ending is one price, and nothing else is guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.backends.bedrock.account import ListedPrice
from workbench.backends.catalog.price_list import ENDINGS, ListedRates, rates_by_route, read_prices

NAME = "Nova 2.0 Lite"


def row(ending: str, usd: str = "0.0003", *, unit: str = "1K tokens", start: str = "USE1-"):
    return ListedPrice(f"{start}Nova2.0Lite-{ending}", unit, Decimal(usd))


@pytest.mark.parametrize(
    ("ending", "route", "tier", "part"),
    [
        ("input-tokens", "in-region", "standard", "input"),
        ("output-tokens", "in-region", "standard", "output"),
        ("cache-read-input-token-count", "in-region", "standard", "cached"),
        ("input-tokens-cross-region-global", "global", "standard", "input"),
        ("cache-read-input-token-count-cross-region-global", "global", "standard", "cached"),
        ("input-tokens-batch", "in-region", "batch", "input"),
        ("input-tokens-cross-region-global-batch", "global", "batch", "input"),
        ("output-tokens-flex-cross-region-global", "global", "flex", "output"),
        ("output-tokens-priority", "in-region", "priority", "output"),
        ("input-tokens-cross-region-eu", "eu", "standard", "input"),
    ],
)
def test_the_end_of_a_usage_type_says_route_tier_and_kind(ending, route, tier, part):
    listed = read_prices(NAME, [row(ending)])
    assert listed.unknown == ()
    assert listed.rates == {(route, tier): ListedRates(**{part: Decimal("0.3")})}


@pytest.mark.parametrize(
    "ending",
    [
        *("text-input-tokens", "input-tokens-turbo", "input-image-token-count"),
        *("input-tokens-cross-region", "input-tokens-cross-region-mars", "tokens"),
    ],
)
def test_an_ending_that_is_not_known_is_named_and_no_price_is_taken_from_it(ending):
    listed = read_prices(NAME, [row(ending)])
    assert listed.rates == {}
    (unknown,) = listed.unknown
    assert f"USE1-Nova2.0Lite-{ending} " in unknown


@pytest.mark.parametrize(
    "ending",
    [
        *("input-tokens-custom-model", "cache-read-input-token-count-custom-model"),
        *("ProvisionedThroughput-NoCommit-ModelUnits", "Customization-Storage"),
        *("RFT-Training-Hours", "nova-grounding", "cache-write-input-token-count"),
    ],
)
def test_rows_of_other_products_are_left_out_without_a_word(ending):
    listed = read_prices(NAME, [row(ending, unit="1K tokens")])
    assert (listed.rates, listed.unknown) == ({}, ())


def test_prices_are_for_a_million_tokens_whatever_the_unit():
    thousand = read_prices(NAME, [row("input-tokens", "0.00033")])
    million = read_prices(NAME, [row("input-tokens", "0.33", unit="1M tokens")])
    assert thousand.rates == million.rates
    assert thousand.rates["in-region", "standard"].input == Decimal("0.33")


@pytest.mark.parametrize("unit", ["hour", "tokens", "Units", ""])
def test_a_unit_that_is_not_known_is_named_and_not_guessed(unit):
    listed = read_prices(NAME, [row("input-tokens", unit=unit)])
    assert listed.rates == {}
    assert "(a price for " in listed.unknown[0]


@pytest.mark.parametrize("start", ["USE1-", "EU-", "APN1-", "EUC1-", ""])
def test_the_short_name_of_the_region_may_be_any_or_none(start):
    assert read_prices(NAME, [row("input-tokens", start=start)]).unknown == ()


def test_a_row_of_another_model_is_not_taken():
    other = ListedPrice("USE1-NovaLite-input-tokens", "1K tokens", Decimal("0.00006"))
    listed = read_prices(NAME, [other])
    assert listed.rates == {}
    assert listed.unknown[0].startswith("USE1-NovaLite-input-tokens")


def test_rows_that_contradict_each_other_give_no_price_in_any_order():
    rows = [row("input-tokens", usd) for usd in ("0.1", "0.2", "0.1")]
    for order in (rows, rows[::-1]):
        listed = read_prices(NAME, order)
        assert listed.rates["in-region", "standard"].input is None
        assert "contradicts" in listed.unknown[-1]


def test_the_same_row_twice_is_no_contradiction():
    listed = read_prices(NAME, [row("input-tokens")] * 2)
    assert listed.unknown == ()


@given(st.sampled_from(sorted(ENDINGS)), st.text("abcdefghijklmnop-", min_size=1, max_size=12))
def test_a_known_ending_with_anything_after_it_is_not_that_ending(ending, more):
    listed = read_prices(NAME, [row(ending + more)])
    meaning = ENDINGS.get(ending + more)
    assert bool(listed.rates) == (meaning is not None and meaning[0] != "written to the cache")


@given(st.decimals("0", "1", places=10))
def test_a_price_for_a_thousand_tokens_is_a_thousandth_of_one_for_a_million(usd):
    listed = read_prices(NAME, [row("output-tokens", str(usd))])
    assert listed.rates["in-region", "standard"].output == usd * 1000


def test_rows_without_a_route_hold_by_the_geographic_profile_too():
    listed = read_prices(NAME, [row("input-tokens"), row("output-tokens")])
    rates = rates_by_route(listed, ["in-region", "us", "eu"], ["us"])
    assert set(rates) == {("in-region", "standard"), ("us", "standard")}


def test_a_profile_with_rows_of_its_own_has_its_own_price():
    own = [row("input-tokens-cross-region-eu", "0.0004")]
    listed = read_prices(NAME, [row("input-tokens"), *own])
    rates = rates_by_route(listed, ["in-region", "eu"], ["eu"])
    assert rates["eu", "standard"].input == Decimal("0.4")
    assert rates["in-region", "standard"].input == Decimal("0.3")

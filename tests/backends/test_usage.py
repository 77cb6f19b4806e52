"""What calls used, and how dollars are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.backends.usage import Usage, format_usd, total_cost

AMOUNTS = st.integers(0, 10**9)
USAGES = st.builds(Usage, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 10**6))


@given(USAGES, USAGES, USAGES)
def test_usage_adds_up_in_any_order(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Usage() == a


def test_an_unknown_price_leaves_the_total_unknown_instead_of_zero():
    assert total_cost([]) == 0
    assert total_cost([Decimal("0.1"), Decimal("0.2")]) == Decimal("0.3")
    assert total_cost([Decimal("0.1"), None, Decimal("0.2")]) is None


@pytest.mark.parametrize(
    ("cost", "written"),
    [
        (None, "–"),
        (Decimal(0), "$0"),
        (Decimal("0.00001"), "<$0.0001"),
        (Decimal("0.00005"), "<$0.0001"),
        (Decimal("0.0001"), "$0.0001"),
        (Decimal("0.5"), "$0.5000"),
        (Decimal("1234.5"), "$1,234.50"),
    ],
)
def test_dollars_are_written_the_way_screens_show_them(cost, written):
    assert format_usd(cost) == written

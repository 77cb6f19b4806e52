"""Costs: what was spent and saved is shown with its gaps, and prices with their source."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from workbench.backends.usage import Usage
from workbench.library.records import LedgerEntry
from workbench.media.asset import Asset
from workbench.ui import close_workspace
from workbench.workspace import Workspace

NOW = datetime.now(UTC)
LAST_MONTH = NOW.replace(day=1) - timedelta(days=1)


def said(app) -> str:
    return "\n".join(str(each.value) for kind in ("markdown", "caption") for each in app.get(kind))


def metrics(app) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def put(opened: Workspace, asset_id: str, cost: str | None, **fields) -> None:
    number = opened.store.ledger().height
    facts = {
        "at": NOW, "analysis_id": "", "asset_id": asset_id, "call_id": f"c{number}",
        "cache_key": f"k{number}", "engine": "nova", "model": "2_lite", "model_id": "id",
        "was_kept": False, "estimated_usd": Decimal(1), "usage": Usage(),
        "cost_usd": None if cost is None else Decimal(cost), "job_id": "j1",
    }  # fmt: skip
    opened.store.record_call(LedgerEntry(**(facts | fields)))


@pytest.fixture
def spent(opened: Workspace, library: Workspace) -> Asset:
    """A video with a paid and a kept call in this month, and one in the month before."""
    asset = library.asset("pump talk.mp4")
    put(opened, asset.id, "0.8")
    put(opened, asset.id, "0.3", was_kept=True)
    put(opened, asset.id, "4", at=LAST_MONTH)
    return asset


def test_with_nothing_spent_the_page_says_what_to_do_next(opened: Workspace, open_page):
    app = open_page("costs")
    assert "Nothing has been spent" in said(app)
    assert [link.proto.label for link in app.get("page_link")] == ["Analyse…"]


def test_this_month_comes_first_and_what_was_saved_beside_it(spent, open_page):
    app = open_page("costs")
    assert metrics(app) == {
        "Spent": "$0.8000",
        "Saved by kept replies": "$0.3000",
        "Estimate against bill": "+25.0 %",
        "Per hour of media": "$360.00",
    }
    (table,) = app.dataframe
    assert list(table.value["label"]) == ["Nova 2 Lite"]
    assert list(table.value["spent"]) == [0.8]


def test_the_month_is_in_the_link(spent, open_page):
    assert metrics(open_page("costs", month=f"{LAST_MONTH:%Y-%m}"))["Spent"] == "$4.00"
    assert metrics(open_page("costs", month="all"))["Spent"] == "$4.80"
    assert metrics(open_page("costs", month="1999-13"))["Spent"] == "$0.8000"
    app = open_page("costs")
    app.selectbox(key="month").set_value("all").run()
    assert app.query_params["month"] == "all"
    assert metrics(app)["Spent"] == "$4.80"


def test_the_table_lists_assets_with_the_price_of_an_hour(spent, open_page):
    (table,) = open_page("costs", by="Asset").dataframe
    assert list(table.value["label"]) == ["pump talk.mp4"]
    assert list(table.value["hour"]) == pytest.approx([360])


def test_an_unknown_price_is_a_dash_with_the_number_of_calls(spent, opened, open_page):
    put(opened, spent.id, None, outcome="lost", model="pro")
    app = open_page("costs")
    assert metrics(app)["Spent"] == "at least $0.8000"
    assert "1 call of unknown price" in said(app)
    table, troubled = app.dataframe
    assert table.value["spent"].isna().tolist() == [False, True]
    assert list(table.value["unknown"]) == [0, 1]
    assert list(troubled.value["what"]) == ["Lost"]
    assert list(troubled.value["billed"]) == ["unknown"]


def test_the_budget_of_a_month_is_shown_beside_what_was_spent(spent, monkeypatch, open_page):
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", "25")
    close_workspace()
    assert metrics(open_page("costs"))["Spent"] == "$0.8000 of $25"
    assert metrics(open_page("costs", month="all"))["Spent"] == "$4.80"


def test_prices_have_their_source_and_their_date(opened: Workspace, open_page):
    app = open_page("costs", tab="Prices")
    (table,) = app.dataframe
    assert {"model", "input", "output", "source", "as_of"} <= set(table.value.columns)
    assert all(table.value["source"])
    assert "as of" in said(app)

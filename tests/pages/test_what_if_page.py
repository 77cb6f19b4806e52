"""What would it cost: lengths and files on the Costs page, by every model, mode and tier."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import streamlit as st

from workbench.analysis.plans.what_if import TIERS
from workbench.backends.order import Forecast
from workbench.backends.usage import Usage
from workbench.library.records import LedgerEntry
from workbench.ui import close_workspace

TAB = "What would it cost"
NOW = datetime.now(UTC)


def said(app) -> str:
    return "\n".join(str(each.value) for kind in ("markdown", "caption") for each in app.get(kind))


@pytest.fixture
def page(opened, open_page):
    return open_page("costs", tab=TAB)


def test_an_empty_library_has_prices_of_the_usual_lengths(page):
    assert not page.exception
    (table,) = page.dataframe
    assert list(dict.fromkeys(table.value["subject"])) == ["5 min", "30 min", "2 h"]
    assert set(table.value["tier"]) == set(TIERS)
    assert set(table.value["depth"]) == {"overview", "detailed"}
    assert {"Local engine", "Nova Lite", "Nova 2 Lite", "Nova Pro"} <= set(table.value["name"])
    assert "960 to 2,700 frames" in said(page)
    assert len(page.get("plotly_chart")) == 2


def test_another_length_can_be_written_and_one_that_is_none_is_explained(page):
    page.multiselect(key="lengths").set_value(["45m"]).run()
    (table,) = page.dataframe
    assert set(table.value["subject"]) == {"45 min"}
    page.multiselect(key="lengths").set_value(["soon"]).run()
    assert not page.exception
    assert not page.dataframe
    assert any("is no length" in str(each.value) for each in page.error)


def test_with_nothing_chosen_it_says_what_to_choose(page):
    page.multiselect(key="lengths").set_value([]).run()
    assert "Choose a length, or a file of the library" in said(page)
    assert not page.dataframe


def test_fewer_models_modes_and_tiers_are_fewer_rows(page):
    page.multiselect(key="what_if_models").set_value(["pro"])
    page.button_group(key="what_if_tiers").set_value(["standard"]).run()
    (table,) = page.dataframe
    assert len(table.value) == 3 * 2
    page.button_group(key="what_if_depths").set_value([]).run()
    assert "Choose at least one mode" in said(page)


def test_files_of_the_library_are_priced_together(library, open_page):
    app = open_page("costs", tab=TAB)
    assets = library.store.assets()
    app.multiselect(key="lengths").set_value([])
    app.multiselect(key="what_if_files").set_value([asset.id for asset in assets]).run()
    (table,) = app.dataframe
    assert set(table.value["subject"]) == {f"{len(assets)} files"}


def entry(number: int) -> LedgerEntry:
    words = Forecast("analyse_chunk", 4000, 500, text_tokens=1000, media_tokens=2880)
    return LedgerEntry(
        NOW - timedelta(minutes=60 - number), "", "a" * 16, f"c{number}", f"k{number}", "nova",
        "2_lite", "id", False, Decimal("0.01"), Decimal("0.011"), Usage(2880 + 1080, 400),
        job_id="j1", forecast=words,
    )  # fmt: skip


def test_what_was_learned_about_words_is_shown_with_both_errors(opened, open_page, monkeypatch):
    for number in range(12):
        opened.store.record_call(entry(number))
    opened.store.record_call(replace(entry(13), forecast=None))
    app = open_page("costs", month="all")
    assert "7 % low; now corrected by 1\\.08 from 12 calls" in said(app)
    assert len(app.get("plotly_chart")) == 2
    monkeypatch.setenv("WORKBENCH_CALIBRATE_FROM", "off")
    close_workspace()
    st.cache_data.clear()  # as in a process that starts with the setting
    assert "Nothing to learn from yet" in said(open_page("costs", month="all"))


@pytest.mark.parametrize(
    ("by", "label"),
    [
        ("Kind of file", "Removed files"),
        ("Task", "Looking at videos and sound"),
        ("Engine", "Amazon Nova"),
    ],
)
def test_spend_is_listed_and_drawn_by_type(opened, open_page, by, label):
    opened.store.record_call(entry(1))
    app = open_page("costs", month="all", by=by)
    assert list(app.dataframe[0].value["label"]) == [label]
    assert f"By day and {by.casefold()}" in [each.value for each in app.subheader]

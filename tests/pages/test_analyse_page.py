"""Analyse: nothing starts by itself; the price is there before the button."""

from decimal import Decimal

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.media.asset import Asset
from workbench.ui.requests import form as request_form
from workbench.ui.requests.plan import price_range, run_label
from workbench.workspace import Workspace


def said(app) -> str:
    return "\n".join(str(each.value) for kind in ("markdown", "caption") for each in app.get(kind))


def test_without_a_choice_there_is_no_price_and_no_button(library: Workspace, open_page):
    app = open_page("analyse")
    assert "Choose a file and what to find, to see the price." in said(app)
    assert not app.metric


def test_a_link_fills_the_form_and_shows_the_price(talk: Asset, open_page):
    app = open_page("analyse", assets=[talk.id])
    assert {metric.label: metric.value for metric in app.metric}["Price"] == "$0"
    assert app.button(key="run").label == r"Run for \$0"


def test_the_price_of_every_model_stands_side_by_side(talk: Asset, open_page):
    app = open_page("analyse", assets=[talk.id])
    table = next(each.value for each in app.dataframe if "model" in each.value.columns)
    assert "Local engine" in list(table["model"])
    assert any(name.startswith("Nova") for name in table["model"])
    assert all(price.startswith(("$", "<", "–")) for price in table["price"])


def test_nova_without_credentials_stays_visible_and_cannot_run(talk: Asset, open_page):
    app = open_page("analyse", assets=[talk.id], engine="Nova")
    assert app.button(key="run").disabled
    assert "credentials" in said(app)
    assert app.metric[0].value.startswith("$")


def test_changing_a_choice_starts_nothing(talk: Asset, library: Workspace, open_page):
    app = open_page("analyse", assets=[talk.id])
    app.button_group(key="summary_length").set_value(["Brief"]).run()
    assert library.jobs.jobs() == []


def test_run_submits_the_request_that_was_priced(talk: Asset, library: Workspace, open_page):
    app = open_page("analyse", assets=[talk.id])
    app.button(key="run").click().run()
    (job,) = library.jobs.jobs()
    assert job.kind == "analyse"
    assert job.asset_ids == (talk.id,)
    assert app.title[0].value == "Jobs"


def test_the_widget_keys_are_the_fields_of_the_request(talk: Asset, open_page):
    kinds = ("multiselect", "button_group", "selectbox", "number_input", "text_area", "toggle")
    keys = set()
    # What Rekognition detects is asked where it is chosen; the price needs a folder in S3.
    for query in ({}, {"also": ["Rekognition"]}):
        app = open_page("analyse", assets=[talk.id], engine="Nova", **query)
        keys |= {each.key for kind in kinds for each in app.get(kind)}
        keys |= {each.key for each in app.dataframe} - {None}
    # Whether the table shows every tier is no part of what is asked.
    assert keys - {"all_tiers"} == set(AnalysisRequest.model_fields)


def test_two_files_of_one_name_get_different_labels(library: Workspace):
    assets = {asset.id: asset for asset in library.assets()}
    labels = request_form.asset_labels(assets)
    assert len(set(labels.values())) == len(assets)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (Decimal("0.1"), Decimal("0.2"), "$0.100 to $0.200"),
        (Decimal(0), Decimal(0), ""),
        (None, Decimal(1), ""),
    ],
)
def test_a_range_is_shown_only_when_there_is_one(low, high, words):
    assert price_range(low, high) == words


def test_an_unknown_price_is_said_and_not_shown_as_nothing(talk: Asset, library: Workspace):
    plan = library.plan(AnalysisRequest(assets=(talk.id,)))
    assert run_label(plan.cost) == "Run for $0"


def price_table_of(app):
    return next(each.value for each in app.dataframe if "model" in each.value.columns)


def test_a_service_tier_has_its_price_and_says_what_it_costs_in_time(talk: Asset, open_page):
    app = open_page("analyse", assets=[talk.id], engine="Nova", model="Nova Lite")
    assert not any(", flex" in name for name in price_table_of(app)["model"])
    app = open_page("analyse", assets=[talk.id], engine="Nova", model="Nova Lite", tier="Flex")
    assert "flex tier" in said(app)
    assert any("may wait longer" in warning.value for warning in app.warning)
    assert "Nova Lite, detailed, flex" in list(price_table_of(app)["model"])


def test_no_time_is_promised_for_a_batch(talk: Asset, open_page):
    app = open_page("analyse", assets=[talk.id], engine="Nova", model="Nova Lite", tier="Batch")
    assert {metric.label: metric.value for metric in app.metric}["Time"] == "Hours"
    table = price_table_of(app)
    times = dict(zip(table["model"], table["time"], strict=True))
    assert times["Nova Lite, detailed, batch"] == "Hours"
    assert times["Nova Lite, detailed"].startswith("≈")


def test_all_service_tiers_are_shown_on_demand(talk: Asset, open_page):
    app = open_page("analyse", assets=[talk.id])
    before = len(price_table_of(app))
    app.toggle(key="all_tiers").set_value(True).run()
    names = list(price_table_of(app)["model"])
    assert len(names) > before
    assert {"Nova Lite, detailed, batch", "Nova Lite, detailed, priority"} <= set(names)


def test_chunks_one_after_another_are_part_of_what_is_priced(talk: Asset, open_page):
    app = open_page("analyse", assets=[talk.id], engine="Nova", carry="true", tier="Batch")
    assert any("all at once" in error.value for error in app.error)

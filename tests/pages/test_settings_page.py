"""Settings: who works, how much at once, and what the account may send can be seen and changed."""

import os
from datetime import UTC, datetime
from decimal import Decimal

from workbench.library.calls.holders import holder_name
from workbench.library.records import CallInFlight, RateLimit, WorkerRecord
from workbench.workspace import Workspace


def said(app) -> str:
    return "\n".join(str(each.value) for kind in ("markdown", "caption") for each in app.get(kind))


def test_without_a_worker_the_page_says_how_to_start_one(opened: Workspace, open_page):
    app = open_page("settings", tab="Work")
    assert "`workbench worker`" in said(app)


def test_a_worker_is_shown_with_its_machine(opened: Workspace, open_page):
    name = holder_name()
    opened.store.beat(WorkerRecord(name, "press-hall", os.getpid(), datetime.now(UTC)))
    app = open_page("settings", tab="Work")
    assert rf"**press\-hall**, process {os.getpid()}" in said(app)
    assert "Idle" in said(app)


def test_a_worker_that_died_is_not_shown(opened: Workspace, open_page):
    opened.store.beat(WorkerRecord("here:1:0", "here", 1, datetime.now(UTC)))
    dead = holder_name().rpartition(":")[0] + ":0"
    opened.store.beat(WorkerRecord(dead, "ghost", os.getpid(), datetime.now(UTC)))
    assert "ghost" not in said(open_page("settings", tab="Work"))


def test_how_many_jobs_a_worker_does_at_once_can_be_changed(opened: Workspace, open_page):
    app = open_page("settings", tab="Work")
    app.number_input(key="queue_reports").set_value(5).run()
    assert {queue.name: queue.per_worker for queue in opened.jobs.queues()}["reports"] == 5
    assert open_page("settings", tab="Work").number_input(key="queue_reports").value == 5


def test_limits_of_a_model_are_set_and_the_others_stay_as_they_are(opened: Workspace, open_page):
    app = open_page("settings", tab="Work")
    model = opened.catalog.models(engine="nova")[0]
    app.selectbox(key="limit_model").set_value(model.key).run()
    app.number_input(key=f"limit_{model.key}_requests_per_minute").set_value(60)
    app.button[[each.label for each in app.button].index("Save limits")].click().run()
    assert "Saved" in said(app)
    limits = {limit.model: limit for limit in opened.store.limits()}
    assert limits[model.key].requests_per_minute == 60
    assert limits["*"] == RateLimit("*")


def test_calls_in_flight_are_listed_with_the_most_they_cost(opened: Workspace, open_page):
    cost = Decimal("0.02")
    call = CallInFlight(
        "k1", "2_lite", "j1", holder_name(), 0.0, 0.0, cost, "c1", "a1", "chunk 4 of 7", cost
    )
    opened.store.admit(call, cap_usd=None, is_alive=lambda _: True)
    (table,) = open_page("settings", tab="Work").dataframe
    assert list(table.value["label"]) == ["chunk 4 of 7"]
    assert list(table.value["most"]) == ["$0.0200"]


def test_the_index_is_made_anew_and_its_progress_is_on_the_page(opened: Workspace, open_page):
    app = open_page("settings", tab="Work")
    app.button[[e.label for e in app.button].index("Make the search index anew")].click().run()
    (job,) = opened.jobs.jobs()
    assert job.kind == "index"
    assert "**Make the search index anew**" in said(app)


def pressed(app, label: str):
    return app.button[[each.label for each in app.button].index(label)].click().run()


def test_aws_is_asked_only_when_a_button_is_pressed(opened: Workspace, control, open_page):
    open_page("settings", tab="AWS")
    assert control.asked == []


def test_access_to_the_account_is_shown_part_by_part(opened: Workspace, s3, control, open_page):
    control.deny("ListServiceQuotas")
    app = pressed(open_page("settings", tab="AWS"), "Check access")
    told = said(app)
    assert "**Credentials**" in told
    assert "**Model lite**" in told
    assert '"Action": "servicequotas:ListServiceQuotas"' in told
    assert not app.exception


def test_the_catalog_is_compared_and_can_be_taken_along(opened: Workspace, control, open_page):
    control.account.prices["Nova Pro", "output-tokens"] = ("0.004", "1K tokens")
    app = pressed(open_page("settings", tab="AWS"), "Compare the catalog")
    (table,) = app.dataframe
    found = table.value.to_dict("records")
    assert {"what": "price differs", "model": "pro", "where": "us standard"}.items() <= next(
        row for row in found if row["where"] == "us standard"
    ).items()
    assert len(app.get("download_button")) == 1


def test_without_credentials_the_page_says_how_to_get_them(
    opened: Workspace, open_page, monkeypatch
):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "none")
    app = pressed(open_page("settings", tab="AWS"), "Compare the catalog")
    assert "`aws configure`" in app.error[0].value

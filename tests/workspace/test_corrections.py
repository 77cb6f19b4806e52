"""What the service reported corrects the next estimate, and a setting makes it forget."""

from datetime import UTC, datetime, timedelta
from statistics import median

import polars as pl
import pytest

from workbench import Workspace
from workbench.settings import load_settings


@pytest.fixture
def billed(workspace, request_of_film) -> Workspace:
    """The workspace after fourteen calls: a chunk for every two minutes, and the summary."""
    asked = request_of_film.model_copy(update={"chunk_s": 120.0, "context_s": 0.0})
    assert workspace.analyse(asked).calls_made == 14
    return workspace


def test_the_ledger_has_what_was_expected_beside_what_was_reported(billed, server):
    ledger = billed.store.ledger()
    assert ledger["task"].to_list().count("combine") == 1
    assert ledger["media_tokens"].null_count() == 0
    # The service bills every frame, and what is left of its bill are words.
    assert sorted(ledger["media_tokens"]) == [0, 60 * 288, *[120 * 288] * 12]
    assert all(ledger["expected_input_tokens"] > ledger["media_tokens"])
    assert len(billed.counted_texts()) == ledger.height == server.answered


def test_the_next_estimate_is_nearer_to_the_bill(billed, request_of_film, monkeypatch):
    (correction,) = billed.corrections()
    assert (correction.model, correction.calls, correction.is_used) == ("2_lite", 14, True)
    assert correction.factor != 1
    asked = request_of_film.model_copy(update={"instructions": "Say what the weather is."})
    corrected = billed.plan(asked)
    assert corrected.model.text_factor == correction.factor
    monkeypatch.setenv("WORKBENCH_CALIBRATE_FROM", "off")
    with Workspace.open(load_settings()) as forgetful:
        as_counted = forgetful.plan(asked)
        assert forgetful.corrections() == ()
    # A correction makes no cap less safe.
    assert corrected.usage_high.input_tokens >= as_counted.usage_high.input_tokens
    before = billed.store.ledger().height
    billed.analyse(asked)
    reported = billed.store.ledger()[before:]["input_tokens"].sum()

    def off(plan) -> float:
        return abs(plan.usage.input_tokens - reported)

    assert off(corrected) < off(as_counted)


def test_calls_before_a_day_are_forgotten(billed, monkeypatch):
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    for day, calls in ((tomorrow, []), (tomorrow - timedelta(days=2), [14])):
        monkeypatch.setenv("WORKBENCH_CALIBRATE_FROM", day.isoformat())
        with Workspace.open(load_settings()) as opened:
            assert [each.calls for each in opened.corrections()] == calls


def test_a_kept_reply_teaches_nothing_twice(billed, request_of_film):
    asked = request_of_film.model_copy(update={"chunk_s": 120.0, "context_s": 0.0})
    billed.analyse(asked)
    assert len(billed.counted_texts()) == 14


def test_costs_show_what_was_learned_and_how_far_counts_were_off(billed):
    costs = billed.costs()
    assert costs.corrections == billed.corrections()
    assert len(costs.checks) == 14
    few, enough = costs.checks[:10], costs.checks[10:]
    assert all(each.after_percent == each.before_percent for each in few)
    before, after = (
        median(abs(getattr(each, side)) for each in enough)
        for side in ("before_percent", "after_percent")
    )
    assert after < before / 2
    spent = {line.key: line.spent.calls for line in costs.lines["task"]}
    assert spent == {"analyse_chunk": 13, "combine": 1}


def test_a_price_without_files_is_the_plan_of_a_file_that_nobody_has_measured(workspace, film):
    rows = workspace.what_if(files=[str(film)], lengths_s=[1500], models=["2_lite"])
    made_up, real = (
        {row.depth: row for row in rows if row.subject == subject}
        for subject in ("25 min", film.name)
    )
    for depth in ("overview", "detailed"):
        assert made_up[depth].calls == real[depth].calls
        assert made_up[depth].frames == real[depth].frames
        # The film is measured, so its words are counted and not bounded.
        assert made_up[depth].cost_low_usd <= real[depth].cost_usd <= made_up[depth].cost_high_usd


def test_a_library_that_is_older_has_calls_without_a_forecast(workspace):
    assert workspace.store.ledger().filter(pl.col("text_tokens").is_not_null()).height == 0
    assert workspace.corrections() == ()

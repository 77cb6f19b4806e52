"""`costs`: what was spent is listed by model, day, asset or job, as text and as JSON."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from workbench.backends.order import Forecast
from workbench.backends.usage import Usage
from workbench.library.records import CallResult, LedgerEntry
from workbench.library.store import Store


def entry(
    number: int,
    cost: str | None,
    *,
    model: str = "2_lite",
    month: int = 11,
    was_kept: bool = False,
    outcome: CallResult = "answered",
) -> LedgerEntry:
    return LedgerEntry(
        datetime(2026, month, number, 9, tzinfo=UTC), "", "a" * 16, f"c{number}", f"k{number}",
        "nova", model, "id", was_kept, Decimal("0.05"), None if cost is None else Decimal(cost),
        Usage(100, 10), job_id="j1", outcome=outcome,
    )  # fmt: skip


@pytest.fixture
def spent(data_dir: Path) -> None:
    """Four calls in November, one of them lost and one kept, and one in October."""
    data_dir.mkdir()
    with Store.open(data_dir / "app.db") as store:
        for each in (
            entry(1, "0.06"),
            entry(2, "1.94", model="pro"),
            entry(3, None, outcome="lost"),
            entry(4, "0.03", was_kept=True),
            entry(5, "3", month=10),
        ):
            store.record_call(each)


def test_without_calls_it_says_how_to_see_a_price(run):
    done = run("costs")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert "`workbench estimate FILE --engine nova`" in done.out


def test_a_month_is_listed_by_model_with_its_sums_below(run, spent, monkeypatch):
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", "25")
    lines = run("costs", "--month", "2026-11").out.splitlines()
    assert lines[0].split() == ["model", "calls", "spent", "unknown", "kept", "saved", "an", "hour"]
    assert lines[1].split() == ["Nova", "Pro", "1", "$1.94"]
    assert lines[2].startswith("Nova 2 Lite")
    assert "at least $0.0600" in lines[2]
    assert lines[4:8] == [
        "Spent in November 2026: at least $2.00 of $25.00 (1 call of unknown price)",
        "Saved: $0.0300 by 1 kept reply",
        "Estimates: $0.1000 for $2.00 billed (-95.0 %); a call is off by 57.0 % (median)",
        "",
    ]
    assert lines[8:] == [
        "1 call gave nothing to keep:",
        f"  2026-11-03 09:00 UTC  lost, unknown: removed ({'a' * 8}), Nova 2 Lite",
    ]


def test_without_a_month_everything_is_listed_and_no_budget(run, spent, monkeypatch):
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", "25")
    out = run("costs", "--by", "month").out
    assert "2026-10" in out
    assert "\nSpent: at least $5.00 (1 call of unknown price)\n" in out


def test_as_json_an_unknown_total_is_null(run, spent, has_shape):
    told = run("costs", "--month", "2026-11", "--by", "day", "--json").json
    has_shape(
        told,
        {
            "since": str, "until": str, "by": str, "spent": {"calls": int, "known_usd": float},
            "lines": [{"key": str, "label": str, "spent": dict, "saved": dict}],
            "troubled": [{"at": str, "outcome": str}], "estimate": {"median_percent": float},
        },
    )  # fmt: skip
    assert (told["spent"]["total_usd"], told["spent"]["unknown_calls"]) == (None, 1)
    assert [line["spent"]["total_usd"] for line in told["lines"]] == [0.06, 1.94, None, 0.0]
    assert told["troubled"][0]["cost_usd"] is None


@pytest.mark.parametrize("by", ["model", "day", "asset", "job", "kind", "task", "engine"])
def test_each_way_of_listing_has_the_same_sum(run, spent, by):
    lines = run("costs", "--by", by, "--json").json["lines"]
    assert sum(line["spent"]["known_usd"] for line in lines) == pytest.approx(5)


def test_what_was_learned_about_counting_words_is_told(run, data_dir):
    data_dir.mkdir()
    with Store.open(data_dir / "app.db") as store:
        for day in range(1, 13):
            known = Forecast("analyse_chunk", 0, 0, text_tokens=1000, media_tokens=2880)
            each = replace(entry(day, "0.01"), usage=Usage(2880 + 1250, 10), forecast=known)
            store.record_call(each)
    said = "2_lite: counted words were 20 % low; now corrected by 1.25 from 12 calls"
    assert said in run("costs").out.splitlines()
    assert run("costs", "--json").json["corrections"] == [
        {"model": "2_lite", "calls": 12, "off_percent": -20.0, "factor": 1.25, "is_used": True}
    ]


def test_what_is_no_month_is_refused(run):
    done = run("costs", "--month", "November")
    assert (done.code, done.problem) == (2, "'November' is no month")


def test_a_budget_that_is_no_number_is_refused_by_its_name(run, monkeypatch):
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", "lots")
    done = run("costs")
    assert done.code == 2
    assert done.problem.startswith("WORKBENCH_MONTHLY_BUDGET_USD cannot be 'lots'")

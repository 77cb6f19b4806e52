"""Costs say what the ledger says: parts sum to the whole, and an unknown price is never nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.backends.usage import Usage
from workbench.errors import RequestError
from workbench.library.records import LedgerEntry
from workbench.library.store import Store
from workbench.media.asset import Asset
from workbench.reports import charts
from workbench.reports.money.cost_lines import By, Names
from workbench.reports.money.costs import Amount, amount_of, costs_of, month_span

MONEY = pl.Decimal(38, 12)
SCHEMA = {
    "at": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("asset_id", "cache_key", "engine", "model"), pl.String),
    "was_kept": pl.Boolean,
    **dict.fromkeys(("estimated_usd", "cost_usd"), MONEY),
    **dict.fromkeys(("job_id", "outcome", "task", "shares"), pl.String),
}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KINDS: tuple[By, ...] = get_args(By)


def call(cost: str | None = "0.01", **fields: Any) -> dict[str, Any]:
    """A row of the ledger; one that was answered and paid unless it is told otherwise."""
    if fields.get("estimated_usd") is not None:
        fields["estimated_usd"] = Decimal(fields["estimated_usd"])
    return {
        "at": NOON, "asset_id": "a", "cache_key": "k", "engine": "nova", "model": "lite",
        "was_kept": False, "estimated_usd": None,
        "cost_usd": None if cost is None else Decimal(cost), "job_id": "j", "outcome": "answered",
        "task": "analyse_chunk", "shares": None,
    } | fields  # fmt: skip


def ledger(*calls: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(calls), schema=SCHEMA, orient="row")


def asset(asset_id: str, name: str, duration_s: float) -> Asset:
    return Asset(asset_id, Path(name), "video", "mp4", 5, 1920, 1080, duration_s=duration_s)


PRICES = st.none() | st.decimals(0, 50, places=9)
CALLS = st.fixed_dictionaries(
    {
        "at": st.integers(0, 90).map(lambda days: NOON - timedelta(days=days)),
        "asset_id": st.sampled_from("abc"),
        "cache_key": st.sampled_from("klmnop"),
        "engine": st.just("nova"),
        "model": st.sampled_from(["lite", "pro"]),
        "was_kept": st.booleans(),
        "estimated_usd": PRICES,
        "cost_usd": PRICES,
        "job_id": st.sampled_from(["", "run-1", "j1", "j2"]),
        "outcome": st.sampled_from(["answered", "refused", "unkept", "lost"]),
        "task": st.sampled_from(["", "analyse_chunk", "combine"]),
        "shares": st.none(),
    }
)


@given(st.lists(CALLS, max_size=30))
def test_the_parts_are_the_whole_however_they_are_cut(calls):
    costs = costs_of(ledger(*calls))
    for by in KINDS:
        assert sum((line.spent for line in costs.lines[by]), Amount()) == costs.spent
        assert sum((line.saved for line in costs.lines[by]), Amount()) == costs.saved
    for parts in costs.parts.values():
        assert sum((part.cost_usd for part in parts), Decimal(0)) == costs.spent.known_usd
    assert costs.spent.calls + costs.saved.calls == len(calls)


@given(st.lists(CALLS, max_size=30))
def test_a_call_of_unknown_price_is_counted_and_leaves_its_total_unknown(calls):
    costs = costs_of(ledger(*calls))
    paid = [each for each in calls if not each["was_kept"]]
    unknown = sum(each["cost_usd"] is None for each in paid)
    assert costs.spent.unknown_calls == unknown
    assert (costs.spent.total_usd is None) == (unknown > 0)
    for line in costs.lines["asset"]:
        nameless = [e for e in paid if e["asset_id"] == line.key and e["cost_usd"] is None]
        assert (line.spent.total_usd is None) == bool(nameless)


@given(st.lists(CALLS, max_size=30), st.integers(0, 90))
def test_two_times_that_meet_are_the_whole(calls, days):
    frame, day = ledger(*calls), (NOON - timedelta(days=days)).date()
    before, after, ever = costs_of(frame, until=day), costs_of(frame, since=day), costs_of(frame)
    assert before.spent + after.spent == ever.spent
    assert before.saved + after.saved == ever.saved


def test_an_amount_is_written_as_far_as_it_is_known():
    assert str(amount_of([])) == "$0"
    assert str(amount_of([None, None])) == "–"
    assert amount_of([None, None]).gap == "2 calls of unknown price"
    assert str(amount_of([Decimal("4.18"), None])) == "at least $4.18"
    assert amount_of([Decimal("4.18")]).gap == ""


def test_an_empty_ledger_has_cost_nothing():
    costs = costs_of(ledger())
    assert (costs.spent, costs.saved, costs.troubled) == (Amount(), Amount(), ())
    assert all(lines == () for lines in costs.lines.values())
    assert (costs.per_hour_usd, costs.estimate.median_percent) == (None, None)


def test_lines_have_the_names_that_people_know():
    names = Names({"lite": "Nova Lite"}, {"a": asset("a", "talk.mp4", 60)}, {"j": "Analyse talk"})
    costs = costs_of(
        ledger(call(), call("0.002", asset_id="0123456789abcdef", model="old", job_id="run-7")),
        names,
    )
    labels = {by: [line.label for line in costs.lines[by]] for by in KINDS}
    assert labels["model"] == ["Nova Lite", "old"]
    assert labels["asset"] == ["talk.mp4", "removed (01234567)"]
    assert labels["job"] == ["Analyse talk", "Without a job"]
    assert (labels["day"], labels["month"]) == (["2026-11-20"], ["2026-11"])


def test_days_are_those_of_utc():
    late = call(at=datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    early = call(at=datetime(2026, 12, 1, tzinfo=UTC))
    since, until = month_span("2026-11")
    costs = costs_of(ledger(late, early), since=since, until=until)
    assert [line.key for line in costs.lines["day"]] == ["2026-11-30"]


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "11-2026", "9999-12", "x"])
def test_what_is_no_month_is_refused_with_an_example(text: str):
    with pytest.raises(RequestError) as caught:
        month_span(text)
    assert "2026-11" in caught.value.hint


def test_a_kept_reply_saves_what_was_paid_for_it():
    paid = call("0.04", at=NOON - timedelta(days=40))
    kept = call("0.05", was_kept=True, estimated_usd="0.06")
    costs = costs_of(ledger(paid, kept), since=NOON.date())
    assert (costs.spent.calls, costs.saved.known_usd) == (0, Decimal("0.04"))


def test_a_kept_reply_that_was_paid_elsewhere_saves_its_price_or_its_estimate():
    priced = call("0.05", was_kept=True, estimated_usd="0.06")
    guessed = call(None, was_kept=True, estimated_usd="0.06", cache_key="l")
    unknown = call(None, was_kept=True, cache_key="m")
    saved = costs_of(ledger(priced, guessed, unknown)).saved
    assert (saved.known_usd, saved.unknown_calls, saved.total_usd) == (Decimal("0.11"), 1, None)


def test_estimates_are_held_against_bills_where_both_are_known():
    check = costs_of(
        ledger(
            call("0.10", estimated_usd="0.11"),
            call("0.20", estimated_usd="0.10", outcome="unkept"),
            call("0.10", estimated_usd="0.12"),
            call("0.30"),
            call(None, estimated_usd="9"),
            call("0", estimated_usd="0", engine="local"),
            call("0.40", estimated_usd="9", was_kept=True),
            call("0.01", estimated_usd="9", outcome="refused"),
        )
    ).estimate
    assert (check.calls, check.estimated_usd, check.billed_usd) == (
        3, Decimal("0.33"), Decimal("0.40"),
    )  # fmt: skip
    assert check.sum_percent == pytest.approx(-17.5)
    assert check.median_percent == pytest.approx(20)


def test_calls_that_gave_nothing_are_listed_newest_first_with_what_was_billed():
    costs = costs_of(
        ledger(
            call("0.02", outcome="refused", at=NOON - timedelta(days=1)),
            call(),
            call(None, outcome="lost", estimated_usd="0.03"),
        )
    )
    found = [(each.outcome, each.cost_usd, each.estimated_usd) for each in costs.troubled]
    assert found == [("lost", None, Decimal("0.03")), ("refused", Decimal("0.02"), None)]


def test_an_hour_of_media_costs_what_files_of_known_length_and_price_have_cost():
    assets = {
        "a": asset("a", "a.mp4", 1800),
        "b": asset("b", "b.mp4", 5400),
        "photo": asset("photo", "c.jpg", 0),
        "dark": asset("dark", "d.mp4", 60),
    }
    costs = costs_of(
        ledger(
            call("0.10"), call("0.10"), call("0.20", asset_id="b"), call("7", asset_id="photo"),
            call("7", asset_id="gone"), call("7", asset_id="dark"), call(None, asset_id="dark"),
        ),
        Names(assets=assets),
    )  # fmt: skip
    assert costs.per_hour_usd == Decimal("0.20")
    hours = {line.key: line.per_hour_usd for line in costs.lines["asset"]}
    assert hours["a"] == Decimal("0.40")
    assert [hours[key] for key in ("photo", "gone", "dark")] == [None, None, None]


def test_the_chart_holds_known_costs_by_day_and_model():
    yesterday = NOON - timedelta(days=1)
    costs = costs_of(
        ledger(
            call("0.5"), call("0.5"), call("1", at=yesterday, model="pro"), call(None), call("0")
        ),
        Names({"lite": "Nova Lite", "pro": "Nova Pro"}),
    )
    assert [(part.day, part.label, part.cost_usd) for part in costs.parts["model"]] == [
        (date(2026, 11, 19), "Nova Pro", Decimal(1)), (date(2026, 11, 20), "Nova Lite", Decimal(1)),
    ]  # fmt: skip
    said = charts.alt_text(charts.spent_chart(costs.parts["model"]))
    assert said == "$2.00 spent on 2 days with Nova Pro and Nova Lite."


def test_spend_is_listed_by_kind_of_file_task_and_engine():
    photo = Asset("p", Path("plate.jpg"), "image", "jpeg", 1)
    costs = costs_of(
        ledger(
            call("1"), call("2", asset_id="p", task="analyse_image", cache_key="q"),
            call("4", asset_id="gone", task="", engine="rekognition", cache_key="r"),
        ),
        Names(assets={"a": asset("a", "talk.mp4", 60), "p": photo}),
    )  # fmt: skip
    listed = {
        by: {line.label: line.spent.known_usd for line in costs.lines[by]}
        for by in ("kind", "task", "engine")
    }
    assert listed == {
        "kind": {"Removed files": 4, "Pictures": 2, "Videos": 1},
        "task": {"Not written down": 4, "Looking at pictures": 2, "Looking at videos and sound": 1},
        "engine": {"Amazon Rekognition": 4, "Amazon Nova": 3},
    }
    assert {part.label for part in costs.parts["kind"]} == set(listed["kind"])


def test_a_kept_reply_is_of_the_task_that_was_paid_for():
    costs = costs_of(ledger(call("1"), call("1", was_kept=True, task="", at=NOON)))
    (line,) = costs.lines["task"]
    assert (line.key, line.spent.calls, line.saved.calls) == ("analyse_chunk", 1, 1)


def test_the_ledger_of_a_library_is_read_to_the_last_digit(tmp_path: Path):
    with Store.open(tmp_path / "app.db") as store:
        for number in range(3):
            store.record_call(
                LedgerEntry(
                    NOON, "", "a", f"c{number}", f"k{number}", "nova", "lite", "id", False,
                    Decimal("0.1"), Decimal("0.000000123"), Usage(), job_id="j",
                )
            )  # fmt: skip
        costs = costs_of(store.ledger())
    assert costs.spent == Amount(3, Decimal("0.000000369"), 0)

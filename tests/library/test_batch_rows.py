"""Batches in the catalog: opened whole or not at all, and their calls land when they are closed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.orders import order_of
from workbench.errors import NotInLibrary
from workbench.library.calls.batch import IN_BATCH, Batch, BatchRecord
from workbench.library.calls.holders import is_call_alive
from workbench.library.records import CallInFlight, Job
from workbench.library.store import Store
from workbench.library.store.calls import Admission

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def batch_of(name: str = "b1", records: int = 3, **fields) -> Batch:
    usual = {
        "id": name, "job_id": "j", "title": "Analyse", "model": "lite", "model_id": "us.lite",
        "created_at": NOW, "input_uri": "s3://a/in", "output_uri": "s3://a/out",
        "records": records, "least_records": 1,
    }  # fmt: skip
    return Batch(**{**usual, **fields})


def record_of(number: int) -> BatchRecord:
    order = order_of(number)
    return BatchRecord(f"R{number:010}", order.key, order.call_id, "a", order.label)


def call_of(number: int, most_usd: str | None = "0.01") -> CallInFlight:
    order = order_of(number)
    most = None if most_usd is None else Decimal(most_usd)
    return CallInFlight(
        order.key, "lite", "j", "x:1:1", 0.0, 0.0, most, order.call_id, "a", order.label, most
    )


def opened(
    store: Store,
    batch: Batch,
    numbers: range = range(3),
    cap: str | None = None,
    budget: str | None = None,
) -> Admission:
    return store.open_batch(
        batch,
        [record_of(n) for n in numbers],
        [call_of(n) for n in numbers],
        cap_usd=None if cap is None else Decimal(cap),
        budget_usd=None if budget is None else Decimal(budget),
        is_alive=is_call_alive,
    )


def test_the_calls_of_a_batch_are_in_flight_until_it_is_closed(any_store: Store):
    assert opened(any_store, batch_of()).verdict == "go"
    flying = any_store.calls_in_flight("j")
    assert {call.holder for call in flying} == {"batch:b1"}
    assert all(is_call_alive(replace(call, silent_s=99_999.0)) for call in flying)
    assert any_store.batches_asking([order_of(1).key, "0" * 64]) == {order_of(1).key: "b1"}
    closed = any_store.close_batch("b1", closed_at=NOW)
    assert closed is not None
    assert not closed.is_open
    assert any_store.calls_in_flight() == []
    assert any_store.batches_asking([order_of(1).key]) == {}
    assert any_store.close_batch("b1") is None
    assert any_store.change_batch("b1", ("preparing", "submitted"), trouble="late") is None


def test_a_record_that_has_ended_is_in_flight_no_more_and_the_others_are(any_store: Store):
    opened(any_store, batch_of())
    done = replace(record_of(1), state="answered", input_tokens=5)
    any_store.end_records(batch_of(), [done])
    assert any_store.batch_records("b1", "answered") == [done]
    assert len(any_store.batch_records("b1", "asked")) == 2
    assert len(any_store.calls_in_flight()) == 2


def test_a_question_is_in_one_open_batch_only(any_store: Store):
    opened(any_store, batch_of())
    assert opened(any_store, batch_of("b2"), range(2, 5)).verdict == "held"
    assert [batch.id for batch in any_store.batches()] == ["b1"]
    assert len(any_store.calls_in_flight()) == 3


@pytest.mark.parametrize(("cap", "budget"), [("0.029", None), (None, "0.029")])
def test_a_batch_without_room_is_not_opened_in_part(
    any_store: Store, cap: str | None, budget: str | None
):
    verdict = opened(any_store, batch_of(), cap=cap, budget=budget).verdict
    assert verdict == ("over" if cap else "over_budget")
    assert (any_store.batches(), any_store.calls_in_flight()) == ([], [])


def test_an_open_batch_is_due_once_in_a_while_and_for_one_worker(any_store: Store):
    opened(any_store, batch_of())
    assert [batch.id for batch in any_store.due_batches(60)] == ["b1"]
    assert any_store.due_batches(60) == []
    assert [batch.id for batch in any_store.due_batches(0)] == ["b1"]
    any_store.close_batch("b1")
    assert any_store.due_batches(0) == []


def test_a_batch_that_is_not_known_names_itself(store: Store):
    with pytest.raises(NotInLibrary, match="no batch 'b9'"):
        store.batch("b9")


def test_jobs_that_wait_for_a_batch_are_in_a_queue_of_their_own(any_store: Store):
    parked = Job("j", "analyse", "Analyse", "waiting", NOW, queue=IN_BATCH, batches=("b1",))
    any_store.put_job(parked)
    any_store.put_job(replace(parked, id="k", state="done"))
    any_store.put_job(replace(parked, id="l", queue="analysis_service"))
    assert any_store.parked_jobs() == [parked]


def test_batches_are_forgotten_with_their_job(any_store: Store):
    opened(any_store, batch_of())
    any_store.put_job(Job("j", "analyse", "Analyse", "done", NOW))
    any_store.close_batch("b1")
    any_store.forget_jobs(NOW + timedelta(days=1))
    assert any_store.batches() == []
    assert any_store.batch_records("b1") == []


def test_a_restored_library_still_follows_its_batches(any_store: Store):
    opened(any_store, batch_of())
    any_store.forget_processes()
    assert {call.holder for call in any_store.calls_in_flight()} == {"batch:b1"}


@settings(max_examples=10)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    cap=st.decimals(min_value=0, max_value=Decimal("0.2"), places=3),
)
def test_open_batches_together_never_pass_the_cap(tmp_path_factory, sizes, cap):
    with Store.open(tmp_path_factory.mktemp("cap") / "app.db") as store:
        begin = 0
        for place, size in enumerate(sizes):
            numbers = range(begin, begin + size)
            begin += size
            opened(store, batch_of(f"b{place}", size), numbers, cap=str(cap))
        flying = store.calls_in_flight()
        assert sum(call.most_usd for call in flying) <= cap
        assert len(flying) == sum(batch.records for batch in store.batches())

"""A catalog that is away while a call is made costs no second call, and has its row in the end."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.support.calls import CATALOG, COST, make, rows
from tests.support.orders import order_of
from workbench.backends.call_cache import CallCache
from workbench.errors import LibraryGone
from workbench.library.calls.making import CallTools
from workbench.library.store import Store


def gone_for(monkeypatch: pytest.MonkeyPatch, method: str, times: int) -> None:
    """Let the catalog be away for the next calls of a method."""
    real, left = getattr(Store, method), iter(range(times))

    def away(self: Store, *words: Any, **facts: Any) -> Any:
        if next(left, None) is not None:
            raise LibraryGone("it cannot be reached", hint="wait")
        return real(self, *words, **facts)

    monkeypatch.setattr(Store, method, away)


@pytest.mark.parametrize(
    "method", ["admit", "reserve_send", "settle_send", "record_call", "landed", "add_event"]
)
def test_a_catalog_that_is_away_for_a_moment_costs_no_second_call(
    tools, backend, monkeypatch, method
):
    gone_for(monkeypatch, method, 1)
    assert make(replace(tools, patience_s=60.0)).was_paid
    assert not make(tools).was_paid
    assert len(backend.sent) == 1
    assert rows(tools) == [("answered", COST)]
    assert tools.store.calls_in_flight() == []


def test_a_catalog_that_stays_away_is_told_before_anything_is_sent(tools, backend, monkeypatch):
    gone_for(monkeypatch, "admit", 100)
    with pytest.raises(LibraryGone):
        make(tools)
    assert backend.sent == []


def test_a_row_that_could_not_be_written_is_written_by_the_next_who_asks(
    tools, backend, monkeypatch
):
    with monkeypatch.context() as patch:
        gone_for(patch, "record_call", 100)
        assert make(tools).was_paid
    assert rows(tools) == []
    assert not make(tools).was_paid
    make(tools, order_of(2))
    assert rows(tools) == [("answered", COST)] * 2
    assert len(backend.sent) == 2


def test_a_server_that_goes_and_comes_back_while_a_call_is_in_flight_gets_its_row(
    postgres_server, postgres_url, backend, tmp_path
):
    with Store.open(postgres_url) as store:
        cache = CallCache(tmp_path / "calls")
        tools = CallTools(lambda _: backend, CATALOG.get, cache, store, patience_s=60.0)
        back = threading.Timer(1.5, postgres_server.start)
        backend.steps = [lambda: (postgres_server.stop(), back.start())]
        assert make(tools).was_paid
        back.join()
        assert not make(tools).was_paid
        assert rows(tools) == [("answered", COST)]
        assert store.calls_in_flight() == []

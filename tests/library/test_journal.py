"""What happened to a job is in its log and in the log of the process."""

import logging
from collections.abc import Callable

import pytest

from workbench.errors import LibraryGone
from workbench.library.journal import note
from workbench.library.store import Store


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[logging.LogRecord]]:
    """Gives the events in the log of this process."""
    caplog.set_level(logging.INFO, "workbench.events")
    return lambda: [each for each in caplog.records if each.name == "workbench.events"]


def test_an_event_is_in_both_logs(store, told):
    note(store, "j1", "call.sent", label="Talk", model="lite")
    (event,) = store.events("j1")
    assert (event.event, event.facts) == ("call.sent", {"label": "Talk", "model": "lite"})
    assert told()[0].facts == {"job": "j1", "label": "Talk", "model": "lite"}


@pytest.mark.parametrize("job_id", ["", "run-5f"])
def test_what_belongs_to_no_job_is_in_the_log_of_the_process_only(store, told, job_id):
    note(store, job_id, "worker.started", pid=5)
    assert store.events(job_id) == []
    assert told()[0].facts["pid"] == 5


def test_a_log_that_cannot_be_written_stops_nothing(store, told, monkeypatch):
    def away(*_: object) -> None:
        raise LibraryGone("it cannot be reached")

    monkeypatch.setattr(Store, "add_event", away)
    note(store, "j1", "call.sent")
    assert [record.getMessage() for record in told()] == ["call.sent"]

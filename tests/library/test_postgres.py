"""A team's catalog: outages of the server, sessions that rest, and what is told about them."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres_server import PostgresServer
from workbench.errors import LibraryBusy, LibraryError, LibraryGone, SettingsError, WorkbenchError
from workbench.library.database import door as database
from workbench.library.database.door import catalog_url
from workbench.library.records import CallInFlight, Job, WorkerRecord
from workbench.library.store import Store
from workbench.library.store.calls import one_at_a_time

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def job(id_: str = "j") -> Job:
    return Job(id_, "import", "Import", "running", NOW)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with Store.open(postgres_url) as store:
        yield store


def cut(url: str) -> None:
    """End every session of a database but our own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_sessions_that_were_cut_off_meanwhile_are_not_noticed(store: Store, postgres_url: str):
    store.put_job(job())
    for _ in range(3):
        cut(postgres_url)
        assert store.job("j") == job()
        store.update_job("j", done=1)
        store.update_job("j", done=0)


@pytest.mark.parametrize("writes", [False, True])
def test_a_session_cut_in_mid_transaction_is_told_and_nothing_of_it_is_kept(
    store: Store, postgres_url: str, writes: bool
):
    begun = store._database.writing("jobs") if writes else store._database.reading()

    def half_way() -> None:
        with begun as connection:
            if writes:
                connection.exec_driver_sql("INSERT INTO workers VALUES ('w', 0, '')")
            else:
                connection.exec_driver_sql("SELECT 1")
            cut(postgres_url)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(LibraryGone, match="cannot be reached") as caught:
        half_way()
    assert "WORKBENCH_DATABASE_URL" in caught.value.hint
    assert store.workers() == []


def test_a_session_cut_at_the_commit_is_told(store: Store, postgres_url: str):
    def half_way() -> None:
        with store._database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO workers VALUES ('w', 0, '')")
            cut(postgres_url)

    with pytest.raises(LibraryGone):
        half_way()
    assert store.workers() == []


@pytest.mark.parametrize("at_once", [False, True])
def test_a_server_that_goes_and_comes_back_is_told_and_used_again(
    store: Store, postgres_server: PostgresServer, at_once: bool
):
    store.put_job(job())
    postgres_server.stop(at_once=at_once)
    for _ in range(2):
        with pytest.raises(LibraryGone, match="cannot be reached"):
            store.job("j")
        with pytest.raises(LibraryGone):
            store.update_job("j", done=1)
    postgres_server.start()
    assert store.update_job("j", done=1).done == 1


def test_a_patient_store_waits_for_a_server_that_comes_back(
    store: Store, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
):
    store.put_job(job())
    tries = threading.Semaphore(0)

    def pause(seconds: float) -> None:
        del seconds
        tries.release()
        time.sleep(0.01)

    monkeypatch.setattr(database, "time", Clock(pause))
    postgres_server.stop()
    store.be_patient(600)
    changed: list[Job] = []
    threads = [
        threading.Thread(target=lambda n=n: changed.append(store.update_job("j", total=n)))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for _ in range(12):
        assert tries.acquire(timeout=30)
    assert changed == []
    postgres_server.start()
    for thread in threads:
        thread.join(30)
    assert len(changed) == 4


class Clock:
    """The clock of the module under test, with another way to pause."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    def __init__(self, sleep) -> None:
        self.sleep = sleep


def test_patience_ends(
    store: Store, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "RETRY_S", 0.01)
    store.be_patient(0.1)
    postgres_server.stop()
    try:
        with pytest.raises(LibraryGone):
            store.jobs()
    finally:
        postgres_server.start()


def test_a_process_that_rests_in_mid_transaction_does_not_hold_the_others(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    """As one that was stopped (SIGSTOP) with the lock of admission in its hands."""
    monkeypatch.setattr(database, "RESTING_S", 0.3)

    def rest() -> None:
        with Store.open(postgres_url) as stopped, stopped._database.writing() as connection:
            one_at_a_time(connection)
            with Store.open(postgres_url) as other:
                other.beat_calls("somebody")
                assert other.reserve_send("m", 1)[0]  # waits until the server lets go
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(LibraryGone):
        rest()


def test_a_lock_that_stays_is_busy(postgres_url: str):
    with Store.open(postgres_url, busy_s=0.2) as store, Store.open(postgres_url) as other:
        store.put_job(job())
        with other._database.writing() as connection:
            connection.exec_driver_sql("SELECT * FROM jobs FOR UPDATE")
            with pytest.raises(LibraryBusy, match="locked"):
                store.update_job("j", done=1)
            assert store.job("j").done == 0  # readers never wait


def test_nobody_is_silent_for_the_time_the_server_was_down(
    store: Store, postgres_server: PostgresServer
):
    call = CallInFlight("k", "m", "j", "elsewhere:1:1", 0.0, 0.0, None, "c", "a", "l", None)
    store.beat(WorkerRecord("w", "elsewhere", 1, NOW))
    assert store.admit(call, cap_usd=None, is_alive=lambda _: True).verdict == "go"
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE workers SET beat_at_s = beat_at_s - 3600")
        connection.exec_driver_sql("UPDATE calls_in_flight SET beat_at_s = beat_at_s - 3600")
    postgres_server.stop()
    postgres_server.start()
    assert store.workers()[0].silent_s < 1800
    assert store.calls_in_flight()[0].silent_s < 1800


def test_a_database_that_is_not_there_or_lets_nobody_in_says_so(postgres_url: str):
    there = catalog_url(postgres_url)
    for wrong in (there.set(database="none"), there.set(username="nobody")):
        with pytest.raises(LibraryError, match="cannot be reached") as caught:
            Store.open(wrong.render_as_string(hide_password=False))
        assert "WORKBENCH_DATABASE_URL" in caught.value.hint


def test_a_user_who_may_not_write_is_told(postgres_url: str):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "ALTER DATABASE " + connection.info.dbname + " SET default_transaction_read_only = on"
        )
    with pytest.raises(LibraryError, match="may not be written"):
        Store.open(postgres_url)


def test_no_message_holds_a_password_wherever_it_stands_in_the_address():
    with pytest.raises(LibraryGone) as caught:
        Store.open("postgresql://ann:geheim@127.0.0.1:9/nova?password=geheim")
    assert str(caught.value) == "the database nova on 127.0.0.1 cannot be reached"
    assert "geheim" not in caught.value.hint


def test_an_address_without_a_database_is_a_setting_to_correct():
    with pytest.raises(SettingsError, match="names no database"):
        catalog_url("postgresql://ann@db")


def test_many_threads_at_once_get_their_turn(store: Store):
    wrong: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for _ in range(5):
                store.put_job(job(f"j{number}"))
                store.jobs(limit=3)
        except WorkbenchError as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(store.jobs()) == 60


def test_the_tables_on_postgres_are_those_of_the_migrations(store: Store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from workbench.library.database.tables import metadata

    with store._database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_text_with_a_nul_is_kept_as_on_sqlite(store: Store, tmp_path: Path):
    store.save("a", "shots", "1", '{"text": "\\u0000"}')
    assert store.load("a", "shots", "1") == '{"text": "\\u0000"}'

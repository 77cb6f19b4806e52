"""The catalog's file: several processes, crashes, strangers, and versions that are not ours."""

import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from workbench.errors import (
    DiskFull,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    SettingsError,
    WorkbenchError,
)
from workbench.library.database.door import catalog_url
from workbench.library.database.tables import HEAD, metadata
from workbench.library.store import Store

WRITER = textwrap.dedent(
    """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from workbench.library.records import Job
    from workbench.library.store import Store

    path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sys.stdin.readline()
    with Store.open(path) as store:
        for number in range(count):
            job = Job(f"{name}-{number}", "import", "Import", "running", datetime.now(UTC))
            store.put_job(job)
            store.save(name, "shots", "1", str(number))
            shared = store.job("shared")
            store.update_job("shared", total=1000)
            with store._database.writing("jobs") as connection:
                connection.exec_driver_sql("UPDATE reports SET notebook = notebook + 1")
    """
)


def start_writer(path: str, name: str, count: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, path, name, str(count)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go(writers: list[subprocess.Popen]) -> None:
    """Let all of them begin at once, and wait for them."""
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, said = writer.communicate(timeout=120)
        assert writer.returncode == 0, said


def test_two_processes_write_at_once_and_no_write_is_lost(catalog: Path):
    from datetime import UTC, datetime

    from workbench.library.records import Job

    with Store.open(catalog) as store:
        store.put_job(Job("shared", "import", "Import", "running", datetime.now(UTC)))
        with store._database.writing("catalog") as connection:
            connection.exec_driver_sql("INSERT INTO reports VALUES ('count', '0', '', '')")
        before = store.revision()
        go([start_writer(str(catalog), name, 80) for name in ("left", "right")])
        assert len(store.jobs()) == 2 * 80 + 1
        assert store.load("left", "shots", "1") == "79"
        assert store.load("right", "shots", "1") == "79"
        with store._database.reading() as connection:
            count = connection.exec_driver_sql("SELECT notebook FROM reports").scalar()
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert int(count) == 160
        assert store.revision() - before == 2 * 80 * 4


def test_two_processes_that_open_a_new_catalog_at_once_make_it_once(catalog: Path):
    script = (
        "import sys; from workbench.library.store import Store; sys.stdin.readline();"
        "store = Store.open(sys.argv[1]); print(store.revision()); store.close()"
    )
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(catalog)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    go(openers)
    with Store.open(catalog) as store:
        assert store.assets() == []


def test_threads_of_one_process_share_a_store(store: Store):
    wrong: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(60):
                store.save(name, "shots", "1", str(number))
                assert store.load(name, "shots", "1") == str(number)
        except (WorkbenchError, AssertionError) as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(f"asset{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.revision("catalog") == 240


def test_a_killed_writer_leaves_all_or_nothing(catalog: Path):
    Store.open(catalog).close()
    script = textwrap.dedent(
        """
        import os, signal, sys
        from workbench.library.store import Store
        store = Store.open(sys.argv[1])
        store.save("kept", "shots", "1", "whole")
        with store._database.writing("catalog") as connection:
            connection.exec_driver_sql("DELETE FROM signals")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run([sys.executable, "-c", script, str(catalog)], check=False)
    assert killed.returncode == -9
    with Store.open(catalog) as store:
        assert store.load("kept", "shots", "1") == "whole"


def test_a_locked_catalog_is_busy_and_not_a_crash(catalog: Path):
    with Store.open(catalog, busy_s=0.2) as store:
        other = sqlite3.connect(catalog, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryBusy, match="locked by another process"):
            store.save("a", "shots", "1", "[]")
        assert store.load("a", "shots", "1") is None  # readers never wait
        other.rollback()
        other.close()
        store.save("a", "shots", "1", "[]")


def test_a_reader_sees_one_moment_while_others_write(store: Store):
    store.save("a", "shots", "1", "before")
    with store._database.reading() as connection:
        first = connection.exec_driver_sql("SELECT data FROM signals").scalar()
        store.save("a", "shots", "1", "after")
        assert connection.exec_driver_sql("SELECT data FROM signals").scalar() == first
    assert store.load("a", "shots", "1") == "after"


def test_a_failed_write_changes_nothing(store: Store):
    calm = store.revision()

    def fail_half_way() -> None:
        with store._database.writing("catalog") as connection:
            connection.exec_driver_sql("INSERT INTO signals VALUES ('a', 'b', 'c', 'd')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert store.load("a", "b", "c") is None
    assert store.revision() == calm


@pytest.mark.parametrize("bytes_", [b"not a database at all" * 300, b"PK\x03\x04" + b"\0" * 5000])
def test_a_file_that_is_no_catalog_is_refused_and_left_alone(catalog: Path, bytes_: bytes):
    catalog.write_bytes(bytes_)
    with pytest.raises(LibraryDamaged, match=r"app\.db") as caught:
        Store.open(catalog)
    assert caught.value.hint
    assert catalog.read_bytes() == bytes_


def test_a_catalog_that_is_cut_short_is_damaged(catalog: Path):
    with Store.open(catalog) as store:
        for number in range(200):
            store.save(f"asset {number}", "shots", "1", "x" * 1000)
    whole = catalog.read_bytes()
    catalog.write_bytes(whole[: len(whole) // 2])

    def read_it_all() -> None:
        with Store.open(catalog) as store:
            for number in range(200):
                store.load(f"asset {number}", "shots", "1")

    with pytest.raises(LibraryDamaged):
        read_it_all()


@pytest.mark.parametrize("name", ["it's 100% ?#&;.db", "каталог 目录.db", "-x $(y).db"])
def test_a_catalog_may_have_any_name(tmp_path: Path, name: str):
    with Store.open(str(tmp_path / name)) as store:
        store.save("a", "shots", "1", "[]")
    assert (tmp_path / name).is_file()


def test_an_empty_file_becomes_a_catalog(catalog: Path):
    catalog.touch()
    with Store.open(catalog) as store:
        assert store.assets() == []


def test_a_database_of_another_program_is_refused(catalog: Path):
    other = sqlite3.connect(catalog)
    other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    with pytest.raises(LibraryDamaged, match="another program"):
        Store.open(catalog)


def test_a_catalog_from_a_newer_version_is_refused(catalog: Path):
    Store.open(catalog).close()
    other = sqlite3.connect(catalog)
    other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.commit()
    other.close()
    with pytest.raises(LibraryDamaged, match="newer version"):
        Store.open(catalog)


def test_a_record_that_does_not_fit_names_itself(store: Store):
    with store._database.writing("jobs") as connection:
        connection.exec_driver_sql(
            "INSERT INTO jobs (id, kind, state, created_at, data) VALUES ('j', 'import', 'done', '', '{}')"
        )
    with pytest.raises(LibraryDamaged, match="job j"):
        store.job("j")


def test_a_folder_in_the_place_of_the_catalog_cannot_be_opened(catalog: Path):
    catalog.mkdir()
    with pytest.raises(LibraryError, match="cannot be opened"):
        Store.open(catalog)


def test_a_data_folder_under_a_file_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="cannot be made") as caught:
        Store.open(tmp_path / "file" / "app.db")
    assert "WORKBENCH_DATA_DIR" in caught.value.hint


def test_a_full_disk_is_told_and_the_catalog_stays_whole(catalog: Path):
    with Store.open(catalog) as store:
        store.save("a", "shots", "1", "small")
        with store._database.reading() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            # Stands for a full disk; the one connection of the pool keeps it.
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(DiskFull, match="no room"):
            store.save("b", "shots", "1", "x" * 1_000_000)
        assert store.load("a", "shots", "1") == "small"


def test_a_closed_store_leaves_one_file_that_can_be_copied(catalog: Path, tmp_path: Path):
    with Store.open(catalog) as store:
        store.save("a", "shots", "1", "[]")
    copy = tmp_path / "copy.db"
    shutil.copy(catalog, copy)
    with Store.open(copy) as store:
        assert store.load("a", "shots", "1") == "[]"


def test_the_migrations_make_exactly_the_tables(store: Store):
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "workbench.library:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD
    with store._database.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert found == []


def test_each_step_can_be_taken_back(catalog: Path):
    from alembic import command
    from alembic.config import Config

    store = Store.open(catalog)
    config = Config()
    config.set_main_option("script_location", "workbench.library:migrations")
    config.set_main_option("path_separator", "os")
    with store._database._begun_to_write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    store.close()
    with Store.open(catalog) as store:
        assert store.assets() == []


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("mysql://root@localhost/db", "mysql"),
        ("://", "cannot be read"),
        ("post gres://x", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_setting_to_correct(url: str, error: str):
    with pytest.raises(SettingsError, match=error):
        catalog_url(url)


def test_a_server_that_is_not_there_is_told_without_the_password():
    with pytest.raises(LibraryError, match="cannot be reached") as caught:
        Store.open("postgresql://ann:geheim@127.0.0.1:9/nova")
    assert "geheim" not in str(caught.value)
    assert "geheim" not in caught.value.hint


def test_every_error_of_the_catalog_is_one_of_ours(catalog: Path):
    catalog.write_bytes(b"x" * 4096)
    with pytest.raises(WorkbenchError):
        Store.open(catalog)


def test_two_processes_write_to_postgres_and_no_write_is_lost(postgres_url: str):
    from datetime import UTC, datetime

    from workbench.library.records import Job

    script = WRITER.replace("notebook + 1", "(notebook::int + 1)::text")
    with Store.open(postgres_url) as store:
        store.put_job(Job("shared", "import", "Import", "running", datetime.now(UTC)))
        with store._database.writing("catalog") as connection:
            connection.exec_driver_sql("INSERT INTO reports VALUES ('count', '0', '', '')")
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", script, postgres_url, name, "30"],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in ("left", "right")
        ]
        go(writers)
        assert len(store.jobs()) == 2 * 30 + 1
        with store._database.reading() as connection:
            count = connection.exec_driver_sql("SELECT notebook FROM reports").scalar()
        assert int(count) == 60

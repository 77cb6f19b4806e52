"""A team's library in Postgres: backed up, and restored into another database."""

import shutil
import zipfile
from datetime import UTC, datetime

import pytest

from tests.support.small_library import UPLOAD, fill, names
from workbench.errors import (
    LibraryError,
    NotInstalled,
    RequestError,
)
from workbench.jobs.database import open_client
from workbench.jobs.keeping import postgres_dump
from workbench.jobs.keeping.backup import make_backup
from workbench.jobs.keeping.restore import restore_backup
from workbench.library.records import Job
from workbench.library.store import Store

# A team


@pytest.fixture
def team(postgres_server, data_dir, make_asset, make_analysis, measured):
    """A library on Postgres with a queue, the address of an empty database, and its programs."""
    database = postgres_server.database
    with database() as url, database() as other, Store.open(url) as store:
        fill(store, data_dir, make_asset, make_analysis, measured)
        open_client(data_dir, url).destroy()
        yield store, url, other


def test_a_teams_library_is_backed_up_and_restored_into_another_database(
    team, data_dir, target, tmp_path
):
    store, url, other = team
    store.put_job(Job("j", "import", "Import", "running", datetime.now(UTC), worker="x:1:0"))
    made = make_backup(data_dir, store, target, database_url=url)
    assert made.rows > 10
    with zipfile.ZipFile(target) as archive:
        assert {"catalog.dump", f"uploads/mine_{UPLOAD}.mp4"} < set(archive.namelist())
    report = restore_backup(target, tmp_path / "new", database_url=other)
    assert report.kept_aside == ()
    with Store.open(other) as restored:
        assert restored.analyses() == store.analyses()
        assert restored.moments() == store.moments()
        assert restored.asset(UPLOAD).path == tmp_path / "new" / "uploads" / f"mine_{UPLOAD}.mp4"
        assert restored.job("j").state == "waiting"
    client = open_client(tmp_path / "new", other)
    assert client.list_workflows() == []
    client.destroy()
    assert names(tmp_path / "new") >= {"calls", "uploads", "backup.json"}
    assert not (tmp_path / "new" / "catalog.dump").exists()


def test_a_teams_database_is_not_overwritten_but_kept_aside(team, data_dir, target, tmp_path):
    store, url, _ = team
    make_backup(data_dir, store, target, database_url=url)
    store.put_job(Job("later", "import", "Import", "waiting", datetime.now(UTC)))
    with pytest.raises(LibraryError, match="is not empty"):
        restore_backup(target, tmp_path / "new", database_url=url)
    report = restore_backup(target, tmp_path / "new", database_url=url, force=True)
    public, dbos = report.kept_aside
    assert (public[:7], dbos[:5]) == ("public_", "dbos_")
    with Store.open(url) as restored:
        assert restored.jobs() == []
        with restored._database.reading() as connection:
            count = connection.exec_driver_sql(f'SELECT count(*) FROM "{public}".jobs').scalar()
    assert count == 1


def test_a_teams_restore_that_fails_leaves_the_database_as_it_was(
    team, data_dir, target, tmp_path, monkeypatch
):
    store, url, other = team
    make_backup(data_dir, store, target, database_url=url)
    store.put_job(Job("later", "import", "Import", "waiting", datetime.now(UTC)))

    def fail(*_: object) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("workbench.jobs.keeping.restore._take_place", fail)
    for address in (url, other):
        with pytest.raises(RequestError, match="Permission denied"):
            restore_backup(target, tmp_path / "new", database_url=address, force=True)
    assert [job.id for job in store.jobs()] == ["later"]
    assert not postgres_dump.has_tables(other)
    assert not (tmp_path / "new").exists()


def test_the_two_kinds_of_backup_are_not_mixed_up(library, team, data_dir, target, tmp_path):
    store, url, other = team
    make_backup(data_dir, library, target)
    with pytest.raises(RequestError, match="SQLite"):
        restore_backup(target, tmp_path / "new", database_url=other)
    make_backup(data_dir, store, target, database_url=url, force=True)
    with pytest.raises(RequestError, match="Postgres"):
        restore_backup(target, tmp_path / "new")


def test_without_the_programs_of_postgres_it_says_how_to_get_them(
    store, data_dir, target, monkeypatch
):
    monkeypatch.setenv("PATH", str(data_dir))
    with pytest.raises(NotInstalled, match="pg_dump") as caught:
        make_backup(data_dir, store, target, database_url="postgresql://ann:geheim@127.0.0.1:9/x")
    assert "postgresql-client" in caught.value.hint
    assert names(target.parent) == set()


@pytest.mark.skipif(shutil.which("pg_dump") is None, reason=postgres_dump.HOW_TO_INSTALL)
def test_a_server_that_is_gone_is_told_without_the_password(store, data_dir, target):
    with pytest.raises(LibraryError, match="cannot be reached") as caught:
        make_backup(data_dir, store, target, database_url="postgresql://ann:geheim@127.0.0.1:9/x")
    assert "geheim" not in caught.value.message + caught.value.hint
    assert names(target.parent) == set()

"""Films of a workspace: made once, found again, listed, deleted, and made by a job."""

from pathlib import Path

import pytest

from workbench.errors import LibraryDamaged, NotInLibrary
from workbench.explain.request import FilmRequest
from workbench.settings import load_settings
from workbench.workspace import Workspace

NOTES = FilmRequest(notes="# Pumps\n\nThey move water.", voice="none")


@pytest.fixture
def workspace(tmp_path: Path):
    with Workspace.open(load_settings(data_dir=tmp_path / "data")) as opened:
        yield opened


def test_the_same_request_makes_one_film_and_another_voice_or_word_another(
    workspace: Workspace,
) -> None:
    first = workspace.film(NOTES)
    assert workspace.film(NOTES) == first
    other = workspace.film(NOTES.model_copy(update={"theme": "dark"}))
    assert {film.id for film in workspace.films()} == {first.id, other.id}
    assert workspace.find_film(first.id) == first


def test_a_deleted_film_is_gone_with_its_files(workspace: Workspace) -> None:
    film = workspace.film(NOTES)
    workspace.delete_film(film.id)
    assert workspace.films() == []
    assert not film.folder.exists()
    for name in (film.id, "../app.db", ""):
        with pytest.raises(NotInLibrary):
            workspace.find_film(name)


def test_a_film_that_was_not_finished_is_not_listed(workspace: Workspace) -> None:
    def stop(done: int, total: int, stage: str) -> None:
        if stage.startswith("draws"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workspace.film(NOTES, progress=stop)
    assert workspace.films() == []
    assert not list((workspace.data_dir / "films").iterdir())
    assert workspace.film(NOTES).path.is_file()


def test_a_record_that_cannot_be_read_is_an_error_with_a_hint(workspace: Workspace) -> None:
    film = workspace.film(NOTES)
    (film.folder / "film.json").write_text("{}")
    with pytest.raises(LibraryDamaged) as caught:
        workspace.find_film(film.id)
    assert caught.value.hint


def test_a_language_the_local_voice_does_not_speak_makes_a_film_to_read_that_says_so(
    workspace: Workspace,
) -> None:
    story = '{"title": "Pumpen", "language": "de", "beats": [{"heading": "Pumpen", "show": {"kind": "title"}, "say": "Sie fördern Wasser."}]}'
    film = workspace.film(FilmRequest(storyboard=story))
    assert film.voice == "none"
    assert any("speaks English" in note for note in film.notes)


def test_a_job_makes_the_film(workspace: Workspace) -> None:
    from workbench.jobs.performing import _PERFORM
    from workbench.jobs.telling import Crew, JobTools, Telling

    job_id = workspace.jobs.submit_film(NOTES)
    job = workspace.jobs.job(job_id)
    assert (job.kind, job.queue, job.title) == ("film", "films", "Film of notes")
    tools = JobTools(workspace.store, workspace, workspace.data_dir, Crew())
    running = workspace.store.change_job(job_id, ("waiting",), of_attempt=0, state="running")
    assert running is not None
    outcome = _PERFORM["film"](job, workspace, Telling(running, tools))
    assert outcome.state == "done"
    assert [film.id for film in workspace.films()] == list(outcome.result_ids)

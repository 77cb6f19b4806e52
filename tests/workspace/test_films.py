"""Films of a workspace: made once, found again, listed, deleted, and made by a job."""

from pathlib import Path

import pytest
from pydantic import ValidationError

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


def test_of_two_that_make_the_same_film_at_once_both_have_it_whole(workspace: Workspace) -> None:
    made_meanwhile = []

    def slow(done: int, total: int, stage: str) -> None:
        if stage.startswith("puts") and not made_meanwhile:
            made_meanwhile.append(None)
            made_meanwhile[:] = [workspace.film(NOTES)]

    film = workspace.film(NOTES, progress=slow)
    assert made_meanwhile == [film]
    assert [path.name for path in (workspace.data_dir / "films").iterdir()] == [film.id]
    assert film.path.is_file()


def test_half_a_film_that_a_crash_has_left_is_made_anew(workspace: Workspace) -> None:
    film = workspace.film(NOTES)
    (film.folder / "film.json").unlink()
    film.path.write_bytes(b"half")
    assert workspace.films() == []
    again = workspace.film(NOTES)
    assert again.id == film.id
    assert again.path.stat().st_size > 1000
    record = (again.folder / "film.json").read_text()
    assert ".part" not in record


def test_an_example_makes_a_film_that_says_so(workspace: Workspace) -> None:
    names = [each.name for each in workspace.examples()]
    assert "pythagoras" in names
    request = FilmRequest(example="pythagoras", voice="none", theme="dark")
    story = workspace.storyboard(request)
    assert (story.origin, story.theme) == ("example", "dark")
    assert workspace.film_price(request).high_usd == 0
    assert workspace.jobs.job(workspace.jobs.submit_film(request)).title == "Film of pythagoras"


@pytest.mark.parametrize(
    "values",
    [
        {"notes": "x", "voice": "../../x"},
        {"notes": "x", "voice": ""},
        {"notes": "x", "voice_engine": "neural"},
        {"notes": "x", "voice": "Joanna", "voice_engine": "loud"},
        {"notes": "x", "max_cost_usd": -1},
        {"notes": "x", "example": "pythagoras"},
        {"example": "../x"},
    ],
)
def test_what_makes_no_sense_together_is_no_request(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FilmRequest.model_validate(values)


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

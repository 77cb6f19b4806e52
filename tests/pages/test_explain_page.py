"""Explain: a film of an analysis, of notes, or of a film's own storyboard with one beat changed."""

import json

from workbench.explain.request import FilmRequest
from workbench.media.asset import Asset
from workbench.workspace import Workspace

NOTES = "# Pumps\n\nThey move water.\n\n## Parts\n\n- seal\n- shaft\n"


def said(app) -> str:
    kinds = ("markdown", "caption", "subheader", "warning")
    return "\n".join(str(each.value) for kind in kinds for each in app.get(kind))


def test_without_an_analysis_the_page_says_what_to_do_next(library: Workspace, open_page):
    app = open_page("explain")
    assert not app.exception
    assert "Nothing is analysed yet." in said(app)


def test_an_analysis_is_made_into_a_film_by_a_job(
    talk: Asset, library: Workspace, open_page, monkeypatch
):
    monkeypatch.setattr(Workspace, "start_services", lambda self: None)
    app = open_page("explain")
    assert not app.exception
    assert "beats" in said(app)
    (make,) = [button for button in app.button if button.label.startswith("Make film")]
    make.click().run()
    (job,) = library.jobs.jobs()
    assert (job.kind, job.state) == ("film", "waiting")
    request = FilmRequest.model_validate_json(job.request)
    assert request.source == "analysis"
    assert job.asset_ids == (talk.id,)


def test_notes_are_shown_as_a_storyboard_before_they_are_made(library: Workspace, open_page):
    app = open_page("explain")
    app.get("button_group")[0].set_value("Notes").run()
    app.text_area(key="film_notes").set_value(NOTES).run()
    assert not app.exception
    assert "**2. Parts** · bullets" in said(app)
    assert "2 beats" in said(app)


def test_a_film_is_shown_with_its_beats_and_a_changed_beat_makes_a_new_one(
    library: Workspace, open_page, monkeypatch
):
    monkeypatch.setattr(Workspace, "start_services", lambda self: None)
    film = library.film(FilmRequest(notes=NOTES, voice="none"))
    app = open_page("explain", film=film.id)
    assert not app.exception
    assert "Pumps" in [each.value for each in app.subheader]
    app.button(key="edit_beat_1").click().run()
    app.text_input(key=f"heading_{film.id}_1").set_value("The parts")
    # Without a browser a click draws the whole page anew: what opened the dialog is pressed again.
    app.button(key="edit_beat_1").click()
    (make,) = [button for button in app.button if button.label == "Make new film"]
    make.click().run()
    (job,) = library.jobs.jobs()
    story = json.loads(FilmRequest.model_validate_json(job.request).storyboard)
    assert [beat["heading"] for beat in story["beats"]] == ["Pumps", "The parts"]


def test_a_film_is_deleted_after_it_was_asked_for_twice(library: Workspace, open_page):
    film = library.film(FilmRequest(notes=NOTES, voice="none"))
    app = open_page("explain", film=film.id)
    (first,) = [button for button in app.button if button.label == "Delete film…"]
    first.click().run()
    assert library.films()
    (second,) = [button for button in app.button if button.label == "Delete film"]
    (first,) = [button for button in app.button if button.label == "Delete film…"]
    first.click()
    second.click().run()
    assert not library.films()


def test_a_link_to_a_film_that_is_gone_says_so(library: Workspace, open_page):
    app = open_page("explain", film="0" * 12)
    assert "no film" in app.error[0].value
    assert not app.exception

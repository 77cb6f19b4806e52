"""Explain without an account: films of an analysis, of notes, of examples; a beat changed."""

import json

import pytest

from workbench.backends.protocol import Readiness
from workbench.explain.request import FilmRequest
from workbench.media.asset import Asset
from workbench.ui.explain import scenes as explain_scenes
from workbench.workspace import Workspace

NOTES = "# Pumps\n\nThey move water.\n\n## Parts\n\n- seal\n- shaft\n"


def said(app) -> str:
    kinds = ("markdown", "caption", "subheader", "warning")
    return "\n".join(str(each.value) for kind in kinds for each in app.get(kind))


def choose(app, source: str):
    """Say what the film is made from."""
    app.button_group(key="film_source").set_value(source).run()
    assert not app.exception
    return app


def button(app, label: str):
    (found,) = [each for each in app.button if each.label.startswith(label)]
    return found


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs wait: nobody does them."""
    monkeypatch.setattr(Workspace, "start_services", lambda self: None)


def test_without_an_analysis_the_page_says_what_to_do_next(library: Workspace, open_page):
    assert "Nothing is analysed yet." in said(choose(open_page("explain"), "Analysis"))


def test_without_an_account_the_page_says_what_works_all_the_same(library: Workspace, open_page):
    app = open_page("explain")
    assert not app.exception
    (told,) = app.info
    assert "credentials" in told.value
    assert "your notes" in told.value
    app.text_area(key="question").set_value("How does a seal fail?").run()
    assert button(app, "Make film for").disabled
    assert "credentials" in said(app)
    assert library.jobs.jobs() == []


@pytest.mark.parametrize("question", ["", "Why?", "a" * 9])
def test_a_question_that_is_too_short_has_no_button(library: Workspace, open_page, question: str):
    app = open_page("explain")
    app.text_area(key="question").set_value(question).run()
    assert not app.exception
    assert not [each for each in app.button if each.label.startswith("Make film")]


def test_a_question_of_many_letters_and_signs_is_priced(library: Workspace, open_page):
    app = open_page("explain")
    app.text_area(key="question").set_value("Was *kostet* ein $x$ <b>泵</b>? " * 300).run()
    assert not app.exception
    assert not app.error
    assert button(app, "Make film for").label.startswith("Make film for \\$0.")


def test_a_link_with_an_analysis_opens_it(talk: Asset, library: Workspace, open_page):
    app = open_page("explain", analysis="a" * 32, chapter="1")
    assert not app.exception
    assert [each.value for each in app.selectbox if each.label == "Chapter"] == [1]


def test_an_example_is_made_free(library: Workspace, open_page, no_worker):
    app = choose(open_page("explain"), "Example")
    assert "no model has written it" in said(app)
    app.selectbox(key="example").set_value("pythagoras").run()
    button(app, "Make film, free").click().run()
    (job,) = library.jobs.jobs()
    assert FilmRequest.model_validate_json(job.request).example == "pythagoras"


def test_an_analysis_is_made_into_a_film_by_a_job(
    talk: Asset, library: Workspace, open_page, no_worker
):
    app = choose(open_page("explain"), "Analysis")
    assert "beats" in said(app)
    button(app, "Make film, free").click().run()
    (job,) = library.jobs.jobs()
    assert (job.kind, job.state) == ("film", "waiting")
    request = FilmRequest.model_validate_json(job.request)
    assert request.source == "analysis"
    assert job.asset_ids == (talk.id,)


def test_notes_are_shown_as_a_storyboard_before_they_are_made(library: Workspace, open_page):
    app = choose(open_page("explain"), "Notes")
    app.text_area(key="film_notes").set_value(NOTES).run()
    assert not app.exception
    assert "**2. Parts** · bullets" in said(app)
    assert "2 beats" in said(app)


def test_a_film_is_shown_with_its_beats_and_a_changed_beat_makes_a_new_one(
    library: Workspace, open_page, no_worker
):
    film = library.film(FilmRequest(notes=NOTES, voice="none"))
    app = open_page("explain", film=film.id)
    assert not app.exception
    assert "Pumps" in [each.value for each in app.subheader]
    app.button(key="edit_beat_1").click().run()
    app.text_input(key=f"heading_{film.id}_1").set_value("The parts")
    # Without a browser a click draws the whole page anew: what opened the dialog is pressed again.
    app.button(key="edit_beat_1").click()
    app.run()
    app.button(key="edit_beat_1").click()
    button(app, "Make new film").click().run()
    (job,) = library.jobs.jobs()
    story = json.loads(FilmRequest.model_validate_json(job.request).storyboard)
    assert [beat["heading"] for beat in story["beats"]] == ["Pumps", "The parts"]


SCENE = {
    "title": "Pumps",
    "beats": [
        {"heading": "Pumps", "show": {"kind": "title"}, "say": "They move water."},
        {"heading": "A wheel", "show": {"kind": "scene", "code": "class Wheel(Scene):\n  ?"}},
    ],
}


def test_a_scene_that_failed_is_tried_again_changed_or_left_out(
    library: Workspace, open_page, no_worker
):
    film = library.film(FilmRequest(storyboard=json.dumps(SCENE), voice="none"))
    app = open_page("explain", film=film.id)
    app.button(key="repair_beat_1").click().run()
    assert not app.exception
    assert any("not rendered" in each.value for each in app.warning)
    assert button(app, "Try again")
    app.text_area(key=f"code_{film.id}_1").set_value("class Wheel(Scene):\n  pass")
    app.button(key="repair_beat_1").click().run()
    app.button(key="repair_beat_1").click()
    button(app, "Make new film").click().run()
    app = open_page("explain", film=film.id)
    app.button(key="leave_beat_1").click().run()
    app.button(key="leave_beat_1").click()
    button(app, "Make new film").click().run()
    asked = [FilmRequest.model_validate_json(job.request) for job in library.jobs.jobs()]
    shorter, repaired = (json.loads(each.storyboard)["beats"] for each in asked)
    assert [beat["heading"] for beat in shorter] == ["Pumps"]
    assert repaired[1]["show"]["code"].endswith("pass")


def test_scenes_are_offered_only_where_they_can_be_run(library: Workspace, open_page, monkeypatch):
    monkeypatch.setattr(explain_scenes, "is_available", lambda: False)
    app = open_page("explain")
    assert app.checkbox(key="scenes").disabled
    assert "Manim" in said(app)
    monkeypatch.setattr(explain_scenes, "is_available", lambda: True)
    missing = Readiness("Sandbox", False, "nothing keeps a program in", "install bubblewrap")
    monkeypatch.setattr(explain_scenes, "sandbox_readiness", lambda: missing)
    app = open_page("explain")
    assert app.checkbox(key="scenes").disabled
    assert "install bubblewrap" in said(app)


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


def test_what_a_search_finds_is_made_into_a_film_by_a_job(
    talk: Asset, library: Workspace, open_page, no_worker
):
    app = open_page("explain", search="dry start")
    assert not app.exception
    assert not app.error
    assert app.text_input(key="film_search").value == "dry start"
    assert "pump talk\\.mp4, 0\\:00** · clip" in said(app)
    assert "≈ 16 s" in said(app)
    button(app, "Make film, free").click().run()
    (job,) = library.jobs.jobs()
    assert FilmRequest.model_validate_json(job.request).search == "dry start"
    assert job.title == "Film of moments of “dry start”"


def test_the_filters_of_a_search_come_along_into_its_film(
    talk: Asset, library: Workspace, open_page, no_worker
):
    app = open_page("explain", search="dry start", how="Words", kind="Said")
    assert not app.exception
    button(app, "Make film, free").click().run()
    (job,) = library.jobs.jobs()
    request = FilmRequest.model_validate_json(job.request)
    assert (request.how, request.kinds) == ("words", ("transcript",))


def test_a_search_for_nothing_has_no_button_and_one_in_vain_says_so(
    talk: Asset, library: Workspace, open_page
):
    app = choose(open_page("explain"), "Search")
    assert not [each for each in app.button if each.label.startswith("Make film")]
    app.text_input(key="film_search").set_value("qqzzx xyqqw").run()
    assert not app.exception
    assert "nothing in the library fits" in "\n".join(each.value for each in app.error).lower()

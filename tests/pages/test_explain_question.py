"""Explain with an account on loopback: a question priced, made, read, changed, and published."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer, error, tool_input
from tests.support.film_jobs import do_film
from tests.support.moto_s3 import S3Server
from tests.support.polly_server import SPEAK, PollyServer
from workbench.explain.request import FilmRequest
from workbench.library.records import Job
from workbench.settings import load_settings
from workbench.ui import workspace
from workbench.workspace import Workspace

QUESTION = "How does a mechanical seal fail?"
REQUEST = FilmRequest(question=QUESTION, voice="none", length="short")


@pytest.fixture(scope="module")
def polly() -> Iterator[PollyServer]:
    with PollyServer() as running:
        yield running


@pytest.fixture(scope="module")
def shared_bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


def environment(bedrock: BedrockServer, polly: PollyServer) -> dict[str, str]:
    return {**polly.environment(), "WORKBENCH_BEDROCK_ENDPOINT_URL": bedrock.url}


@pytest.fixture
def bedrock(
    shared_bedrock: BedrockServer, polly: PollyServer, monkeypatch: pytest.MonkeyPatch
) -> BedrockServer:
    """An account on loopback, set in the environment; ask for it before the workspace."""
    shared_bedrock.reset()
    for name, value in environment(shared_bedrock, polly).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Workspace, "start_services", lambda self: None)
    return shared_bedrock


@pytest.fixture(scope="module")
def with_film(
    shared_bedrock: BedrockServer, polly: PollyServer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data folder in which the question has been made into a film."""
    folder = tmp_path_factory.mktemp("asked") / "data"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(shared_bedrock, polly).items():
            patch.setenv(name, value)
        with Workspace.open(load_settings(data_dir=folder)) as space:
            assert do_film(space, space.jobs.submit_film(REQUEST)) == "done"
    return folder


@pytest.fixture
def space(bedrock: BedrockServer, opened: Workspace) -> Workspace:
    """The app's workspace, with nothing in it."""
    return opened


@pytest.fixture
def job(
    bedrock: BedrockServer, with_film: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Job:
    """The job that has made the film, in the app's workspace."""
    shutil.copytree(with_film, tmp_path / "data")
    request.getfixturevalue("opened")
    (done,) = workspace().jobs.jobs()
    return done


def said(app) -> str:
    kinds = ("markdown", "caption", "subheader", "warning", "error")
    return "\n".join(str(each.value) for kind in kinds for each in app.get(kind))


def button(app, label: str):
    (found,) = [each for each in app.button if each.label.startswith(label)]
    return found


def test_the_price_is_on_the_button_and_nothing_is_sent_before_it_is_pressed(
    bedrock, space, open_page
):
    app = open_page("explain")
    app.text_area(key="question").set_value(QUESTION).run()
    app.selectbox(key="length").set_value("short").run()
    app.selectbox(key="voice").set_value("none").run()
    price = space.film_price(REQUEST)
    label = button(app, "Make film for").label
    least = label.removeprefix("Make film for \\$").partition("–")[0]
    assert 0 < float(least) <= price.low_usd
    table = next(each.value for each in app.markdown if "| Stage |" in each.value)
    assert table.count("\n| ") == len(price.lines)
    assert table.count("Nova 2 Lite") == 4
    assert bedrock.received == 0
    button(app, "Make film for").click().run()
    (job,) = space.jobs.jobs()
    assert FilmRequest.model_validate_json(job.request) == REQUEST
    assert "Waits for its turn" in said(app)
    assert bedrock.received == 0


def test_voices_of_polly_are_offered_and_are_part_of_the_price(bedrock, polly, space, open_page):
    app = open_page("explain")
    app.text_area(key="question").set_value(QUESTION).run()
    before = button(app, "Make film for").label
    app.selectbox(key="voice").set_value("Joanna").run()
    app.selectbox(key="voice_engine").set_value("neural").run()
    assert not app.exception
    assert button(app, "Make film for").label != before
    assert "Joanna, neural" in said(app)
    app.selectbox(key="language").set_value("de").run()
    assert "Vicki" in str(app.selectbox(key="voice").options)
    assert "Joanna" not in str(app.selectbox(key="voice").options)
    assert [call for call in polly.log if call.operation == SPEAK] == []


def test_what_is_kept_is_free_and_the_storyboard_is_there(bedrock, job, open_page):
    app = open_page("explain")
    app.text_area(key="question").set_value(QUESTION).run()
    app.selectbox(key="length").set_value("short").run()
    app.selectbox(key="voice").set_value("none").run()
    assert button(app, "Make film, free")
    assert said(app).count("kept, \\$0") == 4
    assert "Minutes** · chart" in said(app)
    assert bedrock.received == 0


def test_a_finished_film_says_what_each_state_took_and_cost(job, open_page):
    app = open_page("explain", job=job.id)
    assert not app.exception
    (table,) = [each.value for each in app.markdown if "| State |" in each.value]
    for state in workspace().film_states(job.id)[1:5]:
        assert state.cost_usd is not None
        assert f"\\${state.cost_usd:.4f}".replace(".", "\\.") in table
    assert "Completed" in table
    assert "4 calls" in said(app)


def test_a_changed_explanation_asks_only_what_comes_after_it(bedrock, job, open_page):
    (film_id,) = job.result_ids
    app = open_page("explain", film=film_id)
    assert QUESTION in said(app).replace("\\", "")
    text = app.text_area(key=f"explanation_{film_id}")
    assert text.value.startswith("This is about the question")
    assert not [each for each in app.button if each.label.startswith("Make again")]
    text.set_value(text.value + " Oil helps.").run()
    again = button(app, "Make again from here for")
    assert bedrock.received == 0
    again.click().run()
    new = workspace().jobs.jobs("waiting")[0]
    assert do_film(workspace(), new.id) == "done"
    assert [call.tool for call in bedrock.calls] == ["explanation", "storyboard", "review"]
    states = {state.name: state.state for state in workspace().film_states(new.id)}
    assert states["generating_initial_explanation"] == "skipped"


def test_a_changed_refined_text_goes_into_a_request_of_its_own(job, open_page):
    (film_id,) = job.result_ids
    app = open_page("explain", film=film_id)
    app.button_group(key=f"text_{film_id}").set_value("Refined").run()
    app.text_area(key=f"refined_{film_id}").set_value("Rings need water. Dry rings crack.").run()
    button(app, "Make again from here for").click().run()
    (new,) = workspace().jobs.jobs("waiting")
    request = FilmRequest.model_validate_json(new.request)
    assert request.refined == "Rings need water. Dry rings crack."
    assert request.explanation.startswith("This is about")
    assert request.question == QUESTION


def test_a_failed_film_keeps_what_was_written_and_can_be_gone_on_with(bedrock, space, open_page):
    bedrock.script(None, None, error("AccessDeniedException"))
    job_id = space.jobs.submit_film(REQUEST)
    assert do_film(space, job_id) == "failed"
    app = open_page("explain", job=job_id)
    assert not app.exception
    assert app.error
    assert ":red[:material/error:] | Writes the script" in said(app)
    assert "not paid again" in said(app)
    assert app.text_area(key=f"explanation_{job_id}").value.startswith("This is about")
    app.button(key=f"retry_{job_id}").click().run()
    (again,) = space.jobs.jobs("waiting")
    assert again.id in app.query_params["job"]


def test_words_of_a_model_are_words_on_the_page(bedrock, space, open_page):
    wicked = "An ![x](http://evil.example/x.png) and a [link](http://evil.example) in the text."
    bedrock.script(
        tool_input({"explanation": wicked}),
        tool_input({"explanation": wicked, "changes": [wicked]}),
        error("AccessDeniedException"),
    )
    job_id = space.jobs.submit_film(REQUEST)
    do_film(space, job_id)
    app = open_page("explain", job=job_id)
    app.button_group(key=f"text_{job_id}").set_value("Problems").run()
    assert not app.exception
    assert "evil" in said(app)
    assert "](http" not in said(app)


def test_a_film_is_published_with_a_link_that_ends(
    s3: S3Server, bedrock, monkeypatch, request, open_page
):
    monkeypatch.setenv("WORKBENCH_PUBLISH_URI", f"s3://{s3.bucket}/films")
    space: Workspace = request.getfixturevalue("opened")
    film = space.film(FilmRequest(notes="# Pumps\n\nThey move water.", voice="none"))
    app = open_page("explain", film=film.id)
    button(app, "Publish to S3").click().run()
    assert not app.exception
    assert not app.error
    assert "The link ends" in said(app)
    assert app.code[0].value.startswith("http")
    assert "X-Amz-Signature" not in (film.folder / "film.json").read_text()
    assert button(app, "New link")

"""From a question to a film that plays with captions, and again from a text that was changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, running_app
from tests.support.bedrock_control_server import wait_until
from tests.support.bedrock_server import BedrockServer
from tests.support.polly_server import PollyServer
from workbench.explain.request import FilmRequest
from workbench.settings import load_settings
from workbench.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUESTION = "How does a mechanical seal fail when the pump runs dry?"
MADE_MS = 180_000
"""How long a film may take here."""


@pytest.fixture(scope="module")
def bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture(scope="module")
def cloud(
    project: Path,
    bedrock: BedrockServer,
    talk_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """The app with an account on loopback, and a film of notes."""
    data_dir = tmp_path_factory.mktemp("cloud") / "data"
    with PollyServer() as polly, pytest.MonkeyPatch.context() as patch:
        for name, value in polly.environment().items():
            patch.setenv(name, value)
        patch.setenv("WORKBENCH_BEDROCK_ENDPOINT_URL", bedrock.url)
        with Workspace.open(load_settings(data_dir=data_dir)) as space:
            space.film(FilmRequest(notes="# Pumps\n\nThey move water.", voice="none"))
        with running_app(project, data_dir) as url:
            yield Server(url, data_dir, talk_folder)


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option).click()


def test_a_question_becomes_a_film_with_captions_and_a_changed_text_another(
    page: Page, cloud: Server, bedrock: BedrockServer, axe
):
    page.goto(f"{cloud.url}/explain")
    question = page.get_by_role("textbox", name="Question")
    question.fill(QUESTION)
    question.press("Control+Enter")
    expect(page.get_by_role("button", name="Make film for $0.")).to_be_enabled()
    choose(page, "Length", "Short")
    choose(page, "Voice", "No voice")
    choose(page, "Drawn by", "Cards")
    page.get_by_role("button", name="What it costs").click()
    expect(page.get_by_role("cell", name="Checks the script")).to_be_visible()
    page.keyboard.press("Escape")
    assert bedrock.received == 0

    page.get_by_role("button", name="Make film for $0.").click()
    expect(page.get_by_role("cell", name="Writes the explanation")).to_be_visible()
    film = page.locator("video")
    expect(film).to_be_visible(timeout=MADE_MS)
    assert bedrock.answered == 4
    film.evaluate("film => { film.muted = true; film.textTracks[0].mode = 'showing'; film.play() }")
    page.wait_for_function(
        """() => {
            const film = document.querySelector('video'), track = film.textTracks[0];
            return film.currentTime > 0.5 && track.cues && track.cues.length > 3;
        }"""
    )
    page.get_by_text("How it was made").click()
    expect(page.get_by_role("cell", name="Completed")).to_be_visible()
    page.get_by_text("How it was written").click()
    text = page.get_by_role("textbox", name="The explanation")
    expect(text).to_be_visible()
    assert axe(page) == []

    text.fill(text.input_value() + " Oil helps.")
    text.press("Control+Enter")
    first = page.url
    page.get_by_role("button", name="Make again from here for $0.").click()
    # Another job is followed. It may be done before anybody sees that the first film went.
    page.wait_for_url(lambda url: url != first)
    wait_until(lambda: bedrock.answered == 7)
    expect(film).to_be_visible(timeout=MADE_MS)
    tools = [call.tool for call in bedrock.calls]
    assert tools[4:] == ["explanation", "storyboard", "review"]


@pytest.mark.parametrize(
    "page",
    [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}],
    ids=["dark", "narrow"],
    indirect=True,
)
def test_form_and_film_fit_and_have_no_accessibility_finding(page: Page, cloud: Server, axe):
    page.goto(f"{cloud.url}/explain")
    page.get_by_text("Example", exact=True).click()
    expect(page.get_by_role("button", name="Make film, free")).to_be_visible()
    page.get_by_text("Storyboard", exact=True).last.click()
    expect(page.get_by_role("img", name="Beat 1 as it will be shown")).to_be_visible()
    findings = axe(page)
    page.get_by_role("link", name="Pumps").click()
    expect(page.get_by_role("button", name="Edit").first).to_be_visible()
    findings += axe(page)
    assert findings == []
    wide = page.locator("[data-testid=stMain]").evaluate(
        "node => node.scrollWidth - node.clientWidth"
    )
    assert wide <= 0

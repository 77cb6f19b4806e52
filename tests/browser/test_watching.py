"""Player, lists and chart stay together, without a word to the server while it plays."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


UNDER_WAY = """video => new Promise(done => {
    const look = () => video.currentTime > 1 ? done() : setTimeout(look, 50);
    look();
})"""


def position_s(page: Page) -> float:
    return float(page.locator("video").evaluate("video => video.currentTime"))


@pytest.fixture
def results(page: Page, analysed) -> Page:
    page.goto(f"{analysed.url}/results")
    expect(page.get_by_role("list", name="Chapters").get_by_role("button").first).to_be_visible()
    page.wait_for_function("() => document.querySelector('h1')")
    return page


def test_a_deep_link_to_a_moment_opens_there_with_the_grouped_menu(page: Page, analysed, results):
    asset = page.url.split("asset=")[1][:16]
    page.goto(f"{analysed.url}/results?asset={asset}&t=20&tab=Transcript")
    line = page.get_by_role("list", name="Transcript").locator("[aria-current=true]")
    expect(line).to_contain_text("Grease the bearing every month")
    # The list knows the moment from the link; the film has to be fetched before it is there.
    page.locator("video").evaluate(
        "film => film.readyState > 0 || new Promise("
        "done => film.addEventListener('loadedmetadata', done, {once: true}))"
    )
    assert position_s(page) == pytest.approx(20, abs=0.5)
    for group in ("Library", "Analysis", "Answers", "Workshop"):
        expect(page.get_by_test_id("stSidebar").get_by_text(group).first).to_be_visible()


def test_keys_play_step_and_change_chapter(results: Page):
    results.get_by_role("heading", level=1).click()
    chapters = results.get_by_role("list", name="Chapters").get_by_role("button")
    second = chapters.nth(1).locator(".time").inner_text()
    results.keyboard.press("]")
    expect(chapters.nth(1)).to_have_attribute("aria-current", "true")
    at = position_s(results)
    assert second == f"0:{int(at):02d}"
    results.keyboard.press("l")
    results.wait_for_timeout(200)
    assert position_s(results) == pytest.approx(at + 5, abs=0.5)
    results.keyboard.press("j")
    results.keyboard.press("k")
    results.wait_for_timeout(900)
    assert not results.locator("video").evaluate("video => video.paused")
    assert position_s(results) > at


def test_arrows_walk_the_list_and_enter_seeks(results: Page):
    chapters = results.get_by_role("list", name="Chapters").get_by_role("button")
    chapters.first.focus()
    results.keyboard.press("ArrowDown")
    expect(chapters.nth(1)).to_be_focused()
    results.keyboard.press("Enter")
    results.wait_for_timeout(300)
    assert position_s(results) > 5
    results.keyboard.press("End")
    expect(chapters.last).to_be_focused()


def test_the_video_and_its_position_live_through_tabs_and_lanes(results: Page):
    results.locator("video").evaluate("video => { video.dataset.mark = 'same'; }")
    results.get_by_role("list", name="Chapters").get_by_role("button").nth(1).click()
    results.locator("video").evaluate(UNDER_WAY)
    at = position_s(results)
    results.get_by_role("radio", name="Transcript").or_(
        results.get_by_test_id("stButtonGroup").get_by_text("Transcript")
    ).first.click()
    expect(results.get_by_role("list", name="Transcript")).to_be_visible()
    results.get_by_text("Topics", exact=True).first.click()
    results.wait_for_timeout(1500)
    assert results.locator("video").get_attribute("data-mark") == "same"
    assert position_s(results) == pytest.approx(at, abs=0.5)


def test_a_click_in_the_chart_seeks_and_the_line_follows(results: Page):
    bar = results.locator(".js-plotly-plot .bars .point path").nth(1)
    expect(bar).to_be_visible()
    # The line is drawn by what listens to the chart: once it is there, a click is heard.
    expect(results.locator(".wb-playhead")).to_be_attached()
    box = bar.bounding_box()
    assert box is not None
    results.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    results.wait_for_timeout(500)
    assert position_s(results) > 5
    line = results.locator(".wb-playhead").bounding_box()
    assert line is not None
    assert abs(line["x"] - box["x"]) < 4


def test_pictures_lie_on_the_axis_of_the_chart_and_a_click_seeks(results: Page):
    lane = results.get_by_role("img", name="Pictures of the film")
    expect(lane.locator("i").first).to_be_visible()
    # This film has no sound, and no empty lane for it.
    expect(results.get_by_role("img", name="How loud it is")).to_have_count(0)
    expect(results.locator(".wb-playhead")).to_be_attached()
    box = lane.bounding_box()
    assert box is not None
    glimpse = results.locator(".glimpse")
    expect(glimpse).to_be_hidden()
    results.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 10)
    expect(glimpse).to_be_visible()
    told = glimpse.inner_text()
    results.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + 10)
    length = float(results.locator("video").evaluate("video => video.duration"))
    results.wait_for_timeout(500)
    assert position_s(results) == pytest.approx(length * 0.7, abs=0.5)
    assert told.strip() == f"0:{int(length * 0.7):02d}"
    for line in (results.locator(".wb-playhead"), results.locator(".strip .head")):
        at = line.bounding_box()
        assert at is not None
        assert at["x"] == pytest.approx(box["x"] + box["width"] * 0.7, abs=4)


def test_nothing_is_sent_to_the_server_while_a_video_plays(results: Page, browser):
    sent: list[str] = []
    results.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append("frame")))
    results.reload()
    chapters = results.get_by_role("list", name="Chapters").get_by_role("button")
    expect(chapters.first).to_be_visible()
    results.wait_for_timeout(2500)
    before = len(sent)
    chapters.nth(1).click()
    results.keyboard.press("k")
    results.wait_for_timeout(2500)
    assert len(sent) == before


def test_media_are_fetched_in_ranges(page: Page, analysed):
    statuses: list[int] = []
    page.on("response", lambda r: statuses.append(r.status) if r.url.endswith("/media") else None)
    page.goto(f"{analysed.url}/results")
    expect(page.get_by_role("list", name="Chapters").get_by_role("button").first).to_be_visible()
    page.wait_for_timeout(1000)
    assert set(statuses) == {206}

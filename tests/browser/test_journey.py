"""From an empty library to a report, by clicks alone."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def wait_until_at(page: Page, least_s: float, most_s: float) -> None:
    """Wait until the player stands between two moments: the film may still be loading."""
    between = "([video, least, most]) => video.currentTime >= least && video.currentTime <= most"
    player = page.locator("video").element_handle()
    page.wait_for_function(between, arg=[player, least_s, most_s])


def test_a_newcomer_gets_from_a_folder_to_a_report(page: Page, server):
    # Import
    page.goto(server.url)
    expect(page.get_by_text("Try the sample library")).to_be_visible()
    page.get_by_role("textbox", name="Folder on this machine").fill(str(server.media))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Look inside").click()
    expect(page.get_by_text("1 video · 1 image")).to_be_visible()
    page.get_by_role("button", name="Import 2 files").click()
    card = page.get_by_role("link", name="Pump room talk.mp4")
    expect(card).to_be_visible(timeout=90_000)

    # Estimate
    card.click()
    expect(page.get_by_text("Not analysed yet").first).to_be_visible()
    page.get_by_role("link", name="Analyse…").click()
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("$0")

    # Analyse
    page.get_by_role("button", name="Run for $0").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    results = page.get_by_role("link", name="Results").nth(1)
    expect(results).to_be_visible(timeout=180_000)
    results.click()

    # Watch a chapter
    chapters = page.get_by_role("list", name="Chapters").get_by_role("button")
    expect(chapters.first).to_be_visible()
    assert chapters.count() >= 2
    minutes, seconds = chapters.nth(1).locator(".time").inner_text().split(":")
    chapters.nth(1).click()
    expect(chapters.nth(1)).to_have_attribute("aria-current", "true")
    start_s = 60 * int(minutes) + int(seconds)
    wait_until_at(page, start_s - 1, start_s + 1)
    assert f"t={start_s}" in page.url

    # Search, and play the hit
    page.get_by_role("link", name="Search").click()
    page.get_by_role("textbox", name="Search the library").fill("dry start")
    page.keyboard.press("Enter")
    hits = page.get_by_role("list", name="Moments in Pump room talk.mp4").first
    expect(hits).to_be_visible(timeout=60_000)
    hit = hits.get_by_role("button").filter(has_text="dry start").first
    minutes, seconds = hit.locator(".time").inner_text().split(":")
    hit.click()
    start_s = 60 * int(minutes) + int(seconds)
    wait_until_at(page, start_s + 0.1, start_s + 8)
    assert not page.locator("video").evaluate("video => video.paused")
    assert "hit=" in page.url

    # Report
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("button", name="Make…").first.click()
    page.get_by_role("button", name="Make 1 report").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    made = page.get_by_role("link", name="Report", exact=True)
    expect(made).to_be_visible(timeout=180_000)
    made.click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open report").click()
    report = opened.value
    report.wait_for_load_state()
    expect(report.get_by_text("Pump room talk.mp4").first).to_be_visible()
    expect(report.locator(".js-plotly-plot").first).to_be_visible()

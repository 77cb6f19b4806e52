"""What the eye and the screen reader get: no findings of axe, and CSS that still fits Streamlit."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle
from workbench.analysis.results import Failure
from workbench.backends.order import Forecast
from workbench.backends.usage import Usage
from workbench.library.records import LedgerEntry

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "": "Library",
    "/?view=Table": "Library",
    "/?view=Savings": "Library",
    "/search?q=dry+start": "Search",
    "/analyse": "Analyse",
    "/results": "Pump room talk.mp4",
    "/results?tab=Elements": "Pump room talk.mp4",
    "/results?tab=Summary": "Pump room talk.mp4",
    "/reports": "Reports",
    "/jobs": "Jobs",
    "/costs": "Costs",
    "/costs?tab=Prices": "Costs",
    "/settings": "Settings",
    "/settings?tab=Work": "Settings",
    "/settings?tab=AWS": "Settings",
}

GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}


@pytest.fixture
def look(page: Page, axe) -> Callable[[], list[str]]:
    """What axe finds on the page as it stands, and when the reader's system has changed to the
    other theme.
    """
    schemes = ["light", "dark"]

    def at_both() -> list[str]:
        findings = []
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            expect(page.get_by_test_id("stApp")).to_have_css("background-color", GROUNDS[scheme])
            findings += [f"{scheme}: {finding}" for finding in axe(page)]
        schemes.reverse()
        return findings

    return at_both


def test_no_page_has_an_accessibility_finding_or_is_wider_than_a_small_laptop(
    page: Page, analysed, look
):
    findings = []
    for path, title in PAGES.items():
        page.goto(analysed.url + path)
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
        findings += look()
        page.set_viewport_size({"width": 1024, "height": 768})
        settle(page)
        wide_px = page.get_by_test_id("stMain").evaluate(
            "node => node.scrollWidth - node.clientWidth"
        )
        findings += [f"{path} is {wide_px} px too wide"] if wide_px > 0 else []
        page.set_viewport_size({"width": 1440, "height": 900})
    assert findings == []


def test_jobs_in_every_state_have_no_accessibility_finding(page: Page, quiet, put_job, look):
    put_job(id="runs")
    put_job(id="rests", state="paused")
    put_job(id="waits", state="waiting")
    failures = (Failure("x.mp4", "x.mp4 ends early", "copy it again"),)
    put_job(id="partly", state="done", failures=failures, asset_ids=("0" * 16,))
    put_job(id="failed", state="failed", error="the service failed", hint="try again")
    findings = []
    for path in (
        "/jobs?state=running",
        "/jobs?state=waiting",
        "/jobs?state=done",
        "/jobs?state=failed",
    ):
        page.goto(quiet.url + path)
        page.get_by_text("Log").first.click()
        findings += look()
        if path.endswith(("running", "waiting")):
            page.get_by_role("button", name="Stop").first.click()
            expect(page.get_by_role("button", name="Stop this job")).to_be_visible()
            findings += look()
    page.goto(quiet.url)
    expect(page.locator(".st-key-line_job_runs")).to_be_visible()
    findings += look()
    assert findings == []


def test_costs_of_every_kind_have_no_accessibility_finding(page: Page, quiet, catalog, look):
    now = datetime.now(UTC)
    for number in range(12):
        outcome = "lost" if number == 5 else "answered"
        cost = None if number == 5 else Decimal(number + 1) / 40
        catalog.record_call(
            LedgerEntry(
                now - timedelta(days=number % 5), "", "a" * 16, f"c{number}", f"k{number}", "nova",
                ("2_lite", "pro")[number % 2], "id", number % 4 == 3, Decimal("0.2"), cost,
                Usage(4000 + number), job_id="j", outcome=outcome,
                forecast=Forecast("analyse_chunk", 4000, 0, text_tokens=1000, media_tokens=2880),
            )
        )  # fmt: skip
    findings = []
    for path, words in {
        "/costs?month=all": "By day and model",
        "/costs?month=all&by=Day": "By day and model",
        "/costs?month=all&by=Task": "By day and task",
        "/costs?tab=What+would+it+cost": "Expected, and least to most",
    }.items():
        page.goto(quiet.url + path)
        expect(page.get_by_text(words)).to_be_visible()
        findings += look()
    assert findings == []


@pytest.mark.parametrize(
    ("path", "selector", "style", "value"),
    [
        ("", "[data-testid=stMainBlockContainer]", "padding-left", "33.75px"),
        ("", "[data-testid=stMainBlockContainer]", "max-width", "1560px"),
        ("", "[data-testid=stCaptionContainer]", "opacity", "1"),
        ("", "[data-testid=stCaptionContainer]", "color", "rgb(91, 100, 114)"),
        ("", "button[aria-checked=true] p", "color", "rgb(10, 110, 106)"),
        ("", ".wall img", "object-fit", "cover"),
        ("/search?q=dry+start", "[class*=st-key-frame_] img", "object-fit", "cover"),
    ],
)
def test_the_few_lines_of_css_still_fit(page: Page, analysed, path, selector, style, value):
    page.goto(analysed.url + path)
    expect(page.locator(selector).first).to_have_css(style, value)


def test_a_sidebar_link_that_has_the_focus_shows_it(page: Page, analysed):
    page.goto(f"{analysed.url}/settings")
    expect(page.get_by_test_id("stSidebarNavLink").first).to_be_visible()
    expect(page.get_by_text("Data folder")).to_be_visible()
    focused = page.locator("[data-testid=stSidebarNavLink]:focus-visible")
    for _ in range(12):
        page.keyboard.press("Tab")
        if focused.count():
            break
    expect(focused).to_have_css("outline-style", "solid")


def test_a_filter_of_one_page_does_not_follow_to_another(page: Page, analysed):
    page.goto(f"{analysed.url}/?q=pump")
    expect(page.get_by_role("link", name="Pump room talk.mp4")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Search").click()
    expect(page.get_by_role("heading", level=1, name="Search")).to_be_visible()
    expect(page.get_by_role("textbox", name="Search the library")).to_have_value("")

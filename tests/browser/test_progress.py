"""Progress moves by itself, everywhere, and the page around it is not run again for it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from workbench.library.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Runs:
    """What the server has run for a page."""

    whole: int = 0
    """Runs of the whole page."""
    parts: int = 0
    """Runs of a fragment alone."""

    def listen(self, page: Page) -> None:
        """Count from now on."""
        page.on("websocket", self._open)

    def _open(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, frame: bytes | str) -> None:
        message = ForwardMsg.FromString(frame if isinstance(frame, bytes) else frame.encode())
        if message.WhichOneof("type") != "new_session":
            return
        if message.metadata.run.fragment_ids:
            self.parts += 1
        else:
            self.whole += 1


def card(page: Page):
    return page.locator(".st-key-box_job_turbine")


def test_a_bar_moves_and_the_page_around_it_is_not_run(page: Page, quiet, catalog: Store, put_job):
    put_job()
    runs = Runs()
    runs.listen(page)
    page.goto(f"{quiet.url}/jobs?state=running")
    bar = card(page).get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "23")
    page.wait_for_timeout(1500)
    whole = runs.whole
    for done, percent in ((7, "53"), (11, "84")):
        catalog.update_job("turbine", done=done, left_s=365.0)
        expect(bar).to_have_attribute("aria-valuenow", percent)
        expect(card(page)).to_contain_text(f"{done} of 13")
        expect(card(page)).to_contain_text("≈ 6 min left")
    catalog.update_job("turbine", state="done", done=13, finished_at=datetime.now(UTC))
    expect(card(page)).to_have_count(0)
    page.get_by_text("Done", exact=False).first.click()
    expect(card(page)).to_contain_text("Done")
    assert runs.parts >= 3
    assert runs.whole == whole


def test_progress_is_there_after_a_reload_and_in_another_browser(
    page: Page, browser: Browser, quiet, catalog: Store, put_job
):
    put_job()
    page.goto(f"{quiet.url}/jobs?job=turbine")
    expect(card(page)).to_contain_text("3 of 13")
    catalog.update_job("turbine", done=5)
    page.reload()
    expect(card(page)).to_contain_text("5 of 13")
    elsewhere = browser.new_context()
    try:
        other = elsewhere.new_page()
        other.goto(quiet.url)
        expect(other.locator(".st-key-line_job_turbine")).to_contain_text("5 of 13")
        catalog.update_job("turbine", done=6)
        expect(other.locator(".st-key-line_job_turbine")).to_contain_text("6 of 13")
        expect(card(page)).to_contain_text("6 of 13")
    finally:
        elsewhere.close()


def test_a_page_that_shows_results_is_run_once_when_a_job_ends(
    page: Page, quiet, catalog: Store, put_job
):
    put_job()
    runs = Runs()
    runs.listen(page)
    page.goto(quiet.url)
    line = page.locator(".st-key-line_job_turbine")
    expect(line).to_contain_text("3 of 13")
    page.wait_for_timeout(1500)
    whole = runs.whole
    catalog.update_job("turbine", state="done", done=13, finished_at=datetime.now(UTC))
    expect(line).to_have_count(0)
    page.wait_for_timeout(5000)
    assert runs.whole == whole + 1


def test_a_job_that_begins_elsewhere_appears_without_a_run_of_the_page(
    page: Page, quiet, catalog: Store, put_job
):
    put_job(state="done", finished_at=datetime.now(UTC))
    runs = Runs()
    runs.listen(page)
    page.goto(f"{quiet.url}/jobs?state=running")
    expect(page.get_by_text("Nothing runs.")).to_be_visible()
    page.wait_for_timeout(1500)
    whole = runs.whole
    put_job()
    expect(card(page)).to_contain_text("3 of 13")
    catalog.update_job("turbine", done=4)
    expect(card(page)).to_contain_text("4 of 13")
    assert runs.whole == whole


def test_stop_is_asked_and_answered_by_keys_while_the_page_follows(
    page: Page, quiet, catalog: Store, put_job
):
    put_job()
    page.goto(f"{quiet.url}/jobs?job=turbine")
    stop = card(page).get_by_role("button", name="Stop")
    stop.focus()
    page.keyboard.press("Enter")
    asked = page.get_by_text("Paid so far: $0.0412 for 3 calls.")
    expect(asked).to_be_visible()
    # It stays open while the job goes on behind it.
    catalog.update_job("turbine", done=5, calls_paid=5)
    expect(page.get_by_text("Paid so far: $0.0412 for 5 calls.")).to_be_visible()
    yes = page.get_by_role("button", name="Stop this job")
    for _ in range(3):
        page.keyboard.press("Tab")
        if yes.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(card(page)).to_contain_text("Stopped")
    assert catalog.job("turbine").state == "cancelled"


def test_an_open_log_stays_open_and_grows(page: Page, quiet, catalog: Store, put_job):
    put_job()
    page.goto(f"{quiet.url}/jobs?job=turbine")
    card(page).get_by_text("Log").click()
    for chunk in (4, 5):
        catalog.add_event("turbine", "call.answered", {"label": f"chunk {chunk} of 13"})
        expect(card(page)).to_contain_text(f"Answered: chunk {chunk} of 13")

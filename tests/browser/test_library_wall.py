"""The wall of the Library page: every file is there at once, its picture when it comes near."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from workbench.settings import load_settings
from workbench.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILES = 60


@pytest.fixture
def sixty(quiet, tmp_path: Path) -> Iterator[str]:
    """The quiet app with sixty pictures, one of them with a proxy; they are gone afterwards."""
    for number in range(FILES):
        colour = (4 * number, 255 - 4 * number, 120)
        Image.new("RGB", (64, 48), colour).save(tmp_path / f"<b>plate {number:02}.png")
    with Workspace.open(load_settings(data_dir=quiet.data_dir)) as library:
        library.import_media([tmp_path])
        mine = [asset for asset in library.assets() if asset.path.parent == tmp_path]
        library.make_proxies([next(a.id for a in mine if a.name.endswith("00.png"))])
        yield quiet.url
        for asset in mine:
            library.store.remove_asset(asset.id)


def test_all_files_are_on_the_wall_and_pictures_come_as_they_are_scrolled_to(
    sixty: str, page: Page
):
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/poster" in request.url:
            asked.append(request.url)

    page.on("request", note)
    page.goto(f"{sixty}/?sort=Name")
    cards = page.locator(".wall > li")
    expect(cards).to_have_count(FILES)
    expect(cards.first.get_by_role("link")).to_have_text("<b>plate 00.png")
    expect(cards.first.locator(".size")).to_contain_text("→")
    loaded = "img => img.complete && img.naturalWidth > 0"
    expect(cards.nth(8).locator("img")).to_have_js_property("complete", True)
    assert cards.first.locator("img").evaluate(loaded)
    assert len(set(asked)) < FILES
    cards.last.scroll_into_view_if_needed()
    expect(cards.last.locator("img")).to_be_visible()
    page.wait_for_function(
        "() => { const wall = [...document.querySelectorAll('.st-key-wall *')]"
        ".map(each => each.shadowRoot).find(Boolean).querySelector('.wall');"
        "return wall.lastElementChild.querySelector('img').naturalWidth > 0; }"
    )


def test_a_card_leads_to_its_results_by_click_and_by_keys(sixty: str, page: Page):
    page.goto(f"{sixty}/?sort=Name")
    card = page.get_by_role("link", name="<b>plate 03.png")
    card.click()
    expect(page.get_by_role("heading", level=1, name="<b>plate 03.png")).to_be_visible()
    assert "asset=" in page.url
    page.goto(f"{sixty}/?sort=Name")
    page.get_by_role("link", name="<b>plate 05.png").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="<b>plate 05.png")).to_be_visible()


def test_a_filter_leaves_only_what_fits_on_the_wall(sixty: str, page: Page):
    page.goto(sixty)
    cards = page.locator(".wall > li")
    expect(cards).to_have_count(FILES)
    page.get_by_role("textbox", name="Filter by name").fill("plate 1")
    page.keyboard.press("Enter")
    expect(cards).to_have_count(10)

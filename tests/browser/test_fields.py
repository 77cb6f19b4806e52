"""Questions of the user's own in a real browser: written into a table, answered in another."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from workbench.analysis.fields import Field
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Analysis, FieldSource, FieldValue
from workbench.library.store import Store
from workbench.media.timecode import TimeSpan

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIELDS = (
    Field(name="maker", ask="Who made the pump?"),
    Field(name="is_new", ask="Is it new?", type="yes_no"),
    Field(name="tool", ask="Which tool is shown?", per="chapter"),
)


@pytest.fixture
def answered(analysed) -> Analysis:
    """The talk as if Nova had been asked three questions about it."""
    with Store.open(analysed.data_dir / "app.db") as store:
        plain = store.analysis(store.analyses()[-1].id)
        tools = (FieldValue("tool", "Grease gun"), FieldValue("tool", None))
        answered = replace(
            plain,
            id="f" * 16,
            engine="nova",
            model_name="Nova 2 Lite",
            request=AnalysisRequest(assets=(plain.asset_id,), engine="nova", fields=FIELDS),
            fields=(
                FieldValue("maker", "KSB", (FieldSource(0, TimeSpan(0, 48), "KSB"),)),
                FieldValue("is_new", None),
            ),
            chapters=tuple(
                replace(chapter, fields=(tools[chapter.index % 2],)) for chapter in plain.chapters
            ),
        )
        store.add_analysis(answered)
    return answered


def test_a_question_written_into_the_table_is_in_the_plan(page: Page, analysed):
    page.goto(f"{analysed.url}/analyse")
    page.get_by_text("Questions of your own").click()
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    # The last row of the table adds one, which makes it higher.
    page.mouse.click(box["x"] + 60, box["y"] + box["height"] - 16)
    higher = "([table, px]) => table.getBoundingClientRect().height > px"
    page.wait_for_function(higher, arg=[table.element_handle(), box["height"]])
    cell = page.locator("#portal textarea")
    # A new row opens its first cell by itself.
    for key, words in (("", "maker"), ("Enter", "Who made the pump?")):
        if key:
            page.keyboard.press(key)
        cell.fill(words)
        page.keyboard.press("Tab")
        expect(cell).to_be_hidden()
    expect(page.get_by_role("button", name="Keep as a file")).to_be_visible()
    # A choice above brings another field into the form, and the table stays open.
    page.get_by_test_id("stButtonGroup").get_by_text("Rekognition", exact=True).last.click()
    expect(page.get_by_text("Rekognition also detects")).to_be_visible()
    expect(page.get_by_role("button", name="Keep as a file")).to_be_visible()


def test_answers_are_read_beside_the_player_and_as_a_table_of_the_library(
    page: Page, analysed, answered: Analysis, axe
):
    page.goto(
        f"{analysed.url}/results?asset={answered.asset_id}&analysis={answered.id}&tab=Answers"
    )
    expect(page.get_by_text("KSB", exact=True)).to_be_visible()
    expect(page.get_by_text("not known").first).to_be_visible()
    page.wait_for_timeout(1000)
    assert axe(page) == []
    page.goto(f"{analysed.url}/reports")
    expect(page.get_by_role("heading", name="Answers")).to_be_visible()
    with page.expect_download() as got:
        page.get_by_role("button", name="Download CSV", exact=True).click()
    assert "KSB" in got.value.path().read_text()

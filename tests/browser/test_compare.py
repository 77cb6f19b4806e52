"""Two analyses side by side in a real browser: what is chosen in the table or the chart is played."""

from dataclasses import replace
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from workbench.analysis.results import Analysis, Element, Occurrence
from workbench.library.store import Store
from workbench.media.timecode import TimeSpan

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VALVE_S, LASER_S = 21, 34
"""When A and B each see what the other does not."""

ROW_PX = 51
"""From the top of the table to the middle of its first row."""


@pytest.fixture
def two(analysed) -> tuple[Analysis, Analysis]:
    """The talk as if Nova and Rekognition had looked at it."""
    with Store.open(analysed.data_dir / "app.db") as store:
        plain = store.analysis(store.analyses()[-1].id)

        def seen(name: str, start_s: float) -> tuple[Element, ...]:
            when = Occurrence(TimeSpan(start_s, start_s + 6), "shown")
            return (Element("equipment", name, "", (when,)),)

        a = replace(
            plain, id="1" * 32, engine="nova", model="2_lite", model_name="Nova 2 Lite",
            elements=seen("valve", VALVE_S),
            calls=(replace(plain.calls[0], cost_usd=Decimal("0.0412")),),
        )  # fmt: skip
        b = replace(
            plain, id="2" * 32, engine="rekognition", model="rekognition",
            model_name="Amazon Rekognition", chapters=(), elements=seen("laser", LASER_S),
            request=plain.request.model_copy(update={"find": ("equipment",)}),
        )  # fmt: skip
        store.add_analysis(a)
        store.add_analysis(b)
    return a, b


def test_a_row_and_a_bar_play_their_moment_and_the_line_is_over_both_tracks(
    page: Page, analysed, two: tuple[Analysis, Analysis], axe
):
    a, b = two
    page.goto(f"{analysed.url}/compare?asset={a.asset_id}&a={a.id}&b={b.id}")
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    expect(page.get_by_text("asked of one only", exact=True)).to_be_visible()
    chart = page.locator(".st-key-compare_chart")
    for words in ("Nova 2 Lite", "Amazon Rekognition", "valve", "laser"):
        expect(chart.locator("text", has_text=words).first).to_be_visible()

    # The rows that only one has are in order of time; a row is chosen by its box.
    table.scroll_into_view_if_needed()
    table.click(position={"x": 16, "y": ROW_PX})
    plays(page, VALVE_S)

    bars = chart.locator(".barlayer .point path")
    bars.last.scroll_into_view_if_needed()
    laser = max(
        (box for bar in bars.all() if (box := bar.bounding_box())), key=lambda box: box["x"]
    )
    page.mouse.click(laser["x"] + 3, laser["y"] + laser["height"] / 2)
    plays(page, LASER_S)
    line = chart.locator(".wb-playhead").bounding_box()
    assert line is not None
    assert line["x"] + 1 == pytest.approx(laser["x"], abs=2)
    page.wait_for_timeout(1000)
    assert axe(page) == []


def plays(page: Page, moment_s: float) -> None:
    """Wait until the player is there."""
    page.locator("video").evaluate(
        """(film, moment) => new Promise((done) => {
            const look = () =>
                Math.abs(film.currentTime - moment) < 0.5 ? done() : setTimeout(look, 50);
            look();
        })""",
        moment_s,
    )

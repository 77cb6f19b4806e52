"""Rekognition in the app: priced with another engine, run as one job, and shown as what it is."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Detection
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan
from workbench.workspace import Workspace

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("WORKBENCH_STAGING_URI", "s3://workbench-tests/films")


def test_two_engines_show_one_price_and_become_one_job(
    account: None, talk: Asset, library: Workspace, open_page: OpenPage
):
    app = open_page(
        "analyse", assets=[talk.id], engine="Local", also=["Rekognition"], detect=["Faces"]
    )
    assert not app.exception
    # Eight seconds at 0.10 dollars a minute, for labels and for faces.
    price = next(metric.value for metric in app.metric if metric.label == "Price")
    assert price == "$0.027"
    (steps,) = (t.value["step"].to_list() for t in app.dataframe if "step" in t.value.columns)
    assert steps == ["Local engine · pump talk.mp4", "Amazon Rekognition · pump talk.mp4"]
    assert any("not asked for chapters and topics" in each.value for each in app.warning)
    run = next(button for button in app.button if button.key == "run")
    assert run.label == "Run for \\$0.027"
    run.click().run()
    (job,) = library.jobs.jobs()
    request = AnalysisRequest.model_validate_json(job.request)
    assert (request.engine, request.also, request.detect) == (
        "local", ("rekognition",), ("faces",),
    )  # fmt: skip
    assert job.queue == "analysis_service"


def test_what_was_detected_has_a_place_of_its_own(
    talk: Asset, library: Workspace, open_page: OpenPage
):
    known = library.analysis("a" * 32)
    found = (
        Detection("text", "PUMP 7", "", (TimeSpan(1, 2),), 0.98),
        Detection("faces", "Faces", "", (), 0.97, 2),
    )
    detected = replace(
        known, id="c" * 32, engine="rekognition", model="rekognition",
        model_name="Amazon Rekognition", detections=found,
    )  # fmt: skip
    library.store.add_analysis(detected)
    app = open_page("results", asset=talk.id, analysis=detected.id, tab="Detected")
    assert not app.exception
    assert [each.value for each in app.text if each.value == "Faces"] == ["Faces"]
    assert any("nobody is followed" in each.value for each in app.caption)


def test_what_was_not_asked_for_has_no_tab_and_is_not_compared(
    talk: Asset, library: Workspace, open_page: OpenPage
):
    known = library.analysis("a" * 32)
    asked = known.request.model_copy(update={"find": ("equipment",)})
    library.store.add_analysis(replace(known, id="d" * 32, request=asked, chapters=()))
    app = open_page("results", asset=talk.id, analysis="d" * 32)
    (tabs,) = (group for group in app.button_group if group.key == "tab")
    assert "Chapters" not in tabs.options
    assert tabs.value == "Elements"
    app = open_page("compare", asset=talk.id, a="a" * 32, b="d" * 32)
    chapters = next(each for each in app.metric if each.label == "Chapters agree")
    assert (chapters.value, chapters.delta) == ("–", "asked of one only")

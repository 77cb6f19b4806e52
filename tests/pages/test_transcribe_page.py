"""Speech that a service writes down, in the app: a step of the plan with its price."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from workbench.media.ffmpeg import run_ffmpeg
from workbench.workspace import Workspace

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("WORKBENCH_STAGING_URI", "s3://workbench-tests/films")
    monkeypatch.setenv("WORKBENCH_TRANSCRIBER", "transcribe")


def test_speech_is_a_step_with_a_price_also_for_the_local_engine(
    library: Workspace, open_page: OpenPage, tmp_path: Path
):
    tone = tmp_path / "tone.wav"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=r=8000", "-t", "3", tone])
    (asset,) = library.import_media([tone]).added
    app = open_page("analyse", assets=[asset.id], engine="Local")
    assert not app.exception
    price = next(metric.value for metric in app.metric if metric.label == "Price")
    assert price == "$0.0060"
    (steps,) = (t.value["step"].to_list() for t in app.dataframe if "step" in t.value.columns)
    assert steps[0] == "tone.wav, speech"
    assert any("first writes down the speech of 1 file" in each.value for each in app.warning)
    assert any(each.key == "max_cost_usd" for each in app.number_input)
    assert next(button for button in app.button if button.key == "run").label == "Run for \\$0.0060"

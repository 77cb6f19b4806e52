"""A library with a little of everything, and the app on it, without a browser."""

import functools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import (
    Analysis,
    CallRecord,
    Chapter,
    Citation,
    Element,
    Occurrence,
    Summary,
)
from workbench.backends.usage import Usage
from workbench.evidence.evidence import Evidence, Shot, TextBlock
from workbench.media.asset import Asset
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.timecode import TimeSpan
from workbench.search.moments import moments_of
from workbench.speech.transcript import Transcript, Utterance
from workbench.ui import close_workspace, workspace
from workbench.workspace import Workspace

LINES = (
    "Welcome to the pump room.",
    "The seal fails when it runs dry.",
    "A dry start ruins the seal in under a minute.",
    "Grease the bearings every month.",
)


@pytest.fixture(scope="session", autouse=True)
def components_are_looked_for_once() -> Iterator[None]:
    """Every run of an `AppTest` looks for components in each installed package: half of its time."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        found = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found)
        yield


@pytest.fixture(scope="session")
def tiny_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video of eight seconds, a sound of two, a picture and a text file."""
    folder = tmp_path_factory.mktemp("media")
    pictures = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=8"]
    sound = ["-f", "lavfi", "-i", "sine=f=220:d=8"]
    coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart"]
    run_ffmpeg([*pictures, *sound, *coded, folder / "pump talk.mp4"])
    run_ffmpeg(["-f", "lavfi", "-i", "sine=f=330:d=2", folder / "handover.mp3"])
    Image.new("RGB", (300, 400), "#336655").save(folder / "nameplate *bold* [x].jpg")
    (folder / "notes.txt").write_text("not media")
    return folder


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The app's own workspace, on an empty data folder."""
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "data"))
    st.cache_data.clear()
    close_workspace()
    yield workspace()
    close_workspace()


@pytest.fixture
def library(opened: Workspace, tiny_media: Path) -> Workspace:
    """The workspace with the tiny media in it."""
    opened.import_media([tiny_media])
    return opened


@pytest.fixture
def talk(library: Workspace) -> Asset:
    """The video, analysed by two engines."""
    asset = library.asset("pump talk.mp4")
    evidence = Evidence(
        asset.id,
        8.0,
        Transcript(
            tuple(Utterance(TimeSpan(2 * n, 2 * n + 2), line) for n, line in enumerate(LINES)),
            "en",
            "sidecar",
        ),
        shots=(Shot(0, TimeSpan(0, 4), 2), Shot(1, TimeSpan(4, 8), 6)),
        screen_text=(TextBlock(TimeSpan(4, 8), "Bearings", 0.98, 0.1, 0.1, is_title=True),),
        speech_s=8.0,
        engines={"transcript": "sidecar pump talk.srt"},
    )
    library.store.put_evidence(evidence)
    for analysis in (
        make_analysis(asset, "a" * 32, "local", days_ago=2),
        make_analysis(asset, "b" * 32, "nova", days_ago=1),
    ):
        library.store.add_analysis(analysis)
        library.store.put_moments(asset.id, moments_of(evidence, analysis))
    return asset


def make_analysis(asset: Asset, name: str, engine: str, *, days_ago: int) -> Analysis:
    """An analysis with two chapters, two elements and one call."""
    cost = Decimal(0) if engine == "local" else Decimal("0.0412")
    return Analysis(
        id=name,
        asset_id=asset.id,
        asset_name=asset.name,
        duration_s=8.0,
        request=AnalysisRequest(assets=(asset.id,), engine=engine),  # type: ignore[arg-type]
        engine=engine,
        model="local" if engine == "local" else "2_lite",
        model_name="Local engine" if engine == "local" else "Nova 2 Lite",
        created_at=datetime.now(UTC) - timedelta(days=days_ago),
        summary=Summary(
            "About *seals* and $bearings$.",
            is_extractive=engine == "local",
            evidence=(Citation("transcript", TimeSpan(2, 4), LINES[1]),),
        ),
        chapters=(
            Chapter(0, "Mechanical seals", TimeSpan(0, 4), "Why they fail."),
            Chapter(1, "Bearings", TimeSpan(4, 8), "How to grease them."),
        ),
        elements=(
            Element(
                "equipment", "seal", "sealing", (Occurrence(TimeSpan(2, 4), "said", LINES[1]),)
            ),
            Element("object", "hard hat", "clothing", (Occurrence(TimeSpan(0, 3), "shown"),)),
        ),
        calls=(
            CallRecord("c1", "k1", asset.name, 0, engine, False, Usage(100, 10), cost, cost, 1.0),
        ),
        prompt_hash="ab12",
        catalog_as_of="2026-11-01",
        engine_version="1",
        seconds=3.0,
        notes=("No tags were read.",),
    )


OpenPage = Callable[..., AppTest]


@pytest.fixture
def on_the_wall() -> Callable[[AppTest], dict[str, dict[str, str]]]:
    """A function that gives the cards of the Library page, by name."""

    def cards(app: AppTest) -> dict[str, dict[str, str]]:
        drawn = [each.proto for each in app.get("bidi_component")]
        (wall,) = [proto for proto in drawn if proto.component_name == "workbench_wall"]
        found = json.loads(wall.json)
        words = {state: look["word"] for state, look in found["looks"].items()}
        return {
            card["name"]: {**card, "says": card.get("word") or words[card["state"]]}
            for card in found["items"]
        }

    return cards


@pytest.fixture
def open_page(project: Path) -> OpenPage:
    """Open a page of the app by its file name, with a query."""

    def opener(page: str, /, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(project / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        # A first run would give the widgets of the start page the parameters of this one.
        return app.switch_page(f"pages/{page}.py").run()

    return opener

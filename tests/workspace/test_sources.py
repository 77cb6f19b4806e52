"""A file that is moved, changed or deleted while it is analysed ends its analysis, and says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

import workbench.evidence.screen.text
from tests.support.long_film import make_film
from workbench import AnalysisRequest, Workspace
from workbench.progress import silent

MEASURING, PROXY, ASKING = "shots", "Making the nova proxy", "asking about"


@pytest.fixture(autouse=True)
def nothing_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing on the screen of these films, and finding that out takes seconds."""
    monkeypatch.setattr(workbench.evidence.screen.text, "read_screen_text", lambda *_, **__: ())


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return make_film(tmp_path / "talk.mp4", ("Impeller", "Bearing"))


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_film(tmp_path / "other.mp4", ("Gasket",))


def once(stage: str, act: Callable[[], object]) -> Callable[[int, int, str], None]:
    """Do something when a run comes to a stage."""
    done = []

    def progress(_: int, __: int, told: str) -> None:
        if stage in told and not done:
            done.append(told)
            act()

    return progress


def analyse(
    workspace: Workspace, film: Path, progress: Callable[[int, int, str], None], engine="nova"
):
    request = AnalysisRequest(assets=(str(film),), engine=engine)
    return workspace.analyse(request, progress)


@pytest.mark.parametrize("stage", [MEASURING, PROXY, ASKING])
def test_a_file_that_is_deleted_ends_its_analysis(workspace, server, talk, stage):
    result = analyse(workspace, talk, once(stage, talk.unlink))
    assert result.analyses == ()
    (failure,) = result.failures
    assert failure.message == f"talk.mp4 is no longer in {talk.parent}"
    assert "put it back, or import it from where it is now" in failure.hint
    assert workspace.analyses() == []
    assert server.received == (1 if stage == ASKING else 0)


@pytest.mark.parametrize("stage", [MEASURING, ASKING])
def test_a_file_that_is_moved_is_done_from_where_it_is_then(workspace, server, talk, stage):
    elsewhere = talk.parent / "elsewhere"
    elsewhere.mkdir()
    moved = elsewhere / talk.name
    result = analyse(workspace, talk, once(stage, lambda: talk.rename(moved)))
    assert [f.message for f in result.failures] == [f"talk.mp4 is no longer in {talk.parent}"]
    talk.with_suffix(".srt").rename(moved.with_suffix(".srt"))
    again = analyse(workspace, moved, silent)
    assert again.failures == ()
    # The bytes are the same, so is the question: what was paid for is not paid again.
    assert server.received == 1


@pytest.mark.parametrize(
    ("engine", "stage"),
    [
        ("nova", MEASURING),
        ("nova", PROXY),
        ("nova", ASKING),
        ("local", MEASURING),
        ("local", ASKING),
    ],
)
def test_nothing_of_other_bytes_is_kept_under_the_name_of_a_file_that_changed(
    workspace, server, talk, other, stage, engine
):
    (before,) = workspace.import_media([talk]).added
    new_bytes = other.read_bytes()
    result = analyse(workspace, talk, once(stage, lambda: talk.write_bytes(new_bytes)), engine)
    assert result.analyses == ()
    (failure,) = result.failures
    assert failure.message == "talk.mp4 has changed since it was imported"
    assert failure.hint == f"import it again: workbench import {talk}"
    assert workspace.analyses() == []
    if stage == MEASURING:
        assert workspace.evidence(before.id) is None
        assert server.received == 0
    if stage != ASKING:
        assert workspace.store.proxies(before.id) == []
        assert not list(workspace.data_dir.glob(f"proxy_video/*{before.id}*"))
    again = analyse(workspace, talk, silent, engine)
    (analysis,) = again.analyses
    assert analysis.asset_id != before.id
    assert analysis.duration_s == pytest.approx(60, abs=2)


def test_a_picture_that_changes_is_not_sent_under_its_old_name(workspace, server, tmp_path):
    from PIL import Image

    photo = tmp_path / "plate.png"
    Image.new("RGB", (64, 48), "navy").save(photo)
    (before,) = workspace.import_media([photo]).added
    change = once("measured", lambda: Image.new("RGB", (80, 60), "red").save(photo))
    result = analyse(workspace, photo, change)
    assert [f.message for f in result.failures] == ["plate.png has changed since it was imported"]
    assert server.received == 0
    assert workspace.store.proxies(before.id) == []


def test_other_files_of_the_run_are_done(workspace, talk, other):
    request = AnalysisRequest(assets=(str(talk), str(other)), engine="nova")
    result = workspace.analyse(request, once(ASKING, talk.unlink))
    assert [f.name for f in result.failures] == ["talk.mp4"]
    assert [a.asset_name for a in result.analyses] == ["other.mp4"]


def test_a_file_that_changed_before_is_not_measured_under_its_old_name(workspace, talk, other):
    (before,) = workspace.import_media([talk]).added
    talk.write_bytes(other.read_bytes())
    result = workspace.analyse(AnalysisRequest(assets=(before.id,)))
    assert [f.message for f in result.failures] == ["talk.mp4 has changed since it was imported"]
    report = workspace.make_proxies([before.id])
    assert {f.message for f in report.failed} == {"talk.mp4 has changed since it was imported"}
    assert report.made == ()

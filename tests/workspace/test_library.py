"""A workspace's library: names, cards, thumbnails and what a browser plays."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from workbench import AnalysisRequest, Settings, Workspace
from workbench.errors import MediaMissing, NotInLibrary, RequestError


@pytest.fixture
def opened(data_dir):
    with Workspace.open(Settings(data_dir=data_dir)) as workspace:
        yield workspace


@pytest.fixture
def asset(opened):
    (only,) = opened.assets()
    return only


def test_an_asset_is_found_by_id_path_and_name(opened, asset, film):
    assert opened.asset(asset.id) == opened.asset(film) == opened.asset("long talk.mp4") == asset


def test_a_name_that_two_files_share_is_refused_with_their_ids(opened, asset, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    Image.new("RGB", (40, 30), "red").save(folder / "long talk.mp4", "JPEG")
    opened.import_media([folder])
    with pytest.raises(NotInLibrary, match="2 files are called") as caught:
        opened.asset("long talk.mp4")
    assert asset.id in caught.value.hint


@pytest.mark.parametrize("name", ["", "nothing.mp4", "a\0b", "x" * 5000, "~nobody_here/x"])
def test_a_name_of_nothing_is_not_in_the_library(opened, name):
    with pytest.raises(NotInLibrary, match="neither a file nor in the library"):
        opened.asset(name)


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_path_is_not_this_folder(opened, path):
    with pytest.raises(RequestError, match="empty"):
        opened.import_media([path])
    with pytest.raises(RequestError, match="empty"):
        opened.look_inside(path)


def test_a_card_goes_from_new_to_proxy_ready_to_analysed(opened, film, tmp_path):
    plain = Image.new("RGB", (64, 48), "navy")
    plain.save(tmp_path / "plate.png")
    states = []

    def look():
        (card,) = [card for card in opened.cards() if card.asset.name == "plate.png"]
        states.append(card.state)

    opened.import_media([tmp_path / "plate.png"])
    look()
    opened.make_proxies([opened.asset("plate.png").id])
    look()
    opened.analyse(AnalysisRequest(assets=("plate.png",)))
    look()
    assert states == ["new", "proxy ready", "analysed"]
    totals = opened.totals()
    assert (totals.items, totals.analysed, totals.running_jobs) == (2, 1, 0)
    assert totals.duration_s == pytest.approx(1500)
    assert totals.proxy_bytes > 0


def test_a_thumbnail_is_made_once(opened, asset):
    poster = opened.poster(asset.id, at_s=90.0)
    made = poster.stat().st_mtime_ns
    assert poster.is_relative_to(opened.data_dir / "posters")
    assert poster.read_bytes().startswith(b"\xff\xd8")
    assert opened.poster(asset.id, at_s=90.0).stat().st_mtime_ns == made
    assert opened.poster(asset.id, at_s=9999.0).is_file()


def test_a_browser_plays_the_original_where_it_can(opened, asset, film):
    assert opened.player_file(asset.id) == film


def test_a_film_no_browser_plays_needs_a_preview(opened, film, tmp_path):
    from workbench.media.ffmpeg import run_ffmpeg

    run_ffmpeg(["-i", film, "-t", "4", "-c:v", "mpeg4", tmp_path / "old.avi"])
    (old,) = opened.import_media([tmp_path / "old.avi"]).added
    with pytest.raises(NotInLibrary, match="browsers cannot play old"):
        opened.player_file(old.id)
    opened.make_proxies([old.id])
    assert opened.player_file(old.id).name.endswith("_preview.mp4")


def test_captions_are_web_vtt(opened, asset):
    text = opened.captions(asset.id)
    assert text.startswith("WEBVTT")
    assert "Impeller is what comes now." in text


def test_evidence_of_a_file_that_has_gone_is_what_was_measured(opened, film, tmp_path):
    moved = Path(shutil.copytree(film.parent, tmp_path / "moved")) / film.name
    opened.import_media([moved])
    asset = replace(opened.asset(film), path=moved)
    before = opened.gather(asset)
    shutil.rmtree(moved.parent)
    assert opened.gather(asset) == before
    with pytest.raises(MediaMissing, match="is no longer in"):
        opened.gather(replace(asset, id="f" * 16))


def test_two_open_workspaces_share_what_is_kept(opened, asset, data_dir):
    with Workspace.open(Settings(data_dir=data_dir)) as other:
        assert other.assets() == [asset]
        other.store.remove_asset(asset.id)
    assert opened.assets() == []


def test_closing_twice_does_no_harm(data_dir):
    workspace = Workspace.open(Settings(data_dir=data_dir))
    assert workspace.jobs.jobs() == []
    workspace.close()
    workspace.close()


def test_health_names_every_part(opened):
    names = {finding.name for finding in opened.health()}
    assert {"Library", "nova", "ffmpeg", "Worker", "Disk", "Speech", "Shots"} <= names
    assert all(finding.hint for finding in opened.health() if not finding.is_ready)

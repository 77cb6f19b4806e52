"""Media and reports leave the app by id, with byte ranges, and only to the hosts it knows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from workbench.explain.request import FilmRequest
from workbench.library.records import ReportRecord
from workbench.media.asset import Asset
from workbench.ui import middleware, routes
from workbench.workspace import Workspace


@pytest.fixture
def client(opened: Workspace) -> TestClient:
    return TestClient(
        Starlette(routes=routes(), middleware=middleware()), base_url="http://127.0.0.1:8501"
    )


def test_a_part_of_a_video_is_answered_with_that_part(client, talk: Asset):
    answer = client.get(f"/files/{talk.id}/media", headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == talk.path.read_bytes()[10:20]
    assert answer.headers["content-range"] == f"bytes 10-19/{talk.size_bytes}"
    assert answer.headers["content-type"] == "video/mp4"


def test_a_whole_video_is_streamed_and_says_it_takes_ranges(client, talk: Asset):
    answer = client.get(f"/files/{talk.id}/media")
    assert answer.status_code == 200
    assert answer.headers["accept-ranges"] == "bytes"
    assert len(answer.content) == talk.size_bytes


def test_a_poster_is_a_small_jpeg_of_the_moment(client, talk: Asset):
    first = client.get(f"/files/{talk.id}/poster?t=1&w=160")
    later = client.get(f"/files/{talk.id}/poster?t=6&w=160")
    assert first.headers["content-type"] == "image/jpeg"
    assert first.content[:2] == later.content[:2] == b"\xff\xd8"
    assert first.content != later.content


def test_sound_has_a_picture_that_stands_for_it(client, library: Workspace):
    asset = library.asset("handover.mp3")
    answer = client.get(f"/files/{asset.id}/poster")
    assert answer.headers["content-type"].startswith("image/svg+xml")


def test_a_film_is_streamed_and_its_beats_have_their_pictures_by_number(client, library: Workspace):
    film = library.film(FilmRequest(notes="# One\n\nWater.\n\n# Two\n\nOil.", voice="none"))
    part = client.get(f"/films/{film.id}/film.mp4", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert client.get(f"/films/{'0' * 12}/film.mp4").status_code == 404
    for number, beat in enumerate(film.beats):
        answer = client.get(f"/films/{film.id}/{number}.jpg")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content == (film.folder / beat.still).read_bytes()
    assert client.get(f"/films/{film.id}/{len(film.beats)}.jpg").status_code == 404
    for stranger in ("0" * 12, "..", "%2e%2e"):
        assert client.get(f"/films/{stranger}/0.jpg").status_code == 404


def test_a_strip_tells_where_its_pictures_are_and_what_they_show(client, talk: Asset):
    told = client.get(f"/files/{talk.id}/strip.json").json()
    assert told["picture"] == f"/files/{talk.id}/strip.jpg"
    assert told["cell"] == [160, 90]
    assert len(told["moments"]) == 8
    sheet = client.get(told["picture"])
    assert sheet.headers["content-type"] == "image/jpeg"
    assert sheet.content[:2] == b"\xff\xd8"


def test_sound_is_drawn_where_there_is_some_and_nothing_where_there_is_none(
    client, talk: Asset, library: Workspace
):
    told = client.get(f"/files/{talk.id}/sound.json").json()
    assert told["step"] * len(told["peaks"]) == pytest.approx(8, abs=0.1)
    assert len(told["loudness"]) == len(told["peaks"])
    picture = library.asset("nameplate *bold* [x].jpg")
    for name in ("strip.json", "sound.json"):
        answer = client.get(f"/files/{picture.id}/{name}")
        assert (answer.status_code, answer.json()) == (200, {})
    assert client.get("/files/0123456789abcdef/strip.json").status_code == 404


def test_captions_are_webvtt_and_never_missing(client, talk: Asset, library: Workspace):
    captions = client.get(f"/files/{talk.id}/captions.vtt")
    assert captions.text.startswith("WEBVTT")
    assert "A dry start ruins the" in captions.text
    silent = library.asset("handover.mp3")
    assert client.get(f"/files/{silent.id}/captions.vtt").text.startswith("WEBVTT")


@pytest.mark.parametrize(
    "path",
    [
        "/files/0123456789abcdef/media",
        "/files/..%2f..%2fetc%2fpasswd/media",
        "/files/%2e%2e/media",
        "/files/not-an-id/captions.vtt",
        "/reports/..%2f..%2fapp.db",
        "/reports/nothing",
    ],
)
def test_what_is_not_in_the_library_is_not_found(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text


@pytest.mark.parametrize("query", ["w=9999", "w=-1", "w=a", "t=soon", "t=-4"])
def test_a_poster_refuses_sizes_and_moments_that_make_no_sense(client, talk: Asset, query):
    assert client.get(f"/files/{talk.id}/poster?{query}").status_code == 400


def test_a_file_that_was_moved_away_is_not_found(client, library: Workspace, tmp_path: Path):
    source = library.asset("handover.mp3").path
    copy = tmp_path / "copy.mp3"
    copy.write_bytes(source.read_bytes() + b"\0" * 64)
    asset = library.import_media([copy]).added[0]
    copy.unlink()
    answer = client.get(f"/files/{asset.id}/media")
    assert answer.status_code == 404
    assert "copy.mp3" in answer.text


def test_another_host_name_is_refused(client, talk: Asset):
    answer = client.get(f"/files/{talk.id}/media", headers={"Host": "evil.example"})
    assert answer.status_code == 400


def test_a_report_is_sealed_off_from_the_app_and_the_network(
    client, library: Workspace, tmp_path: Path
):
    html, ipynb = tmp_path / "r.html", tmp_path / "r.ipynb"
    html.write_text("<h1>Report</h1>")
    ipynb.write_text("{}")
    library.store.add_report(
        ReportRecord("r1", "video_report", "Report", datetime.now(UTC), html, ipynb)
    )
    page = client.get("/reports/r1")
    assert page.text == "<h1>Report</h1>"
    assert page.headers["content-security-policy"].startswith("sandbox ")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "content-disposition" not in page.headers
    download = client.get("/reports/r1?download")
    assert download.headers["content-disposition"] == 'attachment; filename="r1.html"'
    notebook = client.get("/reports/r1?form=notebook")
    assert notebook.headers["content-disposition"] == 'attachment; filename="r1.ipynb"'

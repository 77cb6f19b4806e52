"""Films in S3: private, with a link that ends, sent once; refused, a film stays where it is."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image as Pillow

from tests.support.moto_s3 import S3Server
from workbench import Settings, Workspace
from workbench.errors import NoCredentials, NotInLibrary, SettingsError, StagingError
from workbench.explain.films.making import Film
from workbench.explain.films.publishing import FILES
from workbench.explain.request import FilmRequest
from workbench.explain.storyboards.storyboard import (
    Beat,
    Source,
    Storyboard,
    read_storyboard,
    write_storyboard,
)
from workbench.explain.storyboards.visuals import Image, Quote

NOTES = "# Pümpen und 泵\n\nThey move water.\n"
Open = Callable[..., Workspace]


@pytest.fixture
def opened(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A function that opens the workspace with a folder in the bucket, and other settings."""
    monkeypatch.chdir(tmp_path)
    spaces: list[Workspace] = []

    def open_(**settings: object) -> Workspace:
        values = {"data_dir": tmp_path / "data", "publish_uri": f"s3://{s3.bucket}/films"}
        spaces.append(Workspace.open(Settings.model_validate({**values, **settings})))
        return spaces[-1]

    yield open_
    for each in spaces:
        each.close()


def made(workspace: Workspace, **more: object) -> Film:
    return workspace.film(FilmRequest.model_validate({"notes": NOTES, "voice": "none", **more}))


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def test_a_published_film_is_opened_by_its_link_and_private_without(opened: Open, s3) -> None:
    workspace = opened(publish_url_hours=3)
    film = made(workspace)
    before = datetime.now(UTC)
    published = workspace.publish_film(film.id)
    assert published.uri == f"s3://{s3.bucket}/films/{film.id}/film.mp4"
    assert fetched(published.url) == film.path.read_bytes()
    assert published.expires_at is not None
    assert abs(published.expires_at - before - timedelta(hours=3)) < timedelta(minutes=1)
    assert "X-Amz-Expires=10800" in published.url
    objects = s3.objects()
    assert {key: kept.content_type for key, kept in objects.items()} == {
        f"films/{film.id}/{name}": kind for name, kind in FILES.items()
    }
    # The title is in the sidecar: an object's own metadata is ASCII.
    for kept in objects.values():
        assert kept.is_private
        assert set(kept.metadata) == {"x-amz-meta-film-id", "x-amz-meta-sha256"}
    told = json.loads(objects[f"films/{film.id}/provenance.json"].data)
    assert (told["title"], told["origin"]) == ("Pümpen und 泵", "notes")
    kept = workspace.find_film(film.id)
    assert kept.published_uri == published.uri
    # A link names the credentials it was signed with.
    assert "X-Amz" not in (kept.folder / "film.json").read_text()
    assert fetched(workspace.film_link(film.id).url) == film.path.read_bytes()


def test_a_film_is_sent_once_and_a_changed_file_again(opened: Open, s3) -> None:
    workspace = opened()
    film = made(workspace)
    assert workspace.publish_film(film.id).sent == len(FILES)
    assert workspace.publish_film(film.id).sent == 0
    s3.write(f"films/{film.id}/film.mp4", b"something else", "video/mp4")
    assert workspace.publish_film(film.id).sent == 1
    assert s3.objects()[f"films/{film.id}/film.mp4"].data == film.path.read_bytes()


def test_no_folder_of_this_machine_is_published(opened: Open, s3, tmp_path: Path) -> None:
    Pillow.new("RGB", (64, 36), "teal").save(tmp_path / "plate.png")
    beats = (
        Beat("Plate", Image(str(tmp_path / "plate.png")), "Look.", (Source("a1", "talk.mp4", 1),)),
        Beat("Words", Quote("x")),
    )
    workspace = opened()
    film = made(workspace, notes="", storyboard=write_storyboard(Storyboard("Plates", beats)))
    workspace.publish_film(film.id)
    for key, kept in s3.objects().items():
        assert str(tmp_path).encode() not in kept.data, key
    sent = read_storyboard(s3.objects()[f"films/{film.id}/storyboard.json"].data, folder=tmp_path)
    assert sent.beats[0].show == beats[0].show
    told = json.loads(s3.objects()[f"films/{film.id}/provenance.json"].data)
    assert told["sources"] == [
        {"beat": 1, "asset_id": "a1", "name": "talk.mp4", "start_s": 1.0, "end_s": None}
    ]


def test_a_film_is_made_and_published_in_one_go(opened: Open) -> None:
    workspace = opened()
    film = made(workspace, publish=True)
    assert film.published_uri
    assert fetched(workspace.film_link(film.id).url) == film.path.read_bytes()


def test_a_plain_link_is_given_only_when_it_is_set_and_no_object_gets_an_acl(
    opened: Open, s3
) -> None:
    workspace = opened(publish_public=True)
    film = made(workspace)
    published = workspace.publish_film(film.id)
    assert published.expires_at is None
    assert "?" not in published.url
    assert published.url.endswith(f"/films/{film.id}/film.mp4")
    assert "bucket's own policy" in published.note
    assert all(kept.is_private for kept in s3.objects().values())


def test_a_film_that_s3_refuses_stays_and_says_which_policy_line_is_missing(
    opened: Open, s3, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3.allowing("s3:GetObject") as user:
        for name, value in user.items():
            monkeypatch.setenv(name, value)
        workspace = opened()
        film = made(workspace, publish=True)
        assert film.path.is_file()
        assert not film.published_uri
        (note,) = film.notes
        assert note.startswith("Not published: ")
        assert f"allow s3:PutObject on arn:aws:s3:::{s3.bucket}/films/{film.id}/*" in note
        with pytest.raises(StagingError) as caught:
            workspace.publish_film(film.id)
        assert "s3:PutObject" in caught.value.hint
    for name in user:
        monkeypatch.setenv(name, "test")
    again = made(opened(), publish=True)
    assert (again.notes, again.id) == ((), film.id)
    assert again.published_uri


def test_a_bucket_that_is_not_there_is_named_with_its_setting(opened: Open) -> None:
    film = made(opened(publish_uri="s3://nobody-has-this/films"), publish=True)
    assert "WORKBENCH_PUBLISH_URI" in film.notes[0]


def test_without_a_folder_nothing_is_made_to_be_published(opened: Open) -> None:
    workspace = opened(publish_uri="")
    with pytest.raises(SettingsError) as caught:
        made(workspace, publish=True)
    assert "WORKBENCH_PUBLISH_URI" in caught.value.hint
    assert workspace.films() == []
    film = made(workspace)
    with pytest.raises(SettingsError):
        workspace.publish_film(film.id)
    with pytest.raises(NotInLibrary):
        workspace.publish_film("0" * 12)


def test_without_credentials_a_film_stays_here(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    workspace = opened()
    film = made(workspace)
    with pytest.raises(NoCredentials):
        workspace.publish_film(film.id)
    assert workspace.find_film(film.id).path.is_file()

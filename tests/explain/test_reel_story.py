"""Films of moments: nothing is shown twice, the best comes first, and every piece says its source."""

from pathlib import Path

import pytest
from PIL import Image as Pillow

from workbench.errors import RequestError
from workbench.explain.storyboards.reel import FoundMoment, pieces_of, storyboard_of_moments
from workbench.explain.storyboards.visuals import Clip, Closing, Image, Quote
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan


@pytest.fixture
def talk(tmp_path: Path) -> Asset:
    """A film of two minutes; its file is there."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"a film")
    return Asset("a" * 16, path, "video", "mp4", 6, 640, 360, 120.0)


@pytest.fixture
def photo(tmp_path: Path) -> Asset:
    path = tmp_path / "plate.jpg"
    Pillow.new("RGB", (32, 24)).save(path)
    return Asset("b" * 16, path, "image", "jpeg", 6, 32, 24)


def at(asset: Asset, start_s: float, end_s: float, text: str, **more: bool) -> FoundMoment:
    return FoundMoment(asset, TimeSpan(start_s, end_s), text, **more)


def test_pieces_have_room_around_their_moment_inside_of_the_file(talk: Asset) -> None:
    found = [
        at(talk, 60, 62, "short"), at(talk, 0, 1, "first"), at(talk, 119, 120, "last"),
        at(talk, 20, 55, "long"),
    ]  # fmt: skip
    spans = [(piece.span.start_s, piece.span.end_s) for piece in pieces_of(found, 12)]
    assert spans == [(59, 65), (0, 6), (114, 120), (19, 39)]


def test_moments_that_overlap_become_one_piece_and_nothing_is_shown_twice(talk: Asset) -> None:
    found = [at(talk, 60 + n, 64 + n, f"words {n}") for n in range(0, 40, 4)]
    pieces = pieces_of(found, 12)
    for one in pieces:
        assert one.span.duration_s <= 20
        assert not any(one.span.overlap_s(two.span) for two in pieces if two is not one)
    assert pieces[0].span.start_s == 59
    assert pieces[0].texts[:3] == ("words 0", "words 4", "words 8")


def test_a_film_of_moments_names_its_sources_and_is_as_long_as_asked(
    talk: Asset, photo: Asset
) -> None:
    found = [at(talk, 10 * n, 10 * n + 3, f"seal number {n}") for n in range(8)]
    found.insert(1, at(photo, 0, 0, "SEAL 9"))
    story = storyboard_of_moments("seal", found, length="short")
    assert (story.origin, story.notes) == ("search", ())
    first, clip, image, other, last = story.beats
    assert first.heading == "“seal”"
    assert isinstance(clip.show, Clip)
    assert (clip.show.sound, clip.show.caption, clip.heading) == (
        True,
        "seal number 0",
        "talk.mp4, 0:00",
    )
    assert (clip.sources[0].asset_id, clip.sources[0].end_s) == (talk.id, 6)
    assert isinstance(image.show, Image)
    assert image.sources[0].start_s is None
    assert isinstance(other.show, Clip)
    assert isinstance(last.show, Closing)
    assert last.show.items == ("talk.mp4, 0:00 to 0:06", "plate.jpg", "talk.mp4, 0:09 to 0:15")
    assert len(storyboard_of_moments("seal", found, length="long").beats) == 2 + 9


def test_what_only_resembles_is_shown_where_there_is_nothing_else_and_the_film_says_so(
    talk: Asset,
) -> None:
    weak = at(talk, 50, 53, "a joint", is_weak=True)
    assert len(storyboard_of_moments("seal", [at(talk, 0, 3, "seal"), weak]).beats) == 3
    (note,) = storyboard_of_moments("seal", [weak]).notes
    assert "only resemble" in note


def test_a_file_that_is_missing_is_a_card_that_says_so(talk: Asset) -> None:
    talk.path.unlink()
    show = storyboard_of_moments("seal", [at(talk, 0, 3, "The seal leaks.")]).beats[1].show
    assert show == Quote("The seal leaks.", "talk.mp4 is no longer where it was imported from")


def test_nothing_found_is_an_error_with_a_hint() -> None:
    with pytest.raises(RequestError, match="nothing in the library fits") as raised:
        storyboard_of_moments("qqzzx", [])
    assert "other words" in raised.value.hint

"""`workbench explain --search`: a film of the best moments of a library, as they sound."""

from pathlib import Path

import av

from workbench.explain.request import FilmRequest
from workbench.workspace import Workspace


def test_moments_that_are_found_become_a_film_with_their_own_sound(run, analysed: Path) -> None:
    done = run(
        "explain", "--search", "mechanical seal", "--length", "short", "--voice", "none", "--json"
    )
    assert done.code == 0
    film = done.json
    assert film["origin"] == "search"
    first, *pieces, last = film["beats"]
    assert (first["heading"], last["heading"]) == ("“mechanical seal”", "Sources")
    assert {piece["heading"] for piece in pieces} == {"talk.mp4, 0:00", "tone.mp3, 0:00"}
    assert len(film["asset_ids"]) == 2
    with av.open(str(Path(film["folder"]) / "film.mp4")) as opened:
        assert [stream.type for stream in opened.streams][:2] == ["video", "audio"]
    with Workspace.open() as workspace:
        again = workspace.film(FilmRequest(search="mechanical seal", length="short", voice="none"))
    assert again.id == film["id"]


def test_a_search_that_finds_nothing_makes_no_film_and_says_what_to_do(run, analysed: Path) -> None:
    done = run("explain", "--search", "qqzzx xyqqw", "--voice", "none")
    assert done.code != 0
    assert "nothing in the library fits" in done.problem
    assert "hint:" in done.err
    assert run("explain", "--list", "--json").json == []


def test_only_the_kinds_that_are_asked_for_are_shown(run, analysed: Path) -> None:
    words = ("explain", "--search", "mechanical seal", "--how", "words", "--storyboard-only")
    every = run(*words, "--json").json["beats"]
    chapters = run(*words, "--kind", "chapter", "--json").json["beats"]
    assert chapters != every
    astray = run("explain", "--example", "pythagoras", "--kind", "chapter")
    assert "kinds of moment go with a search" in astray.problem


def test_an_empty_search_is_refused(run) -> None:
    assert "name an analysis, a search" in run("explain", "--search", " ").problem

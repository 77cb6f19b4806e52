"""Requests for a film like another one: the same voice and drawing, with one thing changed."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.explain.storyboards.storyboard import Storyboard, write_storyboard
from workbench.ui.explain.price import film_request

if TYPE_CHECKING:
    from workbench.explain.films.making import Film
    from workbench.explain.request import FilmRequest


def request_again(film: "Film", story: str) -> "FilmRequest":
    """A film of a changed storyboard, with the voice of the first, drawn as it was.

    Raises:
        RequestError: A field is out of range.
    """
    voice = film.voice if film.voice_engine or film.voice == "none" else "local"
    return film_request(
        {
            "storyboard": story,
            "voice": voice,
            "voice_engine": film.voice_engine,
            "renderer": film.renderer.partition(" ")[0],
        }
    )


def shown(story: Storyboard, number: int) -> dict[str, object]:
    """What a beat shows, as JSON has it."""
    found: dict[str, object] = json.loads(write_storyboard(story))["beats"][number]["show"]
    return found


def changed_beat(
    story: Storyboard, number: int, show: Mapping[str, object], **words: object
) -> str:
    """The storyboard as JSON with one beat changed.

    Args:
        story: As it is.
        number: Index of the beat.
        show: What it shows now.
        **words: `heading` and `say`, where they change.
    """
    whole = json.loads(write_storyboard(story))
    whole["beats"][number] |= {**words, "show": show}
    return json.dumps(whole, ensure_ascii=False)

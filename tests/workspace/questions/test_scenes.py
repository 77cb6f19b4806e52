"""Scenes of a film are refused without Manim, priced with repairs, and put right by paid calls."""

from typing import Any

import pytest

from tests.support.questions import QUESTION, billed, paid, scripted
from workbench.errors import NotInstalled
from workbench.explain.animation.availability import INSTALL, manim_version

SCENE = """from manim import *


class Ring(Scene):
    def construct(self):
        ring = Cirle(radius=2)
        self.play(Create(ring))
"""


def with_scenes(told: dict[str, Any]) -> dict[str, Any]:
    """The little model's script, whose third beat and three more are scenes with a slip in them."""
    scene = {"kind": "scene", "heading": "A ring", "say": "This is a ring.", "code": SCENE}
    return told | {"beats": [*told["beats"][:2], scene, *told["beats"][3:], scene, scene]}


SCENES = QUESTION.model_copy(update={"scenes": True})


def test_scenes_without_manim_are_refused_before_they_are_paid(workspace, server, monkeypatch):
    monkeypatch.setattr("workbench.explain.animation.availability.is_available", bool)
    with pytest.raises(NotInstalled) as caught:
        workspace.film(SCENES)
    assert "explainer" in caught.value.hint
    assert server.received == 0


def test_the_price_of_scenes_has_room_for_all_their_repairs(workspace):
    lines = workspace.film_price(SCENES).lines
    assert lines[-1].stage == "rendering_video"
    assert lines[-1].low_usd == lines[-1].expected_usd == 0
    assert lines[-1].high_usd > 0
    assert workspace.film_price(QUESTION).lines[-1].stage == "validating_script"


@pytest.mark.slow
@pytest.mark.skipif(not manim_version(), reason=f"no Manim here: {INSTALL}")
def test_a_scene_with_a_slip_is_put_right_by_a_paid_call_and_rendered(workspace, server):
    server.answer = scripted(with_scenes)
    price = workspace.film_price(SCENES)
    film = workspace.film(SCENES)
    assert all(scene.is_made for scene in film.scenes)
    assert [scene.repairs for scene in film.scenes] == [1, 1]
    assert sum("a scene too many" in note for note in film.notes) == 1
    assert paid(workspace)[:2] == billed(server)
    assert price.low_usd <= paid(workspace)[2] <= price.high_usd

"""Beats of every kind on a clock, and one process of Manim's to lay scenes out."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pytest
from PIL import Image as Pillow

from tests.explain.test_storyboard import EVERYTHING
from workbench.explain.animation.availability import INSTALL, is_available
from workbench.explain.animation.compiling import compile_storyboard
from workbench.explain.animation.drawing import Performer, compiled
from workbench.explain.narration import SILENT, TimedBeat, narrate
from workbench.explain.storyboards.storyboard import Beat, Source, Storyboard
from workbench.explain.storyboards.visuals import Clip, Image
from workbench.media.ffmpeg import run_ffmpeg

needs_manim = pytest.mark.skipif(not is_available(), reason=f"no Manim here: {INSTALL}")

Timed = Callable[[Storyboard], tuple[TimedBeat, ...]]


@pytest.fixture(scope="session")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Timed:
    """Lays a storyboard on the clock of a reader."""
    folder = tmp_path_factory.mktemp("unspoken")
    return lambda story: narrate(story, SILENT, folder)


@pytest.fixture(scope="session")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Storyboard:
    """A storyboard with a beat of each of the eleven kinds."""
    folder = tmp_path_factory.mktemp("pictures")
    Pillow.radial_gradient("L").resize((320, 180)).save(folder / "still.png")
    run_ffmpeg([
        "-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=1", "-pix_fmt", "yuv420p",
        folder / "film.mp4",
    ])  # fmt: skip
    shows = (
        *EVERYTHING,
        Image(str(folder / "still.png"), "a caption", (0.2, 0.2, 0.6, 0.6)),
        Clip(str(folder / "film.mp4"), 0, 0.8, "a caption"),
    )
    source = (Source("a" * 16, "talk.mp4", 61.0, 90.0),)
    beats = tuple(Beat(f"A beat of {show.kind}", show, "Two words.", source) for show in shows)
    return Storyboard("Every kind", beats)


Laid = dict[str, tuple[list[tuple[str, tuple[float, float, float, float]]], int]]
"""Name of a scene → words and formulas with their boxes, and frames of it."""


@pytest.fixture(scope="session")
def lay_out(timed: Timed) -> Callable[[Sequence[Storyboard]], Laid]:
    """Lays scenes out by Manim and draws none of their frames."""

    def laid(stories: Sequence[Storyboard]) -> Laid:
        found: Laid = {}
        for number, story in enumerate(stories):
            beats = timed(story)
            with ExitStack() as stack:
                path = stack.enter_context(compiled(compile_storyboard(story, beats)))
                performer = Performer(path)
                stack.callback(performer.close)
                for beat in beats:
                    name = f"Beat{beat.index + 1:02}{beat.beat.show.kind.capitalize()}"
                    answer = performer.ask({"scene": name}, 60)
                    assert answer["problem"] == "", (name, answer["problem"])
                    placed = [(text, tuple(box)) for text, box in answer["placed"]]
                    found[f"{number} {name}"] = (placed, answer["frames"] - beat.frames)
        return found

    return laid

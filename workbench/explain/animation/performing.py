"""A process of its own that draws scenes: asked in lines of JSON, it answers in lines of JSON.

    python -m workbench.explain.animation.performing scene.py [letters.ttf]

Asked `{"scene": "Beat01Title", "frames": 120, "target": "…/beat.mp4"}`, it draws the scene into the
file, with just that many frames, and answers `{"scene": "Beat01Title", "problem": ""}`. Without a
target nothing is drawn, and the answer holds the words of the scene and the boxes they fill. It
ends when there is nothing more to read.
"""

import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.explain.animation.letters import use_font
from workbench.explain.cards.look import HEIGHT_PX, WIDTH_PX
from workbench.explain.films.film import beat_file
from workbench.explain.narration import FRAME_RATE

READY = {"ready": True}


def set_up(folder: Path) -> None:
    """Set Manim to the film's size and pace, whatever the settings of this machine are."""
    from manim import config

    config.update(
        {
            "pixel_width": WIDTH_PX,
            "pixel_height": HEIGHT_PX,
            "frame_rate": FRAME_RATE,
            "frame_height": 8.0,
            "frame_width": 8.0 * WIDTH_PX / HEIGHT_PX,
            "media_dir": str(folder),
            "disable_caching": True,
            "dry_run": True,
            "progress_bar": "none",
            "verbosity": "ERROR",
            "background_opacity": 1.0,
        }
    )


def scenes_of(path: Path) -> dict[str, Any]:
    """The classes of a compiled file, by name."""
    spec = importlib.util.spec_from_file_location("compiled_scenes", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no source of scenes")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def perform(scene_class: Any, frames: int, target: Path) -> None:
    """Draw a scene into a file, with just so many frames."""
    with beat_file(target) as add:
        left, last = frames, None

        def show(pixels: Any, num_frames: int = 1) -> None:
            nonlocal left, last
            if (count := min(num_frames, left)) > 0:
                add(pixels, count)
                left, last = left - count, pixels

        _construct(scene_class, show)
        if left and last is not None:
            add(last, left)
        elif left:
            raise ValueError("the scene showed nothing")


def measured(scene_class: Any) -> Any:
    """The stage of a scene that was laid out and not drawn."""
    return _construct(scene_class, None).stage


def _construct(scene_class: Any, show: Callable[..., None] | None) -> Any:
    from manim.renderer.cairo_renderer import CairoRenderer

    renderer: Any = CairoRenderer(skip_animations=show is None)
    scene: Any = scene_class(renderer=renderer)
    if show is None:
        renderer.hold_moving = lambda _: None
    else:
        renderer.add_frame = show
        renderer.freeze_current_frame = lambda duration: _freeze(scene, duration, show)
        renderer.hold_moving = lambda count: _hold_moving(scene, count, show)
    scene.construct()
    return scene


def _freeze(scene: Any, duration: float, show: Callable[..., None]) -> None:
    show(_drawn(scene), int(duration * FRAME_RATE))


def _hold_moving(scene: Any, count: int, show: Callable[..., None]) -> None:
    """Frames in which only a picture moves: the rest is drawn once."""
    base = _drawn(scene)
    for _ in range(count):
        show(scene.stage.moved(base))


def _drawn(scene: Any) -> Any:
    # Manim would draw everything a second time over itself, and edges would grow darker.
    scene.renderer.static_image = None
    scene.renderer.update_frame(scene)
    return scene.renderer.get_frame()


def answered(order: dict[str, Any], scenes: dict[str, Any]) -> dict[str, Any]:
    """Do what an order says."""
    name = order["scene"]
    try:
        if "target" in order:
            perform(scenes[name], order["frames"], Path(order["target"]))
            return {"scene": name, "problem": ""}
        stage = measured(scenes[name])
    except Exception as error:  # noqa: BLE001 - the film goes on with the card of this beat
        first = next(iter(str(error).strip().splitlines()), "")
        return {"scene": name, "problem": f"{type(error).__name__}: {first}".rstrip(": ")}
    return {"scene": name, "problem": "", "placed": stage.placed, "frames": stage.frame}


def main() -> None:
    """Answer until there is nothing more to read."""
    # What Manim prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # A process that is stopped leaves no half file.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def say(words: dict[str, Any]) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    path = Path(sys.argv[1])
    for font in sys.argv[2:]:
        use_font(Path(font))
    # Manim names the drawing of a line by its words, and takes it away when it has read it: two
    # processes with the same words would take it from each other.
    set_up(path.parent / f"media-{os.getpid()}")
    scenes = scenes_of(path)
    say(READY)
    for line in sys.stdin:
        say(answered(json.loads(line), scenes))


if __name__ == "__main__":
    main()

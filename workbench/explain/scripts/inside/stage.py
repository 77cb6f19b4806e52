"""Run one scene: look at it without frames, or render it. A program for inside of the sandbox.

It is copied there with the script, imports nothing of the workbench, and answers in a file. What
it answers was written next to a stranger's script: whoever reads it takes it for what it is.

    python stage.py order.json
"""

import json
import shutil
import sys
import traceback
import types
from pathlib import Path
from typing import Any

SCRIPT = "script.py"
ANSWER = "answer.json"
PICTURES = "scene.mp4"
PROGRESS = "plays.txt"


class TooLongError(Exception):
    """The scene plays longer than a scene may."""


def main(order_path: str) -> None:
    """Do what the order says; the answer is written whatever happens."""
    order = json.loads(Path(order_path).read_text(encoding="utf-8"))
    answer: dict[str, Any] = {"plays": 0, "duration_s": 0.0, "findings": [], "error": None}
    try:
        if order["route"] == "typst":
            import typst_tex  # type: ignore[import-not-found, unused-ignore]

            typst_tex.install()
        run(order, answer)
    except Exception as error:  # noqa: BLE001 - it is answered, whatever it is
        answer["error"] = described(error)
    Path(ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def run(order: dict[str, Any], answer: dict[str, Any]) -> None:
    """Play the scene."""
    import manim

    is_look = order["do"] == "look"
    settings = {
        "pixel_width": order["width_px"],
        "pixel_height": order["height_px"],
        "frame_rate": order["frame_rate"],
        "background_color": order["background"],
        "media_dir": "media",
        "output_file": "scene",
        "disable_caching": True,
        "progress_bar": "none",
        "verbosity": "ERROR",
        "preview": False,
        "write_to_movie": not is_look,
        "dry_run": is_look,
    }
    with manim.tempconfig(settings):
        scene_class = loaded()[order["scene"]]
        layout = None
        if is_look:
            layout = watched(manim.Scene, order, answer)
        else:
            counted(manim.Scene, order)
        scene = scene_class(skip_animations=True) if is_look else scene_class()
        if is_look:
            # Nothing is drawn: only what stands where, and for how long.
            scene.renderer.camera.capture_mobjects = lambda *_, **__: None
        scene.render()
        answer["plays"] = scene.renderer.num_plays
        answer["duration_s"] = float(scene.renderer.time)
        if layout is not None:
            answer["findings"] = layout.found
        elif scene.renderer.num_plays:
            shutil.copyfile(scene.renderer.file_writer.movie_file_path, PICTURES)


def loaded() -> dict[str, Any]:
    """The script's names."""
    module = types.ModuleType("script")
    module.__file__ = SCRIPT
    sys.modules["script"] = module
    exec(compile(Path(SCRIPT).read_text(encoding="utf-8"), SCRIPT, "exec"), vars(module))  # noqa: S102 - this is what the sandbox is for
    return vars(module)


def watched(scene_kind: Any, order: dict[str, Any], answer: dict[str, Any]) -> Any:
    """Look at the scene after each play."""
    from layout import Layout  # type: ignore[import-not-found, unused-ignore]

    layout = Layout()
    play = scene_kind.play

    def played(scene: Any, *args: Any, **kwargs: Any) -> Any:
        line = line_of_script()
        done = play(scene, *args, **kwargs)
        answer["plays"], answer["duration_s"] = scene.renderer.num_plays, float(scene.renderer.time)
        layout.look(scene, line)
        limited(scene, order)
        return done

    scene_kind.play = played
    return layout


def counted(scene_kind: Any, order: dict[str, Any]) -> None:
    """Write down after each play how many there were."""
    play = scene_kind.play

    def played(scene: Any, *args: Any, **kwargs: Any) -> Any:
        done = play(scene, *args, **kwargs)
        Path(PROGRESS).write_text(str(scene.renderer.num_plays), encoding="utf-8")
        limited(scene, order)
        return done

    scene_kind.play = played


def limited(scene: Any, order: dict[str, Any]) -> None:
    """Stop a scene that is too long for a film."""
    if scene.renderer.time > order["longest_s"]:
        raise TooLongError(f"the scene plays longer than {order['longest_s']:.0f} s")


def line_of_script() -> int:
    """The line of the script that is being run."""
    frame = sys._getframe()  # noqa: SLF001 - there is no other way to ask for it
    while frame is not None and frame.f_code.co_filename != SCRIPT:
        frame = frame.f_back  # type: ignore[assignment]
    return frame.f_lineno if frame else 0


def described(error: BaseException) -> dict[str, Any]:
    """What went wrong, and at which line of the script."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == SCRIPT
    ]
    return {
        "name": type(error).__name__,
        "message": str(error)[:600],
        "line": (lines[-1] if lines else 0) or 0,
    }


if __name__ == "__main__":
    main(sys.argv[1])

"""Scenes as beats of a film: rendered before the film is timed, and kept for the next one."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from workbench.errors import SandboxMissing
from workbench.explain.animation.availability import manim_version
from workbench.explain.cards.drawing import Card, Step, plain_card
from workbench.explain.cards.lettering import Sheet
from workbench.explain.cards.look import HEIGHT_PX, WIDTH_PX, blank, look_of
from workbench.explain.narration import FRAME_RATE
from workbench.explain.sandbox.returned import remove_folder
from workbench.explain.sandbox.running import Layer, best_layer, go_on
from workbench.explain.scripts.findings import Finding
from workbench.explain.scripts.reading.latex_words import latex_route
from workbench.explain.scripts.rendering import Repair, SceneFailed, SceneMade, render_scene
from workbench.explain.storyboards.storyboard import Beat, Storyboard
from workbench.explain.storyboards.visuals import Scene
from workbench.jsonable import from_json, to_json
from workbench.media.outputs import atomic_output
from workbench.progress import Progress, silent

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORM = 1
"""Number of the way scenes are rendered: another number renders every scene again."""

LEFT_BEHIND_S = 86_400.0
"""A work folder of yesterday belongs to a run that was killed."""

HELD_S = 0.5
"""How long the last picture of a scene stands at least."""


@dataclass(frozen=True, slots=True)
class SceneFacts:
    """What became of a scene: for the film's provenance."""

    beat: int
    """Number of the beat, from 1."""
    class_name: str
    is_made: bool
    duration_s: float
    plays: int
    layer: str
    """What kept the script in: bwrap, landlock or off."""
    manim: str
    fixes: tuple[str, ...]
    warnings: tuple[str, ...]
    repairs: int
    is_kept: bool = False
    """Was it rendered for an earlier film?"""


@dataclass(frozen=True, slots=True)
class SceneWays:
    """How the scenes of a film are rendered."""

    layer: Layer | Literal["auto"] = "auto"
    """`off` only where a person at the command line has said so."""
    repair: Repair | None = None
    check: Callable[[], None] = go_on
    """Called while a scene runs; raises to stop it."""


@dataclass(frozen=True, slots=True)
class SceneBeat:
    """A beat with its scene, rendered or not."""

    card: Card
    least_s: float
    """How long the beat is at least."""
    facts: SceneFacts
    code: str
    diff: str
    findings: tuple[Finding, ...] = field(default=())


def scene_beats(
    story: Storyboard, kept: Path, ways: SceneWays, *, progress: Progress = silent
) -> dict[int, SceneBeat]:
    """Render the scenes of a storyboard: index of the beat → its card and what became of it.

    Args:
        story: The storyboard.
        kept: Where rendered scenes and Manim's signatures are kept.
        ways: How they are rendered.
        progress: Told as it goes.

    Where nothing on this machine keeps a script in, it is not run, and its card says so.

    Raises:
        DiskFull: There is no room.
    """
    chosen = [(n, beat) for n, beat in enumerate(story.beats) if isinstance(beat.show, Scene)]
    if not chosen:
        return {}
    _sweep(kept / "scenes")
    try:
        layer = best_layer(ways.layer)
    except SandboxMissing as error:
        return {n: _refused_beat(n, beat, story.theme, error) for n, beat in chosen}
    room = _Room(story.theme, kept, layer, ways, progress)
    return {n: _scene_beat(n, beat, room) for n, beat in chosen}


def _sweep(folder: Path) -> None:
    """Take away what runs have left that were killed."""
    for left in folder.glob(".scene-*"):
        with suppress(OSError):  # another process has just done it
            if time.time() - left.stat().st_mtime > LEFT_BEHIND_S:
                remove_folder(left)


def write_scripts(folder: Path, scenes: Mapping[int, SceneBeat]) -> None:
    """Write the scripts as they were run, their diffs and what was found, beside a film."""
    for index, scene in scenes.items():
        stem = folder / "scripts" / f"beat-{index + 1:02}"
        _write(stem.with_suffix(".py"), scene.code)
        if scene.diff:
            _write(stem.with_suffix(".diff"), scene.diff)
        found = "".join(f"{finding}\n" for finding in scene.findings)
        if found:
            _write(stem.with_suffix(".txt"), found)


@dataclass(frozen=True, slots=True)
class _Room:
    """What all scenes of a film share."""

    theme: str
    kept: Path
    layer: Layer
    ways: SceneWays
    progress: Progress


def _scene_beat(index: int, beat: Beat, room: _Room) -> SceneBeat:
    show = beat.show
    assert isinstance(show, Scene)  # noqa: S101 - for the type checker
    background = "#{:02x}{:02x}{:02x}".format(*look_of("dark").paper[:3])
    parts = [
        FORM, manim_version(), latex_route(), show.code, show.class_name, WIDTH_PX, HEIGHT_PX,
        FRAME_RATE, background,
    ]  # fmt: skip
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    film, record = room.kept / "scenes" / f"{key}.mp4", room.kept / "scenes" / f"{key}.json"
    made = _kept(film, record)
    is_kept = made is not None
    if made is None:
        room.progress(0, 0, f"scene: {beat.heading or show.class_name or f'of beat {index + 1}'}")
        film.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".scene-", dir=film.parent) as folder:
            result = render_scene(
                show.code,
                Path(folder),
                layer=room.layer,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                frame_rate=FRAME_RATE,
                repair=room.ways.repair,
                progress=room.progress,
                class_name=show.class_name,
                background=background,
                kept=room.kept / "manim",
                check=room.ways.check,
            )
            if isinstance(result, SceneFailed):
                return _failed_beat(index, beat, room.theme, result)
            result.path.replace(film)
        made = replace(result, path=film)
        _write(record, to_json(made, indent=2))
    for path in (film, record):
        path.touch()  # housekeeping goes by the time of last use
    facts = SceneFacts(
        beat=index + 1,
        class_name=made.class_name,
        is_made=True,
        duration_s=made.duration_s,
        plays=made.plays,
        layer=made.layer,
        manim=manim_version(),
        fixes=tuple(str(each) for each in made.findings if each.is_fixed),
        warnings=tuple(str(each) for each in made.findings if not each.is_fixed),
        repairs=made.repairs,
        is_kept=is_kept,
    )
    least_s = made.duration_s + HELD_S
    return SceneBeat(_scene_card(made, key), least_s, facts, made.code, made.diff, made.findings)


def _kept(film: Path, record: Path) -> SceneMade | None:
    """A scene that was rendered before."""
    if not film.is_file():
        return None
    try:
        # The library may have been moved since.
        return replace(from_json(SceneMade, record.read_bytes()), path=film)
    except (OSError, ValidationError):
        return None


def _failed_beat(index: int, beat: Beat, theme: str, failed: SceneFailed) -> SceneBeat:
    facts = SceneFacts(
        beat=index + 1,
        class_name=beat.show.class_name if isinstance(beat.show, Scene) else "",
        is_made=False,
        duration_s=0.0,
        plays=0,
        layer=failed.layer,
        manim=manim_version(),
        fixes=tuple(str(each) for each in failed.findings if each.is_fixed),
        warnings=tuple(str(each) for each in failed.findings if not each.is_fixed),
        repairs=failed.repairs,
    )
    card = plain_card(beat, theme, f"the scene was not rendered: {failed.why}")
    return SceneBeat(card, 0.0, facts, failed.code, failed.diff, failed.findings)


def _refused_beat(index: int, beat: Beat, theme: str, error: SandboxMissing) -> SceneBeat:
    code = beat.show.code if isinstance(beat.show, Scene) else ""
    found = (Finding("run", 0, error.message, error.hint),)
    failed = SceneFailed(found, code, "", 0, "off", error.message)
    return _failed_beat(index, beat, theme, failed)


def _scene_card(made: SceneMade, key: str) -> Card:
    """The pictures of a scene, the last of which is held."""

    def still() -> Sheet:
        sheet = blank(look_of("dark"))
        count = max(1, round(made.duration_s * FRAME_RATE))
        picture = None
        for index, each in enumerate(_pictures(made.path)):
            picture = each
            if index >= 0.8 * count:
                break
        if picture is not None:
            sheet.canvas.paste(picture, (0, 0), picture.size)
        return sheet

    def moving(_: float, count: int) -> "Iterator[Picture]":
        last = None
        shown = 0
        for picture in _pictures(made.path):
            if shown == count:
                return
            last = picture
            shown += 1
            yield picture
        while last is not None and shown < count:
            shown += 1
            yield last

    return Card((Step(still),), moving=moving, made_of=key)


def _pictures(path: Path) -> "Iterator[Picture]":
    import av
    from PIL import Image

    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            yield Image.fromarray(frame.to_ndarray(format="rgb24"))


def _write(path: Path, text: str) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

"""A scene from its text to a film of its own: checks, a run without frames, a small render, the real one.

What fails is said in findings. Where somebody can repair it (a model), it is asked at most three
times, with the findings and their lines, never with a raw traceback.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.errors import BackendError, BudgetReached, MediaDamaged
from workbench.explain.animation.availability import INSTALL, is_available
from workbench.explain.sandbox.running import Layer, Limits, go_on
from workbench.explain.scripts.check import check_script
from workbench.explain.scripts.findings import Finding
from workbench.explain.scripts.probing import Probed, probe_scene
from workbench.explain.scripts.reading.fixes import diff_of
from workbench.explain.scripts.reading.latex_words import latex_route
from workbench.explain.scripts.runs import Order, run_order
from workbench.progress import Progress, silent

MOST_REPAIRS = 3

SMALL_PX = (854, 480)
SMALL_RATE = 15
"""The render that is looked at first."""

LOOK_CPU_S = 60
LOOK_WALL_S = 90
"""Most for the run without frames: a scene of a minute takes 16 s."""

BACKGROUND = "#000000"

Repair = Callable[[str, Sequence[Finding]], str]
"""Given a script and what is wrong with it, another script."""


@dataclass(frozen=True, slots=True)
class SceneMade:
    """A scene that was rendered."""

    path: Path
    """H.264 without sound."""
    duration_s: float
    plays: int
    class_name: str
    code: str
    """The script as it was run."""
    diff: str
    """From the script as it was given to the one that was run."""
    findings: tuple[Finding, ...]
    """Fixes and warnings; none of them is open."""
    repairs: int
    layer: Layer


@dataclass(frozen=True, slots=True)
class SceneFailed:
    """A scene that could not be rendered."""

    findings: tuple[Finding, ...]
    code: str
    """The last script that was tried."""
    diff: str
    repairs: int
    layer: Layer
    why: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    folder: Path
    order: Order
    layer: Layer
    limits: Limits
    kept: Path | None
    check: Callable[[], None]
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Tried:
    code: str
    """With the fixes of the table."""
    findings: tuple[Finding, ...]
    made: SceneMade | None = None


def render_scene(
    code: str,
    folder: Path,
    *,
    layer: Layer,
    width_px: int = 1280,
    height_px: int = 720,
    frame_rate: int = 30,
    repair: Repair | None = None,
    progress: Progress = silent,
    class_name: str = "",
    background: str = BACKGROUND,
    limits: Limits | None = None,
    kept: Path | None = None,
    check: Callable[[], None] = go_on,
) -> SceneMade | SceneFailed:
    """Render a Manim scene that somebody wrote.

    Args:
        code: The script.
        folder: Where `scene.mp4` goes.
        layer: What keeps the script in.
        width_px: Of the film.
        height_px: Of the film.
        frame_rate: Frames a second.
        repair: Asked for another script when one fails, at most three times; None to give up.
        progress: Told of the plays that are rendered.
        class_name: The scene to render, if the script has several.
        background: Colour behind everything, as `#rrggbb`.
        limits: What each run may use; the run without frames gets less.
        kept: Folder of Manim's signatures.
        check: Called while a scene runs; raises to stop it.

    Raises:
        DiskFull: There is no room.
        ToolError: Manim is there and cannot be imported.
    """
    if not is_available():
        missing = Finding("run", 0, "Manim is not installed", INSTALL)
        return _failed(_Tried(code, (missing,)), code, 0, layer)
    order = Order("look", class_name, width_px, height_px, frame_rate, background, latex_route())
    wanted = _Wanted(folder, order, layer, limits or Limits(), kept, check, progress)
    current = code
    for repairs in range(MOST_REPAIRS + 1):
        tried = _tried(current, wanted)
        if tried.made is not None:
            return replace(tried.made, repairs=repairs, diff=diff_of(code, tried.code))
        failed = _failed(tried, code, repairs, layer)
        if repair is None or repairs == MOST_REPAIRS:
            break
        progress(0, 0, f"has the scene repaired ({repairs + 1} of {MOST_REPAIRS})")
        try:
            current = repair(tried.code, [each for each in tried.findings if each.is_open])
        except (BackendError, BudgetReached) as error:
            return replace(failed, why=f"{failed.why}; it was not repaired: {error.message}")
        if current.strip() == tried.code.strip():
            return replace(failed, repairs=repairs + 1, why=f"{failed.why}; nothing was repaired")
    return failed


def _failed(tried: _Tried, code: str, repairs: int, layer: Layer) -> SceneFailed:
    wrong = [each for each in tried.findings if each.is_open]
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    diff = diff_of(code, tried.code)
    return SceneFailed(tried.findings, tried.code, diff, repairs, layer, f"{wrong[0]}{more}")


def _tried(code: str, wanted: _Wanted) -> _Tried:
    """One script, up the whole ladder."""
    name, route = wanted.order.scene, wanted.order.route
    wanted.progress(0, 0, "checks the scene")
    checked = check_script(code, name, kept=wanted.kept, route=route)
    text = checked.fixed_code
    if not checked.is_ready:
        # Lines are told as they are in the script with the fixes: that one is repaired.
        again = check_script(text, name, kept=wanted.kept, route=route)
        return _Tried(text, again.findings if not again.is_ready else checked.findings)
    wanted.progress(0, 0, "looks at the scene's layout")
    order = replace(wanted.order, scene=checked.class_name)
    limits = replace(
        wanted.limits,
        cpu_s=min(wanted.limits.cpu_s, LOOK_CPU_S),
        wall_s=min(wanted.limits.wall_s, LOOK_WALL_S),
    )
    look = run_order(
        text, order, wanted.folder, layer=wanted.layer, limits=limits, check=wanted.check
    )
    findings = (*checked.findings, *look.findings)
    if look.answer is None or not look.is_good:
        return _Tried(text, findings)
    plays, planned_s = look.answer.plays, look.answer.duration_s
    small = replace(order, width_px=SMALL_PX[0], height_px=SMALL_PX[1], frame_rate=SMALL_RATE)
    steps = [("small render", small)] if order.height_px > small.height_px else []
    duration_s = 0.0
    for stage, step in (*steps, ("render", order)):
        probed, wrong = _rendered(text, step, wanted, stage, (plays, planned_s))
        findings = (*findings, *wrong)
        if probed is None:
            return _Tried(text, findings)
        duration_s = probed.duration_s
    made = SceneMade(
        wanted.folder / "scene.mp4", duration_s, plays, order.scene, text, "",
        tuple(dict.fromkeys(findings)), 0, wanted.layer,
    )  # fmt: skip
    return _Tried(text, findings, made)


def _rendered(
    code: str, order: Order, wanted: _Wanted, stage: str, planned: tuple[int, float]
) -> tuple[Probed | None, tuple[Finding, ...]]:
    """One render into `scene.mp4`; what is wrong with it keeps it from being there."""
    plays, planned_s = planned

    def told(done: int) -> None:
        wanted.progress(min(done, plays), plays, f"scene: {stage}")

    fresh, target = wanted.folder / "fresh.mp4", wanted.folder / "scene.mp4"
    target.unlink(missing_ok=True)
    told(0)
    run = run_order(
        code, replace(order, do="render"), wanted.folder, layer=wanted.layer,
        limits=wanted.limits, tell_plays=told, check=wanted.check, target=fresh,
    )  # fmt: skip
    try:
        if not run.is_good:
            return None, run.findings
        size = (order.width_px, order.height_px)
        probed = probe_scene(fresh, size, order.frame_rate, planned_s)
        if any(each.is_open for each in probed.findings):
            return None, probed.findings
        fresh.replace(target)
    except MediaDamaged as error:
        return None, (Finding("picture", 0, error.message),)
    finally:
        fresh.unlink(missing_ok=True)
    return probed, probed.findings

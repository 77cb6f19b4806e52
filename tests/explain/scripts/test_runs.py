"""Scenes are run in the sandbox, looked at before they are used, and repaired at most three times."""

from collections.abc import Sequence
from pathlib import Path

import av
import pytest

from tests.explain.scripts.good_scenes import GOOD
from tests.explain.scripts.test_faults import scene
from workbench.errors import ServiceDown
from workbench.explain.sandbox.running import Layer, Limits
from workbench.explain.scripts.findings import Finding
from workbench.explain.scripts.rendering import SceneFailed, SceneMade, render_scene
from workbench.explain.scripts.runs import Order, Run, run_order

SHORT = Limits(cpu_s=30, wall_s=120)


def small(
    code: str, folder: Path, layer: Layer, kept: Path, **changes: object
) -> SceneMade | SceneFailed:
    """Rendered at 320 by 180, ten frames a second: enough to see, and quick."""
    values = {"width_px": 320, "height_px": 180, "frame_rate": 10, "kept": kept, **changes}
    return render_scene(code, folder, layer=layer, **values)  # type: ignore[arg-type]


def look(code: str, folder: Path, layer: Layer, limits: Limits = SHORT) -> Run:
    """Run a script without frames, whatever the checks would say to it."""
    order = Order("look", "Example", 320, 180, 10, "#000000", "typst")
    return run_order(code, order, folder, layer=layer, limits=limits, check=lambda: None)


BAD_LAYOUT = """from manim import *


class Example(Scene):
    def construct(self):
        wide = Text("A sentence that is far too long to stand in one line of the frame of a film")
        self.play(FadeIn(wide.to_edge(UP)))
        first, second = Text("first words"), Text("other words")
        self.add(first)
        self.play(FadeIn(second))
        self.play(Create(Circle(radius=5)))
        boxed = Text("inside").to_edge(DOWN, buff=1)
        self.play(FadeIn(boxed), Create(SurroundingRectangle(boxed)))
        hidden = Text("hidden").move_to(boxed).set_opacity(0)
        self.add(hidden)
        self.wait(0.5)
"""


def test_the_layout_of_a_bad_scene_gives_exactly_the_expected_warnings(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    run = look(BAD_LAYOUT, tmp_path, layer)
    assert run.is_good, run
    assert run.answer is not None
    said = [(each.line, each.message) for each in run.findings]
    assert len(said) == 3, said
    assert said[0][0] == 7
    assert "units wide; the frame is 14.2" in said[0][1]
    assert said[1] == (10, "Text “first words” and Text “other words” lie on each other")
    assert said[2] == (11, "Circle (10.0 by 10.0 units) stands over the edge of the frame")
    assert not any(each.is_error for each in run.findings)
    assert (run.answer.plays, run.answer.duration_s) == (5, pytest.approx(4.5))


def test_small_words_are_told_and_a_scene_in_space_is_not_measured(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    tiny = look(scene("self.add(Text('tiny words', font_size=10))"), tmp_path, layer)
    assert ["too small to be read" in each.message for each in tiny.findings] == [True]
    space = look(scene("self.add(Sphere(radius=9))", base="ThreeDScene"), tmp_path, layer)
    assert space.findings == ()


@pytest.mark.parametrize("name", ["GRAPH", "CAMERA", "NUMBERS"])
def test_a_good_scene_is_run_without_a_warning_of_its_layout(
    layer: Layer, kept: Path, tmp_path: Path, name: str
) -> None:
    code = GOOD[name]
    target = next(word for word in code.split() if word.endswith("):") and "Scene" in word)
    order = Order("look", target.split("(")[0], 320, 180, 10, "#000000", "typst")
    run = run_order(code, order, tmp_path, layer=layer, limits=SHORT, check=lambda: None)
    assert run.findings == (), run.ran.output
    assert run.answer is not None
    assert run.answer.plays >= 3


def test_a_good_scene_is_rendered_and_nobody_is_asked_to_repair_it(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int, str]] = []
    made = small(
        GOOD["TRANSFORM"], tmp_path, layer, kept,
        repair=lambda code, found: pytest.fail("it was asked"),
        progress=lambda *each: told.append(each),
    )  # fmt: skip
    assert isinstance(made, SceneMade), made
    assert (made.repairs, made.diff, made.layer, made.class_name) == (0, "", layer, "ShapesTurn")
    with av.open(str(made.path)) as film:
        stream = film.streams.video[0]
        frames = sum(1 for _ in film.decode(stream))
        assert (stream.width, stream.height, len(film.streams)) == (320, 180, 1)
    assert abs(frames / 10 - made.duration_s) < 0.01
    assert (made.plays, made.plays, "scene: render") in told
    assert [path.name for path in tmp_path.iterdir()] == ["scene.mp4"]


def test_formulas_are_set_without_latex_and_their_parts_stay_apart(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    code = scene(
        "f = MathTex('a^2', '+', r'\\frac{b}{2}', '=', 'c'); "
        "assert len(f) == 5, f.submobjects; assert f[2].height > f[1].height; "
        "f.set_color_by_tex('c', YELLOW); assert f[4][0].get_color() == YELLOW; "
        "assert len(f[2]) == 3 and all(each.get_fill_opacity() for each in f[2]), 'no bar'; "
        "g = MathTex(r'\\frac{', 'x', r'}{2}', tex_to_color_map={'x': RED}); "
        "h = MathTex(r'x &= 1 + 2 \\\\ &= 3'); assert h.height > 2 * f[1].height; "
        "t = Tex(r'Half of $x^2$ is \\textbf{nice}'); assert 1 < t.width < 9, t.width; "
        "self.add(Axes(axis_config={'include_numbers': True}), f, t.shift(DOWN), "
        "Matrix([[1, 2], [3, 4]]).shift(UP * 2), DecimalNumber(3.25).shift(LEFT * 4))"
    )
    order = Order("look", "Example", 320, 180, 10, "#000000", "typst")
    run = run_order(code, order, tmp_path, layer=layer, limits=SHORT, check=lambda: None)
    assert run.is_good, (run.findings, run.ran.output)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "computed for more than|did not end within"),
        ("while True: self.wait()", "plays longer than"),
        ("x = bytearray(1); [x := x + x for _ in range(60)]", "MemoryError|memory"),
        ("[print('x' * 9999) for _ in iter(int, 1)]", "wrote without|computed|did not end"),
    ],
)
def test_a_script_without_an_end_is_stopped_and_it_is_said(
    layer: Layer, kept: Path, tmp_path: Path, body: str, said: str
) -> None:
    limits = Limits(cpu_s=6, wall_s=60, memory_bytes=2 * 2**30, file_bytes=20_000_000)
    run = look(scene(body), tmp_path, layer, limits)
    wrong = [each for each in run.findings if each.is_open]
    assert len(wrong) == 1
    assert any(each in wrong[0].message for each in said.split("|")), wrong
    assert len(run.ran.output) <= 70_000
    assert list(tmp_path.iterdir()) == []


def test_a_script_that_sleeps_is_woken_by_the_clock(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    run = look(scene("import time; time.sleep(999)"), tmp_path, layer, Limits(wall_s=4))
    assert [each.message for each in run.findings] == ["it did not end within 4 s"]


@pytest.mark.parametrize(
    ("body", "said", "line"),
    [
        ("x = 1 / 0", "ZeroDivisionError: division by zero", 6),
        ("import os; os._exit(3)", "ended without an answer (code 3)", 0),
        ("raise KeyboardInterrupt", "ended without an answer", 0),
    ],
)
def test_what_goes_wrong_inside_of_a_script_is_said_with_its_line(
    layer: Layer, kept: Path, tmp_path: Path, body: str, said: str, line: int
) -> None:
    run = look(scene(body), tmp_path, layer)
    (wrong,) = [each for each in run.findings if each.is_open]
    assert said in wrong.message
    assert wrong.line == line
    assert "Traceback" not in str(wrong)


def test_secrets_of_the_environment_and_of_files_come_not_into_the_picture(
    layer: Layer, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush-secret")
    (tmp_path / "credentials").write_text("hush-hush-secret")
    code = scene(
        "import os; found = [v for v in os.environ.values() if 'hush' in v]\n"
        f"        try: found.append(open({str(tmp_path / 'credentials')!r}).read())\n"
        "        except OSError: pass\n"
        "        self.add(Square(side_length=7, fill_opacity=1) if found else Dot(UP * 3))"
    )
    order = Order("render", "Example", 320, 180, 10, "#000000", "typst")
    target = tmp_path / "out" / "scene.mp4"
    run = run_order(
        code, order, tmp_path / "work", layer=layer, limits=SHORT, check=lambda: None, target=target
    )
    assert run.is_good, (run.findings, run.ran.output)
    with av.open(str(target)) as film:
        picture = next(film.decode(video=0)).to_ndarray(format="gray")
    assert picture[90, 160] < 40
    assert "hush" not in run.ran.output


def test_a_link_in_the_place_of_the_film_is_not_followed(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    (tmp_path / "theirs.mp4").write_bytes(b"not for you")
    code = scene(
        "import shutil, os; theirs = "
        f"{str(tmp_path / 'theirs.mp4')!r}; "
        "shutil.copyfile = lambda a, b, **k: os.symlink(theirs, b)"
    )
    order = Order("render", "Example", 320, 180, 10, "#000000", "typst")
    target = tmp_path / "out.mp4"
    run = run_order(
        code, order, tmp_path / "work", layer=layer, limits=SHORT, check=lambda: None, target=target
    )
    assert not run.is_good
    assert not target.exists()


def test_what_is_no_film_or_shows_nothing_is_not_used(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    failed = small(scene("pass"), tmp_path, layer, kept)
    assert isinstance(failed, SceneFailed)
    assert "nothing is seen" in failed.why
    assert not (tmp_path / "scene.mp4").exists()
    code = scene("pass").replace("self.wait()", "self.add(Dot())")
    failed = small(code, tmp_path, layer, kept)
    assert isinstance(failed, SceneFailed)
    assert "plays nothing" in failed.why


class Repairer:
    """Somebody who repairs scenes, and remembers what was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Sequence[Finding]]] = []

    def __call__(self, code: str, findings: Sequence[Finding]) -> str:
        self.asked.append((code, findings))
        return self.answers[len(self.asked) - 1]


def test_a_repaired_scene_is_rendered_and_the_diagnosis_has_kinds_and_lines(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    good = scene("self.add(Square())")
    repairer = Repairer(scene("x = 1 / 0; self.add(Square())"), good)
    made = small(scene("self.add(MCircle())"), tmp_path, layer, kept, repair=repairer)
    assert isinstance(made, SceneMade), made
    assert (made.repairs, made.code) == (2, good)
    assert "-        self.add(MCircle())\n+        self.add(Square())" in made.diff
    asked = [[(each.kind, each.line) for each in findings] for _, findings in repairer.asked]
    assert asked == [[("name", 6)], [("run", 6)]]
    assert not any("Traceback" in str(each) for _, found in repairer.asked for each in found)


def test_after_three_repairs_nobody_is_asked_again(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    repairer = Repairer(*(scene(f"self.add(MCircle({n}))") for n in range(9)))
    failed = small(scene("self.add(MCircle())"), tmp_path, layer, kept, repair=repairer)
    assert isinstance(failed, SceneFailed)
    assert (len(repairer.asked), failed.repairs) == (3, 3)
    assert "there is no MCircle" in failed.why


def test_a_repair_that_changes_nothing_or_cannot_be_had_ends_it(
    layer: Layer, kept: Path, tmp_path: Path
) -> None:
    broken = scene("self.add(MCircle())")
    repairer = Repairer(broken, broken)
    failed = small(broken, tmp_path, layer, kept, repair=repairer)
    assert isinstance(failed, SceneFailed)
    assert len(repairer.asked) == 1

    def down(code: str, findings: Sequence[Finding]) -> str:
        raise ServiceDown("the model is away")

    failed = small(broken, tmp_path, layer, kept, repair=down)
    assert isinstance(failed, SceneFailed)
    assert "the model is away" in failed.why


def test_who_wants_to_stop_it_stops_it(layer: Layer, kept: Path, tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(GOOD["TRANSFORM"], tmp_path, layer, kept, check=stop)
    assert list(tmp_path.iterdir()) == []

"""Planted faults are named with their line; what has one meaning is put right; good scenes pass."""

import ast
import importlib.util
import re
import sys
import textwrap
from pathlib import Path

import pytest

from tests.explain.scripts.good_scenes import GOOD
from workbench.explain.scripts.check import check_script
from workbench.explain.scripts.findings import Checked, Finding
from workbench.explain.scripts.reading.fixes import ATTRIBUTES, NAMES
from workbench.explain.scripts.reading.signatures import signatures

LINE = 6


def scene(line: str, base: str = "Scene") -> str:
    """A scene with something on its sixth line."""
    return (
        f"from manim import *\n\n\nclass Example({base}):\n    def construct(self):\n"
        f"        {line}\n        self.wait()\n"
    )


def found_at(checked: Checked, line: int) -> Finding:
    (found,) = [each for each in checked.findings if each.line == line and each.kind != "latex"]
    return found


FIXED = [
    ("self.play(ShowCreation(Square()))", "ShowCreation", "self.play(Create(Square()))"),
    ("title = TextMobject('a')", "TextMobject", "title = Tex('a')"),
    ("title = OldTexText('a')", "OldTexText", "title = Tex('a')"),
    ("title = TexText('a')", "TexText", "title = Tex('a')"),
    ("formula = TexMobject('a')", "TexMobject", "formula = MathTex('a')"),
    ("formula = OldTex('a')", "OldTex", "formula = MathTex('a')"),
    ("self.play(FadeInFromDown(Dot()))", "FadeInFromDown", "self.play(FadeIn(Dot()))"),
    ("self.play(FadeInFrom(Dot(), UP))", "FadeInFrom", "self.play(FadeIn(Dot(), shift=-UP))"),
    ("self.play(FadeOutAndShift(Dot(), 2 * UP))", "FadeOutAndShift",
     "self.play(FadeOut(Dot(), shift=(2 * UP)))"),
    ("self.play(ShowPassingFlashAround(Dot()))", "ShowPassingFlashAround",
     "self.play(Circumscribe(Dot()))"),
    ("self.play(CircleIndicate(Dot()))", "CircleIndicate", "self.play(Circumscribe(Dot()))"),
    ("self.play(WiggleOutThenIn(Dot()))", "WiggleOutThenIn", "self.play(Wiggle(Dot()))"),
    ("curve = Axes().get_graph(lambda x: x)", "get_graph", "curve = Axes().plot(lambda x: x)"),
    ("axes = Axes(x_lenght=3)", "x_lenght", "axes = Axes(x_length=3)"),
    ("shape = Circle(colour=RED)", "colour", "shape = Circle(color=RED)"),
    ("words = Text('é', fontsize=20)", "fontsize", "words = Text('é', font_size=20)"),
    ("words = Text('ééé', fontsize=20)", "fontsize", "words = Text('ééé', font_size=20)"),
    ("shape = Square(side=2)", "side", "shape = Square(side_length=2)"),
    ("self.play(Create(Dot()), runtime=2)", "runtime", "self.play(Create(Dot()), run_time=2)"),
    ("width = FRAME_WIDTH", "FRAME_WIDTH", "width = config.frame_width"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "word", "becomes"), FIXED, ids=[each[1] for each in FIXED])
def test_what_has_one_meaning_is_put_right_and_shown(
    kept: Path, line: str, word: str, becomes: str
) -> None:
    checked = check_script(scene(line), kept=kept, route="latex")
    found = found_at(checked, LINE)
    assert found.is_fixed
    assert word in found.message
    assert checked.is_ready
    assert checked.fixed_code == scene(becomes)
    assert f"-        {line}\n+        {becomes}\n" in checked.diff
    again = check_script(checked.fixed_code, kept=kept, route="latex")
    assert (again.findings, again.diff) == ((), "")


NAMED = [
    ("shape = MCircle()", "there is no MCircle", "Circle"),
    ("shape = Square().scael(2)", "Square has no scael", "scale"),
    ("shape = Square(); shape.scael(2)", "Square has no scael", "scale"),
    ("shape = Square().shift(UP).set_colour(RED)", "Square has no set_colour", "set_color"),
    ("[each.scael(2) for each in self.mobjects]", "nothing in Manim has scael", "scale"),
    ("shape = Square(blob=2)", "Square does not take blob", ""),
    ("shape = Square().next_to(ORIGIN, bumf=2)", "Square.next_to does not take bumf", "buff"),
    ("self.play(Create(Dot()), run_tame_me=2)", "Scene.play does not take run_tame_me", ""),
    ("self.playy(Create(Dot()))", "Scene has no playy", "play"),
    ("self.play(create_all())", "there is no create_all", ""),
    ("CONFIG = {'color': RED}", "CONFIG is another Manim's way", "keywords"),
    ("shape = InteractiveScene", "there is no InteractiveScene", "derive from Scene"),
    ("name = input('name')", "input() waits", ""),
    ("exec('x = 1')", "exec() runs hidden code", ""),
    ("import requests", "requests reaches out", "no network"),
    ("import subprocess", "subprocess reaches out", "no programs"),
    ("from urllib.request import urlopen", "urllib.request reaches out", ""),
    ("import os; os.system('ls')", "os.system reaches out", ""),
    ("words = open('/etc/passwd').read()", "a file out of the work folder: /etc/passwd", ""),
    ("code = Code(code_file='../secret.py')", "a file out of the work folder", ""),
    ("picture = ImageMobject('cat.png')", "the work folder is empty", "picture beat"),
]


@pytest.mark.parametrize(("line", "said", "hint"), NAMED, ids=[each[0][:30] for each in NAMED])
def test_a_planted_fault_is_named_with_its_line(
    kept: Path, line: str, said: str, hint: str
) -> None:
    checked = check_script(scene(line), kept=kept, route="latex")
    found = found_at(checked, LINE)
    assert said in found.message
    assert hint in found.hint
    assert found.is_open
    assert not checked.is_ready


def test_the_camera_of_a_plain_scene_is_made_one_that_moves(kept: Path) -> None:
    line = "self.play(self.camera.frame.animate.scale(0.5))"
    checked = check_script(scene(line), kept=kept)
    assert found_at(checked, LINE).is_fixed
    assert checked.fixed_code == scene(line, base="MovingCameraScene")


def test_a_scene_of_another_manim_is_named(kept: Path) -> None:
    checked = check_script(scene("pass", base="GraphScene"), kept=kept)
    (found,) = [each for each in checked.findings if each.is_open]
    assert (found.line, found.kind) == (4, "old")
    assert "axes.plot" in found.hint


@pytest.mark.parametrize("other", ["manimlib", "manimlib.imports", "manim_imports_ext"])
def test_the_import_of_another_manim_becomes_that_of_the_installed_one(
    kept: Path, other: str
) -> None:
    checked = check_script(scene("pass").replace("manim ", f"{other} "), kept=kept)
    assert checked.is_ready
    assert checked.fixed_code == scene("pass")
    assert found_at(checked, 1).is_fixed


def test_missing_imports_of_manim_and_numpy_are_added(kept: Path) -> None:
    line = "x = np.sin(math.pi) * random.random()"
    checked = check_script(scene(line), kept=kept)
    assert checked.is_ready, checked.findings
    added = [line for line in checked.diff.splitlines() if line.startswith("+import")]
    assert set(added) <= {"+import numpy as np", "+import math", "+import random"}
    assert len(added) >= 2
    bare = check_script(scene("pass").removeprefix("from manim import *\n"), kept=kept)
    assert bare.is_ready, bare.findings
    assert bare.fixed_code.startswith("from manim import *\n")


def test_several_scenes_in_one_script_are_named_and_one_may_be_chosen(kept: Path) -> None:
    code = scene("pass") + scene("pass").replace("Example", "Other").split("\n\n\n")[1]
    checked = check_script(code, kept=kept)
    (found,) = checked.findings
    assert "2 scenes in one script: Example, Other" in found.message
    assert found.line == 8
    chosen = check_script(code, "Other", kept=kept)
    assert (chosen.is_ready, chosen.class_name) == (True, "Other")
    assert "no scene Third" in check_script(code, "Third", kept=kept).findings[0].message


def test_a_script_without_a_scene_or_without_construct_is_named(kept: Path) -> None:
    (found,) = check_script("from manim import *\nx = Circle()\n", kept=kept).findings
    assert "no scene in the script" in found.message
    (found,) = check_script("from manim import *\nclass A(Scene):\n    pass\n", kept=kept).findings
    assert (found.line, found.message) == (2, "A has no construct method")


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("from manim import *\nclass A(Scene:\n    pass\n", 2),
        ("from manim import *\n\nclass A(Scene):\n    def construct(self):\n    x = 1\n", 5),
        ("x = 'no end\n", 1),
        ("(" * 300 + ")" * 300, None),
        ("Here is your scene! It draws a circle.", 1),
    ],
)
def test_what_is_no_python_is_said_with_its_line(kept: Path, code: str, line: int | None) -> None:
    checked = check_script(code, kept=kept)
    (found,) = checked.findings
    assert found.kind == "syntax"
    assert line is None or found.line == line
    assert not checked.is_ready


@pytest.mark.parametrize(("code", "said"), [("", "empty"), (" \n\n", "empty"), ("a\0b", "zero byte"),
                                            ("x = 1\n" * 20_000, "letters")])  # fmt: skip
def test_what_is_no_script_is_refused(kept: Path, code: str, said: str) -> None:
    checked = check_script(code, kept=kept)
    assert said in checked.findings[0].message
    assert not checked.is_ready


@pytest.mark.parametrize(
    "around",
    [
        "```python\n{}```\n", "```\n{}```", "Sure, here it is:\n\n```py\n{}```\n\nEnjoy!",
        "~~~python\n{}~~~\n", "```python\r\n{}```\r\n", "\ufeff```python\n{}", "Text\n```bash\nls\n```\n```python\n{}```\n",
    ],
)  # fmt: skip
def test_fences_are_taken_off_and_lines_stay_those_of_the_reply(kept: Path, around: str) -> None:
    given = around.format(scene("MCircle()"))
    checked = check_script(given, kept=kept)
    assert checked.fixed_code == scene("MCircle()")
    wrong = next(each for each in checked.findings if "MCircle" in each.message)
    lines = given.removeprefix("\ufeff").splitlines()
    assert "MCircle()" in lines[wrong.line - 1]
    assert any("Markdown" in each.message and each.is_fixed for each in checked.findings)


LATEX = [
    "formula = MathTex('x')",
    "words = Tex('x')",
    "number = DecimalNumber(3)",
    "axes = Axes(axis_config={'include_numbers': True})",
    "line = NumberLine(include_numbers=True)",
    "axes = Axes().add_coordinates()",
    "matrix = Matrix([[1, 2]])",
    "bars = BarChart(values=[1, 2])",
    "labels = Axes().get_axis_labels()",
    "title = Title('x')",
    "count = Integer(3)",
]


@pytest.mark.parametrize("line", LATEX)
def test_what_needs_latex_is_said_where_there_is_none_also_inside_of_other_things(
    kept: Path, line: str
) -> None:
    by_typst = check_script(scene(line), kept=kept, route="typst")
    assert by_typst.is_ready
    assert [(each.kind, each.line) for each in by_typst.findings] == [("latex", LINE)]
    assert "Typst" in by_typst.findings[0].message
    without = check_script(scene(line), kept=kept, route="")
    assert not without.is_ready
    assert check_script(scene(line), kept=kept, route="latex").findings == ()


@pytest.mark.parametrize("line", ["x = NumberLine(include_numbers=False)", "x = Axes(tips=False)"])
def test_axes_without_numbers_need_no_latex(kept: Path, line: str) -> None:
    assert check_script(scene(line), kept=kept, route="").findings == ()


@pytest.mark.parametrize("name", GOOD)
def test_a_good_scene_raises_no_alarm(kept: Path, name: str) -> None:
    checked = check_script(GOOD[name], kept=kept, route="latex")
    assert checked.findings == ()
    assert checked.fixed_code == GOOD[name]
    assert checked.diff == ""
    assert checked.class_name


def test_the_examples_of_manim_itself_raise_no_alarm(kept: Path) -> None:
    alarms = {}
    for number, (name, code) in enumerate(sorted(examples().items())):
        if number % 4 == 0 and "OpenGL" not in code and ".wav" not in code:
            checked = check_script(code, name, kept=kept, route="latex")
            if not checked.is_ready:
                alarms[name] = checked.findings
    assert alarms == {}


def examples() -> dict[str, str]:
    """The scenes in the documentation of the installed Manim."""
    (package,) = importlib.util.find_spec("manim").submodule_search_locations
    block = re.compile(
        r"\.\. manim:: (\w+)[^\n]*\n(?:[ \t]+:[^\n]*\n)*((?:[ \t]*\n|[ \t]+[^\n]*\n?)+)"
    )
    found = {}
    for path in Path(package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                for match in block.finditer(ast.get_docstring(node) or ""):
                    if ">>>" not in match[2]:
                        found[match[1]] = "from manim import *\n" + textwrap.dedent(match[2])
    assert len(found) > 200
    return found


def test_a_script_may_call_its_own_things_as_another_manim_did(kept: Path) -> None:
    code = scene("self.play(ShowCreation(Dot()))").replace(
        "class Example", "def ShowCreation(mobject):\n    return Create(mobject)\n\n\nclass Example"
    )
    assert check_script(code, kept=kept).findings == ()


def test_every_word_of_the_table_is_gone_and_every_new_one_is_there(kept: Path) -> None:
    known = signatures(kept)
    assert not set(NAMES) & known.names
    assert {name.split(".")[0] for name in NAMES.values()} <= known.names
    assert not set(ATTRIBUTES) & known.attributes
    assert set(ATTRIBUTES.values()) <= known.attributes


def test_manim_is_not_imported_by_a_check(kept: Path) -> None:
    before = set(sys.modules)
    check_script(GOOD["FORMULA"], kept=kept)
    assert "manim" not in set(sys.modules) - before


def test_without_manim_names_are_not_checked_and_it_is_said(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.explain.animation.availability.is_available", bool)
    checked = check_script(scene("MCircle()"), kept=kept)
    (found,) = checked.findings
    assert "names and keywords were not checked" in found.message
    assert not found.is_error


def test_the_programs_of_the_sandbox_import_nothing_of_the_workbench(project: Path) -> None:
    folder = project / "workbench" / "explain" / "scripts" / "inside"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("workbench")], path.name

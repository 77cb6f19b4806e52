"""Compiled scenes: readable source, the same every time, with what people wrote as data in it."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.explain.animation.conftest import Timed
from tests.explain.conftest import WORD_S
from workbench import health
from workbench.cli.doctor import OPTIONAL
from workbench.explain.animation.compiling import compile_storyboard
from workbench.explain.narration import FRAME_RATE, LEAD_S, Voice, narrate
from workbench.explain.storyboards.storyboard import Beat, Storyboard, write_storyboard
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Closing,
    Comparison,
    Equation,
    Quote,
    Stretch,
    Timeline,
    Title,
)

HOSTILE = (
    '"""\nimport os; os.abort()\n"""',
    "'); stage.scene.quit(); ('",
    "<span foreground='red'>not red</span> &amp; <b>bold",
    "{braces} {{twice}} %s %(name)s \\n \\N{BULLET} $x$",
    "zero\x00 bell\x07 half \ud800 letter",
    "مرحبا بالعالم (1) hello",
    "ポンプの仕組み 泵房的噪音",
    "rocket 🚀 family 👨‍👩‍👧‍👦 flag 🇩🇪",
    "right\u202eto left\u2066 and on",
)


def story_of(text: str) -> Storyboard:
    """A storyboard that says a text wherever a text can be said."""
    shows = (
        Title(text), Bullets((text, "plain")), Equation("x^2", text),
        Chart((Bar(text, 1.0),), text), Timeline((Stretch(text, 0, 5),), 9),
        Quote(text, text), Comparison(text, (text,), text, (text,)), Closing((text,)),
    )  # fmt: skip
    return Storyboard(text, tuple(Beat(text, show) for show in shows))


def classes_of(source: str) -> list[ast.ClassDef]:
    return [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]


def calls_of(scene: ast.ClassDef, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(scene)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


def assert_only_stages(source: str) -> None:
    """Nothing but calls of the stage with literals and with things it made."""
    tree = ast.parse(source)
    head, scenes = tree.body[:4], tree.body[4:]
    assert [type(node) for node in head] == [ast.Expr, ast.ImportFrom, ast.ImportFrom, ast.Assign]
    for scene in scenes:
        assert isinstance(scene, ast.ClassDef)
        heading, construct = scene.body
        assert isinstance(heading, ast.Expr)
        assert isinstance(heading.value, ast.Constant)
        assert isinstance(construct, ast.FunctionDef)
        known = {"stage", "Stage", "self"}
        for line in construct.body:
            assert isinstance(line, ast.Assign | ast.Expr)
            call = line.value
            assert isinstance(call, ast.Call)
            assert ast.unparse(call.func).split(".")[0] in {"stage", "Stage"}
            for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
                for node in ast.walk(value):
                    assert isinstance(
                        node,
                        ast.Constant | ast.Tuple | ast.List | ast.Name | ast.Load
                        | ast.UnaryOp | ast.USub,
                    ), ast.unparse(line)  # fmt: skip
                    assert not isinstance(node, ast.Name) or node.id in known
            if isinstance(line, ast.Assign):
                known |= {target.id for target in line.targets if isinstance(target, ast.Name)}


def test_every_kind_of_beat_is_a_class_of_its_own(every_kind: Storyboard, timed: Timed) -> None:
    source = compile_storyboard(every_kind, timed(every_kind))
    assert_only_stages(source)
    names = [scene.name for scene in classes_of(source)]
    assert names == [
        f"Beat{number:02}{beat.show.kind.capitalize()}"
        for number, beat in enumerate(every_kind.beats, start=1)
    ]
    assert max(map(len, source.splitlines())) <= 120


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_people_write_is_data_in_the_source(text: str, timed: Timed) -> None:
    story = story_of(text)
    source = compile_storyboard(story, timed(story))
    assert_only_stages(source)
    source.encode()
    assert len(classes_of(source)) == len(story.beats)


def test_the_same_storyboard_gives_the_same_source_in_any_process(
    every_kind: Storyboard, timed: Timed, tmp_path: Path
) -> None:
    source = compile_storyboard(every_kind, timed(every_kind))
    (tmp_path / "story.json").write_text(write_storyboard(every_kind))
    (tmp_path / "compile.py").write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from workbench.explain.animation.compiling import compile_storyboard\n"
        "from workbench.explain.narration import SILENT, narrate\n"
        "from workbench.explain.storyboards.storyboard import read_storyboard\n"
        "folder = Path(sys.argv[1])\n"
        "story = read_storyboard((folder / 'story.json').read_text())\n"
        "print(compile_storyboard(story, narrate(story, SILENT, folder)), end='')\n"
    )
    said = subprocess.run(
        [sys.executable, tmp_path / "compile.py", tmp_path],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == source


def test_points_come_with_the_sentences_that_say_them(tmp_path: Path, humming: Voice) -> None:
    items = ("First the pump.", "Then the seal is looked at.", "Last the shaft.")
    story = Storyboard("a", (Beat("Points", Bullets(items), " ".join(items)),))
    (scene,) = classes_of(compile_storyboard(story, narrate(story, humming, tmp_path)))
    moments = [call.args[0].value for call in calls_of(scene, "at")]  # type: ignore[attr-defined]
    said = [LEAD_S, LEAD_S + 3 * WORD_S, LEAD_S + 9 * WORD_S]
    assert moments == pytest.approx(said, abs=0.5 / FRAME_RATE)
    lasts = [
        each for call in calls_of(scene, "at") for each in call.keywords if each.arg == "until"
    ]
    assert [each.value.value for each in lasts] == moments[1:]  # type: ignore[attr-defined]


def test_two_hundred_points_take_turns_on_many_pages(timed: Timed) -> None:
    story = Storyboard("a", (Beat("Parts", Bullets(tuple(f"part {n}" for n in range(200)))),))
    (scene,) = classes_of(compile_storyboard(story, timed(story)))
    texts = [ast.literal_eval(call.args[0]) for call in calls_of(scene, "words")]
    assert [text for text in texts if text.startswith("part ")] == [f"part {n}" for n in range(200)]
    assert [text for text in texts if text.startswith("Parts ")][-1] == "Parts (34 of 34)"


def test_an_equation_nothing_can_draw_is_text_with_a_warning(
    timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.explain.animation.compiling import compile_beat

    monkeypatch.setenv("PATH", "")
    story = Storyboard("a", (Beat("Odd", Equation(r"\notacommand{x} \begin{nothing}")),))
    (beat,) = timed(story)
    compiled = compile_beat(beat, "light")
    assert compiled is not None
    assert "shown as text" in compiled.warnings[0]
    assert any("As text: " in line for line in compiled.lines)


def test_every_title_of_a_theorem_compiles_whole(media_dir: Path, timed: Timed) -> None:
    titles = theorem_titles(media_dir)
    assert len(titles) == 237
    for start in range(0, len(titles), 60):
        beats = tuple(Beat(title, Title("A theorem"), title) for title in titles[start:][:60])
        story = Storyboard("Theorems", beats)
        source = compile_storyboard(story, timed(story))
        for scene, title in zip(classes_of(source), titles[start:], strict=False):
            texts = [ast.literal_eval(call.args[0]) for call in calls_of(scene, "words")]
            assert " ".join(texts[0].split()) == " ".join(title.split())


def theorem_titles(media_dir: Path) -> list[str]:
    """Titles of theorems and topics that others collected."""
    return [
        entry if isinstance(entry, str) else entry["theorem"]
        for path in sorted((media_dir / "theorems").glob("*.json"))
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]


def test_without_manim_it_is_refused_with_the_line_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text(
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "hidden = ('manim', 'manimpango', 'cairo')\n"
        "importlib.util.find_spec = lambda name, *r: None if name in hidden else found(name, *r)\n"
        "sys.modules.update(dict.fromkeys(hidden))\n"
        "from workbench.cli import main\n"
        "sys.exit(main(['explain', '--notes', sys.argv[1], '--voice', 'none', *sys.argv[2:]]))\n"
    )
    (tmp_path / "notes.md").write_text("# Pumps\n\n## Law\n\n$$E = mc^2$$\n")

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, tmp_path / "ask.py", tmp_path / "notes.md", *more],
            env={**os.environ, "WORKBENCH_DATA_DIR": str(tmp_path / "data")},
            cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False,
        )  # fmt: skip

    refused = run("--renderer", "manim")
    assert refused.returncode != 0
    assert "Manim is not installed" in refused.stderr
    assert "libcairo2-dev libpango1.0-dev pkg-config" in refused.stderr
    made = run()
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize(
    ("version", "is_ready", "hint"), [("0.22.0", True, ""), ("", False, "libpango1.0-dev")]
)
def test_doctor_says_whether_films_move_and_else_how_to_get_there(
    monkeypatch: pytest.MonkeyPatch, version: str, is_ready: bool, hint: str
) -> None:
    monkeypatch.setattr("workbench.explain.animation.availability.manim_version", lambda: version)
    found = health._animation()
    assert (found.is_ready, version in found.finding, hint in found.hint) == (is_ready, True, True)
    assert found.name in OPTIONAL

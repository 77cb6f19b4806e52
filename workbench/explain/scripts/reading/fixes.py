"""Old and other Manims' words, put right in the script itself.

Only what has one meaning is changed, token by token, so that nothing else of the script moves. The
change is shown as a diff.
"""

import ast
import difflib
import io
import keyword
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from workbench.explain.scripts.findings import Finding

NAMES = {
    "ShowCreation": "Create",
    "ShowCreationThenDestruction": "ShowPassingFlash",
    "TextMobject": "Tex",
    "OldTexText": "Tex",
    "TexText": "Tex",
    "TexMobject": "MathTex",
    "OldTex": "MathTex",
    "FadeInFromDown": "FadeIn",
    "FadeInFrom": "FadeIn",
    "FadeInFromPoint": "FadeIn",
    "FadeInFromLarge": "FadeIn",
    "FadeOutAndShift": "FadeOut",
    "FadeOutAndShiftDown": "FadeOut",
    "FadeOutToPoint": "FadeOut",
    "ShowPassingFlashAround": "Circumscribe",
    "ShowCreationThenDestructionAround": "Circumscribe",
    "ShowCreationThenFadeAround": "Circumscribe",
    "CircleIndicate": "Circumscribe",
    "WiggleOutThenIn": "Wiggle",
    "ParametricCurve": "ParametricFunction",
    "FRAME_WIDTH": "config.frame_width",
    "FRAME_HEIGHT": "config.frame_height",
    "FRAME_X_RADIUS": "config.frame_x_radius",
    "FRAME_Y_RADIUS": "config.frame_y_radius",
}
"""Words that other Manims had → what the installed one calls it, where one stands for the other."""

MANUAL = {
    "GraphScene": "derive from Scene and draw the graph with Axes and axes.plot",
    "SampleSpaceScene": "derive from Scene",
    "TeacherStudentsScene": "derive from Scene; there are no figures of teachers",
    "PiCreature": "there are no figures; draw one with shapes",
    "GlowDot": "use Dot",
    "SurfaceExample": "use Surface",
    "TexturedSurface": "use Surface",
    "InteractiveScene": "derive from Scene",
    "CONFIG": "write the values as keywords or as attributes in construct",
}
"""Words without one that stands for them, and what to do."""

ATTRIBUTES = {
    "get_graph": "plot",
    "get_parametric_curve": "plot_parametric_curve",
    "scale_in_place": "scale",
    "rotate_in_place": "rotate",
}
"""Old methods → those of today; used only where the installed Manim lacks the old one."""

KEYWORDS = {
    "colour": "color",
    "fill_colour": "fill_color",
    "stroke_colour": "stroke_color",
    "fontsize": "font_size",
    "size": "font_size",
    "side": "side_length",
    "runtime": "run_time",
    "rate_function": "rate_func",
    "thickness": "stroke_width",
}
"""Keywords people write → those that are meant, where the class or method takes the second only."""

SECOND = {
    "FadeInFrom": "shift=-",
    "FadeOutAndShift": "shift=",
    "FadeInFromPoint": "target_position=",
    "FadeOutToPoint": "target_position=",
    "FadeInFromLarge": "scale=",
}
"""Old animations whose second argument has a name today."""

_LIBRARIES = {"manimlib", "manim_imports_ext", "manimlib.imports", "big_ol_pile_of_manim_imports"}
USUAL = {"np": "import numpy as np", "math": "import math", "random": "import random"}


@dataclass(frozen=True, slots=True)
class Edit:
    """One word of a script that is written anew."""

    line: int
    column: int
    old: str
    new: str


def edited(code: str, edits: Iterable[Edit]) -> str:
    """A script with some words written anew; everything else stays where it was.

    Example:
        >>> edited("a = b.c", [Edit(1, 6, "c", "dd")])
        'a = b.dd'
    """
    lines = code.splitlines(keepends=True)
    for edit in sorted(set(edits), key=lambda each: (each.line, each.column), reverse=True):
        text = lines[edit.line - 1]
        if text.startswith(edit.old, edit.column):
            after = edit.column + len(edit.old)
            lines[edit.line - 1] = text[: edit.column] + edit.new + text[after:]
    return "".join(lines)


def old_words(
    code: str,
    tree: ast.Module,
    *,
    names: Collection[str],
    attributes: Collection[str],
    own: Collection[str],
    aliases: Collection[str],
) -> tuple[list[Edit], list[Finding]]:
    """What other Manims called it.

    Args:
        code: The script.
        tree: The same, read.
        names: What the installed Manim offers.
        attributes: What its objects have.
        own: Names the script makes itself.
        aliases: What it calls the module `manim`.
    """
    edits = list(_named_seconds(code, tree, names, own))
    found: list[Finding] = []
    before = of = ""
    for token in _tokens(code):
        word, (line, column) = token.string, token.start
        if token.type == tokenize.NAME and not keyword.iskeyword(word):
            new = ""
            if before == "." and of not in aliases:
                if word not in attributes and word not in own:
                    new = ATTRIBUTES.get(word, "")
            elif word not in names and word not in own:
                new = NAMES.get(word, "")
            if new:
                edits.append(Edit(line, column, word, new))
                found.append(_old(line, word, new))
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before, of = word, before
    return edits, found


def _named_seconds(
    code: str, tree: ast.Module, names: Collection[str], own: Collection[str]
) -> Iterator[Edit]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) != 2:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        second = node.args[1]
        if name not in SECOND or name in names or name in own or isinstance(second, ast.Starred):
            continue
        text = ast.get_source_segment(code, second) or ""
        is_simple = isinstance(second, ast.Name | ast.Constant | ast.Call | ast.Attribute)
        new = SECOND[name] + (text if is_simple else f"({text})")
        if "\n" not in text:
            yield Edit(second.lineno, column_of(code, second), text, new)


def column_of(code: str, node: ast.expr | ast.keyword) -> int:
    """Where a node begins in its line, in letters; the parser counts bytes."""
    line = code.splitlines()[node.lineno - 1]
    return len(line.encode()[: node.col_offset].decode(errors="ignore"))


def other_library(code: str, tree: ast.Module) -> tuple[str, list[Finding]]:
    """Imports of another Manim become those of the installed one."""
    found: list[Finding] = []
    lines = code.splitlines(keepends=True)
    done = False
    for node in tree.body:
        if not (isinstance(node, ast.ImportFrom) and node.names[0].name == "*"):
            continue
        name = node.module or ""
        if name.split(".")[0] not in {each.split(".")[0] for each in _LIBRARIES}:
            continue
        end = node.end_lineno or node.lineno
        if end != node.lineno:
            continue
        text = lines[node.lineno - 1]
        new = text.replace(f"from {name} ", "from manim ", 1)
        lines[node.lineno - 1] = "\n" if done else new
        done = True
        found.append(_old(node.lineno, f"from {name} import *", "from manim import *"))
    return "".join(lines), found


def usual_imports(
    code: str, tree: ast.Module, names: Collection[str], bound: Collection[str]
) -> tuple[str, list[Finding]]:
    """Import Manim, numpy, math and random where a script uses them and forgot to."""
    found: list[Finding] = []
    added: list[str] = []
    if not any(
        "manim" in ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ):
        added.append("from manim import *")
        found.append(
            Finding("name", 1, "Manim is not imported", f"{added[0]} was added", is_fixed=True)
        )
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
            continue
        name = node.value.id
        line = USUAL.get(name, "")
        if line and name not in names and name not in bound and line not in added:
            added.append(line)
            said = f"{name} is used and not imported"
            found.append(Finding("name", node.lineno, said, f"{line} was added", is_fixed=True))
    if not added:
        return code, []
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    after = (imports[-1].end_lineno or 0) if imports else 0
    lines = code.splitlines(keepends=True)
    return "".join([*lines[:after], *(f"{line}\n" for line in added), *lines[after:]]), found


def keyword_for(word: str, allowed: Collection[str]) -> str:
    """The one keyword that was surely meant; empty where it is not clear.

    Example:
        >>> keyword_for("x_lenght", {"x_length", "y_length", "color"})
        'x_length'
        >>> keyword_for("colour", {"color"}), keyword_for("blob", {"color"})
        ('color', '')
    """
    if (meant := KEYWORDS.get(word, "")) in allowed:
        return meant
    near = difflib.get_close_matches(word, sorted(allowed), n=2, cutoff=0.84)
    if not near:
        return ""
    if len(near) == 2 and likeness(word, near[0]) - likeness(word, near[1]) < 0.05:
        return ""
    return near[0]


def nearest(word: str, allowed: Collection[str]) -> str:
    """What was probably meant, for people to judge; empty where nothing is near."""
    near = difflib.get_close_matches(word, sorted(allowed), n=1, cutoff=0.6)
    if near:
        return near[0]
    # MCircle, CircleShape: the word with something before or after it.
    inside = [each for each in allowed if len(each) > 3 and re.search(re.escape(each), word)]
    return max(inside, key=len, default="")


def diff_of(before: str, after: str) -> str:
    """The change, as a unified diff; empty where nothing changed."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), "as written", "as run"
    )
    return "".join(lines)


def likeness(a: str, b: str) -> float:
    """How much two words have in common, 0 to 1."""
    return difflib.SequenceMatcher(None, a, b).ratio()


def _old(line: int, word: str, new: str) -> Finding:
    said = f"{word} is another Manim's word"
    return Finding("old", line, said, f"it became {new}", is_fixed=True)


def _tokens(code: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(code).readline)
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return

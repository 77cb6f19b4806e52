"""Check a script without running it, and put right what has one meaning."""

import ast
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from workbench.errors import NotInstalled
from workbench.explain.animation.availability import INSTALL
from workbench.explain.scripts.findings import Checked, Finding
from workbench.explain.scripts.reading.fixes import (
    diff_of,
    edited,
    old_words,
    other_library,
    usual_imports,
)
from workbench.explain.scripts.reading.latex_words import LatexRoute, latex_findings, latex_route
from workbench.explain.scripts.reading.names import NameCheck, bound_names
from workbench.explain.scripts.reading.signatures import Signatures, signatures
from workbench.explain.scripts.reading.structure import structure_findings
from workbench.explain.scripts.reading.text import bare, parsed

_SCENES = frozenset(
    {"Scene", "MovingCameraScene", "ThreeDScene", "ZoomedScene", "VectorScene",
     "LinearTransformationScene", "SpecialThreeDScene"}
)  # fmt: skip
"""Manim's scenes, where it is not there to be asked."""


def check_script(
    code: str,
    class_name: str = "",
    *,
    kept: Path | None = None,
    route: LatexRoute | None = None,
) -> Checked:
    """Check a Manim scene: text, structure, names, keywords, LaTeX; without running it.

    Words of other Manims and keywords that were surely meant otherwise are put right. Without an
    installed Manim names are not checked, and a warning says so.

    Args:
        code: The script, with or without Markdown around it.
        class_name: The scene to render, if the script has several.
        kept: Folder of the signatures of the installed Manim; asked of it once (two seconds).
        route: How formulas are set; None to look.

    Returns:
        What was found (lines count in `code`), the script with fixes, and the diff.

    Raises:
        ToolError: Manim is there and cannot be imported.
    """
    route = latex_route() if route is None else route
    known: Signatures | None = None
    missing: list[Finding] = []
    try:
        known = signatures(kept)
    except NotInstalled:
        said = "Manim is not installed: names and keywords were not checked"
        missing = [Finding("name", 0, said, INSTALL, is_error=False)]
    text, before, found = bare(code)
    tree, unreadable = parsed(text) if text else (None, ())
    if tree is None:
        return Checked((*found, *_moved(unreadable, before)), text or code, "")
    text, tree, fixed = _fixed(text, tree, known)
    scene_names = known.kin("Scene") | {"GraphScene"} if known else _SCENES
    # An unknown base like GraphScene is one fault, not two.
    target, built = structure_findings(tree, scene_names, class_name)
    named: list[Finding] = []
    if known:
        bound = bound_names(tree)
        if not (bound.is_star or bound.from_manim or bound.aliases):
            bound = replace(bound, is_star=True)  # the import that is missing is added below
        check = NameCheck(text, tree, known, bound)
        check.run()
        named = check.found
        text = edited(text, check.edits)
    latex = latex_findings(tree, known, route)
    every = _moved([*fixed, *built, *named, *latex], before)
    if known and (again := parsed(text)[0]):
        text, added = usual_imports(text, again, known.names, bound_names(again).own)
        every = [each for each in every if not _is_answered(each, added)] + _moved(added, before)
    in_order = sorted([*missing, *found, *every], key=lambda each: each.line)
    return Checked(tuple(in_order), text, diff_of(_plain(code), text), target)


def _fixed(
    text: str, tree: ast.Module, known: Signatures | None
) -> tuple[str, ast.Module, list[Finding]]:
    """The script in the words of this Manim, as far as a table knows them."""
    text, found = other_library(text, tree)
    tree = ast.parse(text)
    if known:
        bound = bound_names(tree)
        own = bound.own - frozenset(bound.from_manim)
        edits, old = old_words(
            text,
            tree,
            names=known.names,
            attributes=known.attributes,
            own=own,
            aliases=bound.aliases,
        )
        text = edited(text, edits)
        found += old
        again, _ = parsed(text)
        tree = again or tree
    return text, tree, found


def _moved(findings: Iterable[Finding], lines: int) -> list[Finding]:
    """Findings of the bare script, on the lines of the one that was given."""
    return [replace(each, line=each.line + lines) if each.line else each for each in findings]


def _is_answered(finding: Finding, added: Iterable[Finding]) -> bool:
    """Is a name missing only because of an import that was added since?"""
    if finding.kind != "name" or finding.is_fixed:
        return False
    words = {each.message.split()[0] for each in added}
    return any(finding.message == f"there is no {word}" for word in words)


def _plain(code: str) -> str:
    return code.replace("\r\n", "\n").replace("\r", "\n")

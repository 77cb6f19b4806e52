"""What of a scene is set by LaTeX, also where the script does not say so."""

import ast
import importlib.util
from collections.abc import Iterator
from typing import Literal

from workbench.explain.scripts.findings import Finding
from workbench.explain.scripts.reading.signatures import Signatures, has_latex

LatexRoute = Literal["latex", "typst", ""]
"""LaTeX itself; Typst in its place; or neither."""

_CLASSES = {
    "SingleStringMathTex", "MathTex", "Tex", "Title", "BulletedList", "DecimalNumber", "Integer",
    "Variable", "Matrix", "IntegerMatrix", "DecimalMatrix", "BarChart", "MathTable",
    "IntegerTable", "DecimalTable", "BraceLabel", "BraceText", "ChangingDecimal",
}  # fmt: skip
_METHODS = {
    "add_coordinates", "add_numbers", "get_axis_labels", "get_x_axis_label", "get_y_axis_label",
    "get_z_axis_label", "get_graph_label", "get_number_mobject", "get_tex", "get_text", "get_T_label",
}  # fmt: skip
_SWITCHES = {"include_numbers", "numbers_to_include"}

INSTALL = "pip install 'nova-workbench[equations]' or install LaTeX with dvisvgm"


def latex_route() -> LatexRoute:
    """How formulas are set on this machine."""
    if has_latex():
        return "latex"
    has_typst = all(importlib.util.find_spec(name) for name in ("typst", "tex2typst"))
    return "typst" if has_typst else ""


def latex_findings(tree: ast.Module, known: Signatures | None, route: LatexRoute) -> list[Finding]:
    """Where LaTeX would be needed, if it is not here."""
    if route == "latex":
        return []
    classes = _CLASSES | (known.kin("MathTex") if known else frozenset())
    said: set[str] = set()
    found = []
    for what, line in sorted(_uses(tree, classes), key=lambda use: use[1]):
        if what in said:
            continue
        said.add(what)
        if route == "typst":
            message = f"{what} is set by Typst: there is no LaTeX here"
            hint = "formulas look a little different, and parts of them may not be coloured apart"
            found.append(Finding("latex", line, message, hint, is_error=False))
        else:
            found.append(Finding("latex", line, f"{what} needs LaTeX, which is not here", INSTALL))
    return found


def _uses(tree: ast.Module, classes: set[str]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            func = node.func
            name = func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
            if name in classes or (name in _METHODS and isinstance(func, ast.Attribute)):
                yield name, node.lineno
            for each in node.keywords:
                if each.arg in _SWITCHES and _is_on(each.value):
                    yield f"{name or 'a call'} with {each.arg}", each.value.lineno
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                word = key.value if isinstance(key, ast.Constant) else ""
                if word in _SWITCHES and key is not None and _is_on(value):
                    yield f"{word} of an axis", key.lineno


def _is_on(node: ast.expr) -> bool:
    return not (isinstance(node, ast.Constant) and not node.value)

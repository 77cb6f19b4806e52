"""Write down what the installed Manim offers: names, classes, their keywords, methods, attributes.

A program of its own: importing Manim takes a second and a half and two hundred megabytes, so it is
done once for each version, in a process that ends.

    python introspect.py signatures.json
"""

import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

PASSED_ON = {"self", "cls", "args", "kwargs"}


def main(target: str) -> None:
    """Write the file."""
    import manim

    names: dict[str, Any] = {}
    exec("from manim import *", names)  # noqa: S102 - what a script sees, and nothing else
    names = {name: value for name, value in names.items() if not name.startswith("__")}
    classes = {n: v for n, v in names.items() if inspect.isclass(v)}
    every = {base for value in classes.values() for base in value.__mro__ if base is not object}
    sources: dict[str, dict[str, set[str]]] = {}
    data = {
        "manim": manim.__version__,
        "names": sorted(names),
        "module_names": sorted(name for name in dir(manim) if not name.startswith("__")),
        "classes": {name: described(value) for name, value in sorted(classes.items())},
        "own": {base.__qualname__: own_things(base, sources) for base in every},
        "functions": {
            name: parameters(value)
            for name, value in sorted(names.items())
            if inspect.isfunction(value)
        },
        "plain": sorted({name for kind in plain_kinds() for name in dir(kind)}),
    }
    Path(target).write_text(json.dumps(data), encoding="utf-8")


def plain_kinds() -> tuple[type, ...]:
    """What a scene holds besides the objects of Manim."""
    import io
    import random

    import numpy as np

    of_python = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, range, slice)
    return (*of_python, np.ndarray, np.generic, random.Random, io.TextIOWrapper, Path, type(main))


def described(kind: type) -> dict[str, Any]:
    """One class: what it is made from, and the keywords of its `__init__`."""
    words: list[str] = []
    is_open = True
    for base in kind.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        found, is_open = parameters(vars(base)["__init__"])
        named, is_elsewhere = passed_on(vars(base)["__init__"])
        words += [word for word in (*found, *named) if word not in words]
        if not is_open or is_elsewhere:
            break
    bases = [base.__qualname__ for base in kind.__mro__ if base is not object]
    return {"bases": bases, "words": words, "open": is_open}


def own_things(kind: type, sources: dict[str, dict[str, set[str]]]) -> dict[str, Any]:
    """What a class has itself: methods with their keywords, and attributes."""
    methods = {}
    for name, value in vars(kind).items():
        function = getattr(value, "__func__", value)
        if inspect.isfunction(function) and not name.startswith("_"):
            methods[name] = [*parameters(function), returns_self(function)]
    attributes = {*vars(kind), *assigned(kind, sources)}
    return {
        "methods": methods,
        "attributes": sorted(name for name in attributes if not name.startswith("__")),
    }


def parameters(function: Any) -> tuple[list[str], bool]:
    """Names a caller may use, and whether any other is taken as well."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return [], True
    kinds = inspect.Parameter
    taken = [
        each.name
        for each in signature.parameters.values()
        if each.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
        and each.name not in PASSED_ON
    ]
    is_open = any(each.kind is kinds.VAR_KEYWORD for each in signature.parameters.values())
    return taken, is_open


def passed_on(function: Any) -> tuple[list[str], bool]:
    """Keywords an `__init__` takes out of its `**kwargs`, and whether others get them than its bases."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return [], False
    named: list[str] = []
    is_elsewhere = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            of = getattr(node.func, "value", None)
            if getattr(of, "id", "") == "kwargs" and node.args:
                named += [str(getattr(node.args[0], "value", ""))]
            values = [each.value for each in node.keywords if each.arg is None]
            if getattr(node.func, "attr", "") != "__init__":
                is_elsewhere |= any(getattr(each, "id", "") == "kwargs" for each in values)
        elif isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "kwargs":
            named += [str(getattr(node.slice, "value", ""))]
    return named, is_elsewhere


def returns_self(function: Any) -> bool:
    """Does a call give the same object back?"""
    said = getattr(function, "__annotations__", {}).get("return", "")
    return str(said).strip("'\"") in {"Self", "typing_extensions.Self", "typing.Self"}


def assigned(kind: type, sources: dict[str, dict[str, set[str]]]) -> set[str]:
    """Attributes that a class gives to its objects: whatever it writes to `self`."""
    module = sys.modules.get(kind.__module__)
    if module is None or not kind.__module__.startswith("manim"):
        return set()
    if kind.__module__ not in sources:
        sources[kind.__module__] = {}
        try:
            tree = ast.parse(inspect.getsource(module))
        except (OSError, TypeError, SyntaxError):
            return set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                sources[kind.__module__][node.name] = written(node)
    return sources[kind.__module__].get(kind.__name__, set())


def written(node: ast.ClassDef) -> set[str]:
    """Names in `self.name = …` and `x.name = …` inside of a class."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store)
    }


if __name__ == "__main__":
    main(sys.argv[1])

"""Names, keywords and attributes of a script against those of the installed Manim.

Nothing is run and Manim is not imported. What is not known for sure (an object out of another
library, a function that takes any keyword) raises no alarm.
"""

import ast
import builtins
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from workbench.explain.scripts.findings import Finding
from workbench.explain.scripts.reading.fixes import (
    MANUAL,
    USUAL,
    Edit,
    column_of,
    keyword_for,
    likeness,
    nearest,
)
from workbench.explain.scripts.reading.signatures import Signatures

MOST_FINDINGS = 100
"""Whoever has made more mistakes begins again."""

MOST_SUGGESTED = 30
"""Words for which a better one is looked for: it takes a hundredth of a second each."""

SURE = 0.8
"""Likeness from which an unknown attribute of an unknown object is a slip of the pen."""

_ANY: tuple[frozenset[str], bool, str] = (frozenset(), True, "")
"""What takes any keyword, as far as can be said."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Bound:
    """What the names of a script stand for."""

    own: frozenset[str]
    """Names the script makes: variables, functions, classes, imports from elsewhere."""
    elsewhere: frozenset[str]
    """Those of them that come from other libraries."""
    aliases: frozenset[str]
    """What it calls the module `manim`."""
    from_manim: dict[str, str]
    """Names it takes out of Manim one by one → what Manim calls them."""
    is_star: bool
    attributes: frozenset[str]
    """Attributes and methods that the script gives to objects."""


def bound_names(tree: ast.Module) -> Bound:
    """What the names of a script stand for."""
    names = _Names()
    names.visit(tree)
    return Bound(
        frozenset(names.own | names.elsewhere),
        frozenset(names.elsewhere),
        frozenset(names.aliases),
        names.from_manim,
        names.is_star,
        frozenset(names.attributes),
    )


class _Names(ast.NodeVisitor):
    """Collects what a script binds, in every scope of it."""

    def __init__(self) -> None:
        self.own: set[str] = set()
        self.elsewhere: set[str] = set()
        self.aliases: set[str] = set()
        self.from_manim: dict[str, str] = {}
        self.attributes: set[str] = set()
        self.is_star = False

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            first = alias.name.split(".")[0]
            kept = self.aliases if first == "manim" else self.elsewhere
            kept.add(alias.asname or first)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.is_star |= (node.module or "").startswith("manim")
            elif node.module == "manim":
                self.from_manim[alias.asname or alias.name] = alias.name
            else:
                self.elsewhere.add(alias.asname or alias.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for line in node.body:
            targets = line.targets if isinstance(line, ast.Assign) else []
            targets = [line.target] if isinstance(line, ast.AnnAssign) else targets
            self.attributes |= {each.id for each in targets if isinstance(each, ast.Name)}
        self._made(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._made(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._made(node)

    def _made(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.own.add(node.name)
        self.attributes.add(node.name)
        self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Names in assignments, arguments, handlers and patterns."""
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            self.own.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            self.attributes.add(node.attr)
        elif isinstance(node, ast.arg):
            self.own.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            self.own.add(node.name)
        super().generic_visit(node)


@dataclass(slots=True)
class NameCheck:
    """One look through a script."""

    code: str
    tree: ast.Module
    known: Signatures
    bound: Bound
    found: list[Finding] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    """Keywords that were surely meant otherwise, and the base of a scene whose camera moves."""
    _told: set[str] = field(default_factory=set)
    _nears: dict[str, str] = field(default_factory=dict)
    _foreign: set[str] = field(default_factory=set)
    """Variables that hold things out of other libraries."""

    def run(self) -> None:
        """Look through all of it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and self._is_elsewhere(node.value):
                self._foreign |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        self._imports()
        self._scope(self.tree, {})
        self._named()

    def _say(self, finding: Finding) -> None:
        """Every fault once: the same word on twenty lines is one mistake."""
        if finding.message not in self._told and len(self.found) < MOST_FINDINGS:
            self._told.add(finding.message)
            self.found.append(finding)

    def _near(self, word: str, allowed: Collection[str]) -> str:
        """What was probably meant; looked for while the mistakes are few, for it takes long."""
        if word not in self._nears and len(self._nears) < MOST_SUGGESTED:
            self._nears[word] = nearest(word, allowed)
        return self._nears.get(word, "")

    def _imports(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module == "manim":
                for alias in node.names:
                    if alias.name != "*" and alias.name not in self.known.module_names:
                        self._unknown(alias.name, node.lineno)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id == "CONFIG":
                        said = "CONFIG is another Manim's way and changes nothing here"
                        self._say(Finding("old", node.lineno, said, MANUAL["CONFIG"]))

    def _named(self) -> None:
        bound = self.bound
        known = {*bound.own, *bound.from_manim, *bound.aliases, *dir(builtins), "__file__"}
        if bound.is_star:
            known |= self.known.names
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Name) or node.id in known:
                continue
            if isinstance(node.ctx, ast.Load):
                self._unknown(node.id, node.lineno)

    def _unknown(self, name: str, line: int) -> None:
        hint = MANUAL.get(name, "")
        if not hint:
            near = self._near(name, self.known.names | self.bound.own)
            hint = f"did you mean {near}?" if near else "it is neither defined nor imported"
        self._say(Finding("old" if name in MANUAL else "name", line, f"there is no {name}", hint))

    def _scope(self, node: ast.AST, outer: dict[str, str]) -> None:
        """Look through a function or the module, with what its variables surely are."""
        inside = {**outer, **self._variables(node, outer)}
        for child in _own_nodes(node):
            if isinstance(child, ast.ClassDef):
                base = self._base_of(child)
                self._scope(child, {**inside, "self": base} if base else inside)
            elif isinstance(child, _SCOPES):
                taken = {arg.arg for arg in ast.walk(child.args) if isinstance(arg, ast.arg)}
                taken.discard("self")
                kept = {name: kind for name, kind in inside.items() if name not in taken}
                self._scope(child, kept)
            elif isinstance(child, ast.Call):
                self._call(child, inside)
            elif isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Load):
                self._attribute(child, inside)

    def _variables(self, node: ast.AST, outer: dict[str, str]) -> dict[str, str]:
        """Variables that are assigned one kind of object only, everywhere in a scope."""
        kinds: dict[str, set[str]] = {}
        plain: set[int] = set()
        nodes = list(_own_nodes(node))
        for child in nodes:
            if isinstance(child, ast.Assign) and len(child.targets) == 1:
                target = child.targets[0]
                if isinstance(target, ast.Name):
                    plain.add(id(target))
                    sure = {name: next(iter(k)) for name, k in kinds.items() if len(k) == 1}
                    kind = self._kind(child.value, {**outer, **sure})
                    kinds.setdefault(target.id, set()).add(kind)
        for child in nodes:
            if not isinstance(child, ast.Name) or id(child) in plain:
                continue
            if isinstance(child.ctx, ast.Store):
                kinds.setdefault(child.id, set()).add("")
        return {name: next(iter(kind)) if len(kind) == 1 else "" for name, kind in kinds.items()}

    def _base_of(self, node: ast.ClassDef) -> str:
        """The class of Manim that a class of the script is made from; empty if there is none."""
        classes = {n.name: n for n in ast.walk(self.tree) if isinstance(n, ast.ClassDef)}
        for _ in range(10):
            if len(node.bases) != 1:
                return ""
            name = self._manim_class(node.bases[0])
            if name:
                return name
            base = node.bases[0]
            if not (isinstance(base, ast.Name) and base.id in classes):
                return ""
            node = classes[base.id]
        return ""

    def _manim_name(self, node: ast.expr) -> str:
        """What Manim calls it; empty where it is not out of Manim."""
        if isinstance(node, ast.Name):
            if node.id in self.bound.own:
                return ""
            return self.bound.from_manim.get(node.id, node.id if self.bound.is_star else "")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if node.value.id in self.bound.aliases else ""
        return ""

    def _manim_class(self, node: ast.expr) -> str:
        name = self._manim_name(node)
        return name if name in self.known.classes else ""

    def _kind(self, node: ast.expr, kinds: dict[str, str]) -> str:
        """The class of an expression; empty where it is not sure."""
        if isinstance(node, ast.Name):
            return kinds.get(node.id, "")
        if isinstance(node, ast.Attribute):
            return self._kind(node.value, kinds) if node.attr == "animate" else ""
        if not isinstance(node, ast.Call):
            return ""
        if not isinstance(node.func, ast.Attribute) or self._manim_class(node.func):
            return self._manim_class(node.func)
        of = self._kind(node.func.value, kinds)
        method = self.known.method(of, node.func.attr) if of else None
        is_same = node.func.attr == "copy" or (method is not None and method.returns_self)
        return of if is_same else ""

    def _call(self, node: ast.Call, kinds: dict[str, str]) -> None:
        words, is_open, title = self._taken(node, kinds)
        if is_open or not title:
            return
        for each in node.keywords:
            if each.arg is None or each.arg in words:
                continue
            meant = keyword_for(each.arg, words) if len(self.edits) < MOST_FINDINGS else ""
            said = f"{title} does not take {each.arg}"
            if meant and not any(other.arg == meant for other in node.keywords):
                column = column_of(self.code, each)
                self.edits.append(Edit(each.lineno, column, each.arg, meant))
                fixed = Finding("keyword", each.lineno, said, f"it became {meant}", is_fixed=True)
                self._say(fixed)
            else:
                near = self._near(each.arg, words)
                hint = f"did you mean {near}?" if near else ""
                self._say(Finding("keyword", each.lineno, said, hint))

    def _taken(self, node: ast.Call, kinds: dict[str, str]) -> tuple[frozenset[str], bool, str]:
        """Keywords a call may have, whether it may have any, and what is called."""
        name = self._manim_name(node.func)
        if name in self.known.classes:
            kind = self.known.classes[name]
            return kind.words, kind.is_open, name
        if name in self.known.functions:
            return *self.known.functions[name], name
        if name or not isinstance(node.func, ast.Attribute) or self._is_elsewhere(node.func):
            return _ANY
        return self._method_takes(node.func, kinds)

    def _method_takes(
        self, node: ast.Attribute, kinds: dict[str, str]
    ) -> tuple[frozenset[str], bool, str]:
        method = node.attr
        of = self._kind(node.value, kinds)
        if method in self.bound.attributes:
            return _ANY
        taken = self.known.method(of, method) if of else None
        if taken:
            words, is_open = taken.words, taken.is_open
            if method == "play" and of in self.known.kin("Scene"):
                words, is_open = words | self.known.animation_words, False
            return words, is_open, f"{of}.{method}"
        if of or method in self.known.plain:
            return _ANY
        words, is_open = self.known.method_words(method)
        return words, is_open, method if words else ""

    def _attribute(self, node: ast.Attribute, kinds: dict[str, str]) -> None:
        name = node.attr
        if name in self.bound.attributes or name.startswith("__") or self._is_elsewhere(node):
            return
        if isinstance(node.value, ast.Name) and node.value.id in self.bound.aliases:
            if name not in self.known.module_names:
                self._unknown(name, node.lineno)
            return
        of = self._kind(node.value, kinds)
        self._camera(node, kinds)
        has = self.known.attributes_of(of) if of else self.known.attributes | self.known.plain
        stem = name[4:] if name.startswith(("get_", "set_")) else ""
        if name in has or (stem and (stem in has or stem in self.bound.attributes)):
            return
        near = self._near(name, {each for each in has if not each.startswith("_")})
        hint = f"did you mean {near}?" if near else ""
        if of:
            self._say(Finding("attribute", node.lineno, f"{of} has no {name}", hint))
        else:
            said = f"nothing in Manim has {name}"
            is_sure = bool(near) and likeness(name, near) >= SURE
            self._say(Finding("attribute", node.lineno, said, hint, is_error=is_sure))

    def _camera(self, node: ast.Attribute, kinds: dict[str, str]) -> None:
        """`self.camera.frame` needs a scene whose camera can move."""
        of = kinds.get("self", "")
        value = node.value
        if node.attr != "frame" or not of or not isinstance(value, ast.Attribute):
            return
        is_camera = value.attr == "camera" and isinstance(value.value, ast.Name)
        moving = self.known.kin("MovingCameraScene")
        if not is_camera or not moving or of in moving or of not in self.known.kin("Scene"):
            return
        said = "the camera of a plain Scene cannot move"
        for each in ast.walk(self.tree):
            if isinstance(each, ast.ClassDef) and len(each.bases) == 1 and of == "Scene":
                base = each.bases[0]
                if isinstance(base, ast.Name) and base.id == "Scene":
                    column = column_of(self.code, base)
                    self.edits.append(Edit(base.lineno, column, "Scene", "MovingCameraScene"))
        is_fixed = of == "Scene" and self.bound.is_star
        hint = "it became a MovingCameraScene" if is_fixed else "derive from MovingCameraScene"
        self._say(Finding("structure", node.lineno, said, hint, is_fixed=is_fixed))

    def _is_elsewhere(self, node: ast.expr) -> bool:
        """Does it come out of another library, or out of a module that Manim hands on?"""
        root: ast.expr = node
        while True:
            if isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            elif isinstance(root, ast.Call):
                root = root.func
            elif not isinstance(root, ast.Name):
                return False
            elif root.id in self.bound.elsewhere | self._foreign:
                return True
            else:
                # `np`, `config` and the like: things of Manim that are neither class nor function.
                is_made = root.id in self.known.classes or root.id in self.known.functions
                is_given = root.id in self.known.names and not is_made
                return (is_given or root.id in USUAL) and root.id not in self.bound.own


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Everything inside of a scope, but not inside of the functions and classes in it."""
    waiting = list(ast.iter_child_nodes(scope))
    waiting.reverse()
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_SCOPES, ast.ClassDef)):
            children = list(ast.iter_child_nodes(node))
            waiting.extend(reversed(children))

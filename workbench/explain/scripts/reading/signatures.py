"""What the installed Manim offers, asked once for each of its versions and kept as JSON.

Manim itself is imported only in a process of its own.
"""

import functools
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import ToolError
from workbench.explain.animation.availability import manim_version, require_manim
from workbench.explain.sandbox.running import run_sandboxed
from workbench.media.outputs import atomic_output

FORM = 1
"""Number of the file's form: another number asks Manim again."""


@dataclass(frozen=True, slots=True)
class Known:
    """A class of Manim."""

    bases: tuple[str, ...]
    """Its own name first."""
    words: frozenset[str]
    """Keywords of its `__init__`, with those that are passed on."""
    is_open: bool
    """Does it take any other keyword too?"""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a class of Manim."""

    words: frozenset[str]
    is_open: bool
    """Does it take any other keyword too?"""
    returns_self: bool


class Signatures:
    """Names, classes and functions of one version of Manim.

    Args:
        data: What `inside/introspect.py` has written.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.version: str = data["manim"]
        self.names = frozenset[str](data["names"])
        """What `from manim import *` gives."""
        self.module_names = frozenset[str](data["module_names"])
        """What `manim.…` has."""
        self.plain = frozenset[str](data["plain"])
        """Attributes of text, numbers, lists and arrays."""
        self.classes = {
            name: Known(tuple(each["bases"]), frozenset(each["words"]), each["open"])
            for name, each in data["classes"].items()
        }
        self.functions: dict[str, tuple[frozenset[str], bool]] = {
            name: (frozenset(words), is_open)
            for name, (words, is_open) in data["functions"].items()
        }
        self._own: dict[str, dict[str, Any]] = data["own"]
        self._attributes: dict[str, frozenset[str]] = {}
        self._kin: dict[str, frozenset[str]] = {}
        self._words: dict[str, tuple[frozenset[str], bool]] = {}

    @functools.cached_property
    def attributes(self) -> frozenset[str]:
        """Every attribute that any object of Manim has."""
        return frozenset(name for own in self._own.values() for name in own["attributes"])

    @functools.cached_property
    def animation_words(self) -> frozenset[str]:
        """Keywords that an animation can take: what `play` passes on."""
        every = (self.classes[name].words for name in self.kin("Animation"))
        return frozenset[str]().union(*every)

    def kin(self, base: str) -> frozenset[str]:
        """The classes that are of this kind."""
        if base not in self._kin:
            every = (name for name, known in self.classes.items() if base in known.bases)
            self._kin[base] = frozenset(every)
        return self._kin[base]

    def attributes_of(self, kind: str) -> frozenset[str]:
        """What an object of a class has."""
        if kind not in self._attributes:
            bases = [self._own[base]["attributes"] for base in self.classes[kind].bases]
            self._attributes[kind] = frozenset[str]().union(*bases)
        return self._attributes[kind]

    def method(self, kind: str, name: str) -> Method | None:
        """A method of a class; None where it has none of that name."""
        for base in self.classes[kind].bases:
            if name in self._own[base]["methods"]:
                words, is_open, returns_self = self._own[base]["methods"][name]
                return Method(frozenset(words), is_open, returns_self)
        return None

    def method_words(self, name: str) -> tuple[frozenset[str], bool]:
        """Keywords that any class's method of this name takes, and whether one takes all."""
        if name not in self._words:
            every = [own["methods"][name] for own in self._own.values() if name in own["methods"]]
            words = frozenset[str]().union(*(words for words, _, _ in every))
            self._words[name] = words, any(is_open for _, is_open, _ in every)
        return self._words[name]


def has_latex() -> bool:
    """Can LaTeX set formulas here?"""
    return bool(shutil.which("latex") and shutil.which("dvisvgm"))


def signatures(folder: Path | None = None) -> Signatures:
    """What the installed Manim offers.

    Args:
        folder: Where it is kept; without one in the user's own folder for such files.

    Raises:
        NotInstalled: There is no Manim.
        ToolError: Manim cannot be imported.
    """
    require_manim()
    folder = folder or Path.home() / ".cache" / "nova-workbench"
    return _read(folder / f"manim-{manim_version()}-{FORM}.json")


@functools.lru_cache(maxsize=4)
def _read(path: Path) -> Signatures:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        data = _asked(path)
    return Signatures(data)


def _asked(path: Path) -> Any:
    """Ask Manim, in a process of its own; what runs there is ours, so it needs no walls."""
    program = Path(__file__).parent.parent / "inside" / "introspect.py"
    with tempfile.TemporaryDirectory(prefix="manim-") as folder:
        work = Path(folder)
        shutil.copy(program, work)
        words = [sys.executable, "introspect.py", "signatures.json"]
        ran = run_sandboxed(words, work, layer="off")
        answer = work / "signatures.json"
        if ran.returncode != 0 or not answer.is_file():
            last = ran.output.strip().splitlines()[-1:] or [ran.stopped or "no word"]
            raise ToolError(
                f"Manim cannot be imported: {last[0][:300]}",
                hint="`workbench doctor` says what it needs",
            )
        text = answer.read_text(encoding="utf-8")
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return json.loads(text)

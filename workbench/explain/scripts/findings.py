"""What is found in a scene: one line each, of a kind, with a next step."""

from dataclasses import dataclass
from typing import Literal

FindingKind = Literal[
    "text", "syntax", "structure", "reach", "name", "keyword", "attribute", "old", "latex",
    "layout", "run", "limit", "picture",
]  # fmt: skip
"""`old` is another Manim's way of saying it; `reach` is a hand put out of the work folder."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a scene that somebody should know."""

    kind: FindingKind
    line: int
    """Line of the script, from 1; 0 for the whole of it."""
    message: str
    hint: str = ""
    """What to do, or what was probably meant."""
    is_error: bool = True
    """Does it keep the scene from being rendered? Else it is a warning."""
    is_fixed: bool = False
    """Was it put right by the table of fixes?"""

    @property
    def is_open(self) -> bool:
        """Has somebody to change the script before it can be rendered?"""
        return self.is_error and not self.is_fixed

    def __str__(self) -> str:
        """One line for people and models.

        Example:
            >>> str(Finding("name", 3, "there is no MCircle", "did you mean Circle?"))
            'line 3: there is no MCircle (did you mean Circle?)'
        """
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.message}" + (f" ({self.hint})" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Checked:
    """A script after the checks that need no run."""

    findings: tuple[Finding, ...]
    """In the order of their lines; lines count in the script as it was given."""
    fixed_code: str
    """The script without fences, with the fixes of the table."""
    diff: str
    """From the script as it was given to the fixed one; empty where nothing was changed."""
    class_name: str = ""
    """The scene to render; empty where there is not exactly one."""

    @property
    def is_ready(self) -> bool:
        """May it be run?"""
        return not any(finding.is_open for finding in self.findings)

    @property
    def fixes(self) -> tuple[Finding, ...]:
        """What was put right."""
        return tuple(finding for finding in self.findings if finding.is_fixed)

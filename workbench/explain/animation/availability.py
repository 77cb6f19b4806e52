"""Is Manim here, and how it comes to be."""

import importlib.util
from importlib.metadata import PackageNotFoundError, version

from workbench.errors import NotInstalled

HEADERS = "apt-get install -y libcairo2-dev libpango1.0-dev pkg-config"
INSTALL = f"{HEADERS} && pip install 'nova-workbench[explainer,equations]'"


def is_available() -> bool:
    """Can Manim draw here?

    Looks for its packages and imports none of them.
    """
    return all(importlib.util.find_spec(name) for name in ("manim", "manimpango", "cairo"))


def manim_version() -> str:
    """The version of Manim that is installed; empty if there is none."""
    try:
        return version("manim") if is_available() else ""
    except PackageNotFoundError:
        return ""


def require_manim() -> None:
    """See that Manim is there.

    Raises:
        NotInstalled: It is not; the hint is the line that installs it.
    """
    if not is_available():
        raise NotInstalled("Manim is not installed, so nothing can be drawn by it", hint=INSTALL)

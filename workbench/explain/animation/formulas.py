"""By what an equation in LaTeX's notation is drawn: Typst, else ziamath, else LaTeX itself."""

import importlib.util
import shutil
from dataclasses import dataclass
from typing import Literal

from workbench.explain.cards.equations import in_typst

Route = Literal["typst", "ziamath", "latex"]


@dataclass(frozen=True, slots=True)
class Written:
    """An equation in the notation of what draws it."""

    route: Route
    code: str


def written(latex: str) -> tuple[Written | None, str]:
    """An equation as the first that can draw it here takes it.

    Returns:
        The equation, and nothing; or None, and why nothing can draw it.
    """
    plain = latex.strip().strip("$")
    typst, why = in_typst(plain)
    if typst is not None:
        return Written("typst", typst), ""
    if _ziamath_draws(plain):
        return Written("ziamath", plain), ""
    if shutil.which("latex") and shutil.which("dvisvgm"):
        return Written("latex", plain), ""
    return None, why


def _ziamath_draws(latex: str) -> bool:
    if importlib.util.find_spec("ziamath") is None:
        return False
    import ziamath  # type: ignore[import-not-found, import-untyped, unused-ignore]

    try:
        ziamath.Latex(latex)
    except Exception:  # noqa: BLE001 - it raises bare errors of many kinds for bad formulas
        return False
    return True

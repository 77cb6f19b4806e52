"""What a confined program may read: the interpreter, its packages, and the system's programs.

All of it is looked up, once in each process. No folder that holds a home is ever among it.
"""

import functools
import os
import shutil
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Programs and libraries; on most systems all but the first are links into it."""

LOOKED_UP = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
    "/etc/fonts", "/var/cache/fontconfig", "/etc/localtime",
    "/etc/texmf", "/var/lib/texmf", "/var/cache/fonts",
    "/sys/devices/system/cpu",
)  # fmt: skip
"""What programs look up about the system: libraries, fonts, LaTeX, processors."""

DRAWING_PROGRAMS = ("latex", "dvisvgm", "typst")


def package_folder() -> Path:
    """The package itself, and not the checkout around it, which may hold keys and films."""
    return Path(__file__).resolve().parents[2]


@functools.cache
def interpreter_paths() -> tuple[Path, ...]:
    """Where the interpreter that runs now, and the packages it uses, lie."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    named = [
        sys.prefix,
        sys.exec_prefix,
        sys.base_prefix,
        sys.base_exec_prefix,
        *(sysconfig.get_path(kind) for kind in kinds),
        str(Path(sys.executable).resolve().parent.parent),
    ]
    if site.ENABLE_USER_SITE:
        named.append(site.getusersitepackages())
    return tuple(existing(named))


def readable_paths(more: Sequence[Path] = ()) -> list[Path]:
    """All that may be read.

    Args:
        more: What this one program may read beside that.
    """
    return [*_usual_paths(), *existing(map(str, more))]


@functools.cache
def _usual_paths() -> tuple[Path, ...]:
    programs = [shutil.which(name) for name in DRAWING_PROGRAMS]
    trees = [str(Path(program).resolve().parents[2]) for program in programs if program]
    named = [*LOOKED_UP, *trees, str(package_folder())]
    system = [Path(name) for name in SYSTEM if Path(name).exists()]
    return tuple(outermost([*system, *interpreter_paths(), *existing(named)]))


def existing(named: Iterable[str]) -> list[Path]:
    """Paths that are there, as named and as resolved; none that holds a home folder.

    Example:
        >>> existing(["/", "/no/such/folder"])
        []
    """
    found: dict[Path, None] = {}
    for name in named:
        for path in (Path(os.path.abspath(name)), Path(name).resolve()):  # noqa: PTH100 (links stay)
            if path.exists() and not Path.home().is_relative_to(path):
                found[path] = None
    return list(found)


def outermost(paths: Iterable[Path]) -> list[Path]:
    """Paths without those that lie in another of them, in order.

    Example:
        >>> [str(path) for path in outermost([Path("/usr/lib"), Path("/usr"), Path("/etc/fonts")])]
        ['/usr', '/etc/fonts']
    """
    given = list(dict.fromkeys(paths))
    return [
        path for path in given if not any(path != one and path.is_relative_to(one) for one in given)
    ]

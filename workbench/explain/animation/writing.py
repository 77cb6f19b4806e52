"""Calls and literals as Python source that people can read."""

from collections.abc import Iterator

WIDTH = 92
"""Letters of a line before it is divided."""

INDENT = "    "


def call(name: str, *values: object, **named: object) -> list[str]:
    """A call as lines of source; arguments without a value are left out.

    Example:
        >>> call("stage.show", "a", size=3, align=None, enter=[])
        ["stage.show('a', size=3)"]
    """
    arguments = [literal(value) for value in values]
    arguments += [
        f"{key}={literal(value)}" for key, value in named.items() if value not in (None, [], ())
    ]
    whole = f"{name}({', '.join(arguments)})"
    if len(whole) <= WIDTH:
        return [whole]
    lines = [f"{name}("]
    for argument in arguments:
        lines += [INDENT + line for line in _divided(f"{argument},")]
    return [*lines, ")"]


def literal(value: object) -> str:
    """A value as source: numbers short, texts as literals that are nothing else.

    Halves of letters are left out: Python compiles no source that holds them.

    Example:
        >>> print(literal((1.0, 2.345, "it's")), literal(["x"]))
        (1, 2.345, "it's") ['x']
    """
    if isinstance(value, float):
        rounded = round(value, 4)
        return repr(int(rounded) if rounded == int(rounded) else rounded)
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if type(value) is str:
        value = "".join(letter for letter in value if not "\ud800" <= letter <= "\udfff")
    return repr(value)


def _divided(line: str) -> Iterator[str]:
    """A long row of points as several lines, divided between points."""
    pieces = line.split("), (")
    if len(line) <= WIDTH or len(pieces) < 2 or not line.startswith("(("):
        yield line
        return
    now = ""
    for index, piece in enumerate(pieces):
        said = piece if index == 0 else f"({piece}"
        said = said if index == len(pieces) - 1 else f"{said}),"
        if now and len(now) + len(said) > WIDTH - 8:
            yield now
            now = said
        else:
            now = f"{now} {said}" if now else said
    yield now

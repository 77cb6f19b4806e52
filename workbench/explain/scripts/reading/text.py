"""A script as text: fences around it, its size, and whether it is Python at all."""

import ast
import re

from workbench.explain.scripts.findings import Finding

LARGEST_LETTERS = 60_000
"""A scene of a minute has about 4,000."""

_FENCED = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_OPENED = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n", re.MULTILINE)


def bare(code: str) -> tuple[str, int, tuple[Finding, ...]]:
    r"""Take the fences of Markdown and the talk around them off a script.

    Args:
        code: What a model or a person gave.

    Returns:
        The script, how many lines were before it, and what was found.

    Example:
        >>> text, before, found = bare("Here it is:\n```python\nx = 1\n```\n")
        >>> text, before, found[0].message
        ('x = 1\n', 2, 'Markdown around the script was taken off')
    """
    code = code.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not code.strip():
        return "", 0, (Finding("text", 0, "the script is empty", "write a scene"),)
    if len(code) > LARGEST_LETTERS:
        said = f"the script has {len(code):,} letters; a scene may have {LARGEST_LETTERS:,}"
        return "", 0, (Finding("text", 0, said, "divide it into scenes"),)
    if "\0" in code:
        return "", 0, (Finding("text", 0, "the script has a zero byte", "give it as plain text"),)
    fenced = max(_FENCED.finditer(code), key=lambda match: len(match[2]), default=None)
    start, body = (fenced.start(2), fenced[2]) if fenced else (0, code)
    if fenced is None and (opened := _OPENED.match(code.lstrip("\n"))):
        # A reply that was cut has no closing fence.
        start = len(code) - len(code.lstrip("\n")) + opened.end()
        body = code[start:]
    if start == 0:
        return _ended(body), 0, ()
    before = code.count("\n", 0, start)
    found = Finding(
        "text", before, "Markdown around the script was taken off", is_error=False, is_fixed=True
    )
    return _ended(body), before, (found,)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def parsed(code: str) -> tuple[ast.Module | None, tuple[Finding, ...]]:
    """The script's tree; or None, and where it cannot be read."""
    try:
        return ast.parse(code), ()
    except SyntaxError as error:
        said = f"this is no Python: {error.msg}"
        text = (error.text or "").strip()
        return None, (Finding("syntax", error.lineno or 0, said, text[:120]),)
    except (ValueError, RecursionError, MemoryError) as error:
        return None, (Finding("syntax", 0, f"this cannot be read: {type(error).__name__}"),)

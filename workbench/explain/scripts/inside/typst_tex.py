r"""Formulas without LaTeX: what `Tex` and `MathTex` ask of LaTeX is set by Typst.

Only the one function is replaced by which Manim turns a formula into a drawing, so that its classes
stay what they are, also inside of numbers, axes, matrices and tables. The parts of a formula
(`MathTex("a", "+", "b")`) stay apart where each part can be read by itself; else the formula is
drawn as one part.

Part of the program inside of the sandbox: it imports nothing of the workbench.
"""

import hashlib
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_MARK = re.compile(r"\\special\{dvisvgm:raw <(?:g id='([^']*)'|/g)>\}")
_LINE = re.compile(r"^M\s*([-\d.]+)[ ,]+([-\d.]+)\s*([hvHVlL])\s*([-\d.]+)(?:[ ,]+([-\d.]+))?\s*$")
_PAGE = """#set page(width: auto, height: auto, margin: 0pt, fill: none)
#set text(size: 10pt)
#let part(name, body) = [#box($display(body)$) #label(name)]
{body}
"""
_SVG = "{http://www.w3.org/2000/svg}"


def install() -> None:
    """Let Manim's formulas be set by Typst from now on."""
    from manim.mobject.text import tex_mobject

    setattr(tex_mobject, "tex_to_svg_file", svg_of)  # noqa: B010 - it is no name of its module


def svg_of(expression: str, environment: str | None = None, tex_template: Any = None) -> Path:
    """Set a formula or a line of text; the same arguments as Manim's own function.

    Raises:
        ValueError: It cannot be read.
    """
    del tex_template
    key = hashlib.sha256(f"{environment}\n{expression}".encode()).hexdigest()[:16]
    folder = Path("media") / "typst"
    target = folder / f"{key}.svg"
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        is_text = environment in {None, "center", "flushleft", "flushright", "minipage"}
        target.write_bytes(plain_svg(drawn(expression, is_text=is_text), part_names(expression)))
    return target


def drawn(expression: str, *, is_text: bool) -> bytes:
    """The drawing, its parts under their names; as one part if they cannot be read alone."""
    import typst  # type: ignore[import-not-found, unused-ignore]

    names = part_names(expression)
    bare = _MARK.sub("", expression)
    for body in bodies(expression, bare, names, is_text=is_text):
        try:
            page = _PAGE.replace("{body}", body() if is_text else f"$ {body()} $")
            data = typst.compile(page.encode(), format="svg")
        except Exception as error:  # noqa: BLE001 - both raise bare errors of their own
            why = " ".join(str(error).split())[:200]
            continue
        return bytes(data)
    raise ValueError(f"this formula cannot be read: {bare.strip()[:120]} ({why})")


def part_names(expression: str) -> list[str]:
    """The parts that Manim wants to find again."""
    return [name for name in _MARK.findall(expression) if name]


def bodies(expression: str, bare: str, names: list[str], *, is_text: bool) -> Any:
    """Ways to write it, best first."""
    convert = text_of if is_text else formula_of
    if names:
        yield lambda: parts_of(expression, convert, is_text=is_text)
        # Everything belongs to the first part then; the others are empty.
        yield lambda: part_of(names[0], convert(bare), is_text=is_text)
    else:
        yield lambda: convert(bare)


def parts_of(expression: str, convert: Any, *, is_text: bool) -> str:
    """A formula with its parts named; parts may lie in parts."""
    done: list[list[str]] = [[]]
    names: list[str] = []
    at = 0
    for mark in _MARK.finditer(expression):
        done[-1].append(converted(expression[at : mark.start()], convert))
        at = mark.end()
        if mark[1]:
            names.append(mark[1])
            done.append([])
        elif names:
            inside = ("" if is_text else " ").join(done.pop())
            done[-1].append(part_of(names.pop(), inside, is_text=is_text))
    done[-1].append(converted(expression[at:], convert))
    return ("" if is_text else " ").join(done[0])


def converted(piece: str, convert: Any) -> str:
    """A piece between two marks; braces that Manim puts around marks are no part of it."""
    return convert(piece) if piece.strip() and piece.strip(" {}") else ""


def part_of(name: str, inside: str, *, is_text: bool) -> str:
    """A named part."""
    if not inside.strip():
        return ""
    return f'#part("{name}")[{inside}]' if is_text else f'part("{name}", {inside})'


def formula_of(latex: str) -> str:
    """LaTeX's notation in Typst's."""
    import tex2typst  # type: ignore[import-not-found, import-untyped, unused-ignore]

    # Manim's own environment aligns lines; here that has to be said.
    is_lines = ("&" in latex or "\\\\" in latex) and "\\begin" not in latex
    return str(
        tex2typst.tex2typst(f"\\begin{{aligned}}{latex}\\end{{aligned}}" if is_lines else latex)
    )


def text_of(latex: str) -> str:
    r"""A line of LaTeX's text in Typst's notation: words, `$formulas$` and the usual commands."""
    pieces = re.split(r"(?<!\\)\$(.+?)(?<!\\)\$", latex, flags=re.DOTALL)
    said = [f"${formula_of(each)}$" if n % 2 else words_of(each) for n, each in enumerate(pieces)]
    return "".join(said)


_COMMANDS = {"textbf": "strong", "textit": "emph", "emph": "emph", "underline": "underline"}


def words_of(latex: str) -> str:
    """Words without formulas."""
    text = re.sub(r"\\([%&_#{}$])", r"\1", latex)
    text = re.sub(r"\\text(?:rm|sf|tt|normal)?\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\(?:centering|raggedright|noindent|large|Large|small|item)\b\s*", "", text)
    text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    parts = re.split(r"(\\\\|\\newline\b|\\(?:textbf|textit|emph|underline)\{[^{}]*\}|~)", text)
    said = []
    for part in parts:
        command = re.fullmatch(r"\\(\w+)\{([^{}]*)\}", part)
        if command:
            said.append(f"#{_COMMANDS[command[1]]}[{escaped(command[2])}]")
        elif part in {"\\\\", "\\newline"}:
            said.append(" \\\n")
        else:
            said.append("~" if part == "~" else escaped(part))
    return "".join(said)


def escaped(text: str) -> str:
    """Words in which Typst sees no signs of its own."""
    return re.sub(r"([\\#$*_`<>@\[\]~=/])", r"\\\1", text)


def ends_of(line: "re.Match[str]") -> tuple[tuple[float, float], tuple[float, float]]:
    """Both ends of a line as SVG writes it: `M 0 0 h 5`, `M 1 2 L 3 4`."""
    x, y, first, second = (float(line[n] or 0) for n in (1, 2, 4, 5))
    if line[3] in "hH":
        dx, dy = (first, 0.0) if line[3] == "h" else (first - x, 0.0)
    elif line[3] in "vV":
        dx, dy = (0.0, first) if line[3] == "v" else (0.0, first - y)
    else:
        dx, dy = (first, second) if line[3] == "l" else (first - x, second - y)
    return (x, y), (x + dx, y + dy)


def plain_svg(svg: bytes, names: list[str]) -> bytes:
    """A drawing as Manim takes it.

    Lines become thin boxes: Manim takes the strokes off a formula, and fractions would lose their
    bars. Every part is there, if need be with nothing in it.
    """
    tree = ElementTree.fromstring(svg)  # noqa: S314 - it comes from Typst
    for each in tree.iter():
        if name := each.attrib.pop("data-typst-label", ""):
            each.set("id", name)
        if each.tag != f"{_SVG}path" or each.get("stroke") in (None, "none"):
            continue
        line = _LINE.match(each.get("d", ""))
        if line is None:
            continue
        (x0, y0), (x1, y1) = ends_of(line)
        half = float(each.get("stroke-width", "1")) / 2
        across, along = (half, 0.0) if x0 == x1 else (0.0, half)
        corners = [
            (x0 - across, y0 - along), (x1 - across, y1 - along),
            (x1 + across, y1 + along), (x0 + across, y0 + along),
        ]  # fmt: skip
        path = " L ".join(f"{x:.4f} {y:.4f}" for x, y in corners)
        each.set("d", f"M {path} Z")
        each.set("fill", each.attrib.pop("stroke"))
        for name in ("stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit"):
            each.attrib.pop(name, None)
    there = {each.get("id") for each in tree.iter()}
    for name in names:
        if name not in there:
            ElementTree.SubElement(tree, f"{_SVG}g", {"id": name})
    ElementTree.register_namespace("", _SVG.strip("{}"))
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return ElementTree.tostring(tree)

"""Values of a formula of x, such as `sin(x) / x`: arithmetic and a few functions, nothing else."""

import ast
import math
import operator
from collections.abc import Callable

from workbench.errors import RequestError
from workbench.explain.storyboards.visuals import Curve

STEPS = 240
"""Points a formula is drawn with."""

LARGEST = 1e12
"""Values beyond are no picture any more."""

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    name: getattr(math, name)
    for name in (
        *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
        *("exp", "log", "log2", "log10", "sqrt", "fabs", "floor", "ceil"),
    )
} | {"abs": abs}
_NAMES = {"pi": math.pi, "e": math.e, "tau": math.tau}
_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def points_of(curve: Curve, x_from: float, x_to: float) -> tuple[tuple[float, float], ...]:
    """The points of a curve inside a range of x; where it has no value there is none.

    Raises:
        RequestError: The formula cannot be read.

    Example:
        >>> points_of(Curve("square", formula="x^2"), 0, 2)[-1]
        (2.0, 4.0)
        >>> len(points_of(Curve("root", formula="sqrt(x)"), -2, -1))
        0
    """
    if curve.points:
        return tuple((x, y) for x, y in curve.points if x_from <= x <= x_to and math.isfinite(y))
    tree = _parsed(curve.formula)
    found = []
    for step in range(STEPS + 1):
        x = x_from + (x_to - x_from) * step / STEPS
        try:
            y = _value(tree, x)
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
        if math.isfinite(y) and abs(y) < LARGEST:
            found.append((x, y))
    return tuple(found)


def _parsed(formula: str) -> ast.expr:
    # People and models write powers as x^2.
    try:
        tree = ast.parse(formula.replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(formula) from None
    _check(tree, formula)
    return tree


def _check(node: ast.AST, formula: str) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name) if name == "x" or name in _NAMES:
            return
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, formula)
            _check(right, formula)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            _check(operand, formula)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            _check(argument, formula)
        case _:
            raise _unreadable(formula)


def _value(node: ast.AST, x: float) -> float:
    match node:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return x if name == "x" else _NAMES[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, x), _value(right, x))
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_value(operand, x))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _FUNCTIONS[name](_value(argument, x))
    raise _unreadable(ast.dump(node))


def _unreadable(formula: str) -> RequestError:
    known = ", ".join(sorted({*_FUNCTIONS, *_NAMES}))
    return RequestError(
        f"{formula!r} is no formula of x", hint=f"use + - * / ^, numbers, x, {known}"
    )

"""Net donor density (donors less acceptors) as a sum of profiles of position."""

import ast
import math
from dataclasses import dataclass

import numpy as np

AXES = {"x": 0, "y": 1, "z": 2}


class ExpressionError(ValueError):
    """An expression cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Uniform:
    """The same everywhere; `density` in nm^-3."""

    density: float

    def __call__(self, x):
        return np.full(len(x), self.density)


@dataclass(frozen=True)
class Step:
    """below + (above - below) (1 + tanh((s - position)/width))/2 along one axis; nm^-3 and nm, width 0: abrupt."""

    axis: int
    below: float
    above: float
    position: float
    width: float

    def __call__(self, x):
        s = x[:, self.axis] - self.position
        # an abrupt junction leaves its own node half doped
        step = np.tanh(s / self.width) if self.width > 0 else np.sign(np.where(np.abs(s) < 1e-6, 0.0, s))
        return self.below + (self.above - self.below) * 0.5 * (1 + step)


@dataclass(frozen=True)
class Gaussian:
    """peak exp(-(d/decay)^2), d the distance from a box (`low`, `high`, three coordinates each); nm^-3 and nm."""

    peak: float
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    decay: float

    def __call__(self, x):
        outside = np.maximum(np.maximum(np.asarray(self.low) - x, x - np.asarray(self.high)), 0.0)
        return self.peak * np.exp(-np.sum(outside**2, axis=1) / self.decay**2)


FUNCTIONS = {
    "exp": np.exp, "ln": np.log, "sqrt": np.sqrt, "abs": np.abs, "tanh": np.tanh, "sin": np.sin, "cos": np.cos,
    "min": np.minimum, "max": np.maximum, "step": lambda a: np.heaviside(a, 0.5),
}  # fmt: skip
_OPERATORS = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """density * f(x, y, z), f an arithmetic text; x, y, z in units of `length` [nm], `density` in nm^-3."""

    text: str
    density: float
    length: float

    def __call__(self, x):
        values = evaluate(self.text, {name: x[:, k] / self.length for name, k in AXES.items()})
        if not np.all(np.isfinite(values)):
            raise ExpressionError(f"'{self.text}' is not finite everywhere in the device")
        return self.density * np.broadcast_to(values, len(x))


def evaluate(text: str, names: dict):
    """Value of an arithmetic text: numbers, the given names, pi, + - * / **, and the functions of `FUNCTIONS`.

    The text's syntax tree is walked here: nothing but these is ever called.

    Raises:
        ExpressionError: anything else is in it, or it cannot be read.
    """
    known = f"use numbers, {', '.join(names)}, pi, + - * / ** and {', '.join(FUNCTIONS)}"

    def walk(node):
        if isinstance(node, ast.Expression):
            return walk(node.body)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return float(node.value)
        if isinstance(node, ast.Name) and (node.id in names or node.id == "pi"):
            return math.pi if node.id == "pi" else names[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            return -walk(node.operand) if isinstance(node.op, ast.USub) else walk(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        called = isinstance(node, ast.Call) and not node.keywords and getattr(node.func, "id", None)
        if called in FUNCTIONS and len(node.args) == (2 if called in ("min", "max") else 1):
            return FUNCTIONS[called](*map(walk, node.args))
        shown = getattr(node, "id", None) or type(node).__name__.lower()
        raise ExpressionError(f"'{shown:.30}' cannot be used in '{text:.60}'; {known}")

    try:
        tree = ast.parse(text.strip(), mode="eval")
        with np.errstate(all="ignore"):
            return walk(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(f"'{text:.60}' is no arithmetic expression; {known}") from None


@dataclass(frozen=True)
class Doping:
    """Sum of profiles."""

    profiles: tuple

    def __call__(self, x) -> np.ndarray:
        """Net donor density [nm^-3] at (n, 3) coordinates [nm]."""
        x = np.asarray(x, dtype=float)
        return sum((profile(x) for profile in self.profiles), np.zeros(len(x)))


def doping_from_scenario(profiles, scaling) -> Doping:
    """The scenario's profiles (SI; see solver.scenario.carriers) in nm and nm^-3."""
    out = []
    for p in profiles:
        if p.profile == "uniform":
            out.append(Uniform(scaling.density(p.density)))
        elif p.profile == "tanh":
            below, above = scaling.density(p.below), scaling.density(p.above)
            out.append(Step(AXES[p.axis], below, above, p.position * 1e9, p.width * 1e9))
        elif p.profile == "gaussian":
            spans = [getattr(p, name) or (-math.inf, math.inf) for name in AXES]
            low, high = zip(*((a * 1e9, b * 1e9) for a, b in spans))
            out.append(Gaussian(scaling.density(p.peak), low, high, p.decay * 1e9))
        else:
            out.append(Expression(p.formula, scaling.density(p.density), p.length * 1e9))
    return Doping(tuple(out))

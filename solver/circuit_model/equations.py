"""The compact model's equations, written once: the same text runs in numpy, in ngspice and in Verilog-A.

One state, the gap between filament and electrode, which goes on below zero once they touch: -gap is then how far the tip has
spread on the contact. Current: a leak beside the filament, parallel to the filament, which is tunnelling across the gap in series
with the contact. Growth and dissolution: Butler-Volmer in the voltage less an offset, the filament's surface tension; growth no
faster than ions arrive; dissolution ends at the foot that forming has left.

The grammar is what the three have in common: + - * / ( ), exp, ln, names and numbers. No name may be a word of one of the
languages (Verilog-A's disciplines include `current`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

BOLTZMANN = 8.617333262e-5  # eV/K


@dataclass(frozen=True)
class Parameter:
    """A number of the model.

    Attributes:
        unit: of the value.
        start: value at which a fit begins.
        low, high: bounds of a fit; equal where the value is given, not fitted.
        meaning: in words, for the files.
    """

    unit: str
    start: float
    low: float
    high: float
    meaning: str

    @property
    def logarithmic(self) -> bool:
        """Fitted by its logarithm: positive, over decades."""
        return self.low > 0


PARAMETERS = {
    "thermal_voltage": Parameter("V", 0.025852, 0.025852, 0.025852, "kT/q"),
    "leak": Parameter("S", 5e-10, 1e-12, 1e-6, "conductance beside the filament"),
    "tunnel": Parameter("S", 1e-3, 1e-8, 1e3, "tunnelling conductance, carried on to gap 0"),
    "decay": Parameter("nm", 0.5, 0.1, 3.0, "decay length of the tunnelling conductance"),
    "contact": Parameter("S", 1e-5, 1e-9, 1.0, "contact conductance when the tip arrives"),
    "spread": Parameter("S", 2e-5, 1e-9, 1.0, "what thickening adds to it at most"),
    "spread_depth": Parameter("nm", 1.0, 0.05, 50.0, "depth at which half of it is added"),
    "touch": Parameter("nm", 0.3, 0.05, 2.0, "width over which open becomes closed"),
    "speed": Parameter("nm/s", 2.0, 1e-3, 1e4, "exchange speed of the interface"),
    "growth": Parameter("1", 0.4, 0.02, 2.0, "transfer coefficient of growth"),
    "dissolution": Parameter("1", 0.6, 0.02, 2.0, "transfer coefficient of dissolution"),
    "arrival": Parameter("nm/s", 20.0, 0.1, 1e5, "largest growth speed: ions do not arrive faster"),
    "tension": Parameter("V", 0.005, -0.05, 0.1, "voltage at which an open filament is at rest: surface tension"),
    "neck_tension": Parameter("V", 0.01, -0.05, 0.15, "the same of a closed filament's neck"),
    "neck_rate": Parameter("1", 0.3, 1e-3, 10.0, "speed of a closed filament over that of an open one"),
    "foot": Parameter("nm", 8.0, 1.0, 100.0, "gap at which dissolution ends: the foot that forming has left"),
    "foot_width": Parameter("nm", 0.2, 0.02, 2.0, "over which it ends"),
}

# name, expression, meaning; each uses v [V], gap [nm], parameters and the names above it
EQUATIONS = (
    ("opened", "1/(1+exp(-gap/touch))", "1 while there is a gap, 0 when closed"),
    ("distance", "touch*ln(1+exp(gap/touch))", "nm, the gap, 0 when closed"),
    ("depth", "touch*ln(1+exp(-gap/touch))", "nm, how far closed, 0 when open"),
    ("tunnelling", "tunnel*exp(-distance/decay)", "S"),
    ("touching", "contact+spread*depth/(depth+spread_depth)", "S"),
    ("device_current", "v*(leak+tunnelling*touching/(tunnelling+touching))", "A"),
    ("drive", "(v-opened*tension-(1-opened)*neck_tension)/thermal_voltage", "kT per charge"),
    ("forward", "speed*exp(growth*drive)", "nm/s"),
    ("backward", "speed*exp(-dissolution*drive)", "nm/s"),
    ("pinning", "1/(1+exp((gap-foot)/foot_width))", "1 above the foot, 0 at it"),
    ("mobility", "(opened+(1-opened)*neck_rate)/(1+forward/arrival)", "1"),
    ("rate", "mobility*(backward*pinning-forward)", "nm/s, d gap/dt"),
)


FUNCTIONS = ("exp", "ln")


def rewritten(expression: str, spelling: Callable[[str], str]) -> str:
    """An expression with every name put through `spelling`; functions keep theirs."""
    return re.sub(r"[A-Za-z_]\w*", lambda m: m.group() if m.group() in FUNCTIONS else spelling(m.group()), expression)


def inlined(name: str) -> str:
    """The expression of one quantity in nothing but v, gap and parameters."""
    earlier = {other: text for other, text, _ in EQUATIONS}
    return rewritten(earlier[name], lambda used: f"({inlined(used)})" if used in earlier else used)


@cache
def _code():
    return [(name, compile(text, name, "eval")) for name, text, _ in EQUATIONS]


def evaluate(parameters: dict, gap, v) -> dict:
    """Every quantity of `EQUATIONS`.

    Args:
        parameters: name -> value or array, as `PARAMETERS`.
        gap: nm; shapes broadcast.
        v: V.

    Returns:
        name -> value: "device_current" [A], "rate" [nm/s] and the rest.
    """
    scope = {"exp": np.exp, "ln": np.log, "__builtins__": {}, **parameters, "gap": gap, "v": v}
    found = {}
    for name, code in _code():
        scope[name] = found[name] = eval(code, scope)  # our own text, above
    return found

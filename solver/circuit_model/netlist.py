"""The compact model as text: a subcircuit for ngspice and a module of Verilog-A, both from `equations`."""

from __future__ import annotations

import re

from solver.circuit_model.equations import EQUATIONS, PARAMETERS, inlined, rewritten

SCALE = 1e-6  # F, of the capacitor whose voltage is the gap in nm: its current stays near that of the cell


def identifier(name: str) -> str:
    """A name that both languages take."""
    word = re.sub(r"\W", "_", name)
    return word if re.match(r"[A-Za-z]", word) else f"cell_{word}"


def _about(comment: str, origin: str) -> list[str]:
    return [f"{comment} {line}" for line in (
        f"Compact model of one memristor cell; {origin}.",
        "State: the gap between filament and electrode [nm] as a voltage; below 0 the filament touches.",
        "gap0 is the gap at the start [nm].")]


def subcircuit(name: str, parameters: dict[str, float], start: float, origin: str) -> str:
    """ngspice subcircuit `name top bottom`.

    Args:
        name: of the subcircuit.
        parameters: name -> value.
        start: gap at the start [nm].
        origin: what it was fitted to, for the first line.
    """
    terms = {"v": "v(top,bottom)", "gap": "v(gap)"}

    def written(quantity: str) -> str:
        return rewritten(inlined(quantity), lambda used: terms.get(used, f"{{{used}}}"))

    lines = [*_about("*", origin),
             "* The gap follows the default tolerances to 0.01 nm: give .options reltol=1e-5 abstol=1e-15 for currents to 1 %.",
             f".subckt {name} top bottom gap0={start:.9g}"]
    lines += [f"+ {key}={value:.9g}" for key, value in parameters.items()]
    lines += [f"* {key} = {text}; {meaning}" for key, text, meaning in EQUATIONS]
    lines += [f"Bcell top bottom I={written('device_current')}",
              f"Bgap 0 gap I={SCALE:g}*({written('rate')})",
              f"Cgap gap 0 {SCALE:g}",
              ".ic v(gap)={gap0}",
              f".ends {name}"]
    return "\n".join(lines) + "\n"


def verilog_a(name: str, parameters: dict[str, float], start: float, origin: str) -> str:
    """Verilog-A module `name(top, bottom)`; arguments as of :func:`subcircuit`."""
    lines = [*_about("//", origin), '`include "disciplines.vams"', "",
             f"module {name}(top, bottom);", "  inout top, bottom;", "  electrical top, bottom, state;",
             f"  parameter real gap0 = {start:.9g};  // nm, at the start"]
    lines += [f"  parameter real {key} = {value:.9g};  // {PARAMETERS[key].unit}, {PARAMETERS[key].meaning}"
              for key, value in parameters.items()]
    lines += ["  real " + ", ".join(["v", "gap", *(key for key, _, _ in EQUATIONS)]) + ";",
              "  analog begin", "    v = V(top, bottom);", "    gap = V(state);"]
    lines += [f"    {key} = {text};  // {meaning}" for key, text, meaning in EQUATIONS]
    lines += ["    I(top, bottom) <+ device_current;",
              f"    I(state) <+ ddt({SCALE:g}*V(state)) - {SCALE:g}*rate;",
              "    // the operating point holds the gap where it starts",
              '    if (analysis("static")) I(state) <+ 1e3*(V(state) - gap0);',
              "  end", "endmodule"]
    return "\n".join(lines) + "\n"

"""Device and measuring set-up solved together: the free terminals' voltages close the circuit.

Newton's method in these few voltages around the engine's in the fields: after each solve the exact slope of the
terminal currents is known from the last Jacobian's factors (`TerminalResponse`), the voltages take Newton's step and
the fields move along the tangent. So the engine's Newton, whichever it is, stays as it is, and the coupled scheme has
the order of the fields' (the circuit uses the same BDF formula). With one free terminal the current rises with its
voltage, and voltages already seen to be too low or too high bracket the next.
"""

import numpy as np

from solver.engines.terminal_response import TerminalResponse
from solver.physics.fields import ELECTRONS
from solver.transient import bdf
from solver.transient.circuit import TIGHT, Circuit
from solver.transient.continuation import walk
from solver.transient.records import CircuitState, Effort

NEAR = 1e-3  # kT/q: corrections below this need no new Newton iterations, `polish` follows the tangent
SETTLED = 1e-7  # kT/q: of what is left where currents are too small to judge by
ROUNDING = 1e-14  # kT/q: the voltages are as exact as they get
ROUNDS = 40  # of the outer Newton


class Closure:
    """Solves one stepper's circuit; made by `closure_of`.

    Args:
        model, engine: as in `Stepper`.
        circuit: `Circuit`.
        film_currents: function of BDF coefficients -> terminal -> current into the meshed film [charges/s]. Collective.

    Attributes:
        free: voltages of the free terminals at the present state [V].
    """

    def __init__(self, model, engine, circuit: Circuit, film_currents):
        self.model, self.engine, self.circuit, self._film_currents = model, engine, circuit, film_currents
        self.free = np.zeros(len(circuit.free))
        self._source = self._accepted = 0.0
        self._ampere = model.parameters.scaling.ampere(1.0) * model.device.current_scale
        self._thermal = model.parameters.scaling.thermal_voltage
        self._limit, self._left, self._pending = 0, np.inf, np.inf
        self._delivered = np.zeros_like(self.free)
        self._charge = bdf.Integral(self._delivered)
        self._response = None

    def ideal(self, source: float):
        """Start from the state in which every terminal is at an ideal source, the driven one at `source` [V], or ground."""
        self._accepted = source
        self.apply(source, self.circuit.at_sources(source))
        self.circuit.past = [self.free]

    def take_over(self, source, voltages):
        """Continue from terminals at `voltages` (terminal -> V), the sources at `source` [V], which were wired otherwise."""
        self._accepted = source
        self.apply(source, [voltages[name] for name in self.circuit.free])
        self.circuit.past = [self.free]

    def begin(self):
        """Make the present voltages the start of the waveform."""
        self._accepted = self._source
        self.circuit.past = [self.free]

    def restart(self):
        """Forget the earlier levels: the source jumps."""
        del self.circuit.past[1:]
        self._charge.restart()

    def accept(self, c) -> CircuitState:
        """End of an accepted step with the `bdf.Coefficients` c."""
        self.circuit.accept(self.free)
        self._accepted = self._source
        output = self.circuit.output(self._delivered, self.free, self._limit, self._source)
        charge = self._charge.add(c, self._delivered)
        delivered, charge = (dict(zip(self.circuit.free, map(float, v), strict=True)) for v in (self._delivered, charge))
        return CircuitState(delivered, charge, output, self._limit)

    def snapshot(self) -> dict:
        """Plain data for a checkpoint."""
        return {"past": [v.tolist() for v in self.circuit.past], "charge": self._charge.snapshot()}

    def restore(self, data, source: float):
        """Continue from a `snapshot`, the source at `source` [V]."""
        self.circuit.past = [np.array(v) for v in data["past"]]
        self._charge = bdf.Integral(*data["charge"])
        self._accepted = source
        self.back()

    def back(self):
        """Voltages of the last accepted state."""
        self.apply(self._accepted, self.circuit.past[0])

    @property
    def jumped(self) -> bool:
        """Whether the free terminals followed the source at once: by a tenth of its step since the last accepted state."""
        return float(np.abs(self.free - self.circuit.past[0]).max()) > 0.1 * np.max(np.abs(np.subtract(self._source, self._accepted)))

    def predicted(self, weights) -> np.ndarray:
        """Free voltages extrapolated with the weights of the earlier levels [V]."""
        return sum(w * v for w, v in zip(weights, self.circuit.past, strict=True))

    def distance(self, predicted) -> float:
        """Largest miss of the prediction, relative to kT/q or the largest voltage."""
        size = max(self._thermal, float(np.max(np.abs(self._source))), float(np.abs(self.free).max()))
        return float(np.abs(self.free - predicted).max()) / size

    def closed(self, balance: float) -> bool:
        """Whether the currents left over are within `balance` of the largest one, or too small to move the voltages."""
        return self._left <= balance or self._pending <= SETTLED * self._thermal

    @property
    def voltages(self) -> dict[str, float]:
        """Voltage of every terminal [V]."""
        return self.circuit.voltages(self._source, self.free)

    def apply(self, source: float, free):
        """Put the terminals at the voltages that follow from the source's and the free ones [V]."""
        self._source, self.free = source, np.array(free, dtype=float)
        self.model.apply_voltages(self.voltages)

    def solve(self, c, source: float, guess, keep, tame) -> Effort:
        """Fields and free voltages at the end of a step, from the predicted state, up to `NEAR`.

        Args:
            c: `bdf.Coefficients`.
            source: V.
            guess: predicted voltages of the free terminals [V].
            keep: state array of the last accepted step.
            tame: function (state array before a move) that keeps the moved state within physical ranges.
        """
        state = self.model.state
        start = self._accepted, self.circuit.past[0]
        low, high = np.full(len(self.free), -np.inf), np.full(len(self.free), np.inf)
        known = np.concatenate([[0.0], np.atleast_1d(source), *self.circuit.past])
        plausible = known.min(), known.max()
        guess = np.clip(guess, *plausible)
        walks = c.order == 1 and ELECTRONS in self.model.fields
        effort = self._fields(start, (source, guess), keep, walks)
        for _ in range(ROUNDS):
            if not effort.converged:
                return effort
            self.respond(c)
            change = self._correction(c)
            if change is None:
                return Effort(False, effort.iterations, effort.linear_iterations, "the current falls with the voltage")
            if np.abs(change).max() < NEAR * self._thermal:
                self._left = np.inf
                return effort
            if len(change) == 1:
                low, high = (self.free, high) if change[0] > 0 else (low, self.free)
                if not low < self.free + change < high:
                    change = 0.5 * (low + high) - self.free
            change = self._within(*plausible, self.free + change) - self.free
            before = state.copy()
            self._response.move(change)
            tame(before)
            effort = effort.then(self._fields((source, self.free), (source, self.free + change), before, walks))
        return Effort(False, effort.iterations, effort.linear_iterations, "no voltages close the circuit")

    def _within(self, lowest, highest, wanted):
        """Voltages cut to the range of the source, ground and the past, where a passive device's lie; beyond only from its
        ends."""
        inside = (self.free > lowest) & (self.free < highest)
        return np.where(inside, np.clip(wanted, lowest, highest), wanted)

    def _fields(self, start, end, keep, walks) -> Effort:
        """The engine's solve at `end` = (source, free); if `walks`, from the state `keep` at `start` in smaller steps where
        need be."""
        self.apply(*end)
        self.engine.settle()
        result = self.engine.solve()
        if result.converged or not walks:
            return Effort(result.converged, result.iterations, result.linear_iterations, result.reason)
        self.model.state[:] = keep
        (s0, v0), (s1, v1) = start, end
        span = max(float(np.max(np.abs(np.subtract(s1, s0)))), float(np.abs(v1 - v0).max()))

        def along(volts):
            share = volts / span if span else 1.0
            self.apply(s0 + share * np.subtract(s1, s0), v0 + share * (v1 - v0))

        result, iterations = walk(self.model, self.engine, along, 0.0, span)
        return Effort(result.converged, iterations, result.linear_iterations, result.reason)

    def respond(self, c):
        """Differentiate by the free voltages at the present state, with the engine's last factors."""
        free = self.circuit.free

        def read(_):
            currents = self._film_currents(c)
            return [currents[name] * self._ampere for name in free]

        self._response = TerminalResponse(self.engine, self.voltages, free, read)

    def _correction(self, c, currents=None):
        """Newton's change of the free voltages [V], None where there is none; notes what is left to close."""
        circuit = self.circuit
        film = {name: i * self._ampere for name, i in (currents or self._film_currents(c)).items()}
        into_device = circuit.shunted(film, self.voltages)
        self._delivered = circuit.delivered(into_device, self.free, c)
        admittance = circuit.admittance(self._response.readings, c)
        change, self._limit = circuit.correction(self._delivered, admittance, self.free, self._source)
        self._left = self._pending = np.inf
        if change is not None:
            self._pending = np.abs(change).max()
            missing, largest = np.abs(admittance @ change).max(), np.abs(into_device).max()
            self._left = missing / largest if largest > 0 else 0.0
        return change

    def improve(self, c, currents, balance: float) -> bool:
        """Move voltages and fields along the tangent unless the circuit is closed as well as it can be.

        Args:
            c: `bdf.Coefficients`.
            currents: terminal -> current into the film at the present state [charges/s].
            balance: share of the largest current that is good enough where rounding allows no better.

        Returns:
            True where it has moved: the fields need a `polish`.
        """
        before = self._left
        change = self._correction(c, currents)
        good = self._left <= TIGHT or self._pending <= ROUNDING * self._thermal
        if change is None or good or (self._left <= balance and self._left > 0.1 * before):
            return False
        self._response.move(change)
        self.apply(self._source, self.free + change)
        return True

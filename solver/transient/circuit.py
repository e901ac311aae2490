"""The measuring set-up around the device as lumped elements, SI: which terminal voltages it enforces.

V are the device's terminal voltages, I the currents into the device (its parallel conductance included). At terminal k
the set-up delivers J_k = I_k + C_k dV_k/dt, the derivative by the same BDF formula as the fields', and

    floating                          J = 0
    resistor R to the source at V_s   R J = V_s - V   (ground: V_s = 0)
    source with compliance I_c        that, while |J| < I_c; else J = +-I_c and the source's own voltage lies between 0 and V_s

At fixed history J rises with V, so that each state of the source has one solution and the two cannot hold at once.
"""

from dataclasses import replace

import numpy as np

TIGHT = 1e-12  # of the largest terminal current: where the solution of the circuit is not improved further


class Circuit:
    """Equations of the free terminals (`Wiring.free`), those whose voltage is an unknown.

    Args:
        contacts: `Contact` of every terminal.
        parallel_conductance: S, between the driven terminal and the first grounded one.
        floating: driven terminals that are connected to nothing for the time being.

    Attributes:
        names: all terminals.
        free: of these the free ones; vectors and matrices below are in this order.
        past: voltages of the free terminals at earlier levels, newest first [V].
    """

    def __init__(self, contacts, parallel_conductance: float, floating=()):
        wires = {c.name: replace(c.wiring, role="floating", resistance=0.0) if c.name in floating else c.wiring for c in contacts}
        self.names = [c.name for c in contacts]
        self.driven = [c.name for c in contacts if c.driven]  # each has its own entry of the sources' voltages
        self.free = [name for name, wire in wires.items() if wire.free]
        wiring = [wires[name] for name in self.free]
        self._floating = np.array([w.role == "floating" for w in wiring])
        self._resistance = np.array([w.resistance for w in wiring])
        self._capacitance = np.array([w.capacitance for w in wiring])
        self._sourced = np.array([w.role == "driven" for w in wiring], dtype=bool)
        self._own = [self.driven.index(name) if name in self.driven else 0 for name in self.free]  # its source
        limited = [k for k, w in enumerate(wiring) if w.compliance is not None]
        self._limited = limited[0] if limited else None
        self.compliance = wiring[limited[0]].compliance if limited else None
        # Columns of the parallel conductance: +G at the driven terminal, -G at the grounded one.
        self._shunt = np.zeros(len(self.names))
        if parallel_conductance > 0:
            grounded = next(c.name for c in contacts if c.wiring.role == "ground")
            self._shunt[self.names.index(self.driven[0])], self._shunt[self.names.index(grounded)] = 1.0, -1.0
        self._shunt_conductance = parallel_conductance
        self._columns = [self.names.index(name) for name in self.free]
        self.past: list[np.ndarray] = []

    def accept(self, free: np.ndarray):
        """The free terminals' voltages at the end of an accepted step [V]."""
        self.past = [free.copy(), *self.past[:2]]

    def voltages(self, source, free) -> dict[str, float]:
        """Voltage of every terminal [V] for the driven sources at `source` and the free terminals at `free`."""
        volts = dict.fromkeys(self.names, 0.0) | dict(zip(self.driven, self._sources(source)))
        return volts | dict(zip(self.free, map(float, free), strict=True))

    def _sources(self, source) -> list[float]:
        return [float(v) for v in np.broadcast_to(source, len(self.driven))]

    def at_sources(self, source) -> np.ndarray:
        """Voltages the free terminals would have directly at their sources, or at ground [V]."""
        return np.where(self._sourced, np.array(self._sources(source))[self._own], 0.0)

    def shunted(self, currents: dict, voltages: dict) -> np.ndarray:
        """Currents into the device [A], all terminals, from those of the modelled film."""
        drop = self._shunt @ [voltages[name] for name in self.names]
        return np.array([currents[name] for name in self.names]) + self._shunt_conductance * drop * self._shunt

    def delivered(self, currents: np.ndarray, free, c) -> np.ndarray:
        """J of the free terminals [A].

        Args:
            currents: into the device, all terminals [A].
            free: voltages of the free terminals at the end of the step [V].
            c: `bdf.Coefficients`.
        """
        rate = c.a0 * free + c.a1 * self.past[0] + (c.a2 * self.past[1] if c.order == 2 else 0.0)
        return currents[self._columns] + self._capacitance * rate

    def admittance(self, response: np.ndarray, c) -> np.ndarray:
        """dJ/dV of the free terminals [S] from that of the modelled film, (free, free)."""
        shunt = self._shunt[self._columns]
        return response + self._shunt_conductance * np.outer(shunt, shunt) + np.diag(c.a0 * self._capacitance)

    def correction(self, delivered, admittance, free, source):
        """Newton's change of the free voltages, and the limit it takes the source to.

        Args:
            delivered: J at `free` [A].
            admittance: dJ/dV [S].
            free: voltages of the free terminals [V].
            source: voltage of the driven source, or (driven terminals,) [V].

        Returns:
            (change [V], -1, 0 or 1: the source holds the negative compliance, its voltage, the positive one); None in
            place of the change where the linearised circuit has no solution, or J falls with V.
        """
        R, current = self._resistance, self._floating
        # floating: Y d = -J;  resistor: (R Y + 1) d = V_s - V - R J
        matrix = np.where(current[:, None], admittance, R[:, None] * admittance + np.eye(len(free)))
        rhs = np.where(current, -delivered, self.at_sources(source) - free - R * delivered)
        change, k = _solve(matrix, rhs), self._limited
        if k is None or change is None:
            return change, 0
        reached = delivered[k] + admittance[k] @ change
        if abs(reached) <= self.compliance:
            return change, 0
        sign = 1 if reached > 0 else -1
        matrix[k], rhs[k] = admittance[k], sign * self.compliance - delivered[k]
        return _solve(matrix, rhs), sign

    def output(self, delivered, free, limit: int, source: float) -> float:
        """Voltage between the driven source's own terminals [V]: `source`, or what the compliance leaves of it."""
        if limit == 0:
            return source
        return float(free[self._limited] + self._resistance[self._limited] * delivered[self._limited])


def _solve(matrix, rhs):
    """Solution with rows scaled, None where the matrix is singular or a diagonal entry is not positive."""
    size = np.abs(matrix).max(axis=1)
    if not np.all(np.isfinite(matrix)) or np.any(np.diag(matrix) <= 0):
        return None
    try:
        return np.linalg.solve(matrix / size[:, None], rhs / size)
    except np.linalg.LinAlgError:
        return None

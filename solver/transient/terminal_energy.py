"""Energy that the device takes up through each terminal."""

from __future__ import annotations

import numpy as np


class TerminalEnergy:
    """Sums up, step by step, the mean voltage times the charge that passed; a jump of the voltage counts as a ramp over its first step.

    The charge is that of the time formula. Trapezoids of voltage times current would count what a jump charges a second time: at the end of
    its first step the current is still the mean over it.

    Args:
        terminals: names.
        coulomb: of one charge of the meshed part, over the whole device [C].
        parallel: (terminal, terminal, conductance [S]) of an ohmic path beside the film, or None.

    Attributes:
        joule: (terminals,) taken up since the start [J].
    """

    def __init__(self, terminals, coulomb: float, parallel=None):
        self._terminals, self._coulomb, self._parallel = list(terminals), coulomb, parallel
        self.joule, self._volts = np.zeros(len(self._terminals)), np.zeros(len(self._terminals))

    @property
    def total(self) -> float:
        """Of all terminals [J]."""
        return float(self.joule.sum())

    def add(self, record) -> dict[str, float]:
        """Terminal -> energy since the start [J], after the step of a `StepRecord`."""
        volts = np.array([record.voltages[name] for name in self._terminals])
        charge = self._coulomb * np.array([record.passed[name] for name in self._terminals])
        mean = 0.5 * (self._volts + volts)
        if self._parallel is not None:
            a, b = (self._terminals.index(name) for name in self._parallel[:2])
            through = self._parallel[2] * (mean[a] - mean[b]) * record.step
            charge[a] += through
            charge[b] -= through
        self.joule, self._volts = self.joule + mean * charge, volts
        return dict(zip(self._terminals, map(float, self.joule)))

    def snapshot(self) -> dict:
        """Plain data for a checkpoint."""
        return {"joule": self.joule.tolist(), "volts": self._volts.tolist()}

    def restore(self, data: dict) -> None:
        """Continue from a `snapshot`."""
        self.joule, self._volts = np.array(data["joule"]), np.array(data["volts"])

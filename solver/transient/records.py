"""What one time step did."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Effort:
    """Outcome of one or several solves together.

    Attributes:
        converged: the last one did.
        iterations, linear_iterations: of all.
        reason: for people, when not converged.
    """

    converged: bool
    iterations: int
    linear_iterations: int
    reason: str = ""

    def then(self, later) -> "Effort":
        """This and a later solve (`Effort` or an engine's result)."""
        return Effort(
            later.converged, self.iterations + later.iterations, self.linear_iterations + later.linear_iterations,
            later.reason,
        )


@dataclass(frozen=True)
class CircuitState:
    """The set-up at the end of a step, SI.

    Attributes:
        delivered: terminal with a circuit -> current from the set-up, into its capacitor and the device [A].
        charge: terminal with a circuit -> what it delivered in the step, by the fields' time formula [C].
        output: voltage at the driven source's own terminals [V]: the waveform's, or less in compliance.
        limit: 0, or the sign of the current that the source holds in compliance.
    """

    delivered: dict
    charge: dict
    output: float
    limit: int


@dataclass(frozen=True)
class StepRecord:
    """One accepted step, currents of the meshed part in charges/s, inflow positive.

    Attributes:
        voltage: of the source that drives the device [V].
        voltages: terminal -> voltage of the device there [V].
        electronic, ionic, displacement: terminal -> current.
        passed: terminal -> charge that went into the film there in the step, by the fields' time formula.
        electrons, holes: terminal -> their parts of the electronic current; empty in quasi-equilibrium.
        ions: species -> terminal -> its part of the ionic current.
        content, gained: species -> (cells,) ions of each cell of an array, and those that have come from its neighbours since the start.
        ion_imbalance: (count - count at start - exchanged - made by reactions) / count at start, of the species where it is largest.
        order: of the time formula, 1 (implicit Euler) or 2 (BDF2).
        circuit: `CircuitState`, None where all terminals are at ideal sources or ground.
    """

    time: float
    voltage: float
    step: float
    voltages: dict
    electronic: dict
    ionic: dict
    displacement: dict
    passed: dict
    ion_imbalance: float
    newton_iterations: int
    linear_iterations: int
    electrons: dict = field(default_factory=dict)
    holes: dict = field(default_factory=dict)
    ions: dict = field(default_factory=dict)
    content: dict = field(default_factory=dict)
    gained: dict = field(default_factory=dict)
    order: int = 2
    circuit: CircuitState | None = None

    def current(self, terminal: str) -> float:
        """Total current into the device through `terminal` [charges/s]."""
        return self.electronic[terminal] + self.ionic[terminal] + self.displacement[terminal]

"""Violent protocols on small devices: what the solver did to get through, and whether the result is sane."""

import logging
from dataclasses import dataclass

import numpy as np

from solver.transient.stepping import SolutionStopped
from tests.verification.walking import stepper_of, walk


@dataclass(frozen=True)
class Outcome:
    """What one run did.

    Attributes:
        message: the sentence it ended with, "" when it came through.
        reached: share of the protocol's time.
        iterations, refused: Newton iterations, refused time steps.
        continued: jumps of the voltage that took continuation.
        currents: total current into the driven terminal at the end of each segment [A].
        imbalance: largest sum of all terminals' currents over the largest of them, of all steps.
    """

    message: str
    reached: float
    iterations: int
    refused: int
    continued: int
    currents: tuple[float, ...]
    imbalance: float

    def __str__(self):
        how = "stopped: " + self.message if self.message else "converged"
        return f"{how}{', by continuation' if self.continued else ''}"


class _Continuations(logging.Handler):
    def __init__(self):
        super().__init__()
        self.count = 0

    def emit(self, record):
        self.count += record.getMessage().startswith("continuation") and "reached" in record.getMessage()


def outcome(m, protocol, most_steps=2000, **settings) -> Outcome:
    """Take a model through a protocol, checking the state after every step.

    Args:
        m: `DeviceModel`.
        protocol: list of protocol steps.
        most_steps: bound of the work; more fail the test.
        settings: as of `stepper_of`.
    """
    log, counter = logging.getLogger("halofil"), _Continuations()
    level = log.level
    log.addHandler(counter)
    log.setLevel(logging.INFO)
    driven = next(c.name for c in m.parameters.contacts if c.driven)
    stepper = stepper_of(m, protocol, **{"max_voltage_step": 1.0, "newton": 1e-8} | settings)
    scale = m.parameters.scaling.ampere(1.0) * m.device.current_scale
    currents, imbalance, message = [], 0.0, ""
    try:
        for record, ends in walk(stepper):
            assert np.isfinite(m.context.state.x.array).all()
            for ion in m.context.species:
                assert m.values(ion.name)[m.film_nodes].min() > -1e-9
            parts = [record.current(n) for n in record.electronic]
            sizes = [abs(d[n]) for d in (record.electronic, record.ionic, record.displacement) for n in d]
            imbalance = max(imbalance, abs(sum(parts)) / max(sizes))
            if ends:
                currents.append(record.current(driven) * scale)
            assert stepper.accepted_steps + stepper.rejected_steps < most_steps, "an endless march"
    except SolutionStopped as stop:
        message = str(stop)
    finally:
        log.removeHandler(counter)
        log.setLevel(level)
    return Outcome(
        message, stepper.time / stepper.waveform.end, stepper.engine.newton_iterations, stepper.rejected_steps, counter.count,
        tuple(currents), imbalance,
    )  # fmt: skip

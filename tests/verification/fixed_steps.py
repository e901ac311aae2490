"""Marching with prescribed time steps, for orders of convergence: the production stepper without its step control."""

from solver.engines.cpu.newton import CpuEngine
from solver.transient.control import StepLimits
from solver.transient.stepping import Stepper
from solver.transient.waveforms import Waveform
from tests.verification.walking import walk


class FixedSteps(Stepper):
    """Takes the steps it is given; a refused one is an error.

    Args:
        model, protocol: as of `walking.stepper_of`.
        steps: function (index of the step in the segment, length of the segment [s]) -> step [s].
        newton: largest Newton update accepted.
    """

    def __init__(self, model, protocol, steps, newton=1e-11):
        engine = CpuEngine(model, newton, 1e-10, max_iterations=30)
        super().__init__(model, engine, Waveform(protocol), StepLimits(1e9, 1e9, 1e-300), 1e9)
        self._steps, self._k, self._length = steps, 0, 0.0

    def enter(self, segment, previous_voltage):
        super().enter(segment, previous_voltage)
        self._k, self._length = 0, segment.end - segment.start

    def _fit(self, until):
        assert self.rejected_steps == 0, "a prescribed step was refused"
        dt, left = self._steps(self._k, self._length), until - self.time
        self._k += 1
        return (left, True) if dt > left * (1 - 1e-6) else (dt, False)


def equal(count):
    """`count` equal steps in every segment."""
    return lambda k, length: length / count


def alternating(count, ratio=2.0):
    """Steps alternating by `ratio`, `count` (even) in every segment."""
    return lambda k, length: length / count * 2 * (1 if k % 2 == 0 else ratio) / (1 + ratio)


def graded(count):
    """`count` steps that grow from length/count^2 on, t_k = length (k/count)^2: what a restart after a jump asks for."""
    return lambda k, length: length * (2 * k + 1) / count**2


def run(model, protocol, steps):
    """Records of a march from equilibrium, and the final state (n, fields)."""
    records = [record for record, _ in walk(FixedSteps(model, protocol, steps))]
    return records, model.context.state.x.array.reshape(-1, len(model.fields)).copy()

"""Marching a model through a protocol step by step, with a look at the state after every step."""

from solver.engines.cpu.newton import CpuEngine
from solver.physics.balances import nodal_sums
from solver.transient.control import StepLimits
from solver.transient.stepping import Stepper
from solver.transient.waveforms import Waveform


def stepper_of(m, protocol, *, tolerance=5e-3, filament_change=0.2, smallest=1e-12, max_voltage_step=5e-3, newton=1e-6):
    """Stepper of a model through `protocol` (tolerances as in the scenario's solver section, step in V)."""
    limits = StepLimits(tolerance, filament_change, smallest)
    return Stepper(m, CpuEngine(m, newton, min(newton, 1e-6)), Waveform(protocol), limits, max_voltage_step)


def walk(stepper, equilibrate=True):
    """Yield (StepRecord, whether the segment ends there) to the end of the protocol."""
    if equilibrate:
        stepper.equilibrate()
    for segment in stepper.waveform.segments:
        stepper.enter(segment, stepper.source)
        while stepper.time < segment.end:
            record = stepper.advance(segment.end, segment)
            yield record, stepper.time >= segment.end


def terminal_charge(stepper, terminal="top"):
    """Charge on a terminal [C] of the meshed part, from the Poisson equation's test functions."""
    sums = nodal_sums(stepper.model, stepper.engine.interior_residual())
    return stepper.model.parameters.scaling.coulomb(sums[terminal].charge)

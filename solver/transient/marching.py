"""The parts of a scenario's transient put together, and marching them without a look at the steps."""

import numpy as np

from solver.engines.choice import make_engine
from solver.physics.device import DeviceModel
from solver.transient.array_waveform import waveform_of
from solver.transient.control import StepLimits
from solver.transient.stepping import SolutionStopped, Stepper

DEFAULT_STEPS_PER_SWEEP = 40  # of the largest voltage, where output.max_step is not given


def stepper_for(scenario, device, protocol=None, engine="cpu") -> Stepper:
    """Model, engine and stepper of a scenario on a mesh, at 0 V and not yet in equilibrium. Collective.

    Args:
        scenario: `solver.scenario.Scenario`.
        device: `meshes.DeviceMesh`.
        protocol: steps to do instead of the scenario's own.
        engine: "auto", "cpu" or "cuda".

    Raises:
        EngineError: the engine cannot run here.
    """
    s = scenario.solver
    model = DeviceModel(scenario, device)
    solving = make_engine(
        engine, model, tolerance=s.newton_tolerance, linear_tolerance=s.linear_tolerance, linear_solver=s.linear_solver
    )
    waveform = waveform_of(scenario, protocol)
    largest = max((float(np.max(np.abs([g.v_start, g.v_end]))) for g in waveform.segments), default=0.0)
    step = scenario.output.max_step or max(largest / DEFAULT_STEPS_PER_SWEEP, 1e-6)
    return Stepper(model, solving, waveform, StepLimits(s.time_tolerance, s.max_filament_change, s.min_step), step)


def march(stepper, max_steps: int) -> float:
    """Take a stepper in equilibrium through its whole waveform; returns the voltage at its end [V].

    Raises:
        SolutionStopped: the solution cannot go on, or `max_steps` steps are done.
    """
    volts = 0.0
    for segment in stepper.waveform.segments:
        stepper.enter(segment, volts)
        while stepper.time < segment.end:
            record = stepper.advance(segment.end, segment)
            if stepper.accepted_steps >= max_steps:
                raise SolutionStopped(
                    f"stopped at t = {record.time:.6g} s, V = {record.voltage:.4f} V: solver.max_steps ({max_steps}) "
                    "steps are done."
                )
        volts = segment.v_end
    return volts

"""Stationary states of a device with the filament held: where a waveform starts, and what small signals are added to."""

import logging

from solver.physics.fields import ELECTRONS
from solver.transient import bdf
from solver.transient.continuation import walk
from solver.transient.control import SolutionStopped
from solver.transient.history import write_history

log = logging.getLogger("halofil")


class Stationary:
    """Takes one model to its stationary states, with ideal sources at the terminals.

    Args:
        model: `DeviceModel`.
        engine: solves the model's equations in place (`CpuEngine`).
        apply: function of the source's voltage [V] that sets the boundary conditions.
    """

    def __init__(self, model, engine, apply):
        self.model, self.engine, self.apply = model, engine, apply

    def relax(self, volts: float, start: float = 0.0):
        """Stationary state at `volts` from the state at `start` [V], with the filament held: implicit Euler with growing
        steps, backing off on failure; at once where nothing but electrons and holes moves.

        Raises:
            SolutionStopped: a step gets too small, or the voltage is not reached.
        """
        ctx = self.model.context
        self.apply(volts)
        if ELECTRONS in self.model.fields and not ctx.species:
            self.settle_at(volts, start)
            return
        self._hold_filament(True)
        dt, smallest, fast = 1e-7, 1e-13, 10.0
        while dt < 1e5:
            keep = self.model.state.copy()
            write_history(self.model, bdf.coefficients(dt, None), [keep])
            self.engine.settle()
            result = self.engine.solve()
            if not result.converged and start != volts:
                self.model.state[:] = keep
                result, _ = walk(self.model, self.engine, self.apply, start, volts)
            if result.converged:
                start, dt = volts, dt * (fast if result.iterations <= 4 else min(fast, 4.0))
                continue
            self.model.state[:] = keep
            log.info("stationary state at %.4g V: step %.1e s refused (%s), trying smaller", volts, dt, result.reason)
            self.apply(volts)
            dt, fast = 0.1 * dt, 2.0
            if dt < smallest:
                raise SolutionStopped(f"no stationary state at {volts:.4g} V: {result.reason}; check the material and the mesh.")
        if ELECTRONS in self.model.fields:
            self.engine.polish()
        self._hold_filament(False)

    def settle_at(self, volts: float, start: float = 0.0):
        """Stationary state at `volts` from the state at `start` [V], time derivatives off (electrons and holes only:
        ions that no contact lets through have no unique one). At 0 V the quasi-Fermi potentials stay as they are, zero:
        there this is the nonlinear Poisson equation with carriers in equilibrium.

        Returns:
            Newton iterations.

        Raises:
            SolutionStopped: continuation in the voltage does not get there.
        """
        write_history(self.model, bdf.STATIONARY, [])
        result, iterations = walk(self.model, self.engine, self.apply, start, volts)
        if not result.converged:
            raise SolutionStopped(f"no stationary state at {volts:.4f} V: {result.reason}; check doping and mesh.")
        self.engine.polish()  # Newton's last error shows in the terminals' charges and currents
        log.info("stationary state at %.4g V: %d Newton iterations", volts, iterations)
        return iterations

    def _hold_filament(self, held):
        self.model.context.filament_mobility.value = 0.0 if held else 1.0
        self.engine.assembler.constants_changed()


def close_circuit(closure, engine, volts, film_currents, tame, attempts, balance):
    """From the stationary state with ideal terminals to that with the circuit.

    Args:
        closure, engine: `Closure` and `CpuEngine` in the ideal state.
        volts: of the source [V].
        film_currents: function of BDF coefficients -> terminal -> current into the meshed film [charges/s].
        tame: see `Closure.solve`.
        attempts, balance: corrections at most, and what the circuit's currents may miss of the largest.

    Raises:
        SolutionStopped: the circuit has no such state, or Newton does not find it.
    """
    effort = closure.solve(bdf.STATIONARY, volts, closure.free, closure.model.state.copy(), tame)
    if not effort.converged:
        raise SolutionStopped(f"no stationary state of the circuit at {volts:.4f} V: {effort.reason}.")
    for _ in range(attempts):
        if not closure.improve(bdf.STATIONARY, film_currents(bdf.STATIONARY), balance):
            break
        engine.polish()

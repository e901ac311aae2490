"""Marching a device through its waveform: predict, solve, judge, accept or retry smaller."""

import logging

import numpy as np

from solver.physics.balances import nodal_sums
from solver.physics.device import INSIDE
from solver.physics.fields import ELECTRONS
from solver.transient import bdf
from solver.transient.circuit import Circuit
from solver.transient.closure import Closure
from solver.transient.continuation import walk
from solver.transient.control import SolutionStopped, StepLimits, growth, on_ladder, rejected
from solver.transient.history import write_history
from solver.transient.ion_budget import IonBudget
from solver.transient.movement import Movement
from solver.transient.pace import Pace, advice
from solver.transient.records import Effort, StepRecord
from solver.transient.stationary import Stationary, close_circuit

log = logging.getLogger("halofil")
FIRST_STEP = 1e-6  # s, after a jump of the voltage
FIRST_SHARE = 1e-4  # with a circuit, of the segment at most: shorter time constants do not show in it
CORRECTIONS, ATTEMPTS = 6, 12  # of the fields until the balances hold, and of fields and circuit together
BALANCE = 3e-7  # of the largest terminal current
NEGATIVE_DENSITY = 1e-9  # of c0: below zero by more than Newton's rounding
LOST_IONS = 1e-11  # of all ions of a species, in one step: 1e-8 after a thousand steps that all err to one side


def largest(volts) -> float:
    """The voltage itself, or that of the largest size among several [V]."""
    several = np.atleast_1d(volts)
    return float(several[np.argmax(np.abs(several))])


class Stepper:
    """Owns time, history and step size of one run.

    Args:
        model: `DeviceModel`.
        engine: solves the model's equations in place (`CpuEngine`).
        waveform: `Waveform` of the driven terminal's source, or `ArrayWaveform` of several (a voltage is then an array); the
            other terminals are at ground, directly or through the set-up's circuit, or floating (`Contact.wiring`).
        limits: `StepLimits`.
        max_voltage_step: V.
    """

    def __init__(self, model, engine, waveform, limits: StepLimits, max_voltage_step: float):
        self.model, self.engine, self.waveform, self.limits = model, engine, waveform, limits
        self.max_voltage_step = max_voltage_step
        self.time, self.step = 0.0, FIRST_STEP
        self.levels = bdf.Levels()
        self.rejected_steps = self.accepted_steps = 0
        self.pace = Pace()
        self.movement = Movement(model)
        self.stationary = Stationary(model, engine, self.apply)
        self.ions = IonBudget(model)
        self._driven = [c.name for c in model.parameters.contacts if c.driven]
        # Electrode charges, newest first, and charge that has passed each terminal: by the same BDF formula as the fields.
        self._charges = [dict.fromkeys(model.terminal_nodes, 0.0)]
        self._passed = bdf.Integral(np.zeros(len(model.terminal_nodes)))
        self._voltage = 0.0  # of the source in the last accepted state
        self._jumped = False  # the source, since the last accepted state
        self._connect(())

    def _connect(self, floating):
        """Wire the terminals as the scenario says, but the driven ones in `floating` to nothing."""
        contacts, self.closure, self._floating = self.model.parameters.contacts, None, tuple(floating)
        if floating or any(c.wiring.free for c in contacts):
            circuit = Circuit(contacts, self.model.parameters.parallel_conductance, floating)
            self.closure = Closure(self.model, self.engine, circuit, lambda c: self._film_currents(c, self._sums()[0]))

    def apply(self, volts: float):
        """Set the driven terminal's voltage [V], 0 V elsewhere, whatever the circuit says."""
        self.model.apply_voltages(self._voltages(volts))

    def _voltages(self, volts):
        own = dict(zip(self._driven, np.broadcast_to(volts, len(self._driven))))
        return {n: float(own.get(n, 0.0)) for n in self.model.terminal_nodes}

    @property
    def source(self):
        """Voltage of the driven source [V] in the last accepted state, (driven terminals,) where there are several."""
        return self._voltage

    def equilibrate(self):
        """Equilibrium at zero bias with the filament held, and the ions where they start from profiles; the waveform starts
        there."""
        self._hold_ions(True)
        self.relax(0.0)
        self._hold_ions(False)
        if self.closure is not None and ELECTRONS in self.model.fields and not self.model.context.species:
            # under light a floating terminal takes its photovoltage
            currents = lambda c: self._film_currents(c, self._sums()[0])
            close_circuit(self.closure, self.engine, 0.0, currents, self.movement.tame, ATTEMPTS, BALANCE)
        self.begin()
        log.info("equilibrium at 0 V reached")

    def relax(self, volts: float, start: float = 0.0):
        """`Stationary.relax` with ideal terminals, for the circuit too."""
        if self.closure is not None:
            self.closure.ideal(volts)
        self.stationary.relax(volts, start)

    def begin(self):
        """Make the present state the start of the waveform (t = 0)."""
        self.time, self.step, self._voltage = 0.0, FIRST_STEP, 0.0
        self.levels = bdf.Levels()
        self.levels.push(0.0, self.model.state)
        self._charges = [{n: s.charge for n, s in self._sums()[0].items()}]
        self._passed = bdf.Integral(np.zeros(len(self.model.terminal_nodes)))
        self.ions.begin()
        if self.closure is not None:
            self.closure.begin()

    def _hold_ions(self, held):
        motion = self.model.context.ion_motion
        if not isinstance(motion, float):
            motion.value = 0.0 if held else 1.0

    def _sums(self):
        """Sums over the terminals, over the nodes on none, and the ions' inflow by cell."""
        residual = self.engine.interior_residual()
        sums = nodal_sums(self.model, residual)
        inside = sums.pop(INSIDE)
        return sums, inside, self.ions.inflow(residual)

    def advance(self, until: float, segment) -> StepRecord:
        """One accepted step within `segment`, not beyond `until` [s].

        Raises:
            SolutionStopped: the step would have to be smaller than the limit.
        """
        if self.model.noise is not None:
            self.step = min(self.step, self.model.parameters.noise.resolution)
        if segment.slope != 0:
            self.step = min(self.step, self.max_voltage_step / abs(segment.slope))
        emptied = False
        while True:
            dt, landing = self._fit(until)
            t = until if landing else self.time + dt
            keep = self.levels.states[0]
            c = bdf.coefficients(dt, None if emptied else self.levels.previous_step)
            predicted = self.levels.extrapolate(t)
            result = self._solve(c, t, segment.voltage(t), predicted)
            if not result.converged and c.order == 2 and ELECTRONS in self.model.fields:
                # Where carriers left within a step BDF2 asks for 4/3 n - 1/3 n_old < 0: it has no solution there.
                log.info("t = %.6g s, V = %.4f V: %s; implicit Euler for this step", t, largest(segment.voltage(t)), result.reason)
                c = bdf.coefficients(dt, None)
                result = self._solve(c, t, segment.voltage(t), predicted)
            if not result.converged:
                reason, factor = result.reason, 0.25
            elif (lowest := self._lowest_density())[0] < -NEGATIVE_DENSITY:
                reason, factor = f"density of {lowest[1]} below zero ({lowest[0]:.2g} of c0)", 0.5
                emptied = True  # BDF2 goes on falling even in the smallest step; implicit Euler keeps densities positive
            else:
                change = self.movement.filament_change(keep)
                # with noise no third derivative exists that could tell the error: the change of the filament rules
                rough = c.order == 1 or self.model.noise is not None
                fraction = None if rough else self.levels.error_factor(t)
                error = None if fraction is None else fraction * self._miss(t, predicted)
                hot = self.movement.too_hot()
                reason = hot or rejected(error, change, self.limits)
                if reason is not None and hot is None:
                    reason += f"; largest change in {self.movement.largest_change(keep)}"
                factor = growth(error, change, self.limits, c.order)
                if reason is None:
                    sums, inflow, result = self._balanced(c, result)
                    if result.converged:
                        return self._accept(t, dt, landing, c, factor, result, segment.voltage(t), sums, inflow)
                    reason, factor = result.reason, 0.25
            self.rejected_steps += 1
            log.info("t = %.6g s, V = %.4f V: step %.2e s refused: %s", t, largest(segment.voltage(t)), dt, reason)
            self.model.state[:] = keep
            self.step = on_ladder(dt * min(factor, 0.5))
            self.pace.note(self.time, refused=True)
            crawling = self.pace.crawls(segment.end)
            if self.step < self.limits.smallest or crawling:
                self._apply_accepted(segment)
                what = crawling or f"the step fell below {self.limits.smallest:.1e} s"
                raise SolutionStopped(
                    f"stopped at t = {self.time:.6g} s, V = {largest(segment.voltage(self.time)):.4f} V: {what}; {reason}; "
                    f"{advice(reason)}."
                )

    def _lowest_density(self):
        """Smallest c/c0 and its species; where it is negative, after one more correction: a filament that is 1e-8 wrong
        has 1e-6 of c0 too many ions in it."""
        lowest = self.movement.lowest_density()
        if lowest[0] < -NEGATIVE_DENSITY and self.closure is None:
            self.engine.polish()
            lowest = self.movement.lowest_density()
        return lowest

    def _apply_accepted(self, segment):
        if self.closure is None:
            self.apply(segment.voltage(self.time))
        else:
            self.closure.back()

    def _solve(self, c, t, volts, predicted):
        """Newton from the predicted state, with the circuit where there is one; on failure anything may be left."""
        keep = self.levels.states[0]
        self.movement.guess(predicted, keep)
        write_history(self.model, c, self.levels.states)
        if self.model.noise is not None:
            self.model.context.noise.x.array[:] = self.model.noise.force(c, self.levels.times, t)
        if self.closure is not None:
            return self.closure.solve(c, volts, self.closure.predicted(self.levels.weights(t)), keep, self.movement.tame)
        self.apply(volts)
        self.engine.settle()
        result = self.engine.solve()
        if not result.converged and c.order == 1 and ELECTRONS in self.model.fields and np.ndim(volts) == 0:
            # carriers follow a jump at once: a smaller time step would not make it smaller
            self.model.state[:] = keep
            result, _ = walk(self.model, self.engine, self.apply, self._voltage, volts)
        return Effort(result.converged, result.iterations, result.linear_iterations, result.reason)

    def _fit(self, until):
        """(dt, lands on `until`); two equal steps instead of a full one and a splinter."""
        left = until - self.time
        if self.step >= left * (1 - 1e-9):
            return left, True
        return (min(self.step, 0.5 * left)), False

    def _miss(self, t, predicted):
        """Largest relative miss of the prediction, by the fields or the circuit's voltages."""
        miss = self.movement.distance(predicted)
        if self.closure is not None:
            miss = max(miss, self.closure.distance(self.closure.predicted(self.levels.weights(t))))
        return miss

    def _film_currents(self, c, sums):
        """Total current into the meshed film by terminal [charges/s]."""
        displacement = self._displacement(c, sums)
        return {n: s.electronic + s.ionic + displacement[n] for n, s in sums.items()}

    def _displacement(self, c, sums):
        return {
            n: c.a0 * s.charge + c.a1 * self._charges[0][n] + (c.a2 * self._charges[1][n] if c.order == 2 else 0.0)
            for n, s in sums.items()
        }

    def _balanced(self, c, result):
        """Further corrections until currents and ions balance.

        The terminals' currents sum to zero within `BALANCE` of the largest, and no more than `LOST_IONS` of all
        ions of a species are lost in the step. The update test alone lets through errors that are small in volts yet, in a
        metallic filament, large in current.
        """
        for attempt in range(CORRECTIONS if self.closure is None else ATTEMPTS):
            sums, inside, inflow = self._sums()
            displacement = self._displacement(c, sums)
            parts = [x for n, s in sums.items() for x in (s.electronic, s.ionic, displacement[n])]
            balanced = abs(sum(parts)) <= BALANCE * max(map(abs, parts)) and self.ions.lost(inside.ions, c) <= LOST_IONS
            moved = self.closure is not None and self.closure.improve(c, self._film_currents(c, sums), BALANCE)
            if not moved and (balanced or attempt == CORRECTIONS):
                break
            # Old factors correct what is nearly right; what they do not bring home needs a Jacobian of its own.
            keep = self.model.state.copy()
            more = self.engine.polish() if attempt < 3 or balanced else self.engine.solve()
            if not more.converged:
                self.model.state[:] = keep
                break
            result = result.then(more)
        if self.closure is not None and not self.closure.closed(BALANCE):
            result = result.then(Effort(False, 0, 0, "the circuit does not close"))
        return sums, inflow, result

    def _accept(self, t, dt, landing, c, factor, result, volts, sums, inflow):
        charge = {n: s.charge for n, s in sums.items()}
        displacement = self._displacement(c, sums)
        self._charges = [charge, *self._charges[:1]]
        passed = self._passed.add(c, np.array([s.electronic + s.ionic + displacement[n] for n, s in sums.items()]))
        imbalance = self.ions.accept(c, inflow)
        self.levels.push(t, self.model.state)
        # A step cut short by a milestone says nothing against the size wanted before.
        wanted = max(dt * factor, self.step) if landing and factor >= 1 else dt * factor
        self.time, self.step, self._voltage = t, on_ladder(wanted), volts
        self.accepted_steps += 1
        self.pace.note(t, refused=False)
        jumped = self._jumped and (self.closure is None or self.closure.jumped)
        self._jumped = False
        circuit = None if self.closure is None else self.closure.accept(c)
        voltages = self._voltages(volts) if self.closure is None else self.closure.voltages
        if jumped:
            # Potentials, charges and carriers jumped with the voltage: BDF2 must not differentiate across it.
            self._forget()
        parts = ("electrons", "holes") if ELECTRONS in self.model.fields else ()
        return StepRecord(
            t, largest(volts), dt, voltages,
            {n: s.electronic for n, s in sums.items()},
            {n: s.ionic for n, s in sums.items()},
            displacement, dict(zip(sums, map(float, passed))), imbalance, result.iterations, result.linear_iterations,
            **{part: {n: getattr(s, part) for n, s in sums.items()} for part in parts}, order=c.order, circuit=circuit,
            ions={ion.name: {n: ion.charge * s.ions[ion.name] for n, s in sums.items()} for ion in self.model.context.species},
            content=dict(self.ions.content), gained=dict(self.ions.gained),
        )

    def enter(self, segment, previous_voltage):
        """Start of a segment: a jump restarts with small implicit-Euler steps, a corner with one of a quarter step."""
        floating = segment.floating
        rewired = floating != self._floating
        if rewired:
            voltages = self._voltages(self._voltage) if self.closure is None else self.closure.voltages
            self._connect(floating)
            if self.closure is not None:
                self.closure.take_over(self._voltage, voltages)
        if rewired or np.max(np.abs(np.subtract(segment.v_start, previous_voltage))) > 1e-12:
            self._forget()
            self._jumped = True
            self.step = FIRST_STEP
            if self.closure is not None:
                self.step = min(FIRST_STEP, FIRST_SHARE * (segment.end - segment.start))
        else:
            # Charges that follow the voltage at once have a kink here: BDF2 across it would mix the old slope into the
            # displacement current (half of the change at equal steps).
            self._forget()
            self.step *= 0.25

    def leap(self, state, time: float):
        """Go on from `state` at `time` [s], whatever lies between; ions won or lost on the way count as exchanged."""
        self.movement.guess(state, self.levels.states[0])
        self.ions.leap()
        self.time, self.step = time, FIRST_STEP
        self.levels = bdf.Levels()
        self.levels.push(time, self.model.state)
        self._charges = [{n: s.charge for n, s in self._sums()[0].items()}]
        self._passed.restart()
        if self.closure is not None:
            self.closure.restart()

    def _forget(self):
        """Keep the newest level only: the next step is implicit Euler."""
        self.levels.restart()
        del self._charges[1:]
        self._passed.restart()
        self.ions.restart()
        if self.closure is not None:
            self.closure.restart()

    def snapshot(self):
        """(states, scalars) for a checkpoint: owned arrays (n, fields) by level, and everything else as plain data."""
        m = self.model
        width, n = len(m.fields), m.owned
        states = {f"level{k}": m.asnumpy(s).reshape(-1, width)[:n] for k, s in enumerate(self.levels.states)}
        return states, {
            "times": list(self.levels.times),
            "step": self.step,
            "charges": self._charges,
            "passed": self._passed.snapshot(),
            "ions": self.ions.snapshot(),
            "voltage": np.asarray(self._voltage).tolist(),
            "floating": list(self._floating),
            "circuit": None if self.closure is None else self.closure.snapshot(),
            "accepted": self.accepted_steps,
            "rejected": self.rejected_steps,
        }

    def restore(self, states, scalars):
        """Continue from a `snapshot`, on any number of ranks."""
        self.levels = bdf.Levels()
        for k in reversed(range(len(states))):
            self.model.state[:] = self.model.with_ghosts(states[f"level{k}"])
            self.levels.push(scalars["times"][k], self.model.state)
        self.time, self.step = scalars["times"][0], scalars["step"]
        self._charges, self._passed = scalars["charges"], bdf.Integral(*scalars["passed"])
        self.ions.restore(scalars["ions"])
        self._voltage = np.array(scalars["voltage"]) if isinstance(scalars["voltage"], list) else scalars["voltage"]
        self._connect(tuple(scalars["floating"]))
        self.accepted_steps, self.rejected_steps = scalars["accepted"], scalars["rejected"]
        if self.closure is not None:
            self.closure.restore(scalars["circuit"], self._voltage)

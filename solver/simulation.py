"""One run from scenario to results: build, equilibrate, march, write; the room where all parts meet."""

import logging
import signal
import time
from pathlib import Path

import numpy as np
from mpi4py import MPI

from solver.results.collective import on_root
from solver.results.folder import ResultsExist, RunFolder, atomic_write_text, start_log
from solver.scenario import load_scenario
from solver.scenario.resolved import recorded_yaml

DONE, BAD_INPUT, STOPPED, INTERRUPTED = 0, 2, 3, 130


def run(scenario, out: Path, *, resume: bool = False, force: bool = False, engine: str = "auto") -> int:
    """Run `scenario` into the folder `out`; called on every rank.

    Returns:
        0 done, 2 bad input (results in the way, mesh that cannot be built), 3 the solution could not go on (last good
        state kept), 130 interrupted (checkpoint written).
    """
    from meshes import MeshError
    from solver.engines.choice import EngineError
    from solver.physics.doping import ExpressionError
    from solver.results.checkpoint import CheckpointError
    from solver.transient.stepping import SolutionStopped

    comm = MPI.COMM_WORLD
    try:
        folder = comm.bcast(on_root(comm, lambda: RunFolder.create(out, force=force, resume=resume)), root=0)
    except ResultsExist as error:
        return _refuse(comm, error)
    log = start_log(folder.log if comm.rank == 0 else None, append=folder.resuming)
    try:
        job = _Job(scenario, folder, comm, log, engine)
        return job.march()
    except (MeshError, CheckpointError, OtherScenario, ExpressionError, EngineError) as error:
        return _refuse(comm, error)
    except SolutionStopped as error:
        log.error("%s The last good state is in %s.", error, folder.checkpoint)
        return STOPPED


def _refuse(comm, error):
    if comm.rank == 0:
        logging.getLogger("halofil").error("%s", error)
    return BAD_INPUT


class OtherScenario(ValueError):
    """--resume with a scenario that is not the one the folder was started with; the message is one sentence."""


class _Job:
    """State of one run between its parts."""

    def __init__(self, scenario, folder, comm, log, engine):
        self.scenario, self.folder, self.comm, self.log, self._engine = scenario, folder, comm, log, engine
        self.clock = {"start": time.perf_counter()}
        self._signal = None
        for s in (signal.SIGINT, signal.SIGTERM):  # before forms are compiled: a compilation cut short leaves a lock
            signal.signal(s, self._on_signal)
        self.device = self._mesh()
        self._tick("mesh")
        self._build()
        self._tick("compile")
        self._begin()

    def _tick(self, name):
        now = time.perf_counter()
        self.clock[name] = now - self.clock["start"] - sum(v for k, v in self.clock.items() if k != "start")

    def _mesh(self):
        import meshes

        def make():
            if self.folder.resuming:
                if load_scenario(self.folder.scenario) != self.scenario:
                    raise OtherScenario(
                        f"{self.folder.path} was started with another scenario than the one to resume: give its "
                        f"{self.folder.scenario.name}, or start anew with --force"
                    )
                return
            atomic_write_text(self.folder.scenario, recorded_yaml(self.scenario))
            report = meshes.build(self.scenario, self.folder.mesh)
            self.log.info("mesh: %d nodes, %d cells, %.1f s", report.nodes, report.cells, report.seconds)

        on_root(self.comm, make)
        return meshes.read(self.scenario, self.folder.mesh, self.comm)

    def _build(self):
        from solver.physics.fields import FILAMENT, TEMPERATURE
        from solver.physics.heat_balance import HeatBalance
        from solver.physics.observables import AxisProbe
        from solver.results.nodes import NodeMap
        from solver.transient.array_rows import ArrayRows
        from solver.transient.leaping import PulseLeaps
        from solver.transient.marching import stepper_for
        from solver.transient.terminal_energy import TerminalEnergy

        self.stepper = stepper_for(self.scenario, self.device, engine=self._engine)
        self.model, self.engine, self.waveform = self.stepper.model, self.stepper.engine, self.stepper.waveform
        self.log.info(
            "%d unknowns (%s), %d ranks, engine %s",
            self.engine.unknowns, ", ".join(self.model.fields), self.comm.size, self.engine.name,
        )
        self.probe = AxisProbe(self.model) if FILAMENT in self.model.fields else None
        self.array = ArrayRows(self.scenario, self.model) if self.scenario.device.layout == "array" else None
        self.nodes = NodeMap(self.model.context.space)
        self.heat = HeatBalance(self.model, self.engine.heat_rows) if TEMPERATURE in self.model.fields else None
        self.leaps = PulseLeaps(self.stepper)
        scaling, conductance = self.model.parameters.scaling, self.scenario.device.parallel_conductance
        self.energy = TerminalEnergy(self.device.terminals, scaling.coulomb(1.0) * self.device.current_scale,
                                     (*self._across(), conductance) if conductance else None)
        self.output_times = self.waveform.output_times(self.scenario.output.fields_every)

    def _begin(self):
        from solver.physics.fields import ELECTRONS
        from solver.results import checkpoint
        from solver.results.fields import FieldSeries
        from solver.results.tables import TerminalTable, terminal_columns

        resume_until = None
        self.source_energy, self._source_output, self.imbalance_charge, self._last_total = 0.0, 0.0, 0.0, 0.0
        self.segment, self.voltage, self.wall_before = 0, 0.0, 0.0
        if self.folder.resuming:
            states, scalars = checkpoint.load(self.folder.checkpoint, self.nodes)
            levels = {name: states.pop(name) for name in list(states) if name.startswith("level")}
            self.stepper.restore(levels, scalars["stepper"])
            self.leaps.restore(states, scalars["leaps"])
            run = scalars["run"]
            self.energy.restore(run["energy"])
            self.imbalance_charge, self._last_total = run["imbalance"], run["last total"]
            self.source_energy, self._source_output = run["source energy"], run["source output"]
            self.segment, self.voltage, self.wall_before = run["segment"], run["voltage"], run["wall"]
            self.engine.newton_iterations, self.engine.linear_iterations = run["newton"], run["linear"]
            resume_until = self.stepper.time
            self.log.info("resumed at t = %.6g s", resume_until)
        else:
            self.stepper.equilibrate()
        self._tick("equilibrium")
        driven = self.scenario.terminals[self.scenario.driven]
        columns = terminal_columns(
            list(self.device.terminals), ELECTRONS in self.model.fields, self.heat is not None,
            None if driven.plain or self.array is not None else self.scenario.driven, driven.compliance is not None,
            [ion.name for ion in self.model.context.species],
        ) + ([] if self.array is None else self.array.columns)
        self.table = on_root(self.comm, lambda: TerminalTable(self.folder.terminals, columns, resume_until))
        self.series = FieldSeries(self.folder.fields, self.device, self.comm, resume_until, node_map=self.nodes)
        if not self.folder.resuming:
            self._write_fields()
            self._save()

    def march(self) -> int:
        """From the present time to the end of the waveform."""
        from solver.progress import Progress
        from solver.transient.stepping import SolutionStopped

        saved = time.monotonic()
        pending = [t for t in self.output_times if t > self.stepper.time]
        with Progress(self.comm, self.waveform.end, self.stepper.time) as progress:
            try:
                k = self.segment
                while k < len(self.waveform.segments):
                    segment = self.waveform.segments[k]
                    if self.stepper.time <= segment.start:
                        self.stepper.enter(segment, self.stepper.source)
                    self.segment = k
                    while self.stepper.time < segment.end:
                        record = self.stepper.advance(min(segment.end, pending[0]), segment)
                        row = self._record(record, segment)
                        progress.update(record.time, row)
                        if record.time >= pending[0]:
                            pending.pop(0)
                            self._write_fields()
                        if self._interrupted():
                            self._save()
                            self.log.warning("interrupted at t = %.6g s: checkpoint written, --resume continues", record.time)
                            return INTERRUPTED
                        if self._due(saved):
                            self._save()
                            saved = time.monotonic()
                        if self.stepper.accepted_steps >= self.scenario.solver.max_steps:
                            raise SolutionStopped(
                                f"stopped at t = {record.time:.6g} s, V = {record.voltage:.4f} V: solver.max_steps "
                                f"({self.scenario.solver.max_steps}) steps are done."
                            )
                    k += 1 + (2 * self._leap(segment, k + 1) if segment.resolved else 0)
                    pending = [t for t in pending if t > self.stepper.time]
            except SolutionStopped:
                self._restore_last()
                self._save()
                raise
        return self._finish()

    def _leap(self, pause, following: int) -> int:
        """After a pulse's pause: pulses that are leapt over; `following` is the segment that comes next."""
        left = sum(s.step == pause.step and s.kind == "write" for s in self.waveform.segments[following:])
        joule, gains = self.energy.joule, self.stepper.ions.gains()
        sums = np.concatenate([[self.source_energy, self.imbalance_charge], joule, gains, self.array.gaps()])
        pulses, more = self.leaps.after_pulse(pause, left, sums)
        if pulses:
            self.leaps.leap(pulses, self.waveform.segments[following + 2 * pulses - 1].end)
            self.source_energy, self.imbalance_charge = (sums + more)[:2]
            self.energy.joule = joule + more[2: 2 + len(joule)]
            self.stepper.ions.carry_on(more[2 + len(joule): 2 + len(joule) + len(gains)])
        return pulses

    def leap_numbers(self) -> dict:
        """For summary.json: pulses leapt over, the largest error of a leap, and what the leaps missed of each number of terminals.csv."""
        if not self.leaps.skipped:
            return {}
        numbers = {"pulses leapt over [1]": self.leaps.skipped, "largest error of a leap [1]": self.leaps.worst}
        if self.leaps.missed is not None:
            numbers["missed by leaps"] = dict(zip(self.array.summed, map(float, self.leaps.missed[2:])))
        return numbers

    def _on_signal(self, number, frame):
        if self._signal is not None:  # asked twice: stop at once
            raise KeyboardInterrupt
        self._signal = number

    def _interrupted(self):
        return self.comm.allreduce(self._signal is not None, MPI.LOR)

    def _due(self, saved):
        return self.comm.bcast(time.monotonic() - saved > self.scenario.output.checkpoint_every, root=0)

    def _restore_last(self):
        self.model.state[:] = self.stepper.levels.states[0]

    def _across(self):
        """The terminals that the device's own voltage lies between: the driven one, and the first at ground."""
        driven = self.scenario.driven
        return driven, next((n for n, terminal in self.scenario.terminals.items() if terminal.role == "ground"), driven)

    def _record(self, record, segment):
        """One row of terminals.csv from a step; currents of the whole device, inflow positive."""
        q = self.model.parameters.scaling.ampere(1.0) * self.device.current_scale
        volts, (driven, grounded) = record.voltages, self._across()
        parallel = self.scenario.device.parallel_conductance * (volts[driven] - volts[grounded])
        row = {"time [s]": record.time}
        total, energies = 0.0, self.energy.add(record)
        for name in self.device.terminals:
            shunt = parallel if name == driven else -parallel if name == grounded else 0.0
            row[f"voltage {name} [V]"] = volts[name]
            row[f"current {name} [A]"] = record.current(name) * q + shunt
            row[f"displacement current {name} [A]"] = record.displacement[name] * q
            row[f"ionic current {name} [A]"] = record.ionic[name] * q
            for part, currents in (("electron", record.electrons), ("hole", record.holes)):
                if name in currents:
                    row[f"{part} current {name} [A]"] = currents[name] * q
            if len(record.ions) > 1:
                row |= {f"{ion} current {name} [A]": currents[name] * q for ion, currents in record.ions.items()}
            total += record.current(name) * q
        current = row[f"current {driven} [A]"]
        self.imbalance_charge += 0.5 * (self._last_total + total) * record.step
        if self.array is None and driven in (record.circuit.delivered if record.circuit else ()):
            delivered = record.circuit.delivered[driven]
            row[f"source voltage {driven} [V]"], row[f"source current {driven} [A]"] = record.voltage, delivered
            # as the device's energy: mean voltage times the charge of the time formula
            self.source_energy += 0.5 * (self._source_output + record.circuit.output) * record.circuit.charge[driven]
            self._source_output = record.circuit.output
            row["source energy [J]"] = self.source_energy
            if self.scenario.terminals[driven].compliance is not None:
                row[f"in compliance {driven} [1]"] = abs(record.circuit.limit)
        self._last_total = total
        self.voltage = record.voltage
        drop = volts[driven] - volts[grounded]
        row |= {
            "conductance [S]": current / drop if abs(drop) > 1e-9 else float("nan"),
            "energy [J]": self.energy.total,
            "filament gap [m]": self.probe.gap() * 1e-9 if self.probe else float("nan"),
            "charge imbalance [C]": self.imbalance_charge,
            "ion imbalance [1]": record.ion_imbalance,
            "step [s]": record.step,
            "newton iterations": int(record.newton_iterations),
            "linear iterations": int(record.linear_iterations),
        }
        if self.heat is not None:
            row |= self._heat_row()
        if self.array is not None:
            row |= self.array.row(row, segment, record, energies)
        if self.table is not None:
            self.table.append(row)
        return row

    def _heat_row(self):
        from solver.physics.heat_balance import largest

        scaling = self.model.parameters.scaling
        return {
            "largest temperature [K]": largest(self.model) * scaling.temperature,
            "heat [W]": scaling.watt(self.heat.produced()) * self.device.current_scale,
        }

    def _write_fields(self):
        from solver.physics.observables import fields_in_si

        start = time.perf_counter()
        self.series.write(self.stepper.time, fields_in_si(self.model), {"voltage [V]": self.voltage})
        self.clock["output"] = self.clock.get("output", 0.0) + time.perf_counter() - start

    def _save(self):
        from solver.results import checkpoint

        states, scalars = self.stepper.snapshot()
        strobes, leaps = self.leaps.snapshot()
        run = {
            "energy": self.energy.snapshot(), "source energy": self.source_energy, "source output": self._source_output,
            "imbalance": self.imbalance_charge, "last total": self._last_total,
            "segment": self.segment, "voltage": self.voltage, "wall": self.wall(),
            "newton": self.engine.newton_iterations, "linear": self.engine.linear_iterations,
        }
        checkpoint.save(self.folder.checkpoint, self.nodes, states | strobes, {"stepper": scalars, "leaps": leaps, "run": run})

    def wall(self) -> float:
        """Seconds spent on this run, before a resume included."""
        return self.wall_before + time.perf_counter() - self.clock["start"]

    def _finish(self):
        from solver.summary import summarise

        self.series.close()
        summary = summarise(self)  # collective: memory of all ranks
        on_root(self.comm, lambda: self._close(summary))
        return DONE

    def _close(self, summary):
        from solver.results.summary import write_summary

        self.table.close()
        write_summary(self.folder.summary, summary)
        if self.array is not None:
            from solver.analysis.array_export import export
            from solver.results.tables import read_terminals

            export(self.folder.path, read_terminals(self.folder.path), self.scenario)
        if self.scenario.output.figures:
            from solver.figures import make_all

            make_all(self.folder.path)
        self.log.info("done: %s", self.folder.path)

"""`halofil admittance`: bring a device to a bias point, linearise it, write the spectrum's table, numbers and picture."""

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mpi4py import MPI

from solver.analysis.admittance import spectrum, write_table
from solver.engines.cpu.harmonic import HarmonicError
from solver.physics.fields import FILAMENT
from solver.results.collective import on_root
from solver.results.folder import ResultsExist, atomic_write_text, start_log

DONE, BAD_INPUT, STOPPED = 0, 2, 3
STEADY = 0.01  # change of the state within a period from which on a spectrum is that of a moving device
TABLE, NUMBERS, PICTURE = "admittance.csv", "admittance.json", "admittance.png"

log = logging.getLogger("halofil")


@dataclass(frozen=True)
class BiasPoint:
    """How the state is reached at which the device is linearised.

    Attributes:
        voltage: of the driven terminal, applied in equilibrium at 0 V [V]; None: the scenario's protocol is run.
        hold: how long the voltage is held [s]; None: until nothing changes any more, a filament held as it is.
        frozen: the filament does not respond to the small signal.
    """

    voltage: float | None
    hold: float | None
    frozen: bool


def admittance(scenario, out: Path, voltage, hold, frequencies, *, freeze: bool = False, force: bool = False) -> int:
    """Spectrum of `scenario` into the folder `out`; called on every rank.

    Args:
        scenario: `solver.scenario.Scenario`.
        out: folder, made where missing.
        voltage, hold, freeze: see `BiasPoint`.
        frequencies: [Hz], ascending.
        force: overwrite an earlier spectrum.

    Returns:
        0 done, 2 bad input (a circuit at a terminal, an earlier spectrum or a run in the way, mesh that cannot be built), 3 no bias point or a
        frequency that could not be solved.
    """
    from meshes import MeshError
    from solver.transient.stepping import SolutionStopped

    comm, point = MPI.COMM_WORLD, BiasPoint(voltage, hold, freeze)
    wired = [name for name, terminal in scenario.terminals.items() if not terminal.plain or terminal.role == "floating"]
    if wired:
        return _say(comm, f"terminals.{wired[0]}: the admittance is that of the device alone, between its driven and its "
                    f"grounded terminals; write driven or ground, e.g. --set terminals.{wired[0]}="
                    f"{'driven' if wired[0] == scenario.driven else 'ground'}", BAD_INPUT)
    try:
        on_root(comm, lambda: _make_ready(Path(out), force))
    except ResultsExist as error:
        return _say(comm, error, BAD_INPUT)
    start_log(Path(out) / "run.log" if comm.rank == 0 else None)
    start = time.perf_counter()
    try:
        stepper, volts = _at_bias(scenario, Path(out), point, comm)
        found, small = _swept(scenario, stepper, point, frequencies)
    except MeshError as error:
        return _say(comm, error, BAD_INPUT)
    except SolutionStopped as error:
        return _say(comm, f"the bias point is out of reach: {error}", STOPPED)
    except HarmonicError as error:
        return _say(comm, error, STOPPED)
    numbers = _numbers(scenario, found, small, volts, point) | {
        "wall time [s]": time.perf_counter() - start, "ranks": comm.size, "unknowns": stepper.engine.unknowns,
    }
    on_root(comm, lambda: _write(Path(out), scenario, found, numbers))
    return DONE


def _say(comm, sentence, status):
    if comm.rank == 0:
        logging.getLogger("halofil").error("%s", sentence)
    return status


def _make_ready(folder, force):
    if folder.exists() and not folder.is_dir():
        raise ResultsExist(f"{folder} is a file, not a folder: choose another --out")
    if (folder / "terminals.csv").exists():
        raise ResultsExist(f"{folder} holds a run: choose another --out for its spectrum")
    if (folder / TABLE).exists() and not force:
        raise ResultsExist(f"{folder} holds a spectrum, it is not overwritten: use --force, or another --out")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (TABLE, NUMBERS, PICTURE):
        (folder / name).unlink(missing_ok=True)


def _at_bias(scenario, folder, point, comm):
    """(Stepper whose model is at the bias point, voltage there [V])."""
    import meshes
    from solver.scenario.protocol import Hold
    from solver.transient.marching import march, stepper_for

    def make():
        atomic_write_text(folder / "scenario.yaml", scenario.resolved_yaml())
        report = meshes.build(scenario, folder / "mesh.msh")
        log.info("mesh: %d nodes, %d cells, %.1f s", report.nodes, report.cells, report.seconds)

    on_root(comm, make)
    device = meshes.read(scenario, folder / "mesh.msh", comm)
    if point.voltage is None:
        stepper = stepper_for(scenario, device)
        stepper.equilibrate()
        volts = march(stepper, scenario.solver.max_steps)
        log.info("protocol run: %d steps, the device is at %.4g V", stepper.accepted_steps, volts)
        return stepper, volts
    volts, hold = point.voltage, point.hold
    protocol = () if hold is None else (Hold(voltage=f"{volts!r} V", duration=f"{hold!r} s"),)
    stepper = stepper_for(scenario, device, protocol)
    stepper.equilibrate()
    if hold is None:
        stepper.relax(volts)
        log.info("stationary state at %.4g V reached%s", volts, ", the filament held" if FILAMENT in stepper.model.fields else "")
    else:
        march(stepper, scenario.solver.max_steps)
        log.info("held at %.4g V for %g s: %d steps", volts, hold, stepper.accepted_steps)
    return stepper, volts


def _swept(scenario, stepper, point, frequencies):
    """(Spectrum, SmallSignal), with progress and what drifts said in the log."""
    from solver.engines.cpu.small_signal import SmallSignal

    frozen = (FILAMENT,) if point.frozen and FILAMENT in stepper.model.fields else ()
    small = SmallSignal(stepper.model, frozen, scenario.solver.linear_solver)
    if small.drift > STEADY * frequencies[0]:
        log.warning(
            "the state is not stationary: its stored quantities change by up to %.2g of their largest in a second. What is "
            "linearised is the device at this moment; below %.2g Hz it changes by more than %.0f %% within a period.",
            small.drift, small.drift / STEADY, 100 * STEADY,
        )
    tenth = max(1, -(-len(frequencies) // 10))

    def progress(done):
        if done % tenth == 0 or done == len(frequencies):
            log.info("%3.0f %%  %.3g Hz", 100 * done / len(frequencies), frequencies[done - 1])

    parallel = scenario.device.parallel_conductance
    found = spectrum(small, frequencies, scenario.driven, parallel, progress)
    if found.imbalance.max() > 1e-6:
        k = int(np.argmax(found.imbalance))
        log.warning("the terminals' currents sum to %.1g of the largest at %.3g Hz: digits beyond are rounding",
                    found.imbalance[k], found.frequency[k])
    return found, small


def _numbers(scenario, found, small, volts, point):
    """Contents of admittance.json."""
    return {
        "name": scenario.name,
        "bias [V]": volts,
        "state": "after the protocol" if point.voltage is None else "stationary" if point.hold is None else "after the hold",
        "hold [s]": point.hold,
        "fields that do not respond": list(small.frozen),
        "drift [1/s]": small.drift,
        "driven": found.driven,
        "terminals": list(found.terminals),
        "lowest frequency [Hz]": float(found.frequency[0]),
        "highest frequency [Hz]": float(found.frequency[-1]),
        "conductance at the lowest frequency [S]": float(found.admittance[0].real),
        "conductance at the highest frequency [S]": float(found.admittance[-1].real),
        "capacitance at the lowest frequency [F]": float(found.capacitance[0]),
        "capacitance at the highest frequency [F]": float(found.capacitance[-1]),
        "largest current imbalance [1]": float(found.imbalance.max()),
        "linear iterations": small.solver.iterations,
    }


def _write(folder, scenario, found, numbers):
    from solver.figures.spectra import nyquist_and_bode

    write_table(found, folder / TABLE)
    title = f"{scenario.name}, {numbers['bias [V]']:g} V, {numbers['state']}"
    if scenario.output.figures and len(found.frequency) > 1:
        nyquist_and_bode(found, folder / PICTURE, title)
    atomic_write_text(folder / NUMBERS, json.dumps(numbers, indent=2, ensure_ascii=False) + "\n")
    log.info("conductance %.4g S and capacitance %.4g F at %.3g Hz, %.4g S and %.4g F at %.3g Hz",
             found.admittance[0].real, found.capacitance[0], found.frequency[0],
             found.admittance[-1].real, found.capacitance[-1], found.frequency[-1])
    log.info("done: %s", folder)

"""`halofil admittance`: bring a device to a bias point, sweep the frequency, write the table and the picture."""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solver.analysis.admittance import AdmittanceError, SmallSignal, Spectrum
from solver.results.folder import ResultsExist, atomic_write_text

COLUMNS = (
    "frequency [Hz]", "admittance real [S]", "admittance imaginary [S]", "impedance real [ohm]",
    "impedance imaginary [ohm]", "capacitance [F]", "current imbalance [1]",
)
STOPPED = 3


@dataclass(frozen=True)
class BiasPoint:
    """Where the spectrum is taken.

    Attributes:
        voltage: V, applied in one jump from equilibrium at 0 V.
        settle: s the voltage is held before the device is linearised.
    """

    voltage: float
    settle: float


def frequencies(start, stop, per_decade):
    """Logarithmic grid [Hz] from `start` to `stop`, both included, at least `per_decade` points a decade."""
    count = int(np.ceil(np.log10(stop / start) * per_decade - 1e-9)) + 1
    return np.geomspace(start, stop, max(count, 2))


def settled_model(scenario, folder, bias):
    """The scenario's device after `bias`: DeviceModel at its state (the scenario's protocol is not run)."""
    from mpi4py import MPI

    import meshes
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.device import DeviceModel
    from solver.scenario.protocol import Hold
    from solver.transient.control import StepLimits
    from solver.transient.stepping import Stepper
    from solver.transient.waveforms import Waveform

    s = scenario.solver
    msh = Path(folder) / "mesh.msh"
    meshes.build(scenario, msh)
    model = DeviceModel(scenario, meshes.read(scenario, msh, MPI.COMM_SELF))
    engine = CpuEngine(model, s.newton_tolerance, s.linear_tolerance, s.linear_solver)
    waveform = Waveform([Hold(voltage=f"{bias.voltage!r} V", duration=f"{bias.settle!r} s")])
    limits = StepLimits(s.time_tolerance, s.max_filament_change, s.min_step)
    stepper = Stepper(model, engine, waveform, limits, max(abs(bias.voltage), 1e-6))
    stepper.equilibrate()
    (segment,) = waveform.segments
    stepper.enter(segment, 0.0)
    while stepper.time < segment.end:
        stepper.advance(segment.end, segment)
    return model


def spectrum(scenario, folder, bias, grid) -> Spectrum:
    """Admittance of the scenario's driven terminal, the parallel conductance of the device included."""
    found = SmallSignal(settled_model(scenario, folder, bias), scenario.driven).admittance(grid)
    return Spectrum(found.frequency, found.admittance + scenario.device.parallel_conductance, found.imbalance)


def write_table(found: Spectrum, path: Path):
    """The spectrum as CSV, units in the column names."""
    z = found.impedance
    columns = (found.frequency, found.admittance.real, found.admittance.imag, z.real, z.imag, found.capacitance,
               found.imbalance)
    text = io.StringIO()
    text.write(",".join(COLUMNS) + "\n")
    for row in zip(*columns):
        text.write(",".join(f"{value:.9e}" for value in row) + "\n")
    atomic_write_text(path, text.getvalue())


def read_table(path: Path) -> Spectrum:
    """The spectrum of a table written by `write_table`."""
    rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return Spectrum(rows[:, 0], rows[:, 1] + 1j * rows[:, 2], rows[:, 6])


def admittance_command(scenario, folder, *, bias, settle, start, stop, per_decade, force):
    """Write `admittance.csv`, `admittance.png` and the resolved scenario into `folder`.

    Args:
        scenario: `solver.scenario.Scenario`.
        folder: results folder, made when missing.
        bias: V. settle: s. start, stop: Hz. per_decade: points a decade.
        force: overwrite an earlier table.

    Returns:
        The files written, or exit status 3 after saying why the bias point is out of reach.

    Raises:
        ResultsExist: an earlier spectrum is there and `force` is not given.
        AdmittanceError: more than one process.
    """
    from mpi4py import MPI

    from solver.figures.spectra import nyquist_and_bode
    from solver.transient.stepping import SolutionStopped

    table = Path(folder) / "admittance.csv"
    if MPI.COMM_WORLD.size > 1:
        raise AdmittanceError("the small-signal analysis runs on one process: leave mpirun out")
    if table.exists() and not force:
        raise ResultsExist(f"{table} is there already: use --force to overwrite it, or another --out")
    Path(folder).mkdir(parents=True, exist_ok=True)
    atomic_write_text(Path(folder) / "scenario.yaml", scenario.resolved_yaml())
    try:
        found = spectrum(scenario, folder, BiasPoint(bias, settle), frequencies(start, stop, per_decade))
    except SolutionStopped as error:
        print(f"the bias point {bias:g} V is out of reach: {error}", file=sys.stderr)
        return STOPPED
    write_table(found, table)
    picture = nyquist_and_bode(found, Path(folder) / "admittance.png", f"{scenario.name}, {bias:g} V")
    return [table, picture]

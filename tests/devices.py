"""Small devices for the tests, made the way a run makes them: YAML -> scenario -> Gmsh -> DeviceModel."""

from pathlib import Path

import numpy as np

MATERIAL = "mapbi3_gold"
SWEEP = "protocol: [{sweep: {to: 0.1 V, rate: 0.1 V/s}}]\nterminals: {top: driven, bottom: ground}\n"


def scenario(tmp_path: Path, text: str, overrides=()):
    """Load a scenario from YAML text (name, material, terminals and protocol are added where missing)."""
    from solver.scenario import load_scenario

    body = text
    if "name:" not in text:
        body += "\nname: test\n"
    if "material:" not in text:
        body += f"\nmaterial: {MATERIAL}\n"
    if "protocol:" not in text:
        body += SWEEP
    path = Path(tmp_path) / "test.yaml"
    path.write_text(body)
    return load_scenario(path, list(overrides))


def model(tmp_path: Path, text: str, overrides=()):
    """DeviceModel of a scenario text on this process's communicator."""
    from mpi4py import MPI

    import meshes
    from solver.physics.device import DeviceModel

    s = scenario(tmp_path, text, overrides)
    msh = Path(tmp_path) / "test.msh"
    meshes.build(s, msh)
    return DeviceModel(s, meshes.read(s, msh, MPI.COMM_WORLD))


SLAB = {
    1: "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 100 nm^2}\n",
    2: "device: {layout: slab, thickness: 20 nm, dimension: 2, area: 100 nm^2}\nmesh: {size_at_filament: 4 nm}\n",
    3: "device: {layout: slab, thickness: 20 nm, dimension: 3, area: 100 nm^2}\nmesh: {size_at_filament: 5 nm}\n",
}
SHORT_FILAMENT = (
    "physics: {filament: {interface_width: 2 nm, initial: "
    "{core_radius: 1 nm, core_height: 8 nm, radius: 8 nm, height: 12 nm}}}\n"
)
GAP = (
    "device: {layout: axisymmetric_gap, gap: 60 nm, radius: 40 nm}\n"
    "physics: {filament: {interface_width: 1.2 nm, initial: "
    "{core_radius: 2 nm, core_height: 46 nm, radius: 5 nm, height: 52 nm}}}\n"
)


def random_state(m, seed=0):
    """A rough but admissible state: potentials within 3 kT, c/c0 0.2..5, xi and u in (0, 1); prescribed values kept."""
    rng = np.random.default_rng(seed)
    x = m.context.state.x.array.reshape(-1, len(m.fields))
    low_high = {"potential": (-3, 3), "fermi": (-3, 3), "vacancies": (0.2, 5), "filament": (0, 1), "tunnelling": (0, 1)}
    for k, field in enumerate(m.fields):
        low, high = low_high[field]
        free = ~m.constrained[:, k]
        x[free, k] = low + (high - low) * rng.random(free.sum())
    m.context.state.x.scatter_forward()


def march(m, protocol, **limits):
    """Take a model through a protocol (YAML step dicts as objects with `kind`); returns the list of StepRecords."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.transient.control import StepLimits
    from solver.transient.stepping import Stepper
    from solver.transient.waveforms import Waveform

    settings = {"tolerance": 5e-3, "filament_change": 0.2, "smallest": 1e-12, "max_voltage_step": 5e-3} | limits
    step = settings.pop("max_voltage_step")
    waveform = Waveform(protocol)
    stepper = Stepper(m, CpuEngine(m), waveform, StepLimits(**settings), step)
    stepper.equilibrate()
    records, volts = [], 0.0
    for segment in waveform.segments:
        stepper.enter(segment, volts)
        while stepper.time < segment.end:
            records.append(stepper.advance(segment.end, segment))
        volts = segment.v_end
    return records

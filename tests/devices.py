"""Small devices for the tests, made the way a run makes them: YAML -> scenario -> Gmsh -> DeviceModel."""

from pathlib import Path

import numpy as np

MATERIALS = Path(__file__).parent / "materials"
MATERIAL = "halide_film"
SWEEP = "protocol: [{sweep: {to: 0.1 V, rate: 0.1 V/s}}]\nterminals: {top: driven, bottom: ground}\n"


def scenario(tmp_path: Path, text: str, overrides=()):
    """Load a scenario from YAML text (name, material, terminals and protocol are added where missing)."""
    from solver.scenario import load_scenario

    body = text
    if "name:" not in text:
        body += "\nname: test\n"
    if "material:" not in text:
        body += f"\nmaterial: {MATERIAL}\n"
        folder = Path(tmp_path) / "materials"
        folder.mkdir(exist_ok=True)
        (folder / f"{MATERIAL}.yaml").write_text((MATERIALS / f"{MATERIAL}.yaml").read_text())
    if "protocol:" not in text:
        body += SWEEP if "\nterminals:" not in f"\n{text}" else SWEEP.splitlines()[0] + "\n"
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


BIPOLAR = """material: {material}
physics:
  electronic: bipolar
  filament: off
  ions: {ions}
  carriers: {carriers}
"""


def bipolar(carriers="{}", ions="fixed", material="silicon"):
    """Scenario text of electrons and holes; `carriers` is the YAML of physics.carriers."""
    return BIPOLAR.format(carriers=carriers, ions=ions, material=material)


N_TYPE = "{doping: [{profile: uniform, density: 6.24e11 cm^-3}], contacts: {top: {resistive: on}}}"  # 1e-4 S/m


def with_carriers(text, carriers=N_TYPE):
    """A scenario text with a filament (`physics: {filament: ...`), with electrons and holes instead of one level."""
    assert text.count("physics: {") == 1
    return text.replace("physics: {", f"physics: {{electronic: bipolar, carriers: {carriers}, ")


def material_with_ions(tmp_path):
    """Name of a material with the numbers of silicon, and ions and contacts of the perovskite."""
    from solver.scenario.loading import SHIPPED

    texts = [(SHIPPED / "silicon.yaml").read_text(), (MATERIALS / f"{MATERIAL}.yaml").read_text()]
    rest = texts[1][texts[1].index("ions:"):]
    folder = Path(tmp_path) / "materials"
    folder.mkdir(exist_ok=True)
    (folder / "silicon_ions.yaml").write_text(texts[0] + rest)
    return "silicon_ions"


def ion(charge, density="1e19 cm^-3", sites="1e21 cm^-3", diffusivity="5e-10 cm^2/s", **more):
    """YAML of one species of material.ions; `more` are further parameters, or `sublattice`."""
    numbers = {"initial_density": density, "site_density": sites, "diffusivity": diffusivity, **more}
    lattice = numbers.pop("sublattice", None)
    text = ", ".join(f"{key}: {{value: {value}, source: test}}" for key, value in numbers.items())
    return f"{{charge: {charge}, {text}" + (f", sublattice: {lattice}}}" if lattice else "}")


def reaction(equation, rate, **more):
    """YAML of material.reactions with one reaction."""
    text = "".join(f", {key}: {{value: {value}, source: test}}" for key, value in more.items())
    return f"[{{equation: {equation}, rate: {{value: {rate}, source: test}}{text}}}]"


JUNCTION = "{profile: tanh, axis: %s, below: -1e17 cm^-3, above: 1e16 cm^-3, position: %g nm, width: %g nm}"
DIODE_2D = """device:
  layout: block
  dimension: 2
  length: 1 um
  height: 0.5 um
  width: 0.5 um
  pads:
    anode: {face: top, x: [0 nm, 250 nm]}
    cathode: {face: top, x: [750 nm, 1000 nm]}
mesh: {size_at_edge: 25 nm, size_at_junction: 12 nm, size_max: 80 nm, growth: 0.4}
terminals: {anode: driven, cathode: ground}
""" + bipolar("{doping: [{profile: tanh, below: -1e17 cm^-3, above: 1e17 cm^-3, position: 500 nm, width: 10 nm}]}")


def stationary(m, linear_solver="auto"):
    """Function (voltage [V]) -> sums over the terminals, going there from the voltage before; starts in equilibrium."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums
    from solver.transient.control import StepLimits
    from solver.transient.stepping import Stepper

    stepper = Stepper(m, CpuEngine(m, linear_solver=linear_solver), None, StepLimits(5e-3, 0.2, 1e-12), 0.1)
    stepper.stationary.settle_at(0.0)
    last = 0.0

    def at(volts):
        nonlocal last
        if volts != last:
            at.iterations = stepper.stationary.settle_at(volts, last)
            last = volts
        return nodal_sums(m, stepper.engine.interior_residual())

    at.engine = stepper.engine
    return at


def random_state(m, seed=0):
    """A rough but admissible state: potentials within 3 kT, densities of ions 0.2..5 of the initial ones, xi and u in (0, 1); prescribed values kept."""
    rng = np.random.default_rng(seed)
    x = m.context.state.x.array.reshape(-1, len(m.fields))
    low_high = {"potential": (-3, 3), "fermi": (-3, 3), "filament": (0, 1), "tunnelling": (0, 1),
                "electrons": (-3, 3), "holes": (-3, 3), "temperature": (0.9, 1.5)}
    for k, field in enumerate(m.fields):
        low, high = low_high.get(field, (0.2, 5))
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

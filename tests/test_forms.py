"""The compiled forms: sum of parts equals the whole, Jacobian equals finite differences, on every layout's cell."""

import numpy as np
import pytest

from tests.devices import (
    GAP,
    SHORT_FILAMENT,
    SLAB,
    bipolar,
    ion,
    material_with_ions,
    model,
    random_state,
    reaction,
    with_carriers,
)

EMISSION = (
    "doping: [{profile: uniform, density: 1e19 cm^-3}], contacts: {top: {work_function: 4.2 eV, electron_velocity: "
    "1e7 cm/s, hole_velocity: 1e6 cm/s}, bottom: {hole_velocity: 1e5 cm/s}}}"
)
LOWERED = "{work_function: 4.3 eV, thermionic: on, barrier_lowering: on}"
ROBIN = "heat: {terminals: {top: {condition: robin, temperature: 320 K, transfer_coefficient: 1e8 W/(m^2 K)}}}"
DEPENDENT = (
    "material_overrides: {film.conductivity_activation_energy: {value: 0.2 eV, source: test}, "
    "filament.temperature_coefficient: {value: 4e-3 1/K, source: test}, filament.growth_activation_energy: {value: 0.3 eV, "
    "source: test}, ions.vacancies.activation_energy: {value: 0.2 eV, source: test}}\n"
)
INTERSTITIALS = ion(-1, "2e19 cm^-3", diffusivity="2e-9 cm^2/s", sublattice="iodide", exchange_velocity="1e-4 cm/s")
VACANCIES = ion(1, sublattice="iodide", exchange_velocity="1e-3 cm/s")
TWO_IONS = (
    f"material_overrides: {{ions: {{vacancies: {VACANCIES}, interstitials: {INTERSTITIALS}}}, reactions: "
    + reaction("vacancies + interstitials <-> 0", "1e-14 cm^3/s", equilibrium_density="3e18 cm^-3") + "}\n"
)
OFFSETS = (
    "contacts: {top: {ions: {vacancies: {offset: 40 mV, symmetry_factor: 0.3}, interstitials: {offset: -20 mV, density: "
    "1e19 cm^-3}}}, bottom: {ions: {vacancies: fixed}}}"
)
DIVALENT = (
    f"material_overrides: {{ions: {{vacancies: {ion(2, exchange_velocity='1e-3 cm/s')}, anions: {ion(-1)}}}, "
    "filament.reaction: vacancies + 2 e- <-> filament}\n"
)
EMITTING = "{statistics: fermi_dirac, contacts: {top: {resistive: on, thermionic: on}, bottom: {electron_velocity: 1e4 cm/s}}}"
FILAMENT_1D = SHORT_FILAMENT.replace("12 nm", "30 nm")
HOT = f"  filament: off\n  {ROBIN}\n"
MOBILITIES = (
    "material_overrides: {semiconductor.electron_mobility_exponent: {value: 2.4, source: test}, "
    "semiconductor.hole_mobility_exponent: {value: 2.2, source: test}}\n"
)
CASES = {
    "two ions on one lattice that react": SLAB[1] + TWO_IONS + f"physics: {{filament: off, {OFFSETS}}}\n",
    "two ions that react, heated": SLAB[1] + TWO_IONS.replace("source: test}, exch", "source: test}, activation_energy: {value: 0.3 eV, "
        "source: test}, exch") + f"physics: {{filament: off, ions: {{interstitials: {{initial_profile: [{{profile: gaussian, "
        f"peak: 3e19 cm^-3, x: [20 nm, 30 nm], decay: 5 nm}}]}}}}, {OFFSETS}, {ROBIN}}}\n",
    "two ions that react, 2D with filament": SLAB[2] + TWO_IONS + SHORT_FILAMENT,
    "divalent ions beside fixed anions, filament": SLAB[2] + DIVALENT + SHORT_FILAMENT.replace("physics: {",
        "physics: {ions: {anions: {motion: fixed, initial_profile: [{profile: tanh, axis: y, below: 1e19 cm^-3, above: "
        "2e19 cm^-3, position: 10 nm}]}}, "),
    "bipolar 1D, ions and surface potential": SLAB[1] + bipolar(
        "{doping: [{profile: uniform, density: 1e17 cm^-3}], contacts: {top: {work_function: 4.2 eV}}}", "mobile", "silicon_ions"
    ).rstrip() + "\n  contacts: {top: {ions: {vacancies: {offset: 0.1 V}}}}\n",
    "1D slab": SLAB[1],
    "2D slab with filament": SLAB[2] + SHORT_FILAMENT,
    "3D slab with filament": SLAB[3] + SHORT_FILAMENT,
    "weak spots in 2D": SLAB[2] + SHORT_FILAMENT.replace("initial:", "weak_spots: {spots: [{radius: 9 nm, top: 13 nm, growth: 0.1, "
        "binding: 30 meV}], elsewhere: 1e-2}, initial:").replace("}}}", "}}, heat: on}"),
    "axisymmetric gap": GAP,
    "axisymmetric gap, resistive foot": GAP.replace("physics: {", "physics: {contacts: {bottom: {electronic: resistive}}, "),
    "no filament": SLAB[1] + "physics: {filament: off}\n",
    "no filament, fixed ions": SLAB[1] + "physics: {filament: off, ions: fixed}\n",
    "heated bar": SLAB[1] + "physics: {filament: off, ions: fixed, heat: on}\n",
    "heated slab 2D with filament, Robin": SLAB[2] + SHORT_FILAMENT.replace("}}}", "}}, " + ROBIN + "}") + DEPENDENT,
    "heated slab 3D with filament": SLAB[3] + SHORT_FILAMENT.replace("}}}", "}}, heat: on}"),
    "heated gap": GAP.replace("}}}", "}}, " + ROBIN + "}") + DEPENDENT,
    "bipolar 1D": SLAB[1] + bipolar("{doping: [{profile: tanh, below: -1e18 cm^-3, above: 1e18 cm^-3, position: 30 nm}]}"),
    "bipolar 2D, Fermi-Dirac, emission": SLAB[2] + bipolar("{statistics: fermi_dirac, generation: 1e21 cm^-3/s, " + EMISSION),
    "bipolar 1D, lowered barriers": SLAB[1] + bipolar("{contacts: {top: " + LOWERED + "}}"),
    "bipolar 2D, lowered barriers": SLAB[2] + bipolar("{contacts: {top: " + LOWERED + "}}"),
    "bipolar 3D, lowered barriers": SLAB[3] + bipolar("{contacts: {top: " + LOWERED + "}}"),
    "bipolar 3D, contact resistance": SLAB[3] + bipolar(
        "{contacts: {top: {resistive: on}, bottom: {resistive: on, electron_velocity: 1e5 cm/s}}}", material="silicon_ions"),
    "bipolar 3D, Blakemore, emission": SLAB[3] + bipolar("{statistics: blakemore, " + EMISSION),
    "bipolar 1D with filament": SLAB[1] + with_carriers(FILAMENT_1D, EMITTING),
    "bipolar 2D with filament": SLAB[2] + with_carriers(SHORT_FILAMENT, EMITTING),
    "bipolar 3D with filament": SLAB[3] + with_carriers(SHORT_FILAMENT),
    "bipolar axisymmetric gap": with_carriers(GAP),
    "bipolar 1D, heated": SLAB[1] + HOT.join(bipolar(
        "{doping: [{profile: tanh, below: -1e18 cm^-3, above: 1e18 cm^-3, position: 30 nm}]}").split("  filament: off\n")) + MOBILITIES,
    "bipolar 2D, Fermi-Dirac, emission, heated": SLAB[2] + HOT.join(bipolar(
        "{statistics: fermi_dirac, generation: 1e21 cm^-3/s, " + EMISSION).split("  filament: off\n")) + MOBILITIES,
    "bipolar 2D, filament, emission, heated": SLAB[2] + with_carriers(
        SHORT_FILAMENT.replace("}}}", "}}, " + ROBIN + "}"), EMITTING) + DEPENDENT.replace(
        "film.conductivity_activation_energy: {value: 0.2 eV, source: test}, ", ""),
    "bipolar 1D with ions": SLAB[1] + bipolar("{doping: [{profile: uniform, density: 1e17 cm^-3}]}", "mobile", "silicon_ions"),
}


@pytest.fixture(params=CASES, ids=lambda name: name.replace(" ", "_"))
def device(request, tmp_path):
    material_with_ions(tmp_path)
    m = model(tmp_path, CASES[request.param])
    m.apply_voltages({"top": 0.05, "bottom": 0.0})
    m.context.rate.value = 1e2
    random_state(m)
    return m



def _residual(assembler):
    return assembler.residual().array.copy()


def _check_jacobian(m):
    from solver.engines.cpu.assembly import Assembler

    assembler = Assembler(m)
    x = m.context.state.x.array
    direction = np.random.default_rng(1).standard_normal(x.size)
    m.restrict(direction)
    A = assembler.jacobian()
    v, product = A.createVecRight(), A.createVecLeft()
    v.array[:] = direction
    A.mult(v, product)
    start, step = x.copy(), 3e-8
    x[:] = start + step * direction
    plus = _residual(assembler)
    x[:] = start - step * direction
    numeric = ((plus - _residual(assembler)) / (2 * step)).reshape(-1, len(m.fields))
    exact = product.array.reshape(-1, len(m.fields)).copy()
    exact[m.constrained] = 0.0
    # central differences: rounding 1e-16 / step ~ 1e-8 of the largest entry; the truncation, step^2 times the third
    # derivative (large: conductivities span ten decades in a cell), stays below
    for k, field in enumerate(m.fields):
        assert np.abs(numeric[:, k] - exact[:, k]).max() <= 1e-7 * np.abs(exact[:, k]).max(), field


def test_jacobian_matches_finite_differences_in_every_row(device):
    _check_jacobian(device)


@pytest.mark.parametrize("physics", ["heat: off", "heat: on", "bipolar"])
@pytest.mark.parametrize("dimension", [2, 3])
def test_jacobian_matches_finite_differences_on_obtuse_cells(tmp_path, dimension, physics, monkeypatch):
    import meshes

    read = meshes.read

    def obtuse(*args):
        d = read(*args)
        d.film_obtuse[:] = True
        return d

    monkeypatch.setattr(meshes, "read", obtuse)
    filament = SHORT_FILAMENT.replace("}}}", f"}}}}, {physics}}}")
    m = model(tmp_path, SLAB[dimension] + (with_carriers(SHORT_FILAMENT) if physics == "bipolar" else filament))
    assert m.context.obtuse is not None
    m.apply_voltages({"top": 0.05, "bottom": 0.0})
    m.context.rate.value = 1e2
    random_state(m)
    _check_jacobian(m)


def test_joined_forms_equal_the_sum_of_their_terms(device):
    """FFCx 0.9 silently miscompiles a form that mixes quadrature rules: terms are joined by rule only."""
    from dolfinx import fem

    from solver.engines.cpu.assembly import JIT, Assembler

    together = Assembler(device).residual(interior_only=False).array.copy()
    parts = np.zeros_like(together)
    for term in device.terms:
        parts += fem.assemble_vector(fem.form(term.form, jit_options=JIT)).array[: parts.size]
    device.restrict(parts)
    scale = np.abs(parts).reshape(-1, len(device.fields)).max(axis=0)
    difference = np.abs(together - parts).reshape(-1, len(device.fields)).max(axis=0)
    assert (difference <= 1e-12 * np.maximum(scale, 1e-300)).all()


def test_a_term_that_mixes_rules_is_refused(tmp_path):
    import ufl

    from solver.engines.cpu.assembly import join_terms
    from solver.physics.context import Term

    m = model(tmp_path, SLAB[1])
    v = m.context.test("potential")
    mixed = Term("mixed", "potential", v * m.context.dx_edges(1) + v * m.context.dx_nodes(1))
    with pytest.raises(ValueError, match="mixes quadrature rules"):
        join_terms([mixed])
    assert isinstance(mixed.form, ufl.Form)

"""Violent steps on bad meshes: obtuse and sliver tetrahedra, a few coarse cells, aspect ratios of 100; and on the gap."""

import pytest

from solver.scenario.protocol import Hold, Sweep
from tests.devices import GAP, model
from tests.verification.boxes import box_model, right_angled, shaken, tetrahedra
from tests.verification.claims import Claim, Section, check
from tests.verification.robust import outcome
from tests.verification.test_robust_carriers import CASES, jumps

LENGTH = 200.0  # nm


def stretched(ratio):
    """Right-angled cells, `ratio` times as wide as high."""
    mesh = right_angled(3, 6, LENGTH)
    mesh.points[:, :2] *= ratio
    return mesh


MESHES = {
    "right-angled 3D": lambda: right_angled(3, 6, LENGTH),
    "3 cells an edge": lambda: right_angled(3, 3, LENGTH),
    "obtuse 2D": lambda: shaken(2, 12, LENGTH, 0.35),
    "slivers 3D": lambda: shaken(3, 6, LENGTH, 0.3),
    "Gmsh tetrahedra": lambda: tetrahedra(6, LENGTH),
    "Gmsh, 3 an edge": lambda: tetrahedra(3, LENGTH),
    "100 times as wide as high": lambda: stretched(100),
    "100 times as high as wide": lambda: stretched(0.01),
}
IONS = "{filament: off, contacts: {top: {ions: blocking}, bottom: {ions: exchange}}}"


def junction(axis, below="1e17", above="1e17"):
    """p below, n above, across the middle."""
    profile = f"{{profile: tanh, axis: {axis}, below: -{below} cm^-3, above: {above} cm^-3, position: 100 nm, width: 10 nm}}"
    return f"{{electronic: bipolar, ions: fixed, filament: off, carriers: {{doping: [{profile}]}}}}\nmaterial: silicon"


def ions_on(folder, mesh):
    """2 V, then -2 V on a film of cells 30 to 70 nm wide, its Debye length 2.9 nm."""
    m = box_model(folder, MESHES[mesh](), LENGTH, IONS)
    return outcome(m, [Hold(voltage=f"{v} V", duration="10 ms") for v in (2, -2)])


def junction_on(folder, mesh, **doping):
    """5 V forward, then 5 V in reverse."""
    m = box_model(folder, MESHES[mesh](), LENGTH, junction("y" if "2D" in mesh else "z", **doping))
    return outcome(m, [Hold(voltage=f"{v} V", duration="1 ms") for v in (-5, 5)])


def measure(folder):
    """(device, mesh or case) -> Outcome."""
    found = {("junction", case): jumps(folder, case) for case in CASES}
    found |= {("junction of 1e17 cm^-3", mesh): junction_on(folder, mesh) for mesh in MESHES if mesh != "slivers 3D"}
    return found | {("ions", mesh): ions_on(folder, mesh) for mesh in MESHES}


def claims(data):
    """All of the protocol is done."""
    for (device, case), found in data.items():
        text = f"{found}, {found.iterations} Newton iterations, {found.refused} refused steps"
        yield Claim(f"{device}, {case}: {text}", "", 1.0, found.reached, 1e-9, "", "share of the protocol that was done")


SECTION = Section(
    "Jumps of 5 and 10 V, ratios of doping to 1e8, bad meshes",
    "Junctions and Schottky barriers jump from 0 V to 5 V in reverse and from there to 5 V forward (10 V or 390 kT/q at once; on "
    "the bad meshes the other way round), a film of ions from 0 to 2 V and to -2 V. What Newton cannot take in one step is "
    "reached by continuation in the voltage, which the log says. The measured number is the share of the protocol that "
    "was done; a run that stopped would show its sentence.",
    measure, claims, theme="robustness",
)  # fmt: skip


@pytest.mark.parametrize("mesh", MESHES)
def test_ions_survive_jumps_of_2_V_and_stay_positive_on_any_mesh(tmp_path, mesh):
    found = ions_on(tmp_path, mesh)
    check(claims({("ions", mesh): found}))
    assert found.currents[0] > 0 > found.currents[1]
    assert found.imbalance < 1e-6


@pytest.mark.parametrize("mesh", [mesh for mesh in MESHES if mesh != "slivers 3D"])
def test_a_junction_survives_jumps_of_5_and_10_V_on_any_mesh(tmp_path, mesh):
    found = junction_on(tmp_path, mesh)
    check(claims({("junction", mesh): found}))
    on, off = found.currents
    # 9 orders: a bad mesh must not short a junction
    assert on < 0 and abs(off) < 1e-9 * abs(on)


def test_what_does_not_converge_ends_in_a_sentence(tmp_path):
    """An abrupt junction of 1e20 to 1e14 cm^-3 on three Gmsh tetrahedra an edge."""
    found = junction_on(tmp_path, "Gmsh, 3 an edge", below="1e20", above="1e14")
    for part in ("stopped at t =", "V =", "largest residual in", "nm", "continuation from 0 V to -5 V came to", "try a finer mesh"):
        assert part in found.message
    assert found.iterations < 4000


@pytest.mark.slow
@pytest.mark.parametrize("exchange", ["1.5e-3 cm/s", "1e-12 cm/s"])
def test_the_gap_survives_a_jump_to_2_V(tmp_path, exchange):
    m = model(tmp_path, GAP, [f"material.ions.vacancies.exchange_velocity={exchange}"])
    found = outcome(m, [Hold(voltage="2 V", duration="10 ms")])
    assert not found.message
    assert found.currents[0] > 0


@pytest.mark.slow
def test_the_gap_without_exchange_survives_ramps_of_1_kV_per_s(tmp_path):
    m = model(tmp_path, GAP, ["material.ions.vacancies.exchange_velocity=1e-12 cm/s"])
    found = outcome(m, [Sweep(to=f"{v} V", rate="1 kV/s") for v in (2, -2)], max_voltage_step=0.02)
    assert not found.message
    assert found.currents[0] > 0 > found.currents[1]

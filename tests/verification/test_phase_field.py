"""The phase field against sharp-interface laws: speed of a planar front, shrinking sphere."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import model
from tests.verification.claims import Claim, check
from tests.verification.walking import stepper_of, walk

WIDTH = 1.2  # nm
# M kappa = v0 gamma / c_f of the material file: 2 nm/s, 6 mJ/m^2 in kT/nm^2 at 300 K, 1 nm^-3.
GAMMA = 6e-3 * 1e-18 / (1.380649e-23 * 300)
FRONT = "first-order perturbation of the tanh front: v M^-1 ∫ξ'² = c_f Δ ∫h'ξ', ∫ξ'² = 1/(6l)"


def front(folder, equilibrium):
    """Position of a planar front [nm] against time [s] with fixed vacancies; Delta [kT]."""
    m = model(
        folder,
        "device: {layout: slab, thickness: 40 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 0.3 nm}\n"
        f"physics: {{ions: fixed, filament: {{interface_width: {WIDTH} nm, initial: "
        "{core_radius: 1 nm, core_height: 4 nm, radius: 10 nm, height: 20 nm}}}\n",
        [f"material.filament.equilibrium_vacancy_density={equilibrium} m^-3"],
    )
    stepper = stepper_of(m, [Hold(voltage="0 V", duration="60 s")], tolerance=1e-3, filament_change=0.1)
    z = m.coordinates[:, 0]
    order = np.argsort(z)
    rows = []
    for record, _ in walk(stepper):
        xi = m.values("filament")[order]
        rows.append((record.time, _crossing(z[order], xi)))
    return np.array(rows), np.log(1e25 / equilibrium) - np.log(1 - 0.01)


def _crossing(x, xi):
    """Where xi falls through 1/2: linear in ln(xi / (1 - xi)), exact for the tanh profile."""
    k = np.flatnonzero(xi > 0.5)[-1]
    a, b = (np.log(q / (1 - q)) for q in np.clip(xi[k : k + 2], 1e-9, 1 - 1e-9))
    return x[k] + (x[k + 1] - x[k]) * a / (a - b)


def front_claims(folder):
    for equilibrium in (0.99e25, 1.03e25):
        rows, delta = front(folder, equilibrium)
        late = rows[:, 0] > 10
        speed = np.polyfit(rows[late, 0], rows[late, 1], 1)[0]
        # 6 l M c_f = v0 = 2 nm/s; S(Delta) = e^{-0.08 Delta} and the front's own narrowing are of order Delta
        yield Claim(f"speed of a front at Δ = {delta:.4f} kT against 6 l M c_f Δ", FRONT, 2.0 * delta, speed, 0.02, "nm/s",
                    "Δ = 2 to 3 %; (h/l)²")


def sphere(folder, start=14.0):
    """Radius along the axis and along r [nm] of a shrinking sphere against time [s]; no driving force."""
    m = model(
        folder,
        "device: {layout: axisymmetric_gap, gap: 60 nm, radius: 40 nm}\n"
        "mesh: {size_at_filament: 0.8 nm, core_radius: 20 nm}\n"
        f"physics: {{ions: fixed, filament: {{interface_width: {WIDTH} nm, initial: "
        "{core_radius: 1 nm, core_height: 2 nm, radius: 5 nm, height: 52 nm}}}\n",
        # ln(c0 / c_eq) = ln(1 - nu): Delta = 0
        [f"material.filament.equilibrium_vacancy_density={1e25 / 0.99!r} m^-3"],
    )
    x = m.coordinates
    m.constrained[:, m.fields.index("filament")] = False
    distance = np.hypot(x[:, 0], x[:, 1] - 30) - start
    m.values("filament")[:] = 0.5 * (1 - np.tanh(distance / (2 * WIDTH)))
    m.values("tunnelling")[:] = np.exp(-np.maximum(distance, 0) / 1.0)
    axis = np.flatnonzero((abs(x[:, 0]) < 1e-9) & (x[:, 1] >= 30))
    axis = axis[np.argsort(x[axis, 1])]
    middle = np.flatnonzero(abs(x[:, 1] - x[axis[0], 1]) < 1e-9)
    middle = middle[np.argsort(x[middle, 0])]
    stepper = stepper_of(m, [Hold(voltage="0 V", duration="12 s")], tolerance=2e-3)
    rows = []
    for record, _ in walk(stepper):
        xi = m.values("filament")
        up = _crossing(x[axis, 1], xi[axis]) - 30
        # the row of nodes lies at x[axis[0], 1], not at 30 exactly
        across = np.hypot(_crossing(x[middle, 0], xi[middle]), x[axis[0], 1] - 30)
        rows.append((record.time, up, across))
    return np.array(rows)


def sphere_claims(folder, rows=None):
    rows = sphere(folder) if rows is None else rows
    t = rows[:, 0]
    late = (t > 0.5) & (rows[:, 1] > 6)
    rate = -4 * 2.0 * GAMMA  # -4 M kappa, M kappa = v0 gamma / c_f [nm^2/s]
    law = "mean curvature: dR/dt = -2 M κ / R (sharp-interface limit of Allen-Cahn)"
    for column, name in ((1, "along the axis"), (2, "across it")):
        slope = np.polyfit(t[late], rows[late, column] ** 2, 1)[0]
        yield Claim(f"d(R²)/dt of a shrinking sphere, {name}, against -4 M κ", law, rate, slope, 0.03, "nm²/s",
                    "(l/R)² = 1 to 4 %, mesh (h/l)²/12 = 4 %")
    round_ = rows[late, 1] / rows[late, 2]
    yield Claim("axial over radial radius, worst", law, 1.0, round_[np.argmax(abs(round_ - 1))], 0.02, "", "it stays round")


def test_a_front_moves_with_6_l_M_c_f_Delta_either_way(tmp_path):
    check(front_claims(tmp_path))


def test_a_sphere_shrinks_as_R2_minus_4_M_kappa_t(tmp_path):
    check(sphere_claims(tmp_path))

"""The phase field against sharp-interface laws: speed of a planar front, shrinking sphere (sharp_interface.py)."""

import numpy as np

from solver.discretization.functions import Numpy, butler_volmer
from solver.physics.filament import BEYOND
from tests.devices import model
from tests.verification.boxes import box_model, right_angled
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.sharp_interface import (
    advance_filament,
    crossing,
    only_the_filament_moves,
    radial_sphere,
)

WIDTH = 1.2  # nm, of the front
FILAMENT = "filament: {interface_width: %g nm, initial: {core_radius: 1 nm, core_height: 4 nm, radius: 10 nm, height: 14 nm}}"
WEAK = 0.02  # beta
BETAS = (-WEAK, WEAK, 0.5, -2.1, 2.1, 3.1, 5.2)
MESHES = (1.0, 0.5, 0.25)  # h / l
YOUNG = 5.2  # beta of the front that is watched from its first moment
SIZES = (1.0, 0.7)  # h / l of the sphere
RADII = (5.0, 10.0, 20.0)  # R0 / l of the radial solution
DRIVEN = {0.5: 10.0, 1.5: 5.0, -1.0: 20.0}  # beta -> R0 / l of a driven sphere, radial


def front(folder, beta, size, span):
    """Distance / l against v0 Delta S(Delta) t / l of a planar front at rest at the start, in 1D on cells of `size` times l: (n, 2)."""
    m = model(
        folder,
        f"device: {{layout: slab, thickness: 40 nm, dimension: 1, area: 100 nm^2}}\nmesh: {{size_at_filament: {size * WIDTH} nm}}\n"
        f"physics: {{{FILAMENT % WIDTH}}}\n",
    )
    f = m.parameters.filament
    delta = beta * f.surface_energy / (f.density * f.width)
    only_the_filament_moves(m, delta)
    speed = 6 * f.width * f.mobility * f.density * delta * butler_volmer(np.float64(delta), f.alpha, Numpy)  # nm/s
    z = m.coordinates[:, 0]
    order = np.argsort(z)
    start = 10.0 if beta > 0 else 30.0
    m.values("filament")[:] = 0.5 * (1 - np.tanh((z - start) / (2 * f.width)))
    rows = [(t * speed, crossing(z[order], m.values("filament")[order]) - start)
            for t in advance_filament(m, span * WIDTH / abs(speed), 1e-4, 0.1)]
    return np.array(rows) / WIDTH


def late_speed(rows):
    """Speed over v0 Delta S(Delta) in the second half of the way."""
    late = np.abs(rows[:, 0]) > np.abs(rows[-1, 0]) / 2
    return float(np.polyfit(rows[late, 0], rows[late, 1], 1)[0])


def fronts(folder):
    """(beta, h/l) -> ratio of the speed to v0 Delta S(Delta); "young": the whole way of one front."""
    runs = {(beta, 0.25): front(folder, beta, 0.25, 16.0 if abs(beta) > WEAK else 2.5) for beta in BETAS}
    runs |= {(beta, size): front(folder, beta, size, 16.0) for beta in (0.5, 2.1) for size in MESHES[:-1]}
    return {"ratio": {key: late_speed(rows) for key, rows in runs.items()}, "young": runs[YOUNG, 0.25]}


def front_claims(data):
    for beta in BETAS:
        yield Claim(f"speed of a front over v₀ Δ S(Δ) at β = c_f Δ l/γ = {beta:g}", "v = v₀ Δ S(Δ), whatever l", 1.0,
                    data["ratio"][beta, 0.25], 0.012, "", "rounding of |∇ξ| 3e-3, mesh 3e-3, fit of the front's speed 0.2 %")
    for beta in (0.5, 2.1):
        yield Claim(f"speed of a front over v₀ Δ S(Δ) at β = {beta:g}, h = l", "v = v₀ Δ S(Δ)", 1.0, data["ratio"][beta, 1.0], 0.06, "",
                    "P1 elements, (h/l)²/20")
    ahead = [now - law for law, now in data["young"] if law < 4]
    yield Claim(f"distance of a front at β = {YOUNG:g} from v₀ Δ S(Δ) t in its first four widths, worst, over l",
                "the profile at rest is moved as it is", 0.0, float(np.abs(ahead).max()), 0.05, "", "1 % of four widths, start of time steps")


def front_drawing(data, figure):
    left, right = figure.subplots(1, 2)
    betas = np.linspace(0.02, 6, 60)
    law(left, betas, np.ones_like(betas), label="v = v₀ Δ S(Δ)")
    for k, (sign, name) in enumerate(((1, "growing"), (-1, "dissolving"))):
        simulated(left, *zip(*((abs(b), r) for (b, s), r in data["ratio"].items() if b * sign > 0 and s == 0.25)), k, f"{name}, h = l/4")
    simulated(left, *zip(*((b, r) for (b, s), r in data["ratio"].items() if s == 1.0)), 2, "growing, h = l")
    left.set(xlabel="β = c_f Δ l / γ", ylabel="v / (v₀ Δ S(Δ))", ylim=(0.9, 1.05))
    left.legend()
    way = data["young"]
    law(right, way[:, 0], way[:, 0], label="v₀ Δ S(Δ) t")
    simulated(right, way[:, 0], way[:, 1], 0, f"β = {YOUNG:g}, h = l/4")
    right.set(xlabel="v₀ Δ S(Δ) t / l", ylabel="way of the front / l", xlim=(0, 5), ylim=(0, 5))
    right.legend()


FRONT = Section(
    "Phase field: speed of a planar front",
    "At a fixed driving force Δ a planar front of dξ/dt = −M S(Δ) [W g′ − κ ∇²ξ − 6 l c_f |∇ξ| Δ] with W = 3γ/l, κ = 6γl and "
    "M = v₀/(6 l c_f) moves at v₀ Δ S(Δ) however strong the driving: |∇ξ| moves any profile as it is. Left: the solver's fronts in "
    "1D. Right: the way of one that starts with the profile at rest, from the first moment. (Along h′(ξ) in place of 6 l |∇ξ| a front "
    "would narrow and slow down over its first widths, to 0.72, 0.62 and 0.51 of v₀ Δ S(Δ) at β = 2.1, 3.1 and 5.2.)",
    fronts,
    front_claims,
    front_drawing,
    "filament",
)


def sphere(folder, size, start=5.0, end=3.0, tolerance=1e-3):
    """A sphere shrinking without driving force in 3D, one octant of it on right-angled tetrahedra.

    Args:
        size: h / l.
        start, end: R / l, of the run.

    Returns:
        M kappa t / l^2, and R / l along an edge, a face diagonal and the space diagonal of the octant, (n, 4).
    """
    width = 2.0  # nm; only R/l and h/l matter
    cells = round((start + 3.0) / size)
    length = cells * size * width
    m = box_model(folder, right_angled(3, cells, length), length, f"{{{FILAMENT % width}}}")
    f = m.parameters.filament
    only_the_filament_moves(m, 0.0)
    x = m.coordinates
    m.values("filament")[:] = 0.5 * (1 - np.tanh((np.linalg.norm(x, axis=1) - start * width) / (2 * width)))
    rays = []
    for direction in ((0, 0, 1), (0, 1, 1), (1, 1, 1)):
        d = np.array(direction) / np.sqrt(sum(direction))
        along = x @ d
        on = np.flatnonzero(np.linalg.norm(x - np.outer(along, d), axis=1) < 1e-9)
        on = on[np.argsort(along[on])]
        rays.append((along[on], on))
    speed = f.mobility * f.gradient  # M kappa [nm^2/s]
    seconds = (start**2 - end**2) * width**2 / (4 * speed)
    rows = [(t * speed / width**2, *(crossing(place, m.values("filament")[on]) / width for place, on in rays))
            for t in advance_filament(m, seconds, tolerance, 0.1)]
    return np.array(rows)


def spheres(folder):
    """h/l -> rows of `sphere` with the radial solution's R/l as a last column; R0/l -> radial (times, R/l); beta -> the same, driven."""
    runs = {}
    for size in SIZES:
        rows = sphere(folder, size)
        runs[size] = np.column_stack([rows, radial_sphere(5.0, rows[:, 0])])
    radial = {}
    for start in RADII:
        times = np.linspace(0, 0.16 * start**2, 65)  # to 0.6 R0
        radial[start] = (times, radial_sphere(start, times))
    driven = {}
    for beta, start in DRIVEN.items():
        times = np.linspace(0, 0.4 * start / abs(beta), 65)
        driven[beta] = (times, radial_sphere(start, times, beta, reach=0.6 * start + 10))
    return runs, radial, driven


def shrinkage(rows, column):
    """Change of (R/l)^2 from x = 0.5 on, when the profile has adapted, over that of M kappa t / l^2."""
    late = rows[rows[:, 0] > 0.5]
    return (late[-1, column] ** 2 - late[0, column] ** 2) / (late[-1, 0] - late[0, 0])


def sphere_claims(data):
    runs, radial, driven = data
    source = "dR/dt = −2 M κ / R (mean curvature)"
    for times, radius in radial.values():
        half = len(times) // 2
        slope, mean = np.gradient(radius**2, times)[half], radius[half]
        # the next order of the sharp-interface expansion, measured to be 1.3 (l/R)^2
        yield Claim(f"dR²/d(Mκt) of the diffuse interface at l/R = {1 / mean:.3f}, radial solution", source, -4.0, slope,
                    1.5 / mean**2, "", "1.5 (l/R)²")
    for beta, (times, radius) in driven.items():
        half = len(times) // 2
        slope, mean = np.gradient(radius, times)[half], radius[half]
        law = beta - 2 / mean
        yield Claim(f"d(R/l)/dτ of a driven sphere at β = {beta:g}, l/R = {1 / mean:.3f}, radial solution", "β − 2 l/R",
                    law, slope, (3 / mean**3 + 1e-3) / abs(law), "", "the shrinking sphere's own 2.6 (l/R)³, cells along r 1e-3")
    fine = runs[SIZES[-1]]
    exact = shrinkage(fine, 4)
    for column, ray in ((1, "an edge"), (2, "a face's diagonal"), (3, "the space diagonal")):
        yield Claim(f"dR²/d(Mκt) in 3D along {ray} of the octant, h/l = {SIZES[-1]:g}", "radial solution of the same diffuse interface", exact,
                    shrinkage(fine, column), 0.04, "", "(h/l)²/12 = 4 %")
    errors = {size: np.mean([shrinkage(rows, k) / shrinkage(rows, 4) - 1 for k in (1, 2, 3)]) for size, rows in runs.items()}
    rate = np.log(errors[SIZES[0]] / errors[SIZES[1]]) / np.log(SIZES[0] / SIZES[1])
    yield Claim("order in h/l of the error in 3D (mean of the three directions)", "P1 elements", 2.0, float(rate), 0.35, "",
                "h/l = 1 to 0.7, where the next order is seen")
    worst = max(np.ptp(row[1:4]) / row[4] for row in fine)
    yield Claim(f"spread of the three radii over their mean, worst, h/l = {SIZES[-1]:g}", "it stays a sphere", 0.0, worst, 0.03, "",
                "mesh (h/l)² of the curvature, adding up to the end")


def sphere_drawing(data, figure):
    runs, radial, _ = data
    left, right = figure.subplots(1, 2)
    rows = runs[SIZES[-1]]
    for k, ray in enumerate(("edge", "face diagonal", "space diagonal")):
        simulated(left, rows[:, 0], rows[:, k + 1] ** 2, k, f"3D, {ray}")
    law(left, rows[:, 0], rows[:, 4] ** 2, label="diffuse interface, radial")
    law(left, rows[:, 0], 25 - 4 * rows[:, 0], label="R0² − 4 M κ t", ls=":")
    left.set_xlabel("M κ t / l²")
    left.set_ylabel("(R / l)²")
    left.legend()
    for k, (start, (times, radius)) in enumerate(radial.items()):
        slope = np.gradient(radius**2, times)
        law(right, 1 / radius[times > 1.5], (-slope / 4 - 1)[times > 1.5], k, f"radial, R0 = {start:g} l")
    x = np.array([0.05, 0.35])
    law(right, x, 1.3 * x**2, label="1.3 (l/R)²", ls=":")
    right.set(xscale="log", yscale="log", xlabel="l / R", ylabel="−(dR²/dt) / (4 M κ) − 1")
    right.legend()


SPHERE = Section(
    "Phase field: a sphere shrinks by its curvature",
    "Without driving force a sphere of filament obeys R² = R0² − 2(d−1) M κ t = R0² − 4 M κ t in 3D, with the solver's "
    "M = v0/(6 l c_f) and κ = 6γl: M κ = v0 γ/c_f whatever l is. Left: one octant in 3D (right-angled tetrahedra, "
    "h = 0.7 l), the radius along three directions, beside a fine radial solution of the same diffuse interface. Right: "
    "that solution's distance from the sharp law falls as 1.3 (l/R)². Driven, the radial solution obeys dR/dt = v₀ (Δ − 2γ/(c_f R)).",
    spheres,
    sphere_claims,
    sphere_drawing,
    "filament",
)
SECTIONS = (FRONT, SPHERE)


def test_a_front_moves_with_v0_Delta_S_however_strong_the_driving(tmp_path):
    check(FRONT.claims(FRONT.measure(tmp_path)))


def test_a_sphere_shrinks_as_R2_minus_4_M_kappa_t(tmp_path):
    check(SPHERE.claims(SPHERE.measure(tmp_path)))


def test_a_film_that_dissolves_down_to_metal_that_cannot_stays_within_the_phases(tmp_path):
    m = model(tmp_path, f"device: {{layout: slab, thickness: 40 nm, dimension: 1, area: 100 nm^2}}\n"
                        f"mesh: {{size_at_filament: {0.5 * WIDTH} nm}}\nphysics: {{{FILAMENT % WIDTH}}}\n")
    f, k = m.parameters.filament, m.fields.index("filament")
    held = m.constrained[:, k].copy()
    assert 0 < (held & (m.values("filament") == 1) & m.film_nodes).sum() < 20  # the core is kept, the film above it is free
    order = np.argsort(m.coordinates[:, 0])
    for delta in (-6.0, 6.0):  # kT; within the phases it drives ten times harder than the double well holds
        only_the_filament_moves(m, delta)
        m.constrained[:, k] = held
        speed = 6 * f.width * f.mobility * f.density * abs(delta) * butler_volmer(np.float64(delta), f.alpha, Numpy)  # nm/s
        for _ in advance_filament(m, 15 / speed, 1e-3, 0.2):
            assert -BEYOND < m.values("filament").min() and m.values("filament").max() < 1 + BEYOND
        top = crossing(m.coordinates[order, 0], m.values("filament")[order])
        # 10 nm down to the core, where it rests for as long as half the way takes; and up again as if it had not rested
        assert abs(top - 4.0) < f.width if delta < 0 else abs(top - 19.0) < 2 * f.width

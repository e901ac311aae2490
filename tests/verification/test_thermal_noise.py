"""Thermal noise of the phase field against equilibrium statistics: fluctuation and dissipation belong together.

Around a uniform film (xi = 0, far from the filament) the equation is linear: V_i dxi/dt = -M (L xi)_i + noise, with
L = 2 W V + kappa K of the lumped mesh. In equilibrium <xi xi^T> = L^-1 (energies in kT), on any mesh. BDF2 with its
steps of finite size changes the variance of a mode of rate r by a factor that follows from the scheme's own recursion.
"""

import numpy as np
import pytest
from scipy.linalg import eigh, solve_discrete_lyapunov

from solver.physics.noise import ThermalNoise
from solver.transient import bdf
from solver.transient.history import write_history
from tests.devices import model
from tests.verification.claims import Claim, Section, check
from tests.verification.walking import stepper_of

STEP = 10e-3  # s: the fastest mode decays by r dt = 0.2 to 0.5
SOURCE = "fluctuation-dissipation theorem (Hohenberg, Halperin, Rev. Mod. Phys. 49, 435 (1977))"


def slab(folder, size, dimension=1):
    """A slab so wide that fluctuations are small (1e-4): linear; the filament is held up to 20 nm."""
    text = (
        f"device: {{layout: slab, thickness: 50 nm, dimension: {dimension}, area: 1e6 nm^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\n"
        "physics: {noise: {seed: 7, resolution: 10 ms, correlation_length: 0 nm}, contacts: {top: {ions: blocking}, bottom: {ions: blocking}}, "
        "filament: {interface_width: 1.2 nm, initial: {core_radius: 2 nm, core_height: 8 nm, radius: 5 nm, height: 10 nm}}}\n"
    )
    return model(folder, text)


def operator(m, free):
    """L on the free nodes, and their volumes, from the mesh's own forms (dense)."""
    import ufl
    from dolfinx import fem
    from dolfinx.fem import assemble_matrix, assemble_vector

    ctx, f = m.context, m.parameters.filament
    space = ctx.noise.function_space
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    K = assemble_matrix(fem.form(ctx.weight * ufl.inner(ufl.grad(u), ufl.grad(v)) * ctx.dx_edges(ctx.film))).to_dense()
    V = assemble_vector(fem.form(v * ctx.weight * ctx.dx_nodes(ctx.film))).array
    return (np.diag(2 * f.well * V) + f.gradient * K)[np.ix_(free, free)], V[free]


def scheme_variance(rate):
    """Stationary variance of two-step BDF2 on dx = -rate x dt + dB, times 2 rate: 1 for small steps."""
    c = bdf.coefficients(STEP, STEP)
    d = c.a0 + rate
    A = np.array([[-c.a1 / d, -c.a2 / d, -c.a2 / d], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])  # (x_n, x_(n-1), dB_n)
    b = np.array([[c.a0 / d], [0.0], [1.0]])
    return solve_discrete_lyapunov(A, STEP * b @ b.T)[0, 0] * 2 * rate


def fluctuations(folder, size, steps=500, burn=100):
    """Mean over free nodes and time of xi^2 against the scheme's and the exact equilibrium, and the longest mode's."""
    m = slab(folder, size)
    heights = m.coordinates[:, 0]
    free = np.flatnonzero(heights > 20 + 1e-9)
    column = m.fields.index("filament")
    m.constrained[:, column] |= heights <= 20 + 1e-9
    m.values("filament")[heights > 14] = 0.0
    L, V = operator(m, free)
    mu, modes = eigh(L, np.diag(V))  # modes^T V modes = 1
    scheme = np.array([scheme_variance(m.parameters.filament.mobility * k) for k in mu]) / mu
    stepper = stepper_of(m, [], filament_change=0.9, newton=1e-7)
    stepper.equilibrate()
    ctx, noise = m.context, m.noise
    samples = []
    for k in range(steps):
        # the production step with a fixed size
        t = (k + 1) * STEP
        c = bdf.coefficients(STEP, stepper.levels.previous_step)
        write_history(stepper.model, c, stepper.levels.states)
        ctx.noise.x.array[:] = noise.force(c, stepper.levels.times, t)
        assert stepper.engine.solve().converged
        stepper.levels.push(t, ctx.state.x.array)
        if k >= burn:
            samples.append(m.values("filament")[free].copy())
    amplitudes = np.array(samples) @ np.diag(V) @ modes
    return {"size": size, "mu": mu, "scheme": scheme, "measured": (amplitudes**2).mean(axis=0),
            "node": np.mean(np.array(samples) ** 2), "node exact": np.mean((modes**2) @ (1 / mu)),
            "rates": mu * m.parameters.filament.mobility}


def measure(folder):
    return [fluctuations(folder, size) for size in (1.0, 0.5)]


def claims(data):
    for d in data:
        ratio = float(np.mean(d["measured"] / d["scheme"]))
        # 400 steps of modes that forget in 1 / (r dt) = 2 to 30 steps: some 1500 independent squares in all
        yield Claim(f"variance of all modes over that of kT/2 each (time scheme's), h = {d['size']} nm", SOURCE, 1.0, ratio, 0.12,
                    "", "three standard errors of the sample")
        yield Claim(f"the scheme's own error in it, mean over modes, h = {d['size']} nm", "Lyapunov equation of the recursion", 1.0,
                    float(np.mean(d["scheme"] * d["mu"])), 0.25, "", "steps of 10 ms against rates up to 60/s")
    coarse, fine = data
    # the nodes' own variance is no physics: it grows as the mesh resolves more modes
    yield Claim("variance at a node, h = 0.5 over 1 nm", "diagonal of L^-1", fine["node exact"] / coarse["node exact"],
                fine["node"] / coarse["node"], 0.3, "", "sample and time scheme")


def draw(data, figure):
    axes = figure.subplots()
    for d, marker in zip(data, "os"):
        axes.loglog(d["mu"], d["measured"], marker, ms=3, label=f"simulated, h = {d['size']} nm")
    mu = np.geomspace(min(d["mu"].min() for d in data), max(d["mu"].max() for d in data), 50)
    axes.loglog(mu, 1 / mu, "k-", lw=0.8, label="1/μ (kT/2 a mode)")
    axes.set_xlabel("stiffness of the mode μ [kT nm⁻³]")
    axes.set_ylabel("variance of its amplitude [nm³]")
    axes.legend()


SECTION = Section(
    "Thermal noise of the filament",
    "Every mode of the phase field around a uniform film holds kT/2 on average, whatever the mesh: the noise has the "
    "strength that belongs to the mobility.", measure, claims, draw, "filament")


def test_every_mode_holds_half_a_kT_on_any_mesh(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))


@pytest.fixture
def noise(tmp_path):
    return slab(tmp_path, 2.0).noise


def test_increments_of_a_step_add_up_however_it_is_divided(noise):
    whole = noise.increment(3e-3, 47e-3)
    parts = sum(noise.increment(a, b) for a, b in ((3e-3, 9e-3), (9e-3, 10e-3), (10e-3, 31e-3), (31e-3, 47e-3)))
    np.testing.assert_allclose(parts, whole, rtol=1e-9, atol=1e-12 * np.abs(whole).max())


def test_increments_have_the_variance_of_their_time_over_the_volume(noise):
    many = np.array([noise.increment(k * 0.01, (k + 1) * 0.01) for k in range(2000)])
    volume = noise._per_root**-2
    np.testing.assert_allclose((many**2).mean(axis=0) * volume, 0.01, rtol=0.15)  # 5 / sqrt(1000)
    assert abs(np.corrcoef(many[:, 3], many[:, 4])[0, 1]) < 0.1


def test_the_seed_decides(tmp_path):
    m = slab(tmp_path, 2.0)
    volume = m.noise._per_root**-2
    same, other = (ThermalNoise(m.context.space, volume, seed, 10e-3) for seed in (7, 8))
    a, b, c = (n.increment(0.0, 0.05) for n in (m.noise, same, other))
    assert np.array_equal(a, b) and not np.allclose(a, c)

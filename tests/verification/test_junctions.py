"""Electrostatics of junctions and barriers: first integral, depletion, graded doping, screening, capacitance, degeneracy."""

import math

import numpy as np
from scipy.integrate import quad, solve_bvp
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from tests.devices import model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.silicon import (
    AFFINITY,
    AREA,
    EPS,
    GAP,
    N_C,
    N_I,
    N_V,
    NO_RECOMBINATION,
    VT,
    Q,
    built_in,
    slab,
)

BOLTZMANN = "Poisson's equation with Boltzmann carriers, integrated once"


def potential(m):
    """(x [m], potential [kT/q]) along a slab, sorted."""
    order = np.argsort(m.coordinates[:, 0])
    return m.coordinates[order, 0] * 1e-9, m.values("potential")[order].copy()


def tanh(below, above, position, width):
    return f"{{profile: tanh, below: {below} cm^-3, above: {above} cm^-3, position: {position} nm, width: {width} nm}}"


# ---- the abrupt junction in equilibrium and in reverse ---------------------------------------------------------------

N_A, N_D, JUNCTION = 1e23, 2e22, 400e-9  # m^-3, place [m]
BIASES = np.array([0.0, 1.0, 2.0, 5.0, 10.0, 20.0])


def bulk(doping):
    """Potential of a neutral region [kT/q], doping in m^-3."""
    return math.asinh(doping / (2 * N_I))


def squared_field(u, doping):
    """E^2 [V^2/m^2] at potential u of a region of uniform doping whose far end is neutral: 2/eps [p + n - N u] from there."""
    far = bulk(doping)
    return 2 * Q * VT / EPS * (2 * N_I * (np.cosh(u) - np.cosh(far)) - doping * (u - far))


def at_junction():
    """Potential [kT/q] where both sides have the same field."""
    return brentq(lambda u: squared_field(u, -N_A) - squared_field(u, N_D), bulk(-N_A) + 1e-9, bulk(N_D) - 1e-9)


def profile(points=300):
    """(x - junction [m], potential [kT/q]) of the abrupt junction: x from the integral of dphi / E on each side."""
    middle, out = at_junction(), []
    for doping, sign in ((-N_A, -1), (N_D, 1)):
        # to 1e-6 kT of the bulk, denser there (the field falls exponentially)
        u = bulk(doping) + (middle - bulk(doping)) * np.logspace(0, -6, points)
        steps = [quad(lambda v, d=doping: VT / math.sqrt(squared_field(v, d)), u[k], u[k + 1], limit=100)[0] for k in range(points - 1)]
        out.append((sign * np.concatenate([[0.0], np.cumsum(np.abs(steps))]), u))
    return (np.concatenate([out[0][0][::-1], out[1][0][1:]]), np.concatenate([out[0][1][::-1], out[1][1][1:]]))


def field_at_junction(m):
    """|E| [V/m] at the junction: of the cell beside it, less what half its length of space charge changes."""
    x, u = potential(m)
    order = np.argsort(m.coordinates[:, 0])
    k = int(np.argmin(abs(x - JUNCTION)))
    levels = [m.values(f)[order][k] for f in ("electrons", "holes")]
    carriers = N_I * (math.exp(levels[1] - u[k]) - math.exp(u[k] - levels[0]))
    fields = []
    for side, doping in ((1, N_D), (-1, -N_A)):
        h = abs(x[k + side] - x[k])
        charge = Q * (carriers + doping)
        fields.append(abs(u[k + side] - u[k]) * VT / h + abs(charge) * h / (2 * EPS))
    return float(np.mean(fields))


def abrupt(folder):
    """Profiles of two meshes, and the largest field against reverse voltage."""
    meshes, text = [], f"{{doping: [{tanh(-N_A * 1e-6, N_D * 1e-6, JUNCTION * 1e9, 0)}]{NO_RECOMBINATION}}}"
    for size in (4.0, 2.0):
        m = model(folder, slab(2400, size, text))
        at = stationary(m)
        at(0.0)
        meshes.append((size, *potential(m), field_at_junction(m)))
    fields = []
    for volts in BIASES:
        at(volts)
        fields.append(field_at_junction(m))
    return meshes, np.array(fields)


def depletion_field(volts):
    """sqrt(2 q N* (V_bi + V - 2 kT/q) / eps), N* = N_A N_D / (N_A + N_D): with the majority tails' correction."""
    return np.sqrt(2 * Q * N_A * N_D / (N_A + N_D) / EPS * (built_in(N_A, N_D) + volts - 2 * VT))


def abrupt_claims(data):
    meshes, fields = data
    x, u = profile()
    errors = []
    for _, xs, us, _ in meshes:
        inside = abs(xs - JUNCTION) < 0.9 * min(-x[0], x[-1])
        errors.append(np.max(abs(us[inside] - PchipInterpolator(x, u)(xs[inside] - JUNCTION))))
    size, xs, us, field = meshes[-1]
    yield Claim("built-in voltage kT/q ln(N_A N_D/n_i²)", "Boltzmann statistics", built_in(N_A, N_D), (us[-1] - us[0]) * VT, 1e-9, "V",
                "a difference of two neutral ends")
    exact = math.sqrt(squared_field(at_junction(), N_D))
    yield Claim(f"field at the junction, cells of {size:g} nm", BOLTZMANN, exact, field, 2e-4, "V/m", "second order: (h/λ_D)²/100 with λ_D = 13 nm")
    yield Claim("largest deviation of the potential from the exact profile, in kT", BOLTZMANN, 0.0, errors[1], 4e-3, "",
                "second order in h, see below; (h/λ_D)² = 0.02")
    yield Claim("order of that deviation in h", BOLTZMANN, 2.0, math.log2(errors[0] / errors[1]), 0.1, "",
                "fourth powers of h/λ_D; a grid line lies on the junction")
    for volts, found in zip(BIASES[[2, 5]], fields[[2, 5]]):
        yield Claim(f"field at the junction at {volts:g} V reverse", "depletion approximation less 2 kT/q", depletion_field(volts), found,
                    2e-4, "V/m", "tails beyond the linear correction, e^(−V); mesh as above")


def draw_abrupt(data, figure):
    meshes, fields = data
    left, right = figure.subplots(1, 2)
    x, u = profile()
    law(left, x * 1e9, u * VT, label="exact, Boltzmann")
    _, xs, us, _ = meshes[0]
    near = slice(int(np.argmin(abs(xs - JUNCTION + 200e-9))), int(np.argmin(abs(xs - JUNCTION - 350e-9))), 6)
    simulated(left, (xs[near] - JUNCTION) * 1e9, us[near] * VT, label="cells of 4 nm")
    left.set(xlim=(-200, 350), xlabel="distance from the junction [nm]", ylabel="potential [V]")
    fine = np.linspace(0, 21, 200)
    law(right, fine, depletion_field(fine) * 1e-7, label="depletion")
    simulated(right, BIASES, fields * 1e-7)
    right.set(xlabel="reverse voltage [V]", ylabel="largest field [10$^7$ V/m]", xlim=(-0.5, 21), ylim=(0, None))
    left.legend()
    right.legend()


ABRUPT = Section(
    "The abrupt p-n junction",
    "1e17 and 2e16 cm⁻³. In equilibrium Poisson's equation can be integrated: ε E²/2 = q kT/q [n + p − N φ] counted from the "
    "neutral end of each side, which gives the field at the junction and, by one more quadrature, the whole profile (left). "
    "Under reverse voltage the field follows E = √(2 q N* (V_bi + V − 2 kT/q)/ε), the depletion approximation with the tails of "
    "the majorities (right).",
    abrupt, abrupt_claims, draw_abrupt, "transport",
)


def test_the_abrupt_junction_has_its_exact_profile_and_field(tmp_path):
    check(abrupt_claims(abrupt(tmp_path)))


# ---- the graded junction, and screening of a small step --------------------------------------------------------------

WIDTHS = (20.0, 80.0, 300.0)  # of the tanh [nm]
GRADED = 1e23  # m^-3 on both sides
STEP = 0.02


def graded_reference(width, half=1200e-9):
    """Function of x - junction [m] -> potential [kT/q] by collocation of fourth order (scipy.integrate.solve_bvp)."""
    scale = math.sqrt(EPS * VT / (Q * GRADED))

    def slopes(s, y):
        return np.vstack([y[1], 2 * N_I / GRADED * np.sinh(y[0]) - np.tanh(s * scale / width)])

    far = bulk(GRADED)
    s = np.linspace(-half, half, 4001) / scale
    start = np.arcsinh(GRADED * np.tanh(s * scale / width) / (2 * N_I))
    found = solve_bvp(slopes, lambda a, b: [a[0] + far, b[0] - far], s, np.vstack([start, np.gradient(start, s)]), tol=1e-7,
                      max_nodes=200_000)
    assert found.success, found.message
    return lambda x: found.sol(x / scale)[0]


def graded(folder):
    """{tanh width: (x - junction [m], potential)}, and the same of a step of 2 % in the doping."""
    out = {}
    for width in WIDTHS:
        m = model(folder, slab(2400, 2, f"{{doping: [{tanh(-1e17, 1e17, 1200, width)}]}}"))
        stationary(m)(0.0)
        x, u = potential(m)
        out[width] = (x - 1200e-9, u)
    m = model(folder, slab(400, 1, f"{{doping: [{tanh(1e17, (1 + STEP) * 1e17, 200, 0)}]}}"))
    stationary(m)(0.0)
    x, u = potential(m)
    return out, (x - 200e-9, u)


def screening(step):
    """(distances [m], |potential - that far away|) on both sides of the step, and its Debye length [m]."""
    x, u = step
    far = np.where(x > 0, u[-1], u[0])
    near = (abs(x) < 60e-9) & (abs(x) > 1e-12)
    return x[near], abs(u - far)[near], math.sqrt(EPS * VT / (Q * 1e23 * (1 + STEP / 2)))


def graded_claims(data):
    junctions, step = data
    for width, (x, u) in junctions.items():
        inner = abs(x) < 1100e-9
        off = np.max(abs(u - graded_reference(width * 1e-9)(x))[inner])
        yield Claim(f"tanh junction {width:g} nm wide: largest deviation of the potential, in kT", "solve_bvp, fourth order, 1e-7", 0.0, off, 4e-3,
                    "", "(h/λ_D)² of the mesh, h = 2 nm, λ_D = 13 nm")
    x, off, _ = screening(step)
    for side, name in ((x > 0, "high"), (x < 0, "low")):
        slope = np.polyfit(abs(x[side]), np.log(off[side]), 1)[0]
        exact = math.sqrt(EPS * VT / (Q * 1e23 * (1 + STEP * (name == "high"))))
        yield Claim(f"decay length of the potential on the {name} side of a 2 % step", "Debye length √(εkT/q²N)", exact, -1 / slope, 4e-3,
                    "m", "next order of the step, 1 % of kT: 3e-3; mesh (h/λ_D)²/24 = 2e-4")
    yield Claim("height of the step, kT/q ln 1.02", "Boltzmann statistics", math.log1p(STEP), step[1][-1] - step[1][0], 1e-9, "kT/q",
                "neutral ends")


def draw_graded(data, figure):
    left, right = figure.subplots(1, 2)
    fine = np.linspace(-700e-9, 700e-9, 400)
    for k, (width, (x, u)) in enumerate(data[0].items()):
        law(left, fine * 1e9, graded_reference(width * 1e-9)(fine) * VT, k, None)
        shown = (abs(x) < 700e-9) & (np.arange(len(x)) % 25 == 0)
        simulated(left, x[shown] * 1e9, u[shown] * VT, k, f"tanh {width:g} nm")
    left.set(xlim=(-700, 700), xlabel="distance from the junction [nm]", ylabel="potential [V]")
    left.legend()
    x, off, length = screening(data[1])
    every = slice(None, None, 4)
    simulated(right, x[every] * 1e9, off[every])
    law(right, x * 1e9, STEP / 2 * np.exp(-abs(x) / length), label="½ δ e$^{-|x|/λ_D}$")
    right.set(yscale="log", xlabel="distance from a 2 % step [nm]", ylabel="|φ − φ$_∞$| [kT/q]")
    right.legend()


GRADED_SECTION = Section(
    "Graded junctions, and a doping step screened over the Debye length",
    "±1e17 cm⁻³ tanh(x/w): from a sharp junction to one that is neutral nearly everywhere, against a collocation solution of "
    "the Poisson-Boltzmann equation (left). A step of 2 % in the doping is screened as ½ δ e^(−|x|/λ_D) (right).",
    graded, graded_claims, draw_graded, "transport",
)


def test_graded_junctions_and_debye_screening(tmp_path):
    check(graded_claims(graded(tmp_path)))


# ---- Mott-Schottky ---------------------------------------------------------------------------------------------------

WORK_FUNCTION, DONORS = 4.8, 1e22  # eV, m^-3


def mott_schottky(folder):
    """Rows (voltage [V], capacitance [F/m^2]) of a barrier on n-silicon."""
    contacts = f", contacts: {{top: {{work_function: {WORK_FUNCTION} eV}}}}" + NO_RECOMBINATION
    m = model(folder, slab(2000, 2.5, "{doping: [{profile: uniform, density: 1e16 cm^-3}]" + contacts + "}"))
    at = stationary(m)
    step, rows = 0.01, []

    def charge(v):
        return m.parameters.scaling.coulomb(at(v)["top"].charge) / AREA

    for v in (0.2, 0.0, -0.5, -1.0, -2.0, -3.0, -4.0, -5.0):
        rows.append((v, (charge(v + step) - charge(v - step)) / (2 * step)))
    return np.array(rows)


def bending():
    """Built-in voltage of the barrier [V]: phi_B - (E_c - E_F)."""
    return WORK_FUNCTION - AFFINITY - VT * math.log(N_C / DONORS)


def mott_schottky_claims(rows):
    volts, inverse = rows[:, 0], 1 / rows[:, 1] ** 2
    reverse = volts < -0.4
    slope, offset = np.polyfit(volts[reverse], inverse[reverse], 1)
    source = "C⁻² = 2 (V_bi − V − kT/q)/(q ε N)"
    yield Claim("doping from the slope of 1/C²", source, DONORS, -2 / (Q * EPS * slope), 1e-3, "m^-3", "(h/λ_D)²/12 with λ_D = 41 nm")
    yield Claim("built-in voltage from the intercept of 1/C², plus kT/q", source, bending(), -offset / slope + VT, 2e-3, "V",
                "the straight line is exact but for e^(−V_bi), a mesh error of the slope shifts it")


def draw_mott_schottky(rows, figure):
    axes = figure.subplots()
    fine = np.linspace(-5.2, bending(), 100)
    law(axes, fine, 2 * (bending() - fine - VT) / (Q * EPS * DONORS))
    simulated(axes, rows[:, 0], 1 / rows[:, 1] ** 2)
    axes.set(xlabel="voltage on the metal [V]", ylabel="1/C² [m$^4$/F²]", ylim=(0, None))
    axes.legend()


MOTT_SCHOTTKY = Section(
    "Mott-Schottky plot of a barrier",
    "A metal of 4.8 eV on n-silicon, 1e16 cm⁻³: C from differences of the electrode's charge 10 mV to both sides. "
    "1/C² is a straight line; its slope gives the doping, its intercept the built-in voltage less kT/q.",
    mott_schottky, mott_schottky_claims, draw_mott_schottky, "contacts",
)


def test_the_mott_schottky_plot_gives_doping_and_built_in_voltage(tmp_path):
    check(mott_schottky_claims(mott_schottky(tmp_path)))


# ---- degenerate doping -----------------------------------------------------------------------------------------------

DENSITIES = np.array([1e23, 1e25, 1e26, 4e26])  # m^-3
LOW = 1e22


def fermi_level(density, statistics):
    """eta [kT] at which N_c F(eta) is `density`; Fermi-Dirac's integral by quadrature."""
    if statistics == "boltzmann":
        return math.log(density / N_C)
    if statistics == "blakemore":
        return -math.log(N_C / density - 0.27)

    def integral(eta):
        upper = max(eta, 0) + 60
        value = quad(lambda e: math.sqrt(e) / (1 + math.exp(e - eta)), 0, upper, limit=400, points=[max(eta, 0.1)])[0]
        return 2 / math.sqrt(math.pi) * value

    return brentq(lambda eta: math.log(integral(eta) * N_C / density), -20, 80)


def degenerate(folder):
    """{statistics: potential steps [kT/q] between LOW and each of DENSITIES}."""
    out = {}
    for statistics in ("boltzmann", "blakemore", "fermi_dirac"):
        steps = []
        for density in DENSITIES if statistics != "blakemore" else DENSITIES[DENSITIES < 0.9 * N_C / 0.27]:
            doping = tanh(LOW * 1e-6, density * 1e-6, 1500, 0)
            m = model(folder, slab(2000, 5, f"{{statistics: {statistics}, doping: [{doping}]}}"))
            stationary(m)(0.0)
            x, u = potential(m)
            steps.append(float(np.interp(1900e-9, x, u) - np.interp(300e-9, x, u)))
        out[statistics] = np.array(steps)
    return out


def degenerate_claims(data):
    tolerance = {"boltzmann": (1e-6, "exact"), "blakemore": (1e-6, "exact"),
                 "fermi_dirac": (5e-3, "the solver's F₁/₂ is Bednarczyk's, published within 0.4 % of the density")}
    for statistics, found in data.items():
        exact = np.array([fermi_level(n, statistics) - fermi_level(LOW, statistics) for n in DENSITIES[: len(found)]])
        k = int(np.argmax(abs(found - exact)))
        allowed, reason = tolerance[statistics]
        yield Claim(f"n⁺-n step, {statistics}, worst at {DENSITIES[k] * 1e-6:.0e} cm⁻³", "Fermi level of the density", exact[k], found[k],
                    allowed, "kT/q", reason)
    assert data["fermi_dirac"][-1] > data["boltzmann"][-1] + 3  # degenerate by kT's, or nothing is shown


def draw_degenerate(data, figure):
    axes = figure.subplots()
    fine = np.logspace(22.5, 26.7, 60)
    for k, (statistics, found) in enumerate(data.items()):
        n = fine if statistics != "blakemore" else fine[fine < 0.97 * N_C / 0.27]
        law(axes, n * 1e-6, [fermi_level(v, statistics) - fermi_level(LOW, statistics) for v in n], k, None)
        simulated(axes, DENSITIES[: len(found)] * 1e-6, found, k, statistics.replace("_", "-"))
    axes.axvline(N_C * 1e-6, color="grey", lw=0.6, ls=":")
    axes.set(xscale="log", xlabel="donors on the high side [cm$^{-3}$]", ylabel="step of the potential [kT/q]")
    axes.legend()


DEGENERATE = Section(
    "Degenerate doping: Fermi-Dirac against Boltzmann",
    "The potential step from 1e16 cm⁻³ to a higher doping is the difference of the Fermi levels. Above N_c (dotted) Boltzmann's "
    "logarithm is too small by several kT; the line of Fermi-Dirac statistics is the complete integral F₁/₂ by quadrature, "
    "Blakemore's 1/(e^(−η) + 0.27) is exact for itself and ends at N_c/0.27.",
    degenerate, degenerate_claims, draw_degenerate, "transport",
)


def test_degenerate_steps_follow_the_fermi_integral(tmp_path):
    check(degenerate_claims(degenerate(tmp_path)))


SECTIONS = (ABRUPT, GRADED_SECTION, MOTT_SCHOTTKY, DEGENERATE)
assert math.isclose(N_I**2, N_C * N_V * math.exp(-GAP / VT))

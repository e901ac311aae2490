"""Space-charge-limited current of one carrier, with diffusion: exact by Airy functions, and its limit, Mott and Gurney's law.

One carrier between two contacts that hold its density at n_c, x along its motion, F the field that drives it:
J = q mu n F - q D n', eps F' = q n. Integrated once, J (x + c) = mu eps (F^2 / 2 - V_T F') with V_T = kT/q: a Riccati
equation, which F = -2 V_T w'/w makes Airy's, w'' = kappa^3 (x + c) w, kappa^3 = J / (2 mu eps V_T^2). The voltage is
int F dx = 2 V_T ln w(0)/w(L), the density n = (eps/q) F'.
"""

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import airy, airye

from tests.devices import model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.silicon import AFFINITY, AREA, EPS, MU_N, N_C, NO_RECOMBINATION, VT, Q, current, slab

LENGTH, WORK_FUNCTION = 10e-6, AFFINITY + 0.15  # m, eV
CONTACT = N_C * math.exp(-(WORK_FUNCTION - AFFINITY) / VT)  # n_c [m^-3]
RICH = 1e27  # m^-3, of contacts that inject without limit at any voltage shown
SIZES = (10.0, 5.0)  # nm


def functions(z):
    """(Ai, Ai', Bi, Bi', exponent): Ai = value e^-exponent, Bi = value e^exponent."""
    if z < 1:
        return (*airy(z), 0.0)
    return (*airye(z), 2 / 3 * z**1.5)


def log_w(z, end):
    """(ln w, w'/w) of w = Ai - Bi Ai(end)/Bi(end), which is zero at `end` > z."""
    a, da, b, db, s = functions(z)
    a_end, _, b_end, _, s_end = functions(end)
    share = a_end / b_end * math.exp(2 * (s - s_end))
    w = a - share * b
    return math.log(w) - s, (da - share * db) / w


def density(z, end, kappa):
    """n [m^-3] where kappa (x + c) = z."""
    f = -2 * VT * kappa * log_w(z, end)[1]
    return EPS / Q * (f * f / (2 * VT) - 2 * VT * kappa**2 * z)


def voltage(j, contact=CONTACT):
    """V [V] that drives the current density j [A/m^2] between contacts that hold the density `contact` [m^-3]."""
    kappa = (j / (2 * MU_N * EPS * VT**2)) ** (1 / 3)
    near = kappa * math.sqrt(2 * EPS * VT / (Q * contact))  # to the zero of w, roughly
    first = -2.338107410459767  # of Ai
    start, end = first + near, first + kappa * LENGTH + 2 * near
    for _ in range(60):
        before = start, end
        # w is concave above a zero: its first zero below `start` moves a little with `end`
        low = brentq(lambda z, e=end: airy(z)[0] - airy(z)[2] * math.exp(-2 * functions(e)[4]) * functions(e)[0] / functions(e)[2],
                     first - 1.5, first + 0.5)
        start = brentq(lambda z, e=end: math.log(density(z, e, kappa) / contact), low + 1e-9, low + 20 * near + 1e-6)
        stop = start + kappa * LENGTH
        end = brentq(lambda e, z=stop: math.log(density(z, e, kappa) / contact), stop + 1e-9, stop + 20 * near + 1e-6)
        if abs(start - before[0]) + abs(end - before[1]) < 1e-13 * abs(end):
            break
    return 2 * VT * (log_w(start, end)[0] - log_w(start + kappa * LENGTH, end)[0])


def exact(volts, contact=CONTACT):
    """J [A/m^2] at a voltage [V]."""
    guess = mott_gurney(volts)
    return math.exp(brentq(lambda u: voltage(math.exp(u), contact) - volts, math.log(guess), math.log(guess) + 3, xtol=1e-12))


def mott_gurney(volts):
    """9/8 eps mu V^2 / L^3 [A/m^2]."""
    return 9 / 8 * EPS * MU_N * volts**2 / LENGTH**3


def measure(folder):
    """Rows (V, current [A]) of two cell sizes."""
    contact = f"{{work_function: {WORK_FUNCTION} eV}}"
    out = {}
    for size in SIZES:
        carriers = f"{{contacts: {{top: {contact}, bottom: {contact}}}{NO_RECOMBINATION}}}"
        m = model(folder, slab(LENGTH * 1e9, size, carriers))
        at = stationary(m)
        out[size] = np.array([(v, current(m, at(v))) for v in (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0)])
    return out


def claims(data):
    coarse, rows = data[SIZES[0]], data[SIZES[1]]
    volts, found = rows[:, 0], rows[:, 1] / AREA
    law_ = np.array([exact(v) for v in volts])
    k = int(np.argmax(abs(found / law_ - 1)))
    text = "drift and diffusion integrated: Airy functions (this module's docstring)"
    yield Claim(f"current with diffusion, worst of {len(volts)} at {volts[k]:g} V", text, law_[k], found[k], 5e-4, "A/m^2",
                "second order in h, see below; κ⁻¹ = 50 nm at 100 V")
    errors = [abs(r[:, 1] / AREA / law_ - 1)[k] for r in (coarse, rows)]
    yield Claim("order of that error in the mesh size", text, 2.0, math.log2(errors[0] / errors[1]), 0.15, "", "fourth powers")
    limit = "N. F. Mott, R. W. Gurney, Electronic Processes in Ionic Crystals (1940), the limit V ≫ kT/q"
    # the excess of a virtual cathode at 2.338/kappa: 3 * 2.338 / (kappa L), and next orders
    excess = found / mott_gurney(volts) - 1
    yield Claim("excess over 9/8 ε μ V²/L³ at 100 V, 3900 kT/q", "the exact solution", law_[-1] / mott_gurney(volts[-1]) - 1, excess[-1],
                0.02, "", "the error above, 2e-4, of an excess of 0.027")
    power = math.log(excess[-3] / excess[-1]) / math.log(volts[-1] / volts[-3])
    far = exact(1e4, RICH) / mott_gurney(1e4) - 1
    yield Claim("power with which the excess falls, 25 to 100 V", "the exact solution: 2/3 and logarithms",
                math.log((law_[-3] / mott_gurney(volts[-3]) - 1) / (law_[-1] / mott_gurney(volts[-1]) - 1)) / math.log(4), power, 0.01, "",
                "the error above")
    yield Claim("excess of the exact solution at 1e4 V, 3.9e5 kT/q, contacts of 1e21 cm⁻³", limit, 0.0, far, 2e-3, "", "the law holds in its limit only")


def draw(data, figure):
    left, right = figure.subplots(1, 2)
    rows = data[SIZES[1]]
    fine = np.logspace(-0.7, 2.1, 60)
    law(left, fine, mott_gurney(fine) * AREA, label="Mott-Gurney")
    law(left, fine, [exact(v) * AREA for v in fine], 1, label="with diffusion, exact")
    simulated(left, rows[:, 0], rows[:, 1])
    left.set(xscale="log", yscale="log", xlabel="voltage [V]", ylabel="current [A] of 1 µm²")
    left.legend()
    law(right, fine / VT, [exact(v) / mott_gurney(v) - 1 for v in fine], 1, label="exact")
    far = np.logspace(0.5, 4.3, 60)
    law(right, far / VT, [exact(v, RICH) / mott_gurney(v) - 1 for v in far], 2, label="exact, 10$^{21}$ cm$^{-3}$ contacts", ls="--")
    simulated(right, rows[:, 0] / VT, rows[:, 1] / AREA / mott_gurney(rows[:, 0]) - 1)
    right.set(xscale="log", yscale="log", xlabel="voltage [kT/q]", ylabel="I / Mott-Gurney − 1")
    right.legend()


SECTION = Section(
    "Space-charge-limited current",
    "Electrons injected into 10 µm of undoped silicon. Mott and Gurney's 9/8 ε μ V²/L³ leaves diffusion out: it is the limit of "
    "V ≫ kT/q and is approached slowly, because the virtual cathode stands 2.338/κ off the contact (κ³ = J/(2 μ ε (kT/q)²)) and so "
    "shortens the device by a part (kT/qV)^(2/3). With diffusion the problem is solved by Airy functions; the simulation "
    "must follow that solution at every voltage, and the solution must tend to the law (right, to 8e5 kT/q).",
    measure, claims, draw, "transport",
)


def test_space_charge_limited_current_is_that_of_airy_functions_and_tends_to_mott_gurney(tmp_path):
    check(claims(measure(tmp_path)))

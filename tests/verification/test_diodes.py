"""Diodes and bars of electrons and holes against Shockley, Moll and Ross, and Ohm."""

import math

import numpy as np

from tests.devices import DIODE_2D, model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.silicon import (
    AREA,
    D_N,
    D_P,
    EPS,
    GAP,
    MU_N,
    N_I,
    NO_RECOMBINATION,
    VT,
    Q,
    built_in,
    current,
    diode,
    slab,
)

SHOCKLEY = "W. Shockley, Bell Syst. Tech. J. 28, 435 (1949)"

# ---- Shockley's diode ------------------------------------------------------------------------------------------------

DOPING, HALF = 1e23, 10e-6  # m^-3 on both sides, length of each side [m]
PAIRS = 1e-14  # radiative coefficient [m^3/s]: diffusion lengths 1.9 and 1.1 um
VOLTS = {False: np.arange(0.05, 0.56, 0.05), True: np.arange(0.3, 0.56, 0.05)}  # without and with recombination
JUNCTION = "{profile: tanh, below: -1e17 cm^-3, above: 1e17 cm^-3, position: 10 um, width: 0 nm}"


def saturation(volts, recombining):
    """J0 [A/m^2] at `volts`, through the widths (V): neutral ones without recombination, the depleted one with.

    Without: q n_i^2 (D_n + D_p) / (N w). With radiative pairs, low injection: the pairs that vanish within a diffusion
    length L = sqrt(D / (B N)) of the depleted region, and in it, where n p is uniform: q B n_i^2 (L_n + L_p + W).
    """
    depleted = np.sqrt(4 * EPS * (built_in(DOPING, DOPING) - 2 * VT - volts) / (Q * DOPING))
    if not recombining:
        return Q * N_I**2 * (D_N + D_P) / (DOPING * (HALF - depleted / 2))
    lengths = [math.sqrt(d / (PAIRS * DOPING)) for d in (D_N, D_P)]
    return Q * PAIRS * N_I**2 * (sum(L / math.tanh(HALF / L) for L in lengths) + depleted)


def shockley(folder):
    """{recombining: currents [A] at VOLTS, forward}.

    Without recombination both currents are read where their carriers are few: through a majority contact the last digit
    of Phi carries 1e-18 A, which hides the smallest currents. With it that is not possible, and 0.3 V is where it starts.
    """
    found = {}
    for recombining, more in ((False, NO_RECOMBINATION), (True, ", srh: off, auger: off")):
        overrides = [f"material.semiconductor.radiative_coefficient={PAIRS * 1e6:g} cm^3/s"] if recombining else []
        at = stationary(m := model(folder, slab(2 * HALF * 1e9, 10, f"{{doping: [{JUNCTION}]{more}}}"), overrides))
        whole = []
        for v in VOLTS[recombining]:
            sums = at(-v)
            few = current(m, sums, "electrons", "bottom") - current(m, sums, "holes")
            whole.append(-current(m, sums) if recombining else few)
        found[recombining] = np.array(whole)
    return found


def ideality(volts, found):
    """n of each interval: dV / (kT/q d ln J0'), with J0' = I / (1 - e^-V)."""
    return np.diff(volts) / VT / np.diff(np.log(-found / np.expm1(-volts / VT)))


def shockley_claims(data):
    for recombining, name in ((False, "no recombination"), (True, "radiative")):
        volts, found = VOLTS[recombining], data[recombining]
        own = AREA * saturation(volts, recombining) * np.expm1(volts / VT)
        n, exact = ideality(volts, found), ideality(volts, own)
        k = int(np.argmax(abs(n - exact)))
        decades = np.log10(found[-1] / found[0])
        yield Claim(f"ideality factor, {name}, worst of {len(n)} intervals over {decades:.1f} decades", SHOCKLEY, exact[k], n[k], 5e-4,
                    "", "1 but for the depleted width, which shrinks with the voltage; its edge is soft over 13 nm of 1 to 10 µm")
        ratio = found / own
        k = int(np.argmax(abs(ratio - 1)))
        yield Claim(f"current over J₀(e^(qV/kT) − 1), {name}, worst of {len(volts)} voltages", SHOCKLEY, 1.0, ratio[k], 5e-3, "",
                    "the depleted region's edge is soft over a Debye length, 13 nm of 1 to 10 µm")


def draw_shockley(data, figure):
    left, right = figure.subplots(1, 2)
    fine = np.linspace(0.02, 0.56, 200)
    for k, (recombining, name) in enumerate(((False, "no recombination"), (True, "radiative"))):
        law(left, fine, AREA * saturation(fine, recombining) * np.expm1(fine / VT), k, None)
        volts = VOLTS[recombining]
        simulated(left, volts, data[recombining], k, name)
        middle, own = 0.5 * (volts[1:] + volts[:-1]), AREA * saturation(volts, recombining) * np.expm1(volts / VT)
        law(right, middle, ideality(volts, own), k, None)
        simulated(right, middle, ideality(volts, data[recombining]), k, name)
    left.set(yscale="log", xlabel="forward voltage [V]", ylabel="current [A] of 1 µm²")
    right.set(ylim=(0.99, 1.01), xlabel="forward voltage [V]", ylabel="ideality factor n")
    left.legend()


IDEAL = Section(
    "The ideal diode",
    "An abrupt p-n junction, 1e17 cm⁻³ and 10 µm on both sides: I = I₀(e^(qV/kT) − 1) (Shockley). Without recombination "
    "J₀ = q n_i² (D_n + D_p)/(N w), w the neutral widths; with radiative recombination the pairs vanish within diffusion "
    "lengths: J₀ = q B n_i² (L_n coth w/L_n + L_p coth w/L_p + W), W the depleted width, in which n p is uniform. Lines are "
    "these laws, nothing fitted.",
    shockley, shockley_claims, draw_shockley, "transport",
)


def test_an_ideal_diode_has_shockleys_saturation_current_and_ideality_factor_one(tmp_path):
    check(shockley_claims(shockley(tmp_path)))


# ---- recombination in the depleted region ----------------------------------------------------------------------------

LIFETIME, NARROW_GAP = 1e-9, 1.0  # s, eV: a gap at which the currents stand far above rounding
N_I_NARROW = N_I * math.exp((GAP - NARROW_GAP) / (2 * VT))
SIDE = 3e-6  # m, length of each side; cells of 2 nm: the traps' peak is 8 nm wide
TRAPPED = np.arange(0.1, 0.51, 0.05)


def trapped_law(volts):
    """(depleted, neutral) parts of the current [A] of a symmetric junction with traps at mid-gap, tau_n = tau_p.

    With both levels flat the potential u [kT/q] from the middle obeys Poisson's equation of equilibrium with
    n_i e^(V/2): u'^2 = 2q/(eps V_T) [n_i e^(V/2) (2 cosh u - 2 cosh b) - N (u - b)], b that of the neutral side, and
    R = n_i (e^V - 1) / (2 tau (e^(V/2) cosh u + 1)). Depleted: what int R dx holds beyond R(b); neutral: R(b) over the
    depleted half, where the levels are flat, and the minority's diffusion length.
    """
    v, levels = volts / VT, N_I_NARROW * math.exp(volts / (2 * VT))
    far = math.asinh(DOPING / (2 * levels))

    def rate(u):
        return N_I_NARROW * np.expm1(v) / (2 * LIFETIME * (math.exp(v / 2) * np.cosh(u) + 1))

    u = far - np.concatenate([np.logspace(-4, 0, 400)[:-1], np.linspace(1, far, 2000)])
    slope = np.sqrt(2 * Q / (EPS * VT) * (2 * levels * (np.cosh(u) - math.cosh(far)) - DOPING * (u - far)))
    depleted = 2 * abs(np.trapezoid((rate(u) - rate(far)) / slope, u))
    flat = math.sqrt(2 * EPS * VT * (far - 1) / (Q * DOPING))
    neutral = rate(far) * sum(flat + length / math.tanh((SIDE - flat) / length) for length in (math.sqrt(d * LIFETIME) for d in (D_N, D_P)))
    return AREA * Q * depleted, AREA * Q * neutral


def trapped(folder):
    """Currents [A] at TRAPPED."""
    at = stationary(m := model(
        folder, slab(2 * SIDE * 1e9, 2, f"{{doping: [{JUNCTION.replace('10 um', '3 um')}], radiative: off, auger: off}}"),
        [f"material.semiconductor.{carrier}_lifetime=1 ns" for carrier in ("electron", "hole")]
        + [f"material.semiconductor.gap={{value: {NARROW_GAP} eV, source: assumed, range: [0.6 eV, 1.2 eV]}}"]))
    return np.array([-current(m, at(-v)) for v in TRAPPED])


def trapped_claims(found):
    source = "C. T. Sah, R. N. Noyce, W. Shockley, Proc. IRE 45, 1228 (1957), integrated over the exact potential"
    own = np.array([sum(trapped_law(v)) for v in TRAPPED])
    k = int(np.argmax(abs(found / own - 1)))
    yield Claim(f"current with traps, worst of {len(TRAPPED)} at {TRAPPED[k]:.2f} V", source, own[k], found[k], 1e-2, "A",
                "where flat levels end: a Debye length of 13 nm of 1.1 µm, in second order")
    for j in (2, -2):
        n, exact = (ideality(TRAPPED, i)[j] for i in (found, own))
        yield Claim(f"ideality factor at {TRAPPED[j] + 0.025 if j > 0 else TRAPPED[j - 1] + 0.025:.3f} V", source, exact, n, 3e-3, "", "as above")


def draw_trapped(found, figure):
    left, right = figure.subplots(1, 2)
    fine = np.linspace(0.03, 0.52, 100)
    depleted, neutral = np.array([trapped_law(v) for v in fine]).T
    law(left, fine, depleted + neutral, label="both")
    law(left, fine, depleted, 1, "depleted region", ls="--")
    law(left, fine, neutral, 2, "neutral regions", ls="--")
    simulated(left, TRAPPED, found)
    middle = 0.5 * (fine[1:] + fine[:-1])
    law(right, middle, ideality(fine, depleted + neutral))
    simulated(right, 0.5 * (TRAPPED[1:] + TRAPPED[:-1]), ideality(TRAPPED, found))
    left.set(yscale="log", xlabel="forward voltage [V]", ylabel="current [A] of 1 µm²")
    right.set(ylim=(0.9, 2.1), xlabel="forward voltage [V]", ylabel="ideality factor n")
    left.legend()


TRAPS = Section(
    "A diode with traps: from ideality factor 2 to 1",
    "Traps at mid-gap recombine most where n = p, inside the depleted region: current ∝ e^(qV/2kT) (Sah, Noyce, Shockley), until the "
    "neutral regions' e^(qV/kT) wins. Both from their closed forms, for 1e17 cm⁻³ on both sides, τ = 1 ns and a gap of 1 eV, at "
    "which the smallest current is far above rounding.",
    trapped, trapped_claims, draw_trapped, "transport",
)


def test_traps_in_the_depleted_region_take_the_ideality_factor_from_2_to_1(tmp_path):
    check(trapped_claims(trapped(tmp_path)))


# ---- Moll and Ross ---------------------------------------------------------------------------------------------------


def moll_ross(folder):
    """Rows (V, electron current [A], the same from the integral of exp(-phi) over the simulated potential)."""
    m = model(folder, diode(size=25, more=NO_RECOMBINATION))
    at = stationary(m)
    rows = []
    for volts in (0.5, 0.35, 0.2, 0.05, -0.2, -1.0):
        sums = at(-volts)
        order = np.argsort(m.coordinates[:, 0])
        x, phi = m.coordinates[order, 0] * 1e-9, m.values("potential")[order]
        d = np.diff(phi)
        # int e^-phi dx over an edge with phi linear on it
        whole = np.sum(np.diff(x) * np.exp(-phi[:-1]) * np.where(np.abs(d) < 1e-9, 1.0, -np.expm1(-d) / np.where(d == 0, 1, d)))
        exact = AREA * Q * D_N * N_I * math.expm1(volts / VT) / whole
        # read where electrons are few: at the other contact 1e-16 of Phi times the conductance is 1e-19 A
        rows.append((volts, m.parameters.scaling.ampere(sums["bottom"].electrons), exact))
    return np.array(rows)


def moll_ross_claims(rows):
    for volts, found, exact in rows:
        yield Claim(f"electron current at {volts:g} V", "J. L. Moll, I. M. Ross, Proc. IRE 44, 72 (1956)", exact, found, 1e-8, "A",
                    "Scharfetter-Gummel fluxes keep the integral edge by edge; the last digits of Φ are left")


def draw_moll_ross(rows, figure):
    axes = figure.subplots()
    axes.axhline(1e-8, color="black", lw=0.8, label="tolerance")
    simulated(axes, rows[:, 0], np.maximum(abs(rows[:, 1] / rows[:, 2] - 1), 1e-17))
    axes.set(yscale="log", xlabel="voltage on the p side [V]", ylabel="relative deviation from the integral", ylim=(1e-17, 1e-6))
    axes.legend()


MOLL_ROSS = Section(
    "The integral of Moll and Ross",
    "Without recombination the electron current is the same everywhere, so J_n ∫dx/(q D_n n_i e^φ) = e^(−Φ_n) at one end less "
    "the other, whatever the potential is. The discrete fluxes must keep this law exactly on the simulated potential, on a "
    "coarse mesh (25 nm) too.",
    moll_ross, moll_ross_claims, draw_moll_ross, "transport",
)


def test_each_current_obeys_the_moll_ross_integral_exactly(tmp_path):
    check(moll_ross_claims(moll_ross(tmp_path)))


# ---- surface recombination -------------------------------------------------------------------------------------------


def surface(folder):
    """Rows (S [m/s], electron current [A] at 0.4 V)."""
    rows = []
    for speed in (1.0, 10.0, 1e2, 1e3, 1e4, 1e5):
        contact = f", contacts: {{bottom: {{electron_velocity: {speed} m/s}}}}" + NO_RECOMBINATION
        m = model(folder, diode(more=contact))
        rows.append((speed, -current(m, stationary(m)(-0.4), "electrons")))
    return np.array(rows)


def surface_law(speed):
    """q n_i^2/N_A (e^(V/VT) - 1) D_n/(w + D_n/S) of the area, w the neutral width [A]."""
    width = math.sqrt(2 * EPS * (built_in() - 2 * VT - 0.4) / Q * (1 / 1e23 + 1 / 1e22)) / 11
    return AREA * Q * N_I**2 / 1e23 * math.expm1(0.4 / VT) * D_N / (1e-6 - width + D_N / speed)


def surface_claims(rows):
    ratios = rows[:, 1] / surface_law(rows[:, 0])
    k = int(np.argmax(abs(ratios - 1)))
    yield Claim(f"electron current of a p base, worst at S = {rows[k, 0]:g} m/s", SHOCKLEY + ", finite S: two resistances in series",
                surface_law(rows[k, 0]), rows[k, 1], 0.01, "A", "depleted region's edge: a Debye length of 13 nm in 1 µm")


def draw_surface(rows, figure):
    axes = figure.subplots()
    fine = np.logspace(-0.3, 5.3, 100)
    law(axes, fine, surface_law(fine))
    simulated(axes, rows[:, 0], rows[:, 1])
    axes.set(xscale="log", yscale="log", xlabel="surface recombination velocity S [m/s]", ylabel="electron current [A] of 1 µm²")
    axes.legend()


SURFACE = Section(
    "Surface recombination at a contact",
    "Electrons injected into a p-type base of neutral width w recombine at its contact with velocity S: "
    "J = q n_i²/N_A (e^(qV/kT) − 1) D_n/(w + D_n/S), from a surface that reflects them to an ohmic contact. 0.4 V forward.",
    surface, surface_claims, draw_surface, "contacts",
)


def test_surface_recombination_limits_the_minority_current(tmp_path):
    check(surface_claims(surface(tmp_path)))


# ---- a doped bar, a lateral diode ------------------------------------------------------------------------------------


def bars(folder):
    """{statistics: conductance [S]} of 500 nm, 1e17 cm^-3; and the lateral diode's currents at +-0.6 V [A]."""
    found = {}
    for statistics in ("boltzmann", "blakemore", "fermi_dirac"):
        carriers = f"{{statistics: {statistics}, doping: [{{profile: uniform, density: 1e17 cm^-3}}]}}"
        m = model(folder, slab(500, 20, carriers))
        found[statistics] = current(m, stationary(m)(0.01)) / 0.01
    m = model(folder, DIODE_2D)
    at = stationary(m)
    on, off = (current(m, at(v), terminal="anode") for v in (0.6, -0.6))
    from solver.physics.observables import fields_in_si

    si = fields_in_si(m)
    least = min(si[f"{carrier} density [m^-3]"].min() for carrier in ("electron", "hole"))
    return found, on, off, least


def bar_claims(data):
    found, on, off, least = data
    for statistics, g in found.items():
        yield Claim(f"conductance q μ_n N A/L of a doped bar, {statistics}", "Ohm's law", Q * MU_N * 1e23 * AREA / 500e-9, g, 1e-7,
                    "S", "exact but for the holes, 1e-13")
    yield Claim("lateral diode at ∓0.6 V: reverse over forward current", "it rectifies (six decades asked for)", 0.0, off / on, 1e-6)
    assert on > 0 > off and least > 0, "the lateral diode does not rectify, or a density is not positive"


BARS = Section(
    "A doped bar, and a diode with both contacts on its surface",
    "A uniformly doped bar conducts like a resistor of σ = q μ_n N, for any statistics; this is also what the reduced model "
    "(one quasi-Fermi potential) gives to rounding. A lateral p-n diode in 2D conducts one way only, with positive densities.",
    bars, bar_claims, None, "transport",
)


def test_a_doped_bar_is_a_resistor_and_a_lateral_diode_conducts_one_way(tmp_path):
    check(bar_claims(bars(tmp_path)))


SECTIONS = (IDEAL, TRAPS, MOLL_ROSS, SURFACE, BARS)

"""Recombination and generation in uniform films: decays in time against their rate equations, steady states under light."""

import math

import numpy as np
from scipy.integrate import solve_ivp

from solver.scenario.protocol import Hold
from tests.devices import model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.silicon import AREA, D_P, N_I, Q, current, slab
from tests.verification.walking import stepper_of, walk

DONORS, START = 1e22, 1e25  # m^-3: doping, and pairs at t = 0
TAU_N, TAU_P, PAIRS, AUGER_N, AUGER_P = 40e-9, 100e-9, 1e-17, 2.8e-43, 9.9e-44  # s, s, m^3/s, m^6/s
OVERRIDES = {  # what a mechanism takes from the material
    "SRH": ["material.semiconductor.electron_lifetime=40 ns", "material.semiconductor.hole_lifetime=100 ns"],
    "radiative": ["material.semiconductor.radiative_coefficient=1e-11 cm^3/s"],
    "Auger": [],
}
OVERRIDES["all three"] = OVERRIDES["SRH"] + OVERRIDES["radiative"]
DECAYS = {"SRH": 1.8e-6, "radiative": 2e-5, "Auger": 1e-4, "all three": 1e-6}  # how long [s]
TOLERANCE = 1e-6  # of a time step


def rate(mechanism, n, p):
    """R [1/(s m^3)] of a mechanism."""
    excess = n * p - N_I**2
    rates = {
        "SRH": excess / (TAU_P * (n + N_I) + TAU_N * (p + N_I)),
        "radiative": PAIRS * excess,
        "Auger": (AUGER_N * n + AUGER_P * p) * excess,
    }
    return sum(rates.values()) if mechanism == "all three" else rates[mechanism]


def decay_law(mechanism, times, generation=0.0, start=START):
    """Pairs (holes beyond equilibrium) [m^-3] by the rate equation, integrated to 1e-10."""
    found = solve_ivp(lambda t, y: [generation - rate(mechanism, DONORS + y[0], y[0] + N_I**2 / DONORS)], (0, max(times)), [start],
                      t_eval=times, method="LSODA", rtol=1e-10, atol=1e-12 * START)
    return found.y[0]


def film(folder, mechanism, more="", thickness=100, size=20):
    """Uniform n-type film whose contacts let no carrier through, with one mechanism switched on (or all)."""
    off = [key for key, name in (("srh", "SRH"), ("radiative", "radiative"), ("auger", "Auger")) if mechanism not in (name, "all three")]
    blocking = "{electron_velocity: 0 m/s, hole_velocity: 0 m/s}"
    carriers = f"doping: [{{profile: uniform, density: {DONORS * 1e-6:g} cm^-3}}], contacts: {{top: {blocking}, bottom: {blocking}}}"
    return model(folder, slab(thickness, size, "{" + carriers + "".join(f", {key}: off" for key in off) + more + "}"), OVERRIDES[mechanism])


def started(m, pairs, duration):
    """Stepper of the film with a uniform density of pairs [m^-3] at t = 0, neutral."""
    phi = math.asinh(DONORS / (2 * N_I))  # of the neutral contacts
    m.values("potential")[:] = phi
    m.values("electrons")[:] = phi - math.log((DONORS + pairs) / N_I)
    m.values("holes")[:] = phi + math.log((pairs + N_I**2 / DONORS) / N_I)
    stepper = stepper_of(m, [Hold(voltage="0 V", duration=f"{duration} s")], tolerance=TOLERANCE, newton=1e-10)
    stepper.begin()
    stepper.step = 1e-13  # the first steps have no error estimate yet
    return stepper


def pairs_of(m):
    """Holes beyond equilibrium [m^-3], mean of the nodes; they must be uniform."""
    p = N_I * np.exp(m.values("holes") - m.values("potential"))
    assert np.ptp(p) < 1e-6 * p.mean()
    return p.mean() - N_I**2 / DONORS


def march(folder, mechanism, duration, pairs, more=""):
    """Rows (t [s], pairs [m^-3])."""
    m = film(folder, mechanism, more)
    return np.array([(record.time, pairs_of(m)) for record, _ in walk(started(m, pairs, duration), equilibrate=False)])


def decays(folder):
    """{mechanism: rows (t, pairs)}."""
    return {mechanism: march(folder, mechanism, duration, START) for mechanism, duration in DECAYS.items()}


def decay_claims(data):
    for mechanism, rows in data.items():
        exact = decay_law(mechanism, rows[:, 0])
        seen = rows[:, 1] > 1e-2 * DONORS
        k = int(np.argmax(abs(rows[:, 1] / exact - 1) * seen))
        yield Claim(f"pairs left, {mechanism}, down to 1 % of the doping, worst of {seen.sum()} times at {rows[k, 0]:.2g} s", "its rate equation (solve_ivp, 1e-10)",
                    exact[k], rows[k, 1], 1e-2, "m^-3", f"time steps of {TOLERANCE:g} of the larger of density and doping, added up")
    t, pairs = data["radiative"].T
    decayed = np.exp(-PAIRS * DONORS * t[-1])
    yield Claim("radiative at the end: N Δ₀ e^(−BNt)/[N + Δ₀(1 − e^(−BNt))]", "closed form of dΔ/dt = −B Δ (N + Δ)",
                DONORS * START * decayed / (DONORS + START * (1 - decayed)), pairs[-1], 1e-2, "m^-3", "as above")
    t, pairs = data["SRH"].T
    late = (pairs < 0.03 * DONORS) & (pairs > 1e-3 * DONORS)
    early = pairs > 30 * DONORS
    for name, chosen, exact in (("few pairs: τ_p", late, TAU_P), ("many pairs: τ_n + τ_p", early, TAU_N + TAU_P)):
        yield Claim(f"SRH lifetime, {name}", "W. Shockley, W. T. Read, Phys. Rev. 87, 835 (1952)", exact,
                    -1 / np.polyfit(t[chosen], np.log(pairs[chosen]), 1)[0], 0.03, "s", "Δ/N and N/Δ of up to 3 %")


def draw_decays(data, figure):
    axes = figure.subplots()
    for k, (mechanism, rows) in enumerate(data.items()):
        fine = np.logspace(-11, math.log10(DECAYS[mechanism]), 200)
        law(axes, fine, decay_law(mechanism, fine) * 1e-6, k, None)
        late = rows[rows[:, 0] > 1e-11]
        picked = np.unique(np.searchsorted(late[:, 0], np.logspace(-11, math.log10(DECAYS[mechanism]), 24)).clip(0, len(late) - 1))
        simulated(axes, late[picked, 0], late[picked, 1] * 1e-6, k, mechanism)
    axes.set(xscale="log", yscale="log", xlabel="time [s]", ylabel="pairs [cm$^{-3}$]", xlim=(1e-11, 2e-4), ylim=(1e11, 3e19))
    axes.legend()


DECAY = Section(
    "Pairs that recombine in time",
    "1e19 cm⁻³ pairs in a uniform n-type film, 1e16 cm⁻³, whose contacts let nothing through, decay by traps "
    "(Shockley-Read-Hall), radiatively, by Auger's process, and by all three. Lines are the rate equations dΔ/dt = −R, "
    "integrated apart from the solver.",
    decays, decay_claims, draw_decays, "time",
)


def test_pairs_recombine_as_their_rate_equations_say(tmp_path):
    check(decay_claims(decays(tmp_path)))


# ---- under light -----------------------------------------------------------------------------------------------------

LIGHT = {"radiative": 1e29, "SRH": 1e29, "Auger": 1e29}  # G [1/(s m^3)]
LONG, DIM = 20e-6, 1e25  # m, 1/(s m^3)


def light(folder):
    """{mechanism: rows (t, pairs) from darkness}; and (x [m], holes [m^-3], hole current into the top [A]) of a long film."""
    rises = {}
    for mechanism, generation in LIGHT.items():
        duration = {"radiative": 1e-4, "SRH": 3e-6, "Auger": 1e-3}[mechanism]
        rises[mechanism] = march(folder, mechanism, duration, 0.0, f", generation: {generation * 1e-6:g} cm^-3/s")
    carriers = f"{{doping: [{{profile: uniform, density: {DONORS * 1e-6:g} cm^-3}}], radiative: off, auger: off, generation: {DIM * 1e-6:g} cm^-3/s}}"
    m = model(folder, slab(LONG * 1e9, 50, carriers), OVERRIDES["SRH"])
    sums = stationary(m)(0.0)
    order = np.argsort(m.coordinates[:, 0])
    p = N_I * np.exp(m.values("holes") - m.values("potential"))[order] - N_I**2 / DONORS
    return rises, (m.coordinates[order, 0] * 1e-9, p, current(m, sums, "holes"), sums["top"].electronic / abs(sums["top"].holes))


def steady(mechanism, generation):
    """Pairs [m^-3] at which the rate is the generation."""
    from scipy.optimize import brentq

    return brentq(lambda d: rate(mechanism, DONORS + d, d + N_I**2 / DONORS) / generation - 1, 1e10, 1e29, xtol=1, rtol=1e-14)


def diffused(x):
    """G tau_p [1 - cosh((x - L/2)/L_p)/cosh(L/2L_p)] [m^-3]."""
    length = math.sqrt(D_P * TAU_P)
    return DIM * TAU_P * (1 - np.cosh((x - LONG / 2) / length) / math.cosh(LONG / (2 * length)))


def light_claims(data):
    rises, (x, p, hole_current, net) = data
    for mechanism, rows in rises.items():
        yield Claim(f"pairs under steady light, {mechanism}", "R(n, p) = G", steady(mechanism, LIGHT[mechanism]), rows[-1, 1], 1e-5, "m^-3",
                    "what is left of the transient")
    end = rises["radiative"][-1, 1]
    yield Claim("n p under light, radiative: n_i² + G/B", "B (n p − n_i²) = G", N_I**2 + LIGHT["radiative"] / PAIRS,
                (DONORS + end) * (end + N_I**2 / DONORS), 2e-5, "m^-6", "twice the line above")
    k = len(x) // 2
    source = "diffusion of few holes, ohmic contacts: Δp = Gτ_p[1 − cosh((x − L/2)/L_p)/cosh(L/2L_p)]"
    yield Claim("holes in the middle of a film of 1.9 diffusion lengths", source, diffused(x[k]), p[k], 1e-3, "m^-3",
                "Δ/N = 1e-4 of τ_n/τ_p and mobilities; (h/L_p)²")
    inner = slice(len(x) // 10, -len(x) // 10)
    worst = inner.start + int(np.argmax(abs(p / np.maximum(diffused(x), 1) - 1)[inner]))
    yield Claim("holes along the film, worst place", source, diffused(x[worst]), p[worst], 1e-3, "m^-3", "as above")
    length = math.sqrt(D_P * TAU_P)
    yield Claim("hole current into either contact, q G L_p tanh(L/2L_p)", source, -AREA * Q * DIM * length * math.tanh(LONG / (2 * length)),
                hole_current, 2e-3, "A", "as above, and the share of the current that the contact's half cell makes, h/2L_p")
    yield Claim("net current at 0 V over the hole current", "symmetry", 0.0, net, 1e-6, "", "the last digit of Φ at a majority contact")


def draw_light(data, figure):
    left, right = figure.subplots(1, 2)
    for k, (mechanism, rows) in enumerate(data[0].items()):
        late = rows[rows[:, 0] > 1e-12]
        fine = np.logspace(-10, math.log10(late[-1, 0]), 200)
        law(left, fine, decay_law(mechanism, fine, LIGHT[mechanism], 0.0) * 1e-6, k, None)
        picked = np.unique(np.searchsorted(late[:, 0], np.logspace(-10, math.log10(late[-1, 0]), 18)).clip(0, len(late) - 1))
        simulated(left, late[picked, 0], late[picked, 1] * 1e-6, k, mechanism)
    left.set(xscale="log", yscale="log", xlabel="time after the light [s]", ylabel="pairs [cm$^{-3}$]")
    left.legend()
    x, p = data[1][:2]
    law(right, x * 1e6, diffused(x) * 1e-6)
    simulated(right, x[::16] * 1e6, p[::16] * 1e-6)
    right.set(xlabel="position [µm]", ylabel="holes [cm$^{-3}$]", ylim=(0, None))
    right.legend()


LIGHT_SECTION = Section(
    "Light: steady states and diffusion to the contacts",
    "Uniform generation of 1e23 cm⁻³/s from darkness in the film that lets nothing through: pairs rise to R(n, p) = G, for radiative "
    "recombination n p = n_i² + G/B (left; lines are the rate equations). Between ohmic contacts few holes diffuse to both ends of "
    "a long film (right), and their current there is q G L_p tanh(L/2L_p).",
    light, light_claims, draw_light, "transport",
)


def test_light_gives_its_steady_states_and_diffusion_profile(tmp_path):
    check(light_claims(light(tmp_path)))


SECTIONS = (DECAY, LIGHT_SECTION)

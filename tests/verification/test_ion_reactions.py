"""Vacancies and interstitials that annihilate in pairs: the rate equation, what is conserved, equilibrium in a layer."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import ion, model, reaction
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.two_ion_layers import Electrolyte
from tests.verification.walking import stepper_of, terminal_charge, walk

AREA = 900e-18  # m^2
MASS_ACTION = "dc/dt = −k(c_v c_i − K²), integrated by hand"
BLOCKING = "{top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}"
PAIR = "vacancies + interstitials <-> 0"


def slab(folder, thickness, size, densities, rate, sites="1e24 cm^-3", lattice=None, **more):
    """1D slab with blocking plates and vacancies (z = 1) and interstitials (z = -1) that react at `rate`."""
    text = (
        f"device: {{layout: slab, thickness: {thickness} nm, dimension: 1, area: 900 nm^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\nphysics: {{filament: off, contacts: {BLOCKING}}}\n"
    )
    shared = {"sublattice": lattice} if lattice else {}
    v, i = (ion(z, c, sites=sites, **shared) for z, c in zip((1, -1), densities))
    return model(folder, text, [f"material.ions={{vacancies: {v}, interstitials: {i}}}",
                                f"material.reactions={reaction(PAIR, rate, **more)}"])


# ---- the rate equation -----------------------------------------------------------------------------------------------

K = 1e24  # m^-3, 1e18 cm^-3
RATE = 1e-22  # m^3/s, 1e-16 cm^3/s
CASES = {"annihilation": (1e25, 1e25), "generation": (1e23, 1e23), "unequal numbers": (1e25, 4e24)}  # c_v, c_i at the start


def interstitials(t, vacancies, others):
    """c_i(t) [m^-3] from densities at t = 0."""
    d = vacancies - others
    root = np.sqrt(d * d / 4 + K * K)
    y1, y2 = -d / 2 + root, -d / 2 - root  # dy/dt = -k (y - y1)(y - y2)
    q = (others - y1) / (others - y2) * np.exp(-RATE * (y1 - y2) * t)
    return (y1 - q * y2) / (1 - q)


def kinetics(folder):
    """Case -> (times [s], c_v and c_i [m^-3] in the middle, worst imbalance of ions)."""
    out = {}
    for case, start in CASES.items():
        given = [f"{c * 1e-6:g} cm^-3" for c in start]
        m = slab(folder, 10, 2, given, f"{RATE * 1e6:g} cm^3/s", equilibrium_density=f"{K * 1e-6:g} cm^-3")
        stepper = stepper_of(m, [Hold(voltage="0 V", duration="20 ms")], tolerance=1e-6, max_voltage_step=1.0, newton=1e-11)
        stepper.begin()  # not in equilibrium
        rows = [(r.time, m.values("vacancies")[2] * start[0], m.values("interstitials")[2] * start[1], r.ion_imbalance)
                for r, _ in walk(stepper, equilibrate=False)]
        out[case] = np.array(rows)
    return out


def kinetics_claims(data):
    for case, rows in data.items():
        t, vacancies, others, imbalance = rows.T
        exact = interstitials(t, *CASES[case])
        k = int(np.argmax(abs(others / exact - 1)))
        yield Claim(f"{case}: interstitials at {t[k] * 1e3:.2g} ms, the worst of {len(t)} steps", MASS_ACTION, exact[k], others[k], 5e-4,
                    "m^-3", "time steps, local error 1e-6 each")
        d = CASES[case][0] - CASES[case][1]
        worst = np.argmax(abs(vacancies - others - d))
        yield Claim(f"{case}: vacancies less interstitials, change over c_v at the start", "they go in pairs", 0.0,
                    (vacancies - others - d)[worst] / CASES[case][0], 1e-12, "", "rounding")
        yield Claim(f"{case}: ions unaccounted for", "count = exchanged + made", 0.0, imbalance[np.argmax(abs(imbalance))], 1e-11, "",
                    "Newton's tolerance")


def draw_kinetics(data, figure):
    axes = figure.subplots()
    for k, (case, rows) in enumerate(data.items()):
        t = rows[:, 0]
        seen = t > 1e-6
        simulated(axes, 1e3 * t[seen][::6], 1e-6 * rows[seen][::6, 2], k, label=case)
        law(axes, 1e3 * t[seen], 1e-6 * interstitials(t[seen], *CASES[case]), k, label=None)
    axes.set(xscale="log", yscale="log", xlabel="time [ms]", ylabel="interstitials [cm$^{-3}$]")
    axes.legend()


KINETICS = Section(
    "Pairs of vacancies and interstitials annihilate and form",
    "A uniform film out of equilibrium: dc/dt = −k(c_v c_i − K²) for both, so that their difference stays. Lines: the closed "
    "solution.",
    kinetics, kinetics_claims, draw_kinetics, "ions",
)


def test_pairs_annihilate_and_form_by_the_law_of_mass_action(tmp_path):
    check(kinetics_claims(kinetics(tmp_path)))


# ---- equilibrium with transport --------------------------------------------------------------------------------------

CROWDED = Electrolyte(5e24, 5e-14, site_density=1e26)


def layer(folder):
    """Rows (potential over the bulk [kT/q], charge [C/m^2], c_v c_i in the middle over its value at the start)."""
    m = slab(folder, 60, 0.1, ["5e18 cm^-3"] * 2, "1e-12 cm^3/s", sites="1e20 cm^-3", lattice="shared")
    volts = (0.05, 0.1, 0.2, 0.4, 0.7)
    stepper = stepper_of(m, [Hold(voltage=f"{v} V", duration="200 s") for v in volts], max_voltage_step=1.0, newton=1e-9)
    x, rows = m.coordinates[:, 0], []
    middle, top = np.argmin(abs(x - 30)), np.argmax(x)
    for _, end in walk(stepper):
        if end:
            phi = m.values("potential")
            rows.append((phi[top] - phi[middle], terminal_charge(stepper) / AREA,
                         m.values("vacancies")[middle] * m.values("interstitials")[middle]))
    return np.array(rows)


def layer_claims(rows):
    phi, charge, product = rows.T
    exact = CROWDED.charge(phi)
    k = int(np.argmax(abs(charge / exact - 1)))
    yield Claim(f"charge of a layer at {phi[k]:.1f} kT/q, the worst of {len(phi)}", "Kilic, Bazant, Ajdari, PRE 75, 021502 (2007)", exact[k],
                charge[k], 3e-3, "C/m^2", "mesh, as without reaction")
    yield Claim("c_v c_i in the middle, over its value at the start, furthest from 1", "mass action", 1.0,
                product[np.argmax(abs(product - 1))], 1e-4, "", "what the steps of a hold leave")


LAYER = Section(
    "Reacting ions in a steric double layer",
    "Blocking plates, ions that share a lattice and react. The reaction goes by activities c/(1 − θ), so that it is in equilibrium "
    "wherever transport is: the layers have the charge of ions that do not react, over a bulk that the reaction refills with the "
    "pairs which the layers took up.",
    layer, layer_claims, None, "ions",
)


def test_a_reaction_in_equilibrium_leaves_a_steric_layer_as_it_is_and_refills_the_bulk(tmp_path):
    check(layer_claims(layer(tmp_path)))


SECTIONS = (KINETICS, LAYER)

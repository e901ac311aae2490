"""Ions that start from profiles: salt that spreads, an ionic junction, fixed ions as space charge, ions made from none."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import ion, model, reaction
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.walking import stepper_of, walk

D, C0, EPS, Q = 5e-14, 1e25, 60 * 8.8541878128e-12, 1.602176634e-19  # of devices.ion and the material
VT = 1.380649e-23 * 300 / Q
BLOCKING = "{top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}"


def slab(folder, thickness, size, ions, species, **overrides):
    """1D slab of `thickness` nm; `ions`: YAML of physics.ions; `species`: name -> YAML of material.ions."""
    text = (
        f"device: {{layout: slab, thickness: {thickness} nm, dimension: 1, area: 900 nm^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\nphysics: {{filament: off, contacts: {BLOCKING}, ions: {ions}}}\n"
    )
    given = "material.ions={" + ", ".join(f"{k}: {v}" for k, v in species.items()) + "}"
    return model(folder, text, [given, *(f"material.{key}={value}" for key, value in overrides.items())])


def march(m, span, tolerance=1e-6):
    """Function that yields the StepRecords of `span` seconds at 0 V."""
    return walk(stepper_of(m, [Hold(voltage="0 V", duration=f"{span} s")], tolerance=tolerance, max_voltage_step=1.0, newton=1e-10))


def spreading(folder):
    """Rows (time [s], amplitude of cos(pi z/L) in the density of both ions, largest |phi| [kT/q]) from 1 + 0.5 cos."""
    wave = "[{profile: formula, formula: 1 + 0.5*cos(pi*x/100), density: 1e19 cm^-3}]"
    m = slab(folder, 100, 1, f"{{cations: {{initial_profile: {wave}}}, anions: {{initial_profile: {wave}}}}}",
             {"cations": ion(1, sites="1e24 cm^-3"), "anions": ion(-1, sites="1e24 cm^-3")})
    order = np.argsort(m.coordinates[:, 0])
    weight = np.gradient(m.coordinates[order, 0]) / 50 * np.cos(np.pi * m.coordinates[order, 0] / 100)
    weight[[0, -1]] /= 2
    tau = (100e-9 / np.pi) ** 2 / D
    return np.array([(r.time, m.values("cations")[order] @ weight, abs(m.values("potential")).max()) for r, _ in march(m, 3 * tau)])


def junction(folder):
    """Potential step [kT/q] from plateau to plateau of cations over a counter charge that doubles, at the end."""
    step = "[{profile: tanh, axis: x, below: 1e19 cm^-3, above: 2e19 cm^-3, position: 100 nm, width: 15 nm}]"
    m = slab(folder, 200, 1, f"{{cations: {{initial_profile: {step}, counter_charge: profile}}}}", {"cations": ion(1, sites="1e24 cm^-3")})
    first = None
    for _record, _ in march(m, 1.0, 1e-4):
        phi = m.values("potential")
        first = abs(phi).max() if first is None else first
    ends = [phi[np.argmin(abs(m.coordinates[:, 0] - x))] for x in (40, 160)]
    return first, ends[1] - ends[0]


def space_charge(folder):
    """Largest potential [V] of fixed ions of charge +2 at twice their counter charge in a slab of 20 nm."""
    m = slab(folder, 20, 0.5, "{cations: {motion: fixed, initial_profile: [{profile: uniform, density: 2e17 cm^-3}]}, mobile: mobile}",
             {"cations": ion(2, "1e17 cm^-3"), "mobile": ion(1, "1e10 cm^-3")})
    for _ in march(m, 1e-6):
        pass
    return m.values("potential").max() * VT


def from_none(folder):
    """Complexes formed from none: their density [m^-3], that of the vacancies, and the imbalance of ions, at the end."""
    m = slab(folder, 10, 2, "{complexes: {initial_profile: [{profile: uniform, density: 0 cm^-3}], counter_charge: profile}}", {
        "vacancies": ion(2, sites="1e24 cm^-3"), "anions": ion(-1, sites="1e24 cm^-3"), "complexes": ion(1, "1e19 cm^-3", sites="1e24 cm^-3")},
        reactions=reaction("vacancies + anions <-> complexes", "1e-16 cm^3/s"))
    worst = 0.0
    for record, _ in march(m, 0.1):
        worst = max(worst, abs(record.ion_imbalance))
    return m.values("complexes")[2] * C0, m.values("vacancies")[2] * C0, worst


def profiles(folder):
    return spreading(folder), junction(folder), space_charge(folder), from_none(folder)


def profile_claims(data):
    salt, (first, step), peak, (complexes, vacancies, imbalance) = data
    tau = (100e-9 / np.pi) ** 2 / D
    exact = 0.5 * np.exp(-salt[:, 0] / tau)
    k = int(np.argmax(abs(salt[:, 1] / exact - 1)))
    yield Claim(f"amplitude of a wave of salt after {salt[k, 0] / tau:.1f} times (L/π)²/D, the worst of {len(salt)} steps", "Fick", exact[k],
                salt[k, 1], 2e-3, "c₀", "(πh/L)²/12 and time steps; layers of λ/L = 2 % take up no salt at 0 V")
    yield Claim("its largest potential", "electroneutrality, equal diffusivities", 0.0, salt[:, 2].max(), 1e-6, "kT/q", "Newton's tolerance")
    yield Claim("potential of an ionic junction, counter charge doubled", "Boltzmann: ln 2 from the denser to the thinner side", -np.log(2),
                step, 3e-3, "kT/q", "tails of the tanh at the plateaus, e^{−60/7.5} = 3e-4 each")
    yield Claim("the same in the first microsecond: the start is neutral", "counter_charge: profile", 0.0, first, 5e-3, "kT/q",
                "what diffuses in a microsecond: 1 µs over λ²/D = 170 µs, times (λ/width)²")
    yield Claim("potential of fixed ions of charge +2, twice their counter charge", "Poisson: ρL²/8ε, ρ = 2q c₀", 2 * Q * 1e23 * (20e-9) ** 2 / 8 / EPS,
                peak, 1e-4, "V", "nodally exact; the mobile ions are 1e-7 of them")
    # x ions of each of two became x complexes: (c0 - x)^2 = c0 x with the activities' reference at c0
    x = (3 - np.sqrt(5)) / 2 * C0
    yield Claim("complexes formed from none, in equilibrium", "mass action, (1 − x)² = x", x, complexes, 1e-4, "m^-3", "end of the transient")
    yield Claim("vacancies less what became complexes", "conservation", C0 - complexes, vacancies, 1e-9, "m^-3", "Newton's tolerance")
    yield Claim("ions unaccounted for", "count = made", 0.0, imbalance, 1e-9, "", "Newton's tolerance over 1e-3 of c₀")


def draw(data, figure):
    axes = figure.subplots()
    salt, tau = data[0], (100e-9 / np.pi) ** 2 / D
    simulated(axes, salt[::6, 0] / tau, salt[::6, 1])
    law(axes, salt[:, 0] / tau, 0.5 * np.exp(-salt[:, 0] / tau), label="exp(−Dπ²t/L²)/2")
    axes.set(yscale="log", xlabel="time over (L/π)²/D", ylabel="amplitude of the wave, over c₀")
    axes.legend()


SECTION = Section(
    "Ions that start from profiles",
    "A wave of salt spreads with (L/π)²/D (plot). Ions over a fixed counter charge that doubles keep to it and build up the potential "
    "ln 2 · kT/q. Fixed ions with twice their counter charge are a space charge, a parabola of potential. And complexes that start from "
    "none form until mass action is met.",
    profiles, profile_claims, draw, "ions",
)


def test_ions_start_from_their_profiles(tmp_path):
    check(profile_claims(profiles(tmp_path)))

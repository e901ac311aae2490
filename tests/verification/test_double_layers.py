"""Blocking plates and one mobile species: steric double layers and their charging, against the closed forms of layers.py."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.layers import Film
from tests.verification.walking import stepper_of, terminal_charge, walk

BLOCKING = "physics: {filament: off, contacts: {top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}}\n"
AREA = 900e-18  # m^2
KBA = "Kilic, Bazant, Ajdari, PRE 75, 021502 (2007), redone for one mobile species (layers.py)"
BTA = "Bazant, Thornton, Ajdari, PRE 70, 021506 (2004), redone for one mobile species (layers.py)"


def slab(folder, thickness, size, overrides=()):
    """1D slab of `thickness` [nm] with cells of `size` [nm] and blocking, ohmic plates."""
    text = f"device: {{layout: slab, thickness: {thickness} nm, dimension: 1, area: 900 nm^2}}\n"
    return model(folder, text + f"mesh: {{size_at_filament: {size} nm}}\n" + BLOCKING, overrides)


# ---- steric layer ----------------------------------------------------------------------------------------------------

CROWDED = Film(1e25, 1e26, 5e-14, 80e-9, AREA)


def steric_layers(folder, volts=(0.01, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)):
    """Charge against voltage of both layers with c0 / c_max = 0.1.

    Returns:
        Rows (V, phi at the accumulating electrode [kT/q], charge there [C/m^2], phi and charge at the other).
    """
    m = slab(folder, 80, 0.2, ["material.ions.vacancies.site_density=1e20 cm^-3"])
    stepper = stepper_of(m, [Hold(voltage=f"{v} V", duration="1 s") for v in volts], max_voltage_step=1.0)
    height = m.coordinates[:, 0]
    rows = []
    for record, ends in walk(stepper):
        if ends:
            phi = m.values("potential")
            middle = phi[np.argmin(abs(height - 40))]
            low, high = phi[np.argmin(height)] - middle, phi[np.argmax(height)] - middle
            rows.append((record.voltage, low, terminal_charge(stepper, "bottom") / AREA, high,
                         terminal_charge(stepper) / AREA))
    return np.array(rows)


def steric_claims(rows):
    charges = np.concatenate([rows[:, 2], rows[:, 4]])
    exact = CROWDED.layer_charge(np.concatenate([rows[:, 1], rows[:, 3]]))
    worst = np.argmax(abs(charges / exact - 1))
    # second order in h: (h / lambda)^2 / 8 = 6e-4 for the diffuse layer, more where c changes over less than lambda
    yield Claim("charge of a steric layer at its potential, worst of 20", KBA, exact[worst], charges[worst], 5e-3, "C/m^2",
                "(h/λ_D)² of the mesh")
    volts = rows[:, 0]
    whole = np.array([CROWDED.split(v)[1] for v in volts])
    worst = np.argmax(abs(rows[:, 4] / whole - 1))
    # at 1 V depletion reaches 8 lambda: the bulk between the layers is still 60 nm wide
    yield Claim("charge of both layers in series against voltage, worst of 10", KBA, whole[worst], rows[worst, 4], 5e-3, "C/m^2",
                "as above")
    fine = np.linspace(-6, -0.05, 2000)
    peak = fine[np.argmax(CROWDED.layer_capacitance(fine))]
    phi, capacitance = _slopes(rows[:, 1], rows[:, 2])
    k = int(np.argmax(capacitance))
    assert 0 < k < len(capacitance) - 1, "the capacitance has no inner maximum"
    # differences over finite intervals: the interval's own mean of the closed form is what must agree
    exact = np.diff(CROWDED.layer_charge(rows[:, 1])) / np.diff(rows[:, 1])
    yield Claim("largest capacitance of the accumulating layer (mean over an interval of voltage)", KBA, exact[k],
                capacitance[k], 5e-3, "C/m^2 per kT/q", "as above")
    yield Claim("potential of the capacitance's maximum", KBA, peak, phi[k], 0.5, "kT/q",
                "as wide as the voltage intervals")
    yield Claim("capacitance beyond the maximum over its largest", KBA, exact[-1] / exact.max(), capacitance[-1] / capacitance.max(), 5e-3, "",
                "falls: crowding")


def _slopes(x, y):
    return 0.5 * (x[1:] + x[:-1]), np.diff(y) / np.diff(x)


def draw_steric(rows, figure):
    left, right = figure.subplots(1, 2)
    fine = np.concatenate([np.linspace(rows[:, 1].min(), -0.01, 200), np.linspace(0.01, rows[:, 3].max(), 200)])
    simulated(left, np.concatenate([rows[:, 1], rows[:, 3]]), 100 * np.concatenate([rows[:, 2], rows[:, 4]]))
    law(left, fine, 100 * CROWDED.layer_charge(fine))
    left.set(xlabel="potential over the bulk [kT/q]", ylabel="charge [µC/cm$^2$]")
    phi, capacitance = _slopes(rows[:, 1], rows[:, 2])
    simulated(right, phi, 100 * capacitance / CROWDED.vt)
    fine = np.linspace(rows[:, 1].min(), -0.05, 300)
    law(right, fine, 100 * CROWDED.layer_capacitance(fine))
    right.set(xlabel="potential at accumulation [kT/q]", ylabel="capacitance [µF/cm$^2$]")
    right.legend()


STERIC = Section(
    "Steric layers of one species: accumulation and depletion",
    "Vacancies in a fixed counter charge, c₀/c_max = 0.1, plates that block them, up to 1 V. The charge of each layer against its "
    "potential is sgn φ √(2εkT [c_max ln(1 − ν + νe^{−φ}) + c₀φ]): sites fill up on one side, c₀ is emptied on the other, and the "
    "capacitance of the accumulating side has a maximum.",
    steric_layers, steric_claims, draw_steric, "ions",
)


def test_a_steric_layer_has_its_charge_and_a_capacitance_that_peaks_and_falls(tmp_path):
    check(steric_claims(steric_layers(tmp_path)))


# ---- charging --------------------------------------------------------------------------------------------------------

PLATES = ((40, "1e19 cm^-3"), (80, "1e19 cm^-3"), (160, "1e19 cm^-3"), (160, "0.25e19 cm^-3"))  # nm apart, c0


def film_between(thickness, density):
    """The closed forms' numbers of one of `PLATES`."""
    return Film(float(density.split()[0]) * 1e6, 1e27, 5e-14, thickness * 1e-9, AREA)


def charging(folder):
    """Plates -> (times [s], current [A]) after a step of 1 mV."""
    out = {}
    for thickness, density in PLATES:
        film = film_between(thickness, density)
        m = slab(folder, thickness, 0.5, [f"material.ions.vacancies.initial_density={density}"])
        span = 6 * film.charging_time()
        stepper = stepper_of(m, [Hold(voltage="1 mV", duration=f"{span} s")], tolerance=1e-6, max_voltage_step=1.0, newton=1e-9)
        scale = m.parameters.scaling
        leak = 1e-4 / film.L * AREA * 1e-3
        rows = [(r.time, scale.ampere(r.current("top")) - leak) for r, _ in walk(stepper)]
        out[thickness, density] = np.array(rows).T
    return out


def charging_claims(data):
    measured = {}
    for (thickness, density), (t, current) in data.items():
        film = film_between(thickness, density)
        tau = film.charging_time()
        late = (t > 1.5 * tau) & (t < 4.5 * tau)
        slope = np.polyfit(t[late], np.log(current[late]), 1)[0]
        measured[thickness, density] = -1 / slope
        yield Claim(f"charging time of plates {thickness} nm apart, c0 = {density}", BTA, tau, -1 / slope, 0.01, "s",
                    "mesh (h/λ_D)²/8 = 0.4 %, time steps")
        if thickness == 160 and density == "1e19 cm^-3":
            # (1 - lambda / a + ...) corrections of the exact pole: lambda / a = 4 %
            yield Claim("the same against λ_D L / D (L half the distance)", BTA, film.debye * film.L / 2 / film.D, -1 / slope,
                        0.06, "s", "λ_D / L = 4 %")
    ratio = measured[160, "1e19 cm^-3"] / measured[80, "1e19 cm^-3"]
    yield Claim("charging time at twice the distance", BTA, 2.0, ratio, 0.06, "", "λ_D / L = 4 and 7 %")
    ratio = measured[160, "0.25e19 cm^-3"] / measured[160, "1e19 cm^-3"]
    yield Claim("charging time at twice the Debye length", BTA, 2.0, ratio, 0.06, "", "λ_D / L = 4 and 7 %")


def draw_charging(data, figure):
    axes = figure.subplots()
    for k, ((thickness, density), (t, current)) in enumerate(data.items()):
        tau = film_between(thickness, density).charging_time()
        seen, start = (t > 0.02 * tau) & (current > 0), np.searchsorted(t, 2 * tau)
        simulated(axes, t[seen][::5] / tau, current[seen][::5] / current[start] * np.exp(-2), k, label=f"{thickness} nm, {density[:-5]} cm$^{{-3}}$")
    fine = np.linspace(0.5, 6, 50)
    law(axes, fine, np.exp(-fine), label="exp(−t/τ)")
    axes.set(yscale="log", xlabel="time over the closed form's τ", ylabel="current, scaled at 2τ")
    axes.legend()


CHARGING = Section(
    "Charging time of blocking plates, one species",
    "After a step of 1 mV the current decays with the slowest pole of the linear theory, which for λ_D ≪ L is λ_D L/D: twice as long "
    "at twice the distance, or at twice the Debye length.",
    charging, charging_claims, draw_charging, "ions",
)


def test_charging_time_is_lambda_D_L_over_D(tmp_path):
    check(charging_claims(charging(tmp_path)))


SECTIONS = (STERIC, CHARGING)

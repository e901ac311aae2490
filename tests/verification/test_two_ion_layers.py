"""Two mobile species of opposite charge: diffuse and steric layers, their charging, ions kept; against two_ion_layers.py."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import ion, model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.layers import Film
from tests.verification.two_ion_layers import Electrolyte
from tests.verification.walking import stepper_of, terminal_charge, walk

AREA = 900e-18  # m^2
DIFFUSIVITY = 5e-14  # m^2/s, that of devices.ion
GOUY = "L. G. Gouy (1910), D. L. Chapman (1913)"
KBA = "Kilic, Bazant, Ajdari, PRE 75, 021502 (2007)"
BTA = "Bazant, Thornton, Ajdari, PRE 70, 021506 (2004)"
RESERVOIR = "{top: {electronic: ohmic, ions: blocking}, bottom: {ions: fixed}}"
BLOCKING = "{top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}"


def electrolyte(folder, thickness, size, density, contacts, charge=1, **more):
    """1D slab of `thickness` [nm], cells of `size` [nm], with cations and anions of `density` each."""
    text = (
        f"device: {{layout: slab, thickness: {thickness} nm, dimension: 1, area: 900 nm^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\nphysics: {{filament: off, contacts: {contacts}}}\n"
    )
    species = [f"{name}: {ion(z * charge, density, **more)}" for name, z in (("cations", 1), ("anions", -1))]
    return model(folder, text, ["material.ions={" + ", ".join(species) + "}"])


def charges(folder, volts, *args, **more):
    """Rows (phi [kT/q], charge [C/m^2]) of the top electrode over a bottom one that holds the ions' densities."""
    m = electrolyte(folder, *args, RESERVOIR, **more)
    stepper = stepper_of(m, [Hold(voltage=f"{v} V", duration="200 s") for v in volts], max_voltage_step=1.0, newton=1e-9)
    ends = [(r.voltage / m.parameters.scaling.thermal_voltage, terminal_charge(stepper) / AREA) for r, at_end in walk(stepper) if at_end]
    return np.array(ends)


def _against(name, source, law, rows, tolerance, reason):
    exact = law(rows[:, 0])
    k = int(np.argmax(abs(rows[:, 1] / exact - 1)))
    return Claim(f"{name} at {rows[k, 0]:.1f} kT/q, the worst of {len(rows)}", source, exact[k], rows[k, 1], tolerance, "C/m^2", reason)


# ---- Gouy-Chapman ----------------------------------------------------------------------------------------------------

DILUTE = Electrolyte(1e22, DIFFUSIVITY)


def diffuse(folder):
    volts = (0.005, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, -0.05, -0.1, -0.15)
    return charges(folder, volts, 600, 0.5, "1e16 cm^-3", sites="1e24 cm^-3")


def diffuse_claims(rows):
    # Debye length 65 nm, 9 of them in the slab; at 5.8 kT/q the layer is 65/18 = 3.6 nm thick, seven cells
    yield _against("charge of the layer", GOUY, DILUTE.charge, rows, 2e-3, "(h/λ)² of the layer's own thickness, 0.4 %/4")
    yield Claim("charge at −0.15 V over that at 0.15 V", "cations and anions alike", -1.0,
                rows[rows[:, 0].argmin(), 1] / rows[rows[:, 0].argmax(), 1], 1e-4, "", "what the long steps of a hold leave, 1e-5")


def draw_diffuse(rows, figure):
    axes = figure.subplots()
    simulated(axes, rows[:, 0], 100 * rows[:, 1])
    fine = np.linspace(rows[:, 0].min(), rows[:, 0].max(), 200)
    law(axes, fine, 100 * DILUTE.charge(fine), label=r"$\sqrt{8\epsilon kTc_0}\,\sinh(\phi/2)$")
    axes.set(xlabel="potential over the bulk [kT/q]", ylabel="charge [µC/cm$^2$]")
    axes.legend()


GOUY_CHAPMAN = Section(
    "Gouy–Chapman layer of two species",
    "Cations and anions, 1e16 cm^-3 each, between a blocking electrode and one that holds both densities: the charge on the "
    "blocking one against its voltage is √(8εkTc₀) sinh(qφ/2kT), up to where the layer is eighteen times denser than the bulk.",
    diffuse, diffuse_claims, draw_diffuse, "ions",
)


def test_the_charge_of_a_diffuse_layer_is_gouys_and_chapmans(tmp_path):
    check(diffuse_claims(diffuse(tmp_path)))


# ---- two species on one lattice --------------------------------------------------------------------------------------

CROWDED = Electrolyte(5e24, DIFFUSIVITY, site_density=1e26)


def steric(folder):
    volts = (0.01, 0.03, 0.05, 0.07, 0.09, 0.11, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)
    return charges(folder, volts, 40, 0.1, "5e18 cm^-3", sites="1e20 cm^-3", sublattice="shared")


def capacitances(rows):
    """Rows (mean potential [kT/q], capacitance [F/m^2]) between neighbouring voltages."""
    slope = np.diff(rows[:, 1]) / np.diff(rows[:, 0]) / CROWDED.vt
    return np.column_stack([0.5 * (rows[1:, 0] + rows[:-1, 0]), slope])


def steric_claims(rows):
    yield _against("charge of the layer", KBA, CROWDED.charge, rows, 2e-3, "h/λ = 0.03, 0.1 where the layer is crowded: (h/λ)²/8")
    found = capacitances(rows)
    # the mean of the closed form over the same intervals
    exact = capacitances(np.column_stack([rows[:, 0], CROWDED.charge(rows[:, 0])]))
    k = int(np.argmax(exact[:, 1]))
    fine = np.linspace(0.1, 12, 4000)
    peak = fine[np.argmax(CROWDED.capacitance(fine))]
    yield Claim("largest capacitance", KBA, exact[k, 1], found[k, 1], 3e-3, "F/m^2", "as above, of a difference")
    yield Claim("potential of the largest capacitance", KBA, peak, found[np.argmax(found[:, 1]), 0], 0.5, "kT/q",
                "half an interval of voltage is 0.4 kT/q")
    yield Claim("capacitance at 0.55 V over the largest: it falls again", KBA, exact[-1, 1] / exact[k, 1],
                found[-1, 1] / found[:, 1].max(), 3e-3, "", "as above")
    yield Claim("the same by the square-root law of a crowded layer, √(q c_max ε/2V)", KBA,
                np.sqrt(CROWDED.eps * 1.602176634e-19 * 1e26 / (2 * 0.55)), found[-1, 1], 0.1, "F/m^2",
                "ln ν over the voltage, 2.3/21")


def draw_steric(rows, figure):
    left, right = figure.subplots(1, 2)
    fine = np.linspace(0.05, rows[:, 0].max(), 300)
    simulated(left, rows[:, 0], 100 * rows[:, 1])
    law(left, fine, 100 * CROWDED.charge(fine))
    left.set(xlabel="potential over the bulk [kT/q]", ylabel="charge [µC/cm$^2$]")
    found = capacitances(rows)
    simulated(right, found[:, 0], 100 * found[:, 1])
    law(right, fine, 100 * CROWDED.capacitance(fine), label="Kilic, Bazant, Ajdari")
    dilute = Electrolyte(5e24, DIFFUSIVITY).capacitance(fine)
    seen = 100 * dilute < 130 * found[:, 1].max()
    law(right, fine[seen], 100 * dilute[seen], 1, label="without crowding")
    right.set(xlabel="potential over the bulk [kT/q]", ylabel="capacitance [µF/cm$^2$]")
    right.legend()


STERIC = Section(
    "Two species on one lattice: the capacitance rises and falls",
    "Cations and anions that share the sites of one lattice (2c₀/c_max = 0.1). The charge against voltage is "
    "2qc₀λ_D √((2/ν) ln(1 + 2ν sinh²(φ/2))), so the differential capacitance has a maximum and then falls as the ions crowd.",
    steric, steric_claims, draw_steric, "ions",
)


def test_two_species_on_one_lattice_have_a_capacitance_that_peaks_and_falls(tmp_path):
    check(steric_claims(steric(tmp_path)))


# ---- charging --------------------------------------------------------------------------------------------------------

SALT = Electrolyte(1e25, DIFFUSIVITY)
STEPS = {"small": (0.001, 80), "large": (0.1, 200)}  # V, nm


def charging(folder):
    """Step -> (times [s], displacement current into the plate [A/m^2], worst imbalance of ions); both plates block."""
    out = {}
    for step, (volts, distance) in STEPS.items():
        m = electrolyte(folder, distance, 0.25, "1e19 cm^-3", BLOCKING, sites="1e24 cm^-3")
        length = distance * 1e-9
        span = 6 * SALT.fast(length) if step == "small" else 5.5 * SALT.slow(length, volts / SALT.vt / 2)
        stepper = stepper_of(m, [Hold(voltage=f"{volts} V", duration=f"{span} s")], tolerance=1e-6, max_voltage_step=1.0, newton=1e-10)
        records = [record for record, _ in walk(stepper)]
        # the plates block: what the ions move shows as displacement current
        current = [m.parameters.scaling.ampere(r.displacement["top"]) / AREA for r in records]
        out[step] = np.array([r.time for r in records]), np.array(current), max(abs(r.ion_imbalance) for r in records)
    return out


def pole(length):
    """Charging time [s] with the terms in lambda/L: layers.Film with the Debye length of two species."""
    return Film(2e25, 1e33, DIFFUSIVITY, length, AREA).charging_time()


def _decay(t, current, first, last):
    """Time constant of the current between two times."""
    late = (t > first) & (t < last)
    return -1 / np.polyfit(t[late], np.log(current[late]), 1)[0]


def charging_claims(data):
    t, current, _ = data["small"]
    fast = SALT.fast(80e-9)
    exact = pole(80e-9)
    found = _decay(t, current, 1.5 * exact, 4.5 * exact)
    yield Claim("charging time after 1 mV, plates 80 nm apart", f"slowest pole of the linear theory, {BTA}", exact, found, 0.01, "s",
                "(h/λ)²/8 = 0.2 %, time steps")
    yield Claim("the same against λ_D L/D (L half the distance)", BTA, fast, found, 0.06, "s", "λ_D/L = 5 %")
    t, current, _ = data["large"]
    slow = SALT.slow(200e-9, 0.1 / SALT.vt / 2)
    found = _decay(t, current, 4 * slow, 5.5 * slow)
    yield Claim("tail of the current after 0.1 V, plates 200 nm apart: diffusion of salt", "two_ion_layers.py, after " + BTA, slow, found,
                0.03, "s", "(λ_D/L)² and what is left of the faster modes")
    yield Claim("the tail over λ_D L/D", BTA, slow / SALT.fast(200e-9), found / SALT.fast(200e-9), 0.03, "", "as above")
    for step, (_, _, imbalance) in data.items():
        yield Claim(f"ions lost in the {step} step, of all", "conservation", 0.0, imbalance, 1e-12, "", "Newton's tolerance 1e-10 of c₀, summed")


def draw_charging(data, figure):
    axes = figure.subplots(1, 2)
    for ax, (step, (volts, distance)) in zip(axes, STEPS.items()):
        t, current, _ = data[step]
        seen = (t > 1e-3 * t[-1]) & (current > 0)
        simulated(ax, 1e3 * t[seen][::4], current[seen][::4])
        length = distance * 1e-9
        tau, text = (pole(length), "charging") if step == "small" else (SALT.slow(length, volts / SALT.vt / 2), "diffusion of salt")
        start = np.searchsorted(t, 0.8 * t[-1])
        law(ax, 1e3 * t[seen], current[start] * np.exp(-(t[seen] - t[start]) / tau), label=f"exp(−t/τ), {text}")
        ax.set(yscale="log", xlabel="time [ms]", ylabel="current [A/m$^2$]", title=f"{volts * 1e3:g} mV, {distance} nm")
        ax.set_ylim(0.5 * current[seen].min(), 2 * current[seen].max())
        ax.legend()


CHARGING = Section(
    "Charging of blocking plates by two species, and its slow tail",
    "After a small step the current decays with λ_D L/D, the time constant of the layers charged through the bulk's resistance. "
    "After 0.1 V the layers also take up salt, which comes by diffusion: a tail with (L/π)²/D. The number of ions stays.",
    charging, charging_claims, draw_charging, "ions",
)


def test_charging_is_fast_by_migration_and_slow_by_salt_diffusion(tmp_path):
    check(charging_claims(charging(tmp_path)))


# ---- charge number ---------------------------------------------------------------------------------------------------


def screening(folder):
    """Charge number -> Debye length [m] from the potential's decay between 1 and 4 of them, 1 mV on the plate; both ions."""
    out = {}
    for z in (1, 2):
        m = electrolyte(folder, 40, 0.1, "1e19 cm^-3", RESERVOIR, charge=z, sites="1e24 cm^-3")
        for _ in walk(stepper_of(m, [Hold(voltage="1 mV", duration="1 s")], max_voltage_step=1.0, newton=1e-10)):
            pass
        depth, phi = 40e-9 - m.coordinates[:, 0] * 1e-9, m.values("potential")
        length = Electrolyte(1e25, DIFFUSIVITY, z).debye
        seen = (depth > length) & (depth < 4 * length)
        # the other end, at phi = 0, is 20 lengths away
        out[z] = -1 / np.polyfit(depth[seen], np.log(phi[seen]), 1)[0]
    return out


def screening_claims(data):
    for z, found in data.items():
        yield Claim(f"Debye length, charge numbers ±{z}", "linearised Poisson-Boltzmann equation", Electrolyte(1e25, DIFFUSIVITY, z).debye,
                    found, 1e-3, "m", "(h/λ)²/24 = 4e-4 at most; zφ = 0.08 kT: its square/24")
    yield Claim("of univalent over divalent ions", "λ_D ∝ 1/z", 2.0, data[1] / data[2], 1e-3, "", "as above")


CHARGE_NUMBER = Section(
    "Debye length of univalent and divalent ions",
    "The potential of 1 mV falls off over √(εkT/2z²q²c₀): half as far for charge numbers ±2.",
    screening, screening_claims, None, "ions",
)


def test_divalent_ions_screen_in_half_the_length(tmp_path):
    check(screening_claims(screening(tmp_path)))


SECTIONS = (GOUY_CHAPMAN, STERIC, CHARGING, CHARGE_NUMBER)

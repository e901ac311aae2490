"""Electrodes as ions see them: Butler-Volmer exchange by charge number, Nernst potentials, prescribed densities."""

import numpy as np

from solver.engines.cpu.assembly import Assembler
from solver.scenario.protocol import Hold, Sweep
from tests.devices import GAP, ion, model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import simulated
from tests.verification.walking import stepper_of, walk

AREA = 900e-18  # m^2
VT = 1.380649e-23 * 300 / 1.602176634e-19  # V
D, C0, LENGTH = 5e-14, 1e25, 60e-9  # those of devices.ion and of the slab


def slab(folder, contacts, species, size=0.5):
    """1D slab of 60 nm; `species`: name -> YAML."""
    text = (
        "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 900 nm^2}\n"
        f"mesh: {{size_at_filament: {size} nm}}\nphysics: {{filament: off, contacts: {contacts}}}\n"
    )
    return model(folder, text, ["material.ions={" + ", ".join(f"{k}: {v}" for k, v in species.items()) + "}"])


# ---- by hand ---------------------------------------------------------------------------------------------------------

# c = 4 c0 at the electrode, film ln 2 kT/q above its equilibrium with the metal: A = ln 4 + z ln 2
HAND = {(1, 0.5): 8**0.5 - 8**-0.5, (-1, 0.5): 2**0.5 - 2**-0.5, (2, 0.5): 4 - 1 / 4, (2, 0.25): 2 - 1 / 8}


def exchange_fluxes(folder):
    """(z, s) -> flux out of the film through the top contact [1/(m^2 s)]."""
    out = {}
    for z, s in HAND:
        contact = f"{{top: {{ions: {{a: {{offset: {-VT * float(np.log(2))} V, symmetry_factor: {s}}}}}}}, bottom: {{ions: blocking}}}}"
        m = slab(folder, contact, {"a": ion(z, exchange_velocity="1.5e-5 m/s")})
        m.values("a")[:] = 4.0
        assembler, shape = Assembler(m), (-1, len(m.fields))
        both = [assembler.residual(interior_only=only).array.copy().reshape(shape) for only in (False, True)]
        row = (both[0] - both[1])[m.terminal_nodes["top"], m.fields.index("a")].sum()
        out[z, s] = row / m.context.row_scale["a"] / AREA
    return out


def exchange_claims(data):
    for (z, s), found in data.items():
        yield Claim(f"flux out, z = {z:+d}, s = {s:g}", "worked by hand: k c₀ (e^{sA} − e^{−(1−s)A}), A = ln 4 + z ln 2",
                    1.5e-5 * C0 * HAND[z, s], found, 1e-9, "1/(m^2 s)", "a formula evaluated")


EXCHANGE = Section(
    "Exchange of ions with an electrode, by charge number",
    "Convention: I^z(film) + z e⁻(metal) ⇌ I. The film's overpotential is η = φ − V − offset, the affinity of leaving the film "
    "A = ln(c/c_ref) + zqη/kT, the flux out k c_ref (e^{sA} − e^{−(1−s)A}). With c = 4c_ref and η = (kT/q) ln 2 that is "
    "k c_ref times √8 − 1/√8 for z = +1, √2 − 1/√2 for z = −1 and 4 − 1/4 for z = +2.",
    exchange_fluxes, exchange_claims, None, "ions",
)


def test_the_exchange_flux_has_the_hand_worked_number_for_each_charge_number(tmp_path):
    check(exchange_claims(exchange_fluxes(tmp_path)))


# ---- Nernst ----------------------------------------------------------------------------------------------------------

OFFSETS = {"top": 0.05, "bottom": 0.02}  # V


def cell(folder, z):
    """Ionic current [A/m^2] against voltage [V] of a cell whose electrodes have different offsets, and phi inside at rest."""
    contacts = "{" + ", ".join(f"{t}: {{electronic: ohmic, ions: {{a: {{offset: {u} V}}}}}}" for t, u in OFFSETS.items()) + "}"
    m = slab(folder, contacts, {"a": ion(z, sites="1e24 cm^-3", exchange_velocity="1e-4 cm/s")})
    volts = (-0.06, -0.03, 0.0, 0.03)
    stepper = stepper_of(m, [Hold(voltage=f"{v} V", duration="100 s") for v in volts], max_voltage_step=1.0, newton=1e-10)
    rows, middle = [], np.argmin(abs(m.coordinates[:, 0] - 30))
    for record, end in walk(stepper):
        if end:
            rows.append((record.voltage, m.parameters.scaling.ampere(record.ionic["top"]) / AREA, m.values("potential")[middle] * VT))
    return np.array(rows)


def nernst(folder):
    return {z: cell(folder, z) for z in (1, -1, 2)}


def nernst_claims(data):
    for z, rows in data.items():
        volts, current, inside = rows.T
        open_circuit = OFFSETS["bottom"] - OFFSETS["top"]
        k = np.argmin(abs(volts - open_circuit))
        yield Claim(f"ionic current at the voltage U_bottom − U_top, over that at 0 V, z = {z:+d}", "Nernst: both electrodes in equilibrium",
                    0.0, current[k] / current[np.argmin(abs(volts))], 5e-4, "",
                    "the film's ions crowd by c/c_max = 1e-4, the electrode is taken as dilute")
        yield Claim(f"potential inside the film there, over the bottom electrode, z = {z:+d}", "Nernst: ln c + zφ is the same everywhere",
                    OFFSETS["bottom"], inside[k], 3e-4, "V", "the same: 1e-4 kT/q; e^{−L/2λ} = 3e-5")


def draw_nernst(data, figure):
    axes = figure.subplots()
    for k, (z, rows) in enumerate(data.items()):
        simulated(axes, 1e3 * rows[:, 0], rows[:, 1], k, label=f"z = {z:+d}", ls=":")
    axes.axhline(0, color="0.6", lw=0.6)
    axes.axvline(1e3 * (OFFSETS["bottom"] - OFFSETS["top"]), color="0.6", lw=0.6)
    axes.set(xlabel="voltage [mV]", ylabel="ionic current [A/m$^2$]")
    axes.legend()


NERNST = Section(
    "Nernst potential of a cell of two different electrodes",
    "Electrodes that exchange the same ions at offsets of 50 mV (top) and 20 mV (bottom): no current flows at −30 mV, whatever the "
    "charge number, and the film then lies 20 mV above the bottom electrode.",
    nernst, nernst_claims, draw_nernst, "ions",
)


def test_a_cell_of_two_electrodes_has_its_nernst_voltage(tmp_path):
    check(nernst_claims(nernst(tmp_path)))


# ---- fixed densities -------------------------------------------------------------------------------------------------


def salt(folder):
    """Profile (z [nm], c/c0 of both ions) and the part of each species in the current [A/m^2]."""
    contacts = (
        "{bottom: {ions: fixed}, top: {electronic: ohmic, ions: {cations: {kind: fixed, density: 2e19 cm^-3}, "
        "anions: {kind: fixed, density: 2e19 cm^-3}}}}"
    )
    m = slab(folder, contacts, {"cations": ion(1, sites="1e24 cm^-3"), "anions": ion(-1, sites="1e24 cm^-3")})
    for record, _ in walk(stepper_of(m, [Hold(voltage="0 V", duration="1 s")], max_voltage_step=1.0, newton=1e-10)):
        pass
    order = np.argsort(m.coordinates[:, 0])
    currents = {name: m.parameters.scaling.ampere(record.ions[name]["top"]) / AREA for name in ("cations", "anions")}
    return m.coordinates[order, 0], m.values("cations")[order], m.values("anions")[order], currents, record.ionic["top"] / record.ions["cations"]["top"]


def salt_claims(data):
    z, cations, anions, currents, net = data
    # twice the density at the top: q D c0 / L flows in there with the cations, and out with the anions
    exact = 1.602176634e-19 * D * C0 / LENGTH
    for name, sign in (("cations", 1), ("anions", -1)):
        yield Claim(f"current of the {name} into the top electrode", "Fick: q D c₀/L", sign * exact, currents[name], 1e-4, "A/m^2",
                    "what is left of the transient")
    yield Claim("ionic current of both, over one", "electroneutrality, equal diffusivities", 0.0, net, 1e-9, "", "Newton's tolerance")
    for name, c in (("cations", cations), ("anions", anions)):
        k = int(np.argmax(abs(c - 1 - z / 60)))
        yield Claim(f"density of {name} furthest from the straight line, at {z[k]:.0f} nm", "Fick", 1 + z[k] / 60, c[k], 1e-4, "c₀", "as above")


FIXED = Section(
    "Salt between electrodes that hold its density",
    "Both ions at c₀ at the bottom and 2c₀ at the top: straight profiles, and each species carries qDc₀/L of its own while the "
    "net ionic current is zero.",
    salt, salt_claims, None, "ions",
)


def test_salt_diffuses_between_electrodes_that_hold_its_density(tmp_path):
    check(salt_claims(salt(tmp_path)))


# ---- anions instead of cations ---------------------------------------------------------------------------------------

ANIONS = ["material.ions.vacancies.charge=-1", "material.filament.reaction=vacancies + h+ <-> filament"]
DIVALENT = ["material.ions.vacancies.charge=2", "material.filament.reaction=vacancies + 2 e- <-> filament"]


def filaments(folder):
    """Name -> rows (time [s], electronic and ionic current of the top terminal, sum over the terminals, filament's gap [nm])."""
    from solver.physics.observables import AxisProbe

    out = {}
    for name, overrides, sign in (("cations", [], 1), ("anions", ANIONS, -1), ("divalent", DIVALENT, 1)):
        m = model(folder, GAP, overrides)
        probe = AxisProbe(m)
        stepper = stepper_of(m, [Sweep(to=f"{sign * 0.1} V", rate="2 V/s")], max_voltage_step=1e-2, newton=1e-8)
        out[name] = np.array([(r.time, r.electronic["top"], r.ionic["top"], r.current("top") + r.current("bottom"), probe.gap())
                              for r, _ in walk(stepper)])
    return out


def filament_claims(data):
    cations, anions = data["cations"], data["anions"]
    assert cations.shape == anions.shape
    for column, name in ((1, "electronic"), (2, "ionic")):
        worst = np.argmax(abs(cations[:, column] + anions[:, column]))
        yield Claim(f"{name} current of anions at −V plus that of cations at V, over the largest", "charge conjugation", 0.0,
                    (cations + anions)[worst, column] / abs(cations[:, column]).max(), 1e-7, "", "Newton's tolerance")
    grown = {name: rows[0, 4] - rows[-1, 4] for name, rows in data.items()}
    yield Claim("growth of the filament of anions at −V", "charge conjugation", grown["cations"], grown["anions"], 1e-6, "nm", "the same")
    for name, rows in data.items():
        worst = np.argmax(abs(rows[:, 3]))
        yield Claim(f"currents of both terminals, sum over the largest, {name}", "z electrons an ion", 0.0,
                    rows[worst, 3] / abs(rows[:, 1]).max(), 1e-6, "", "stepping.BALANCE, 3e-7 of a step's largest")


CONJUGATION = Section(
    "Filaments of anions and of divalent ions",
    "The gap from 0 to 0.1 V with vacancies of charge +1; the same with −1, `vacancies + h+ <-> filament`, to −0.1 V: currents with the "
    "other sign, the same filament. And with +2, two electrons an ion: the terminals' currents still add up to zero.",
    filaments, filament_claims, None, "structure",
)


def test_a_filament_of_anions_is_that_of_cations_at_the_other_voltage(tmp_path):
    check(filament_claims(filaments(tmp_path)))


def test_a_species_of_several_has_its_column_and_no_name_is_taken_twice(tmp_path):
    from solver.results.tables import terminal_columns

    columns = terminal_columns(["top", "bottom"], ions=["cations", "anions"])
    assert "cations current top [A]" in columns and "anions current bottom [A]" in columns
    assert len(set(columns)) == len(columns)
    assert "vacancies current top [A]" not in terminal_columns(["top", "bottom"], ions=["vacancies"])


SECTIONS = (EXCHANGE, NERNST, FIXED, CONJUGATION)

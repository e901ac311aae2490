"""Impedance of a film with mobile ions between blocking electrodes: closed form, limits, a step in time, causality."""

import numpy as np

from solver.analysis.admittance import spectrum
from solver.engines.cpu.small_signal import SmallSignal
from solver.scenario.protocol import Hold
from tests.devices import model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.layers import Film
from tests.verification.walking import stepper_of, terminal_charge, walk

AREA = 900e-18  # m^2
SIGMA = 1e-6  # S/m, of the electrons: as in scenarios/impedance.yaml
BLOCKING = "physics: {filament: off, contacts: {top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}}\n"
BTA = "linearised Poisson-Nernst-Planck with one mobile species (layers.py), after Bazant, Thornton, Ajdari, PRE 70, 021506 (2004)"


def slab(folder, size, overrides=()):
    """60 nm between blocking plates, cells of `size` [nm], 1D."""
    device = "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 900 nm^2}\n"
    text = device + f"mesh: {{size_at_filament: {size} nm}}\n" + BLOCKING
    return model(folder, text, [f"material.film.electronic_conductivity={SIGMA} S/m", *overrides])


def film(site_density=1e27):
    return Film(1e25, site_density, 5e-14, 60e-9, AREA)


# ---- closed form over twelve decades ---------------------------------------------------------------------------------

DECADES = np.logspace(-4, 8, 49)  # of the relaxation rate
SIZES = (0.5, 0.25)  # nm


def blocking(folder):
    """(frequencies [Hz], size -> admittance [S])."""
    f = DECADES / (2 * np.pi * film().charging_time())
    out = {}
    for size in SIZES:
        m = slab(folder, size)
        stepper_of(m, []).equilibrate()
        out[size] = spectrum(SmallSignal(m), f, "top")
    return f, out


def exact(f):
    """Y [S] of ions and electrons."""
    return film().admittance(2j * np.pi * f) + SIGMA * AREA / film().L


def blocking_claims(data):
    f, found = data
    ions = abs(exact(f) - SIGMA * AREA / film().L)
    worst = {size: float(np.max(abs(s.admittance - exact(f)) / ions)) for size, s in found.items()}
    yield Claim("worst |Y − Y_exact| over the ions' own |Y|, 1e-4 to 1e8 relaxation rates", BTA, 0.0, worst[0.25], 1.2e-3, "",
                "(h/λ_D)²/8 = 9e-4 in cells of 0.25 nm, λ_D = 2.9 nm")
    yield Claim("the same in cells twice as large over it", "second order in space", 4.0, worst[0.5] / worst[0.25], 0.03, "", "next order")
    z = found[0.25].impedance
    yield Claim("resistance at the lowest frequency", "electrons alone, L/σA", film().L / SIGMA / AREA, float(z[0].real), 1e-6, "ohm",
                "(ω × charging time)²")
    yield Claim("largest sum of the terminals' currents over the largest", "charge conservation", 0.0, float(found[0.25].imbalance.max()),
                1e-9, "", "refined to rounding")


def draw_blocking(data, figure):
    f, found = data
    nyquist, bode = figure.subplots(1, 2, width_ratios=[1.5, 1])
    fine = np.geomspace(f[0], f[-1], 600)
    z, at = exact(fine), 1 / found[0.25].admittance
    z = 1 / z
    law(nyquist, z.real * 1e-12, -z.imag * 1e-12, 0, "closed form")
    simulated(nyquist, at.real * 1e-12, -at.imag * 1e-12, 0, "simulation, 0.25 nm cells")
    nyquist.set(xlabel="Re Z [TΩ]", ylabel="−Im Z [TΩ]", ylim=(0, 48), xlim=(-2, 70))
    nyquist.set_aspect("equal")
    nyquist.legend(loc="upper left")
    for k, (values, measured, text) in enumerate((
        (exact(fine).real * 1e15, found[0.25].admittance.real * 1e15, "Re Y [fS]"),
        (exact(fine).imag / (2 * np.pi * fine) * 1e18, found[0.25].capacitance * 1e18, "Im Y/ω [aF]"),
    )):
        law(bode, fine, values, k, text)
        simulated(bode, f[::2], measured[::2], k, None)
    bode.set(xscale="log", xlabel="frequency [Hz]", ylim=(0, None))
    bode.legend()


RANDLES = Section(
    "Impedance of a film between blocking electrodes",
    "Vacancies that no electrode lets through, electrons beside them: the arc of bulk resistance and geometric capacitance, "
    "then the arc of the electrons' resistance and the double layers, as in a Randles circuit. The law is the exact solution "
    "of the linearised Poisson-Nernst-Planck equations with one mobile species, "
    "Y/A = sε(1 + sτ)/(2[tanh(ka)/k + asτ]) + σ/L, k² = 1/λ² + s/D′, a = L/2, s = iω, from 1e-4 to 1e8 times the rate at which "
    "the layers charge.",
    blocking, blocking_claims, draw_blocking, "time",
)


def test_blocking_plates_have_their_closed_form_impedance_over_twelve_decades(tmp_path):
    check(RANDLES.claims(RANDLES.measure(tmp_path)))


# ---- limits ----------------------------------------------------------------------------------------------------------

BIASES = (0.0, 0.1, 0.2, 0.4, 0.8)
STEP = 1e-3  # V


def limits(folder):
    """Rows (bias [V], capacitance at 1 mHz, dQ/dV of the stationary states, closed form, capacitance at 1 THz) [F]."""
    steric = film(1e26)
    rows, last = [], 0.0
    m = slab(folder, 0.25, ["material.ions.vacancies.site_density=1e20 cm^-3"])
    stepper = stepper_of(m, [], newton=1e-10)
    stepper.equilibrate()
    for bias in BIASES:
        charges = []
        for volts in (bias - STEP, bias + STEP, bias):
            stepper.relax(volts, last)
            last = volts
            charges.append(terminal_charge(stepper))
        found = spectrum(SmallSignal(m), [1e-3, 1e12], "top").capacitance
        a, b = (steric.split(v)[1] * np.sign(v) if v > 0 else -steric.split(-v)[1] for v in (bias + STEP, bias - STEP))
        rows.append((bias, found[0], (charges[1] - charges[0]) / (2 * STEP), (a - b) / (2 * STEP) * AREA, found[1]))
    return np.array(rows)


def limits_claims(rows):
    for bias, low, slope, law_, high in rows:
        yield Claim(f"capacitance at 1 mHz, {bias:g} V", "dQ/dV of the simulated stationary states", slope, low, 2e-5, "F",
                    f"differences of ±{STEP * 1e3:g} mV: (0.04 kT/q)²/6 of the curvature")
        if bias > 0:
            yield Claim(f"capacitance at 1 mHz, {bias:g} V, of both layers", "slope of Kilic-Bazant-Ajdari layers (layers.py)", law_, low,
                        2e-3, "F", "(h/λ_D)² of the mesh, more where c changes over less than λ_D")
        yield Claim(f"capacitance at 1 THz, {bias:g} V", "εA/L", film().eps * AREA / film().L, high, 1e-9, "F",
                    "ions stand still: (relaxation rate/ω)²")


def draw_limits(rows, figure):
    axes = figure.subplots()
    steric, volts = film(1e26), np.linspace(0.005, 0.85, 150)
    charge = np.array([steric.split(v)[1] for v in volts]) * AREA
    law(axes, 0.5 * (volts[1:] + volts[:-1]), np.diff(charge) / np.diff(volts) * 1e18, 0, "dQ/dV of two steric layers")
    simulated(axes, rows[:, 0], rows[:, 1] * 1e18, 0, "Im Y/ω at 1 mHz")
    law(axes, volts, 0 * volts + film().eps * AREA / film().L * 1e18, 1, "εA/L")
    simulated(axes, rows[:, 0], rows[:, 4] * 1e18, 1, "Im Y/ω at 1 THz")
    axes.set(xlabel="bias [V]", ylabel="capacitance [aF]", ylim=(0, None))
    axes.legend()


LIMITS = Section(
    "Low- and high-frequency limits of the capacitance",
    "Blocking plates with steric vacancies (c₀/c_max = 0.1) at a bias: at low frequency Im Y/ω is the slope dQ/dV of the "
    "stationary states, simulated one by one, and that of two steric double layers in series; at high frequency it is the "
    "geometric capacitance εA/L at any bias.",
    limits, limits_claims, draw_limits, "time",
)


def test_the_capacitance_goes_from_the_slope_of_the_charge_to_the_geometric_one(tmp_path):
    check(LIMITS.claims(LIMITS.measure(tmp_path)))


# ---- a step in time, and causality -----------------------------------------------------------------------------------

AT = np.array([10.0, 100.0, 1e3, 3e3])  # Hz
KICK = 2e-3  # V


def step(folder):
    """(Spectrum at 50 mV, admittance at `AT` from the transform of a step, finer spectrum)."""
    device = "device: {layout: slab, thickness: 30 nm, dimension: 1, area: 900 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
    rows = []
    for volts in (0.05, 0.05 + KICK):
        m = model(folder, device + "physics: {filament: off}\n", ["material.contacts.conductance=1e4 S/m^2"])
        protocol = [Hold(voltage="0.05 V", duration="1 s"), Hold(voltage=f"{volts} V", duration="0.2 s")]
        stepper = stepper_of(m, protocol, tolerance=1e-6, max_voltage_step=1.0, newton=1e-10)
        for r, ends in walk(stepper):
            state = (r.time - 1.0, m.parameters.scaling.ampere(r.electronic["top"] + r.ionic["top"]), terminal_charge(stepper))
            if volts == 0.05 and ends:
                small = SmallSignal(m)
                return_at = spectrum(small, AT, "top"), spectrum(small, np.logspace(-2, 9, 441), "top")
                break
            if r.time > 1.0 or (ends and not rows):
                rows.append(state)
    (_, current, charge), *later = rows
    t, conduction, q = np.array(later).T
    # Y = (i w / dV) int [I_conduction + dQ/dt] e^-iwt dt; what has settled at the end is a step that goes on for ever
    w = 2 * np.pi * AT
    flow, stored = conduction - current, q - charge
    y = [
        (transform(t, flow - flow[-1], k) * 1j * k + flow[-1] + (transform(t, stored - stored[-1], k) * 1j * k + stored[-1]) * 1j * k) / KICK
        for k in w
    ]
    return return_at[0], np.array(y), return_at[1]


def transform(t, f, w):
    """int_0^inf f e^{-iwt} dt of a function linear between its samples, constant before the first, 0 after the last."""
    t, f = np.concatenate([[0.0], t]), np.concatenate([f[:1], f])
    slope, e = np.diff(f) / np.diff(t), np.exp(-1j * w * t)
    return np.sum((f[:-1] * e[:-1] - f[1:] * e[1:]) / (1j * w) + slope * (e[:-1] - e[1:]) / (1j * w) ** 2)


def kramers_kronig(f, y):
    """Im Y/omega - its value at the highest frequency [F] from Re Y alone: (2/pi) int (G(x) - G(w))/(x^2 - w^2) dx."""
    w, g = 2 * np.pi * f, y.real
    out = np.empty(len(w))
    for k, at in enumerate(w):
        with np.errstate(divide="ignore", invalid="ignore"):
            integrand = (g - g[k]) / (w**2 - at**2) * w  # over ln x
        integrand[k] = 0.5 * np.gradient(g, np.log(w))[k] / at  # l'Hospital: G'(w)/(2w) x w
        tail = (g[-1] - g[k]) / w[-1]  # beyond the highest frequency 1/x^2 is left
        below = (g[k] - g[0]) / at**2 * w[0]
        out[k] = 2 / np.pi * (np.trapezoid(integrand, np.log(w)) + tail + below)
    return out


def step_claims(data):
    found, y, fine = data
    for f, a, b in zip(AT, found.admittance, y):
        for part, name, unit, tolerance in (("real", "conductance", "S", 3e-4), ("imag", "susceptance", "S", 5e-3)):
            yield Claim(f"{name} at {f:g} Hz", f"Fourier transform of the transient after {KICK * 1e3:g} mV", getattr(b, part), getattr(a, part),
                        tolerance, unit, "local error 1e-6 of a time step against a response of 0.08 kT/q; its curvature 1e-5")
    inside = (fine.frequency > 1e-1) & (fine.frequency < 1e7)
    expected = fine.capacitance - fine.capacitance[-1]
    off = abs(kramers_kronig(fine.frequency, fine.admittance) - expected)[inside].max() / expected.max()
    yield Claim("Im Y/ω from Re Y alone, worst over 0.1 Hz to 10 MHz, of the largest", "Kramers-Kronig", 0.0, off, 1e-4, "",
                "trapezoids at 40 points a decade")


def draw_step(data, figure):
    _, y, fine = data
    axes = figure.subplots()
    law(axes, fine.frequency, fine.capacitance * 1e18, 0, "Im Y/ω, linearised")
    simulated(axes, AT, y.imag / (2 * np.pi * AT) * 1e18, 0, "from a step in time")
    every = slice(80, 361, 20)
    simulated(axes, fine.frequency[every], (kramers_kronig(fine.frequency, fine.admittance) + fine.capacitance[-1])[every] * 1e18, 1,
              "from Re Y, Kramers-Kronig")
    axes.set(xscale="log", xlabel="frequency [Hz]", ylabel="capacitance [aF]", xlim=(1e-1, 1e7))
    axes.legend()


STEP_SECTION = Section(
    "Spectrum against a step in time, and causality",
    "30 nm of film with vacancies that pass into the electrodes and a contact resistance, at 50 mV. The Fourier transform of "
    "the current after a step of 2 mV, from the transient code, is the spectrum of the linearised equations; and its "
    "imaginary part follows from its real part (Kramers-Kronig), as that of any causal, linear and stable response.",
    step, step_claims, draw_step, "time",
)


def test_the_spectrum_is_the_transform_of_a_small_step_and_causal(tmp_path):
    check(STEP_SECTION.claims(STEP_SECTION.measure(tmp_path)))


SECTIONS = [RANDLES, LIMITS, STEP_SECTION]

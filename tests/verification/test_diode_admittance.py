"""Admittance of diodes: conductance against the DC curve, diffusion and depletion capacitance against closed forms."""

import numpy as np

from solver.analysis.admittance import spectrum
from solver.engines.cpu.small_signal import SmallSignal
from tests.devices import model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.silicon import (
    AREA,
    D_N,
    D_P,
    EPS,
    MU_N,
    N_C,
    N_I,
    NO_RECOMBINATION,
    VT,
    Q,
    built_in,
    current,
    slab,
)

# ---- conductance and diffusion capacitance of a short diode ----------------------------------------------------------

ACCEPTORS, DONORS = 1e24, 1e22  # m^-3
P_SIDE, N_SIDE = 1e-6, 50e-6  # m: the holes take 0.3 us through the n side
JUNCTION = "{profile: tanh, axis: x, below: -1e18 cm^-3, above: 1e16 cm^-3, position: 1 um, width: 0 nm}"
BIASES = (-0.5, 0.0, 0.3, 0.4, 0.5, 0.6)  # V, forward
FREQUENCIES = np.logspace(2, 7, 31)
STEP = 2e-4  # V


def neutral(volts):
    """Widths of the neutral p and n side [m]; the depletion edge is where kT/q less than the built-in voltage ends."""
    depleted = np.sqrt(2 * EPS * (built_in(ACCEPTORS, DONORS) - 2 * VT - volts) / Q * (1 / ACCEPTORS + 1 / DONORS))
    share = DONORS / (ACCEPTORS + DONORS)
    return P_SIDE - depleted * share, N_SIDE - depleted * (1 - share), depleted


def shockley(f, volts):
    """Y [S] of a short diode: sum over both carriers of G x coth x, x = w sqrt(i omega / D), depletion layer, series resistance."""
    w_p, w_n, depleted = neutral(volts)
    y = 2j * np.pi * f * EPS * AREA / depleted
    for D, w, minority in ((D_N, w_p, N_I**2 / ACCEPTORS), (D_P, w_n, N_I**2 / DONORS)):
        x = w * np.sqrt(2j * np.pi * f / D)
        y = y + AREA * Q * D * minority * np.exp(volts / VT) / (VT * w) * x / np.tanh(x)
    return 1 / (1 / y + w_n / (Q * MU_N * DONORS * AREA))


def short_diode(folder):
    """(rows (bias, conductance at 0 Hz, slope of the DC curve) [V, S], Spectrum at the last bias)."""
    m = model(folder, slab((P_SIDE + N_SIDE) * 1e9, 25, "{doping: [" + JUNCTION + "]" + NO_RECOMBINATION + "}"))
    at = stationary(m)

    def dc(volts):
        # each carrier where it is in the minority: through a majority contact the last digit of Phi carries 1e-18 A
        sums = at(-volts)
        return current(m, sums, "electrons", "bottom") - current(m, sums, "holes")

    rows = []
    for bias in BIASES:
        low, high = dc(bias - STEP), dc(bias + STEP)
        at(-bias)
        rows.append((bias, SmallSignal(m).respond("top", 0.0)["top"].real, (high - low) / (2 * STEP)))
    return np.array(rows), spectrum(SmallSignal(m), FREQUENCIES, "top")


def short_claims(data):
    rows, found = data
    for bias, conductance, slope in rows:
        yield Claim(f"conductance at {bias:g} V", "slope dI/dV of the DC curve", slope, conductance, 2e-5, "S",
                    f"differences of ±{STEP * 1e3:g} mV: (V/V_T)²/6 = 1e-5")
    exact = shockley(FREQUENCIES, BIASES[-1])
    reason = "depletion edges are sharp to a Debye length (41 nm), injection 1 % of the doping; capacitance of the depletion layer 5 % of the whole"
    for name, values, expected in (("conductance", found.admittance.real, exact.real),
                                   ("capacitance", found.capacitance, exact.imag / (2 * np.pi * FREQUENCIES))):
        for k in (0, 15, 24):
            yield Claim(f"{name} at {FREQUENCIES[k]:.3g} Hz, {BIASES[-1]:g} V", "short diode, G x coth x (Shockley 1949)", expected[k], values[k], 0.03,
                        "S" if name == "conductance" else "F", reason)


def draw_short(data, figure):
    rows, found = data
    axes, other = figure.subplots(1, 2)
    fine = np.geomspace(FREQUENCIES[0], FREQUENCIES[-1], 300)
    exact = shockley(fine, BIASES[-1])
    law(axes, fine, exact.real * 1e9, 0, "Re Y [nS]")
    simulated(axes, FREQUENCIES[::2], found.admittance.real[::2] * 1e9, 0, None)
    law(axes, fine, exact.imag / (2 * np.pi * fine) * 1e15, 1, "Im Y/ω [fF]")
    simulated(axes, FREQUENCIES[::2], found.capacitance[::2] * 1e15, 1, None)
    axes.set(xscale="log", yscale="log", xlabel="frequency [Hz]", title=f"{BIASES[-1]:g} V: markers simulation, lines law")
    axes.legend()
    law(other, rows[:, 0], rows[:, 2], None, "dI/dV of the DC curve")
    simulated(other, rows[:, 0], rows[:, 1], 0, "Re Y at 0 Hz")
    other.set(yscale="log", xlabel="forward bias [V]", ylabel="conductance [S]")
    other.legend()


SHORT = Section(
    "Admittance of a short diode",
    "A p⁺n diode whose n side (50 µm) is shorter than the diffusion length. At 0 Hz its conductance is the slope of the DC "
    "curve, over 14 decades. With frequency the holes stored in the n side follow less and less: Y = G x coth x with "
    "x = w√(iω/D), whose low-frequency capacitance is the diffusion capacitance G w²/3D, beside the depletion layer εA/W.",
    short_diode, short_claims, draw_short, "transport",
)


def test_a_short_diode_has_the_conductance_of_its_dc_curve_and_shockleys_diffusion_admittance(tmp_path):
    check(SHORT.claims(SHORT.measure(tmp_path)))


# ---- Mott-Schottky ---------------------------------------------------------------------------------------------------

REVERSE = np.array([0.0, -0.5, -1.0, -1.5, -2.0, -2.5])
MEGAHERTZ = 1e6
WORK_FUNCTION, AFFINITY = 4.8, 4.05


def barrier_voltage():
    """Band bending at 0 V [V]: the barrier less the bulk's distance of the conduction band to the Fermi level."""
    return WORK_FUNCTION - AFFINITY - VT * np.log(N_C / DONORS)


def reverse(folder):
    """Capacitance [F] at 1 MHz at the voltages `REVERSE`."""
    contacts = f", contacts: {{top: {{work_function: {WORK_FUNCTION} eV}}}}" + NO_RECOMBINATION
    m = model(folder, slab(2000, 5, "{doping: [{profile: uniform, density: 1e16 cm^-3}]" + contacts + "}"))
    at, out = stationary(m), []
    for volts in REVERSE:
        at(volts)
        out.append(spectrum(SmallSignal(m), [MEGAHERTZ], "top").capacitance[0])
    return np.array(out)


def mott_schottky(volts):
    """(A/C)^2 [m^4/F^2]."""
    return 2 * (barrier_voltage() - volts - VT) / (Q * EPS * DONORS)


def reverse_claims(found):
    inverse = (AREA / found) ** 2
    slope, offset = np.polyfit(REVERSE, inverse, 1)
    yield Claim("doping from the slope of 1/C², 0 to −2.5 V, 1 MHz", "Mott-Schottky: d(1/C²)/dV = −2/(qεN A²)", DONORS, -2 / (Q * EPS * slope), 1e-4,
                "m^-3", "depletion approximation, exact up to e^-(V/V_T); (h/λ_D)² of the mesh")
    yield Claim("voltage at which 1/C² vanishes", "V_bi − kT/q, V_bi = φ_B − kT/q ln(N_c/N)", barrier_voltage() - VT, -offset / slope, 1e-3, "V",
                "as above")


def draw_reverse(found, figure):
    axes = figure.subplots()
    volts = np.linspace(-2.7, barrier_voltage() - VT, 50)
    law(axes, volts, mott_schottky(volts), 0, "2(V_bi − V − kT/q)/(qεN)")
    simulated(axes, REVERSE, (AREA / found) ** 2, 0, "(A ω/Im Y)² at 1 MHz")
    axes.set(xlabel="voltage [V]", ylabel="(A/C)² [m⁴/F²]", ylim=(0, None))
    axes.legend()


DEPLETION = Section(
    "Depletion capacitance through the admittance",
    "A Schottky barrier on n-silicon in reverse: 1/C² against the voltage is a straight line whose slope is the doping and "
    "which ends at the built-in voltage less kT/q (Mott-Schottky). C is Im Y/ω of the linearised equations at 1 MHz.",
    reverse, reverse_claims, draw_reverse, "transport",
)


def test_the_reverse_capacitance_gives_doping_and_built_in_voltage(tmp_path):
    check(DEPLETION.claims(DEPLETION.measure(tmp_path)))


SECTIONS = [SHORT, DEPLETION]

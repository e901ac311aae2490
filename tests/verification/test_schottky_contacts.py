"""Schottky contacts: thermionic saturation current and its Richardson plot, barrier lowering by the image force."""

import math

import numpy as np

from tests.devices import model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.silicon import AREA, EPS, NO_RECOMBINATION, VT, Q, slab

RICHARDSON, RICHARDSON_P = 112e4, 32e4  # A/(m^2 K^2), scenarios/materials/silicon.yaml
AFFINITY, GAP, N_C, N_V = 4.05, 1.1242, 2.86e25, 3.10e25
BARRIER = 0.6
BOLTZMANN = VT / 300  # V/K
MU_N, MU_P = 0.14, 0.045


def schottky(tmp_path, lowering="off", sign=1, temperature=300, density=1e16, work_function=AFFINITY + BARRIER, size=2):
    """1 um of silicon, doped `sign` x `density` cm^-3, emission at the top, ohmic below."""
    contact = f"{{work_function: {work_function} eV, thermionic: on, barrier_lowering: {lowering}}}"
    doping = f"doping: [{{profile: uniform, density: {sign * density} cm^-3}}]"
    carriers = "{" + doping + ", contacts: {top: " + contact + "}" + NO_RECOMBINATION + "}"
    return model(tmp_path, slab(1000, size, carriers), [f"material.film.temperature={temperature} K"])


def amperes(m, sums):
    return m.parameters.scaling.ampere(sums["top"].electronic)


def field(m, sums):
    """V/m at the top electrode, from its charge."""
    return abs(m.parameters.scaling.coulomb(sums["top"].charge)) / (AREA * EPS)


def measure_saturation(tmp_path):
    """Reverse currents of an n-type and a p-type diode at some temperatures, and the emission law's.

    Returns:
        dict name -> (temperatures [K], measured [A], law [A], barrier [eV]).
    """
    out = {}
    # hole barrier: affinity + gap - work function
    for name, sign, work, richardson, states, mobility in (
        ("electrons", 1, AFFINITY + BARRIER, RICHARDSON, N_C, MU_N),
        ("holes", -1, AFFINITY + GAP - BARRIER, RICHARDSON_P, N_V, MU_P),
    ):
        temperatures, found, law = np.array([270.0, 300.0, 330.0]), [], []
        for t in temperatures:
            m = schottky(tmp_path, sign=sign, temperature=t, work_function=work)
            sums = stationary(m)(-1.0 * sign)
            found.append(abs(amperes(m, sums)))
            v = richardson * t**2 / (Q * states)
            # drift carries them off at mu E: in series with emission (Crowell, Sze 1966)
            law.append(AREA * richardson * t**2 * math.exp(-BARRIER / (BOLTZMANN * t)) / (1 + v / (mobility * field(m, sums))))
        out[name] = (temperatures, np.array(found), np.array(law), richardson)
    return out


def saturation_claims(data):
    for name, (temperatures, found, law, _) in data.items():
        for t, a, b in zip(temperatures, found, law):
            yield Claim(f"reverse current of {name} over a barrier of 0.6 eV at {t:.0f} K", "A* T² exp(-φ_B/kT), drift in series",
                        b, a, 2e-3, "A", "the field falls over the last kT of the barrier: kT/(q E w) of v/(mu E)")
        slope = -np.polyfit(1 / temperatures, np.log(found / temperatures**2), 1)[0] * BOLTZMANN
        yield Claim(f"barrier of {name} from the slope of the Richardson plot", "the barrier put in", BARRIER, slope, 5e-3, "eV",
                    "the drift in series changes by 1 % over the temperatures")


def draw_saturation(data, figure):
    axis = figure.subplots()
    for name, (temperatures, found, law, _) in data.items():
        axis.semilogy(1e3 / temperatures, law / temperatures**2, "-", label=f"law, {name}")
        axis.semilogy(1e3 / temperatures, found / temperatures**2, "o", label=f"simulated, {name}")
    axis.set(xlabel="1000 K / T", ylabel="I / T² (A/K²)")
    axis.legend()


SATURATION = Section(
    "Thermionic saturation current",
    "A Schottky diode in reverse carries J = A* T² exp(−φ_B/kT) (C. R. Crowell, S. M. Sze, Solid-State Electron. 9, 1035 "
    "(1966)): `thermionic: on` takes the Richardson constants of the material, for electrons and for holes. ln(I/T²) "
    "against 1/T is a straight line whose slope is the barrier.",
    measure_saturation, saturation_claims, draw_saturation, "contacts",
)


def measure_lowering(tmp_path):
    """Currents with over without lowering at reverse voltages.

    Returns:
        dict: "field" [V/m], "ratio" of the currents, "rest" equilibrium current [A], "on" a forward current [A], and
        "holes": (field, ratio) of a p-type diode.
    """
    out = {}
    for name, sign, work in (("electrons", 1, AFFINITY + BARRIER), ("holes", -1, AFFINITY + GAP - BARRIER)):
        fields, currents = [], {}
        for switch in ("on", "off"):
            m = schottky(tmp_path, switch, sign, density=1e17, work_function=work, size=1)
            at = stationary(m)
            if switch == "on":
                rest = max(abs(getattr(s, part)) for s in at(0.0).values() for part in ("electrons", "holes"))
                out[f"rest, {name}"] = m.parameters.scaling.ampere(rest)
            found = []
            for volts in (-0.25, -0.5, -1.0, -2.0, -4.0, -7.0):
                sums = at(volts * sign)
                found.append(abs(amperes(m, sums)))
                if switch == "on":
                    fields.append(field(m, sums))
            currents[switch] = np.array(found)
        out[name] = (np.array(fields), currents["on"] / currents["off"], currents["on"])
    return out


def lowering_claims(data):
    law = math.sqrt(Q / (4 * math.pi * EPS)) / VT
    for name in ("electrons", "holes"):
        fields, ratio, _ = data[name]
        slope = np.polyfit(np.sqrt(fields), np.log(ratio), 1)[0]
        yield Claim(f"slope of ln(I/I₀) against √E, {name}", "q √(q/4πε)/kT", law, slope, 0.01, "√(m/V)",
                    "drift in series, v/(mu E) = 2e-3 to 1e-2, is the same for both currents but for the field")
        yield Claim(f"ln(I/I₀) at the largest field, {name}", "√(qE/4πε)/(kT/q)", law * math.sqrt(fields[-1]),
                    float(np.log(ratio[-1])), 0.01, "", "as the slope")
        yield Claim(f"current in equilibrium with lowering, {name}", "none: both potentials and levels are the same",
                    0.0, data[f"rest, {name}"], 1e-9 * data[name][2][0], "A",
                    "1e-9 of the reverse current: the last digit of the levels")


def draw_lowering(data, figure):
    axis = figure.subplots()
    law = math.sqrt(Q / (4 * math.pi * EPS)) / VT
    for name in ("electrons", "holes"):
        fields, ratio, _ = data[name]
        axis.plot(np.sqrt(fields), np.log(ratio), "o", label=f"simulated, {name}")
    axis.plot(np.sqrt(fields), law * np.sqrt(fields), "-", label="q √(qE/4πε)/kT")
    axis.set(xlabel="√E (√(V/m))", ylabel="ln(I/I₀)")
    axis.legend()


LOWERING = Section(
    "Image-force lowering of a Schottky barrier",
    "The image force lowers the barrier by √(qE/4πε) (S. M. Sze, K. K. Ng, Physics of Semiconductor Devices, 3rd ed., "
    "ch. 3), E the field at the surface, here from the charge of the electrode: ln(I/I₀) against √E is a straight line "
    "through the origin; I₀ is the same diode's current without lowering. In equilibrium no current flows.",
    measure_lowering, lowering_claims, draw_lowering, "contacts",
)

SECTIONS = (SATURATION, LOWERING)


def test_reverse_currents_are_the_thermionic_saturation_current_and_its_richardson_plot_gives_the_barrier(tmp_path):
    check(SATURATION.claims(SATURATION.measure(tmp_path)))


def test_the_image_force_lowers_the_barrier_by_the_root_of_the_field_and_leaves_equilibrium_alone(tmp_path):
    check(LOWERING.claims(LOWERING.measure(tmp_path)))

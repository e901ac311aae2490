"""Numbers of the shipped silicon (SI), and 1D slabs of it, 1 um^2, whose driven terminal `top` is at x = thickness."""

import math

from tests.devices import JUNCTION, bipolar

Q, VT = 1.602176634e-19, 1.380649e-23 * 300 / 1.602176634e-19
EPS = 11.7 * 8.8541878128e-12
N_C, N_V, GAP, AFFINITY = 2.86e25, 3.10e25, 1.1242, 4.05
N_I = math.sqrt(N_C * N_V) * math.exp(-GAP / (2 * VT))
MU_N, MU_P = 0.14, 0.045
D_N, D_P = MU_N * VT, MU_P * VT
AREA = 1e-12
NO_RECOMBINATION = ", srh: off, radiative: off, auger: off"


def slab(thickness, size, carriers):
    """Scenario text: `thickness` and cell `size` in nm, `carriers` the YAML of physics.carriers."""
    return (
        f"device: {{layout: slab, thickness: {thickness} nm, dimension: 1, area: 1 um^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\n" + bipolar(carriers)
    )


def diode(size=10, more=""):
    """2 um, p 1e17 below 1 um, n 1e16 above, abrupt."""
    return slab(2000, size, "{doping: [" + JUNCTION % ("x", 1000, 0) + "]" + more + "}")


def built_in(acceptors=1e23, donors=1e22):
    """V_bi [V] of dopings in m^-3, Boltzmann."""
    return VT * math.log(acceptors * donors / N_I**2)


def current(m, sums, part="electronic", terminal="top"):
    """A, into a terminal."""
    return m.parameters.scaling.ampere(getattr(sums[terminal], part)) * m.device.current_scale

"""Manufactured solutions that move: second order in step and mesh together, for every combination of terms."""

import textwrap

import numpy as np
import pytest

from solver.physics.fields import FERMI, POTENTIAL
from solver.scenario.protocol import Hold
from tests.verification import manufactured, manufactured_bipolar
from tests.verification.boxes import box_model, right_angled
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import order, simulated
from tests.verification.fixed_steps import equal
from tests.verification.manufactured_in_time import ManufacturedSteps, moving
from tests.verification.test_manufactured import CASES, LENGTH

STEPS = {1: (16, 32, 64), 2: (12, 24, 48)}  # as many cells along an edge, for carriers twice as many
# case of test_manufactured -> period [s]: its storage is as large as its fluxes
PERIODS = {"poisson and vacancies": 2e-3, "ions that react": 2e-3, "conduction": 1.0, "filament": 1.0, "all": 0.1}
CARRIERS = {"electrons and holes, Boltzmann": ("boltzmann", ()), "electrons and holes, Fermi-Dirac, all recombination":
            ("fermi_dirac", ("srh", "radiative", "auger"))}  # fmt: skip
CARRIER_PERIOD = 1e-11  # s: L^2 / D is 3e-12 s


def march(folder, case, dimension, steps, euler=False):
    """field -> rms nodal error after one period of `case` in `steps` steps."""
    mesh = right_angled(dimension, 2 * steps if case in CARRIERS else steps, manufactured_bipolar.LENGTH if case in CARRIERS else LENGTH)
    if case in CARRIERS:
        statistics, recombination = CARRIERS[case]
        m, period, length = manufactured_bipolar.model(folder, mesh, statistics, recombination), CARRIER_PERIOD, manufactured_bipolar.LENGTH
        still, residual = manufactured_bipolar.exact_fields(m), manufactured_bipolar.sources
        free = held = manufactured_bipolar.FIELDS
    else:
        physics, overrides, free, _ = CASES[case]
        m, period, length = box_model(folder, mesh, LENGTH, physics, overrides), PERIODS[case], LENGTH
        still = {name: jet for name, jet in manufactured.exact_fields(m, LENGTH).items() if name in m.fields}
        residual, held = manufactured.sources, (POTENTIAL, FERMI, *(ion.name for ion in m.context.species))
    exact = moving(m, still, length, period)
    protocol = [Hold(voltage=f"{manufactured.VOLTS} V", duration=f"{period} s")]
    return ManufacturedSteps(m, exact, residual, list(free), held, protocol, equal(steps), euler).errors()


def measure(folder):
    """(case, dimension, scheme) -> field -> rms errors of the refinements."""
    out = {}
    for case, dimension, euler in (
        *((case, 1, False) for case in (*PERIODS, *CARRIERS)), ("all", 2, False), ("all", 1, True), (list(CARRIERS)[1], 1, True)
    ):
        found = [march(folder, case, dimension, steps, euler) for steps in STEPS[dimension]]
        out[case, dimension, "implicit Euler" if euler else "BDF2"] = {k: [e[k] for e in found] for k in found[0]}
    return out


def claims(data):
    for (case, dimension, scheme), found in data.items():
        for field, e in found.items():
            rate = float(np.log2(e[-2] / e[-1]))
            if scheme == "BDF2":
                yield Claim(f"order in step and mesh, {case}, {dimension}D: {field}", "manufactured solution", 2.0, rate, 0.15, "",
                            "next order of 2π/steps")
                assert e[-1] < 0.1  # of fields of size one: it is this solution that is found
        if scheme == "implicit Euler":
            worst = min(float(np.log2(e[-2] / e[-1])) for e in found.values())
            yield Claim(f"order with implicit Euler instead, {case}, {dimension}D: lowest of the fields", "manufactured solution", 1.0, worst,
                        0.25, "", "the test sees the scheme's order")


def drawing(data, figure):
    axes = figure.subplots(1, 2, sharey=True)
    for ax, case in zip(axes, ("all", list(CARRIERS)[1])):
        h = [1 / n for n in STEPS[1]]
        for k, (field, e) in enumerate(data[case, 1, "BDF2"].items()):
            simulated(ax, h, e, k, field)
        order(ax, h, data[case, 1, "BDF2"][POTENTIAL])
        ax.set(xscale="log", yscale="log", xlabel="1 / steps = h / L", title="filament, all terms" if case == "all" else textwrap.fill(case, 30))
        ax.legend()
    axes[0].set_ylabel("rms error of the nodes at the end (kT/q, c/c0, 1)")


SECTION = Section(
    "Order in time by manufactured solutions that move",
    "Exact fields of place and time are put into the strong equations; what is left over drives the solver as a source, and "
    "BDF2 marches through one period while steps and mesh are refined together: second order for each combination of terms "
    "(drift-diffusion, reactions, storage of the current's charge, filament, all together; electrons and holes with two "
    "statistics and all recombination). With implicit Euler in BDF2's place the same test shows first order.",
    measure,
    claims,
    drawing,
    "time",
)


@pytest.mark.slow
def test_moving_solutions_are_followed_with_second_order(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))

"""Conduction across the gap: its own decay length, whatever the interface width; Wronskian closed form in 1D.

Natural condition on the electrode and u = 1 at the filament's end: G/A = 2 sigma_t / (lambda sinh(2 g / lambda)),
so exp(-g / lambda_G) with lambda_G = lambda / 2 for gaps of a few decay lengths (shared derivation: docs/physics.md).
"""

import numpy as np
import pytest

from tests.devices import model

SIGMA_E = 1e-12  # S/m: next to nothing, so that only the gap conducts


def conductance_per_area(tmp_path, gap_nm, size_nm, width_nm=1.2):
    """G/A [S/m^2] of a 1D slab whose filament ends `gap_nm` below the top electrode (ohmic contacts, xi fixed)."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums

    height = 60 - gap_nm
    m = model(
        tmp_path,
        "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 1 um^2}\n"
        f"mesh: {{size_at_filament: {size_nm} nm}}\n"
        "physics:\n  contacts: {top: {electronic: ohmic}}\n"
        f"  filament: {{interface_width: {width_nm} nm, initial: {{core_radius: 1 nm, core_height: 20 nm, "
        f"radius: 20 nm, height: {height} nm}}}}\n",
        [f"material.film.electronic_conductivity={SIGMA_E} S/m"],
    )
    engine = CpuEngine(m, linear_solver="direct")
    m.apply_voltages({"top": 0.01, "bottom": 0.0})
    engine.settle()
    engine.settle()  # the second pass leaves rounding only: both equations are linear
    scaling = m.parameters.scaling
    sums = nodal_sums(m, engine.interior_residual())
    return scaling.ampere(sums["top"].electronic) / 0.01 / 1e-12


def exact(gap_nm):
    lam, sigma_t = 1.0e-9, 5e4
    return 2 * sigma_t / (lam * np.sinh(2 * gap_nm * 1e-9 / lam))


@pytest.mark.parametrize("size_nm", [0.5, 1.0, 1.5])
def test_conductance_falls_as_exp_of_gap_over_decay_length(tmp_path, size_nm):
    # Beyond the tail that pins u to the profile (xi > 0.1: 2.2 l = 2.6 nm) the electrode's cosh is free to form.
    gaps = np.array([4.5, 6.0, 7.5, 9.0])
    g = np.array([conductance_per_area(tmp_path, gap, size_nm) for gap in gaps])
    slopes = np.diff(np.log(g)) / np.diff(gaps)
    # lambda_G = 0.5 nm within 1 %; sinh differs from exp by 1e-4 at 4.5 nm
    np.testing.assert_allclose(-1 / slopes, 0.5, rtol=0.01)


@pytest.mark.parametrize("width_nm", [0.8, 1.2, 2.0])
def test_conductance_does_not_depend_on_the_interface_width(tmp_path, width_nm):
    """The tip is located below the mesh size through the tanh profile: the prefactor too is the closed form's."""
    g = conductance_per_area(tmp_path, 6.0, 1.0, width_nm)
    # u* follows exp(-d/lambda) to the cap at xi = 0.8 with pinning error 1/1000; 10 % is 0.05 nm of gap
    np.testing.assert_allclose(g, exact(6.0), rtol=0.1)

"""How few ions the filament's noise leaves alone follows from the material, not from a number in the code."""

from dataclasses import replace

import pytest

from solver.physics.filament import scarce_with_noise
from tests.devices import model

NOISY = ("device: {layout: slab, thickness: 20 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 1 nm}\n"
         "physics: {noise: {seed: 1}, filament: {initial: {core_radius: 1 nm, core_height: 2 nm, height: 4 nm}}}\n")


def test_scarce_ions_by_hand(tmp_path):
    p = model(tmp_path, NOISY).parameters
    f, ion, extent = p.filament, p.ion("vacancies"), p.noise.correlation_length
    # M (15 c_f / 8 c0)^2 / (D L)
    by_hand = f.mobility * (1.875 * f.density / ion.density) ** 2 / (ion.diffusivity * extent)
    assert scarce_with_noise(p) == pytest.approx(by_hand) and 0 < by_hand < 1
    slow = replace(p, filament=replace(f, mobility=0.5 * f.mobility))
    assert scarce_with_noise(slow) == pytest.approx(0.5 * by_hand)
    assert scarce_with_noise(replace(p, filament=replace(f, mobility=1e6 * f.mobility))) == 1  # where ions cannot keep up

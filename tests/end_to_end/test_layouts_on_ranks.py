"""The layouts of one cell, small and coarse, through the command line: the same table on 1, 2 and 3 ranks.

The gap is in test_runs.py, the pair and the array in their own files.
"""

import pytest

from tests.devices import MATERIAL
from tests.end_to_end.running import assert_same, halofil_run, table

CELL = "electrode_width: 300 nm, domain_length: 700 nm, spacer_thickness: 60 nm, electrode_thickness: 30 nm, substrate_oxide_thickness: 30 nm"
FILAMENT = (
    "mesh: {size_at_filament: 6 nm, size_at_edge: 15 nm, growth: 0.6}\n"
    "physics: {filament: {interface_width: 4 nm, initial: {core_height: 46 nm, height: 50 nm}}}\n"
)
HEAD = f"name: short\nmaterial: {MATERIAL}\nterminals: {{top: driven, bottom: ground}}\n"
LAYOUTS = {
    "slab in 3D": HEAD + "device: {layout: slab, thickness: 20 nm, dimension: 3, area: 400 nm^2}\nmesh: {size_at_filament: 4 nm}\nphysics: {filament: off}\n",
    "cross_section": HEAD + f"device: {{layout: cross_section, {CELL}}}\n" + FILAMENT,
    "back_contact": HEAD + f"device: {{layout: back_contact, symmetry: half, {CELL}}}\n" + FILAMENT,
    "block": f"name: short\nmaterial: {MATERIAL}\nterminals: {{left: driven, right: ground}}\n"
             "device: {layout: block, length: 100 nm, width: 60 nm, height: 50 nm, pads: {left: {face: left}, right: {face: right}}}\n"
             "mesh: {size_at_edge: 10 nm}\nphysics: {filament: off}\n",
}  # fmt: skip
REST = "protocol: [{hold: {voltage: 0.1 V, duration: 20 us}}]\noutput: {figures: off}\n"


@pytest.mark.parallel
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_run_is_the_same_on_one_to_three_ranks(tmp_path, layout):
    path = tmp_path / "short.yaml"
    path.write_text(LAYOUTS[layout] + REST)
    for ranks in (1, 2, 3):
        done = halofil_run(path, tmp_path / str(ranks), ranks=ranks)
        assert done.returncode == 0, done.stdout + done.stderr
    one = table(tmp_path / "1")
    assert len(one) >= 5 and one[[c for c in one.columns if c.startswith("current")]].abs().max().min() > 1e-13
    for ranks in (2, 3):
        assert_same(one, table(tmp_path / str(ranks)), rtol=1e-5)  # iterative solves stop at 1e-6

"""Curves: what is drawn in them, and that drawing leaves nothing behind."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solver.figures import plots, style
from solver.results.folder import NoResult
from solver.results.tables import TerminalTable
from tests import synthetic_run as synthetic


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "run", synthetic.sweep_table())


def write(folder, table):
    folder.mkdir()
    out = TerminalTable(folder / "terminals.csv", list(table.columns))
    for row in table.to_dict("records"):
        out.append(row)
    return folder


def test_the_iv_figure_shows_both_scales_the_measured_bands_and_their_source(folder, drawn):
    path = plots.iv_curve(folder)
    logarithmic, linear = drawn[0].axes
    assert logarithmic.get_yscale() == "log" and linear.get_yscale() == "linear"
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert any("0.16 ± 0.03 V (de Boer & Ehrler 2024)" in label for label in labels)
    assert any("−0.12 ± 0.06 V (de Boer & Ehrler 2024)" in label for label in labels)
    assert any("= 0.150 V" in label for label in labels) and any("= −0.120 V" in label for label in labels)
    for axes in (logarithmic, linear):
        spans = sorted((p.get_x(), p.get_x() + p.get_width()) for p in axes.patches if p.get_height() == 1)
        assert np.allclose(spans, [(-0.18, -0.06), (0.13, 0.19)])
        assert "[V]" in axes.get_xlabel() and "A]" in axes.get_ylabel()
    width, _ = struct.unpack(">II", path.read_bytes()[16:24])
    assert width == pytest.approx(180 / 25.4 * 300, abs=1)  # two columns wide at 300 dpi


def test_the_history_shows_voltage_conductance_gap_and_energy_over_one_time_axis(folder, drawn):
    plots.history(folder)
    labels = [axes.get_ylabel() for axes in drawn[0].axes]
    assert labels == ["voltage [V]", "conductance [S]", "filament gap [nm]", "energy ∫IV dt [µJ]"]
    assert {axes.get_xlim() for axes in drawn[0].axes} == {(0.0, 8.0)}


def test_pulses_have_no_iv_figure(tmp_path):
    assert plots.iv_curve(write(tmp_path / "run", synthetic.sweep_table().iloc[:3])) is None


def test_a_single_row_can_be_drawn(tmp_path):
    assert plots.history(write(tmp_path / "run", synthetic.sweep_table().iloc[:1])).is_file()


def test_no_result_is_one_sentence(tmp_path):
    with pytest.raises(NoResult, match="no terminals.csv"):
        plots.history(tmp_path)


@pytest.mark.parametrize("largest, unit, factor", [(2.5e-6, "µA", 1e6), (0.999e-9, "pA", 1e12), (1.0, "A", 1.0),
                                                   (0.0, "A", 1.0), (1e-25, "aA", 1e18), (np.nan, "A", 1.0)])
def test_units_take_the_prefix_that_keeps_numbers_readable(largest, unit, factor):
    assert style.scaled(np.array([0.0, -largest]), "A") == (pytest.approx(factor), unit)


def test_importing_the_figures_imports_no_plotting_library_and_drawing_no_pyplot(folder):
    code = ("import sys, solver.figures; heavy = {'matplotlib', 'pyvista', 'vtk', 'pandas', 'dolfinx'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
            "from solver.figures import plots; plots.history(sys.argv[1]); plots.iv_curve(sys.argv[1])\n"
            "assert 'matplotlib.pyplot' not in sys.modules\n")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code, folder], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_history_of_a_run_with_heat_shows_the_largest_temperature(tmp_path, drawn):
    table = synthetic.sweep_table()
    table["largest temperature [K]"] = 300.0 + 1e6 * table["current top [A]"].abs()
    plots.history(write(tmp_path / "warm", table))
    assert drawn[0].axes[-1].get_ylabel() == "largest T [K]"

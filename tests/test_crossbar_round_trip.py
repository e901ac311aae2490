"""The matrices that an array's run writes, read by badcrossbar: its currents against a closed form and a nodal analysis."""

import badcrossbar
import numpy as np
import pytest

from solver.analysis.array_export import export
from tests.test_crosstalk import BEFORE, GAIN, run_of


def currents_by_nodes(volts, conductance, wire):
    """Output currents of a crossbar by Kirchhoff's current law at every node [A], written without badcrossbar.

    Word line i is fed at its left end through one wire segment, bit line j ends at ground below the last word line, through one
    segment too; neighbouring crosspoints are one segment apart.

    Args:
        volts: (m,) of the word lines [V].
        conductance: (m, n) of the cells [S].
        wire: resistance of a segment [Ohm].
    """
    m, n = conductance.shape
    matrix, right = np.zeros((2 * m * n, 2 * m * n)), np.zeros(2 * m * n)

    def connect(a, b, siemens):
        for here, there in ((a, b), (b, a)):
            matrix[here, here] += siemens
            matrix[here, there] -= siemens

    for i in range(m):
        for j in range(n):
            word, bit = i * n + j, m * n + i * n + j
            connect(word, bit, conductance[i, j])
            if j + 1 < n:
                connect(word, word + 1, 1 / wire)
            if i + 1 < m:
                connect(bit, bit + n, 1 / wire)
        matrix[i * n, i * n] += 1 / wire
        right[i * n] += volts[i] / wire
    lowest = [m * n + (m - 1) * n + j for j in range(n)]
    matrix[lowest, lowest] += 1 / wire
    return np.linalg.solve(matrix, right)[lowest] / wire


@pytest.fixture
def written(tmp_path):
    """(npz, bare matrices as numpy reads them) of a run whose cells and their changes all differ."""
    scenario, table = run_of(tmp_path)
    npz, *bare = export(tmp_path, table, scenario)
    return np.load(npz), [np.loadtxt(file, delimiter=",", ndmin=2) for file in bare]


def test_badcrossbar_reads_the_matrix_and_gives_the_rows_currents(written):
    npz, bare = written
    columns = np.array([0.02, -0.01])  # V
    for given in (npz["conductance"][0], bare[0]):
        # halofil reads a cell by its column's voltage and the current out of its row: columns are the word lines
        found = badcrossbar.compute(columns[:, None], 1 / given.T, r_i=0).currents.output
        by_hand = [sum(BEFORE[row, column] * columns[column - 1] for column in (1, 2)) for row in (1, 2)]
        np.testing.assert_allclose(found, [by_hand], rtol=1e-11)  # the CSV's digits


@pytest.mark.parametrize("wire", [1e3, 3e7])  # Ohm; a millionth and a tenth of the cells'
def test_with_wire_resistance_it_agrees_with_a_nodal_analysis(written, wire):
    npz, bare = written
    columns = np.array([0.02, 0.015])
    for given in (npz["conductance"][-1], bare[-1]):
        found = badcrossbar.compute(columns[:, None], 1 / given.T, r_i=wire).currents.output
        np.testing.assert_allclose(found, [currents_by_nodes(columns, given.T, wire)], rtol=1e-7)  # sparse solve, 1e6 between entries
    ideal = bare[-1] @ columns
    lost = np.abs(found[0] / ideal - 1).max()
    assert lost > (0.05 if wire > 1e6 else 1e-6)  # the wires take their part: the comparison is of more than the cells


def test_a_single_cell_is_its_resistance_and_two_segments():
    found = badcrossbar.compute([[0.1]], [[2e6]], r_i=5e4).currents.output
    assert found.item() == pytest.approx(0.1 / (2e6 + 2 * 5e4), rel=1e-9)
    assert currents_by_nodes([0.1], np.array([[1 / 2e6]]), 5e4) == pytest.approx([0.1 / 2.1e6], rel=1e-12)


def test_the_update_per_pulse_carries_one_round_of_reads_to_the_next(written):
    npz, _ = written
    after = npz["conductance"][1] * np.exp(npz["update"][0] * npz["pulses"][0])
    np.testing.assert_allclose(after, npz["conductance"][2], rtol=1e-12)
    columns = np.array([0.02, 0.0])
    found = badcrossbar.compute(columns[:, None], 1 / after.T, r_i=0).currents.output
    by_hand = [BEFORE[row, 1] * np.exp(GAIN[row, 1]) * 0.02 for row in (1, 2)]
    np.testing.assert_allclose(found, [by_hand], rtol=1e-11)

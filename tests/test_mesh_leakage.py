"""The film's leakage between the electrodes, a Laplace problem with crowded current, is right on the default sizes."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve

from meshes.layouts import generate
from meshes.quality import shape_gradients
from tests.devices import scenario

SECTION = "device: {layout: cross_section, domain_length: 5 um}\n"
FLANK = "device: {layout: back_contact, symmetry: quarter, cell_length: 600 nm}\nmesh: {size_at_edge: 5 nm}\n"


def conductance(mesh):
    """Galerkin conductance of the film for unit conductivity, top at 1 and bottom at 0 [nm in 3D, 1 in 2D].

    Linear elements give the energy from above, so refinement lowers it towards the true value."""
    dim = mesh.dimension
    cells = mesh.cells[mesh.cell_tags == mesh.regions["film"]]
    used, cells = np.unique(cells, return_inverse=True)
    cells = cells.reshape(-1, dim + 1)
    gradients, volumes = shape_gradients(mesh.points[used][cells][:, :, :dim])
    entries = np.einsum("cik,cjk,c->cij", gradients, gradients, volumes)
    matrix = csr_matrix((entries.ravel(), (np.repeat(cells, dim + 1, axis=1).ravel(), np.tile(cells, dim + 1).ravel())))

    def nodes_of(*names):
        rows = np.isin(mesh.facet_tags, [mesh.facets[name] for name in names])
        return np.isin(used, mesh.facets_nodes[rows])

    top, fixed = nodes_of("top", "top_sidewalls"), nodes_of("bottom", "top", "top_sidewalls")
    potential = np.where(top, 1.0, 0.0)
    potential[~fixed] = spsolve(matrix[~fixed][:, ~fixed].tocsc(), -matrix[~fixed][:, fixed] @ potential[fixed])
    return potential @ matrix @ potential


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    """Per length of one flank, from a section whose edges are resolved to 0.2 nm."""
    fine = "mesh: {size_at_edge: 0.2 nm, size_at_filament: 0.2 nm, growth: 0.08, core_radius: 2 nm, size_max: 40 nm}\n"
    return conductance(generate(scenario(tmp_path_factory.mktemp("fine"), SECTION + fine + "physics: {filament: off}\n")))


def test_leakage_of_a_flank_in_3d_is_within_4_percent(tmp_path, exact):
    mesh = generate(scenario(tmp_path, FLANK))
    excess = conductance(mesh) / 300.0 / exact - 1
    assert 0 < excess < 0.04


def test_leakage_of_the_section_is_within_2_percent(tmp_path, exact):
    mesh = generate(scenario(tmp_path, SECTION + "mesh: {size_at_edge: 5 nm}\n"))
    excess = conductance(mesh) / exact - 1
    assert 0 < excess < 0.02

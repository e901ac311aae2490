"""What every weak form shares: unknowns, test functions, measures, edges and the time-derivative coefficients."""

from dataclasses import dataclass

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from dolfinx import mesh as dmesh
from mpi4py import MPI

from solver.discretization.edge_fluxes import ONE_POINT, VERTEX, CellEdges
from solver.physics.doping import ExpressionError
from solver.physics.fields import (
    ELECTRONS,
    FERMI,
    FILAMENT,
    HOLES,
    POTENTIAL,
    TEMPERATURE,
    TUNNELLING,
    quantities,
)
from solver.physics.heat_sinks import sink_facets, sinks
from solver.physics.statistics import neutral_potential
from solver.physics.storage import metal_potential


@dataclass(frozen=True)
class Term:
    """One residual form: a single quadrature rule and a single equation.

    Attributes:
        name: for logs and profiles.
        field: unknown whose equation (rows) the term belongs to.
        form: UFL residual, the row scale included.
        contact: True for exchange with a terminal (left out of the terminal sums, see balances.py).
        linear: its Jacobian does not depend on the state or on time (assembled once).
    """

    name: str
    field: str
    form: ufl.Form
    contact: bool = False
    linear: bool = False


def _beside_film(sink):
    """Name of a heat sink's facets that do not belong to a terminal's film."""
    return f"{sink}, beside the film"


class FormContext:
    """Spaces, measures and symbols on one device mesh.

    Args:
        device: `meshes.DeviceMesh`.
        parameters: `DeviceParameters`.

    Attributes:
        species: mobile ions (`Species`); each has a field of its name.
        initial_density: species -> density at the start over `Species.density`, UFL.
        stored: names of the stored quantities, a column of `history` each (see storage.py).
        doping: net donor density N at the nodes [nm^-3]; None without electrons and holes.
        neutral: potential of the neutral film at Phi = 0 at the nodes [kT/q]; None as `doping`.
        typical_density: of the carriers [nm^-3], for scales.
    """

    def __init__(self, device, parameters):
        self.device, self.parameters = device, parameters
        self.mesh = mesh = device.mesh
        self.fields = [POTENTIAL, FERMI] if parameters.carriers is None else [POTENTIAL, ELECTRONS, HOLES]
        self.species = tuple(ion for ion in parameters.species if ion.mobile)
        self.fields += [ion.name for ion in self.species]
        self.initial_density = {ion.name: self._initial(ion) for ion in parameters.species}
        if parameters.filament is not None:
            self.fields += [FILAMENT, TUNNELLING]
        if parameters.heat is not None:
            self.fields.append(TEMPERATURE)
        cell = mesh.topology.cell_name()
        self.block_size = bs = len(self.fields)
        self.space = fem.functionspace(mesh, basix.ufl.element("Lagrange", cell, 1, shape=(bs,)))
        self.state = fem.Function(self.space, name="state")
        # Sums over earlier time levels of the stored quantities (see storage.py), times the BDF coefficients.
        self.stored = quantities(self.fields)
        width = max(1, len(self.stored))
        self.history_space = fem.functionspace(mesh, basix.ufl.element("Lagrange", cell, 1, shape=(width,)))
        self.history = fem.Function(self.history_space, name="history")
        self.rate = fem.Constant(mesh, 0.0)  # leading BDF coefficient a0 [1/s]
        # 1, or 0 while ions are held at the profiles they start from; no factor where none has one
        profiled = any(ion.mobile and ion.profile is not None for ion in parameters.species)
        self.ion_motion = fem.Constant(mesh, 1.0) if profiled else 1.0
        self.filament_mobility = fem.Constant(mesh, 1.0)  # 1, or 0 while the filament is held (equilibrium solve)
        # thermal noise of the step, z_i(t) / sqrt(V_i) [s^-1/2 nm^-3/2] (see noise.py)
        self.noise = None if parameters.noise is None else self._nodal("noise")
        # share of the filament's mobility and binding of its ions [kT] by place (see weak_spots.py), None without weak spots; filled in by
        # the model, which knows the filament's axis
        spots = parameters.filament and parameters.filament.weak_spots
        self.growth = self._nodal("growth") if spots else None
        self.binding = self._nodal("binding") if spots and spots.bind else None
        self.voltage = {c.name: fem.Constant(mesh, 0.0) for c in parameters.contacts}  # kT/q
        self.edges = CellEdges(mesh)
        cells0 = fem.functionspace(mesh, ("DG", 0))
        self.weight = self._cell_weight(cells0)
        # share of ions, and of field and current, that each mesh cell lets pass; no factor without walls between an array's cells
        self.ion_passage, self.field_passage = (self._passage(cells0, what) for what in ("ions", "fields"))
        self.obtuse = self._cell_function(cells0, np.asarray(device.film_obtuse, dtype=float)) if self._any_obtuse() else None
        self.film = device.regions["film"]
        self.dx_edges = ufl.Measure("dx", domain=mesh, subdomain_data=device.cell_tags, metadata=ONE_POINT)
        self.dx_nodes = ufl.Measure("dx", domain=mesh, subdomain_data=device.cell_tags, metadata=VERTEX)
        if parameters.heat is not None:
            self.sink_facets = sink_facets(device, parameters.heat)
        self.doping = self.neutral = None
        if parameters.carriers is not None:
            self.doping = self._doping()
            self.neutral = fem.Function(self.doping.function_space, name="neutral potential")
            self.neutral.x.array[:] = neutral_potential(parameters.carriers, self.doping.x.array, self._held_temperature())
        self.row_scale = self._row_scales()
        self.terminal_facets = self._film_terminal_facets()
        # In 1D a facet is a vertex already, for which FFCx has no vertex rule.
        rule = VERTEX if mesh.topology.dim > 1 else ONE_POINT
        # One set of tags for all boundary terms: forms with different ones cannot be joined.
        self._groups = dict(self.terminal_facets)
        if parameters.heat is not None:
            film = np.concatenate(list(self.terminal_facets.values()))
            self._groups |= {_beside_film(name): np.setdiff1d(f, film) for name, f in self.sink_facets.items()}
        self.ds_nodes = ufl.Measure("ds", domain=mesh, subdomain_data=self._facet_tags(self._groups), metadata=rule)

    def _nodal(self, name):
        """A P1 function, 0 everywhere."""
        return fem.Function(fem.functionspace(self.mesh, ("Lagrange", 1)), name=name)

    def _any_obtuse(self):
        return self.mesh.comm.allreduce(bool(np.any(self.device.film_obtuse)), MPI.LOR)

    def _cell_function(self, space, values):
        f = fem.Function(space)
        f.x.array[:] = values
        f.x.scatter_forward()
        return f

    def _passage(self, space, what):
        crosspoints, geometry = self.parameters.crosspoints, self.mesh.geometry
        share = None if crosspoints is None else crosspoints.passage(what, geometry.x[geometry.dofmap])
        return 1.0 if share is None else self._cell_function(space, share)

    def _cell_weight(self, space):
        """2 pi r at the cell's centroid (axisymmetric), the out-of-plane depth (planar 2D, 1D), or 1 (3D)."""
        if self.device.coordinates == "axisymmetric":
            tdim = self.mesh.topology.dim
            index_map = self.mesh.topology.index_map(tdim)
            n = index_map.size_local + index_map.num_ghosts
            mid = dmesh.compute_midpoints(self.mesh, tdim, np.arange(n, dtype=np.int32))
            return self._cell_function(space, 2 * np.pi * mid[:, 0])
        return self.device.depth_nm

    def _row_scales(self):
        """Factor of each equation's rows, so that residuals of all fields compare (Newton's line search adds them).

        The tunnelling rows hold the stiff pinning factor 1/epsilon and are made small, or they rule the norm.
        """
        p = self.parameters
        typical = 2 * np.pi * 5.0 if self.device.coordinates == "axisymmetric" else self.device.depth_nm
        scale = {POTENTIAL: 1 / p.permittivity["film"], TUNNELLING: 1e-5}
        if p.carriers is None:
            scale[FERMI] = 1 / (p.conductivity if p.filament is None else 1e-3 * p.filament.conductivity)
        else:
            metal = 0.0 if p.filament is None else 1e-3 * p.filament.conductivity
            scale[ELECTRONS] = 1 / max(p.carriers.electron_diffusivity * self.typical_density, metal)
            scale[HOLES] = 1 / (p.carriers.hole_diffusivity * self.typical_density)
        scale |= {ion.name: 1 / (ion.diffusivity * ion.density) for ion in self.species}
        if p.filament is not None:
            scale[FILAMENT] = 1 / p.filament.well
        if p.heat is not None:
            scale[TEMPERATURE] = 1 / p.heat.conductivity["film"]
        return {name: scale[name] / typical for name in self.fields}

    def _initial(self, ion):
        """Profile of ions at the start over their typical density (P1), or 1.

        Raises:
            ExpressionError: a negative density, or no room for it on the sublattice.
        """
        if ion.profile is None:
            return ufl.as_ufl(1.0)
        f = self._nodal(ion.name)
        density = ion.profile(f.function_space.tabulate_dof_coordinates())
        tdim = self.mesh.topology.dim
        self.mesh.topology.create_connectivity(tdim, tdim)
        film = density[fem.locate_dofs_topological(f.function_space, tdim, self.device.cell_tags.find(self.device.regions["film"]))]
        low = self.mesh.comm.allreduce(float(film.min(initial=np.inf)), MPI.MIN)
        high = self.mesh.comm.allreduce(float(film.max(initial=-np.inf)), MPI.MAX)
        if low < 0 or high >= ion.sites:
            raise ExpressionError(
                f"the initial profile of {ion.name} goes from {low * 1e21:.3g} to {high * 1e21:.3g} cm^-3; it must stay between 0 "
                f"and the site density, {ion.sites * 1e21:.3g} cm^-3"
            )
        f.x.array[:] = density / ion.density
        f.x.scatter_forward()
        return f

    def _doping(self):
        """Net donor density at the nodes; sets `typical_density`."""
        doping = self._nodal("doping")
        x = doping.function_space.tabulate_dof_coordinates()
        doping.x.array[:] = self.parameters.carriers.doping(x)
        doping.x.scatter_forward()
        largest = self.mesh.comm.allreduce(float(np.abs(doping.x.array).max(initial=0.0)), MPI.MAX)
        # at least the density whose Debye length is 100 nm
        self.typical_density = max(largest, self.parameters.permittivity["film"] / 100.0**2)
        return doping

    def _held_temperature(self):
        """T/T0 at the nodes of `doping`: that of the sinks that hold one, elsewhere 1; the number 1 where all do."""
        heat = self.parameters.heat
        if heat is None or all(sink.transfer is not None or sink.temperature == 1.0 for _, sink in sinks(heat)):
            return 1.0
        theta = np.ones(len(self.doping.x.array))
        tdim = self.mesh.topology.dim
        self.mesh.topology.create_connectivity(tdim - 1, tdim)
        for name, sink in reversed(sinks(heat)):  # a node on two belongs to the first, as in device.py
            if sink.transfer is None:
                theta[fem.locate_dofs_topological(self.doping.function_space, tdim - 1, self.sink_facets[name])] = sink.temperature
        return theta

    def _film_terminal_facets(self):
        """Local facets of each terminal whose cell is film (a terminal also touches spacer and substrate)."""
        mesh = self.mesh
        tdim = mesh.topology.dim
        mesh.topology.create_connectivity(tdim - 1, tdim)
        facet_cells = mesh.topology.connectivity(tdim - 1, tdim)
        index_map = mesh.topology.index_map(tdim)
        is_film = np.zeros(index_map.size_local + index_map.num_ghosts, dtype=bool)
        is_film[self.device.cell_tags.find(self.film)] = True
        first = facet_cells.array[facet_cells.offsets[:-1]]
        out = {}
        for terminal, groups in self.device.terminals.items():
            facets = np.unique(np.concatenate([self.device.facet_tags.find(self.device.facets[g]) for g in groups]))
            out[terminal] = facets[is_film[first[facets]]].astype(np.int32)
        return out

    def _facet_tags(self, groups):
        """Facets of each group (name -> facets) with its number, from 1."""
        facets = np.concatenate(list(groups.values()))
        values = np.concatenate([np.full(len(f), k + 1) for k, f in enumerate(groups.values())])
        order = np.argsort(facets)
        return dmesh.meshtags(
            self.mesh, self.mesh.topology.dim - 1, facets[order].astype(np.int32), values[order].astype(np.int32)
        )

    def terminal_measure(self, name):
        """Vertex-rule measure on the film facets of terminal `name`."""
        return self._on_groups(name)

    def sink_measure(self, name):
        """Vertex-rule measure on all facets, of any material, of heat sink `name`."""
        return self._on_groups(*({name} & set(self.terminal_facets)), _beside_film(name))

    def _on_groups(self, *names):
        numbers = tuple(list(self._groups).index(name) + 1 for name in names)
        return self.ds_nodes(numbers if len(numbers) > 1 else numbers[0])

    def unknown(self, field):
        """Scalar UFL component of the state."""
        return self.state[self.fields.index(field)]

    def relative_density(self, species):
        """c over the initial density of mobile or fixed ions, as UFL."""
        if species in self.fields:
            return self.unknown(species)
        return self.initial_density[species]

    def test(self, field):
        """Scalar UFL component of the test function."""
        return ufl.TestFunction(self.space)[self.fields.index(field)]

    def past(self, quantity):
        """UFL: what earlier time levels contribute to the rate of a stored quantity."""
        return self.history[self.stored.index(quantity)]

    def has(self, field):
        return field in self.fields

    def metal_potential(self):
        """UFL: potential at which the filament is neutral [kT/q] (see storage.py)."""
        return metal_potential(self.fields, self.parameters, self.unknown)

    def cell_average(self, edge_value, cell_value):
        """Edge coefficient on right-angled and acute cells, the cell's own on obtuse ones.

        Where an edge weight is negative an edge-wise coefficient can make the cell's matrix indefinite; one
        coefficient per cell keeps it positive semi-definite on any mesh.
        """
        if self.obtuse is None:
            return edge_value
        return lambda i, j: edge_value(i, j) + self.obtuse * (cell_value - edge_value(i, j))

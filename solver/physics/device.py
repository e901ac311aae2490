"""The device as one set of equations: terms, constrained unknowns, initial state, applied voltages."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import ufl
from dolfinx import fem, la
from mpi4py import MPI

from solver.discretization.smoothing import HelmholtzFilter
from solver.physics import (
    carrier_contacts,
    conduction,
    contacts,
    electrons_holes,
    filament,
    heat,
    ions,
    poisson,
    reactions,
    tunnelling,
)
from solver.physics.context import FormContext
from solver.physics.fields import (
    ELECTRONS,
    EVERYWHERE,
    FERMI,
    FILAMENT,
    HOLES,
    POTENTIAL,
    TEMPERATURE,
    TUNNELLING,
)
from solver.physics.heat_sinks import sinks
from solver.physics.noise import ThermalNoise
from solver.physics.parameters import DeviceParameters
from solver.physics.weak_spots import within

INSIDE = "inside"  # group of the nodes on no terminal: residuals sum to zero there for a converged state


@dataclass(frozen=True)
class _Electrode:
    """What a terminal prescribes, and where.

    Attributes:
        nodes: local nodes whose potential it prescribes: all of its surfaces, but not the film's under a barrier
            that the image force lowers.
        film: local nodes on its surfaces that touch the film.
        levels: fields that take the applied voltage at `film`.
        offset: surface potential at zero voltage [kT/q], a number or one per node of `nodes`.
    """

    nodes: np.ndarray
    film: np.ndarray
    levels: tuple[str, ...]
    offset: float | np.ndarray


class DeviceModel:
    """Equations on a mesh, ready for an engine.

    Args:
        scenario: `solver.scenario.Scenario`.
        device: `meshes.DeviceMesh`.

    Attributes:
        context: `FormContext` (state, history, constants).
        terms: list of `Term`.
        constrained: (local nodes with ghosts, fields) bool; True where the value is prescribed.
        noise: `ThermalNoise` of the phase field, or None.
        terminal_nodes: terminal -> local owned node numbers on its surfaces (all materials).
        film_nodes: (local nodes) bool.
        sink_nodes: (local nodes) bool, on a heat sink; only with a temperature field.
        sites: `FilamentSite` of every filament, its foot on the electrode the filament stands on.
        state, history: flat local arrays (ghosts included) that stepping and engine work on: those of the context's functions,
            or where `live_in` has put them.
        xp: module of these arrays.
    """

    def __init__(self, scenario, device):
        self.parameters = p = DeviceParameters.from_scenario(scenario)
        self.device, self.sites = device, device.sites
        if p.filament is not None and scenario.physics.filament.grown_from == "top":
            self.sites = tuple(site.seen_from_top() for site in device.sites)
        self.context = ctx = FormContext(device, p)
        self.fields = ctx.fields
        self.xp, self.state, self.history = np, ctx.state.x.array, ctx.history.x.array
        self.asnumpy, self._moved = np.asarray, False
        self.terms = []
        for equation in (
            poisson, conduction, electrons_holes, ions, reactions, filament, tunnelling, contacts, carrier_contacts, heat
        ):
            self.terms += equation.terms(ctx)
        self.coordinates = ctx.space.tabulate_dof_coordinates()
        self.owned = ctx.space.dofmap.index_map.size_local
        self.noise = None if ctx.noise is None else self._noise()
        self._locate(scenario)
        self._initialise(scenario)

    def _noise(self):
        volume = fem.assemble_vector(
            fem.form(ufl.TestFunction(self.context.noise.function_space) * self.context.weight * self.context.dx_nodes(self.context.film))
        )
        volume.scatter_reverse(la.InsertMode.add)
        volume.scatter_forward()
        p, ctx = self.parameters.noise, self.context
        smooth = None
        if p.correlation_length > 0:
            smooth = HelmholtzFilter(
                ctx.noise.function_space, p.correlation_length, ctx.dx_nodes(ctx.film), ctx.dx_edges(ctx.film), ctx.weight
            )
        return ThermalNoise(ctx.space, volume.array * p.images, p.seed, p.resolution, smooth)

    # values of one field on the local nodes, ghosts included (a view)
    def values(self, field, array=None):
        a = self.state if array is None else array
        return a.reshape(-1, len(self.fields))[:, self.fields.index(field)]

    def with_ghosts(self, owned):
        """Local array, ghosts included, of this rank's (owned nodes, fields) values. Collective."""
        x = fem.Function(self.context.space).x
        x.array[: owned.size] = owned.ravel()
        x.scatter_forward()
        return self.xp.asarray(x.array.copy())

    def _nodes(self, dim, entities):
        mesh = self.device.mesh
        mesh.topology.create_connectivity(dim, mesh.topology.dim)
        return fem.locate_dofs_topological(self.context.space, dim, entities)

    def _locate(self, scenario):
        mesh, ctx, n = self.device.mesh, self.context, len(self.coordinates)
        tdim = mesh.topology.dim
        self.film_nodes = np.zeros(n, dtype=bool)
        self.film_nodes[self._nodes(tdim, self.device.cell_tags.find(ctx.film))] = True
        self.constrained = np.zeros((n, len(self.fields)), dtype=bool)
        in_film = [field not in EVERYWHERE for field in self.fields]
        self.constrained[np.ix_(~self.film_nodes, in_film)] = True
        self._electrode, self.terminal_nodes = {}, {}
        for contact in self.parameters.contacts:
            groups = self.device.terminals[contact.name]
            facets = np.concatenate([self.device.facet_tags.find(self.device.facets[g]) for g in groups])
            nodes = self._nodes(tdim - 1, np.unique(facets).astype(np.int32))
            film = self._nodes(tdim - 1, ctx.terminal_facets[contact.name])
            # a lowered barrier follows the field: the film's surface potential is an unknown there
            lowered = contact.carriers is not None and contact.carriers.lowering is not None
            held = np.setdiff1d(nodes, film).astype(np.int32) if lowered else nodes
            self.constrained[held, self.fields.index(POTENTIAL)] = True
            levels = self._levels_of(contact)
            for field in levels:
                self.constrained[film, self.fields.index(field)] = True
            for name in contact.held:
                self.constrained[film, self.fields.index(name)] = True
            offset = 0.0 if contact.carriers is None else carrier_contacts.surface_potential(ctx, contact, held)
            self._electrode[contact.name] = _Electrode(held, film, levels, offset)
            self.terminal_nodes[contact.name] = np.unique(nodes[nodes < self.owned])
        if TEMPERATURE in self.fields:
            self._locate_sinks()
        if FILAMENT in self.fields:
            start = scenario.physics.filament.initial
            r, s = self._cylinder()
            core = np.zeros(n, dtype=bool)
            if start != "off":
                core = self.film_nodes & within(r, s, start.core_radius * 1e9, 0.0, start.core_height * 1e9)
            self.constrained[core, self.fields.index(FILAMENT)] = True
            self.core_nodes = core
            spots = self.parameters.filament.weak_spots
            for function, by_place in ((ctx.growth, spots and spots.growth), (ctx.binding, spots and spots.binding)):
                if function is not None:
                    function.x.array[:] = by_place(r, s)

    def _locate_sinks(self):
        """Prescribed temperatures; a node on two sinks belongs to the terminal."""
        self.values(TEMPERATURE)[:] = 1.0
        self.sink_nodes = np.zeros(len(self.coordinates), dtype=bool)
        for name, sink in sinks(self.parameters.heat):
            nodes = self._nodes(self.device.mesh.topology.dim - 1, self.context.sink_facets[name])
            if sink.transfer is None:
                held = self.constrained[nodes, self.fields.index(TEMPERATURE)]
                self.values(TEMPERATURE)[nodes[~held]] = sink.temperature
                self.constrained[nodes, self.fields.index(TEMPERATURE)] = True
            self.sink_nodes[nodes] = True

    def _levels_of(self, contact):
        """Fields that the terminal's voltage prescribes in the film: its ohmic quasi-Fermi potentials."""
        if contact.carriers is None:
            return (FERMI,) if contact.conductance is None else ()
        if contact.carriers.conductance is not None:
            return ()
        ohmic = (contact.carriers.electron_velocity is None, contact.carriers.hole_velocity is None)
        return tuple(field for field, held in zip((ELECTRONS, HOLES), ohmic) if held)

    def _cylinder(self):
        """Distance from the filament's axis, and height along it above the foot [nm], per local node; of the nearest site."""
        nearest = None
        for site in self.sites:
            d, axis = self.coordinates - np.asarray(site.foot), np.asarray(site.axis)
            s = d @ axis
            r = np.linalg.norm(d - np.outer(s, axis), axis=1)
            away = np.hypot(r, np.maximum(np.maximum(-s, s - site.length), 0))
            if nearest is None:
                nearest = away, r, s
            else:
                closer = away < nearest[0]
                nearest = tuple(np.where(closer, new, old) for new, old in zip((away, r, s), nearest))
        return nearest[1:]

    def _initialise(self, scenario):
        """Uniform ions; filament as a tanh profile around a cylinder with a flat tip; u from its distance."""
        p, film = self.parameters, self.film_nodes
        for ion in self.context.species:
            profile = ion.profile
            self.values(ion.name)[:] = film * (1.0 if profile is None else profile(self.coordinates) / ion.density)
        for contact in p.contacts:
            for name, density in contact.held.items():
                self.values(name)[self._electrode[contact.name].film] = density
        if p.carriers is not None:
            # charge neutral everywhere: where the equilibrium solve starts
            self.values(POTENTIAL)[:] = self.context.neutral.x.array * film
            for contact in p.contacts:
                if contact.carriers.lowering is not None:
                    self.values(POTENTIAL)[self._electrode[contact.name].film] = contact.carriers.barrier
        if FILAMENT in self.fields:
            self._initial_filament(scenario.physics.filament.initial)
        self.apply_voltages({c.name: 0.0 for c in p.contacts})
        self.context.state.x.scatter_forward()

    def _initial_filament(self, start):
        """A cylinder with a flat tip; nothing where there is none at the start."""
        if start == "off":
            return
        p, film = self.parameters, self.film_nodes
        radius, height = start.radius * 1e9, start.height * 1e9
        r, s = self._cylinder()
        beyond = np.where(s < -1e-6, -s, s - height)  # film beside the electrode, behind the foot, is outside
        outside = np.hypot(np.maximum(r - radius, 0), np.maximum(beyond, 0))
        distance = np.where(outside > 0, outside, np.maximum(r - radius, beyond))
        xi = 0.5 * (1 - np.tanh(distance / (2 * p.filament.width)))
        self.values(FILAMENT)[:] = np.where(self.core_nodes, 1.0, xi) * film
        u = np.exp(-np.maximum(distance, 0) / p.filament.decay_length)
        self.values(TUNNELLING)[:] = u * film

    @cached_property
    def node_groups(self):
        """Terminal, or `INSIDE` -> numbers of its owned nodes, in arrays as the state's."""
        inside = np.ones(self.owned, dtype=bool)
        inside[np.concatenate(list(self.terminal_nodes.values()))] = False
        groups = {**self.terminal_nodes, INSIDE: np.flatnonzero(inside)}
        return {name: self.xp.asarray(nodes) for name, nodes in groups.items()}

    def live_in(self, flavour, state, history):
        """Keep state and history in these arrays of a flavour (see engines/cuda) from now on; they take over what is there.

        What is computed once a step (predictor, history, voltages, errors, sums over terminals) then stays there too;
        `host_state` brings the state to the context's function, for output.
        """
        xp = flavour.xp
        state[...], history[...] = xp.asarray(self.state), xp.asarray(self.history)
        self.xp, self.state, self.history, self.asnumpy, self._moved = xp, state, history, flavour.asnumpy, True
        moved = lambda value: xp.asarray(value) if isinstance(value, np.ndarray) else value
        self._electrode = {
            name: replace(e, nodes=moved(e.nodes), film=moved(e.film), offset=moved(e.offset)) for name, e in self._electrode.items()
        }

    def host_state(self):
        """The present state as NumPy array (local nodes * fields): that of the context's function, brought up to date."""
        return self._on_host(self.context.state, self.state)

    def host_history(self):
        """The same of the history."""
        return self._on_host(self.context.history, self.history)

    def _on_host(self, function, live):
        if self._moved:
            function.x.array[:] = self.asnumpy(live)
        return function.x.array

    def apply_voltages(self, volts):
        """Set terminal voltages (dict terminal -> V) in the boundary conditions and the prescribed values."""
        for name, v in volts.items():
            scaled = self.parameters.scaling.potential(v)
            self.context.voltage[name].value = scaled
            electrode = self._electrode[name]
            self.values(POTENTIAL)[electrode.nodes] = scaled + electrode.offset
            for field in electrode.levels:
                self.values(field)[electrode.film] = scaled

    def unit_voltage(self, terminal):
        """Derivative of the prescribed values by the voltage of `terminal` [kT/q]: (local nodes, fields)."""
        electrode, out = self._electrode[terminal], np.zeros(self.constrained.shape)
        out[electrode.nodes, self.fields.index(POTENTIAL)] = 1.0
        for field in electrode.levels:
            out[electrode.film, self.fields.index(field)] = 1.0
        return out

    def place_of_largest(self, magnitudes) -> str:
        """Field and position of the largest of owned values (n * fields), for messages. Collective.

        Returns:
            E.g. "filament at (1.0, 2.0, 51.5) nm".
        """
        comm = self.device.mesh.comm
        rows = np.where(np.isfinite(magnitudes), magnitudes, np.inf)
        k = int(np.argmax(rows)) if rows.size else 0
        _, rank = comm.allreduce((float(rows[k]) if rows.size else -1.0, comm.rank), MPI.MAXLOC)
        text = None
        if comm.rank == rank:
            node, column = divmod(k, len(self.fields))
            position = ", ".join(f"{c:.1f}" for c in self.coordinates[node][: self.device.mesh.geometry.dim])
            text = f"{self.fields[column]} at ({position}) nm"
        return comm.bcast(text, root=rank)

    def restrict(self, array):
        """Zero the prescribed entries of a local vector (n * fields)."""
        array.reshape(self.constrained.shape)[self.constrained] = 0.0

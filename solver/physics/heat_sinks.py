"""Where heat leaves the mesh: facets of terminals (all materials they touch) and of outer faces that are no terminal."""

import numpy as np
from dolfinx import mesh as dmesh
from mpi4py import MPI


def sink_facets(device, heat) -> dict[str, np.ndarray]:
    """Local exterior facets of each sink: terminals by name, then "bottom surface" and "top surface". Collective.

    Args:
        device: `meshes.DeviceMesh`.
        heat: `HeatParameters`.
    """
    tagged = device.facet_tags
    out = {}
    for name in heat.terminals:
        groups = [tagged.find(device.facets[g]) for g in device.terminals[name]]
        out[name] = np.unique(np.concatenate(groups)).astype(np.int32)
    mesh = device.mesh
    tdim = mesh.topology.dim
    height = mesh.geometry.x[:, tdim - 1]
    low = mesh.comm.allreduce(height.min(initial=np.inf), MPI.MIN)
    high = mesh.comm.allreduce(height.max(initial=-np.inf), MPI.MAX)
    electrodes = np.concatenate([tagged.find(device.facets[g]) for groups in device.terminals.values() for g in groups])
    for name in heat.surfaces:
        level = low if name == "bottom" else high
        face = dmesh.locate_entities_boundary(
            mesh, tdim - 1, lambda x, level=level: np.abs(x[tdim - 1] - level) < 1e-6 * (high - low)
        )
        out[surface_name(name)] = np.setdiff1d(face, electrodes).astype(np.int32)
    return out


def surface_name(side: str) -> str:
    """Name of an outer face's sink, apart from a terminal of the same name."""
    return f"{side} surface"


def sinks(heat):
    """(name, `HeatSink`) of every sink, as `sink_facets` names them."""
    return [*heat.terminals.items(), *((surface_name(side), sink) for side, sink in heat.surfaces.items())]

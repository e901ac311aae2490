"""Thermal noise of the filament's phase field, by the fluctuation-dissipation theorem.

    d xi/dt = -M S dF/dxi + sqrt(2 M S) w(x, t),   <w w'> = delta(x - x') delta(t - t'),   F in kT
(model A of P. C. Hohenberg, B. I. Halperin, Rev. Mod. Phys. 49, 435 (1977)). On lumped nodes of volume V_i the field w is
z_i(t) / sqrt(V_i) with independent white z_i, so that in equilibrium every mode has the energy kT/2 whatever the mesh.
S is taken at the present state.

Space. A phase field describes nothing that is thinner than its interface: waves shorter than 2 pi times the correlation
length are filtered out of the noise (discretization/smoothing.py), the longer ones keep kT/2. Without that a node of a
nanometre's mesh fluctuates by 0.3, and the gap's conductance, exponential in the tip's place, follows the mesh.

Time. z_i is the slope of a Brownian path B_i(t), drawn at the times k tau ("resolution") and linear between them. A step
uses the path's exact increments, so any step size sees the same path: a refused step repeated smaller does not change
the noise, nor does a resume. In the multistep formula a0 xi_n + a1 xi_(n-1) + a2 xi_(n-2) the increments enter as
a0 dB_n - a2 dB_(n-1) (E. Buckwar, R. Winkler, SIAM J. Numer. Anal. 44, 779 (2006)).

The numbers are drawn by a counter-based generator (Philox; J. K. Salmon et al., SC'11) from (seed, k) for all nodes in the
order of the mesh file: the same on any number of ranks.
"""

from collections import OrderedDict

import numpy as np

from solver import compat

KEPT = 64  # drawn vectors kept: a step and its repetitions ask for the same ones


class ThermalNoise:
    """Brownian paths at the film's nodes, divided by sqrt(V_i).

    Args:
        space: P1 space (blocked) whose nodes carry the phase field.
        volume: (local nodes, ghosts included) lumped volume V_i of each node in the whole device [nm^3]; 0 outside the
            film.
        seed: non-negative integer.
        resolution: tau [s].
        smooth: function of nodal values -> nodal values without the waves that are too short (collective), or None.
    """

    def __init__(self, space, volume, seed, resolution, smooth=None):
        mesh = space.mesh
        dofs, nodes = np.asarray(space.dofmap.list), compat.geometry_nodes(mesh)
        vertex = np.zeros(len(volume), dtype=np.int64)
        vertex[dofs.ravel()] = nodes.ravel()
        self._number = np.asarray(mesh.geometry.input_global_indices)[vertex]
        self._count = mesh.geometry.index_map().size_global
        self._per_root = np.divide(1.0, np.sqrt(volume), out=np.zeros_like(volume), where=volume > 0)
        self._seed, self._tau, self._smooth = int(seed), float(resolution), smooth
        self._drawn: OrderedDict[int, np.ndarray] = OrderedDict()

    def increment(self, start, end) -> np.ndarray:
        """(B_i(end) - B_i(start)) / sqrt(V_i) of the local nodes [s^1/2 nm^-3/2].

        Args:
            start, end: s, 0 <= start <= end.
        """
        first, last = int(np.floor(start / self._tau)), int(np.ceil(end / self._tau))
        total = np.zeros(len(self._per_root))
        for k in range(first, last):
            share = min(end / self._tau, k + 1) - max(start / self._tau, k)
            if share > 0:
                total += share * self._drawn_for(k)
        return np.sqrt(self._tau) * total

    def force(self, coefficients, times, now) -> np.ndarray:
        """What stands for z_i(t) / sqrt(V_i) in the multistep formula [s^-1/2 nm^-3/2].

        Args:
            coefficients: `bdf.Coefficients` of the step to `now`.
            times: earlier time levels, newest first [s].
            now: s.
        """
        out = coefficients.a0 * self.increment(times[0], now)
        if coefficients.order == 2:
            out -= coefficients.a2 * self.increment(times[1], times[0])
        return out

    def _drawn_for(self, k):
        """Independent normal numbers over sqrt(V_i) of the local nodes for the k-th interval, smoothed."""
        if k not in self._drawn:
            generator = np.random.Generator(np.random.Philox(key=self._seed, counter=[0, 0, 0, k]))
            values = generator.standard_normal(self._count)[self._number] * self._per_root
            self._drawn[k] = values if self._smooth is None else self._smooth(values)
            if len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        return self._drawn[k]

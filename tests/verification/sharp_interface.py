"""Laws of the phase field's interface: planar front at any driving force, sphere under its own curvature and under driving.

The solver's equation with fixed Delta, W = 3 gamma/l and kappa = 6 gamma l,
    d xi/dt = -M S(Delta) [W g'(xi) - kappa lap xi - 6 l c_f |grad xi| Delta],
in units of l and of l / (M S gamma) holds one number, beta = c_f Delta l / gamma:
    xi_t = 6 lap xi - 3 g'(xi) + 6 beta |grad xi|.
Its standing front is xi = (1 - tanh(s/2))/2 (s = d/l), for which xi' = -xi (1 - xi).

Planar front. 6 beta |xi'| moves any profile at V = 6 beta, the standing one for good: v = M S gamma V = 6 l M c_f Delta S(Delta) for
any beta and from the first moment.

Sphere in d dimensions. Without driving force the front feels the part kappa (d-1)/R xi' of the Laplacian alone, as if
it had a speed of its own: dR/dt = -(d-1) M S kappa / R, hence
    R^2 = R0^2 - 2 (d-1) M kappa t = R0^2 - 4 M kappa t in 3D,  M kappa = 6 gamma l v0 / (6 l c_f) = v0 gamma / c_f,
which does not depend on l. The same follows from Gibbs and Thomson: c_f Delta_eff = -(d-1) gamma / R in v0 Delta. Driven,
    dR/dt = v0 (Delta - (d-1) gamma / (c_f R)),  or with tau = M kappa t / l^2:  d(R/l)/d tau = beta - (d-1) l/R.
"""

import numpy as np
from scipy.integrate import solve_ivp

from solver.discretization.functions import double_well_slope
from solver.engines.cpu.newton import CpuEngine
from solver.physics.fields import FILAMENT
from solver.scenario.protocol import Hold
from solver.transient.control import StepLimits
from solver.transient.stepping import Stepper
from solver.transient.waveforms import Waveform
from tests.verification.walking import walk


def radial_sphere(start, times, beta=0.0, reach=10.0, cells_per_width=12):
    """R / l of a sphere of the diffuse interface (3D), by finite differences along r: independent of the solver, fine enough
    to stand for l/R corrections.

    Args:
        start: R / l at time 0, where the profile is the planar front's.
        times: M kappa t / l^2, ascending.
        beta: driving force, c_f Delta l / gamma.
        reach: how far beyond `start` the ball reaches, in l.
    """
    n = round((start + reach) * cells_per_width)
    r = (np.arange(n) + 0.5) / cells_per_width
    outer, inner = ((r + d / cells_per_width) ** 2 for d in (0.5, -0.5))

    def rate(_, xi):
        slope = np.diff(xi) * cells_per_width
        flux = np.concatenate([[0.0], slope, [0.0]])
        laplacian = (outer * flux[1:] - inner * flux[:-1]) * cells_per_width / r**2
        across = 0.5 * (flux[1:] + flux[:-1])
        return laplacian - 0.5 * double_well_slope(xi) + beta * np.abs(across)  # time in l^2 / (M kappa), M kappa = 6 gamma l M

    path = solve_ivp(rate, (0.0, times[-1]), 0.5 * (1 - np.tanh((r - start) / 2)), method="LSODA", t_eval=times, rtol=1e-7,
                     atol=1e-9, lband=1, uband=1)
    return np.array([crossing(r, xi) for xi in path.y.T])


def only_the_filament_moves(m, delta):
    """Hold every field of a model but the filament fraction, vacancies at the density of driving force `delta` [kT].

    The production forms, assembler, Newton and stepper then solve d xi/dt = ... at that Delta and nothing else; the core
    is released.
    """
    p, f = m.parameters, m.parameters.filament
    m.constrained[:] = True
    m.constrained[:, m.fields.index(FILAMENT)] = ~m.film_nodes
    # Delta = ln(c / c_eq) - ln(1 - c / c_max) + phi - Phi with phi = Phi = 0
    odds = np.exp(delta) * f.equilibrium / p.ion("vacancies").sites
    m.values("vacancies")[:] = odds / (1 + odds) / p.ion("vacancies").share


class FilamentStepper(Stepper):
    """Stepper of such a model: currents, which mean nothing where fields are held, are not balanced."""

    def _balanced(self, c, result):
        sums, _, inflow = self._sums()
        return sums, inflow, result


def advance_filament(m, seconds, tolerance, filament_change):
    """Yield the time after each step of `FilamentStepper` over `seconds` at 0 V."""
    limits = StepLimits(tolerance, filament_change, 1e-12)
    stepper = FilamentStepper(m, CpuEngine(m, 1e-8), Waveform([Hold(voltage="0 V", duration=f"{seconds} s")]), limits, 1.0)
    stepper.apply(0.0)
    stepper.begin()
    for record, _ in walk(stepper, equilibrate=False):
        yield record.time


def crossing(x, xi):
    """Where `xi` at sorted places `x` falls through 1/2: linear in ln(xi / (1 - xi)), exact for the tanh profile."""
    k = np.flatnonzero(xi > 0.5)[-1]
    a, b = (np.log(q / (1 - q)) for q in np.clip(xi[k : k + 2], 1e-9, 1 - 1e-9))
    return x[k] + (x[k + 1] - x[k]) * a / (a - b)

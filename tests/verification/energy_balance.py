"""Energy of a device under bias: what the terminals give is stored or dissipated, part by part (quasi-equilibrium).

With F of free_energy.py without its last sum, J_c = -D c grad mu_c, mu_c = ln(c/c_eq) - ln(1 - c/c_max) + z phi, and mu of an
electrode's ions, the equations of docs/physics.md give at every moment

    sum_b V_b I_b = dF/dt + int sigma |grad Phi|^2 + sum_b oint g_c (V - Phi)^2      conduction, contact resistance
                  + int D c |grad mu_c|^2 + sum_b oint j (mu + z V - mu_c)           ions, their exchange (j: inflow)
                  + int (d xi/dt)^2 / (M s S)                                        growth and dissolution
                  + int C_TF h'(xi) w^2 / 2 d xi/dt                                  the pressure that the xi equation leaves out
                  + int c_f (h'(xi) - 6 l |grad xi|) Delta d xi/dt.                  the driving force acts along |grad xi|

Each integral is taken as the equation's own term is, with its potential for the test function; so only the time steps are left.
"""

import numpy as np
from dolfinx import fem

from solver.discretization.functions import Numpy, crowding
from solver.engines.cpu.assembly import JIT
from solver.physics import filament
from solver.physics.fields import FERMI, FILAMENT, FILAMENT_FRACTION, POTENTIAL
from solver.transient.terminal_energy import TerminalEnergy
from tests.verification.free_energy import FreeEnergy, interpolant_slope
from tests.verification.walking import walk


class EnergyBalance:
    """Evaluates stored energy and dissipation at a model's state, after an accepted step.

    Args:
        engine: `CpuEngine` of a model in quasi-equilibrium without temperature field, at most one species mobile.
    """

    def __init__(self, engine):
        self._engine, self._model = engine, engine.model
        m, ctx = self._model, self._model.context
        self._ion = ctx.species[0] if ctx.species else None
        self._energy = FreeEnergy(engine)
        terms = {term.name: term for term in m.terms}
        fluxes = {"conduction": (FERMI, "conduction, edges")}
        if self._ion is not None:
            fluxes["ions"] = (self._ion.name, f"{self._ion.name}, edges")
        self._fluxes = {part: (field, fem.form(terms[name].form, jit_options=JIT)) for part, (field, name) in fluxes.items()}
        self._forms = {}
        if ctx.has(FILAMENT):
            f, xi, delta = m.parameters.filament, ctx.unknown(FILAMENT), filament.driving_force(ctx)
            rate = ctx.rate * xi + ctx.past(FILAMENT_FRACTION)
            mobility = filament.supply(ctx, ctx.relative_density(f.species)) * filament.mobility(ctx, delta)
            w = ctx.unknown(POTENTIAL) - ctx.metal_potential()
            slope = interpolant_slope(xi)
            powers = {
                "filament": rate * rate / mobility,
                "pressure": 0.5 * f.screening * slope * w * w * rate,
                "driving": f.density * (slope * delta - filament.driven_slope(xi, f.width) * filament.within_phases(xi, delta)) * rate,
            }
            self._forms = {part: fem.form(power * ctx.weight * ctx.dx_nodes(ctx.film), jit_options=JIT) for part, power in powers.items()}

    def stored(self):
        """kT."""
        return self._energy.stored()

    def _level(self, field):
        """Potential that drives the current of a field, at the local nodes [kT]: Phi, or mu_c."""
        m, ion = self._model, self._ion
        if field == FERMI:
            return m.values(FERMI)
        c = np.clip(m.values(ion.name), 1e-10, 0.999 / ion.share)
        equilibrium = ion.density if m.parameters.filament is None else m.parameters.filament.equilibrium
        return np.log(c * ion.density / equilibrium) + crowding(c * ion.share, Numpy) + ion.charge * m.values(POTENTIAL)

    def dissipated(self):
        """Part -> kT/s. Collective."""
        m, ctx = self._model, self._model.context
        out = {part: fem.assemble_scalar(form) for part, form in self._forms.items()}
        residual = self._engine.interior_residual().copy()
        for part, (field, form) in self._fluxes.items():
            k, level = m.fields.index(field), self._level(field)
            rows = fem.assemble_vector(form).array.reshape(-1, len(m.fields))[:, k]
            out[part] = float(rows @ level) / ctx.row_scale[field]
            out[f"{part}, terminals"] = 0.0
            for contact in m.parameters.contacts:
                nodes, volts = m.terminal_nodes[contact.name], float(ctx.voltage[contact.name].value)
                there = volts if field == FERMI else self._ion.charge * volts + self._energy.reservoir.get(self._ion.name, 0.0)
                out[f"{part}, terminals"] += float(residual[nodes, k] @ (there - level[nodes])) / ctx.row_scale[field]
        return dict(zip(out, ctx.mesh.comm.allreduce(np.array(list(out.values())))))


def balance_of(stepper):
    """March a stepper from equilibrium to the end: energy taken up, stored, and dissipated by part [kT]; trapezoids over the steps."""
    found, names = EnergyBalance(stepper.engine), list(stepper.model.device.terminals)
    stepper.equilibrate()
    taken, start = TerminalEnergy(names, 1 / stepper.model.parameters.scaling.thermal_voltage), found.stored()
    before = found.dissipated()
    spent = dict.fromkeys(before, 0.0)
    for record, _ in walk(stepper, equilibrate=False):
        taken.add(record)
        now = found.dissipated()
        spent = {part: sum_ + 0.5 * (before[part] + now[part]) * record.step for part, sum_ in spent.items()}
        before = now
    return taken.total, found.stored() - start, spent

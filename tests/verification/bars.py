"""Bars heated by their current: small models with a temperature field, and their stationary states."""

import numpy as np

from tests.devices import model

T0, AREA = 300.0, 100e-18
SIGMA, K, CAPACITY = 1e4, 0.4, 1.3e6  # S/m, W/(m K), J/(m^3 K); the last two as in materials/mapbi3_gold.yaml
LENGTH = 100e-9


def bar(folder, heat="on", size=2.5, electronic="ohmic", overrides=(), dimension=1):
    """DeviceModel of a film 100 nm long with 1e4 S/m between the terminals; `heat` is the YAML of physics.heat."""
    text = (
        f"device: {{layout: slab, thickness: 100 nm, dimension: {dimension}, area: 100 nm^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\n"
        f"physics: {{filament: off, ions: fixed, heat: {heat}, contacts: {{top: {{electronic: {electronic}}}}}}}\n"
    )
    return model(folder, text, [f"material.film.electronic_conductivity={SIGMA} S/m", *overrides])


class Stationary:
    """Stationary state of a heated model, by continuation from 0 V.

    Attributes:
        height: (n,) last coordinate of the nodes, ascending [m].
        temperature: (n,) [K].
        largest: of the temperature [K].
        power: sum of terminal current times voltage [W].
        heat: `HeatSums` in W.
        currents: terminal -> A.
    """

    def __init__(self, m, volts, tolerance=1e-10):
        from solver.engines.cpu.newton import CpuEngine
        from solver.physics.balances import nodal_sums
        from solver.physics.device import INSIDE
        from solver.physics.heat_balance import HeatBalance, HeatSums
        from solver.transient.continuation import walk

        engine = CpuEngine(m, tolerance=tolerance, linear_solver="direct", max_iterations=25)
        result, _ = walk(m, engine, lambda part: m.apply_voltages({n: part * v for n, v in volts.items()}), 0.0, 1.0)
        assert result.converged, result.reason
        scale, sums = m.parameters.scaling, nodal_sums(m, engine.interior_residual())
        self.currents = {name: scale.ampere(s.electronic) for name, s in sums.items() if name != INSIDE}
        self.power = sum(current * volts[name] for name, current in self.currents.items())
        found = HeatBalance(m)(engine.interior_residual())
        self.heat = HeatSums(*map(scale.watt, (found.produced, found.stored, found.leaving)))
        z = m.coordinates[:, m.device.mesh.topology.dim - 1]
        order = np.argsort(z)
        self.height, self.temperature = z[order] * 1e-9, m.values("temperature")[order] * T0
        self.largest = self.temperature.max()

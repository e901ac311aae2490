"""What holds whatever the numbers: densities within their limits, ions conserved, a current without divergence, rest."""

import numpy as np
from dolfinx import fem

from solver.engines.cpu.assembly import JIT
from solver.physics.fields import ELECTRONS, FERMI, FILAMENT, HOLES, POTENTIAL
from solver.scenario.protocol import Hold, Sweep
from solver.transient.bdf import coefficients
from tests.devices import bipolar, material_with_ions, model, with_carriers
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.test_free_energy import (
    BLOCKING,
    CLOSED,
    EXCHANGE,
    FEW_IONS,
    FILM,
    GAP,
    INTERSTITIALS,
    JUNCTION,
    SILICON,
    STUB,
)
from tests.verification.walking import stepper_of, walk


class NodalBalance:
    """Flux of the total current out of each node's box, from the edge terms alone.

    Storage, recombination and condensation of the equations have to cancel: what is left is displacement + ions +
    electrons, and its sum at a node off the terminals is the divergence.
    """

    def __init__(self, stepper):
        self.stepper, self.model = stepper, stepper.model
        m = self.model
        weights = {POTENTIAL: 1.0, FERMI: 1.0, ELECTRONS: 1.0, HOLES: 1.0}
        weights |= {ion.name: float(ion.charge) for ion in m.context.species}
        parts = {}
        for term in m.terms:
            # beside holes the metal conducts along the electrons' level: two terms of one field
            if term.name in (f"{term.field}, edges", "conduction, edges") and term.field in weights:
                parts[term.field] = parts[term.field] + term.form if term.field in parts else term.form
        self._forms = {field: (fem.form(form, jit_options=JIT), weights[field]) for field, form in parts.items()}
        assert set(self._forms) == set(weights) & set(m.fields)
        self._inner = np.ones(m.owned, dtype=bool)
        self._inner[np.concatenate(list(m.terminal_nodes.values()))] = False
        self._charges = [self._flux(POTENTIAL)]

    def _flux(self, field):
        m, (form, weight) = self.model, self._forms[field]
        column = m.fields.index(field)
        values = fem.assemble_vector(form).array.reshape(-1, len(m.fields))[: m.owned, column]
        return weight * values / m.context.row_scale[field]

    def worst(self, record):
        """Largest divergence at an inner node over the largest current: of an edge, or of a terminal [1]."""
        charge, times = self._flux(POTENTIAL), self.stepper.levels.times
        previous = times[1] - times[2] if record.order == 2 else None
        c = coefficients(record.step, previous)
        if abs(c.a0 / self.model.context.rate.value - 1) > 1e-9:  # the stepper fell back to implicit Euler
            c = coefficients(record.step, None)
        total = c.a0 * charge + sum(a * q for a, q in zip((c.a1, c.a2), self._charges))
        self._charges = [charge, *self._charges[: 1]]
        parts = [self._flux(field) for field in self._forms if field != POTENTIAL]
        largest = max(*(abs(part[self._inner]).max() for part in parts), abs(record.current("top")))
        return abs((total + sum(parts))[self._inner]).max() / largest


def history(m, protocol, on=None, **settings):
    """Walk a model through `protocol` and note what has to hold after every step.

    Args:
        m: DeviceModel.
        protocol: steps.
        on: voltage at whose end the current is the on-current; the last step must be at 0 V then.
        settings: of `stepper_of`.
    """
    stepper = stepper_of(m, protocol, **settings)
    stepper.equilibrate()
    balance, film = NodalBalance(stepper), m.film_nodes
    rows, current = [], None
    shares = {ion.name: (m.values(ion.name), ion.share) for ion in m.context.species}
    for record, ends in walk(stepper, equilibrate=False):
        parts = [*record.electronic.values(), *record.ionic.values(), *record.displacement.values()]
        low = min((m.values(name)[film].min() for name in shares), default=np.inf)
        full = max((share * m.values(name)[film].max() for name, (_, share) in shares.items()), default=0.0)
        rows.append((record.time, record.voltage, abs(sum(parts)) / max(map(abs, parts)), balance.worst(record),
                     abs(record.ion_imbalance), low, full, max(map(abs, parts))))
        if ends and on is not None and record.voltage == on:
            current = max(map(abs, record.electronic.values()))
    out = {"rows": np.array(rows), "on": current, "mobile": bool(shares)}
    if FILAMENT in m.fields:
        out["filament"] = m.values(FILAMENT)[m.film_nodes].sum()
    return out


def histories(folder):
    """Case -> history."""
    silicon = material_with_ions(folder)
    set_and_rest = [Sweep(to="0.2 V", rate="0.5 V/s"), Hold(voltage="0.2 V", duration="0.5 s"), Hold(voltage="0 V", duration="100 s")]
    diode = [Sweep(to="-0.5 V", rate="1e5 V/s"), Hold(voltage="0 V", duration="1 s")]
    return {
        "filament in the gap, blocking": history(
            model(folder, GAP + f"physics: {{{BLOCKING}, {STUB % 16}}}\n"), set_and_rest, 0.2, newton=1e-9),
        "filament, exchange": history(
            model(folder, FILM + f"physics: {{{EXCHANGE}, {STUB % 9}}}\n"), set_and_rest, 0.2, newton=1e-9),
        "electrons, holes, ions and filament": history(
            model(folder, with_carriers(FILM + f"physics: {{{STUB % 9}}}\n")), set_and_rest, 0.2, newton=1e-10),
        "ions, 1 V": history(
            model(folder, FILM + f"physics: {{filament: off, {BLOCKING}}}\n"),
            [Hold(voltage="1 V", duration="10 ms"), Sweep(to="-1 V", rate="100 V/s")], max_voltage_step=0.1),
        "ions of both charges, 1 V": history(
            model(folder, FILM + f"physics: {{filament: off, {BLOCKING}}}\n", INTERSTITIALS),
            [Hold(voltage="1 V", duration="10 ms"), Sweep(to="-1 V", rate="100 V/s")], max_voltage_step=0.1),
        "electrons and holes": history(model(folder, SILICON + bipolar(JUNCTION)), diode, -0.5, max_voltage_step=0.05, newton=1e-13),
        "electrons, holes and ions": history(
            model(folder, SILICON + bipolar(JUNCTION, "mobile", silicon) + CLOSED, FEW_IONS), diode, -0.5, max_voltage_step=0.05, newton=1e-13),
    }


def claims(data):
    for name, run in data.items():
        rows = run["rows"]
        yield Claim(f"sum of the terminals' currents over the largest, worst step: {name}", "charge conservation", 0.0,
                    rows[:, 2].max() if run["on"] is None else rows[rows[:, 1] != 0, 2].max(), 1e-6, "",
                    "a step is corrected to 3e-7; the state before a jump is known to 3e-7 of smaller currents")
        later = rows[1:]
        yield Claim(f"divergence of the total current at a node over the largest, worst step but the first: {name}", "charge conservation", 0.0,
                    later[later[:, 1] != 0, 3].max(), 3e-6, "", "as above; carriers: the last bit of Φ times a majority's conductance")
        yield Claim(f"the same in the first step: {name}", "charge conservation", 0.0, rows[0, 3], 1e-4, "",
                    "after 0.25 µs little flows yet (0.1 µV of a sweep), over which the rest that Newton left of the equilibrium counts")
        if run["mobile"]:
            yield Claim(f"ions lost or gained over all, worst step: {name}", "conservation of ions", 0.0, rows[:, 4].max(), 1e-8, "",
                        "stepping.LOST_IONS = 1e-11 a step, a thousand steps")
            yield Claim(f"lowest density over the initial one, where negative: {name}", "positivity", 0.0, min(0.0, rows[:, 5].min()),
                        1e-9, "", "Newton's rounding (stepping.NEGATIVE_DENSITY)")
            yield Claim(f"occupied share of sites beyond 1: {name}", "steric limit", 0.0, max(0.0, rows[:, 6].max() - 1), 1e-4, "",
                        "functions.crowding gives way by 1e-6 a kT")
        if run["on"] is not None:
            yield Claim(f"largest part of a current after a rest at 0 V, over the on-current: {name}", "equilibrium", 0.0,
                        rows[-1, 7] / run["on"], 1e-12, "", "rounding")


def drawing(data, figure):
    axes = figure.subplots(1, 2, sharey=True)
    for k, (name, run) in enumerate(data.items()):
        rows = run["rows"]
        driven = rows[:, 1] != 0
        for ax, column in zip(axes, (2, 3)):
            steps = np.flatnonzero(driven)
            simulated(ax, steps / steps[-1], np.maximum(rows[driven, column], 1e-18), k, name, ms=2)
    for ax, title in zip(axes, ("sum over the terminals", "worst node")):
        law(ax, [0, 1], [1e-6, 1e-6], label="allowed")
        ax.set(yscale="log", xlabel="step over all steps", title=title)
    axes[0].set_ylabel("current that is lost over the largest")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)


SECTION = Section(
    "Conservation, limits of densities, and rest",
    "In every accepted step, for the coupled filament, for ions alone (1 V across 20 nm: fully depleted on one side, crowded "
    "on the other) and for electrons and holes with and without mobile ions: displacement + ionic + electronic currents "
    "of all terminals sum to zero, and so they do at every single node, from the flux terms alone; mobile and condensed "
    "ions are conserved; no density is negative or beyond its site limit; and after a rest at 0 V each part of each "
    "terminal's current has died away to 1e-12 of the on-current.",
    histories,
    claims,
    drawing,
    "structure",
)


def test_currents_ions_and_limits_hold_in_every_step_and_a_device_at_rest_carries_nothing(tmp_path):
    data = SECTION.measure(tmp_path)
    check(SECTION.claims(data))
    # and the cases are no trivial ones
    assert data["ions, 1 V"]["rows"][:, 5].min() < 1e-6 and data["ions of both charges, 1 V"]["rows"][:, 6].max() > 0.5

"""How far one Newton iteration may take the densities of ions: towards none, and towards full sites.

Exchange with a terminal goes as a power of c below one, the crowding's -ln(1 - theta) has a pole: where Newton's tangent
overshoots such a curve it ends beyond the range, and what the forms hold there for safety sends it back, for ever. A
decade an iteration towards either end keeps it on the curve, which is convex from there on.
"""

import numpy as np

KEPT = 0.1  # of an ion density or of the free sites, at least, in one iteration
END = 1e-6  # of c0 or of the sites, within which no limit holds: BDF2 may ask for less than none, which the time step refuses


class IonLimits:
    """Limits of one model's ions.

    Args:
        model: `DeviceModel`.
        xp: module of the arrays that `restrict` gets.
    """

    def __init__(self, model, xp=np):
        fields, mobile = model.fields, model.context.species
        lattices = {ion.sublattice for ion in mobile}
        self._columns = [fields.index(ion.name) for ion in mobile]
        self._lattices = []
        for name in sorted(lattices):
            members = [ion for ion in model.parameters.species if ion.sublattice == name]
            moving = [ion for ion in members if ion.mobile]
            at_rest = sum((self._share(ion, model) for ion in members if not ion.mobile), np.zeros(model.owned))
            columns, shares = [fields.index(ion.name) for ion in moving], np.array([ion.share for ion in moving])
            self._lattices.append((columns, xp.asarray(shares), xp.asarray(at_rest)))

    @staticmethod
    def _share(ion, model):
        """Occupied share of the sites by an ion that does not move, at the owned nodes."""
        if ion.profile is None:
            return np.full(model.owned, ion.share)
        return ion.profile(model.coordinates[: model.owned]) / ion.sites

    def restrict(self, step, state):
        """Shorten the steps of the densities, in place.

        Args:
            step, state: (owned nodes, fields), c/c0 in the ions' columns.
        """
        for column in self._columns:
            c = state[:, column]
            lowest = np.where(c > END, (KEPT - 1.0) * c, -np.inf)
            step[:, column] = np.maximum(step[:, column], lowest)
        for columns, shares, at_rest in self._lattices:
            vacant = 1.0 - at_rest - state[:, columns] @ shares
            wanted = step[:, columns] @ shares
            allowed = np.where(vacant > END, (1.0 - KEPT) * vacant, np.inf)
            beyond = wanted > allowed
            factor = np.where(beyond, allowed / np.where(beyond, wanted, 1.0), 1.0)
            step[:, columns] *= factor[:, None]

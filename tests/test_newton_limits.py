"""How far an iteration of Newton's method may take the densities of ions."""

from types import SimpleNamespace

import numpy as np

from solver.engines.ion_limits import KEPT, IonLimits
from solver.physics.ion_parameters import Species


def limits(**more):
    a = Species("a", 1, 0.01, 0.1, "lattice", 1.0, True)
    b = Species("b", 1, 0.02, 0.1, "lattice", 1.0, True)
    rest = Species("rest", -1, 0.03, 0.1, "lattice", 1.0, False)
    context = SimpleNamespace(species=(a, b))
    parameters = SimpleNamespace(species=(a, b, rest))
    return IonLimits(SimpleNamespace(
        fields=["potential", "a", "b"], context=context, parameters=parameters, owned=4, coordinates=np.zeros((4, 3)),
    ))  # fmt: skip


def test_ions_fall_by_a_decade_and_fill_nine_tenths_of_the_free_sites_at_most():
    state = np.array([[0.0, 1.0, 1.0]] * 4)  # 0.3 of the sites by a and b, 0.3 by what is at rest: 0.4 are free
    step = np.array([[5.0, -3.0, 0.1], [-5.0, 3.0, 3.0], [0.0, 1.0, 1.0], [0.0, -0.5, 0.0]])
    taken = step.copy()
    limits().restrict(taken, state)
    np.testing.assert_allclose(taken[0], [5.0, KEPT - 1.0, 0.1])
    # both species by one factor: 0.1 * 3 + 0.2 * 3 = 0.9 asked, 0.36 given
    np.testing.assert_allclose(taken[1], [-5.0, 1.2, 1.2])
    # within the limits a step is left as it is, to the bit
    np.testing.assert_array_equal(taken[2:], step[2:])


def test_ions_at_their_ends_are_free_to_pass_them():
    state = np.array([[0.0, 1e-9, -0.1], [0.0, 5.0, 1.0]] + [[0.0, 1.0, 1.0]] * 2)  # none; sites full
    step = np.array([[0.0, -1e-3, -1.0], [0.0, 1.0, 0.5]] + [[0.0, 0.0, 0.0]] * 2)
    taken = step.copy()
    limits().restrict(taken, state)
    np.testing.assert_array_equal(taken, step)

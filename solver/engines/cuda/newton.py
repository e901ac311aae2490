"""Newton's method with a cubic backtracking line search on arrays of either flavour.

The same method as PETSc's `newtonls` with `bt` on the cpu engine: a step x - lambda y is taken when the square of the
residual's norm falls by 2e-4 lambda of what the linearisation promises, otherwise lambda comes from the quadratic, then
the cubic through the norms seen (J. E. Dennis, R. B. Schnabel, Numerical Methods for Unconstrained Optimization, 1983,
sect. 6.3.2), within a tenth and a half of the last.
"""

import numpy as np

from solver.engines.convergence import LAG

SUFFICIENT = 1e-4  # of the decrease that the slope promises
SMALLEST = 1e-12  # lambda
SEARCHES = 40


def next_length(length, value, previous, start, slope):
    """Step length to try after `length`, where half the square of the norm came out as `value`.

    Args:
        length: last step length.
        value: function value there.
        previous: (length, value) before that, None the first time.
        start, slope: function value and its slope (negative) at length 0.

    Returns:
        Minimum of the quadratic or cubic through these, between 0.1 and 0.5 of `length`.
    """
    missed = value - start - length * slope
    if previous is None:
        wanted = -slope * length**2 / (2 * missed)
    else:
        before, value_before = previous
        missed_before = value_before - start - before * slope
        a = (missed / length**2 - missed_before / before**2) / (length - before)
        b = (-before * missed / length**2 + length * missed_before / before**2) / (length - before)
        if a == 0.0:
            wanted = -slope / (2 * b)
        else:
            wanted = (-b + np.sqrt(max(b**2 - 3 * a * slope, 0.0))) / (3 * a)
    return min(max(wanted, 0.1 * length), 0.5 * length) if np.isfinite(wanted) else 0.1 * length


class Newton:
    """Newton iterations of one engine.

    Args:
        engine: `CudaEngine`: evaluates, linearises, corrects.
        max_iterations: before a solve is given up.
    """

    def __init__(self, engine, max_iterations):
        self.engine, self.max_iterations = engine, max_iterations

    def solve(self):
        """(converged, iterations, linear iterations, reason) from the system's state, in place. Collective."""
        e = self.engine
        linear, updates = 0, []
        rows = e.evaluate().copy()
        norm = e.norm(rows)
        for iteration in range(self.max_iterations):
            if not np.isfinite(norm):
                return False, iteration, linear, "fnorm nan"
            fresh = iteration % LAG == 0
            if fresh:
                e.linearise()
            solved, count = e.correct(rows)
            linear += count
            if not solved:
                return False, iteration, linear, "linear solve"
            updates.append(e.largest(e.correction))
            found, rows, norm = self._search(rows, norm)
            if not found:
                # At the rounding floor no step lowers the residual: a negligible update is convergence all the same.
                return updates[-1] < e.tolerance, iteration, linear, "line search"
            if np.isfinite(norm) and e.small_enough(updates, fresh):
                return True, iteration + 1, linear, ""
        return False, self.max_iterations, linear, "max it"

    def _search(self, rows, norm):
        """Move along the correction; returns (found, residual there, its norm)."""
        e = self.engine
        start = 0.5 * norm**2
        slope = -abs(e.dot(rows, e.product())) or -1.0
        base = e.owned_state().copy()
        length, previous = 1.0, None
        for _ in range(SEARCHES + 2):
            e.move(base, length)
            tried = e.evaluate()
            size = e.norm(tried)
            value = 0.5 * size**2
            if np.isfinite(value) and value <= start + length * SUFFICIENT * slope:
                return True, tried.copy(), size
            if length <= SMALLEST:
                break
            if np.isfinite(value):
                wanted = next_length(length, value, previous, start, slope)
                previous = (length, value)
            else:
                wanted = 0.1 * length
            length = wanted
        e.move(base, 0.0)
        return False, rows, norm

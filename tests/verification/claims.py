"""A claim and what was measured: the tests assert it, docs/verification.md shows it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One number against its expectation.

    Attributes:
        claim: what is said, in words.
        source: where the expectation comes from.
        expected, measured: same unit.
        tolerance: largest allowed difference, relative to `expected`; absolute where `expected` is 0.
        unit: of both numbers.
        reason: why the tolerance is what it is.
    """

    claim: str
    source: str
    expected: float
    measured: float
    tolerance: float
    unit: str = ""
    reason: str = ""

    @property
    def holds(self) -> bool:
        """True when the measured number lies within the tolerance (never for nan)."""
        return abs(self.measured - self.expected) <= self.tolerance * (abs(self.expected) or 1.0)


def check(claims):
    """Assert every claim; the message shows the first that fails."""
    claims = list(claims)
    assert claims, "nothing was measured"
    for c in claims:
        assert c.holds, f"{c.claim}: expected {c.expected:.6g} {c.unit}, measured {c.measured:.6g} (± {c.tolerance:g})"

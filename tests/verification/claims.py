"""A claim and what was measured: the tests assert it, docs/verification.md shows it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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


# headings of docs/verification.md, in its order
THEMES = {
    "transport": "Electrons and holes",
    "ions": "Ions and double layers",
    "contacts": "Contacts",
    "filament": "Filament and gap",
    "heat": "Heat",
    "circuit": "Circuit and terminals",
    "time": "Time and frequency",
    "structure": "Structure: order, symmetry, conservation",
    "robustness": "Robustness: meshes and violent steps",
    "other": "Further",
}


@dataclass(frozen=True)
class Section:
    """One section of docs/verification.md; a test module has it as `SECTION` (or several as `SECTIONS`).

    A test runs `check(SECTION.claims(SECTION.measure(tmp_path)))`; the page draws the same data, measured once.

    Attributes:
        title: what is verified, a few words.
        about: the law with its source, and what the reader sees in the plot; Markdown.
        measure: function of a scratch folder -> data (any plain structure), the only part that computes.
        claims: function of the data -> claims.
        draw: function (data, matplotlib Figure) that plots simulation beside the law; None where a table says it all.
        theme: key of `THEMES`, the heading it comes under.
    """

    title: str
    about: str
    measure: Callable[[Path], Any]
    claims: Callable[[Any], Iterable[Claim]]
    draw: Callable[[Any, Any], None] | None = None
    theme: str = "other"

    def __post_init__(self):
        if self.theme not in THEMES:
            raise ValueError(f"theme {self.theme!r} of section {self.title!r} is not one of {', '.join(THEMES)}")


def check(claims):
    """Assert every claim; the message shows the first that fails."""
    claims = list(claims)
    assert claims, "nothing was measured"
    for c in claims:
        assert c.holds, f"{c.claim}: expected {c.expected:.6g} {c.unit}, measured {c.measured:.6g} (± {c.tolerance:g})"

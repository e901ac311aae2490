"""Which state of the solver computed a result."""

import functools
import hashlib
from pathlib import Path

SOLVER = Path(__file__).parents[1]
# What a result depends on beside its scenario.
_PARTS = ("compat.py", "simulation.py", "discretization", "engines", "physics", "transient")


@functools.cache
def state() -> str:
    """Digest of the source of everything that computes: meshes, equations, engines, time steps."""
    files = [file for part in _PARTS for file in ([SOLVER / part] if part.endswith(".py") else (SOLVER / part).rglob("*.py"))]
    files += (SOLVER.parent / "meshes").rglob("*.py")
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.relative_to(SOLVER.parent).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]

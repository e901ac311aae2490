"""Pictures of the fields before the set, after it and after the reset, whatever the dimension."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from solver.results.snapshots import read_snapshots


def states(directory: str | Path, png: Path | None = None) -> Path:
    """Draw the three states of a run.

    Args:
        directory: result folder with fields.vtkhdf.
        png: where to, DIR/figures/states.png by default.

    Returns:
        The picture.

    Raises:
        NoResult: one sentence, when there are no fields or no scenario.
    """
    found = read_snapshots(directory)
    png = png or Path(directory) / "figures" / "states.png"
    if found.dimension == 3:
        from solver.figures.scenes_3d import cell_states

        return cell_states(directory, found, png)
    from solver.figures.planes import plane_states, profile_states

    draw = plane_states if found.dimension == 2 else profile_states
    return draw(directory, found, png)


def states_apart(directory: str | Path) -> Path | None:
    """As :func:`states`, in a process of its own.

    A renderer without a usable display aborts its process; a finished run must not end that way.

    Returns:
        The picture, or None after a warning in the log.
    """
    png = Path(directory) / "figures" / "states.png"
    done = subprocess.run([sys.executable, "-m", "solver.figures.scenes", str(directory)], capture_output=True,
                          text=True, check=False)
    if done.returncode == 0:
        return png
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    logging.getLogger("halofil").warning("the picture %s could not be drawn (exit status %d: %s)", png.name,
                                         done.returncode, last)
    return None


if __name__ == "__main__":
    states(sys.argv[1])

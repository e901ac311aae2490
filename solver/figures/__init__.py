"""Pictures of a run; importing this imports no plotting library."""

from __future__ import annotations

from pathlib import Path


def make_all(directory: str | Path) -> list[Path]:
    """Draw every figure of a result folder into DIR/figures (``halofil figures DIR``).

    Curves need terminals.csv; the pictures of the device need fields.vtkhdf and, in 3D, scenario.yaml, and are left
    out where a run stored no fields, or none of ions.

    Args:
        directory: result folder, finished or not.

    Returns:
        The PNG files written.

    Raises:
        NoResult: one sentence, when the folder is no result.
    """
    from solver.figures import crosstalk, plots, sweeps, synapse
    from solver.results.folder import existing

    folder = existing(directory)
    whole = crosstalk.array_map(folder.path)
    drawn = [whole] if whole else [draw(folder.path) for draw in (
        plots.iv_curve, plots.history, synapse.pulse_trains, synapse.pulse_record, synapse.retention, synapse.by_cycle,
        sweeps.all_cycles)]
    if folder.fields.is_file() and _has_ions(folder.path):
        from solver.figures import scenes

        drawn.append(scenes.states_apart(folder.path))
    return [path for path in drawn if path is not None]


def _has_ions(directory: Path) -> bool:
    """The pictures of the states are of ions and filament: false where a run stored fields without them."""
    from solver.results.folder import NoResult
    from solver.results.snapshots import read_snapshots

    try:
        return read_snapshots(directory).ions is not None
    except NoResult:
        return True  # what is wrong with the fields is said where they are drawn

"""Checks of profiles of position, of doping and of ions."""

from collections.abc import Iterator

from .document import Path_
from .faults import one_of


def profile_faults(profiles, path: Path_, dimension: int) -> Iterator[tuple[Path_, str]]:
    """Profiles along coordinates that the mesh does not have, as (path, sentence).

    Args:
        profiles: models of solver.scenario.carriers.
        path: of their list.
        dimension: of the mesh.
    """
    axes = "xyz"[:dimension]
    for i, profile in enumerate(profiles):
        here = (*path, i)
        if profile.profile == "tanh" and profile.axis not in axes:
            yield (*here, "axis"), f"{profile.axis} is no coordinate of this mesh; write {one_of(axes)}"
        if profile.profile == "gaussian":
            yield from (((*here, axis), f"is no coordinate of this mesh; its coordinates are {one_of(axes)}")
                        for axis in "xyz" if axis not in axes and getattr(profile, axis) is not None)

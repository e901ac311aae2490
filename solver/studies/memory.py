"""How much memory another run may take."""

from pathlib import Path

_CGROUPS = (("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"))
# Before a member of a kind was seen. The 3D main job peaks at 0.9 GB on two ranks, the axisymmetric gap at 0.3 GB.
UNSEEN = {"1D": 0.3e9, "2D": 0.5e9, "3D": 2.0e9}
MARGIN = 1.1


def available() -> float:
    """Bytes this machine, or the container's limit, still has."""
    import psutil

    room = float(psutil.virtual_memory().available)
    for limit, used in _CGROUPS:
        try:
            room = min(room, float(Path(limit).read_text()) - float(Path(used).read_text()))
        except (OSError, ValueError):  # no such file, or no limit ("max")
            continue
    return room


def used_by(pid: int) -> float:
    """Resident bytes of a process and all it started; 0 when it has ended."""
    import psutil

    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    total = 0.0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total


class Expectation:
    """Peak memory to reckon with, by kind of member: the largest seen so far."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def see(self, kind: str, peak: float) -> None:
        """A member of that kind has used `peak` bytes."""
        self._seen[kind] = max(peak, self._seen.get(kind, 0.0))

    def of(self, kind: str) -> float:
        """Bytes a member of that kind is expected to need."""
        return self._seen.get(kind, UNSEEN[kind[:2]])

"""Bytes that the linear solver has to move: counted launch by launch, while it works."""


class Meter:
    """Flavour (see engines/cuda/flavours.py) whose launches are counted while `on`.

    A launch counts each of its arrays once, whatever caches do: the least it has to move. A Gauss-Seidel sweep counts its colour's
    share of the matrix. What runs outside kernels (copies, scalar products of the K-cycle) is not in; Krylov vectors are
    `FlexibleGmres.least_traffic`.

    Attributes:
        launches, bytes: counted so far.
    """

    def __init__(self, flavour):
        self._flavour = flavour
        self.on, self.launches, self.bytes = False, 0, 0

    def __getattr__(self, name):
        return getattr(self._flavour, name)

    def compile(self, text, defines=None):
        """As the flavour's."""
        return _Counted(self._flavour.compile(text, defines), self)

    def counted(self, work):
        """(launches, bytes) of one call of `work`."""
        self.on, self.launches, self.bytes = True, 0, 0
        work()
        self.on = False
        return self.launches, self.bytes


class _Counted:
    """`flavours.Module` of a `Meter`."""

    def __init__(self, module, meter):
        self._module, self._meter = module, meter

    def launch(self, name, n, *arguments):
        if self._meter.on:
            self._meter.launches += 1
            self._meter.bytes += _bytes(name, n, arguments)
        self._module.launch(name, n, *arguments)


def _bytes(name, n, arguments):
    sizes = [getattr(argument, "nbytes", 0) for argument in arguments]
    if name != "sweep":
        return sum(sizes)
    return sizes[0] + int(sum(sizes[1:]) * n / arguments[4].size)  # of all scalar rows, this colour's n

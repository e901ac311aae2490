"""Arrays that behave as a card's, on the host: they do not mix with NumPy's, and what crosses over is counted.

CuPy refuses operations between its arrays and NumPy's, and takes neither for the other's output; so do these. The only ways
across are `xp.asarray` and `xp.array` (in), `flavour.asnumpy` and `float` (out), and index arrays from the host (in), which
CuPy copies as well.
"""

import types
from dataclasses import dataclass, field

import numpy as np

from solver.engines.cuda.flavours import HostFlavour


@dataclass
class Traffic:
    """Copies so far: lists of their numbers of entries. A scalar is one entry."""

    to_card: list = field(default_factory=list)
    to_host: list = field(default_factory=list)

    def clear(self):
        self.to_card.clear()
        self.to_host.clear()


class Held(np.ndarray):
    """An array on the make-believe card."""

    traffic = Traffic()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        operands = [*inputs, *(out or ()), *(v for v in options.values() if isinstance(v, np.ndarray))]
        _refuse_mixture(ufunc.__name__, operands)
        targets = {} if out is None else {"out": tuple(map(_bare, out))}
        found = getattr(ufunc, method)(*map(_bare, inputs), **targets, **{k: _bare(v) for k, v in options.items()})
        return found if found is None else out[0] if out is not None else _held(found)

    def __array_function__(self, function, types_, arguments, options):
        flat = list(_leaves((arguments, options)))
        _refuse_mixture(function.__name__, flat)
        found = function(*_stripped(arguments), **_stripped(options))
        for target in (a for a in flat if isinstance(a, Held)):
            if found is not None and np.shares_memory(_bare(target), found) and target.shape == np.shape(found):
                return target
        return _held(found)

    def __getitem__(self, index):
        return _held(_bare(self)[_index(index)])

    def __setitem__(self, index, value):
        _refuse_mixture("assignment", [value, self])
        _bare(self)[_index(index)] = _bare(value)

    def __float__(self):
        Held.traffic.to_host.append(1)
        return float(_bare(self))

    def __bool__(self):
        Held.traffic.to_host.append(1)
        return bool(_bare(self))

    def __int__(self):
        Held.traffic.to_host.append(1)
        return int(_bare(self))

    def __iter__(self):
        raise TypeError("a loop over the entries of a card's array")

    def astype(self, kind):
        return _held(_bare(self).astype(kind))

    def max(self, *a, **k):
        return _held(_bare(self).max(*a, **k))

    def sum(self, *a, **k):
        return _held(_bare(self).sum(*a, **k))

    def all(self, *a, **k):
        return _held(_bare(self).all(*a, **k))


def _bare(value):
    return value.view(np.ndarray) if isinstance(value, Held) else value


def _held(value):
    return np.asarray(value).view(Held) if isinstance(value, np.ndarray | np.generic) else value


def _index(index):
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if isinstance(part, np.ndarray) and not isinstance(part, Held):
            Held.traffic.to_card.append(part.size)
    bare = tuple(map(_bare, parts))
    return bare if isinstance(index, tuple) else bare[0]


def _leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _stripped(value):
    if isinstance(value, dict):
        return {k: _stripped(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_stripped, value))
    return _bare(value)


def _refuse_mixture(name, operands):
    for value in operands:
        if isinstance(value, np.ndarray) and not isinstance(value, Held) and value.ndim > 0:
            raise TypeError(f"{name}: NumPy's array of shape {value.shape} among a card's")


class _Module(types.ModuleType):
    """NumPy's functions, giving `Held` arrays."""

    ndarray = Held

    def __init__(self):
        super().__init__("held")
        self.linalg = types.SimpleNamespace(inv=lambda a: _held(np.linalg.inv(_bare(a))))

    def __getattr__(self, name):
        found = getattr(np, name)
        if not callable(found) or isinstance(found, type):
            return found

        def wrapped(*arguments, **options):
            if name in ("asarray", "array", "ascontiguousarray"):
                Held.traffic.to_card += [a.size for a in arguments[:1] if isinstance(a, np.ndarray) and not isinstance(a, Held)]
            else:
                _refuse_mixture(name, list(_leaves((arguments, options))))
            return _held(found(*_stripped(arguments), **_stripped(options)))

        return wrapped


class CountingFlavour(HostFlavour):
    """The host flavour on `Held` arrays: what the device flavour may and may not do, without a card."""

    def __init__(self):
        self.xp = _Module()

    def asnumpy(self, array):
        if isinstance(array, Held):
            Held.traffic.to_host.append(array.size)
            return np.array(_bare(array))
        return np.asarray(array)

    def compile(self, text, defines=None):
        module = super().compile(text, defines)
        module._xp = self.xp
        return module

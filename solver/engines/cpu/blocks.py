"""Blocks of PETSc's BAIJ matrices without copies, which petsc4py does not give."""

import ctypes
from ctypes import byref, c_int, c_void_p

import numpy as np
from petsc4py import PETSc

_LIBRARY = ctypes.CDLL(PETSc.__file__)
_INDEX = np.ctypeslib.as_ctypes_type(np.dtype(PETSc.IntType))


def _call(name, *arguments):
    status = getattr(_LIBRARY, name)(*arguments)
    if status:
        raise PETSc.Error(status)


def _copied(pointer, size):
    return np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(_INDEX)), (size,)).copy() if size else np.empty(0, PETSc.IntType)


class SequentialBlocks:
    """One sequential BAIJ matrix.

    Args:
        handle: its address; the matrix has to outlive this object.
        block_size: rows of a block.

    Attributes:
        starts, columns: block rows, (rows + 1,) and (blocks,).
    """

    def __init__(self, handle, block_size):
        self._handle, self._size = c_void_p(handle), block_size**2
        n, starts, columns, done = _INDEX(), c_void_p(), c_void_p(), c_int(0)
        which = (self._handle, _INDEX(0), c_int(0), c_int(1), byref(n), byref(starts), byref(columns), byref(done))
        _call("MatGetRowIJ", *which)
        if not done.value:
            raise RuntimeError("PETSc does not give the rows of a block matrix")
        self.starts = _copied(starts, n.value + 1)
        self.columns = _copied(columns, int(self.starts[-1]))
        _call("MatRestoreRowIJ", *which)

    def values(self) -> np.ndarray:
        """View (blocks, block_size^2) of the values, each block column by column."""
        values = c_void_p()
        if not len(self.columns):
            return np.empty((0, self._size))
        _call("MatSeqBAIJGetArray", self._handle, byref(values))
        pointer = ctypes.cast(values, ctypes.POINTER(ctypes.c_double))
        return np.ctypeslib.as_array(pointer, (len(self.columns), self._size))


def parts(matrix, block_size):
    """Blocks of this rank's rows.

    Returns:
        (own, other, ghosts): `SequentialBlocks` of the columns owned here and of the others' columns, and the global
        numbers of the latter, ascending (empty, and `other` None, for a matrix of one rank).
    """
    if matrix.comm.size == 1:
        return SequentialBlocks(matrix.handle, block_size), None, np.empty(0, np.int64)
    own, other, ghosts = c_void_p(), c_void_p(), c_void_p()
    _call("MatMPIBAIJGetSeqBAIJ", c_void_p(matrix.handle), byref(own), byref(other), byref(ghosts))
    mine, others = (SequentialBlocks(handle.value, block_size) for handle in (own, other))
    count = int(others.columns.max(initial=-1)) + 1
    return mine, others, _copied(ghosts, count).astype(np.int64)

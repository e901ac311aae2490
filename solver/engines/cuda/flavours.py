"""One kernel text, two flavours: compiled by gcc for NumPy arrays (tests), by NVRTC for CuPy arrays (a graphics card).

A text declares kernels so, without any include:

    KERNEL(axpy, const double a, const double* __restrict__ x, double* __restrict__ y)
    {
        ITEMS
        {
            y[i] += a * x[i];
        }
    }

`KERNEL` puts the number of items, `const long long n`, before the parameters; `ITEMS` runs over `const long long i` in
[0, n): a loop on the host, a grid-stride loop on a card. `FN` marks helper functions, `TABLE` constant arrays inside them,
`ADD(pointer, value)` is atomic where it has to be.
"""

import ctypes
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HOST_PRELUDE = """#include <math.h>
#include <stdbool.h>
#define FN static inline
#define TABLE static const
#define KERNEL(name, ...) void name(const long long n, __VA_ARGS__)
#define ITEMS for (long long i = 0; i < n; ++i)
#define ADD(pointer, value) (*(pointer) += (value))
"""
DEVICE_PRELUDE = """#define FN static __device__ __forceinline__
#define TABLE static constexpr
#define KERNEL(name, ...) extern "C" __global__ void __launch_bounds__(THREADS) name(const long long n, __VA_ARGS__)
#define ITEMS for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x)
#define ADD(pointer, value) atomicAdd(pointer, value)
"""
THREADS = 128  # a block
MOST_BLOCKS = 2**31 - 1
# As DOLFINx compiles its forms; no fused multiply-add, so that both round alike.
HOST_FLAGS = ("-O2", "-fno-math-errno", "-ffp-contract=off", "-std=gnu11", "-shared", "-fPIC")
DEVICE_FLAGS = ("--std=c++17",)
TYPES = {
    "double": np.float64,
    "float": np.float32,
    "int": np.int32,
    "unsigned": np.uint32,
    "long long": np.int64,
    "unsigned char": np.uint8,
}
_C_TYPES = {
    np.float64: ctypes.c_double,
    np.float32: ctypes.c_float,
    np.int32: ctypes.c_int,
    np.uint32: ctypes.c_uint,
    np.int64: ctypes.c_longlong,
    np.uint8: ctypes.c_ubyte,
}


class CompilationError(RuntimeError):
    """A kernel text that does not compile, or a launch that does not fit its kernel; said in one sentence."""


def signatures(text: str) -> dict[str, list[tuple[str, type, bool]]]:
    """Kernels declared in a text: name -> [(parameter, NumPy type, is a pointer)], without the number of items.

    Raises:
        CompilationError: a parameter of a type that is not among `TYPES`.
    """
    found = {}
    for name, parameters in re.findall(r"\bKERNEL\(\s*(\w+)\s*,([^)]*)\)", text):
        entries = []
        for parameter in parameters.split(","):
            words = parameter.replace("__restrict__", " ").replace("*", " * ").split()
            words = [w for w in words if w != "const"]
            pointer, kind = "*" in words, " ".join(w for w in words[:-1] if w != "*")
            if kind not in TYPES:
                raise CompilationError(f"kernel {name}: parameter '{parameter.strip()}' has none of the types {', '.join(TYPES)}")
            entries.append((words[-1], TYPES[kind], pointer))
        found[name] = entries
    return found


class Module:
    """Compiled kernels.

    Args:
        functions: name -> callable (n, arguments as `_convert` leaves them).
        parameters: as `signatures` gives them.
        xp: array module of the arrays.
    """

    def __init__(self, functions, parameters, xp):
        self._functions, self._parameters, self._xp = functions, parameters, xp

    def launch(self, name: str, n: int, *arguments):
        """Run kernel `name` over `n` items.

        Args:
            name: as in the text.
            n: number of items; 0 is fine.
            arguments: arrays (C-contiguous, of the declared type) and scalars, in the order of the parameters.

        Raises:
            CompilationError: an argument does not fit its parameter.
        """
        parameters = self._parameters[name]
        if len(arguments) != len(parameters):
            raise CompilationError(f"kernel {name} takes {len(parameters)} arguments after the number of items, got {len(arguments)}")
        for value, (label, kind, pointer) in zip(arguments, parameters):
            if not pointer:
                continue
            if not isinstance(value, self._xp.ndarray):
                raise CompilationError(f"kernel {name}: {label} must be an array of {self._xp.__name__}, got {type(value).__name__}")
            if value.dtype != kind or not value.flags.c_contiguous:
                raise CompilationError(f"kernel {name}: {label} must be contiguous {np.dtype(kind).name}, got {value.dtype}")
        if n > 0:
            self._functions[name](n, arguments, parameters)


class HostFlavour:
    """NumPy arrays; kernels compiled by the C compiler that FFCx uses, kept by content in the user's cache."""

    name, xp = "host", np

    @staticmethod
    def asnumpy(array):
        return array

    @staticmethod
    def synchronize():
        """Nothing runs behind the caller's back."""

    @staticmethod
    def describe() -> str:
        """The processor, for people."""
        return f"one core of {platform.processor() or platform.machine()}"

    def compile(self, text: str, defines: dict | None = None) -> Module:
        """Compile a text; `defines` become preprocessor definitions.

        Raises:
            CompilationError: the compiler refuses it, or there is none.
        """
        source = _defined(defines) + HOST_PRELUDE + text
        library = ctypes.CDLL(str(_shared_object(source)))
        parameters = signatures(text)
        return Module({name: self._function(library, name, entries) for name, entries in parameters.items()}, parameters, np)

    @staticmethod
    def _function(library, name, entries):
        entry = library[name]
        entry.argtypes = [ctypes.c_longlong] + [ctypes.c_void_p if pointer else _C_TYPES[kind] for _, kind, pointer in entries]
        entry.restype = None

        def call(n, arguments, parameters):
            entry(n, *(a.ctypes.data if pointer else a for a, (_, _, pointer) in zip(arguments, parameters)))

        return call


class DeviceFlavour:
    """CuPy arrays; kernels compiled by NVRTC (CuPy keeps them on disk by content).

    Args:
        place: number of this rank among those of its machine; each takes a card, in turn.

    Raises:
        RuntimeError: CuPy is not there, or shows no card; in one sentence.
    """

    name = "device"

    def __init__(self, place=0):
        try:
            import cupy
        except ImportError as error:
            raise RuntimeError("--engine cuda needs CuPy (pip install cupy-cuda12x or cupy-cuda13x), which is not installed") from error
        try:
            cards = cupy.cuda.runtime.getDeviceCount()
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise RuntimeError(f"--engine cuda needs an NVIDIA card, and CUDA shows none here ({error})") from error
        if cards == 0:
            raise RuntimeError("--engine cuda needs an NVIDIA card, and CUDA shows none here")
        self.xp, self._card = cupy, cupy.cuda.Device(place % cards)
        self._card.use()

    def asnumpy(self, array):
        return self.xp.asnumpy(array)

    def synchronize(self):
        self.xp.cuda.get_current_stream().synchronize()

    def describe(self) -> str:
        """The card, for people."""
        properties = self.xp.cuda.runtime.getDeviceProperties(self._card.id)
        return f"{properties['name'].decode()}, {properties['totalGlobalMem'] / 2**30:.0f} GiB"

    def compile(self, text: str, defines: dict | None = None) -> Module:
        """As `HostFlavour.compile`."""
        parameters = signatures(text)
        with self._card:  # a thread that compiles does not know it
            raw = self.xp.RawModule(code=device_source(text, defines), options=DEVICE_FLAGS, backend="nvrtc")
            try:
                functions = {name: self._function(raw.get_function(name)) for name in parameters}
            except self.xp.cuda.compiler.CompileException as error:
                complaint = next((line for line in str(error).splitlines() if "error" in line), str(error)[:300])
                raise CompilationError(f"NVRTC does not compile a kernel: {complaint}") from error
        return Module(functions, parameters, self.xp)

    @staticmethod
    def _function(kernel):
        def call(n, arguments, parameters):
            blocks = min((n + THREADS - 1) // THREADS, MOST_BLOCKS)
            converted = tuple(a if pointer else kind(a) for a, (_, kind, pointer) in zip(arguments, parameters))
            kernel((blocks,), (THREADS,), (np.int64(n), *converted))

        return call


def make_flavour(name: str, comm=None):
    """The flavour "host" or "device"; with several ranks (`comm`) on a machine each gets a card, in turn. Collective."""
    if name == "host":
        return HostFlavour()
    if comm is None or comm.size == 1:
        return DeviceFlavour()
    from mpi4py import MPI

    machine = comm.Split_type(MPI.COMM_TYPE_SHARED)
    place = machine.rank
    machine.Free()
    return DeviceFlavour(place)


def device_source(text: str, defines: dict | None = None) -> str:
    """What NVRTC compiles."""
    return f"#define THREADS {THREADS}\n" + _defined(defines) + DEVICE_PRELUDE + text


def _defined(defines):
    return "".join(f"#define {name} {value}\n" for name, value in (defines or {}).items())


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "halofil" / "kernels"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _shared_object(source: str) -> Path:
    """Compile C text unless the cache has it; written under another name first, so that ranks may race."""
    compiler = os.environ.get("CC") or next((c for c in ("gcc", "cc", "clang") if shutil.which(c)), None)
    if compiler is None:
        raise CompilationError("the kernels' host flavour needs a C compiler (gcc), and there is none on PATH")
    key = hashlib.sha256("\0".join((compiler, *HOST_FLAGS, source)).encode()).hexdigest()[:32]
    target = _cache() / f"{key}.so"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        text, built = Path(folder) / "kernels.c", Path(folder) / "kernels.so"
        text.write_text(source)
        done = subprocess.run(
            [*compiler.split(), *HOST_FLAGS, "-o", str(built), str(text), "-lm"], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[-300:])
            raise CompilationError(f"{compiler} does not compile a kernel: {reason}")
        os.replace(built, target)
    return target

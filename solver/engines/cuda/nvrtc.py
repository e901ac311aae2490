"""NVRTC without a card: whether the kernels compile, and what they take of a processor.

Only the compiler's library is needed (the wheel nvidia-cuda-nvrtc-cu12, or a CUDA toolkit), neither a driver nor CuPy.
"""

import ctypes
import ctypes.util
import importlib.util
import re
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from solver.engines.cuda.flavours import DEVICE_FLAGS, CompilationError, device_source

ARCHITECTURE = "sm_90"  # H100, H200
_FUNCTION = re.compile(
    r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers",
    re.DOTALL,
)


@dataclass(frozen=True)
class Resources:
    """What one kernel takes.

    Attributes:
        registers: of a thread (255 are the most).
        stack: frame of a thread [bytes].
        spill_stores, spill_loads: registers kept in memory instead [bytes].
    """

    registers: int
    stack: int
    spill_stores: int
    spill_loads: int


@dataclass(frozen=True)
class Compiled:
    """Result of one compilation: `cubin` (bytes), `resources` (kernel -> `Resources`), `seconds`."""

    cubin: bytes
    resources: dict[str, Resources]
    seconds: float


@cache
def library() -> ctypes.CDLL:
    """NVRTC.

    Raises:
        RuntimeError: it is not there.
    """
    candidates = []
    spec = importlib.util.find_spec("nvidia")
    for folder in spec.submodule_search_locations if spec else ():
        candidates += [str(p) for p in Path(folder).glob("*/lib/libnvrtc.so.*") if re.fullmatch(r"libnvrtc\.so\.\d+", p.name)]
    candidates.append(ctypes.util.find_library("nvrtc"))
    for name in candidates:
        if name is not None:
            return ctypes.CDLL(name)
    raise RuntimeError("NVRTC is not here: pip install nvidia-cuda-nvrtc-cu12 compiles the kernels without a card")


def compile_for_card(text: str, defines: dict | None = None, architecture: str = ARCHITECTURE) -> Compiled:
    """Compile a kernel text of `flavours` to a card's machine code.

    Raises:
        CompilationError: NVRTC refuses it; with its first complaint.
        RuntimeError: there is no NVRTC.
    """
    nvrtc, program = library(), ctypes.c_void_p()
    options = [f"--gpu-architecture={architecture}", "--ptxas-options=-v", *DEVICE_FLAGS]
    source = device_source(text, defines).encode()
    _check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None))
    try:
        start = time.perf_counter()
        status = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*(o.encode() for o in options)))
        seconds = time.perf_counter() - start
        log = _bytes(program, nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog).decode(errors="replace")
        if status != 0:
            complaint = next((line for line in log.splitlines() if "error" in line), log.strip()[:300])
            raise CompilationError(f"NVRTC does not compile a kernel for {architecture}: {complaint}")
        cubin = _bytes(program, nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    found = {name: Resources(int(registers), *map(int, rest)) for name, *rest, registers in _FUNCTION.findall(log)}
    return Compiled(cubin, found, seconds)


def _bytes(program, size_of, fill):
    size = ctypes.c_size_t()
    _check(size_of(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(fill(program, buffer))
    return buffer.raw


def _check(status):
    if status != 0:
        raise RuntimeError(f"NVRTC answers with status {status}")

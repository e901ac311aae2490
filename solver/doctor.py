"""What this environment has and lacks: versions, BLAS, MPI, off-screen pictures, GPU, cache of compiled forms, machine.

Nothing outside the standard library is imported before it is looked at, so that a broken environment gets an answer too.
"""

from __future__ import annotations

import ctypes
import glob
import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from solver import __version__

HOW_TO_GET = "container/run sets up an environment that has it"
OLDEST_DOLFINX = (0, 9)
OLDEST_PYTHON = (3, 10)


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        subject: what was looked at.
        state: "ok", "warning" (works, but not as it should), "absent" (optional and not there) or "missing" (required).
        value: what was found.
        advice: a sentence, required for every state but "ok".
    """

    subject: str
    state: str
    value: str
    advice: str = ""


def version_of(module: str, distribution: str | None = None) -> str:
    """Import `module` and return its version.

    Args:
        module: name to import.
        distribution: name under which its version is recorded, where that differs.

    Raises:
        ImportError: when the import fails in any way (a missing shared library raises OSError by itself).
    """
    try:
        imported = importlib.import_module(module)
    except Exception as error:
        raise ImportError(f"{type(error).__name__}: {error}") from error
    try:
        return importlib.metadata.version(distribution or module)
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(imported, "__version__", "version unknown"))


def package(module: str, use: str, distribution: str | None = None) -> Finding:
    """A required Python package."""
    try:
        return Finding(module, "ok", version_of(module, distribution))
    except ImportError as error:
        return Finding(module, "missing", str(error), f"{module} is needed for {use}: {HOW_TO_GET}.")


def python() -> Finding:
    """The interpreter."""
    value = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "missing", value, f"halofil needs Python >= {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]}.")
    return Finding("python", "ok", value)


def dolfinx() -> Finding:
    """DOLFINx, recent enough."""
    found = package("dolfinx", "everything but `halofil check`", "fenics-dolfinx")
    if found.state == "ok" and tuple(int(n) for n in re.findall(r"\d+", found.value)[:2]) < OLDEST_DOLFINX:
        return Finding("dolfinx", "missing", found.value, f"halofil needs DOLFINx >= 0.9: {HOW_TO_GET}.")
    return found


def petsc() -> Finding:
    """PETSc, with real numbers and the direct solver the CPU engine uses."""
    found = package("petsc4py.PETSc", "the CPU engine", "petsc4py")
    if found.state != "ok":
        return Finding("petsc", found.state, found.value, found.advice)
    from petsc4py import PETSc

    scalar = PETSc.ScalarType.__name__
    lacking = [name for name in ("mumps", "hypre") if not PETSc.Sys.hasExternalPackage(name)]
    value = f"{'.'.join(map(str, PETSc.Sys.getVersion()))}, {scalar}"
    if scalar.startswith("complex"):
        return Finding("petsc", "missing", value, "halofil needs PETSc built for real numbers, not complex ones.")
    if "mumps" in lacking:
        return Finding("petsc", "missing", value, f"this PETSc has no MUMPS, which small systems need: {HOW_TO_GET}.")
    return Finding("petsc", "ok", value + ", MUMPS" + ("" if "hypre" in lacking else ", hypre"))


def blas_libraries(maps: str) -> list[tuple[str, str]]:
    """The BLAS libraries among the files a process has mapped.

    Args:
        maps: text of /proc/<pid>/maps.

    Returns:
        (kind, path) of each; kind "OpenBLAS", "MKL", "BLIS", "ATLAS" or "reference" (the slow one, Netlib's).
    """
    kinds = {"OpenBLAS": "openblas", "MKL": r"libmkl", "BLIS": r"/blis|libblis", "ATLAS": "atlas"}
    paths = sorted({line.split(maxsplit=5)[-1].strip() for line in maps.splitlines() if "/" in line})
    found = []
    for path in paths:
        kind = next((name for name, pattern in kinds.items() if re.search(pattern, path, re.IGNORECASE)), None)
        if kind:
            found.append((kind, path))
        elif re.search(r"/lib(ref)?blas\.so", path):
            found.append(("reference", path))
    return found


def blas(maps: str | None) -> Finding:
    """The BLAS in use.

    Args:
        maps: text of /proc/self/maps after PETSc was loaded; None where the system has no such file.
    """
    if maps is None:
        return Finding("BLAS", "ok", "not known on this system (no /proc/self/maps)")
    found = blas_libraries(maps)
    if not found:
        advice = "No BLAS is loaded: PETSc is not there, or has its own built in."
        return Finding("BLAS", "warning", "none loaded", advice)
    # One library a kind, and rather libopenblas than the libblas that stands for it.
    value = "; ".join(f"{kind} ({max((p for k, p in found if k == kind), key=len)})" for kind in dict(found))
    if any(kind == "reference" for kind, _ in found):
        advice = "Reference BLAS is in use, on which a factorisation takes about 7 times as long: install OpenBLAS"
        return Finding("BLAS", "warning", value, advice + " (Debian: libopenblas0-pthread).")
    return Finding("BLAS", "ok", value)


def mpi_family(text: str) -> str:
    """Which MPI a version text speaks of: "Open MPI", "MPICH" (and what descends from it) or "unknown"."""
    if re.search(r"open\s?mpi|open-mpi|openrte|prrte", text, re.IGNORECASE):
        return "Open MPI"
    if re.search(r"mpich|hydra|intel\(r\) mpi|mvapich", text, re.IGNORECASE):
        return "MPICH"
    return "unknown"


def mpi() -> Finding:
    """The MPI library that mpi4py uses."""
    found = package("mpi4py.MPI", "every run, on one rank too", "mpi4py")
    if found.state != "ok":
        return Finding("MPI", found.state, found.value, found.advice)
    from mpi4py import MPI

    library = MPI.Get_library_version().strip("\x00\n ").splitlines()[0].split(", package")[0]
    return Finding("MPI", "ok", f"{library} (mpi4py {found.value})")


def mpirun(library: str) -> Finding:
    """The launcher, which must belong to the library.

    Args:
        library: version text of the MPI library in use.
    """
    path = shutil.which("mpirun")
    if path is None:
        return Finding("mpirun", "missing", "not on PATH", f"mpirun is needed for --ranks: {HOW_TO_GET}.")
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("mpirun", "missing", f"{path}: {error}", f"{path} does not answer: {HOW_TO_GET}.")
    text = (done.stdout + done.stderr).strip()
    value = f"{text.splitlines()[0] if text else 'version unknown'} ({path})"
    families = mpi_family(text), mpi_family(library)
    if "unknown" not in families and families[0] != families[1]:
        advice = f"{path} starts {families[0]} programs but the library is {families[1]}: every rank would run alone."
        return Finding("mpirun", "warning", value, advice)
    return Finding("mpirun", "ok", value)


def compiler() -> Finding:
    """The C compiler that turns forms into code when they are first used."""
    command = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    path = shutil.which(command)
    if path is None:
        advice = f"Forms are compiled when first used: {HOW_TO_GET}."
        return Finding("C compiler", "missing", f"{command} is not on PATH", advice)
    return Finding("C compiler", "ok", path)


PICTURE = """
import pyvista
plotter = pyvista.Plotter(off_screen=True, window_size=(64, 64))
plotter.add_mesh(pyvista.Sphere())
assert plotter.screenshot(return_img=True).std() > 0, "the picture is empty"
device = [line for line in plotter.render_window.ReportCapabilities().splitlines() if "renderer string" in line]
print(plotter.render_window.GetClassName(), device[0].split(":", 1)[1].strip() if device else "")
"""


def off_screen() -> Finding:
    """Whether VTK can draw without a screen (in a process of its own: where it cannot, it may abort)."""
    try:
        done = subprocess.run([sys.executable, "-c", PICTURE], capture_output=True, text=True, timeout=120, check=False)
        lines = done.stdout.strip().splitlines()
        if done.returncode == 0 and lines:
            return Finding("off-screen pictures", "ok", lines[-1])
        last = done.stderr.strip().splitlines()
        value = last[-1] if last else f"ended with status {done.returncode}"
    except subprocess.TimeoutExpired:
        value = "no answer in 120 s"
    advice = "No 3D pictures without it: install libegl1 and set VTK_DEFAULT_OPENGL_WINDOW=vtkEGLRenderWindow."
    return Finding("off-screen pictures", "warning", value, advice)


def jit_cache() -> Finding:
    """Where compiled forms are kept, and whether they can be."""
    try:
        from dolfinx.jit import get_options

        place = Path(get_options()["cache_dir"])
    except (ImportError, KeyError):
        place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fenics"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        advice = "Compiled forms cannot be kept there: set XDG_CACHE_HOME to a folder you can write."
        return Finding("cache of compiled forms", "missing", f"{place}: {error.strerror}", advice)
    return Finding("cache of compiled forms", "ok", f"{place}, {len(list(place.glob('*.so')))} forms")


def cuda_driver() -> Finding:
    """The NVIDIA driver's library."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        advice = "Only for --engine cuda: it comes with NVIDIA's driver and is looked for along LD_LIBRARY_PATH."
        return Finding("CUDA driver", "absent", "the loader finds no libcuda.so.1", advice)
    version = ctypes.c_int(0)
    driver.cuDriverGetVersion(ctypes.byref(version))
    return Finding("CUDA driver", "ok", f"CUDA {version.value // 1000}.{version.value % 1000 // 10}")


def gpus() -> Finding:
    """The GPUs the driver shows, or else the device files, and where one would be looked for."""
    files = sorted(glob.glob("/dev/nvidia[0-9]*"))
    names = []
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        count = ctypes.c_int(0)
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0:
            for index in range(count.value):
                name, size = ctypes.create_string_buffer(128), ctypes.c_size_t(0)
                driver.cuDeviceGetName(name, len(name), index)
                driver.cuDeviceTotalMem_v2(ctypes.byref(size), index)
                names.append(f"{name.value.decode()}, {size.value / 2**30:.0f} GiB")
    except OSError:
        pass
    if names:
        return Finding("GPU", "ok", "; ".join(names))
    if files:
        advice = "There is a GPU but the CUDA driver does not show it here, so --engine auto takes the CPU."
        return Finding("GPU", "absent", ", ".join(files), advice)
    advice = "Only for --engine cuda: an NVIDIA GPU would appear as /dev/nvidia0."
    return Finding("GPU", "absent", "no /dev/nvidia0", advice)


def cupy() -> Finding:
    """The Python package the CUDA engine stands on."""
    # Its wheels are named by the CUDA version they are for: cupy-cuda13x.
    for distribution in importlib.metadata.distributions():
        if re.match(r"cupy(-|$)", distribution.metadata["Name"] or ""):
            return Finding("cupy", "ok", f"{distribution.metadata['Name']} {distribution.version}")
    advice = "Only for --engine cuda: pip install cupy-cuda12x or cupy-cuda13x."
    return Finding("cupy", "absent", "not installed", advice)


def memory_limit() -> int | None:
    """Bytes this process may use by its control group, None where that sets no limit."""
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(place).read_text().strip()
        except OSError:
            continue
        # "No limit" is the word max, or in the older kind a number near 2^63.
        if text.isdigit() and int(text) < 2**60:
            return int(text)
    return None


def machine() -> list[Finding]:
    """Cores and memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = [Finding("cores", "ok", f"{cores} ({platform.machine()}, {platform.system()})")]
    try:
        import psutil

        memory = psutil.virtual_memory()
    except ImportError:
        return found
    total, free = memory.total, memory.available
    limit = memory_limit()
    if limit is not None:
        total, free = min(total, limit), min(free, limit)
    return [*found, Finding("memory", "ok", f"{total / 2**30:.1f} GiB, {free / 2**30:.1f} GiB free")]


PACKAGES = {
    "gmsh": "building meshes",
    "h5py": "fields and checkpoints",
    "pyvista": "pictures and `halofil view`",
    "vtkmodules": "pictures and `halofil view`",
    "numpy": "everything",
    "scipy": "everything",
    "pandas": "tables",
    "pyarrow": "tables in Parquet",
    "matplotlib": "figures",
    "pydantic": "reading scenarios",
    "pint": "reading units",
    "ruamel.yaml": "reading scenarios",
    "typer": "the command line",
    "rich": "printed tables",
    "psutil": "memory figures",
}


def examine() -> Iterable[Finding]:
    """Look at everything, one finding after the other (the order matters: BLAS is known once PETSc is loaded)."""
    yield Finding("halofil", "ok", f"{__version__} ({Path(__file__).resolve().parents[1]})")
    yield python()
    yield dolfinx()
    yield petsc()
    maps = Path("/proc/self/maps")
    yield blas(maps.read_text() if maps.exists() else None)
    library = mpi()
    yield library
    yield mpirun(library.value)
    yield compiler()
    for module, use in PACKAGES.items():
        yield package(module, use, "vtk" if module == "vtkmodules" else None)
    yield off_screen()
    yield jit_cache()
    yield cuda_driver()
    yield gpus()
    yield cupy()
    yield from machine()


def report(findings: Iterable[Finding], write: Callable[[str], object] = print) -> int:
    """Print findings as a table, then a sentence for each that needs one.

    Args:
        findings: what `examine` found.
        write: prints a line of text, used where rich is not there.

    Returns:
        1 if something required is missing, otherwise 0.
    """
    findings = list(findings)
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        for finding in findings:
            write(f"{finding.subject:<24} {finding.state:<8} {finding.value}")
    else:
        colours = {"ok": "green", "warning": "yellow", "absent": "dim", "missing": "red"}
        table = Table(box=None)
        for title in ("what", "state", "found"):
            table.add_column(title, overflow="fold")
        for finding in findings:
            table.add_row(finding.subject, Text(finding.state, style=colours[finding.state]), Text(finding.value))
        Console().print(table)
    for finding in findings:
        if finding.state != "ok":
            write(f"{finding.state}: {finding.subject}: {finding.advice}")
    if any(finding.state == "missing" for finding in findings):
        return 1
    write("Everything that is required is here.")
    return 0


def main() -> int:
    """`halofil doctor`: print what is here; exit status 1 if something required is missing."""
    return report(examine())

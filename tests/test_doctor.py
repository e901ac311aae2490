"""halofil doctor: tells a complete environment from a broken one, and why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import types
from pathlib import Path

import pytest

from solver import doctor
from solver.doctor import Finding

PROJECT = Path(__file__).resolve().parents[1]
MAP = "7f0000000000-7f0000001000 r-xp 00000000 fe:00 1234                       {}\n"


def python(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter that finds this checkout."""
    command = [sys.executable, *options, "-c", f"import sys; sys.path.insert(0, {str(PROJECT)!r}); {code}"]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_this_environment_is_complete():
    done = python("from solver.doctor import main; sys.exit(main())")
    assert done.returncode == 0, done.stdout + done.stderr
    for subject in ("dolfinx", "petsc", "BLAS", "MPI", "mpirun", "gmsh", "vtkmodules", "h5py", "memory", "GPU"):
        assert f" {subject} " in done.stdout


def test_without_any_package_it_still_answers_and_says_what_is_missing():
    done = python("from solver.doctor import main; sys.exit(main())", "-S", "-E")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ""
    for module in ("dolfinx", "gmsh", "rich"):
        assert f"missing: {module}: {module} is needed for " in done.stdout


def test_importing_the_doctor_imports_nothing_heavy():
    heavy = {"dolfinx", "gmsh", "pyvista", "petsc4py", "rich"}
    done = python(f"import solver.doctor; print(sorted({heavy} & set(sys.modules)))")
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.12.1", "reference"),
        ("/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3", "OpenBLAS"),
        ("/opt/conda/lib/libopenblasp-r0.3.30.so", "OpenBLAS"),
        ("/opt/conda/lib/python3.13/numpy.libs/libscipy_openblas64_-abc.so", "OpenBLAS"),
        ("/opt/intel/libmkl_core.so.2", "MKL"),
        ("/usr/lib/x86_64-linux-gnu/blis-openmp/libblas.so.3", "BLIS"),
    ],
)
def test_blas_is_recognised_by_its_library(path, kind):
    assert doctor.blas_libraries(MAP.format(path) + MAP.format("/usr/lib/libcublas.so.12")) == [(kind, path)]


def test_reference_blas_is_warned_of_even_beside_a_fast_one():
    fast, slow = "/x/libopenblasp-r0.3.30.so", "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.12.1"
    assert doctor.blas(MAP.format(fast)).state == "ok"
    found = doctor.blas(MAP.format(fast) + MAP.format(slow))
    assert found.state == "warning"
    assert "libopenblas0-pthread" in found.advice


@pytest.mark.parametrize(
    ("text", "state"), [("mpirun (Open MPI) 5.0.7", "ok"), ("HYDRA build details:", "warning"), ("launcher 1.0", "ok")]
)
def test_mpirun_of_another_mpi_is_warned_of(text, state, tmp_path, monkeypatch):
    (tmp_path / "mpirun").write_text(f"#!/bin/sh\necho '{text}'\n")
    (tmp_path / "mpirun").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.mpirun("Open MPI v5.0.7").state == state


def test_missing_mpirun_and_compiler_are_found_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    assert doctor.mpirun("Open MPI v5.0.7").state == "missing"
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    assert doctor.compiler().value == "no-such-compiler is not on PATH"


def test_cache_that_cannot_be_written_is_found_missing(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for place, state in ((tmp_path / "cache", "ok"), (tmp_path / "file" / "cache", "missing")):
        fake = types.SimpleNamespace(get_options=lambda place=place: {"cache_dir": place})
        monkeypatch.setitem(sys.modules, "dolfinx.jit", fake)
        found = doctor.jit_cache()
        assert (found.state, str(place) in found.value) == (state, True)


def test_too_old_dolfinx_is_as_good_as_missing(monkeypatch):
    for version, state in (("0.8.0", "missing"), ("0.9.0", "ok"), ("0.11.0.post1", "ok"), ("1.0", "ok")):
        monkeypatch.setattr(doctor, "version_of", lambda *_, version=version: version)
        assert doctor.dolfinx().state == state, version


def test_gpu_is_named_where_the_driver_shows_one(tmp_path):
    source = tmp_path / "driver.c"
    source.write_text(
        """
        #include <stddef.h>
        #include <string.h>
        int cuInit(unsigned flags) { return 0; }
        int cuDriverGetVersion(int *version) { *version = 13010; return 0; }
        int cuDeviceGetCount(int *count) { *count = 1; return 0; }
        int cuDeviceGetName(char *name, int size, int device) { strncpy(name, "Pretend 100", size); return 0; }
        int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)40 << 30; return 0; }
        """
    )
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "libcuda.so.1", source], check=True)
    code = "from solver.doctor import cuda_driver, gpus; print(cuda_driver().value, gpus().value, sep='|')"
    assert python(code, LD_LIBRARY_PATH=str(tmp_path)).stdout == "CUDA 13.1|Pretend 100, 40 GiB\n"


@pytest.mark.parametrize(("state", "status"), [("ok", 0), ("warning", 0), ("absent", 0), ("missing", 1)])
def test_only_what_is_required_and_missing_fails(state, status, capsys):
    lines = []
    assert doctor.report([Finding("thing", state, "value", "Get it.")], lines.append) == status
    assert (f"{state}: thing: Get it." in lines) == (state != "ok")
    assert "thing" in capsys.readouterr().out

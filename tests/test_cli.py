"""The command line: what is checked before anything heavy starts, exit statuses, and what reaches the solver."""

import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from solver import cli

SCENARIOS = Path(__file__).parents[1] / "scenarios"
QUICK = SCENARIOS / "quick.yaml"
HEAVY = {"dolfinx", "petsc4py", "mpi4py", "gmsh", "pyvista", "vtkmodules", "matplotlib", "pandas", "h5py"}


def halofil(*arguments):
    """Exit status, standard output, standard error of the command, in this process."""
    result = CliRunner().invoke(cli.app, [str(a) for a in arguments], prog_name="halofil")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(QUICK.read_text().replace("gap: 60 nm", "gap: 60"))
    return path


@pytest.fixture
def called(monkeypatch):
    """Stands in for the modules that do the work; the calls they got, and what they shall return."""
    calls = types.SimpleNamespace(list=[], result=0)

    def stand_in(module, function):
        def work(*arguments, **options):
            calls.list.append((function, arguments, options))
            if isinstance(calls.result, BaseException):
                raise calls.result
            return calls.result

        fake = types.ModuleType(module)
        setattr(fake, function, work)
        monkeypatch.setitem(sys.modules, module, fake)

    for module, function in (("solver.simulation", "run"), ("meshes.cli", "mesh_command"), ("solver.figures", "make_all"), ("solver.figures.view", "view"),
                             ("solver.analysis.comparison", "main"), ("solver.analysis.spectroscopy", "admittance"),
                             ("solver.doctor", "main")):
        stand_in(module, function)
    for name in ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"):
        monkeypatch.delenv(name, raising=False)
    return calls


def test_run_hands_scenario_folder_and_switches_to_the_simulation(called):
    code, _, _ = halofil("run", QUICK, "--set", "device.gap=70 nm", "--set", "solver.max_steps=9", "--resume")
    (_, (scenario, out), options), = called.list
    assert code == 0
    assert (scenario.device.gap, scenario.solver.max_steps, out) == (70e-9, 9, Path("results/quick"))
    assert options == {"resume": True, "force": False, "engine": "auto"}


@pytest.mark.parametrize("status", [0, 1, 2, 3, 130])
def test_run_exits_with_the_status_of_the_simulation(called, status):
    called.result = status
    assert halofil("run", QUICK)[0] == status


def test_an_interrupt_that_nobody_took_is_status_130(called):
    called.result = KeyboardInterrupt()
    code, _, err = halofil("run", QUICK)
    assert (code, err) == (130, "interrupted before a checkpoint could be written\n")


def test_an_exception_of_the_project_is_a_sentence_and_any_other_shows_its_place(called):
    from solver.units import QuantityError

    called.result = QuantityError("The mesh leaks.")
    assert halofil("run", QUICK) == (2, "", "The mesh leaks.\n")
    called.result = ZeroDivisionError("division by zero")
    code, _, err = halofil("run", QUICK)
    assert code == 1
    assert "ZeroDivisionError: division by zero" in err


def test_a_missing_package_is_said_in_a_sentence(called):
    called.result = ModuleNotFoundError("No module named 'dolfinx'", name="dolfinx")
    code, _, err = halofil("run", QUICK)
    assert code == 1
    assert err == "the Python package dolfinx is missing here; run the command as: container/run halofil ...\n"


@pytest.mark.parametrize("command", ["run", "mesh"])
def test_a_faulty_scenario_starts_nothing_and_writes_nothing(called, bad, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    code, out, err = halofil(command, bad)
    assert (code, out) == (2, "")
    assert err == f"{bad}:5: device.gap: 60 has no unit; write e.g. 60 nm\n"
    assert called.list == []
    assert list(tmp_path.iterdir()) == [bad]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--resume", "--force"], "--resume continues a result and --force overwrites it"),
        (["--out", QUICK], "is a file; name a folder"),
        (["--set", "device.gap=60"], "--set:1: device.gap: 60 has no unit"),
    ],
)
def test_options_that_cannot_be_met_are_bad_input(called, arguments, sentence):
    code, out, err = halofil("run", QUICK, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert called.list == []


def test_cuda_without_cupy_says_what_is_missing_and_auto_takes_the_cpu(called, monkeypatch):
    monkeypatch.delenv("HALOFIL_CUDA_FLAVOUR", raising=False)
    monkeypatch.setitem(sys.modules, "cupy", None)
    code, out, err = halofil("run", QUICK, "--engine", "cuda")
    assert (code, out) == (2, "")
    assert err.startswith("--engine cuda needs CuPy")
    assert err.count("\n") == 1
    assert called.list == []
    assert halofil("run", QUICK, "--engine", "auto")[0] == 0
    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "card")
    code, _, err = halofil("run", QUICK, "--engine", "cuda")
    assert (code, err) == (2, "HALOFIL_CUDA_FLAVOUR is 'card'; it must be device or host\n")


@pytest.mark.parametrize("arguments", [["--ranks", "0"], ["--ranks", "two"], ["--engine", "gpu"], ["--nope"]])
def test_misused_options_are_bad_input(called, arguments):
    assert halofil("run", QUICK, *arguments)[0] == 2
    assert called.list == []


def test_under_mpirun_the_number_of_ranks_must_agree(called, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "0")
    code, _, err = halofil("run", QUICK, "--ranks", "3")
    assert (code, err) == (2, "--ranks 3: mpirun has started 2 ranks; leave --ranks out\n")
    assert halofil("run", QUICK, "--ranks", "2")[0] == 0


def test_check_has_one_line_for_every_good_file():
    code, out, err = halofil("check", QUICK, SCENARIOS / "iv_sweep.yaml")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"{QUICK}: ok (quick, axisymmetric_gap, 3 steps)",
                                f"{SCENARIOS / 'iv_sweep.yaml'}: ok (iv_sweep, back_contact, 3 steps)"]


def test_check_has_one_line_for_every_fault_of_every_file(bad, tmp_path):
    code, out, _ = halofil("check", QUICK, bad, tmp_path / "none.yaml")
    assert code == 2
    assert out.splitlines() == [f"{bad}:5: device.gap: 60 has no unit; write e.g. 60 nm",
                                f"{tmp_path / 'none.yaml'}: no such file; that directory has bad.yaml"]


def test_check_takes_overrides():
    code, out, _ = halofil("check", QUICK, "--set", "device.gap=40 nm")
    assert code == 2
    assert re.search(r"physics.filament.initial.height: [0-9.]+ nm is not below the counter electrode", out)


def test_results_commands_want_a_folder(called, tmp_path):
    for command in ("figures", "view", "compare"):
        code, _, err = halofil(command, tmp_path / "none")
        assert (code, err) == (2, f"{tmp_path / 'none'}: no such folder; name the results folder of a run\n")
    assert halofil("figures", tmp_path)[0] == 0
    assert called.list == [("make_all", (tmp_path,), {})]


def test_compare_passes_on_that_a_row_is_outside_its_band(called, tmp_path):
    called.result = 1
    assert halofil("compare", tmp_path, tmp_path)[0] == 1


def test_view_passes_its_options_on_and_wants_a_length_with_its_unit(called, tmp_path):
    assert halofil("view", tmp_path, "--field", "potential", "--time", "0.8s", "--clip", "y=0", "--zoom", "30 nm",
                   "--png", "a.png", "--slice", "y=0", "--slice", "z=60", "--current", "--no-filament", "--beside", tmp_path,
                   "--animation", "film.gif", "--fps", "5")[0] == 0
    (_, arguments, options), = called.list
    assert arguments == (tmp_path,)
    assert options == {"field": "potential", "time": "0.8s", "clip": "y=0", "line": None, "isosurface": None,
                       "png": Path("a.png"), "zoom": pytest.approx(30.0), "slices": ("y=0", "z=60"), "current": True,
                       "filament": False, "beside": tmp_path, "animation": Path("film.gif"), "fps": 5.0}
    code, _, err = halofil("view", tmp_path, "--zoom", "30")
    assert (code, err) == (2, "--zoom: 30 has no unit; write e.g. 30 nm\n")


def test_the_files_a_command_wrote_are_named(called, tmp_path):
    called.result = [tmp_path / "iv.png", tmp_path / "gap.png"]
    assert halofil("figures", tmp_path) == (0, f"wrote {tmp_path / 'iv.png'}\nwrote {tmp_path / 'gap.png'}\n", "")


def test_help_lists_the_commands_in_the_order_of_use():
    code, out, _ = halofil("--help")
    names = ["run", "check", "mesh", "figures", "report", "view", "compare", "admittance", "doctor", "schema"]
    found = [line.split()[1] for line in out.splitlines() if len(line.split()) > 2 and line.split()[1] in names]
    assert code == 0
    assert found == names


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["check", QUICK], ["schema"],
                                       ["run", QUICK, "--set", "device.gap=6"],
                                       ["admittance", QUICK, "--frequencies", "1 kHz:1 Hz"]])
def test_nothing_heavy_is_imported_before_the_input_is_known_to_be_good(arguments):
    program = ("import sys\nfrom solver import cli\n"
               f"try:\n    cli.app({[str(a) for a in arguments]!r})\n"
               f"except SystemExit:\n    sys.exit(' '.join({HEAVY!r} & set(sys.modules)) or 0)\n")
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_module_runs_as_a_program(bad):
    result = subprocess.run([sys.executable, "-m", "solver.cli", "check", bad], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (2, "")
    assert result.stdout == f"{bad}:5: device.gap: 60 has no unit; write e.g. 60 nm\n"

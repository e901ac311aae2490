"""`halofil bench`: a bundle carries its problem and its references; sizes are reached; failures are sentences."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.devices import SHORT_FILAMENT, SLAB, scenario

TEXT = SLAB[2] + SHORT_FILAMENT


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    from solver.benchmark.bundles import export

    folder = tmp_path_factory.mktemp("bundle")
    path = folder / "problem.npz"
    assert export(scenario(folder, TEXT), path) == [path]
    return path


def test_a_bundle_agrees_with_dolfinx_and_is_timed_part_by_part(bundle):
    from solver.benchmark.bundles import AGREEMENT, measure

    found = measure(bundle, "host")
    assert found["agrees"] and max(found["largest difference of the row"].values()) <= AGREEMENT
    assert found["converged"] and 0 < found["linear iterations"] < 100
    parts = [found[f"{name} [s]"] for name in ("residual", "Jacobian", "set-up", "solve")]
    assert found["Newton step [s]"] == pytest.approx(sum(parts)) and min(parts[0], parts[1], parts[3]) > 0
    for name in ("residual", "Jacobian", "set-up", "solve"):
        assert 0 < found[f"{name}, least traffic [B]"] < 1e9 and (found[f"{name} [s]"] == 0.0 or 0 < found[f"{name}, share of copy bandwidth"] < 1.5), name
    assert json.loads(json.dumps(found)) == found


def test_traffic_is_counted_launch_by_launch_and_only_when_asked():
    from solver.benchmark.traffic import Meter
    from solver.engines.cuda.blocks import compile_blocks
    from solver.engines.cuda.flavours import make_flavour

    meter = Meter(make_flavour("host"))
    blocks = compile_blocks(meter, 2)
    # two nodes, four blocks; one of two colours sweeps over half of everything but its own list of rows
    indptr, indices = np.array([0, 2, 4]), np.array([0, 1, 0, 1], dtype=np.int32)
    s, b, x, rows = np.ones((4, 2, 2)), np.ones((2, 2)), np.zeros((2, 2)), np.array([1], dtype=np.int32)

    def work():
        blocks.launch("multiply", 4, indptr, indices, s, x, b)
        blocks.launch("sweep", 2, rows, indptr, indices, s, b, x)

    whole = indptr.nbytes + indices.nbytes + s.nbytes + b.nbytes + x.nbytes
    assert meter.counted(work) == (2, whole + rows.nbytes + whole // 2)
    blocks.launch("multiply", 4, indptr, indices, s, x, b)
    assert meter.launches == 2


def test_a_bundle_whose_numbers_differ_fails(bundle, tmp_path, capsys):
    from solver.benchmark.bundles import run

    with np.load(bundle) as file:
        content = dict(file)
    content["extra/product"] = content["extra/product"] * (1 + 1e-9)
    np.savez(tmp_path / "other.npz", **content)
    assert run([bundle, tmp_path / "other.npz"], "host") == 1
    assert [m["agrees"] for m in json.loads(capsys.readouterr().out)["measurements"]] == [True, False]


def test_what_is_no_bundle_or_in_the_way_is_said_in_a_sentence(bundle, tmp_path, capsys):
    from solver.benchmark.bundles import export, run

    np.savez(tmp_path / "empty.npz", a=np.zeros(1))
    assert run([tmp_path / "empty.npz"], "host") == 2
    assert "is no problem bundle" in capsys.readouterr().err
    (tmp_path / "text.npz").write_text("name: quick")
    assert run([tmp_path / "text.npz"], "host") == 2
    assert "text.npz is no problem bundle" in capsys.readouterr().err
    assert run([tmp_path / "missing.npz"], "host") == 2
    assert "missing.npz" in capsys.readouterr().err
    before = bundle.read_bytes()
    assert export(scenario(tmp_path, TEXT), bundle) == 2
    assert "exists; --force overwrites it" in capsys.readouterr().err and bundle.read_bytes() == before


def test_the_mesh_is_refined_to_the_wanted_number_of_unknowns(tmp_path):
    import meshes
    from solver.benchmark.sizes import refined

    finer = refined(scenario(tmp_path, SLAB[3].replace("5 nm", "4 nm") + SHORT_FILAMENT), 6000, tmp_path / "first.msh")
    nodes = meshes.build(finer, tmp_path / "again.msh").nodes
    # lengths are divided into whole numbers of cells
    assert 0.8 < nodes * 5 / 6000 < 1.25
    assert finer.mesh.size_at_filament < 4e-9


def test_a_bundle_runs_where_there_is_neither_dolfinx_nor_mpi(bundle):
    script = (
        "import sys\n"
        "for name in ('dolfinx', 'ufl', 'basix', 'ffcx', 'mpi4py', 'petsc4py', 'gmsh', 'pydantic', 'pint', 'typer'):\n"
        "    sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from solver.benchmark.bundles import run\n"
        "sys.exit(run([Path(sys.argv[1])], 'host'))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, bundle], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["measurements"][0]["agrees"]

"""--ranks: signals reach the ranks, exit statuses come out as they are, faults are said once, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.parallel

QUICK = Path(__file__).parents[1] / "scenarios" / "quick.yaml"

# A rank that works until it is interrupted, then takes a second to write its checkpoint, like a long time step.
RANK = """
import signal, sys, time
from pathlib import Path
from mpi4py import MPI
from solver import launch
folder, status, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
comm, asked = MPI.COMM_WORLD, []
signal.signal(signal.SIGINT, lambda *_: asked.append(1))
launch.take_requests()
(folder / f"started{comm.rank}").write_text(str(__import__("os").getpid()))
end = time.monotonic() + seconds
while not comm.allreduce(len(asked)) and comm.bcast(time.monotonic() < end):
    time.sleep(0.02)
if asked:
    time.sleep(1.2)
    (folder / f"checkpoint{comm.rank}").write_text("")
    status = 130
sys.exit(launch.leave(status))
"""
SUPERVISOR = "import sys; from solver.launch import run_ranks; sys.exit(run_ranks(2, sys.argv[2:], [sys.executable, sys.argv[1]]))"


def supervise(folder, status, seconds):
    (folder / "rank.py").write_text(RANK)
    return subprocess.Popen([sys.executable, "-c", SUPERVISOR, folder / "rank.py", folder, str(status), str(seconds)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("status", [0, 2, 3, 130])
def test_the_status_of_the_ranks_comes_out_without_mpiruns_comments(status, tmp_path):
    process = supervise(tmp_path, status, 0)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert "prterun" not in err
    assert "mpirun" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_signal_leaves_every_rank_the_time_to_write_its_checkpoint(number, tmp_path):
    process = supervise(tmp_path, 0, 30)
    wait_for(lambda: (tmp_path / "started0").exists() and (tmp_path / "started1").exists())
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert {p.name for p in tmp_path.glob("checkpoint*")} == {"checkpoint0", "checkpoint1"}
    assert "stopping after this time step" in err


@pytest.mark.parametrize("victim", ["supervisor", "mpirun"])
def test_killing_one_of_the_starters_leaves_no_ranks_behind(victim, tmp_path):
    process = supervise(tmp_path, 0, 30)
    wait_for(lambda: all((tmp_path / f"started{i}").exists() and (tmp_path / f"started{i}").read_text() for i in (0, 1)))
    ranks = [int((tmp_path / f"started{i}").read_text()) for i in (0, 1)]
    if victim == "supervisor":
        process.kill()
    else:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode not in (0, 2, 3, 130)
    wait_for(lambda: not any(alive(rank) for rank in ranks))


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_fault_is_said_once_under_mpirun(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(QUICK.read_text().replace("gap: 60 nm", "gap: 60"))
    for command in (["mpirun", "-n", "2", sys.executable, "-m", "solver.cli", "run", bad],
                    [sys.executable, "-m", "solver.cli", "run", bad, "--ranks", "2"]):
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60,
                                cwd=tmp_path)
        assert result.returncode == 2
        assert (result.stdout + result.stderr).count("60 has no unit") == 1


def test_ranks_without_mpirun_is_a_sentence(tmp_path):
    env = {**os.environ, "PATH": str(tmp_path)}
    for name in ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"):
        env.pop(name, None)
    result = subprocess.run([sys.executable, "-m", "solver.cli", "run", QUICK, "--ranks", "2"], env=env,
                            capture_output=True, text=True, check=False, timeout=60,
                                cwd=tmp_path)
    assert (result.returncode, result.stderr) == (
        2, "--ranks 2: there is no mpirun on PATH; install Open MPI or MPICH, or leave --ranks out\n")

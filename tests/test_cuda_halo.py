"""The exchange between cards: both paths bring every number, and only the one through the host goes through the host."""

import subprocess
import sys

import pytest


@pytest.mark.parallel
@pytest.mark.parametrize("ranks", [2, 3])
def test_ghosts_arrive_through_the_host_and_by_an_mpi_that_knows_cuda(ranks):
    command = ["mpirun", "-n", str(ranks), sys.executable, "-m", "tests.halo_exchange"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr

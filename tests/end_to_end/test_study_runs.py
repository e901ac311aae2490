"""A study through the command line: kill -9 in the middle and again gives the table of an uninterrupted one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas
import pytest

ROOT = Path(__file__).parents[2]
TINY = """\
name: tiny
device: {layout: axisymmetric_gap, gap: 20 nm, radius: 30 nm}
mesh: {size_at_filament: 3 nm, core_radius: 12 nm}
material: mapbi3_gold
physics: {filament: {interface_width: 2 nm, initial: {core_radius: 2 nm, core_height: 10 nm, radius: 5 nm, height: 14 nm}}}
terminals: {top: driven, bottom: ground}
protocol: [{sweep: {to: 0.06 V, rate: 0.1 V/s}}, {sweep: {to: 0 V, rate: 0.1 V/s}}]
output: {fields_every: 50 mV, figures: off, checkpoint_every: 0.1 s}
"""
# the second member cannot go on: it may do two steps only
STUDY = """\
name: small
scenario: tiny.yaml
vary:
  - {device.radius: [30 nm, 30 nm, 34 nm], solver.max_steps: [100000, 2, 100000]}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "study.yaml").write_text(STUDY)
    return folder / "study.yaml"


def command(study, out):
    return [sys.executable, "-m", "solver.cli", "study", str(study), "--out", str(out)]


def table(out):
    return pandas.read_csv(out / "table.csv")


@pytest.fixture(scope="module")
def whole(study):
    out = study.parent / "whole"
    done = subprocess.run(command(study, out), cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    return out, done


def test_the_table_has_every_member_and_says_which_failed_and_why(whole):
    out, done = whole
    found = table(out)
    assert done.returncode == 1, done.stdout + done.stderr
    assert list(found["status"]) == ["done", "failed", "done"]
    assert "solver.max_steps (2) steps are done" in found["reason"][1]
    assert list(found["device.radius [m]"]) == [30e-9, 30e-9, 34e-9]
    assert found["S_off [S]"].notna().tolist() == [True, False, True]
    assert (out / "figures" / "device_radius.png").is_file()
    pandas.testing.assert_frame_equal(pandas.read_parquet(out / "table.parquet"), found, check_dtype=False)


def rows(out):
    return [len(f.read_text().splitlines()) for f in out.glob("members/*/terminals.csv") if f.stat().st_size]


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_study_ended_in_the_middle_and_started_again_gives_the_same_table(whole, study, number):
    out = study.parent / number.name
    process = subprocess.Popen(command(study, out), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 120
    while not any(n > 8 for n in rows(out)):
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.02)
    os.kill(process.pid, number)
    assert process.wait(timeout=60) == (-9 if number == signal.SIGKILL else 130)
    assert not all(f.parent.joinpath("summary.json").exists() for f in out.glob("members/*/terminals.csv"))
    again = subprocess.run(command(study, out), cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert again.returncode == 1, again.stdout + again.stderr
    assert any("resumed at" in f.read_text() for f in out.glob("members/*/run.log"))
    assert not table(out).columns.symmetric_difference(table(whole[0]).columns).size
    cost = "wall|seconds|memory|iterations|reason"  # a run resumed at its limit of steps takes one more before it stops
    one, other = (t.loc[:, ~t.columns.str.contains(cost)] for t in (table(whole[0]), table(out)))
    # as runs resumed by hand: rounding of the restart only
    pandas.testing.assert_frame_equal(one, other, rtol=1e-6, atol=1e-30)


SBATCH = """#!{python}
import os, re, subprocess, sys
*options, script = sys.argv[1:]
text = open(script).read()
with open("{log}", "a") as log:
    print(*options, file=log)
tasks = re.search(r"--array=0-(\\d+)", text)
for number in range(int(tasks.group(1)) + 1 if tasks else 1):
    subprocess.run(["bash", script], env={{**os.environ, "SLURM_ARRAY_TASK_ID": str(number)}}, stdout=sys.stderr)
print("{job}" if tasks else "78")
"""


def test_a_job_array_and_the_job_after_it_make_the_table(study):
    """By a stand-in for sbatch that notes its options and runs every task of the script at once."""
    folder = study.parent / "bin"
    folder.mkdir()
    (folder / "sbatch").write_text(SBATCH.format(python=sys.executable, log=folder / "log", job="77;cluster"))
    (folder / "sbatch").chmod(0o755)
    (study.parent / "two.yaml").write_text(STUDY.replace("30 nm, 30 nm, 34 nm", "30 nm, 30 nm").replace("100000, 2, 100000", "100000, 2"))
    out = study.parent / "slurm"
    run = [*command(study.parent / "two.yaml", out), "--slurm", "--jobs", "1", "--sbatch=--partition=long"]
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "submitted job 77 with 2 tasks" in done.stdout, done.stdout + done.stderr
    assert (folder / "log").read_text().splitlines() == [
        "--parsable --partition=long", "--parsable --partition=long --dependency=afterany:77"]
    script = (out / "slurm" / "members.sh").read_text()
    assert "#SBATCH --array=0-1%1\n" in script and "#SBATCH --ntasks=1\n" in script
    assert list(table(out)["status"]) == ["done", "failed"], done.stderr
    again = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert again.returncode == 1 and "1 of 2 members done, 1 failed" in again.stdout  # nothing is left to submit
    assert len((folder / "log").read_text().splitlines()) == 2

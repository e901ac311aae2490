"""A study as a Slurm job array: one task a member, then a job that writes the table."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from solver.results.folder import atomic_write_text

from . import memory
from .members import Member

PROJECT = Path(__file__).parents[2]
GRACE = 120  # s before a time limit at which a task is told to write its checkpoint


def halofil() -> list[str]:
    """What starts Python with halofil on a node: container/run of this checkout, else this Python itself."""
    run = PROJECT / "container" / "run"
    return [str(run), "python"] if run.is_file() else [sys.executable]


def array_script(name: str, folder: Path, members: Sequence[Member], jobs: int | None) -> str:
    """The sbatch script of the job array.

    Args:
        name: of the study.
        folder: absolute; where the script, the list of members and Slurm's logs lie.
        members: one a task; of one study, so that they want the same ranks.
        jobs: tasks at a time; None: as many as Slurm lets.
    """
    need = memory.MARGIN * max(memory.Expectation().of(member.kind) for member in members)
    lines = {"job-name": name, "array": f"0-{len(members) - 1}" + (f"%{jobs}" if jobs else ""), "nodes": "1",
             "ntasks": str(members[0].ranks), "mem": f"{need / 2**20:.0f}M", "output": f"{folder}/%A_%a.log",
             "signal": f"B:TERM@{GRACE}"}
    task = shlex.join([*halofil(), "-m", "solver.studies.task", str(folder / "members.txt")])
    return "#!/bin/bash\n" + "".join(f"#SBATCH --{key}={value}\n" for key, value in lines.items()) + (
        f"cd {shlex.quote(str(Path.cwd()))}\n"
        f"exec {task} \"$SLURM_ARRAY_TASK_ID\"\n")


def table_script(name: str, folder: Path, study: Path, out: Path) -> str:
    """The sbatch script that writes table and figures."""
    command = shlex.join([*halofil(), "-m", "solver.cli", "study", str(study.absolute()), "--out", str(out.absolute()), "--table"])
    return (f"#!/bin/bash\n#SBATCH --job-name={name}-table\n#SBATCH --ntasks=1\n#SBATCH --output={folder}/table.log\n"
            f"cd {shlex.quote(str(Path.cwd()))}\nexec {command}\n")


def submit(name: str, study: Path, out: Path, members: Sequence[Member], jobs: int | None, options: Sequence[str]) -> int:
    """Write the scripts and submit them.

    Args:
        name, study, out: the study's name, file and results folder.
        members: those that are not finished.
        jobs: tasks at a time.
        options: for sbatch, e.g. --partition=long; they win over the script's.

    Returns:
        0 submitted, or written where there is no sbatch; sbatch's own status when it refuses.
    """
    folder = (out / "slurm").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for member in members:
        member.write()
    atomic_write_text(folder / "members.txt", "".join(f"{m.scenario}\t{m.ranks}\n" for m in members))
    array, table = folder / "members.sh", folder / "table.sh"
    atomic_write_text(array, array_script(name, folder, members, jobs))
    atomic_write_text(table, table_script(name, folder, study, out))
    sbatch = shutil.which("sbatch")
    if sbatch is None:
        print(f"wrote {array} and {table}; there is no sbatch on PATH here: submit the first with sbatch, then the second "
              "with --dependency=afterany:JOB")
        return 0
    status, job = _sbatch([sbatch, "--parsable", *options, str(array)])
    if status:
        return status
    status, after = _sbatch([sbatch, "--parsable", *options, f"--dependency=afterany:{job}", str(table)])
    if status:
        return status
    print(f"submitted job {job} with {len(members)} tasks, and job {after} that writes the table when they have ended")
    return 0


def _sbatch(command: list[str]) -> tuple[int, str]:
    """Exit status and job number."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"sbatch refused: {done.stderr.strip() or done.stdout.strip()}", file=sys.stderr)
    return done.returncode, done.stdout.strip().partition(";")[0]

"""One task of a Slurm job array: ``python -m solver.studies.task MEMBERS.TXT NUMBER`` runs that member of the list."""

import sys
from pathlib import Path

from solver.scenario import load_scenario

from .members import DONE, Member
from .pool import INTERRUPTED_STATUS, Pool


def main(file: str, number: str) -> int:
    """Run the member in line NUMBER (from 0) as a study would, with its checkpoint, lock and record of failure.

    Returns:
        0 done, 1 failed, 130 stopped by a signal.
    """
    text, _, ranks = Path(file).read_text(encoding="utf-8").splitlines()[int(number)].partition("\t")
    path = Path(text)
    member = Member.of(load_scenario(path), path.parent, {}, ranks=int(ranks), digest=path.stem)
    with Pool(1) as pool:
        pool.run([member], retry=True)
    if member.status != DONE:
        print(member.reason or "stopped; it goes on when the study is submitted again")
    return INTERRUPTED_STATUS if pool.interrupted else 0 if member.status == DONE else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

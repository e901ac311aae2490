"""`python -m tests.verification [MODULE...] [--check]`: measure the verification sections and write docs/verification.md."""

import argparse
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.verification import page


def main() -> int:
    """Exit status: 0 every claim holds, 1 one does not (or the page is incomplete), 2 a name is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.verification", description=__doc__)
    parser.add_argument("modules", nargs="*", help="names of verification modules, with or without test_; all without any")
    parser.add_argument("--check", action="store_true", help="measure nothing; fail when the page misses a section")
    given = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    if given.check:
        found = page.faults()
        for fault in found:
            console.print(f"docs/verification.md: {fault}")
        if found:
            console.print("run: container/run python -m tests.verification")
        return 1 if found else 0
    names = [name.removesuffix(".py").rpartition("/")[2].removeprefix("test_") for name in given.modules]
    unknown = sorted(set(names) - set(page.modules()))
    if unknown:
        console.print(f"no verification module {', '.join(unknown)}; there are {', '.join(page.modules())}")
        return 2
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                   console=console, disable=not console.is_terminal)
    with bar:
        task = bar.add_task("collecting", total=len(page.sections(names or None)))

        def report(key, entry):
            if entry is None:
                bar.update(task, description=key)
                return
            state = entry.error or ("holds" if entry.holds else "DOES NOT HOLD")
            console.print(f"{entry.seconds:6.1f} s  {key}: {state}", markup=False)
            bar.advance(task)

        good = page.update(names, report)
    console.print(f"wrote {page.PAGE.relative_to(page.ROOT)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

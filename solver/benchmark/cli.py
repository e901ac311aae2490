"""`halofil bench`: one Newton step timed part by part, on the cpu and on a graphics card."""

from pathlib import Path
from typing import Annotated

import typer

from solver.invocation import Scenario, Set, carry_out, load_or_refuse, refuse

bench = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@bench.command()
def export(
    scenario: Scenario,
    out: Annotated[Path, typer.Option(metavar="FILE", help="bundle to write (.npz)", show_default=False)],
    overrides: Set = None,
    unknowns: Annotated[int | None, typer.Option("--unknowns", min=100, metavar="N", show_default=False,
                        help="about as many, by other element sizes (default: the scenario's own)")] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite an earlier bundle")] = False,
) -> None:
    """Write the first Newton step of a scenario as one file, with DOLFINx's own residual and Jacobian to compare with."""
    carry_out("solver.benchmark.bundles", "export", load_or_refuse(scenario, overrides), out, force=force, unknowns=unknowns)


@bench.command("run")
def run_bundle(
    bundles: Annotated[list[Path], typer.Argument(metavar="FILE...", help="bundles (.npz)", show_default=False)],
    host: Annotated[bool, typer.Option("--host", help="on one core instead of a card")] = False,
) -> None:
    """Check and time bundles, on a machine without DOLFINx too; JSON; exit status 1 where the references are not met."""
    carry_out("solver.benchmark.bundles", "run", bundles, "host" if host else "device")


@bench.command()
def sizes(
    scenario: Scenario,
    overrides: Set = None,
    unknowns: Annotated[list[int] | None, typer.Option("--unknowns", min=100, metavar="N", show_default=False,
                        help="number of unknowns; can be repeated (default: 50 k, 200 k, 1 M, 5 M)")] = None,
    ranks: Annotated[list[int] | None, typer.Option("--ranks", min=1, metavar="N", show_default=False,
                     help="ranks on cores; can be repeated (default: 1 and all cores)")] = None,
    engines: Annotated[list[str] | None, typer.Option("--engine", metavar="NAME", show_default=False,
                       help="cpu ('cpu ilu', 'cpu multigrid': whatever the size), cuda ('cuda jacobi': with block Jacobi "
                       "smoothing), or 'cuda host' (its kernels on cores); can be repeated (default: cpu and cuda)")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="JSON file (default: printed)")] = None,
) -> None:
    """The same step at several mesh sizes, by both engines on this machine; JSON."""
    import os

    from solver.benchmark.sizes import ENGINES, SIZES

    loaded = load_or_refuse(scenario, overrides)
    names = engines or ["cpu", "cuda"]
    for name in names:
        if name not in ENGINES:
            refuse(f"--engine {name}: it must be one of {', '.join(ENGINES)}")
    cores = len(os.sched_getaffinity(0))
    carry_out("solver.benchmark.sizes", "run", loaded, unknowns or SIZES, ranks or sorted({1, cores}), names, out)

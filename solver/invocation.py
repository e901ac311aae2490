"""What every command of `halofil` does alike: common options, refusals, ranks, and the exit status of what it calls."""

import sys
import traceback
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from solver import launch

DONE, CHECK_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

Scenario = Annotated[Path, typer.Argument(metavar="SCENARIO", help="scenario file (YAML)", show_default=False)]
Results = Annotated[Path, typer.Argument(metavar="DIR", help="results folder of a run", show_default=False)]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", show_default=False,
                help="override one value, e.g. device.spacer_thickness='90 nm'; can be repeated")]

Ranks = Annotated[int | None, typer.Option(min=1, metavar="N", show_default=False,
                  help="number of MPI ranks (default: the cores, up to 4, in 3D; else 1)")]

Jobs = Annotated[int | None, typer.Option(min=1, metavar="N", show_default=False,
                 help="runs at a time (default: as many as the cores hold)")]


class Engine(str, Enum):
    """What assembles and solves."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


def load_or_refuse(path: Path, overrides: list[str] | None) -> Any:
    from solver.scenario import ScenarioError, load_scenario

    try:
        return load_scenario(path, overrides or ())
    except ScenarioError as error:
        refuse(str(error))


def quantity(option: str, text: str, kind: str) -> float:
    """Value of an option in SI, or a refusal that names the option."""
    from solver.units import QuantityError, parse_quantity

    try:
        return parse_quantity(text, kind)
    except QuantityError as error:
        refuse(f"{option}: {error}")


def existing(folder: Path) -> Path:
    if not folder.is_dir():
        refuse(f"{folder}: {'is a file' if folder.exists() else 'no such folder'}; name the results folder of a run")
    return folder


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def refuse(message: str) -> NoReturn:
    """Bad input: say so once, whatever the number of ranks, and leave with status 2."""
    if not launch.mpi_rank():
        print(message, file=sys.stderr, flush=True)
    launch.let_rank_0_speak()
    raise typer.Exit(launch.leave(BAD_INPUT))


def cards_for(engine: Engine) -> int:
    """Cards that the engine asked for may use; a refusal where it needs one and there is none."""
    from solver.engines.choice import EngineError, cards

    if engine is Engine.cpu:
        return 0
    try:
        return cards()
    except EngineError as error:
        if engine is Engine.cuda:
            refuse(str(error))
        return 0


def on_wanted_ranks(ranks: int | None, dimension: int, on_cards: bool = False) -> None:
    """Go on as one of the ranks, or hand the command over to as many as are wanted (default: by the dimension; 1 with a card)."""
    size = launch.mpi_size()
    default = 1 if on_cards else launch.default_ranks(dimension)
    ranks = ranks or (size if size is not None else default)
    if size is None and launch.mpi_rank() is None and ranks > 1:
        on_ranks(ranks)
    if size is not None and ranks not in (None, size):
        refuse(f"--ranks {ranks}: mpirun has started {size} ranks; leave --ranks out")
    launch.take_requests()


def on_ranks(ranks: int) -> NoReturn:
    """Hand this very command over to `ranks` MPI ranks."""
    arguments = sys.argv[1:]
    try:
        raise typer.Exit(launch.run_ranks(ranks, arguments))
    except FileNotFoundError as error:
        refuse(f"--ranks {ranks}: {error}; install Open MPI or MPICH, or leave --ranks out")


def carry_out(module: str, function: str, *arguments: Any, **options: Any) -> NoReturn:
    """Import and call what does the work; what it returns is the exit status, or the files it wrote."""
    from importlib import import_module

    try:
        code = getattr(import_module(module), function)(*arguments, **options)
    except KeyboardInterrupt:
        if not launch.mpi_rank():
            print("interrupted before a checkpoint could be written", file=sys.stderr, flush=True)
        launch.leave(INTERRUPTED)
        launch.abort(INTERRUPTED)
        code = INTERRUPTED
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("solver", "meshes"):
            raise
        print(f"the Python package {error.name} is missing here; run the command as: container/run halofil ...",
              file=sys.stderr)
        code = CHECK_FAILED
    except Exception as error:  # noqa: BLE001 - the last place where a failing rank can end the others
        code = explain(error)
        launch.abort(code)
    if isinstance(code, list):
        print("\n".join(f"wrote {file}" for file in code))
    raise typer.Exit(launch.leave(code if isinstance(code, int) else DONE))


def explain(error: Exception) -> int:
    """Exit status of an exception, after saying what it is: halofil's own carry a sentence about the input, any other
    is a defect and shows where."""
    launch.let_rank_0_speak()
    if type(error).__module__.partition(".")[0] in ("solver", "meshes"):
        print(error, file=sys.stderr, flush=True)
        launch.leave(BAD_INPUT)
        return BAD_INPUT
    traceback.print_exception(error)
    return CHECK_FAILED

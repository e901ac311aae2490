"""The `halofil` command. Heavy packages are imported by the command that needs them, after its input is checked."""

import sys
import traceback
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

import solver
from solver import launch

DONE, CHECK_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="3D simulation of halide-perovskite memristors.")

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


def _version(wanted: bool) -> None:
    if wanted:
        print(f"halofil {solver.__version__}")
        raise typer.Exit


@app.callback()
def _main(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True,
                                                help="Print the version.")] = False) -> None:
    pass


@app.command()
def run(
    scenario: Scenario,
    overrides: Set = None,
    ranks: Ranks = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue from the last checkpoint")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="results folder (default: results/NAME)")] = None,
    engine: Annotated[Engine, typer.Option(help="what assembles and solves")] = Engine.auto,
    force: Annotated[bool, typer.Option("--force", help="overwrite a finished result")] = False,
) -> None:
    """Run a scenario."""
    loaded = _load(scenario, overrides)
    cards = _cards(engine)
    if resume and force:
        _refuse("--resume continues a result and --force overwrites it; give one of them")
    folder = out or Path("results") / loaded.name
    if folder.exists() and not folder.is_dir():
        _refuse(f"--out {folder}: is a file; name a folder")
    _on_wanted_ranks(ranks, loaded.device.dimension, on_cards=cards > 0)
    _call("solver.simulation", "run", loaded, folder, resume=resume, force=force, engine=engine.value)


@app.command()
def check(
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO...", help="scenario files", show_default=False)],
    overrides: Set = None,
) -> None:
    """Check scenarios without running them: one line per fault."""
    from solver.scenario import ScenarioError, load_scenario

    good, faults = [], []
    for path in scenarios:
        try:
            loaded = load_scenario(path, overrides or ())
            good.append(f"{path}: ok ({loaded.name}, {loaded.device.layout}, {_count(len(loaded.protocol), 'step')})")
        except ScenarioError as error:
            faults += error.faults
    print("\n".join(map(str, dict.fromkeys(faults) if faults else good)))
    raise typer.Exit(BAD_INPUT if faults else DONE)


@app.command()
def mesh(
    scenario: Scenario,
    overrides: Set = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="folder to write to (default: results/NAME)")] = None,
) -> None:
    """Build the mesh; print sizes, quality and predicted cost; write it and a picture."""
    loaded = _load(scenario, overrides)
    folder = out or Path("results") / loaded.name
    _call("meshes.cli", "mesh_command", loaded, folder)


@app.command()
def figures(results: Results) -> None:
    """Draw the figures of a run again."""
    _call("solver.figures", "make_all", _existing(results))


@app.command()
def view(
    results: Results,
    field: Annotated[str | None, typer.Option(metavar="NAME", help="e.g. filament (default), potential, vacancies")] = None,
    time: Annotated[str | None, typer.Option(metavar="TIME", help="e.g. 0.8s, or set, reset, first, last (default)")] = None,
    clip: Annotated[str | None, typer.Option(metavar="PLANE", help="cut the cell open there, e.g. y=0 (nm)")] = None,
    line: Annotated[str | None, typer.Option(metavar="POINTS",
                    help="profile between two points, x,y,z:x,y,z (nm)")] = None,
    isosurface: Annotated[float | None, typer.Option(metavar="VALUE", help="draw this isosurface of the field")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="write a picture instead of a window")] = None,
    zoom: Annotated[str | None, typer.Option(metavar="LENGTH", help="show only this far around the filament, e.g. "
                                             "'30 nm'")] = None,
) -> None:
    """Look into a run: any field, at any time, cut anywhere."""
    around = None if zoom is None else 1e9 * _quantity("--zoom", zoom, "length")  # nm
    _call("solver.figures.view", "view", _existing(results), field=field, time=time, clip=clip, line=line,
          isosurface=isosurface, png=png, zoom=around)


@app.command()
def compare(
    results: Annotated[list[Path], typer.Argument(metavar="DIR...", help="results folders", show_default=False)],
) -> None:
    """Compare measured and simulated numbers; exit status 1 when any is outside its band."""
    _call("solver.analysis.comparison", "main", [_existing(folder) for folder in results])


@app.command()
def study(
    file: Annotated[Path, typer.Argument(metavar="STUDY", help="study file (YAML)", show_default=False)],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="results folder (default: results/NAME)")] = None,
    jobs: Jobs = None,
    retry: Annotated[bool, typer.Option("--retry", help="run members again that failed")] = False,
    force: Annotated[bool, typer.Option("--force", help="run finished members again")] = False,
    table: Annotated[bool, typer.Option("--table", help="run nothing: table and figures of what is finished")] = False,
    slurm: Annotated[bool, typer.Option("--slurm", help="submit what is not finished as a Slurm job array")] = False,
    sbatch: Annotated[list[str] | None, typer.Option("--sbatch", metavar="OPTION", show_default=False,
                      help="option for sbatch, e.g. --sbatch=--partition=long; can be repeated")] = None,
) -> None:
    """Run a base scenario with values of any keys varied, members side by side; the same command continues it."""
    if sbatch and not slurm:
        _refuse("--sbatch goes with --slurm")
    _call("solver.studies.study", "run", file, out, jobs=jobs, force=force, retry=retry, only_table=table, on_slurm=slurm,
          sbatch=sbatch or ())


@app.command()
def fit(
    file: Annotated[Path, typer.Argument(metavar="FIT", help="fit file (YAML)", show_default=False)],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="results folder (default: results/NAME)")] = None,
    jobs: Jobs = None,
    sensitivities: Annotated[bool, typer.Option("--sensitivities", help="derivatives of every observable by every "
                             "parameter at the present set, and which parameters the data cannot tell apart")] = False,
    force: Annotated[bool, typer.Option("--force", help="begin anew, forget earlier trials")] = False,
) -> None:
    """Find parameters within bounds that bring the simulation closest to the measurements; the same command continues it."""
    _call("solver.studies.fit", "run", file, out, jobs=jobs, force=force, sensitivities=sensitivities)


@app.command()
def admittance(
    scenario: Scenario,
    overrides: Set = None,
    bias: Annotated[str | None, typer.Option(metavar="VOLTAGE", help="bias applied in equilibrium, e.g. '0.1 V' (without "
                                             "it the scenario's protocol is run first)")] = None,
    hold: Annotated[str | None, typer.Option(metavar="TIME", help="how long the bias is held, e.g. '1 s' (default: until "
                                             "nothing changes any more)")] = None,
    frequencies: Annotated[str, typer.Option(metavar="RANGE", help="FIRST:LAST:N/decade, or frequencies separated by "
                                             "commas")] = "1mHz:1MHz:10/decade",
    freeze_filament: Annotated[bool, typer.Option("--freeze-filament", help="the filament does not respond to the small "
                                                  "signal")] = False,
    ranks: Ranks = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="folder to write to (default: "
                                             "results/NAME_admittance)")] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite an earlier spectrum")] = False,
) -> None:
    """Small-signal admittance at a bias point: table, Nyquist and Bode plot."""
    from solver.analysis.frequencies import FrequencyError, parse_frequencies

    loaded = _load(scenario, overrides)
    try:
        grid = parse_frequencies(frequencies)
    except FrequencyError as error:
        _refuse(f"--frequencies: {error}")
    volts = None if bias is None else _quantity("--bias", bias, "voltage")
    seconds = None if hold is None else _quantity("--hold", hold, "time")
    moving = loaded.physics.filament != "off"
    if volts is not None and abs(volts) > 100:
        _refuse(f"--bias: {bias} is out of range; it must be between -100 V and 100 V")
    if seconds is not None and seconds <= 0:
        _refuse("--hold: must be more than 0 s")
    if seconds is not None and volts is None:
        _refuse("--hold goes with --bias; without --bias the scenario's protocol is run, which has its own holds")
    if freeze_filament and not moving:
        _refuse("--freeze-filament: the scenario has no filament (physics.filament: off); leave it out")
    if moving and volts is not None and seconds is None and not freeze_filament:
        _refuse("--bias: a filament goes on moving for long; give --hold, e.g. --hold '1 s', or --freeze-filament")
    folder = out or Path("results") / f"{loaded.name}_admittance"
    _on_wanted_ranks(ranks, loaded.device.dimension)
    _call("solver.analysis.spectroscopy", "admittance", loaded, folder, volts, seconds, grid, freeze=freeze_filament,
          force=force)


bench = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(bench, name="bench", help="Time one Newton step part by part, on the cpu and on a graphics card.")


@bench.command()
def export(
    scenario: Scenario,
    out: Annotated[Path, typer.Option(metavar="FILE", help="bundle to write (.npz)", show_default=False)],
    overrides: Set = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite an earlier bundle")] = False,
) -> None:
    """Write the first Newton step of a scenario as one file, with DOLFINx's own residual and Jacobian to compare with."""
    _call("solver.benchmark.bundles", "export", _load(scenario, overrides), out, force=force)


@bench.command("run")
def run_bundle(
    bundle: Annotated[Path, typer.Argument(metavar="FILE", help="bundle (.npz)", show_default=False)],
    host: Annotated[bool, typer.Option("--host", help="on one core instead of a card")] = False,
) -> None:
    """Check and time a bundle, on a machine without DOLFINx too; JSON; exit status 1 where the references are not met."""
    _call("solver.benchmark.bundles", "run", bundle, "host" if host else "device")


@bench.command()
def sizes(
    scenario: Scenario,
    overrides: Set = None,
    unknowns: Annotated[list[int] | None, typer.Option("--unknowns", min=100, metavar="N", show_default=False,
                        help="number of unknowns; can be repeated (default: 50 k, 200 k, 1 M, 5 M)")] = None,
    ranks: Annotated[list[int] | None, typer.Option("--ranks", min=1, metavar="N", show_default=False,
                     help="ranks of the cpu engine; can be repeated (default: 1 and all cores)")] = None,
    engines: Annotated[list[str] | None, typer.Option("--engine", metavar="NAME", show_default=False,
                       help="cpu, cuda, or 'cuda host' (its kernels on one core); can be repeated (default: cpu and "
                       "cuda)")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="JSON file (default: printed)")] = None,
) -> None:
    """The same step at several mesh sizes, by both engines on this machine; JSON."""
    import os

    from solver.benchmark.sizes import SIZES

    loaded = _load(scenario, overrides)
    names = engines or ["cpu", "cuda"]
    for name in names:
        if name not in ("cpu", "cuda", "cuda host"):
            _refuse(f"--engine {name}: it must be cpu, cuda or 'cuda host'")
    cores = len(os.sched_getaffinity(0))
    _call("solver.benchmark.sizes", "run", loaded, unknowns or SIZES, ranks or sorted({1, cores}), names, out)


@app.command()
def crosstalk(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="results of array runs, or of a study of them")],
    limit: Annotated[float, typer.Option(help="largest disturb that is borne: ln change of the victim over that of the "
                                         "written cell")] = 0.01,
) -> None:
    """Disturb against pitch of an array's cells, and the smallest pitch for a limit."""
    _call("solver.analysis.crosstalk", "main", [_existing(folder) for folder in folders], limit)


@app.command()
def doctor() -> None:
    """Say what this machine has: versions, libraries, MPI, what is missing."""
    _call("solver.doctor", "main")


@app.command()
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="as the reference of docs/scenarios.md")] = False,
) -> None:
    """Print every scenario key: JSON schema, or a reference to read."""
    import json

    from solver.scenario import json_schema
    from solver.scenario.reference import reference

    print(reference() if markdown else json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _load(path: Path, overrides: list[str] | None) -> Any:
    from solver.scenario import ScenarioError, load_scenario

    try:
        return load_scenario(path, overrides or ())
    except ScenarioError as error:
        _refuse(str(error))


def _quantity(option: str, text: str, kind: str) -> float:
    """Value of an option in SI, or a refusal that names the option."""
    from solver.units import QuantityError, parse_quantity

    try:
        return parse_quantity(text, kind)
    except QuantityError as error:
        _refuse(f"{option}: {error}")


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        _refuse(f"{folder}: {'is a file' if folder.exists() else 'no such folder'}; name the results folder of a run")
    return folder


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _refuse(message: str) -> NoReturn:
    """Bad input: say so once, whatever the number of ranks, and leave with status 2."""
    if not launch.mpi_rank():
        print(message, file=sys.stderr, flush=True)
    launch.let_rank_0_speak()
    raise typer.Exit(launch.leave(BAD_INPUT))


def _cards(engine: Engine) -> int:
    """Cards that the engine asked for may use; a refusal where it needs one and there is none."""
    from solver.engines.choice import EngineError, cards

    if engine is Engine.cpu:
        return 0
    try:
        return cards()
    except EngineError as error:
        if engine is Engine.cuda:
            _refuse(str(error))
        return 0


def _on_wanted_ranks(ranks: int | None, dimension: int, on_cards: bool = False) -> None:
    """Go on as one of the ranks, or hand the command over to as many as are wanted (default: by the dimension; 1 with a card)."""
    size = launch.mpi_size()
    default = 1 if on_cards else launch.default_ranks(dimension)
    ranks = ranks or (size if size is not None else default)
    if size is None and launch.mpi_rank() is None and ranks > 1:
        _on_ranks(ranks)
    if size is not None and ranks not in (None, size):
        _refuse(f"--ranks {ranks}: mpirun has started {size} ranks; leave --ranks out")
    launch.take_requests()


def _on_ranks(ranks: int) -> NoReturn:
    """Hand this very command over to `ranks` MPI ranks."""
    arguments = sys.argv[1:]
    try:
        raise typer.Exit(launch.run_ranks(ranks, arguments))
    except FileNotFoundError as error:
        _refuse(f"--ranks {ranks}: {error}; install Open MPI or MPICH, or leave --ranks out")


def _call(module: str, function: str, *arguments: Any, **options: Any) -> NoReturn:
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
        code = _explain(error)
        launch.abort(code)
    if isinstance(code, list):
        print("\n".join(f"wrote {file}" for file in code))
    raise typer.Exit(launch.leave(code if isinstance(code, int) else DONE))


def _explain(error: Exception) -> int:
    """Exit status of an exception, after saying what it is: halofil's own carry a sentence about the input, any other
    is a defect and shows where."""
    launch.let_rank_0_speak()
    if type(error).__module__.partition(".")[0] in ("solver", "meshes"):
        print(error, file=sys.stderr, flush=True)
        launch.leave(BAD_INPUT)
        return BAD_INPUT
    traceback.print_exception(error)
    return CHECK_FAILED


def main() -> None:
    """Entry point of the `halofil` command."""
    app()


if __name__ == "__main__":
    main()

"""The `halofil` command. Heavy packages are imported by the command that needs them, after its input is checked."""

from pathlib import Path
from typing import Annotated

import typer

import solver
from solver.benchmark.cli import bench
from solver.invocation import (
    BAD_INPUT,
    DONE,
    Engine,
    Jobs,
    Ranks,
    Results,
    Scenario,
    Set,
    cards_for,
    carry_out,
    counted,
    existing,
    load_or_refuse,
    on_wanted_ranks,
    quantity,
    refuse,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="3D simulation of halide-perovskite memristors.")
app.add_typer(bench, name="bench", help="Time one Newton step part by part, on the cpu and on a graphics card.")


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
    loaded = load_or_refuse(scenario, overrides)
    cards = cards_for(engine)
    if resume and force:
        refuse("--resume continues a result and --force overwrites it; give one of them")
    folder = out or Path("results") / loaded.name
    if folder.exists() and not folder.is_dir():
        refuse(f"--out {folder}: is a file; name a folder")
    on_wanted_ranks(ranks, loaded.device.dimension, on_cards=cards > 0)
    carry_out("solver.simulation", "run", loaded, folder, resume=resume, force=force, engine=engine.value)


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
            good.append(f"{path}: ok ({loaded.name}, {loaded.device.layout}, {counted(len(loaded.protocol), 'step')})")
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
    loaded = load_or_refuse(scenario, overrides)
    folder = out or Path("results") / loaded.name
    carry_out("meshes.cli", "mesh_command", loaded, folder)


@app.command()
def figures(results: Results) -> None:
    """Draw the figures of a run again."""
    carry_out("solver.figures", "make_all", existing(results))


@app.command()
def report(
    results: Results,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="file to write (default: DIR/report.html)")] = None,
) -> None:
    """Write a run as one HTML page that opens from disk."""
    if out is not None and (out.suffix not in (".html", ".htm") or out.is_dir()):
        refuse(f"--out {out}: name a file that ends in .html")
    carry_out("solver.report", "make", existing(results), out)


@app.command()
def view(
    results: Results,
    field: Annotated[str | None, typer.Option(metavar="NAME", help="e.g. filament (default), potential, vacancies")] = None,
    time: Annotated[str | None, typer.Option(metavar="TIME", help="e.g. 0.8s, or set, reset, first, last (default)")] = None,
    clip: Annotated[str | None, typer.Option(metavar="PLANE", help="cut the cell open there, e.g. y=0 (nm)")] = None,
    slices: Annotated[list[str] | None, typer.Option("--slice", metavar="PLANE", show_default=False,
                      help="colour this plane and leave the rest open, e.g. y=0 (nm); can be repeated")] = None,
    line: Annotated[str | None, typer.Option(metavar="POINTS",
                    help="profile between two points, x,y,z:x,y,z (nm), or gap: along the gap")] = None,
    isosurface: Annotated[float | None, typer.Option(metavar="VALUE", help="draw this isosurface of the field")] = None,
    filament: Annotated[bool | None, typer.Option("--filament/--no-filament", show_default=False, help="draw the filament's "
                        "surface (default: with --slice and --current)")] = None,
    current: Annotated[bool, typer.Option("--current", help="draw field lines of the current")] = False,
    beside: Annotated[Path | None, typer.Option(metavar="DIR", help="a second run, on the right, in the same colours")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="write a picture instead of a window")] = None,
    animation: Annotated[Path | None, typer.Option(metavar="FILE", help="write all stored steps as .mp4 or .gif")] = None,
    fps: Annotated[float, typer.Option(min=0.1, max=100.0, metavar="N", help="steps a second of the animation")] = 10.0,
    zoom: Annotated[str | None, typer.Option(metavar="LENGTH", help="show only this far around the filament, e.g. "
                                             "'30 nm'")] = None,
) -> None:
    """Look into a run: any field, at any time, cut anywhere; as a picture, a film or in a window."""
    around = None if zoom is None else 1e9 * quantity("--zoom", zoom, "length")  # nm
    carry_out("solver.figures.view", "view", existing(results), field=field, time=time, clip=clip, line=line,
              isosurface=isosurface, png=png, zoom=around, slices=tuple(slices or ()), filament=filament, current=current,
              beside=None if beside is None else existing(beside), animation=animation, fps=fps)


@app.command()
def compare(
    results: Annotated[list[Path], typer.Argument(metavar="DIR...", help="results folders", show_default=False)],
) -> None:
    """Compare measured and simulated numbers; exit status 1 when any is outside its band."""
    carry_out("solver.analysis.comparison", "main", [existing(folder) for folder in results])


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
        refuse("--sbatch goes with --slurm")
    carry_out("solver.studies.study", "run", file, out, jobs=jobs, force=force, retry=retry, only_table=table, on_slurm=slurm,
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
    carry_out("solver.studies.fit", "run", file, out, jobs=jobs, force=force, sensitivities=sensitivities)


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

    loaded = load_or_refuse(scenario, overrides)
    try:
        grid = parse_frequencies(frequencies)
    except FrequencyError as error:
        refuse(f"--frequencies: {error}")
    volts = None if bias is None else quantity("--bias", bias, "voltage")
    seconds = None if hold is None else quantity("--hold", hold, "time")
    moving = loaded.physics.filament != "off"
    if volts is not None and abs(volts) > 100:
        refuse(f"--bias: {bias} is out of range; it must be between -100 V and 100 V")
    if seconds is not None and seconds <= 0:
        refuse("--hold: must be more than 0 s")
    if seconds is not None and volts is None:
        refuse("--hold goes with --bias; without --bias the scenario's protocol is run, which has its own holds")
    if freeze_filament and not moving:
        refuse("--freeze-filament: the scenario has no filament (physics.filament: off); leave it out")
    if moving and volts is not None and seconds is None and not freeze_filament:
        refuse("--bias: a filament goes on moving for long; give --hold, e.g. --hold '1 s', or --freeze-filament")
    folder = out or Path("results") / f"{loaded.name}_admittance"
    on_wanted_ranks(ranks, loaded.device.dimension)
    carry_out("solver.analysis.spectroscopy", "admittance", loaded, folder, volts, seconds, grid, freeze=freeze_filament,
          force=force)


@app.command()
def crosstalk(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="results of array runs, or of a study of them")],
    limit: Annotated[float, typer.Option(help="largest disturb that is borne: ln change of the victim over that of the "
                                         "written cell")] = 0.01,
) -> None:
    """Disturb of an array's cells against pitch, with the smallest pitch for a limit, or against what else the runs differ in."""
    carry_out("solver.analysis.disturb_curve", "main", [existing(folder) for folder in folders], limit)


@app.command()
def compact(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="results of one cell that are fitted", show_default=False)],
    held_out: Annotated[list[Path] | None, typer.Option("--held-out", metavar="DIR", show_default=False,
                        help="results that are not fitted, only compared; can be repeated")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="folder to write to; its name is the subcircuit's")] = Path("results/cell"),
    force: Annotated[bool, typer.Option("--force", help="overwrite an earlier model")] = False,
) -> None:
    """Fit a compact model of one cell to runs: ngspice subcircuit, Verilog-A, errors, figure."""
    carry_out("solver.circuit_model.command", "main", [existing(f) for f in folders], [existing(f) for f in held_out or ()], out,
          force=force)


@app.command()
def doctor() -> None:
    """Say what this machine has: versions, libraries, MPI, what is missing."""
    carry_out("solver.doctor", "main")


@app.command()
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="as the reference of docs/scenarios.md")] = False,
) -> None:
    """Print every scenario key: JSON schema, or a reference to read."""
    import json

    from solver.scenario import json_schema
    from solver.scenario.reference import reference

    print(reference() if markdown else json.dumps(json_schema(), indent=2, ensure_ascii=False))


def main() -> None:
    """Entry point of the `halofil` command."""
    app()


if __name__ == "__main__":
    main()

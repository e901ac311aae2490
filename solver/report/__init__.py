"""A run in one HTML file that opens from disk: ``halofil report DIR``."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def make(directory: str | Path, out: str | Path | None = None) -> list[Path]:
    """Write the report of a run, finished or not.

    Args:
        directory: result folder.
        out: file to write, DIR/report.html by default.

    Returns:
        The file.

    Raises:
        NoResult: one sentence, when the folder is no result.
    """
    from solver.report import contents, health, page
    from solver.results.folder import atomic_write_text, existing
    from solver.results.tables import read_terminals
    from solver.scenario import load_scenario
    from solver.scenario.resolved import recorded_overrides

    folder = existing(directory)
    rows = read_terminals(folder.path)
    resolved = _read(folder.scenario)
    scenario = load_scenario(folder.scenario) if resolved else None
    summary = json.loads(_read(folder.summary) or "{}")
    log = _read(folder.log)
    effort = health.solving(rows, log)
    time = page.number(float(rows["time [s]"].iloc[-1]))
    status = f"{time} s simulated" + ("" if folder.finished else ", not finished")
    name = summary.get("name") or (scenario.name if scenario else folder.path.name)
    pictures = [path for path in _pictures(folder) if path.stem in contents.CAPTIONS]
    mesh = _mesh_rows(folder)
    scene = _scene(folder)
    body = [
        contents.head(scenario, name, status, summary),
        contents.measured(folder.path),
        contents.cells(summary),
        page.section("The device in 3D", page.scene(scene)) if scene else "",
        page.section("Figures", *(page.figure(path, contents.CAPTIONS[path.stem]) for path in pictures), contents.numbers(summary)),
        contents.set_up(resolved) if resolved else "",
        contents.overridden(scenario, recorded_overrides(resolved)) if scenario else "",
        contents.material(scenario) if scenario else "",
        page.section("Mesh", page.table((), mesh, "pairs")) if mesh else "",
        page.section("Solver", page.table((), health.solver_rows(effort, summary), "pairs"),
                     page.figure(health.draw(rows, folder.figures / "steps.png"), contents.CAPTIONS["steps"])),
        contents.log(log, effort.refused),
        page.Markup(f"<footer>{page.text(_footer(summary))}</footer>"),
    ]
    body.insert(1, _index(body))
    file = Path(out) if out is not None else folder.report
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(file, page.page(f"{name} – halofil", body))
    return [file]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _pictures(folder: Any) -> list[Path]:
    """The run's figures, drawn again where there are none or the run has gone on since."""
    from solver.figures import make_all
    from solver.report.contents import CAPTIONS

    there = [path for name in CAPTIONS if name != "steps" and (path := folder.figures / f"{name}.png").is_file()]
    if there and min(path.stat().st_mtime for path in there) >= folder.terminals.stat().st_mtime:
        return there
    drawn = {path.stem: path for path in make_all(folder.path)}
    return [drawn[name] for name in CAPTIONS if name in drawn]


def _mesh_rows(folder: Any) -> list[tuple[str, str]]:
    from solver.report.health import mesh_rows
    from solver.results.folder import NoResult
    from solver.results.snapshots import read_snapshots

    try:
        return mesh_rows(read_snapshots(folder.path))
    except NoResult:
        return []


def _scene(folder: Any) -> dict[str, Any] | None:
    """The exported scene, None where the run stored no fields or, after a warning, where it cannot be drawn."""
    if not (folder.fields.is_file() and folder.scenario.is_file()):
        return None
    with tempfile.TemporaryDirectory(prefix="halofil-") as scratch:
        file = Path(scratch) / "scene.json"
        done = subprocess.run([sys.executable, "-m", "solver.report.scene", str(folder.path), str(file)],
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return json.loads(file.read_text(encoding="utf-8"))
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    logging.getLogger("halofil").warning("the report has no 3D scene: it could not be drawn (exit status %d: %s)",
                                         done.returncode, last)
    return None


def _index(body: list[str]) -> str:
    """Links to the sections."""
    import re

    links = re.findall(r'<section id="([^"]+)"><h2>([^<]+)</h2>', "".join(map(str, body)))
    return "<nav>" + "".join(f'<a href="#{name}">{title}</a>' for name, title in links) + "</nav>"


def _footer(summary: dict[str, Any]) -> str:
    import solver

    version = summary.get("versions", {}).get("halofil", solver.__version__)
    return f"Made by halofil report from the files of one run of halofil {version}. Nothing on this page is fetched from elsewhere."

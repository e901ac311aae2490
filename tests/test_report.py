"""The report of a run: one file, opened from disk in a real browser; what it says and what it must not do."""

import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from solver.figures import style
from solver.report import contents, health, make, page
from solver.results.folder import NoResult
from solver.results.snapshots import read_snapshots
from solver.scenario.resolved import recorded_overrides, recorded_yaml
from tests import synthetic_run as synthetic
from tests.devices import scenario as scenario_of

SCENARIO = """
name: axisymmetric
device: {layout: axisymmetric_gap, gap: 60 nm, radius: 80 nm}
mesh: {size_at_filament: 3 nm}
physics:
  electronic: quasi_equilibrium
  filament: {interface_width: 2.4 nm, initial: {core_radius: 12 nm, core_height: 40 nm, radius: 12 nm, height: 44 nm}}
terminals: {top: driven, bottom: ground}
protocol: [{sweep: {to: 0.2 V, rate: 0.1 V/s}}, {sweep: {to: -0.2 V, rate: 0.1 V/s}}, {sweep: {to: 0 V, rate: 0.1 V/s}}]
"""
OVERRIDES = ("device.gap=60 nm", "material.film.relative_permittivity=40")
# what the page says about itself when it is open: pictures, scene, rows, in an attribute that the dumped DOM carries
PROBE = """<script>addEventListener("load", () => setTimeout(() => {
  const box = document.getElementById("frame").getBoundingClientRect();
  document.body.dataset.probe = JSON.stringify({
    pictures: [...document.querySelectorAll("figure[id^=figure] img")].map(i => i.naturalWidth),
    box: [box.left, box.top, box.right, box.bottom], buttons: document.querySelectorAll("#viewing button").length,
    wide: document.documentElement.scrollWidth - innerWidth,
    canvas: document.getElementById("frame").contentDocument.querySelectorAll("canvas").length });
}, 1500));</script>"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A result folder of a made-up axisymmetric run, and its report."""
    from mpi4py import MPI

    folder = tmp_path_factory.mktemp("report") / "run"
    scenario = scenario_of(folder.parent, SCENARIO, OVERRIDES)
    synthetic.write_run(folder, synthetic.rectangle_device(MPI.COMM_SELF, cells=(20, 15)), scenario, every=200)
    (folder / "scenario.yaml").write_text(recorded_yaml(scenario))
    (folder / "run.log").write_text(
        "2026-01-01 00:00:00 INFO    equilibrium at 0 V reached\n2026-01-01 00:00:01 INFO       t = 1 s, V = 0.1 V: step "
        "2.00e-02 s refused: local error 0.011 (tolerance 0.005); largest change in tunnelling at (7.5, 55.5) nm\n")
    (file_,) = make(folder)
    return SimpleNamespace(folder=folder, file=file_, scenario=scenario, html=file_.read_text(encoding="utf-8"))


def browse(html, folder):
    """Open a file in headless Chromium: the DOM, a screenshot, what the console said, what the page asked the network for."""
    browser = shutil.which("chromium")
    assert browser, "Chromium is part of the environment (container/apt-packages.txt)"
    folder.mkdir()
    done = subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--disable-component-update",
         "--hide-scrollbars", "--window-size=1250,1500", "--virtual-time-budget=2500", "--enable-logging=stderr",
         f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}",
         f"--screenshot={folder / 'page.png'}", "--dump-dom", html.as_uri()],
        capture_output=True, text=True, check=True, timeout=180)
    log = json.loads((folder / "net.json").read_text())
    started = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    jobs = [event.get("params", {}) for event in log["events"] if event["type"] == started]
    # the browser's own requests (for updates and the like) have no origin
    asked = [job["url"] for job in jobs if re.match(r"(https?|wss?|ftp):", job.get("url", "")) and job.get("initiator") != "not an origin"]
    return SimpleNamespace(dom=done.stdout, console=re.findall(r":CONSOLE:\d+\] \"(.*)\", source", done.stderr), asked=asked,
                           png=folder / "page.png")


@pytest.fixture(scope="module")
def opened(run, tmp_path_factory):
    """The report in the browser, with a script that reports on it."""
    folder = tmp_path_factory.mktemp("browser")
    file = folder / "report.html"
    file.write_text(run.html.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    return browse(file, folder / "chromium")


def test_opened_from_disk_the_report_shows_title_tables_figures_and_an_interactive_scene(opened):
    assert "<title>axisymmetric – halofil</title>" in opened.dom
    assert opened.dom.count("<table") >= 4
    probe = json.loads(re.search(r'data-probe="([^"]*)"', opened.dom).group(1).replace("&quot;", '"'))
    assert len(probe["pictures"]) == 4 and min(probe["pictures"]) > 500  # iv, history, states, steps
    assert probe["canvas"] == 1 and probe["buttons"] == 5  # two fields, three states
    assert probe["wide"] <= 0  # nothing sticks out of the page


def test_the_scene_shows_the_film_the_gold_and_the_filament(opened):
    from matplotlib.image import imread

    probe = json.loads(re.search(r'data-probe="([^"]*)"', opened.dom).group(1).replace("&quot;", '"'))
    left, top, right, bottom = (int(x) for x in probe["box"])
    seen = (imread(opened.png)[top + 3: bottom - 3, left + 3: right - 3, :3] * 255).astype(int)
    red, green, blue = np.moveaxis(seen, -1, 0)
    size = red.size
    assert np.mean(seen.min(axis=-1) > 250) > 0.3  # white around the device
    assert np.sum((red > green + 30) & (green > blue + 50)) > 0.01 * size  # gold
    assert np.sum((green > red + 60) & (green > blue + 30)) > 0.002 * size  # filament
    assert np.sum((red > blue + 30) & (abs(green - blue) < 45) & (green < red - 30)) > 0.01 * size  # 0.2 V: red


def test_the_report_asks_the_network_for_nothing_and_the_console_has_no_errors(opened):
    assert opened.asked == []
    assert [line for line in opened.console if line != "hashes,scene"] == []  # what the viewer says of its data


def test_a_page_that_does_would_be_found_out(tmp_path):
    page_ = tmp_path / "bad.html"
    page_.write_text("<!doctype html><title>x</title><img src='http://example.invalid/x.png'><script>throw Error('no')</script>")
    opened = browse(page_, tmp_path / "chromium")
    assert opened.asked == ["http://example.invalid/x.png"] and opened.console == ["Uncaught Error: no"]


def test_the_report_names_every_parameter_with_its_source_and_what_was_overridden(run):
    for path, entry in contents.parameters(run.scenario.material):
        assert page.text(path[-1].replace("_", " ")) in run.html
        assert page.text(entry.source) in run.html
    assert "device.gap" in run.html and "material.film.relative_permittivity" in run.html
    assert run.html.count("<span class=changed>override</span>") == 1
    assert "1 refused steps" in run.html and "not finished" in run.html
    assert recorded_overrides((run.folder / "scenario.yaml").read_text()) == list(OVERRIDES)


def test_measured_numbers_stand_beside_the_simulated_ones_as_compare_gives_them(run):
    from solver.analysis.comparison import compare

    rows = re.search(r"<table class=\"measured\">.*?</table>", run.html, re.DOTALL).group(0)
    assert rows.count("<tr>") == 1 + len(compare([run.folder]))
    assert "0.15</td><td>0.16</td><td>0.13 to 0.19</td><td>V</td>" in rows


def test_balances_are_measured_against_the_charge_that_passed():
    table = synthetic.sweep_table()
    table["charge imbalance [C]"] = 1e-12
    table["newton iterations"], table["linear iterations"] = 3, 30
    found = health.solving(table, "")
    time, current = table["time [s]"].to_numpy(), table["current top [A]"].abs().to_numpy()
    passed = np.sum(np.diff(time) * 0.5 * (current[1:] + current[:-1]))
    assert found.charge_error == pytest.approx(1e-12 / passed)
    assert (found.steps, found.newton, found.worst_newton) == (len(table), 3 * len(table), 3)


def test_the_mesh_of_a_report_is_the_stored_one(run):
    rows = dict(health.mesh_rows(read_snapshots(run.folder)))
    assert rows["nodes"] == "336" and rows["cells"] == "600 (film 600)"
    assert rows["negative edge weights in the film"].startswith("0 %")  # right angles only


@pytest.mark.parametrize("value, shown", [(0.16, "0.16"), (-1.5e-9, "−1.5\u202f×\u202f10⁻⁹"), (None, "–"), (1234567, "1\u202f234\u202f567")])
def test_numbers_are_printed_for_reading(value, shown):
    assert page.number(value) == shown


def test_text_from_files_cannot_become_markup(tmp_path, run):
    hostile = "</script><img src=x onerror=alert(1)>"
    assert page.text(hostile) == "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"
    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "run" / "run.log").write_text(f"2026-01-01 00:00:00 WARNING {hostile}\n")
    (tmp_path / "run" / "fields.vtkhdf").unlink()
    (file,) = make(tmp_path / "run", tmp_path / "page.html")
    assert hostile not in file.read_text(encoding="utf-8")
    assert "The device in 3D" not in file.read_text(encoding="utf-8")  # no fields, no scene


def test_no_result_is_one_sentence(tmp_path):
    with pytest.raises(NoResult, match="no terminals.csv"):
        make(tmp_path)


def test_the_command_writes_the_page_and_refuses_another_kind_of_file(tmp_path):
    from typer.testing import CliRunner

    from solver.cli import app

    refused = CliRunner().invoke(app, ["report", str(tmp_path), "--out", "report.pdf"])
    assert refused.exit_code == 2 and "ends in .html" in refused.output


@pytest.mark.parametrize("dimension", [1, 3])
def test_scenes_of_a_column_and_of_a_cell(tmp_path, dimension):
    from mpi4py import MPI

    from solver.report.scene import PLACE_OF_DATA, export

    if dimension == 1:
        from tests.test_figures_scenes import slab

        device, scenario = slab(), None
        text = SCENARIO.replace("layout: axisymmetric_gap, gap: 60 nm, radius: 80 nm", "layout: slab, thickness: 60 nm")
    else:
        pytest.importorskip("pyvista")
        text = SCENARIO.replace("layout: axisymmetric_gap, gap: 60 nm, radius: 80 nm",
                                "layout: back_contact, electrode_width: 300 nm, domain_length: 800 nm, spacer_thickness: 60 nm, "
                                "electrode_thickness: 50 nm, substrate_oxide_thickness: 100 nm, film_thickness: 300 nm, "
                                "cap_thickness: 200 nm, step: conformal, symmetry: half")
    scenario = scenario_of(tmp_path, text)
    if dimension == 3:
        from meshes.geometry.crossbar import Crossbar

        device = synthetic.cell_device(MPI.COMM_SELF, Crossbar.of(scenario.device))
    synthetic.write_run(tmp_path, device, scenario, every=200)
    exported = export(tmp_path)
    places = 2 if dimension == 3 else 1
    assert len(exported["scenes"]) == 2 * 3 * places and exported["viewer"].count(PLACE_OF_DATA) == 1
    assert "kitware.github.io/vtk-js/icon" not in exported["viewer"]
    assert exported["colours"]["potential"]["low"] == -exported["colours"]["potential"]["high"]
    assert len({scene["data"] for scene in exported["scenes"]}) == len(exported["scenes"])
    assert style.GOLD  # the colours are those of the figures

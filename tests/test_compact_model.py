"""The compact model: limits of its equations, its integration, its fit, and the same model in ngspice and as Verilog-A text."""

import json
import re
import subprocess

import numpy as np
import pandas
import pytest

from solver.circuit_model.command import main
from solver.circuit_model.equations import EQUATIONS, PARAMETERS, evaluate, inlined
from solver.circuit_model.fitting import fit, miss
from solver.circuit_model.integration import march, solve
from solver.circuit_model.netlist import subcircuit, verilog_a
from solver.circuit_model.waveforms import CellWaveform, read_waveform
from solver.results.tables import terminal_columns
from tests.devices import scenario

TRUE = {name: p.start for name, p in PARAMETERS.items()} | {
    "leak": 2e-10, "tunnel": 3e-3, "decay": 0.55, "contact": 4e-6, "speed": 1.4, "growth": 0.5, "dissolution": 0.5, "arrival": 30.0,
    "tension": 0.008, "foot": 7.6}
SWEEP = (np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 0.2, -0.2, 0.0]))  # corners
PULSES = (np.cumsum([0, 1e-6, 0.08, 1e-6, 0.08] * 4), np.tile([0.0, 0.15, 0.15, 0.0, 0.0], 4))


def rows(corners, volts, count=150):
    """Times between a waveform's corners and there, and the voltage."""
    time = np.unique(np.concatenate([np.linspace(corners[0], corners[-1], count), corners]))
    return time, np.interp(time, corners, volts)


def run_of_the_model(waveform, start=7.4, name="run", count=100):
    time, volts = rows(*waveform, count)
    gap, current = solve(TRUE, time, volts, start)
    return CellWaveform(name, time, volts, current, np.maximum(gap, 0), 0.025852 / 8.617333262e-5)


def test_far_apart_only_the_leak_conducts_and_closed_the_contact():
    p = TRUE
    far, near, closed = (evaluate(p, g, 0.01)["device_current"] / 0.01 for g in (30.0, 5.0, -40.0))
    assert far == pytest.approx(p["leak"], rel=1e-9)
    tunnelling = p["tunnel"] * np.exp(-5 / p["decay"])
    assert near == pytest.approx(p["leak"] + 1 / (1 / tunnelling + 1 / p["contact"]), rel=1e-5)  # the touch is 17 widths away
    assert closed == pytest.approx(p["contact"] + p["spread"] * 40 / 41, rel=0.01)  # the tunnelling prefactor is 200 times as much


def test_rates_are_butler_volmer_with_the_offset_arrival_and_foot():
    p = TRUE | {"arrival": 1e9}
    drive = (0.1 - p["tension"]) / p["thermal_voltage"]
    slope = p["growth"] + p["dissolution"]
    assert evaluate(p, 5.0, 0.1)["rate"] == pytest.approx(
        -p["speed"] * (np.exp(p["growth"] * drive) - np.exp(-p["dissolution"] * drive)), rel=1e-4)  # the foot is 13 widths away
    assert evaluate(p, 5.0, p["tension"])["rate"] == pytest.approx(0.0, abs=1e-4)
    assert evaluate(p, 5.0, p["tension"] - 1e-4)["rate"] == pytest.approx(p["speed"] * slope * 1e-4 / p["thermal_voltage"], rel=1e-2)
    assert evaluate(TRUE, 5.0, 1.0)["rate"] == pytest.approx(-TRUE["arrival"], rel=1e-4)
    held = p["foot"] + 10 * p["foot_width"]
    assert evaluate(p, held, -0.2)["rate"] < 1e-4 * evaluate(p, 5.0, -0.2)["rate"]  # e^-10 of it is left


def test_the_fast_integration_agrees_with_the_exact_one_in_second_order():
    time, volts = rows(*SWEEP, count=400)
    exact, _ = solve(TRUE, time, volts, 7.4, 1e-10)
    coarse, fine = (np.abs(march({name: np.array([value]) for name, value in TRUE.items()}, time, volts, 7.4, substeps)[:, 0] - exact).max()
                    for substeps in (4, 16))
    assert coarse < 0.02  # nm, in a sweep that sets and resets
    assert fine < coarse / 8  # a sixteenth in the limit


def test_a_fit_finds_the_model_behind_its_data_and_foresees_another_waveform():
    runs = [run_of_the_model(SWEEP), run_of_the_model(PULSES)]
    found = fit(runs)
    for run in runs:
        assert miss(found, run).decades < 0.01
    other = run_of_the_model((np.array([0.0, 2.0, 5.0]), np.array([0.0, 0.16, -0.14])))
    assert miss(found, other).decades < 0.02
    assert miss(found, other).gap < 0.05
    assert miss({name: p.start for name, p in PARAMETERS.items()}, other).decades > 0.3  # where the fit began
    for name in ("leak", "tunnel", "decay", "speed", "growth", "foot"):
        assert found[name] == pytest.approx(TRUE[name], rel=0.1), name


def test_a_miss_is_what_it_says():
    run = run_of_the_model(PULSES)
    found = miss(TRUE | {"leak": TRUE["leak"], "tunnel": TRUE["tunnel"]}, run)
    assert found.decades < 1e-3 and found.gap < 1e-2  # the same model, by the fast integration
    tenfold = CellWaveform(run.name, run.time, run.volts, 10 * run.current, run.gap + 1.0, run.temperature)
    # the gap's start follows the run, so only the current's factor is ten
    wrong = miss(TRUE, CellWaveform(run.name, run.time, run.volts, 10 * run.current, run.gap, run.temperature))
    assert (wrong.decades, wrong.median, wrong.largest) == pytest.approx((1.0, 1.0, 1.0), abs=2e-3)
    assert miss(TRUE, tenfold).gap < 1.0


def written_run(folder, waveform=PULSES, start=7.4, count=40):
    """A result folder as a run of one cell leaves it, its numbers from the model."""
    folder.mkdir()
    s = scenario(folder, "device: {layout: axisymmetric_gap}\nterminals: {top: driven, bottom: ground}\n"
                         "protocol: [{sweep: {to: 0.1 V, rate: 1 V/s}}]\n")
    (folder / "scenario.yaml").write_text(s.resolved_yaml())
    time, volts = rows(*waveform, count)
    gap, current = solve(TRUE, time, volts, start)
    table = pandas.DataFrame(0.0, index=range(len(time)), columns=terminal_columns(["top", "bottom"]))
    table["time [s]"], table["voltage top [V]"] = time, volts
    table["displacement current top [A]"] = 1e-12
    table["current top [A]"], table["filament gap [m]"] = current + 1e-12, np.maximum(gap, 0) * 1e-9
    table.to_csv(folder / "terminals.csv", index=False)
    return folder


def test_the_command_writes_model_netlists_and_figure_and_overwrites_nothing(tmp_path, capsys):
    run, other = written_run(tmp_path / "pulses"), written_run(tmp_path / "sweep", SWEEP)
    waveform = read_waveform(run)
    assert (waveform.name, waveform.gap[0]) == ("pulses", pytest.approx(7.4))
    np.testing.assert_allclose(waveform.current, run_of_the_model(PULSES, count=40).current, atol=1e-16)  # displacement taken off
    out = tmp_path / "my-cell"
    assert main([run], [other], out) == 0
    model = json.loads((out / "model.json").read_text())
    assert model["fitted to"] == ["pulses"] and set(model["parameters"]) == set(PARAMETERS)
    (held,) = model["errors"]["held out"]
    values = {name: about["value"] for name, about in model["parameters"].items()}
    assert held["current, rms [decades]"] == pytest.approx(miss(values, read_waveform(other)).decades)
    assert (out / "my_cell.lib").read_text().count(".subckt my_cell ") == 1
    assert "module my_cell(" in (out / "my_cell.va").read_text()
    assert (out / "figures" / "compact.png").stat().st_size > 20_000
    before = (out / "model.json").read_text()
    assert main([run], [], out) == 2
    assert "--force" in capsys.readouterr().err
    assert (out / "model.json").read_text() == before


def test_an_array_is_refused_in_a_sentence(tmp_path, capsys):
    from tests.test_crosstalk import run_of

    run_of(tmp_path / "array")
    assert main([tmp_path / "array"], [], tmp_path / "out") == 2
    assert "is an array" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_ngspice_runs_the_subcircuit_to_the_models_own_currents(tmp_path):
    corners = np.array([0, 1e-3, 0.5, 0.501, 1.2, 1.201, 2.2, 2.6])
    volts = np.array([0, 0.1, 0.1, 0.2, 0.2, 0, -0.2, -0.2])
    (tmp_path / "cell.lib").write_text(subcircuit("cell", TRUE, 7.0, "a test"))
    points = " ".join(f"{t:g} {v:g}" for t, v in zip(corners, volts))
    (tmp_path / "bench.cir").write_text(
        f"bench\n.include cell.lib\nV1 a 0 PWL({points})\nX1 a 0 cell gap0=7.4\n.options reltol=1e-6 abstol=1e-16\n"
        ".control\nset wr_singlescale\ntran 2m 2.6 0 2m\nwrdata out.txt i(v1) v(x1.gap) v(a)\nquit\n.endc\n.end\n")
    done = subprocess.run(["ngspice", "-b", "bench.cir"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (tmp_path / "out.txt").is_file(), done.stdout + done.stderr
    time, current, gap, applied = np.loadtxt(tmp_path / "out.txt").T
    wanted, flowing = solve(TRUE, time, applied, 7.4)
    assert gap[0] == pytest.approx(7.4, abs=1e-6)  # gap0 of the instance, not of the subcircuit
    assert wanted.min() < -0.5 and wanted.max() > 7.4  # it closes and opens again
    # ngspice's steps at reltol 1e-6: 1e-3 nm of the gap, so 0.3 % of the current, which falls by e in 0.55 nm
    np.testing.assert_allclose(gap, wanted, atol=3e-3)
    told = np.abs(applied) > 1e-3
    np.testing.assert_allclose(-current[told], flowing[told], rtol=5e-3)


def verilog_a_values(text, gap, v):
    """What a Verilog-A module assigns, read from its text alone: parameters, then the analog block line by line."""
    scope = {"exp": np.exp, "ln": np.log, "__builtins__": {}}
    for name, value in re.findall(r"parameter real (\w+) = ([-+.\deE]+);", text):
        scope[name] = float(value)
    block = text[text.index("analog begin") + len("analog begin"): text.index("  end\n")]
    declared = set(re.search(r"\n  real (.*);", text).group(1).split(", "))
    contributions, access = {}, {"V(top, bottom)": v, "V(state)": gap}
    for statement in re.sub(r"//.*", "", block).split(";")[:-1]:
        statement = statement.strip()
        if "<+" in statement:
            target, value = statement.split("<+")
            contributions[target.strip()] = value.strip()
            continue
        name, expression = (part.strip() for part in statement.split("="))
        assert name in declared, name
        scope[name] = access[expression] if expression in access else eval(expression, scope)
    return scope, contributions


def test_the_verilog_a_text_assigns_what_the_model_computes():
    text = verilog_a("cell", TRUE, 7.4, "a test")
    for gap in (-1.5, 0.1, 4.0, 7.9):
        for v in (-0.2, 0.0, 0.15):
            scope, contributions = verilog_a_values(text, gap, v)
            wanted = evaluate(TRUE, gap, v)
            for name, _, _ in EQUATIONS:
                assert scope[name] == pytest.approx(wanted[name], rel=1e-8), name  # nine digits of each parameter
    assert contributions["I(top, bottom)"] == "device_current"
    assert scope["gap0"] == 7.4
    words = {"module", "endmodule", "inout", "electrical", "parameter", "real", "analog", "begin", "end", "if", "analysis", "ddt", "current",
             "voltage", "branch", "ground", "flow", "potential", "discipline", "nature", "abs", "inf", "from", "exclude"}
    assert not words & ({name for name, _, _ in EQUATIONS} | set(PARAMETERS))


def test_the_subcircuits_expressions_are_the_models(tmp_path):
    text = subcircuit("cell", TRUE, 7.4, "a test")
    for quantity, device in (("device_current", "Bcell top bottom I="), ("rate", "Bgap 0 gap I=1e-06*")):
        (line,) = (line for line in text.splitlines() if line.startswith(device))
        plain = line.removeprefix(device).replace("v(top,bottom)", "v").replace("v(gap)", "gap").replace("{", "").replace("}", "")
        assert plain.replace("(" + inlined(quantity) + ")", inlined(quantity)) == inlined(quantity)
        scope = {"exp": np.exp, "ln": np.log, "__builtins__": {}, **TRUE, "gap": 3.0, "v": 0.1}
        assert eval(plain, scope) == pytest.approx(evaluate(TRUE, 3.0, 0.1)[quantity], rel=1e-12)

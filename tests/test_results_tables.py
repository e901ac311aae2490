"""terminals.csv, summary.json, the run folder."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.results.folder import NoResult, ResultsExist, RunFolder, start_log
from solver.results.summary import read_summary, write_summary
from solver.results.tables import TerminalTable, read_terminals, terminal_columns

COLUMNS = ["time [s]", "voltage top [V]", "newton iterations"]


def row(time):
    return {"newton iterations": 3, "time [s]": time, "voltage top [V]": 0.1 * time}


def test_every_column_of_the_table_names_its_unit_and_comes_in_the_agreed_order():
    columns = terminal_columns(["top", "bottom"])
    assert columns[:5] == ["time [s]", "voltage top [V]", "current top [A]", "displacement current top [A]",
                           "ionic current top [A]"]
    assert columns[5] == "voltage bottom [V]"
    assert columns[-3:] == ["step [s]", "newton iterations", "linear iterations"]
    assert all("[" in name for name in columns[:-2])


def test_a_row_is_on_disk_as_soon_as_it_is_appended_even_if_the_process_is_killed(tmp_path):
    code = ("import os, signal, sys; from solver.results.tables import TerminalTable\n"
            f"table = TerminalTable(sys.argv[1], {COLUMNS!r})\n"
            "for i in range(3): table.append({'time [s]': i, 'voltage top [V]': i / 3, 'newton iterations': 4})\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "terminals.csv"], env=env, check=False)
    assert done.returncode == -signal.SIGKILL
    table = read_terminals(tmp_path)
    assert table["time [s]"].tolist() == [0, 1, 2]
    assert table["voltage top [V]"].tolist() == pytest.approx([0, 1 / 3, 2 / 3], rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 400), until=st.integers(0, 8))
def test_a_table_cut_anywhere_resumes_with_whole_rows_only(tmp_path_factory, cut, until):
    folder = tmp_path_factory.mktemp("run")
    path = folder / "terminals.csv"
    table = TerminalTable(path, COLUMNS)
    for i in range(6):
        table.append(row(i / 3))
    table.close()
    path.write_bytes(path.read_bytes()[: len(",".join(COLUMNS)) + 1 + cut])
    whole = path.read_text().count("\n") - 1
    table = TerminalTable(path, COLUMNS, resume_until=until / 3)
    table.append(row(99.0))
    times = read_terminals(folder)["time [s]"].tolist()
    assert times == pytest.approx([i / 3 for i in range(min(whole, until + 1))] + [99.0], rel=1e-12)


def test_a_table_with_other_columns_is_not_continued(tmp_path):
    TerminalTable(tmp_path / "terminals.csv", COLUMNS).append(row(0))
    with pytest.raises(ValueError, match="other columns"):
        TerminalTable(tmp_path / "terminals.csv", [*COLUMNS, "step [s]"], resume_until=1.0)


def test_a_row_with_a_missing_or_unknown_column_is_an_error_that_names_it(tmp_path):
    table = TerminalTable(tmp_path / "terminals.csv", COLUMNS)
    with pytest.raises(ValueError, match="missing .*newton iterations.*unknown .*step"):
        table.append({"time [s]": 0.0, "voltage top [V]": 0.0, "step [s]": 1.0})


def test_a_folder_without_a_table_or_without_a_step_is_no_result(tmp_path):
    with pytest.raises(NoResult, match="no such folder"):
        read_terminals(tmp_path / "none")
    with pytest.raises(NoResult, match="no terminals.csv"):
        read_terminals(tmp_path)
    TerminalTable(tmp_path / "terminals.csv", COLUMNS)
    with pytest.raises(NoResult, match="no step"):
        read_terminals(tmp_path)


def test_a_finished_result_is_overwritten_only_with_force(tmp_path):
    folder = RunFolder.create(tmp_path / "results" / "run")
    folder.terminals.write_text("time [s]\n0\n")
    write_summary(folder.summary, {"V_set [V]": 0.15})
    for resume in (False, True):
        with pytest.raises(ResultsExist, match="--force"):
            RunFolder.create(folder.path, resume=resume)
    assert folder.terminals.exists()
    again = RunFolder.create(folder.path, force=True)
    assert not again.resuming
    assert not again.terminals.exists()
    assert not again.finished


def test_a_run_resumes_only_where_there_is_a_checkpoint(tmp_path):
    folder = RunFolder.create(tmp_path, resume=True)
    assert not folder.resuming
    folder.terminals.write_text("time [s]\n0\n")
    (folder.checkpoint / "state.h5").write_bytes(b"")
    assert RunFolder.create(tmp_path, resume=True).resuming
    assert folder.terminals.exists()
    assert not RunFolder.create(tmp_path).resuming
    assert not folder.terminals.exists()


def test_clearing_a_run_leaves_other_files_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "sketch.svg").write_text("mine")
    write_summary(tmp_path / "summary.json", {})
    RunFolder.create(tmp_path, force=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "figures" / "sketch.svg").exists()


def test_a_file_in_the_place_of_the_folder_is_said_so(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ResultsExist, match="is a file"):
        RunFolder.create(tmp_path / "out")


def test_summary_writes_what_is_not_a_number_as_null(tmp_path):
    np = pytest.importorskip("numpy")
    write_summary(tmp_path / "summary.json", {"V_set [V]": float("nan"), "S [S]": np.array([1.0, np.inf]),
                                              "steps": np.int64(3), "versions": {"petsc": "3.22"}})
    assert "NaN" not in (tmp_path / "summary.json").read_text()
    assert read_summary(tmp_path) == {"V_set [V]": None, "S [S]": [1.0, None], "steps": 3,
                                      "versions": {"petsc": "3.22"}}
    with pytest.raises(NoResult, match="no finished result"):
        read_summary(tmp_path / "figures")


def test_a_summary_that_cannot_be_written_leaves_the_old_one(tmp_path):
    write_summary(tmp_path / "summary.json", {"steps": 1})
    with pytest.raises(TypeError):
        write_summary(tmp_path / "summary.json", {"steps": object()})
    assert json.loads((tmp_path / "summary.json").read_text()) == {"steps": 1}


def test_the_log_appends_on_resume_and_starts_anew_otherwise(tmp_path, capsys):
    path = tmp_path / "run.log"
    start_log(path).info("first")
    start_log(path, append=True).info("second")
    text = path.read_text()
    assert text.count("first") == 1 and "second" in text
    assert capsys.readouterr().out == "first\nsecond\n"
    start_log(path, console=False).warning("third")
    assert "first" not in path.read_text()
    start_log(None).warning("nobody hears another rank")
    assert "nobody" not in path.read_text() + capsys.readouterr().err

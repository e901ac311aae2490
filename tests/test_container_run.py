"""container/run: the command's arguments, status and signals come through, set-up happens once, failures are sentences.

The Debian root itself is not made here (minutes, root and a network); its steps are stood in for by small scripts on a
PATH of the test's own, which is how each way to fail is reached on any machine.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
RUN = PROJECT / "container" / "run"
TOOLS = [
    "awk", "bash", "cat", "cut", "date", "df", "dirname", "echo", "env", "find", "flock", "grep", "id", "mkdir",
    "mv", "rm", "sed", "sha256sum", "sleep", "sort", "sync", "tail", "timeout", "touch", "uname", "wc", "xargs",
]


def environment(path: str, **extra: str) -> dict[str, str]:
    """The caller's environment without what an outer container/run has set."""
    dropped = {"HALOFIL_INSIDE", "HALOFIL_PYTHON", "HALOFIL_ENV", "HALOFIL_ENV_ROOT"}
    return {k: v for k, v in os.environ.items() if k not in dropped} | {"PATH": path} | extra


def direct(*command: str, **options) -> subprocess.CompletedProcess:
    """Run container/run with this Python first on PATH, which has all that is needed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = environment(path, **options.pop("extra", {}))
    return subprocess.run([RUN, *command], env=env, capture_output=True, text=True, timeout=60, check=False, **options)


class BareMachine:
    """A PATH without Python and container engines, on which the tools for making a Debian root are scripts."""

    def __init__(self, folder: Path):
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.base = folder / "environments"
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.script("id", "echo 0")
        self.script("uname", "case $1 in -m) echo x86_64 ;; *) echo Linux ;; esac")
        self.script("mmdebstrap", "exit 1")
        self.script("apt-get", "exit 0")
        # Entering: the check whether it may is passed; the real call says what it was asked and ends with status 7.
        asked = 'case "$*" in "--mount --propagation private true") exit 0 ;; esac'
        self.script("unshare", f'{asked}\necho "entered: $*"\nexit 7')
        # Building: the arguments from bash on, without the namespaces.
        self.script("setpriv", 'while [ "$1" != bash ]; do shift; done\nexec "$@"')

    def script(self, name: str, text: str) -> None:
        """Put a script of this name on PATH in place of what is there."""
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(f"#!/bin/bash\n{text}\n")
        (self.bin / name).chmod(0o755)

    def building(self, text: str) -> None:
        """Replace the building of a root: `text` finds the root's temporary name in $target."""
        self.script("setpriv", f'for target in "$@"; do case $target in *.new) break ;; esac; done\n{text}')

    def start(self, *command: str, run: Path = RUN, **extra: str) -> subprocess.Popen:
        """Start container/run here, SIGINT not ignored: a shell ignores it in what it starts in the background, this suite for one,
        and bash cannot trap what was ignored."""
        return subprocess.Popen(
            ["/usr/bin/env", "--default-signal=INT", run, *command],
            env=environment(str(self.bin), HALOFIL_ENV_ROOT=str(self.base), **extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, run: Path = RUN, **extra: str) -> tuple[int, str, str]:
        """Run container/run here; status, standard output, standard error."""
        process = self.start(*command, run=run, **extra)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def root(self, run: Path = RUN) -> Path:
        """Where container/run would make its root (a disk that is too small stops it after it has chosen)."""
        before = (self.bin / "df").readlink() if (self.bin / "df").is_symlink() else None
        self.script("df", "printf 'head\\n/dev/x 9 9 1 9%% /\\n'")
        self.run("true", run=run)
        (lock,) = self.base.glob("root-*.lock")
        lock.unlink()
        if before:
            (self.bin / "df").unlink()
            (self.bin / "df").symlink_to(before)
        return lock.with_suffix("")


@pytest.fixture
def machine(tmp_path: Path) -> BareMachine:
    """A bare machine with nothing set up."""
    return BareMachine(tmp_path)


@pytest.mark.parametrize("script", ["run", "build-root", "enter-root", "check-image.sh", "bin/halofil"])
def test_script_is_executable_where_it_is_called_and_has_no_syntax_error(script):
    path = PROJECT / "container" / script
    shell = path.read_text().splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n", path], check=True)
    assert os.access(path, os.X_OK) or script in ("build-root", "enter-root")


def test_both_ways_to_build_read_the_same_lists():
    for file in ("build-root", "Dockerfile"):
        text = (PROJECT / "container" / file).read_text()
        assert "apt-packages.txt" in text
        assert "requirements.txt" in text


def test_every_python_package_is_pinned():
    lines = (PROJECT / "container" / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert packages
    assert [line for line in packages if line.count("==") != 1] == []


def test_exit_status_of_the_command_is_returned():
    assert direct("sh", "-c", "exit 7").returncode == 7


def test_arguments_arrive_as_they_were_written():
    arguments = ["a b", "c'd", "", "$HOME", "*", "e\nf", "--help"]
    assert direct("printf", "%s|", *arguments).stdout == "".join(f"{a}|" for a in arguments)


def test_input_and_directory_of_the_caller_are_kept(tmp_path):
    done = direct("sh", "-c", "pwd; cat", input="from the caller", cwd=tmp_path)
    assert done.stdout == f"{tmp_path}\nfrom the caller"


def test_command_replaces_the_script_so_that_signals_reach_it():
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(5)); print('up', flush=True); time.sleep(9)"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with subprocess.Popen([RUN, "python3", "-c", code], env=environment(path), stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        assert process.wait(timeout=20) == 5


def test_unknown_command_gives_127():
    assert direct("no-such-command").returncode == 127


def test_no_command_is_bad_input_with_usage():
    done = direct()
    assert done.returncode == 2
    assert done.stderr.startswith("usage: container/run")


def test_halofil_is_this_checkout_even_beside_another_solver_folder(tmp_path):
    (tmp_path / "solver").mkdir()
    (tmp_path / "solver" / "__init__.py").write_text("raise SystemExit('the wrong solver')")
    done = direct("halofil", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout


def test_ranks_share_the_cores_without_threads_of_their_own():
    assert direct("sh", "-c", "echo $OMP_NUM_THREADS", extra={"OMP_NUM_THREADS": ""}).stdout == "1\n"
    assert direct("sh", "-c", "echo $OMP_NUM_THREADS", extra={"OMP_NUM_THREADS": "3"}).stdout == "3\n"


def test_too_old_dolfinx_is_not_used(tmp_path):
    (tmp_path / "dolfinx").mkdir()
    (tmp_path / "dolfinx" / "__init__.py").write_text("__version__ = '0.8.0'")
    (tmp_path / "fenics_dolfinx-0.8.0.dist-info").mkdir()
    (tmp_path / "fenics_dolfinx-0.8.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fenics-dolfinx\nVersion: 0.8.0\n"
    )
    done = direct("true", extra={"HALOFIL_ENV": "direct", "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert "lacks DOLFINx >= 0.9 (it has 0.8.0)" in done.stderr


def test_unknown_way_is_refused():
    done = direct("true", extra={"HALOFIL_ENV": "magic"})
    assert done.returncode == 1
    assert done.stderr == "container/run: HALOFIL_ENV=magic is none of direct, docker, podman, root.\n"


@pytest.mark.parametrize(
    ("tool", "text", "sentence"),
    [
        ("id", "echo 1000", "you are not root"),
        ("uname", "case $1 in -m) echo aarch64 ;; *) echo Linux ;; esac", "for Linux on x86_64 only"),
        ("unshare", "exit 1", "may not make mount namespaces"),
        ("df", "printf 'head\\n/dev/x 9 9 1000000 9%% /\\n'", "has 1000 MB free; set HALOFIL_ENV_ROOT"),
        ("mmdebstrap", "echo 'E: Could not resolve host'; exit 100", "the network or the mirror cannot be reached"),
        ("mmdebstrap", "echo 'cannot write: No space left on device'; exit 25", "the disk is full"),
        ("mmdebstrap", "echo 'The following signatures: NO_PUBKEY 6ED0E7B82643E131'; exit 25", "signing keys"),
    ],
)
def test_set_up_that_cannot_be_says_why_in_one_sentence(machine, tool, text, sentence):
    machine.script(tool, text)
    status, out, err = machine.run("echo", "never")
    assert status == 1
    assert out == ""
    (line,) = [line for line in err.splitlines() if line.startswith("container/run: ") and "[" not in line]
    assert sentence in line
    assert line.endswith(".")


def test_failed_set_up_leaves_no_half_built_root(machine):
    machine.building('mkdir "$target"; exit 1')
    assert machine.run("true")[0] == 1
    assert list(machine.base.glob("root-*[!k]")) == []


def test_container_client_without_engine_is_passed_by(machine):
    machine.script("docker", "echo 'Cannot connect to the daemon' >&2; exit 1")
    machine.script("podman", "sleep 120")
    machine.script("id", "echo 1000")
    before = time.monotonic()
    status, _, err = machine.run("true")
    assert status == 1
    assert "neither docker nor podman works" in err
    # The limit is 5 s; the rest is a busy machine's.
    assert time.monotonic() - before < 20


def test_working_engine_gets_command_directory_and_project(machine):
    machine.script("docker", 'if [ "$1" = run ]; then printf "%s\\n" "$@"; exit 9; fi')
    status, out, _ = machine.run("echo", "a b", CI="true")
    arguments = out.splitlines()
    assert status == 9
    assert arguments[-2:] == ["echo", "a b"]
    assert f"{PROJECT}:{PROJECT}" in arguments
    assert arguments[arguments.index("-w") + 1] == os.getcwd()
    assert "CI" in arguments


def test_finished_root_is_entered_at_once(machine):
    root = machine.root()
    root.mkdir()
    (root / ".complete").touch()
    machine.building("exit 99")
    status, out, err = machine.run("echo", "a b")
    assert (status, err) == (7, "")
    assert out.endswith(f"enter-root {root} {PROJECT} echo a b\n")


def test_half_built_root_is_removed_and_built_again(machine):
    root = machine.root()
    for left in (root, root.with_name(f"{root.name}.new")):
        left.mkdir()
        (left / "half").touch()
    machine.building('mkdir "$target"; touch "$target/.complete"')
    assert machine.run("true")[0] == 7
    assert [p.name for p in root.iterdir()] == [".complete"]


def test_two_first_starts_build_once(machine, tmp_path):
    machine.building(f'echo built >> {tmp_path}/count; mkdir "$target"; sleep 1; touch "$target/.complete"')
    first, second = machine.start("echo", "first"), machine.start("echo", "second")
    outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert (tmp_path / "count").read_text() == "built\n"
    assert [o.split()[-1] for o, _ in outputs] == ["first", "second"]
    assert (first.returncode, second.returncode) == (7, 7)


def test_second_start_waits_for_the_first(machine):
    root = machine.root()
    machine.building("exit 99")
    with open(f"{root}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = machine.start("true")
        assert "waiting for another container/run" in process.stderr.readline()
        root.mkdir()
        (root / ".complete").touch()
        assert process.poll() is None
        fcntl.flock(lock, fcntl.LOCK_UN)
    assert process.wait(timeout=30) == 7
    process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_set_up_stops_at_once_and_cleans_up(machine, number, status):
    machine.building('mkdir "$target"; exec sleep 60')
    process = machine.start("true")
    deadline = time.monotonic() + 120
    while not list(machine.base.glob("*.new")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=60) == status
    process.communicate()
    assert list(machine.base.glob("*.new")) == []


@pytest.mark.parametrize("changed", ["apt-packages.txt", "requirements.txt", "build-root"])
def test_other_lists_or_recipe_are_another_root(machine, tmp_path, changed):
    copy = tmp_path / "project" / "container"
    shutil.copytree(PROJECT / "container", copy)
    before = machine.root(copy / "run")
    assert before == machine.root(copy / "run")
    with (copy / changed).open("a") as file:
        file.write("# changed\n")
    assert machine.root(copy / "run") != before

"""Uninterrupted run of a module's scenario, once for all of its tests."""

import pytest

from tests.end_to_end.running import halofil_run


@pytest.fixture(scope="module")
def scenario(request, tmp_path_factory):
    """Path of a file with the module's SCENARIO."""
    path = tmp_path_factory.mktemp("run") / "scenario.yaml"
    path.write_text(request.module.SCENARIO)
    return path


@pytest.fixture(scope="module")
def reference(scenario):
    """Folder of an uninterrupted run on one rank."""
    out = scenario.parent / "reference"
    done = halofil_run(scenario, out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out

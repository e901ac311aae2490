"""What crosses between host and card in a time step, counted on arrays that do not mix with the host's."""

import numpy as np
import pytest

from tests.devices import GAP, with_carriers
from tests.held_arrays import CountingFlavour, Held

COARSE = "mesh: {size_at_filament: 2 nm, core_radius: 8 nm}\n"
PROTOCOL = "protocol: [{sweep: {to: 0.02 V, rate: 0.2 V/s}}, {hold: {voltage: -0.02 V, duration: 2 ms}}]\n"
CIRCUIT = (
    "terminals: {top: {role: driven, series_resistance: 200 kohm, parallel_capacitance: 4 nF, compliance: 10 nA}, "
    "bottom: ground}\n"
)
HEATED = GAP.replace("physics: {", "physics: {heat: {terminals: {top: {condition: robin, transfer_coefficient: 1e8 W/(m^2 K)}, "
                     "bottom: {condition: robin, transfer_coefficient: 1e8 W/(m^2 K)}}}, ")
PLAIN = "terminals: {top: driven, bottom: ground}\n"
CASES = {"gap": GAP + PLAIN, "circuit": GAP + CIRCUIT, "bipolar": with_carriers(GAP) + PLAIN, "heat": HEATED + PLAIN}


@pytest.fixture
def stepper(request, tmp_path, monkeypatch):
    from mpi4py import MPI

    import meshes
    from solver.transient.marching import stepper_for
    from tests.devices import scenario

    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")
    monkeypatch.setattr("solver.engines.cuda.flavours.HostFlavour", CountingFlavour)
    s = scenario(tmp_path, CASES[request.param] + COARSE + PROTOCOL)
    meshes.build(s, tmp_path / "test.msh")
    return stepper_for(s, meshes.read(s, tmp_path / "test.msh", MPI.COMM_SELF), engine="cuda")


@pytest.mark.parametrize("stepper", CASES, indirect=True)
def test_a_step_moves_scalars_only_and_fields_when_they_are_written(stepper):
    """No copy is of a length that grows with the mesh: Krylov coefficients, constants, terminal sums."""
    from solver.physics.fields import TEMPERATURE
    from solver.physics.heat_balance import HeatBalance
    from solver.physics.observables import AxisProbe

    model, traffic, solver = stepper.model, Held.traffic, stepper.engine.linear_solver
    stepper.begin()
    segment = stepper.waveform.segments[0]
    stepper.enter(segment, 0.0)
    stepper.advance(segment.end, segment)  # the first one sets up
    probe = AxisProbe(model)  # what a row of terminals.csv holds besides the stepper's numbers
    balance = HeatBalance(model, stepper.engine.heat_rows) if TEMPERATURE in model.fields else None
    traffic.clear()
    for _ in range(3):
        stepper.advance(segment.end, segment)
        read = [probe.gap(), *([balance.produced()] if balance else [])]
    assert stepper.accepted_steps == 4 and all(isinstance(level, Held) for level in stepper.levels.states)
    scalars = [solver._gmres.restart + 1, len(stepper.engine.assembler._sent), 7 * len(model.node_groups), len(probe.heights)]
    largest = max(scalars)
    assert max(traffic.to_host) <= largest and max(traffic.to_card) <= largest < model.owned, (traffic, largest)
    traffic.clear()
    before = model.context.state.x.array.copy()
    host = model.host_state()
    assert traffic.to_host == [len(host)] and not traffic.to_card
    if balance:
        assert read[1] == pytest.approx(HeatBalance(model).produced(), rel=1e-12)
    assert not np.array_equal(host, before) and np.array_equal(host, model.state.view(np.ndarray))

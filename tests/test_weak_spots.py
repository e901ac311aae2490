"""Weak spots of the film: where they are, what they do to the phase field's equation, and that a filament nucleates there by itself."""

import numpy as np
import pytest

from solver.physics.weak_spots import Spot, WeakSpots
from solver.scenario import ScenarioError
from tests.devices import SHORT_FILAMENT, SLAB, model, random_state, scenario
from tests.verification.walking import stepper_of, walk

EVERYWHERE = "radius: 900 nm, top: 900 nm"


def spots(text, start=SHORT_FILAMENT):
    return start.replace("initial:", f"weak_spots: {{spots: [{text}]}}, initial:")


def test_a_spot_holds_its_surface_and_the_later_of_two_counts():
    weak = WeakSpots((Spot(4.0, 0.0, 50.0, 1e-2, 0.0), Spot(4.0, 0.0, 12.0, 0.5, 2.0)), 1e-6)
    r, s = np.array([[0, 4, 4.1, 4, 4, 0, 0], [0, 12, 12, 12.1, 50, 50.1, -1]], dtype=float)
    np.testing.assert_array_equal(weak.growth(r, s), [0.5, 0.5, 1e-6, 1e-2, 1e-2, 1e-6, 1e-6])
    np.testing.assert_array_equal(weak.binding(r, s), [2.0, 2.0, 0, 0, 0, 0, 0])
    assert weak.bind and not WeakSpots(weak.spots[:1], 1e-6).bind


def filament_rows(m, rate=0.0, noise=0.0):
    """The residual's rows of the phase field at a rough state."""
    from solver.engines.cpu.assembly import Assembler

    ctx = m.context
    ctx.rate.value = rate
    random_state(m)
    ctx.history.x.array[:] = 0.0
    ctx.noise.x.array[:] = noise * np.random.default_rng(2).standard_normal(ctx.noise.x.array.size)
    return Assembler(m).residual().array.reshape(-1, len(m.fields))[:, m.fields.index("filament")].copy()


def test_mobility_is_smaller_by_the_share_and_noise_by_its_root(tmp_path):
    """Fluctuation and dissipation stay together: the force's rows take the share q, the noise's sqrt(q), the rate's none."""
    noisy = SHORT_FILAMENT.replace("}}}", "}}, noise: on}")
    whole, quarter = (model(tmp_path, SLAB[2] + text) for text in (noisy, spots(f"{{{EVERYWHERE}, growth: 0.25}}", noisy)))
    force = filament_rows(whole)
    size = np.abs(force).max()
    np.testing.assert_allclose(filament_rows(quarter), 0.25 * force, atol=1e-13 * size)
    for kind, share in (({"rate": 1e2}, 1.0), ({"noise": 1.0}, 0.5)):
        alone = filament_rows(whole, **kind) - force
        assert np.abs(alone).max() > 0
        np.testing.assert_allclose(filament_rows(quarter, **kind) - 0.25 * force, share * alone, atol=1e-12 * (size + np.abs(alone).max()))


def test_ions_in_a_bound_spot_are_driven_by_its_energy_in_kt_more(tmp_path):
    from dolfinx import fem

    from solver.physics.filament import driving_force

    driven = []
    for text in (SHORT_FILAMENT, spots("{radius: 8 nm, top: 10 nm, binding: 50 meV}")):
        m = model(tmp_path, SLAB[2] + text)
        random_state(m)
        space = fem.functionspace(m.device.mesh, ("Lagrange", 1))
        f = fem.Function(space)
        f.interpolate(fem.Expression(driving_force(m.context), _points(space)))
        driven.append(f.x.array.copy())
    x = m.coordinates
    foot = np.asarray(m.sites[0].foot)
    inside = (np.abs(x[:, 0] - foot[0]) < 8.001) & (x[:, 1] < 10.001)
    thermal = m.parameters.scaling.thermal_voltage
    assert 0 < inside.sum() < len(inside)
    np.testing.assert_allclose(driven[1] - driven[0], np.where(inside, 0.05 / thermal, 0.0), atol=1e-9)


def _points(space):
    points = space.element.interpolation_points
    return points() if callable(points) else points


PRISTINE = ("device: {layout: axisymmetric_gap, gap: 20 nm, radius: 10 nm}\nmesh: {size_at_filament: 2 nm, core_radius: 6 nm}\n"
            "material_overrides: {filament.interface_energy: {value: 2 mJ/m^2, source: test}}\n"
            "physics: {noise: {seed: 1, resolution: 25 ms, correlation_length: 1.35 nm}, filament: {initial: off, weak_spots: {spots: "
            "[{radius: 4 nm, top: 10 nm, binding: BINDING}]}}}\n")


@pytest.mark.parametrize("binding, nucleates", [("0 meV", False), ("80 meV", True)])
def test_in_a_pristine_film_noise_nucleates_a_filament_where_its_ions_are_bound(tmp_path, binding, nucleates):
    text, wait = PRISTINE.replace("BINDING", binding), ["protocol=[{wait: {duration: 1.5 s}}]"]
    m = model(tmp_path, text, wait)
    assert not m.core_nodes.any() and not m.values("filament").any()
    for _ in walk(stepper_of(m, scenario(tmp_path, text, wait).protocol)):
        pass
    grown = m.values("filament") > 0.5
    assert grown.any() == nucleates
    if nucleates:
        r, s = m.coordinates[grown, 0], m.coordinates[grown, 1]
        assert r.max() < 4 + 2 and s.max() < 10 + 2 and abs(s.min()) < 1e-9


@pytest.mark.parametrize("spot, key", [("{radius: 4 nm, bottom: 10 nm, top: 10 nm}", "weak_spots.spots.0.top: 10 nm is not above"),
                                       ("{radius: 4 nm, bottom: 20 nm, top: 30 nm}", "weak_spots.spots.0.bottom: 20 nm is not below"),
                                       ("{radius: 4 nm, top: 10 nm, growth: 2}", "weak_spots.spots.0.growth"),
                                       ("{radius: 4 nm}", "weak_spots.spots.0.top"), ("", "weak_spots.spots: has no spot")])
def test_a_spot_that_cannot_be_is_refused_with_its_key(tmp_path, spot, key):
    with pytest.raises(ScenarioError, match=key):
        scenario(tmp_path, SLAB[2] + spots(spot))


def test_a_pristine_film_without_noise_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match=r"filament.initial: off leaves a film in which no filament can nucleate"):
        scenario(tmp_path, SLAB[2] + "physics: {filament: {initial: off}}\n")

"""Ion species in solver units: activation, mobility, contacts; by hand."""

import numpy as np
import pytest

from solver.physics.ion_parameters import arrhenius
from solver.physics.parameters import DeviceParameters
from tests.devices import SLAB, ion, model, scenario

NO_FILAMENT = SLAB[1] + "physics: {filament: off}\n"


def species(tmp_path, text, *overrides):
    parameters = DeviceParameters.from_scenario(scenario(tmp_path, NO_FILAMENT, [f"material.ions.a={text}", *overrides]))
    return parameters.ion("a")


def test_diffusivity_follows_arrhenius():
    # 0.58 eV / (8.617333e-5 eV/K) (1/300 - 1/350) / K = 3.2051
    assert arrhenius(0.58, 350.0, 300.0) == pytest.approx(np.exp(3.2051), rel=1e-4)
    assert arrhenius(0.58, 300.0, 300.0) == 1.0


def test_the_film_s_temperature_sets_the_diffusivity(tmp_path):
    plain = ion(1, diffusivity="2e-10 cm^2/s", exchange_velocity="1 cm/s")
    active = ion(1, diffusivity="2e-10 cm^2/s", exchange_velocity="1 cm/s", activation_energy="0.58 eV")
    hot = "material.film.temperature=350 K"
    assert species(tmp_path, plain, hot).diffusivity == pytest.approx(2e4)  # nm^2/s
    assert species(tmp_path, active, hot).diffusivity == pytest.approx(2e4 * np.exp(3.2051), rel=1e-4)
    measured_hot = "material.ions.a.reference_temperature=350 K"
    assert species(tmp_path, active, hot, measured_hot).diffusivity == pytest.approx(2e4)


def test_a_mobility_is_a_diffusivity_by_einstein(tmp_path):
    divalent = ion(-2, exchange_velocity="1 cm/s").replace("diffusivity: {value: 5e-10 cm^2/s", "mobility: {value: 1e-8 cm^2/(V s)")
    # mu kT/q / |z| = 1e-12 m^2/(V s) x 0.025852 V / 2 = 1.2926e-14 m^2/s
    assert species(tmp_path, divalent).diffusivity == pytest.approx(1.2926e4, rel=1e-4)


def test_a_profile_that_is_negative_or_too_dense_is_one_sentence(tmp_path):
    from solver.physics.doping import ExpressionError

    for profile, word in (("{profile: uniform, density: -1e18 cm^-3}", "-1e+18"), ("{profile: uniform, density: 2e21 cm^-3}", "1e+21 cm")):
        with pytest.raises(ExpressionError, match="initial profile of vacancies") as error:
            model(tmp_path, NO_FILAMENT, [f"physics.ions={{vacancies: {{initial_profile: [{profile}]}}}}"])
        assert word in str(error.value)

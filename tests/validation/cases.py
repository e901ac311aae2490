"""What is run for docs/validation.md: scenarios, variations of the numerics, mechanisms taken away one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from solver.scenario import Scenario, load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
QUIET = {"output.figures": "off"}  # the page draws its own


@dataclass(frozen=True)
class Case:
    """A scenario and its place on the page.

    Attributes:
        name: of the file in scenarios/, and of the scenario.
        title, about: heading and text.
        figures: what is drawn of it: names in `pictures.DRAWN`.
        slow: run only when it is named, or when another asks for it.
        varied: its numerics are varied by `--convergence`, and unless it is slow its mechanisms taken away by `--ablation`.
        like: case whose numerical error bars stand for its own.
        fast: the same measurement in the fast form, beside which the page shows this one in 3D.
        shorter: settings with which `--ablation` runs it.
    """

    name: str
    title: str
    about: str
    figures: tuple[str, ...] = ()
    slow: bool = False
    varied: bool = False
    like: str = ""
    fast: str = ""
    shorter: Mapping[str, Any] = field(default_factory=dict)

    def load(self, settings: Mapping[str, Any] | None = None) -> Scenario:
        """The scenario with settings as of `--set`.

        Raises:
            ScenarioError: the settings make none.
        """
        from solver.studies.reading import override

        return _load(self.name, tuple(override(key, value) for key, value in (QUIET | dict(settings or {})).items()))


@cache
def _load(name: str, overrides: tuple[str, ...]) -> Scenario:
    return load_scenario(SCENARIOS / f"{name}.yaml", overrides)


CASES = {case.name: case for case in (
    Case("iv_cycles", "35 cycles", "0 → 0.2 → −0.2 → 0 V at 0.16 V/s (assumed), 35 times, with the filament's thermal noise; the "
         "fast form (axisymmetric gap). The paper's Fig. 3a, 3b and S5.", ("sweeps", "cycles"), like="quick",
         shorter={"protocol.0.repeat.count": 6}),
    Case("forming", "35 cycles of a filament that formed by itself", "A pristine film with a weak spot in place of the filament and its "
         "lasting stub: as wide as the stub, 48.5 nm high, the filament's ions bound by 80 meV more there (assumed). Noise "
         "nucleates the filament at rest within a second or two; then the same 35 cycles, fast form.", ("sweeps", "cycles"), like="quick"),
    Case("quick", "One sweep, fast form", "The same sweep once, without noise.", ("iv",), varied=True),
    Case("negative_first", "A sweep that starts at negative bias", "0 → −0.2 → 0.2 → 0 V on a device that was formed "
         "so: its filament stands on the top electrode. The paper's Fig. S4 shows that it sets there too, and gives no "
         "numbers.", ("iv",), like="quick"),
    Case("pulses_80ms", "80 ms pulses", "Ten pulses of 100 mV and ten of −100 mV, 80 ms each, fast form; the period is "
         "assumed (twice the width). The paper's Fig. 3c.", ("train", "pulses"), varied=True),
    Case("pulses_55ms", "55 ms pulses", "Ten pulses of 100 mV, 55 ms each, fast form. The paper's Fig. 4.",
         ("pulses",), varied=True),
    Case("retention", "Retention", "Ten pulses of 200 mV and 80 ms, then a reading pulse of 1 mV and 20 ms every second "
         "(assumed), fast form. The paper's Fig. 3d.",
         ("retention",), varied=True),
    Case("read_disturb", "Reading disturbs nothing", "The off-state rests for 5 min and is then read for 20 s, with a pulse of 1 mV and "
         "20 ms every second (assumed). The paper's Fig. S6a."),
    Case("lateral_90nm", "Two lateral electrodes 90 nm apart", "The paper's control (Supplementary Note 2): no spacer "
         "flank, the same sweep, in 2D. It must not switch."),
    Case("iv_sweep", "The main job: the cell in 3D", "The sweep on the true crossed bars with the same parameters, "
         "nothing fitted again.", ("iv",), slow=True, varied=True, fast="quick"),
    Case("negative_first_3d", "A sweep that starts at negative bias, in 3D", "The same cell, its filament on the top "
         "electrode.", ("iv",), slow=True, like="iv_sweep", fast="negative_first"),
    Case("pulses_55ms_3d", "55 ms pulses, in 3D", "The same cell and pulses.", ("pulses",), slow=True, fast="pulses_55ms"),
    Case("pulses_80ms_3d", "80 ms pulses, in 3D", "The same cell and pulses.", ("train", "pulses"), slow=True, fast="pulses_80ms"),
    Case("retention_3d", "Retention, in 3D", "The same cell, pulses and readings.", ("retention",), slow=True, fast="retention"),
    Case("read_disturb_3d", "Reading disturbs nothing, in 3D", "The same cell and readings.", slow=True, fast="read_disturb"),
    Case("lateral_90nm_3d", "Two lateral electrodes 90 nm apart, in 3D", "The same control, 300 nm of its edges.", slow=True, fast="lateral_90nm"),
    Case("forming_3d", "A filament that formed by itself, in 3D", "The cell of the main job, pristine but for the same weak spot. Noise nucleates the "
         "filament at rest; one sweep follows.", ("iv",), slow=True, like="iv_sweep", fast="forming"),
    Case("iv_cycles_3d", "35 cycles, in 3D", "The main job 35 times, with noise as in the fast form.", ("sweeps", "cycles"), slow=True, like="iv_sweep", fast="iv_cycles"),
)}


@dataclass(frozen=True)
class Variation:
    """The same physics, computed otherwise.

    Attributes:
        name: heading in the table.
        settings: what is changed.
        against: variation it is compared with; "" is the scenario as it stands.
        counts: the difference is part of the error bar.
    """

    name: str
    settings: Mapping[str, Any]
    against: str = ""
    counts: bool = True


def variations(case: Case) -> list[Variation]:
    """Those of one case: mesh 1 or 1.5 nm whichever it does not have, interface widths, shorter time steps.

    A slow case has the mesh alone.
    """
    scenario = case.load()
    size, width = "mesh.size_at_filament", "physics.filament.interface_width"
    coarse = scenario.mesh.size_at_filament is None or scenario.mesh.size_at_filament > 1.05e-9
    mesh = "mesh 1 nm" if coarse else "mesh 1.5 nm"
    finer = Variation(mesh, {size: mesh.removeprefix("mesh ")})
    return [finer] if case.slow else [
        finer,
        # the narrow interface needs the fine mesh, so that is what it is compared with
        Variation("interface 0.8 nm", {width: "0.8 nm", size: "1 nm"}, against=mesh if coarse else ""),
        Variation("interface 2 nm", {width: "2 nm"}, counts=False),
        Variation("time tolerance / 4", {"solver.time_tolerance": scenario.solver.time_tolerance / 4,
                                         "solver.max_filament_change": scenario.solver.max_filament_change / 2}),
    ]


@dataclass(frozen=True)
class Mechanism:
    """Something in the model that can be taken away.

    Attributes:
        name, about: what is taken away, and how.
        settings: that do so.
        present: whether a scenario has it.
        cases: from which it is taken; without it from every varied one that is not slow.
    """

    name: str
    about: str
    settings: Mapping[str, Any]
    present: Callable[[Scenario], bool] = lambda scenario: True
    cases: tuple[str, ...] = tuple(name for name, case in CASES.items() if case.varied and not case.slow)


MECHANISMS = (
    Mechanism("thermal noise", "`physics.noise: off`", {"physics.noise": "off"},
              lambda scenario: scenario.physics.noise != "off" and scenario.physics.filament.initial != "off", tuple(CASES)),
    Mechanism("exchange of vacancies with the electrodes", "blocking contacts",
              {"physics.contacts.top.ions": "blocking", "physics.contacts.bottom.ions": "blocking"}),
    Mechanism("contact resistance at the tip", "the top contact ohmic", {"physics.contacts.top": {"electronic": "ohmic"}}),
    Mechanism("contact resistance at the foot", "the bottom contact ohmic", {"physics.contacts.bottom.electronic": "ohmic"}),
    Mechanism("steric limit", "site density 1e24 cm^-3, a thousand times the material's",
              {"material.ions.vacancies.site_density": "1e24 cm^-3"}),
    Mechanism("asymmetric kinetics", "Butler-Volmer symmetry factor 0.5", {"material.filament.symmetry_factor": 0.5}),
    Mechanism("stub that never dissolves", "permanent core of 1 nm under the same initial filament",
              {"physics.filament.initial.core_height": "1 nm"}),
    Mechanism("conduction beside the modelled film", "`device.parallel_conductance: 0 S`",
              {"device.parallel_conductance": "0 S"}, lambda scenario: scenario.device.parallel_conductance > 0),
)
NO_SWITCH = ("Conduction by tunnelling across the gap and the interface energy have no switch: without the first the gap's "
             "conductance would follow the numerical interface width, without the second the phase field is not defined.")

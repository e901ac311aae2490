"""Numbers of the heat equation in the solver's units (nm, s, kT0, T/T0; see scaling.py)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HeatSink:
    """A surface that heat leaves through.

    Attributes:
        temperature: of the surface, or of what lies beyond it [T0].
        transfer: heat transfer coefficient [kT0/s per nm^2 per T0]; None: the surface has the temperature.
    """

    temperature: float
    transfer: float | None


@dataclass(frozen=True)
class TemperatureDependence:
    """How coefficients follow the temperature (see temperature.py); zeros: they do not.

    Attributes:
        conduction: activation energy of the film's conductivity [kT0].
        filament: temperature coefficient of the filament's resistivity, times T0.
        growth: activation energy of the filament's growth velocity [kT0].
        electrons, holes: exponents m of the mobilities, (T/T0)^-m.
    """

    conduction: float = 0.0
    filament: float = 0.0
    growth: float = 0.0
    electrons: float = 0.0
    holes: float = 0.0


NEUTRAL = TemperatureDependence()


def temperature_dependence(scenario, s) -> TemperatureDependence:
    """Convert the scenario's SI numbers (`s`: Scaling); all zero with `physics.heat: off`."""
    if scenario.physics.heat == "off":
        return NEUTRAL

    def number(section, key):
        given = section and getattr(section, key)
        return given.value if given is not None else 0.0

    mat = scenario.material
    return TemperatureDependence(
        conduction=s.electronvolt(number(mat.film, "conductivity_activation_energy")),
        filament=number(mat.filament, "temperature_coefficient") * s.temperature,
        growth=s.electronvolt(number(mat.filament, "growth_activation_energy")),
        electrons=number(mat.semiconductor, "electron_mobility_exponent"),
        holes=number(mat.semiconductor, "hole_mobility_exponent"),
    )


@dataclass(frozen=True)
class HeatParameters:
    """Conduction, storage and boundaries of the heat.

    Attributes:
        conductivity: region -> k [kT0/s per nm per T0].
        capacity: region -> density times specific heat [kT0/nm^3 per T0].
        filament_conductivity: k inside the filament; None: the film's.
        terminals, surfaces: terminal, or outer surface "bottom" or "top", -> its sink; the insulated ones are absent.
    """

    conductivity: dict[str, float]
    capacity: dict[str, float]
    filament_conductivity: float | None
    terminals: dict[str, HeatSink]
    surfaces: dict[str, HeatSink]


def heat_parameters(scenario, s) -> HeatParameters | None:
    """Convert the scenario's SI numbers (`s`: Scaling); None with `physics.heat: off`."""
    from solver.scenario.heat import HeatSink as Given

    heat, mat = scenario.physics.heat, scenario.material
    if heat == "off":
        return None
    known = {name: getattr(mat, name) for name in ("film", "spacer", "substrate", "cap")}
    known = {name: part for name, part in known.items() if part is not None and part.thermal_conductivity is not None}

    def sinks(given):
        return {
            name: HeatSink(
                (sink.temperature or s.temperature) / s.temperature,
                None if sink.condition == "fixed" else s.heat_transfer(sink.transfer_coefficient),
            )
            for name, sink in given.items()
            if sink.condition != "insulated"
        }

    surfaces = {name: getattr(heat.surfaces, name) for name in ("bottom", "top")}
    if surfaces["bottom"] is None and scenario.device.substrate_is_sink:
        surfaces["bottom"] = Given()
    inside = mat.filament.thermal_conductivity if scenario.physics.filament != "off" else None
    return HeatParameters(
        conductivity={name: s.thermal_conductivity(part.thermal_conductivity.value) for name, part in known.items()},
        capacity={name: s.heat_capacity(part.heat_capacity.value) for name, part in known.items()},
        filament_conductivity=inside and s.thermal_conductivity(inside.value),
        terminals=sinks({name: heat.terminals.get(name, Given()) for name in scenario.terminals}),
        surfaces=sinks({name: sink for name, sink in surfaces.items() if sink is not None}),
    )

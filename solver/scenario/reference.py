"""Every key of a scenario as a Markdown text, from the schema: docs/scenarios.md is this text."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from solver.units import KINDS

from .carriers import PROFILES, CarrierContact, Carriers
from .contacts import Contact, IonContact
from .device import Array, AxisymmetricGap, BackContact, Block, CrossSection, LateralPair, Pad, Slab
from .heat import HeatPhysics, HeatSink, HeatSurfaces
from .ions import IonSettings
from .material import KEYED, LISTED, parameter_of, sections
from .physics import FilamentPhysics, InitialFilament, Noise, Physics, WeakSpot, WeakSpots
from .protocol import STEPS
from .schema import Scenario
from .settings import Mesh, Output, Solver
from .terminals import Terminal
from .translate import dimension_of

_INTRODUCTION = """\
# Scenario keys

*Written by `halofil schema --markdown > docs/scenarios.md`; a test compares the two.*

A scenario is a YAML file. Quantities carry their unit (`60 nm`, `1e-4 S/m`, `1e19 cm^-3`); a bare number is right only
for pure numbers. Any unit of the right dimension may be used. `halofil check FILE...` lists every fault with file, line
and key; `halofil schema` prints the JSON schema. Keys that the rest of the scenario leaves without effect are faults.
`--set KEY=VALUE` overrides one key: `--set device.spacer_thickness='90 nm'`; entries of a list are numbered from 0:
`--set protocol.0.sweep.rate='0.2 V/s'`.
"""

_MATERIAL = """\
`material:` names a file of `materials/` beside the scenario or among the shipped ones, or is a mapping of the same shape.
Every number is `{value: ..., source: ..., range: [lowest, highest]}`; `source` is a reference, or `assumed`, or `fitted`
with to what; `range` is optional, and a value outside it is a fault. One value is changed by
`material_overrides: {ions.vacancies.diffusivity: 1e-9 cm^2/s}` in the scenario or by
`--set material.ions.vacancies.diffusivity='1e-9 cm^2/s'`; its source then reads `override`.

Ion species are sections of `material.ions` by name; one more is added by

    material_overrides:
      ions:
        interstitials:
          charge: -1
          initial_density: {value: 1e19 cm^-3, source: assumed}
          site_density: {value: 1e21 cm^-3, source: assumed}
          diffusivity: {value: 1e-10 cm^2/s, source: assumed}
      reactions:
        - {equation: vacancies + interstitials <-> 0, rate: {value: 1e-16 cm^3/s, source: assumed}}

and what the electrodes are to it by `physics.contacts: {top: {ions: {interstitials: blocking}}, ...}`.
"""

_CONTACTS = """\
By terminal, e.g. `contacts: {top: {electronic: resistive, ions: {vacancies: exchange, interstitials: blocking}}}`."""

_CARRIERS = """\
With `electronic: bipolar`: electrons and holes in the film, each with its quasi-Fermi potential; one level in a filament.

    carriers:
      doping: [{profile: tanh, below: -1e17 cm^-3, above: 1e17 cm^-3, position: 500 nm, width: 10 nm}]
      contacts: {top: {work_function: 4.8 eV, electron_velocity: 1e7 cm/s, hole_velocity: 1e7 cm/s}}

Of the material it takes the section `semiconductor`, and with a filament `filament.capture_time`."""

_HEAT = """\
A mapping, `on`, or `off` (no temperature field). The temperature lives in all materials; the electronic currents heat it.

    heat:
      terminals: {top: {condition: robin, transfer_coefficient: 1e8 W/(m^2 K)}}
      surfaces: {bottom: {temperature: 310 K}}

Of the material it takes `thermal_conductivity` and `heat_capacity` of each region, and where they are given the
temperature dependences: activation energies, mobility exponents, the filament's temperature coefficient."""

_TERMINALS = """\
By terminal, a role alone or a section; one terminal is driven, at least one is ground. In layout array several are driven,
each by the steps that name it or its cell, at 0 V otherwise.

    terminals:
      top: {role: driven, series_resistance: 1 kohm, parallel_capacitance: 1 pF, compliance: 1 uA}
      bottom: ground

The source sees the resistor, then the capacitor to ground, then the device with its `device.parallel_conductance`."""

_PROTOCOL = """\
A list; each entry is exactly one of these steps. The voltage is 0 V at the start. Layout array takes `bias`, `write`, `read`,
`wait` and `repeat`, the other layouts the rest.

    protocol:
      - sweep: {to: 0.2 V, rate: 0.1 V/s}
      - repeat: {count: 3, steps: [{hold: {voltage: 0.1 V, duration: 1 s}}, {wait: {duration: 1 s}}]}
"""


def reference() -> str:
    """The Markdown text, without a line end after the last line."""
    parts = [_INTRODUCTION, _table("Top level", Scenario, "")]
    parts += [_table(f"`device` with `layout: {_layout(model)}`", model, "device.", _doc(model))
              for model in (BackContact, CrossSection, AxisymmetricGap, Slab, Block, LateralPair, Array)]
    parts += [_table("`device.pads` of `layout: block`", Pad, "device.pads.NAME.", _doc(Pad))]
    parts += [_table("`mesh`", Mesh, "mesh."), _table("`physics`", Physics, "physics.")]
    parts += [_table("`physics.filament`", FilamentPhysics, "physics.filament.", "A mapping, or `off`."),
              _table("`physics.filament.initial`", InitialFilament, "physics.filament.initial.", f"A mapping, or `off`. {_doc(InitialFilament)}"),
              _table("`physics.filament.weak_spots`", WeakSpots, "physics.filament.weak_spots.", _doc(WeakSpots)),
              _table("`physics.filament.weak_spots.spots`", WeakSpot, "", _doc(WeakSpot), level=3),
              _table("`physics.contacts`", Contact, "physics.contacts.TERMINAL.", _CONTACTS),
              _table("`physics.contacts.TERMINAL.ions` of one species", IonContact, "physics.contacts.TERMINAL.ions.NAME.",
                     _doc(IonContact), level=3)]
    parts += [_table("`physics.ions` of one species", IonSettings, "physics.ions.NAME.", _doc(IonSettings))]
    parts += [_table("`physics.carriers`", Carriers, "physics.carriers.", _CARRIERS)]
    parts += [_table(f"`physics.carriers.doping` with `profile: {kind}`", model, "", _doc(model), level=3)
              for kind, model in PROFILES.items()]
    parts += [_table("`physics.carriers.contacts`", CarrierContact, "physics.carriers.contacts.TERMINAL.",
                     _doc(CarrierContact), level=3)]
    parts += [_table("`physics.noise`", Noise, "physics.noise.", f"A mapping, `on`, or `off`. {_doc(Noise)}")]
    parts += [_table("`physics.heat`", HeatPhysics, "physics.heat.", _HEAT),
              _table("`physics.heat.terminals`", HeatSink, "physics.heat.terminals.TERMINAL.", _doc(HeatSink), level=3),
              _table("`physics.heat.surfaces`", HeatSurfaces, "physics.heat.surfaces.", _doc(HeatSurfaces), level=3)]
    parts += [_table("`terminals`", Terminal, "terminals.NAME.", _TERMINALS)]
    parts += [f"## `protocol`\n\n{_PROTOCOL}"]
    parts += [_table(f"`{kind}`", step, f"{kind}.", _doc(step), level=3) for kind, step in STEPS.items()]
    parts += [_table("`output`", Output, "output."), _table("`solver`", Solver, "solver."), _material_table()]
    return "\n".join(parts).rstrip("\n")


def _layout(model: type[BaseModel]) -> str:
    return get_args(model.model_fields["layout"].annotation)[0]


def _doc(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _table(title: str, model: type[BaseModel], prefix: str, text: str = "", level: int = 2) -> str:
    lines = [f"{'#' * level} {title}", ""] + ([text, ""] if text else [])
    lines += ["| key | meaning | value | default |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if name not in ("layout", "profile"):
            lines.append(f"| `{prefix}{name}` | {field.description} | {_values(name, field)} | {_default(name, field)} |")
    return "\n".join(lines) + "\n"


def _values(name: str, field: Any) -> str:
    dimension = dimension_of(field)
    if name in ("x", "y", "z"):
        return "[from, to], two lengths"
    if dimension is not None:
        words = {"more than": ">", "at least": ">=", "at most": "<=", "less than": "<"}
        limits = [f"{words[phrase]} {bound}" for phrase, bound in dimension.limits()]
        return KINDS[dimension.kind].noun.split(" ", 1)[1] + "".join(f", {limit}" for limit in limits)
    choices = list(_choices(field.annotation))
    if name in ("filament", "heat"):
        return "section or `off`"
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    words = {"fields_every": "a voltage or a time", "file": "file name", "name": "text", "material": "name or section",
             "protocol": "list of steps", "steps": "list of steps", "doping": "list of profiles", "spots": "list of spots", "initial_profile": "list of profiles", "equation": "an equation", "formula": "text", "pads": "name: section",
             "terminals": "name: section", "voltages": "name: voltage", "cell": "[row, column], from 1",
             "ions": "a word of these, or a mapping by species", "charge": "a whole number, not 0", "sublattice": "text",
             "reaction": "an equation", "resolved": "a whole number from 2"}
    simple = {bool: "`on`, `off`", int: "a whole number from 1"}
    return words.get(name) or simple.get(field.annotation, "section")


def _choices(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)


def _default(name: str, field: Any) -> str:
    default, dimension = field.default, dimension_of(field)
    if field.is_required():
        return "required" + (f", e.g. {dimension.example or KINDS[dimension.kind].example}" if dimension else "")
    if name == "contacts" or default == {}:
        return "see below"
    if default == ():
        return "none"
    if isinstance(default, bool):
        return "on" if default else "off"
    return "-" if default is None else f"{default:g}".replace("e-0", "e-") if isinstance(default, float) else str(default)


def _material_table() -> str:
    lines = ["## `material`", "", _MATERIAL, "| key | meaning | value |", "|---|---|---|"]
    for section, fields in sections().items():
        own = "NAME." if section in KEYED else "N." if section in LISTED else ""
        for name, field in fields.items():
            model = parameter_of(field)
            value = _values(name, model.model_fields["value"] if model else field)
            lines.append(f"| `material.{section}.{own}{name}` | {field.description} | {value} |")
    return "\n".join(lines) + "\n"

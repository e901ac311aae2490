"""Checks across sections: geometry that cannot be built, keys without effect, files that are missing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from solver.units import format_quantity

from .array_checks import array_faults
from .block_checks import block_faults
from .carriers import CarrierContact
from .device import Array, AxisymmetricGap, BackContact, Block, CrossedBars, CrossSection, LateralPair, Slab
from .document import Path_
from .faults import one_of
from .heat_checks import heat_faults, missing_thermal, without_effect
from .ion_checks import ineffective_ions, ion_faults, missing_exchange
from .material import KEYED, sections
from .profile_checks import profile_faults
from .protocol import Hold, Pulses, Repeat, Step, Sweep
from .schema import Scenario
from .terminals import terminals_without_effect

Found = Iterator[tuple[Path_, str]]


def faults(scenario: Scenario, given: Callable[[Path_], Any], changed: dict[Path_, Path_], folder: Path) -> Found:
    """Faults of a scenario whose every key is right in itself, as (path, sentence).

    Args:
        scenario: as validated, defaults not yet derived from other values.
        given: value that the document has at a path, None where it has none.
        changed: overridden material parameters, (section, key) or (section, name, key) -> path of the override.
        folder: where relative files are looked up.
    """
    yield from _crossed_bars(scenario)
    yield from _lateral_pair(scenario)
    yield from array_faults(scenario)
    if isinstance(device := scenario.device, Block):
        yield from block_faults(device)
    if isinstance(device, AxisymmetricGap) and device.top_radius is not None and device.top_radius >= device.radius:
        yield ("device", "top_radius"), (
            f"{_nm(device.top_radius)} leaves no film beside the rod: the disc's radius is {_nm(device.radius)}; write less")
    yield from _carriers(scenario)
    yield from heat_faults(scenario)
    yield from _filament(scenario)
    yield from _mesh(scenario, folder)
    yield from _material(scenario)
    yield from _protocol(scenario.protocol)
    unused = ineffective(scenario)
    yield from ((path, f"has no effect {why}; remove it") for path, why in unused.items()
                if path[0] != "material" and given(path) is not None)
    for target, path in changed.items():
        why = next((unused[p] for k in range(1, 4) if (p := ("material", *target[:k])) in unused), None)
        if why:
            yield path, f"has no effect {why}; remove it"


def _nm(length: float) -> str:
    return format_quantity(float(f"{length:.6g}"), "length")


def _crossed_bars(scenario: Scenario) -> Found:
    device = scenario.device
    if not isinstance(device, CrossedBars):
        return
    stack = device.spacer_thickness + 2 * device.electrode_thickness
    if stack >= device.film_thickness:
        yield ("device", "spacer_thickness"), (
            f"{_nm(device.spacer_thickness)} with both electrodes (2 x {_nm(device.electrode_thickness)}) makes "
            f"{_nm(stack)}, which the film ({_nm(device.film_thickness)}) must cover; write less, or a thicker "
            "film_thickness")
    if device.electrode_width >= device.domain_length:
        yield ("device", "electrode_width"), (
            f"{_nm(device.electrode_width)} is wider than the domain ({_nm(device.domain_length)}); write less than "
            "domain_length")
    elif isinstance(device, BackContact):
        needed = device.electrode_width + 2 * (device.spacer_thickness + device.electrode_thickness)
        if needed >= device.domain_length:
            yield ("device", "domain_length"), (
                f"{_nm(device.domain_length)} is too short for the electrodes and the spacer's step, which reaches over "
                f"{_nm(needed)}; write more than that")
    if isinstance(device, BackContact):
        yield from _cell_length(device, "flank")


def _lateral_pair(scenario: Scenario) -> Found:
    device = scenario.device
    if not isinstance(device, LateralPair):
        return
    if device.electrode_thickness >= device.film_thickness:
        yield ("device", "electrode_thickness"), (
            f"{_nm(device.electrode_thickness)} is not covered by the film ({_nm(device.film_thickness)}); write less, or a "
            "thicker film_thickness")
    if device.gap >= device.domain_length:
        yield ("device", "domain_length"), (
            f"{_nm(device.domain_length)} is not longer than the gap ({_nm(device.gap)}), so no electrode would be modelled; "
            "write more")
    yield from _cell_length(device, "edges")


def _cell_length(device: Any, whole: str) -> Found:
    if device.cell_length and device.cell_length > device.electrode_width:
        yield ("device", "cell_length"), (
            f"{_nm(device.cell_length)} is longer than the {whole} it is a part of; write at most electrode_width "
            f"({_nm(device.electrode_width)})")


def _filament(scenario: Scenario) -> Found:
    if scenario.physics.filament == "off":
        return
    device, initial = scenario.device, scenario.physics.filament.initial
    gap, width = device.filament_gap, scenario.physics.filament.interface_width
    path: Path_ = ("physics", "filament")
    if scenario.physics.ions == "fixed":
        yield ("physics", "ions"), "fixed leaves the filament no ions to grow from; write mobile, or filament: off"
    spots = scenario.physics.filament.weak_spots
    if spots and not spots.spots:
        yield (*path, "weak_spots", "spots"), "has no spot; write at least one, or leave weak_spots out"
    for i, spot in enumerate(spots.spots if spots else ()):
        here = (*path, "weak_spots", "spots", i)
        if spot.bottom >= spot.top:
            yield (*here, "top"), f"{_nm(spot.top)} is not above the spot's bottom ({_nm(spot.bottom)}); write more"
        if spot.bottom >= gap:
            yield (*here, "bottom"), f"{_nm(spot.bottom)} is not below the counter electrode: the gap is {_nm(gap)}; write less than that"
    if initial == "off":
        if scenario.physics.noise == "off":
            yield (*path, "initial"), ("off leaves a film in which no filament can nucleate without thermal noise; write physics.noise: on, "
                                       "or physics.filament: off")
        return
    if initial.height >= gap:
        yield (*path, "initial", "height"), (
            f"{_nm(initial.height)} is not below the counter electrode: the gap is {_nm(gap)}; write less than that")
    if initial.core_height >= initial.height:
        yield (*path, "initial", "core_height"), (
            f"{_nm(initial.core_height)} is not below the initial filament's height ({_nm(initial.height)}); write less")
    if initial.core_radius > initial.radius:
        yield (*path, "initial", "core_radius"), (
            f"{_nm(initial.core_radius)} is more than the initial filament's radius ({_nm(initial.radius)}); write at most "
            "that")
    if width >= initial.radius:
        yield (*path, "interface_width"), (
            f"{_nm(width)} is not less than the initial filament's radius ({_nm(initial.radius)}), so the filament would "
            "have no inside; write less, best a quarter of the radius")
    room = min(_room_for_filament(device))
    if initial.radius >= room:
        yield (*path, "initial", "radius"), (
            f"{_nm(initial.radius)} does not fit beside the electrode, where there are {_nm(room)}; write less")


def _room_for_filament(device: Any) -> Iterator[float]:
    """Distances from the filament's axis to the end of the model sideways (m)."""
    yield float("inf")
    if isinstance(device, AxisymmetricGap):
        yield device.radius
    if isinstance(device, CrossedBars) and device.domain_length > device.electrode_width:
        yield (device.domain_length - device.electrode_width) / 2
    if isinstance(device, BackContact) or (isinstance(device, LateralPair) and device.dimension == 3):
        yield (device.cell_length or device.electrode_width) / 2
    if isinstance(device, LateralPair):
        yield device.film_thickness
    if isinstance(device, Array):
        yield device.pitch - device.electrode_width if device.columns > 1 else device.margin
        if device.dimension == 3:
            yield device.electrode_width / 2


def _mesh(scenario: Scenario, folder: Path) -> Found:
    mesh = scenario.mesh
    if mesh.file is not None:
        file = folder / mesh.file
        if not file.is_file():
            near = sorted(p.name for p in file.parent.glob("*.msh"))[:8] if file.parent.is_dir() else []
            yield ("mesh", "file"), f"no such file: {file}" + (f"; that directory has {', '.join(near)}" if near else "")
        elif file.suffix != ".msh":
            yield ("mesh", "file"), f"{file.name} is not a Gmsh mesh; write a file that ends in .msh"
        return
    size, core_radius = filament_sizes(scenario)
    room = min(_room_for_filament(scenario.device))
    if core_radius is not None and not isinstance(scenario.device, AxisymmetricGap) and core_radius >= room:
        yield ("mesh", "core_radius"), (f"{_nm(core_radius)} does not fit beside the electrode, where there are "
                                        f"{_nm(room)}; write less")
    if scenario.physics.filament != "off" and size > 3 * scenario.physics.filament.interface_width:
        width = scenario.physics.filament.interface_width
        yield ("mesh", "size_at_filament"), (
            f"{_nm(size)} cannot resolve an interface {_nm(width)} wide; write at most {_nm(3 * width)}, best "
            f"{_nm(1.25 * width)}")
    for key, length in (("size_at_filament", size), ("size_at_edge", mesh.size_at_edge)):
        if length is not None and length > mesh.size_max and ("mesh", "size_max") not in ineffective(scenario):
            yield ("mesh", "size_max"), f"{_nm(mesh.size_max)} is less than {key} ({_nm(length)}); write at least that"


def _material(scenario: Scenario) -> Found:
    for path, why in dict(_missing(scenario)).items():
        yield ("material", *path), f"is missing, and {why} needs it; {_keys_of(path)}"
    yield from ion_faults(scenario)


def _missing(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    """Material sections and values that are not there but needed, each with what needs them."""
    material, physics = scenario.material, scenario.physics
    unused = ineffective(scenario)
    bipolar = physics.electronic == "bipolar"
    if bipolar and material.semiconductor is None:
        yield ("semiconductor",), "physics.electronic: bipolar"
    if not bipolar and material.film.electronic_conductivity is None:
        yield ("film", "electronic_conductivity"), "physics.electronic: quasi_equilibrium"
    if bipolar and material.semiconductor is not None and any(c.thermionic for c in physics.carriers.contacts.values()):
        for key in ("electron_richardson_constant", "hole_richardson_constant"):
            if getattr(material.semiconductor, key) is None:
                yield ("semiconductor", key), "thermionic: on"
    if not material.ions and physics.ions == "mobile":
        yield ("ions",), "physics.ions: mobile"
    if material.filament is None and physics.filament != "off":
        yield ("filament",), "physics.filament"
    elif bipolar and physics.filament != "off":
        if material.filament.capture_time is None:
            yield ("filament", "capture_time"), "physics.filament with electronic: bipolar"
        uneven = any(profile.profile != "uniform" for profile in physics.carriers.doping)
        if material.filament.work_function is None and uneven:
            yield ("filament", "work_function"), "doping that changes in space"
    yield from missing_exchange(scenario)
    if material.contacts is None and ("material", "contacts", "conductance") not in unused:
        yield ("contacts",), "a terminal that is resistive"
    for section in scenario.device.regions:
        if getattr(material, section) is None and ("material", section) not in unused:
            yield (section,), f"layout {scenario.device.layout}"
    yield from missing_thermal(scenario)


def _keys_of(path: Path_) -> str:
    if len(path) > 1:
        return f"write {path[-1]}: {{value: ..., source: ...}}"
    if path[0] in KEYED:
        return f"write it with a section for each, with keys {', '.join(sections()[path[0]])}"
    return f"write it with its keys: {', '.join(sections()[path[0]])}"


def _carriers(scenario: Scenario) -> Found:
    physics, device = scenario.physics, scenario.device
    if physics.electronic != "bipolar":
        return
    for name in physics.carriers.contacts:
        if name not in scenario.terminals:
            yield ("physics", "carriers", "contacts", name), (
                f"the layout has no terminal {name!r:.40}; its terminals are {one_of(scenario.terminals)}")
    yield from _carrier_contacts(physics.carriers.contacts, physics.filament != "off")
    yield from profile_faults(physics.carriers.doping, ("physics", "carriers", "doping"), device.dimension)


def _carrier_contacts(contacts: dict[str, CarrierContact], filament: bool) -> Found:
    for name, contact in contacts.items():
        path = ("physics", "carriers", "contacts", name)
        given = [key for key in ("electron_velocity", "hole_velocity") if getattr(contact, key) is not None]
        if contact.thermionic:
            yield from (((*path, key), "has no effect with thermionic: on, which sets it; remove one of the two")
                        for key in given)
        if contact.resistive and (contact.thermionic or len(given) == 2) and not filament:
            yield (*path, "resistive"), "has no effect where both carriers leave at a velocity; remove it"
        if contact.conductance is not None and not contact.resistive:
            yield (*path, "conductance"), "has no effect without resistive: on; remove it"
        if contact.barrier_lowering and contact.work_function is None:
            yield (*path, "barrier_lowering"), (
                "needs a barrier, and a charge-neutral surface has none; write work_function: 4.8 eV, or remove it")


def _protocol(steps: tuple[Step, ...]) -> Found:
    voltage = 0.0

    def walk(steps: tuple[Step, ...], path: Path_) -> Found:
        nonlocal voltage
        for i, step in enumerate(steps):
            here = (*path, i, step.kind)
            if isinstance(step, Repeat):
                yield from walk(step.steps, (*here, "steps"))
            elif isinstance(step, Sweep):
                if step.to == voltage and (i or path == ("protocol",)):
                    yield (*here, "to"), (f"the voltage is {format_quantity(voltage, 'voltage')} already, so this sweep does "
                                          "nothing; write another voltage, or wait: {duration: ...}")
                voltage = step.to
            elif isinstance(step, Hold):
                voltage = step.voltage
            elif isinstance(step, Pulses):
                if step.width >= step.period:
                    yield (*here, "width"), (f"{format_quantity(step.width, 'time')} is not shorter than the period "
                                             f"({format_quantity(step.period, 'time')}); write less")
                if step.amplitude == step.base:
                    yield (*here, "amplitude"), "is the base voltage, so there would be no pulses; write another voltage"
                voltage = step.base

    yield from walk(steps, ("protocol",))


def ineffective(scenario: Scenario) -> dict[Path_, str]:
    """Keys that the rest of the scenario leaves without effect, each with the reason (after "has no effect")."""
    device, physics = scenario.device, scenario.physics
    found: dict[Path_, str] = terminals_without_effect(scenario.terminals)
    if scenario.mesh.file is not None:
        found |= {("mesh", key): "with mesh.file, whose elements are used as they are"
                  for key in type(scenario.mesh).model_fields if key != "file"}
    elif isinstance(device, Block):
        found |= {("mesh", key): "in layout block, which is refined at its pads and junctions"
                  for key in ("size_at_filament", "core_radius")}
    elif isinstance(device, (AxisymmetricGap, Slab)):
        uniform = ("growth", "size_at_edge", "size_max") + (("core_radius",) if isinstance(device, Slab) else ())
        found |= {("mesh", key): f"in layout {device.layout}, which has no edges to refine at" for key in uniform}
    if isinstance(device, AxisymmetricGap) and device.top_radius is None:
        found["device", "rod_length"] = "without device.top_radius"
    if not isinstance(device, Block):
        found["mesh", "size_at_junction"] = f"in layout {device.layout}"
    found |= {("material", key): f"in layout {device.layout}, which has no {key}" for key in ("spacer", "substrate", "cap")
              if key not in device.regions}
    if isinstance(device, LateralPair):
        found |= _of_the_pair(device)
    if isinstance(device, Array) and device.dimension == 2:
        found["device", "substrate_oxide_thickness"] = found["material", "substrate"] = "in 2D, the section above a row"
    if physics.filament == "off":
        found["solver", "max_filament_change"] = found["material", "filament"] = "with physics.filament: off"
        found["physics", "noise"] = "with physics.filament: off"
    if physics.noise != "off":
        found["solver", "time_tolerance"] = "with physics.noise, where no local error exists"
    contacts = {name: scenario.contact(name) for name in scenario.terminals}
    if physics.electronic == "bipolar":
        found |= {("physics", "contacts", name, key): "with physics.electronic: bipolar, whose contacts are "
                  "those of physics.carriers" for name in contacts for key in ("electronic", "conductance")}
        found |= {("material", "film", key): "with physics.electronic: bipolar" for key in (
            "electronic_conductivity", "conductivity_activation_energy")}
        carriers = physics.carriers
        for switch, keys in (("srh", ("electron_lifetime", "hole_lifetime", "trap_level")),
                             ("radiative", ("radiative_coefficient",)),
                             ("auger", ("electron_auger_coefficient", "hole_auger_coefficient"))):
            if not getattr(carriers, switch):
                found |= {("material", "semiconductor", key): f"with physics.carriers.{switch}: off" for key in keys}
        for switch, keys in (("thermionic", ("electron_richardson_constant", "hole_richardson_constant")),
                             ("barrier_lowering", ("image_force_permittivity",))):
            if not any(getattr(contact, switch) for contact in carriers.contacts.values()):
                found |= {("material", "semiconductor", key): f"because no contact has {switch}: on" for key in keys}
    else:
        found |= {("physics", "contacts", name, "conductance"): "because the terminal is ohmic"
                  for name, contact in contacts.items() if contact.electronic == "ohmic"}
        found["physics", "carriers"] = "with physics.electronic: quasi_equilibrium"
        found["material", "semiconductor"] = "with physics.electronic: quasi_equilibrium"
        found |= {("material", "filament", key): "with physics.electronic: quasi_equilibrium"
                  for key in ("work_function", "capture_time")}
    found |= ineffective_ions(scenario)
    resistive = ([c.resistive and c.conductance is None for c in physics.carriers.contacts.values()] if physics.electronic == "bipolar"
                 else [contact.electronic == "resistive" and contact.conductance is None for contact in contacts.values()])
    if not any(resistive):
        found["material", "contacts", "conductance"] = "because no terminal is resistive without a conductance of its own"
    return found | without_effect(scenario)


def _of_the_pair(device: LateralPair) -> dict[Path_, str]:
    keys = ("surround", "symmetry", "cell_length") if device.dimension == 2 else ("surround",) if device.cell_length else ()
    return {("device", key): "in 2D" if device.dimension == 2 else "with cell_length, whose ends are mirror planes"
            for key in keys}


def filament_sizes(scenario: Scenario) -> tuple[float | None, float | None]:
    """Finest element size and the radius of the region that has it (m): as given, or from the filament.

    Without a filament and where not given, None: the mesh follows the film's thickness.
    """
    filament, mesh = scenario.physics.filament, scenario.mesh
    if filament == "off":
        return mesh.size_at_filament, mesh.core_radius
    return (mesh.size_at_filament or 1.25 * filament.interface_width,
            mesh.core_radius or max(12e-9, filament.radius + 6 * filament.interface_width))


def filled(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario with the defaults that follow from other values filled in, and an absolute mesh file."""
    mesh, device = scenario.mesh, scenario.device
    if mesh.file is not None:
        mesh = mesh.model_copy(update={"file": (folder / mesh.file).absolute()})
    else:
        size, core_radius = filament_sizes(scenario)
        left_out = ("mesh", "core_radius") in ineffective(scenario)
        mesh = mesh.model_copy(update={"size_at_filament": size, "core_radius": None if left_out else core_radius})
    physics = scenario.physics.model_copy(update={"contacts": {name: scenario.contact(name) for name in scenario.terminals}})
    if isinstance(device, CrossSection) and device.depth is None:
        device = device.model_copy(update={"depth": device.electrode_width})
    return scenario.model_copy(update={"mesh": mesh, "device": device, "physics": physics})

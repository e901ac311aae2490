"""The scenario as a whole."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, PrivateAttr

from solver.units import fault

from .base import Part, Text
from .contacts import Contact, complete
from .device import Block, Device
from .material import Material
from .physics import Physics
from .protocol import AnyStep
from .settings import Mesh, Output, Solver
from .terminals import Terminals


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}", value):
        raise fault(f"{value!r:.40} cannot name the results folder; use letters, digits, _ . + -, e.g. my_cell")
    return value


class Scenario(Part):
    """A checked scenario with every default filled in; all quantities are floats in SI."""

    name: Annotated[Text, AfterValidator(_name)] = Field(description="name of the scenario and of its results folder")
    device: Device = Field(description="layout and dimensions")
    mesh: Mesh = Field({}, description="element sizes, or a mesh file")
    material: Material = Field(description="name of a file in materials/, or a mapping of the same shape")
    physics: Physics = Field({}, description="equations to solve")
    terminals: Terminals = Field(description="what each terminal is connected to")
    protocol: tuple[AnyStep, ...] = Field(description="what is done to the driven terminal", min_length=1)
    output: Output = Field({}, description="what is written")
    solver: Solver = Field({}, description="tolerances and limits")
    _source_path: Path | None = PrivateAttr(None)
    _overrides: tuple[str, ...] = PrivateAttr(())

    @property
    def source_path(self) -> Path | None:
        """File the scenario was read from."""
        return self._source_path

    @property
    def overrides(self) -> tuple[str, ...]:
        """What was set over the file's values, as KEY=VALUE."""
        return self._overrides

    def contact(self, terminal: str) -> Contact:
        """What a terminal lets through, defaults filled in."""
        mobile = [name for name in self.material.ions if self.physics.moves(name)]
        filament = self.physics.filament
        reversed_ = filament != "off" and filament.grown_from == "top"
        counter = (terminal in self.device.counter_terminals) != (reversed_ and not isinstance(self.device, Block))
        return complete(self.physics.contacts.get(terminal), counter, isinstance(self.device, Block), mobile)

    @property
    def driven(self) -> str:
        """Name of the driven terminal, of an array's the first."""
        return next(name for name, terminal in self.terminals.items() if terminal.role == "driven")

    def __eq__(self, other: object) -> bool:
        """Equal physics and settings, wherever they were read from."""
        return isinstance(other, Scenario) and all(
            getattr(self, key) == getattr(other, key) for key in Scenario.model_fields)

    __hash__ = None

    def resolved_yaml(self) -> str:
        """The whole scenario as YAML with units, defaults and material written out; it loads to an equal scenario."""
        from .resolved import resolved_yaml

        return resolved_yaml(self)

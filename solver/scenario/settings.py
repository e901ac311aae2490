"""Numerical settings: mesh sizes, output, solver tolerances."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from solver.units import Dimension, QuantityError, fault, format_quantity, parse_quantity

from .base import Count, Duration, Length, Part, Switch


class Mesh(Part):
    """Element sizes, or a mesh file to use instead."""

    file: Path | None = Field(None, description="mesh file (.msh), relative to the scenario; without it one is built")
    size_at_filament: Length | None = Field(None, description="finest size, around the filament site; without it "
                                            "1.25 interface widths")
    growth: Annotated[float, Dimension("number", above="0", at_most="2", example="0.25")] = Field(
        0.25, description="growth of the size per distance from the filament site")
    core_radius: Length | None = Field(None, description="radius of the finest region; without it the filament's "
                                       "radius + 6 interface widths, at least 12 nm")
    size_at_edge: Length = Field("5 nm", description="size along the active edges")
    size_at_junction: Length = Field("10 nm", description="size across the junctions of tanh doping (layout block)")
    size_max: Length = Field("400 nm", description="largest size")


class Interval(Part):
    """An interval of the driven terminal's voltage (V) or of time (s)."""

    value: float
    kind: Literal["voltage", "time"]

    def __str__(self) -> str:
        return format_quantity(self.value, self.kind)


def _interval(value: Any) -> Any:
    if isinstance(value, Interval):
        return value
    for kind in ("voltage", "time"):
        try:
            result = parse_quantity(value, kind)
        except QuantityError:
            continue
        if result <= 0:
            raise fault(f"{value} is out of range; it must be more than 0")
        return Interval(value=result, kind=kind)
    raise fault(f"{value!r:.40} is neither a voltage nor a time with its unit; write e.g. 20 mV or 0.5 s")


class Output(Part):
    """What is written while running."""

    fields_every: Annotated[Interval, BeforeValidator(_interval), WithJsonSchema({"type": "string"})] | None = Field(
        None, description="fields are written each time the voltage (e.g. 20 mV) or the time (e.g. 0.5 s) has moved by "
        "this much, and always at the start and at the corners of the protocol")
    checkpoint_every: Duration = Field("300 s", description="wall time between checkpoints")
    max_step: Annotated[float, Dimension("voltage", above="0 V", at_most="100 V")] | None = Field(
        None, description="largest change of the voltage in one time step; without it a fortieth of the largest voltage")
    figures: Switch = Field(True, description="draw the figures at the end")


Tolerance = Annotated[float, Dimension("number", above="0", below="1", example="1e-6")]


class Solver(Part):
    """Tolerances and limits of the solution."""

    newton_tolerance: Tolerance = Field(1e-8, description="largest update of Newton's method accepted at the end, in kT/q, c/c0 and fractions")
    linear_tolerance: Tolerance = Field(1e-6, description="relative residual at which the linear solver stops")
    time_tolerance: Tolerance = Field(5e-3, description="relative local error of a time step")
    max_filament_change: Tolerance = Field(0.2, description="largest change of the filament fraction in one time step")
    linear_solver: Literal["auto", "direct", "iterative"] = Field(
        "auto", description="direct (small systems only), iterative, or chosen by size")
    max_steps: Count = Field(20000, description="largest number of time steps")
    min_step: Duration = Field("1e-12 s", description="smallest time step; below it the run gives up")

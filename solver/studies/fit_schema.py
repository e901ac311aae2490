"""What a fit file says (`halofil fit`)."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from solver.scenario.base import Count, Part, Text
from solver.units import Dimension, fault

from .quantities import Span
from .schema import Key, Name

Share = Annotated[float, Dimension("number", above="0", at_most="0.5", example="0.03")]
Penalty = Annotated[float, Dimension("number", at_least="1", at_most="1e3", example="10")]
Weight = Annotated[float, Dimension("number", at_least="0", at_most="1e6", example="2")]


class FitParameter(Part):
    """A parameter to be found, between bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, validate_by_alias=True)

    low: Any = Field(None, alias="from", description="lower bound; without it the lowest of the material's `range`")
    high: Any = Field(None, alias="to", description="upper bound; without it the highest of the material's `range`")
    scale: Literal["linear", "log"] | None = Field(None, description="without it log where both bounds are positive")
    start: Any = Field(None, description="where to begin; without it the value the first scenario has")

    @model_validator(mode="after")
    def _both_bounds(self):
        if (self.low is None) != (self.high is None):
            raise fault("give both from and to, or neither (then the material's range)")
        if self.low is not None:
            Span.between(self.low, self.high, log=self.scale == "log")
        return self


def _off(value: Any) -> Any:
    return {} if value is None else value


class Fit(Part):
    """Parameters, the scenarios that are run for each trial, and how the search goes."""

    name: Name = Field(description="name of the fit and of its results folder")
    scenarios: tuple[Text, ...] = Field(description="scenarios of a trial, relative to the fit file", min_length=1)
    set: dict[Key, Any] = Field({}, description="keys that are the same in all runs, as for --set")
    parameters: dict[Key, Annotated[FitParameter, BeforeValidator(_off)]] = Field(
        description="key -> its bounds; the key must exist in every scenario", min_length=1)
    weights: dict[str, Weight] = Field({}, description="quantity, or `scenario: quantity` -> weight of its squared residual "
                                       "(default 1; 0 leaves it out)")
    groups: dict[str, tuple[str, ...]] = Field({}, description="name -> quantities whose trade-off is shown; without it "
                                               "one group a scenario")
    explore: Count | None = Field(None, description="Sobol points tried first; the search starts at the best")
    descents: Count = Field(1, description="searches, one after the other, from the best of the start and the Sobol points")
    trials: Count = Field(100, description="most trials, those of earlier runs included")
    step: Share = Field(0.03, description="of the finite differences, as share of a parameter's bounds")
    sensitivity_step: Share = Field(0.05, description="of --sensitivities, in ln(parameter)")
    penalty: Penalty = Field(10.0, description="residual, in half-widths of the band, of a quantity that does not exist or "
                             "whose run failed; residuals beyond half of it bend towards it")
    ranks: Count = Field(1, description="MPI ranks of each run")

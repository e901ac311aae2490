"""Scenarios: YAML with units, checked before anything is computed."""

from .faults import Fault, FaultList, ScenarioError
from .json_schema import json_schema
from .loading import load_scenario, parse_scenario
from .schema import Scenario

__all__ = ["Fault", "FaultList", "Scenario", "ScenarioError", "json_schema", "load_scenario", "parse_scenario"]

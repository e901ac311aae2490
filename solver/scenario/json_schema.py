"""JSON schema of a scenario file, for editors and scripts."""

from typing import Any

from .schema import Scenario


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of scenario files: keys, units, defaults, choices."""
    schema = Scenario.model_json_schema()
    material = schema["properties"]["material"]
    inline = {key: material.pop(key) for key in list(material) if key != "description"}
    material["anyOf"] = [{"type": "string", "description": "name of a file in materials/, without .yaml"}, inline]
    schema["properties"]["material_overrides"] = {
        "type": "object", "description": "single material values, keyed section.key",
        "additionalProperties": {"type": ["string", "number", "object"]}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "halofil scenario",
            **{key: value for key, value in schema.items() if key != "title"}}

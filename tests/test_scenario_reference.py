"""The reference in docs/ and the JSON schema say what the program accepts."""

import json
import re
from pathlib import Path

from solver.scenario import json_schema
from solver.scenario.document import parse_document
from solver.scenario.reference import reference

ROOT = Path(__file__).parents[1]


def leaves(data, prefix=""):
    """Dotted keys of all values that are no sections; list entries without their number."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                yield from leaves(item)
        else:
            yield f"{prefix}{key}"


def test_the_reference_in_docs_is_that_of_the_schema():
    assert (ROOT / "docs" / "scenarios.md").read_text() == reference() + "\n", (
        "run: halofil schema --markdown > docs/scenarios.md")


def test_every_key_of_the_shipped_scenarios_is_in_the_reference():
    text = reference()
    for path in (ROOT / "scenarios").glob("*.yaml"):
        for key in leaves(parse_document(path.read_text(), path.name).data):
            key = re.sub(r"^device\.pads\.\w+", "device.pads.NAME", key)
            key = re.sub(r"^physics\.(contacts|carriers\.contacts|heat\.terminals)\.\w+", r"physics.\1.TERMINAL", key)
            key = re.sub(r"^material_overrides\.", "material.", key)
            key = re.sub(r"^material\.ions\.\w+", "material.ions.NAME", key)
            if key.startswith("material."):
                key = re.sub(r"\.(value|source|range)$", "", key)
            known = key in ("device.layout", "profile") or key.startswith("terminals.") or f"`{key}`" in text
            assert known, key
    for path in (ROOT / "scenarios" / "materials").glob("*.yaml"):
        for key in {*leaves(parse_document(path.read_text(), path.name).data)} - {"name"}:
            key = re.sub(r"\.(value|source|range)$", "", re.sub(r"^ions\.\w+", "ions.NAME", key))
            assert f"`material.{key}`" in text, key


def test_the_json_schema_is_json_and_refuses_unknown_keys_everywhere():
    schema = json.loads(json.dumps(json_schema()))
    assert set(schema["required"]) == {"name", "device", "material", "terminals", "protocol"}
    sections = [schema, *(s for s in schema["$defs"].values() if s.get("type") == "object")]
    assert len(sections) > 20
    assert all(section["additionalProperties"] is False for section in sections)
    assert schema["properties"]["material"]["anyOf"][0]["type"] == "string"
    assert schema["$defs"]["Sweep"]["required"] == ["sweep"]
    assert "material_overrides" in schema["properties"]


def test_the_json_schema_has_a_description_and_a_kind_for_every_quantity():
    for section in json_schema()["$defs"].values():
        for name, key in section.get("properties", {}).items():
            if name not in ("sweep", "hold", "pulses", "wait", "repeat"):
                assert key.get("description"), (section["title"], name)
    gap = json_schema()["$defs"]["AxisymmetricGap"]["properties"]["gap"]
    assert (gap["type"], gap["x-kind"], gap["default"]) == ("string", "length", "60 nm")

"""Whatever is done to a scenario's text, it loads or it raises ScenarioError with sentences; never anything else."""

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.scenario import ScenarioError, parse_scenario
from solver.scenario.document import parse_document

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TEXTS = [path.read_text() for path in sorted(SCENARIOS.glob("*.yaml"))]
MATERIAL = (SCENARIOS / "materials" / "mapbi3_gold.yaml").read_text()
JARGON = re.compile("pydantic|validation error|input should|type=|union_tag|Traceback|<class|NoneType|dict_type", re.IGNORECASE)

values = st.one_of(
    st.none(), st.booleans(), st.integers(-10**20, 10**20), st.floats(), st.text(max_size=12),
    st.sampled_from(["60 nm", "0 V", "-5 nm", "1 kg", "on", "off", "1e400 V", "60", "slab", "mobile", "x" * 200, "{}"]),
    st.lists(st.sampled_from(["1 nm", 5, None, {"sweep": None}]), max_size=3),
    st.dictionaries(st.sampled_from(["to", "value", "layout", "sweep", "x"]), st.sampled_from([1, "1 V", None, []]), max_size=3),
)


def outcome(text, overrides=()):
    """None when the text loads (and its resolved form to an equal scenario), else the faults, checked for form."""
    try:
        scenario = parse_scenario(text, overrides, folder=SCENARIOS, name="cell.yaml")
    except ScenarioError as error:
        assert error.faults
        for fault in error.faults:
            assert str(fault).isprintable()  # one line, no control characters
            assert fault.message.strip()
            assert len(str(fault)) < 700, fault
            assert not JARGON.search(fault.message.replace("x" * 60, "")), fault
        return error.faults
    assert parse_scenario(scenario.resolved_yaml(), folder=SCENARIOS) == scenario
    return None


def paths_of(value, prefix=()):
    """Every path of a nested value."""
    yield prefix
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths_of(inner, (*prefix, key))


def full(text):
    """The scenario as plain data with its material inlined, so that mutations reach every key."""
    return {**parse_document(text, "cell").data, "material": parse_document(MATERIAL, "material").data}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_replaced_or_deleted_value_is_accepted_or_a_fault(data):
    scenario = full(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in paths_of(scenario) if p]))
        parent = scenario
        for part in path[:-1]:
            parent = parent[part]
        action = data.draw(st.sampled_from(["replace", "delete", "rename"]))
        if action == "replace":
            parent[path[-1]] = copy.deepcopy(data.draw(values))  # hypothesis hands out its own objects, and the next mutation may change them
        elif action == "rename" and isinstance(parent, dict):
            parent[data.draw(st.text(max_size=10))] = parent.pop(path[-1])
        else:
            del parent[path[-1]]
    outcome(json.dumps(scenario))  # JSON is YAML


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_garbled_text_is_accepted_or_a_fault(data):
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(st.text(alphabet=st.sampled_from("a: -{}[]&*!|>'\"%@`\t\n0#,?~\\\u00b5\ufffe"), max_size=4)) \
            + text[at + length:]
    outcome(text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(TEXTS), st.lists(st.sampled_from(
    ["device", "material", "film", "0", "protocol", "sweep", "name", "x", "", "mesh", "physics", "filament", "terminals",
     "material_overrides", "ions.vacancies.diffusivity", "value", "-1", "9"]), max_size=4), values)
def test_any_override_is_accepted_or_a_fault(text, key, value):
    outcome(text, [f"{'.'.join(key)}={json.dumps(value)}"])


@pytest.mark.parametrize("text", TEXTS, ids=[re.search(r"name: (\w+)", text)[1] for text in TEXTS])
def test_every_misspelt_key_is_named_with_the_right_one(text):
    scenario = full(text)
    for path in [p for p in paths_of(scenario) if p and isinstance(p[-1], str)]:
        if path[:-1] == ("material", "ions"):
            continue  # a name of the user's own
        changed = json.loads(json.dumps(scenario))
        parent = changed
        for part in path[:-1]:
            parent = parent[part]
        right = path[-1]
        wrong = right + "q"
        parent[wrong] = parent.pop(right)
        found = outcome(json.dumps(changed))
        assert found is not None, path
        named = [fault for fault in found if wrong in str(fault)]
        assert named, (path, list(map(str, found)))
        assert right in named[0].message, named[0]

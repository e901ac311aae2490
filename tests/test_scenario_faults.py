"""Every mistake is one sentence with file, line and key that says what would be right; nothing else is raised."""

from pathlib import Path

import pytest

from solver.scenario import ScenarioError, load_scenario, parse_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"
CELL = """\
name: cell
device:
  layout: back_contact
  spacer_thickness: 60 nm
  symmetry: half
mesh: {growth: 0.25}
material: mapbi3_gold
physics:
  filament: {interface_width: 1.2 nm, initial: {core_radius: 2 nm, core_height: 46 nm, radius: 5 nm, height: 52 nm}}
terminals: {top: driven, bottom: ground}
protocol:
  - sweep: {to: 0.2 V, rate: 0.1 V/s}
  - wait: {duration: 1 s}
output: {fields_every: 20 mV}
"""
GAP = CELL.replace("layout: back_contact", "layout: axisymmetric_gap").replace(
    "  spacer_thickness: 60 nm\n  symmetry: half\nmesh: {growth: 0.25}\n", "  gap: 60 nm\n")


def faults(text, *overrides):
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, overrides, folder=SCENARIOS, name="cell.yaml")
    return list(map(str, caught.value.faults))


def edited(old, new, text=CELL):
    assert old in text
    return faults(text.replace(old, new, 1))


def one_fault(found, start, *words):
    assert len(found) == 1, found
    assert found[0].startswith(start), found[0]
    for word in words:
        assert word in found[0], found[0]


def test_the_texts_these_tests_start_from_are_right():
    for text in (CELL, GAP):
        parse_scenario(text, folder=SCENARIOS)


@pytest.mark.parametrize(
    ("old", "new", "start", "word"),
    [
        ("spacer_thickness", "spacer_thicknes", "cell.yaml:4: device.spacer_thicknes: unknown key",
         "(nearest: spacer_thickness)"),
        ("symmetry: half", "gap: 60 nm", "cell.yaml:5: device.gap: unknown key for this layout", "axisymmetric_gap"),
        ("growth: 0.25", "height: 5 nm", "cell.yaml:6: mesh.height: unknown key",
         "physics.filament.initial.height"),
        ("output:", "outputs:", "cell.yaml:14: outputs: unknown key", "(nearest: output)"),
        ("60 nm", "60", "cell.yaml:4: device.spacer_thickness: 60 has no unit", "write e.g. 60 nm"),
        ("60 nm", "60 V", "cell.yaml:4: device.spacer_thickness: '60 V' is not a length", "60 nm"),
        ("60 nm", "-60 nm", "cell.yaml:4: device.spacer_thickness: -60 nm is out of range", "more than 0 nm"),
        ("60 nm", "60 m", "cell.yaml:4: device.spacer_thickness: 60 m is out of range", "less than 1 mm"),
        ("60 nm", "", "cell.yaml:4: device.spacer_thickness: nothing is given", "60 nm"),
        ("layout: back_contact", "layout: backcontact", "cell.yaml:3: device.layout: 'backcontact' is not known",
         "(nearest: back_contact)"),
        ("  layout: back_contact\n", "", "cell.yaml:2: device.layout: is missing", "back_contact"),
        ("half", "third", "cell.yaml:5: device.symmetry: 'third' is not known here", "write full, half or quarter"),
        ("growth: 0.25", "growth: 0.25 nm", "cell.yaml:6: mesh.growth: '0.25 nm' is not a pure number", "0.25"),
        ("growth: 0.25", "growth: 0", "cell.yaml:6: mesh.growth: 0 is out of range", "more than 0"),
        ("mapbi3_gold", "mapbi_gold", "cell.yaml:7: material: no file mapbi_gold.yaml", "(nearest: mapbi3_gold)"),
        ("mapbi3_gold", "", "cell.yaml:7: material: is empty", "material: mapbi3_gold"),
        ("mapbi3_gold", "../cell", "cell.yaml:7: material: no file ../cell.yaml", "mapbi3_gold"),
        ("bottom: ground", "botom: ground", "cell.yaml:10: terminals: the layout has no terminal 'botom'",
         "(nearest: bottom)"),
        ("bottom: ground", "bottom: grounded", "cell.yaml:10: terminals.bottom: 'grounded' is not known",
         "driven, ground or floating"),
        ("bottom: ground", "bottom: floating", "cell.yaml:10: terminals: no terminal is ground", "another is ground"),
        ("top: driven", "top: {role: driven, series_resistance: 1000}", "cell.yaml:10: terminals.top.series_resistance: 1000",
         "has no unit"),
        ("top: driven", "top: {role: driven, compliance: 1 mV}", "cell.yaml:10: terminals.top.compliance: '1 mV' is not",
         "a current; write e.g. 1 uA"),
        ("top: driven", "top: {role: driven, resistance: 1 ohm}", "cell.yaml:10: terminals.top.resistance: unknown key",
         "nearest: series_resistance"),
        ("top: driven", "top: {role: driven, parallel_capacitance: 1 pF}", "cell.yaml:10: terminals.top.parallel_capacitance:",
         "has no effect beside an ideal source, which needs a series_resistance or a compliance"),
        ("bottom: ground", "bottom: {role: ground, compliance: 1 uA}", "cell.yaml:10: terminals.bottom.compliance:",
         "has no effect with role: ground, which has no source"),
        ("bottom: ground", "bottom: {role: ground, parallel_capacitance: 1 pF}",
         "cell.yaml:10: terminals.bottom.parallel_capacitance:", "has no effect at a terminal that is grounded directly"),
        ("bottom: ground", "bottom: driven", "cell.yaml:10: terminals: 2 terminals are driven", "{top: driven"),
        ("top: driven", "top: ground", "cell.yaml:10: terminals: no terminal is driven", "{top: driven"),
        ("top: driven", "top: floating", "cell.yaml:10: terminals: no terminal is driven: top is floating", "{top: driven"),
        (", bottom: ground", "", "cell.yaml:10: terminals: bottom is missing", "{top: driven, bottom: ground}"),
        ("rate: 0.1 V/s", "rate: 0 V/s", "cell.yaml:12: protocol.0.sweep.rate: 0 V/s is out of range", "more than 0"),
        ("rate: 0.1 V/s", "rate: 0.1 V", "cell.yaml:12: protocol.0.sweep.rate: '0.1 V' is not a voltage rate", "V/s"),
        (", rate: 0.1 V/s", "", "cell.yaml:12: protocol.0.sweep.rate: is missing", "rate: 0.1 V/s"),
        ("sweep:", "swep:", "cell.yaml:12: protocol.0: a step is exactly one of sweep", "(nearest: sweep)"),
        ("wait: {duration: 1 s}", "wait", "cell.yaml:13: protocol.1: a step is exactly one of", "wait needs its keys"),
        ("to: 0.2 V", "to: 0 V", "cell.yaml:12: protocol.0.sweep.to: the voltage is 0 V already", "another voltage"),
        ("wait: {duration: 1 s}", "pulses: {amplitude: 0.1 V, width: 80 ms, period: 80 ms, count: 3}",
         "cell.yaml:13: protocol.1.pulses.width: 80 ms is not shorter than the period", "write less"),
        ("wait: {duration: 1 s}", "pulses: {amplitude: 0.1 V, width: 80 ms, period: 1 s, count: 2.5}",
         "cell.yaml:13: protocol.1.pulses.count: 2.5 is not a whole number", "10"),
        ("wait: {duration: 1 s}", "repeat: {count: 2, steps: []}",
         "cell.yaml:13: protocol.1.repeat.steps: must be a list of steps", "at least one"),
        ("20 mV", "0.02", "cell.yaml:14: output.fields_every: 0.02 is neither a voltage nor a time", "20 mV"),
        ("20 mV", "0 V", "cell.yaml:14: output.fields_every: 0 V is out of range", "more than 0"),
        ("fields_every: 20 mV", "figures: perhaps", "cell.yaml:14: output.figures: 'perhaps' is neither on nor off", "on"),
        ("name: cell", "name: a/b", "cell.yaml:1: name: 'a/b' cannot name the results folder", "letters"),
        ("name: cell", "name: 5", "cell.yaml:1: name: must be a text, not 5", "quotes"),
        ("name: cell\n", "", "cell.yaml:1: name: is missing", "name: my_cell"),
        ("name: cell", "name: cell\nname: b", "cell.yaml:2: name: is given twice (first in line 1)", "keep one"),
        ("name: cell", "name: a: b", "cell.yaml:1: YAML syntax: ", "quotes"),
        ("name: cell", "\tname: a", "cell.yaml:1: YAML syntax: ", "indent with spaces"),
        ("{growth: 0.25}", "{growth: 0.25", "cell.yaml:7: YAML syntax: ", "close the bracket"),
        ("name: cell", "name: !!python/name:os.system x", "cell.yaml:1: name: the YAML tag", "plain value"),
        ("name: cell", "name: *cell", "cell.yaml:1: YAML syntax: found undefined alias", "cell"),
        ("filament: {", "filament: [", "cell.yaml:9: YAML syntax: ", "bracket"),
    ],
)
def test_one_mistake_is_one_fault_at_its_line(old, new, start, word):
    one_fault(edited(old, new), start, word)


@pytest.mark.parametrize(
    ("overrides", "start", "word"),
    [
        (("device.spacer_thickness=250 nm",), "device.spacer_thickness: 250 nm with both electrodes", "film (300 nm)"),
        (("device.electrode_width=5 um",), "device.electrode_width: 5 um is wider than the domain (5 um)", "less"),
        (("device.electrode_width=4.9 um",), "device.domain_length: 5 um is too short", "5.12 um"),
        (("device.cell_length=3 um",), "device.cell_length: 3 um is longer than the flank", "at most"),
        (("physics.filament.initial.height=60 nm",), "physics.filament.initial.height: 60 nm is not below the counter",
         "60 nm; write less"),
        (("physics.filament.initial.core_height=52 nm",), "physics.filament.initial.core_height: 52 nm is not below", "less"),
        (("physics.filament.initial.core_radius=6 nm",), "physics.filament.initial.core_radius: 6 nm is more than", "5 nm"),
        (("physics.filament.interface_width=5 nm",), "physics.filament.interface_width: 5 nm is not less than", "5 nm"),
        (("device.cell_length=26 nm", "physics.filament.initial.radius=20 nm", "mesh.core_radius=12 nm"),
         "physics.filament.initial.radius: 20 nm does not fit", "13 nm"),
        (("device.cell_length=20 nm",), "mesh.core_radius: 12.2 nm does not fit", "10 nm"),
        (("mesh.size_at_filament=4 nm",), "mesh.size_at_filament: 4 nm cannot resolve", "1.5 nm"),
        (("mesh.size_max=4 nm",), "mesh.size_max: 4 nm is less than size_at_edge (5 nm)", "at least"),
        (("physics.ions=fixed",), "physics.ions: fixed leaves the filament no ions", "mobile"),
        (("material.filament.equilibrium_ion_density=1.03e19 cm^-3", "material.ions.vacancies.site_density=1.01e19 cm^-3"),
         "filament.equilibrium_ion_density: ", "less"),
    ],
)
def test_geometry_that_cannot_be_built_is_a_fault(overrides, start, word):
    found = faults(CELL, *overrides)
    assert any(start in fault and word in fault for fault in found), found


@pytest.mark.parametrize(
    ("text", "overrides", "start"),
    [
        (CELL, ("physics.filament=off", "physics.ions=fixed", "physics.contacts.top.ions=blocking"), "--set:3: physics.contacts.top.ions: has no"),
        (CELL, ("physics.filament=off", "solver.max_filament_change=0.1"), "--set:2: solver.max_filament_change: has no"),
        (CELL, ("physics.filament=off", "material.filament.conductivity=1 S/m"),
         "--set:2: material.filament.conductivity: has no"),
        (CELL, ("physics.filament=off", "material_overrides={filament.conductivity: 1 S/m}"),
         "--set:2: material_overrides.filament.conductivity: has no"),
        (CELL, ("physics.contacts.top.electronic=ohmic", "material.contacts.conductance=1e10 S/m^2"),
         "--set:2: material.contacts.conductance: has no"),
        (CELL, ("physics.filament=off", "physics.ions=fixed", "material.ions.vacancies.diffusivity=1e-9 cm^2/s"),
         "--set:3: material.ions.vacancies.diffusivity: has no"),
        (GAP, ("material.cap.relative_permittivity=3",), "--set:1: material.cap.relative_permittivity: has no"),
        (GAP, ("mesh.size_at_edge=5 nm",), "--set:1: mesh.size_at_edge: has no"),
    ],
)
def test_a_key_without_effect_is_a_fault(text, overrides, start):
    one_fault(faults(text, *overrides), start, "remove it")


def test_a_mesh_file_makes_every_size_a_fault(tmp_path):
    (tmp_path / "cell.msh").write_text("")
    found = faults(CELL.replace("growth: 0.25", f"file: {tmp_path / 'cell.msh'}, growth: 0.25, size_max: 1 um"))
    assert [fault.split(": has")[0] for fault in found] == ["cell.yaml:6: mesh.growth", "cell.yaml:6: mesh.size_max"]
    one_fault(faults(CELL.replace("growth: 0.25", f"file: {tmp_path / 'sell.msh'}")),
              "cell.yaml:6: mesh.file: no such file", "cell.msh")


def test_all_faults_are_reported_at_once_in_the_order_of_the_file():
    found = faults(CELL.replace("60 nm", "60").replace("half", "third").replace("rate: 0.1 V/s", "rat: 0.1 V/s"))
    assert [fault.split(": ")[0] for fault in found] == ["cell.yaml:4", "cell.yaml:5", "cell.yaml:12", "cell.yaml:12"]


def test_a_fault_in_a_material_file_names_that_file_and_its_line(tmp_path):
    text = (SCENARIOS / "materials" / "mapbi3_gold.yaml").read_text()
    line = next(i for i, row in enumerate(text.splitlines(), 1) if row.strip().startswith("temperature:"))
    (tmp_path / "materials").mkdir()
    file = tmp_path / "materials" / "mapbi3_gold.yaml"
    (tmp_path / "cell.yaml").write_text(CELL)
    for old, new, word in (("300 K", "300", "film.temperature.value: 300 has no unit"),
                           ("temperature:", "temprature:", "film.temprature: unknown key (nearest: temperature)"),
                           ('value: 300 K, source: "assumed room temperature"', "value: 300 K",
                            "film.temperature.source: is missing; write e.g. source: assumed"),
                           ("temperature: {", "temperature: {range: [400 K, 500 K], ",
                            "film.temperature: 300 K is outside the plausible range 400 K to 500 K")):
        assert old in text
        file.write_text(text.replace(old, new))
        with pytest.raises(ScenarioError) as caught:
            load_scenario(tmp_path / "cell.yaml")
        assert f"{file}:{line}: {word}" in str(caught.value)
    file.write_text("film: [")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "cell.yaml")
    assert str(caught.value).startswith(f"{file}:1: YAML syntax")


@pytest.mark.parametrize(
    ("override", "start", "word"),
    [
        ("device.spacer_thickness=60", "--set:1: device.spacer_thickness: 60 has no unit", "60 nm"),
        ("device.spacer=60 nm", "--set:1: device.spacer: unknown key", "nearest: spacer_thickness"),
        ("devise.spacer=60 nm", "--set:1: devise: unknown key", "nearest: device"),
        ("device", "--set:1: 'device' is not key=value", "device.spacer_thickness='90 nm'"),
        ("device..x=1", "--set:1: 'device..x=1' is not key=value", "write"),
        ("device.spacer_thickness=", "--set:1: device.spacer_thickness: no value is given", "'90 nm'"),
        ("name.first=1", "--set:1: name.first: name is 'cell', not a section", "name itself"),
        ("protocol.9.sweep.to=1 V", "--set:1: protocol.9.sweep.to: protocol is a list of 2 entries", "protocol.0"),
        ("protocol.first=1 V", "--set:1: protocol.first: protocol is a list of 2 entries", "number"),
        ("material.ions.vacancies.difusivity=1 m^2/s", "--set:1: material.ions.vacancies.difusivity: unknown material key",
         "(nearest: ions.vacancies.diffusivity)"),
        ("material.diffusivity=1 m^2/s", "--set:1: material.diffusivity: unknown", "(nearest: ions.vacancies.diffusivity)"),
        ("material.ions.vacancies.diffusivity=5", "--set:1: material.ions.vacancies.diffusivity: 5 has no unit", "cm^2/s"),
        ("material_overrides={film.q: 1}", "--set:1: material_overrides.film.q: unknown material key", "temperature"),
        ("material_overrides=5", "--set:1: material_overrides: must be a mapping", "{ions.vacancies"),
        ("mesh.growth=[1", "--set:1: mesh.growth: YAML syntax", "close the bracket"),
        ("mesh=5", "--set:1: mesh: 5 cannot be used here", "growth"),
        ("protocol=[]", "--set:1: protocol: must be a list of steps", "at least one"),
    ],
)
def test_overrides_are_checked_like_the_file(override, start, word):
    one_fault(faults(CELL, override), start, word)


def test_an_override_outside_the_plausible_range_names_the_override():
    text = CELL.replace("material: mapbi3_gold", "material: mapbi3_gold\nmaterial_overrides:\n"
                        "  film.temperature: {value: 300 K, source: assumed, range: [250 K, 350 K]}")
    parse_scenario(text, folder=SCENARIOS)
    one_fault(faults(text, "material.film.temperature=400 K"),
              "--set:1: material.film.temperature: 400 K is outside the plausible range 250 K to 350 K", "range: [..., ...]")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: path.write_text(""), "is empty"),
        (lambda path: path.write_text("# only a comment\n"), "is empty"),
        (lambda path: path.write_bytes(bytes(range(256))), "is not a text file"),
        (lambda path: path.write_bytes(b"name: \x00\x01"), "is not YAML text: control characters in it"),
        (lambda path: path.write_text("- a\n- b\n"), "the top level must be a mapping"),
        (lambda path: path.write_text("just words\n"), "the top level must be a mapping"),
        (lambda path: path.write_text("a: 1\n---\nb: 2\n"), "another document"),
        (lambda path: path.write_text("#" * 2_000_000), "is larger than 1 MiB"),
        (lambda path: path.write_text("[" * 5000), "nested too deeply"),
        (lambda path: path.write_text("a: &a [*a]"), "too large to be a scenario"),
        (lambda path: path.write_text("a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                                      "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                                      "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]"), "too large to be a scenario"),
    ],
)
def test_a_file_that_is_no_scenario_gets_one_sentence(make, words, tmp_path):
    path = tmp_path / "odd.yaml"
    make(path)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    one_fault(list(map(str, caught.value.faults)), str(path), words)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "cell.yaml").write_bytes(b"\xef\xbb\xbf" + CELL.encode())
    assert load_scenario(tmp_path / "cell.yaml").name == "cell"

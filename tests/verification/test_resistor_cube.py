"""A cube of 1 ohm carries 1 A at 1 V on Gmsh's own tetrahedra, and what goes into one corner comes out of the other."""

import numpy as np

from tests.devices import bipolar, model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import simulated

EDGE = 1000.0  # nm
SIGMA = 1e6  # S/m: 1 ohm
CELLS = (2, 4, 7, 11)
Q, MOBILITY = 1.602176634e-19, 0.14  # C, m^2/(V s)
PADS = {  # device -> terminal -> (face, ranges along x and y in edges)
    "faces": {"anode": ("top", None), "cathode": ("bottom", None)},
    "corners": {"anode": ("top", (0.6, 1.0)), "cathode": ("bottom", (0.0, 0.4))},
}


def tetrahedra(path, cells, pads):
    """Write Gmsh's Delaunay mesh of the cube, edges of about EDGE/cells, with the pads as physical groups."""
    from meshes.simplex_mesh import from_gmsh, gmsh_session, write_msh

    with gmsh_session("cube") as gmsh:
        occ = gmsh.model.occ
        box, heights = occ.addBox(0, 0, 0, EDGE, EDGE, EDGE), {"bottom": 0.0, "top": EDGE}
        squares = [(2, occ.addRectangle(low * EDGE, low * EDGE, heights[face], (high - low) * EDGE, (high - low) * EDGE))
                   for face, span in pads.values() for low, high in [span or (0.0, 1.0)]]
        occ.fragment([(3, box)], squares)
        occ.synchronize()
        gmsh.option.setNumber("Mesh.MeshSizeMin", EDGE / cells)
        gmsh.option.setNumber("Mesh.MeshSizeMax", EDGE / cells)
        gmsh.model.addPhysicalGroup(3, [tag for _, tag in gmsh.model.getEntities(3)], 1, name="film")
        for number, (name, (face, span)) in enumerate(pads.items(), 21):
            low, high = span or (0.0, 1.0)
            centre = np.array([0.5 * (low + high) * EDGE] * 2 + [heights[face]])
            mine = [tag for _, tag in gmsh.model.getEntities(2)
                    if np.allclose(occ.getCenterOfMass(2, tag), centre, atol=1e-6 * EDGE)]
            gmsh.model.addPhysicalGroup(2, mine, number, name=name)
        gmsh.model.mesh.generate(3)
        write_msh(from_gmsh(gmsh), path)


def cube(folder, device, electronic, cells):
    """(tetrahedra, share of obtuse ones, current into the anode, sum over both terminals) at 1 V [A]."""
    pads = PADS[device]
    tetrahedra(folder / "cube_given.msh", cells, pads)

    def text(face, span):
        if span is None:
            return f"{{face: {face}}}"
        along = f"[{span[0] * EDGE} nm, {span[1] * EDGE} nm]"
        return f"{{face: {face}, x: {along}, y: {along}}}"

    given = "\n".join(f"    {name}: {text(*pad)}" for name, pad in pads.items())
    layout = (f"device:\n  layout: block\n  length: {EDGE} nm\n  width: {EDGE} nm\n  height: {EDGE} nm\n  pads:\n{given}\n"
              "mesh: {file: cube_given.msh}\nterminals: {anode: driven, cathode: ground}\n")
    if electronic == "bipolar":
        density = SIGMA / (Q * MOBILITY) * 1e-6
        m = model(folder, layout + bipolar(f"{{doping: [{{profile: uniform, density: {density:.12g} cm^-3}}]}}"))
    else:
        m = model(folder, layout + "physics: {filament: off, ions: fixed}\n",
                  [f"material.film.electronic_conductivity={SIGMA} S/m"])
    sums = current_at(m, 1.0)
    ampere = [m.parameters.scaling.ampere(sums[name].electronic) for name in ("anode", "cathode")]
    obtuse = float(np.mean(m.device.film_obtuse))
    return m.device.mesh.topology.index_map(3).size_global, obtuse, ampere[0], sum(ampere)


def current_at(m, volts):
    """Sums over the terminals of a model at `volts` [V]."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums

    if m.parameters.carriers is not None:
        return stationary(m, "direct")(volts)
    engine = CpuEngine(m, linear_solver="direct")
    m.apply_voltages({"anode": volts, "cathode": 0.0})
    assert engine.solve().converged
    return nodal_sums(m, engine.interior_residual())


def measure(folder):
    """{(device, electronic): rows of `cube` by refinement}."""
    return {
        (device, electronic): np.array([cube(folder, device, electronic, cells) for cells in sizes])
        for device, sizes in (("faces", CELLS), ("corners", CELLS[1:]))
        for electronic in ("quasi_equilibrium", "bipolar")
    }


def claims(data):
    names = {"quasi_equilibrium": "one quasi-Fermi potential", "bipolar": "electrons and holes, doped"}
    for electronic, name in names.items():
        faces, corners = data["faces", electronic], data["corners", electronic]
        worst = faces[np.argmax(abs(faces[:, 2] - 1))]
        yield Claim(f"face to face, {name}: current at 1 V, worst of {len(faces)} meshes", "Ohm's law", 1.0, worst[2], 1e-6, "A",
                    "P1 holds the linear potential exactly, so what is left is the linear solve's rounding")
        lost = max(abs(np.concatenate([faces[:, 3], corners[:, 3]])))
        yield Claim(f"sum of both terminals' currents, {name}, largest of all meshes", "Kirchhoff's law", 0.0, lost, 1e-9, "A",
                    "conservative test functions: rounding")
    both = [data["corners", electronic][:, 2] for electronic in names]
    k = int(np.argmax(abs(both[1] / both[0] - 1)))
    yield Claim("corner to corner: current of the doped cube against the ohmic one, worst of 3 meshes",
                "a uniformly doped film is ohmic", both[0][k], both[1][k], 1e-6, "A", "the same discrete equations; holes are 1e-31")
    share = data["faces", "bipolar"][-1, 1]
    assert share > 0.2, "the mesh is not the kind that is meant"


def draw(data, figure):
    left, right = figure.subplots(1, 2)
    for k, (electronic, name) in enumerate((("quasi_equilibrium", "one level"), ("bipolar", "n and p, doped"))):
        faces, corners = data["faces", electronic], data["corners", electronic]
        simulated(left, faces[:, 0], np.maximum(abs(faces[:, 2] - 1), 1e-17), k, name)
        simulated(right, corners[:, 0] ** (-1 / 3), corners[:, 2], k, name, ms=4 + 2.5 * k)
    left.axhline(1e-6, color="black", lw=0.8, label="tolerance")
    left.set(xscale="log", yscale="log", ylim=(1e-17, 1e-4), xlabel="tetrahedra", ylabel="|I − 1 A| / 1 A, face to face")
    right.set(xlabel="(tetrahedra)$^{-1/3}$", ylabel="I at 1 V [A], corner to corner", xlim=(0, None))
    left.legend(loc="center right")
    right.legend()


SECTION = Section(
    "1 V across a cube of 1 ohm gives 1 A on Gmsh's tetrahedra",
    "A cube (layout `block`, `mesh.file`) of 1 µm and 1e6 S/m on unstructured Delaunay tetrahedra, of which a third and more "
    "have obtuse dihedral angles: the case in which finite volumes on the same mesh overcount the cross-section. Once with "
    "one quasi-Fermi potential, once as a doped semiconductor with electrons and holes. Electrodes on opposite faces: 1 A. "
    "Small electrodes at opposite corners: no closed form, but what goes in comes out, and both models say the same at each "
    "mesh (right, converging to the left).",
    measure, claims, draw, "robustness",
)


def test_one_volt_across_a_cube_of_one_ohm_gives_one_ampere_on_unstructured_tetrahedra(tmp_path):
    check(claims(measure(tmp_path)))

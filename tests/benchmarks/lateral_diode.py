"""Newton iterations per bias step of the lateral silicon diode, 0 to 0.6 V in 0.1 V steps, with seconds and memory.

    python3 -m tests.benchmarks.lateral_diode [--sizes 3000 9000 21000] [--solver auto]

One process a size, so that the peak memory is that size's own; prints a Markdown table.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
# nodes -> factor of the element sizes of scenarios/lateral_diode.yaml that gives about as many
FACTORS = {3000: 0.93, 9000: 0.61, 21000: 0.44}


def measure(factor: float, solver: str) -> dict:
    """Mesh, equilibrium and the six steps on one core."""
    from mpi4py import MPI

    import meshes
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums
    from solver.physics.device import DeviceModel
    from solver.scenario import load_scenario
    from solver.transient.control import StepLimits
    from solver.transient.stepping import Stepper

    sizes = {"size_at_edge": 30, "size_at_junction": 12, "size_max": 80}
    overrides = [f"mesh.{key}={value * factor:.4g} nm" for key, value in sizes.items()]
    overrides.append(f"mesh.growth={0.4 * factor:.4g}")
    scenario = load_scenario(ROOT / "scenarios" / "lateral_diode.yaml", overrides)
    with tempfile.TemporaryDirectory() as folder:
        msh = Path(folder) / "diode.msh"
        nodes = meshes.build(scenario, msh).nodes
        model = DeviceModel(scenario, meshes.read(scenario, msh, MPI.COMM_WORLD))
    engine = CpuEngine(model, linear_solver=solver)
    stepper = Stepper(model, engine, None, StepLimits(5e-3, 0.2, 1e-12), 0.1)
    start = time.perf_counter()
    iterations, seconds, volts = [stepper.stationary.settle_at(0.0)], [], 0.0
    seconds.append(time.perf_counter() - start)
    for target in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        start = time.perf_counter()
        iterations.append(stepper.stationary.settle_at(target, volts))
        seconds.append(time.perf_counter() - start)
        volts = target
    current = nodal_sums(model, engine.interior_residual())["anode"].electronic
    return {
        "nodes": nodes, "iterations": iterations, "seconds": seconds, "linear": engine.linear_iterations,
        "newton": engine.newton_iterations, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "ampere": model.parameters.scaling.ampere(current), "jacobian": engine.assembler.seconds["jacobian"],
        "solve": engine.seconds["solve"],
    }  # fmt: skip


def main():
    """Run the sizes one after the other and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(FACTORS), choices=list(FACTORS))
    parser.add_argument("--solver", default="auto", choices=["auto", "direct", "iterative"])
    parser.add_argument("--one", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(measure(options.one, options.solver)))
        return
    print("| nodes | Newton iterations, 0 V and each 0.1 V | s, 0 V | s a step | s a Newton iteration (Jacobian, solve) "
          "| linear iterations a Newton iteration | peak memory | I(0.6 V) |\n|---|---|---|---|---|---|---|---|")
    for size in options.sizes:
        command = [sys.executable, __file__, "--one", str(FACTORS[size]), "--solver", options.solver]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        r = json.loads(done.stdout.splitlines()[-1])
        each = sum(r["seconds"][1:]) / 6
        print(f"| {r['nodes']} | {' '.join(map(str, r['iterations']))} | {r['seconds'][0]:.1f} | {each:.2f} "
              f"| {sum(r['seconds']) / r['newton']:.2f} ({r['jacobian'] / r['newton']:.2f}, {r['solve'] / r['newton']:.2f}) "
              f"| {r['linear'] / r['newton']:.1f} | {r['memory'] / 2**20:.0f} MiB | {r['ampere']:.4e} A |", flush=True)


if __name__ == "__main__":
    main()

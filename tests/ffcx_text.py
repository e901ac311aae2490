"""A Jacobian in UFL alone, and FFCx's C text of it: tests/texts/ffcx_0.11.c was written by this with FFCx 0.11.

    python -m tests.ffcx_text > tests/texts/ffcx_VERSION.c
"""

import inspect


def jacobian():
    """Derivative of int_1 c w exp(u_0) grad u_1 . grad v_1 + int_facets(3) c u_1^2 v_1."""
    import basix.ufl
    import ufl

    mesh = ufl.Mesh(basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
    space = ufl.FunctionSpace(mesh, basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
    u = ufl.Coefficient(space)
    w, c = ufl.Coefficient(ufl.FunctionSpace(mesh, basix.ufl.element("DG", "triangle", 0))), ufl.Constant(mesh)
    v = ufl.TestFunction(space)[1]
    vertex = {"quadrature_rule": "vertex", "quadrature_degree": 1}
    cells = c * w * ufl.exp(u[0]) * ufl.inner(ufl.grad(u[1]), ufl.grad(v)) * ufl.dx(1, domain=mesh, metadata={"quadrature_degree": 0})
    facets = c * u[1] ** 2 * v * ufl.ds(3, domain=mesh, metadata=vertex)
    return ufl.derivative(cells + facets, u, ufl.TrialFunction(space))


def text():
    """C text by the installed FFCx, on one layout of arguments or the other."""
    import ffcx.compiler
    import ffcx.options

    compile_ = ffcx.compiler.compile_ufl_objects
    name = "namespace" if "namespace" in inspect.signature(compile_).parameters else "prefix"
    out = compile_([jacobian()], ffcx.options.get_options({}), **{name: "test"})
    return out[0][1] if isinstance(out[0], list | tuple) else out[1]


if __name__ == "__main__":
    print(text(), end="")

"""From one of FFCx's tabulating functions to a kernel: gather, tabulate, scatter, one equation at a time.

A residual's element vector and a Jacobian's element matrix hold rows of one field only (`Term.field`), so the kernel keeps
just those: (vertices) or (vertices x vertices x coupled fields) numbers instead of the (vertices x fields)^2 of FFCx's text.
With the vertex rule a vertex couples to itself alone, and only the diagonal is kept. The values are the same to the last bit.
"""

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from solver.engines.cuda.extraction import ADVICE, Integral, TextError

_VECTOR = re.compile(r"\bA\[\(?(\d+) \* \(i\)(?: \+ (\d+))?\)?\] \+=")
_MATRIX = re.compile(r"\bA\[(\d+) \* \((\d+) \* \(i\)(?: \+ (\d+))?\) \+ \(?(\d+) \* \(j\)(?: \+ (\d+))?\)?\] \+=")
_TABLE = re.compile(r"\bstatic const double (\w+)((?:\[\d+\])+) = (\{.*?\});", re.DOTALL)
# A[...] += TABLE[...][i] * temp_3[j];    temp_3[j] = fw0 * TABLE[...][j];
_PRODUCT = re.compile(r"\] \+= (\w+)((?:\[\w+\])*(?:\[entity_local_index\[0\]\])?(?:\[\w+\])*)\[i\] \* (temp_\d+)\[j\];")
_FACTOR = re.compile(r"\b(temp_\d+)\[j\] = \w+ \* (\w+)((?:\[\w+\])*(?:\[entity_local_index\[0\]\])?(?:\[\w+\])*)\[j\];")


@dataclass(frozen=True)
class Coefficient:
    """One coefficient of a form as the kernel packs it.

    Attributes:
        array: number of the nodal (or cell) array among those of the problem.
        dofmap: number of its (cells, dofs) table among those of the problem.
        dofs: of a cell.
        width: components of each.
    """

    array: int
    dofmap: int
    dofs: int
    width: int


@dataclass(frozen=True)
class Kernel:
    """Text of one kernel and what it is launched with.

    Attributes:
        name: of the kernel in `text`, by content.
        text: for `flavours`.
        rank: 1 (residual) or 2 (Jacobian).
        kind: "cell" or "exterior_facet".
        row: number of the field whose equation it adds to.
        columns: numbers of the fields it couples to (Jacobian).
        diagonal: a vertex couples to itself alone (Jacobian).
        coefficients: those the kernel reads, in the order of its arguments.
    """

    name: str
    text: str
    rank: int
    kind: str
    row: int
    columns: tuple[int, ...]
    diagonal: bool
    coefficients: tuple[Coefficient, ...]


def make_kernel(integral: Integral, coefficients: list[Coefficient], row: int, fields: int, vertices: int, rank: int) -> Kernel:
    """Kernel of one integral.

    Args:
        integral: taken from FFCx's text.
        coefficients: of its form, all of them, in its order.
        row: number of the one field that the test function belongs to.
        fields: number of fields (block size).
        vertices: of a cell.
        rank: 1 or 2.

    Raises:
        TextError: the text is not laid out as expected, or has rows of another field.
    """
    body, columns, diagonal = (_vector if rank == 1 else _matrix)(integral, row, fields, vertices)
    read = [c for c, used in zip(coefficients, integral.enabled) if used]
    text = _text(integral, body, coefficients, row, fields, vertices, rank, columns, diagonal)
    name = "k" + hashlib.sha256(text.encode()).hexdigest()[:16]
    return Kernel(name, text.replace("@NAME@", name), rank, integral.kind, row, columns, diagonal, tuple(read))


def _vector(integral, row, fields, vertices):
    """(body with A[i], no columns, False)."""
    body, count = _VECTOR.subn(lambda m: _checked(m, [(1, fields), (2, row)]) or "A[i] +=", integral.body)
    _all_replaced(body, count, "A[i] +=", integral)
    return body, (), False


def _matrix(integral, row, fields, vertices):
    """(body with a compact A, coupled fields, whether only the diagonal is there)."""
    columns = tuple(sorted({int(m.group(5) or 0) for m in _MATRIX.finditer(integral.body)}))
    diagonal = _is_diagonal(integral.body)
    node = "i" if diagonal else f"(i * {vertices} + j)"

    def compact(m):
        _checked(m, [(1, fields * vertices), (2, fields), (3, row), (4, fields)])
        return f"A[{node} * {len(columns)} + {columns.index(int(m.group(5) or 0))}] +="

    body, count = _MATRIX.subn(compact, integral.body)
    _all_replaced(body, count, f"A[{node} * ", integral)
    if diagonal:
        # j is the outer loop: of the inner one only i = j is left
        body = re.sub(r"for \(int i = 0; i < \d+; \+\+i\)", "for (int i = j; i == j; ++i)", body)
    return body, columns, diagonal


def _checked(match, expected):
    """Compare numbers in an index with what the element's size asks for."""
    for group, value in expected:
        if int(match.group(group) or 0) != value:
            raise TextError(f"FFCx's text writes '{match.group(0)}', which belongs to another field or element, and {ADVICE}")


def _all_replaced(body, count, new, integral):
    if count == 0 or len(re.findall(r"\bA\[", body)) != count or body.count(new) != count:
        raise TextError(f"FFCx's text of integral {integral.name[:8]} writes its result in an unknown way, and {ADVICE}")


def _tables(body):
    """name -> array of each table of constants."""
    found = {}
    for name, shape, values in _TABLE.findall(body):
        numbers = [float(v) for v in re.findall(r"[-+.\w]+", values)]
        found[name] = np.array(numbers).reshape([int(n) for n in re.findall(r"\d+", shape)])
    return found


def _is_diagonal(body):
    """True where every product of test and trial tables meets in one vertex, at each quadrature point of each facet."""
    tables = _tables(body)
    factors = {name: (table, index) for name, table, index in _FACTOR.findall(body)}
    products = _PRODUCT.findall(body)
    if not products or len(products) != len(_MATRIX.findall(body)):
        return False
    for test, index, temporary in products:
        trial, other = factors.get(temporary, (None, None))
        if trial not in tables or test not in tables or index != other or "[iq]" not in index:
            return False
        a, b = tables[test] != 0, tables[trial] != 0
        if (a.sum(axis=-1) > 1).any() or not np.array_equal(a, b):
            return False
    return True


def _text(integral, body, coefficients, row, fields, vertices, rank, columns, diagonal):
    facet = integral.kind == "exterior_facet"
    coupled, pairs = len(columns), vertices if diagonal else vertices * vertices
    size = vertices if rank == 1 else pairs * coupled
    body = re.sub(r"\bstatic const double\b", "TABLE double", body)
    parameters, gather, width = [], [], 0
    for k, (c, used) in enumerate(zip(coefficients, integral.enabled)):
        if used:
            parameters.append(f"const int* __restrict__ dofs{k}, const double* __restrict__ data{k}")
            at = f"{width} + v * {c.width} + s"
            gather.append(
                f"for (int v = 0; v < {c.dofs}; ++v) {{ const long long d = dofs{k}[cell * {c.dofs} + v]; "
                f"for (int s = 0; s < {c.width}; ++s) w[{at}] = data{k}[d * {c.width} + s]; }}"
            )
        width += c.dofs * c.width
    target = "double* __restrict__ b" if rank == 1 else "const int* __restrict__ dest, double* __restrict__ values"
    signature = ", ".join(
        ["const int* __restrict__ entities", "const int* __restrict__ nodes", "const unsigned* __restrict__ fixed",
         "const int* __restrict__ corners", "const double* __restrict__ x", *parameters, "const double* __restrict__ c", target]
    )
    gather_lines = "\n        ".join(gather)
    facet_line = "const int facet[1] = {entities[2 * i + 1]};" if facet else "const int facet[1] = {0};"
    return f"""
FN void tabulate_@NAME@(double* __restrict__ A, const double* __restrict__ w, const double* __restrict__ c,
    const double* __restrict__ coordinate_dofs, const int* __restrict__ entity_local_index)
{{{body}}}

KERNEL(@NAME@, {signature})
{{
    ITEMS
    {{
        const long long cell = entities[{"2 * i" if facet else "i"}];
        {facet_line}
        double w[{max(width, 1)}], X[{3 * vertices}], A[{size}];
        for (int v = 0; v < {vertices}; ++v) {{ const long long g = corners[cell * {vertices} + v]; for (int s = 0; s < 3; ++s) X[3 * v + s] = x[3 * g + s]; }}
        {gather_lines}
        for (int k = 0; k < {size}; ++k) A[k] = 0.0;
        tabulate_@NAME@(A, w, c, X, facet);
{_scatter_vector(row, fields, vertices) if rank == 1 else _scatter_matrix(row, fields, vertices, columns, diagonal)}
    }}
}}
"""


def _scatter_vector(row, fields, vertices):
    """b at the vertices' rows, or (deterministic) the element's own place."""
    return f"""#ifdef GATHERED
        for (int v = 0; v < {vertices}; ++v) b[v * n + i] = A[v];
#else
        for (int v = 0; v < {vertices}; ++v) ADD(&b[(long long)nodes[cell * {vertices} + v] * {fields} + {row}], A[v]);
#endif"""


def _scatter_matrix(row, fields, vertices, columns, diagonal):
    """Blocks at their places; rows and columns of prescribed values left out.

    Deterministic: to the element's own place, zeros where left out.
    """
    inner = f"for (int u = 0; u < {vertices}; ++u)" if not diagonal else "const int u = v;"
    node = "v" if diagonal else f"v * {vertices} + u"
    adds = "\n".join(
        f"                if (!(of_column >> {column} & 1u)) STORE({column}, {k}, A[({node}) * {len(columns)} + {k}]);"
        for k, column in enumerate(columns)
    )
    pair = f"v * {vertices} + u"
    return f"""#ifdef GATHERED
#define STORE(column, k, value) values[(({node}) * {len(columns)} + k) * n + i] = value
        for (int k = 0; k < {(vertices if diagonal else vertices * vertices) * len(columns)}; ++k) values[k * n + i] = 0.0;
#else
#define STORE(column, k, value) ADD(&values[(long long)place * {fields * fields} + {row * fields} + column], value)
#endif
        for (int v = 0; v < {vertices}; ++v)
        {{
            if (fixed[nodes[cell * {vertices} + v]] >> {row} & 1u) continue;
            {inner}
            {{
                const unsigned of_column = fixed[nodes[cell * {vertices} + u]];
                const int place = dest[cell * {vertices * vertices} + {pair}];
{adds}
            }}
        }}
#undef STORE"""

"""From one of FFCx's tabulating functions to a kernel: gather, tabulate, scatter, one equation at a time.

A residual's element vector and a Jacobian's element matrix hold rows of one field only (`Term.field`), so the kernel keeps
just those: (vertices) or (vertices x vertices x coupled fields) numbers instead of the (vertices x fields)^2 of FFCx's text.
With the vertex rule a vertex couples to itself alone, and only the diagonal is kept. The values are the same to the last bit.
"""

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from solver.engines.cuda.extraction import ADVICE, TextError

_VECTOR = re.compile(r"\bA\[\(?(\d+) \* \(i\)(?: \+ (\d+))?\)?\] \+=")
_MATRIX = re.compile(r"\bA\[(\d+) \* \((\d+) \* \(i\)(?: \+ (\d+))?\) \+ \(?(\d+) \* \(j\)(?: \+ (\d+))?\)?\] \+=")
_TABLE = re.compile(r"\bstatic const double (\w+)((?:\[\d+\])+) = (\{.*?\});", re.DOTALL)
# A[...] += TABLE[...][i] * temp_3[j];    temp_3[j] = fw0 * TABLE[...][j];
_PRODUCT = re.compile(r"\] \+= (\w+)((?:\[\w+\])*(?:\[entity_local_index\[0\]\])?(?:\[\w+\])*)\[i\] \* (temp_\d+)\[j\];")
_FACTOR = re.compile(r"\b(temp_\d+)\[j\] = \w+ \* (\w+)((?:\[\w+\])*(?:\[entity_local_index\[0\]\])?(?:\[\w+\])*)\[j\];")
_ROWS = re.compile(r"for \(int i = 0; i < \d+; \+\+i\)")


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


def make_kernels(integral, coefficients, row, fields, vertices, rank, apart=False) -> list[Kernel]:
    """Kernels of one integral.

    Args:
        integral: `extraction.Integral`, taken from FFCx's text.
        coefficients: list of `Coefficient`, of its form, all of them, in its order.
        row: number of the one field that the test function belongs to.
        fields: number of fields (block size).
        vertices: of a cell.
        rank: 1 or 2.
        apart: a kernel for each coupled field, where a Jacobian couples all vertices. What the derivatives by all fields
            need together does not fit in a card's registers (docs/gpu.md); alone, and with the rest pruned by the compiler,
            it does.

    Raises:
        TextError: the text is not laid out as expected, or has rows of another field.
    """
    read = tuple(c for c, used in zip(coefficients, integral.enabled) if used)
    if rank == 1:
        parts, diagonal = [((), _vector(integral, row, fields, vertices))], False
    else:
        every, diagonal = _columns(integral.body), _is_diagonal(integral.body)
        sets = [(column,) for column in every] if apart and not diagonal else [every]
        parts = [(columns, _matrix(integral, row, fields, vertices, columns, diagonal)) for columns in sets]
    out = []
    for columns, body in parts:
        text = _text(integral, body, coefficients, row, fields, vertices, rank, columns, diagonal)
        name = "k" + hashlib.sha256(text.encode()).hexdigest()[:16]
        out.append(Kernel(name, text.replace("@NAME@", name), rank, integral.kind, row, columns, diagonal, read))
    return out


def _columns(body):
    """Numbers of the fields that an element matrix couples to."""
    return tuple(sorted({int(m.group(5) or 0) for m in _MATRIX.finditer(body)}))


def _vector(integral, row, fields, vertices):
    """The body with A[i]."""
    body, count = _VECTOR.subn(lambda m: _checked(m, [(1, fields), (2, row)]) or "A[i] +=", integral.body)
    _all_replaced(body, count, "A[i] +=", integral)
    return body


def _matrix(integral, row, fields, vertices, columns, diagonal):
    """The body with a compact A of the fields `columns`; what goes to others is left out."""
    node = "i" if diagonal else f"(i * {vertices} + j)"

    def compact(m):
        _checked(m, [(1, fields * vertices), (2, fields), (3, row), (4, fields)])
        column = int(m.group(5) or 0)
        return f"A[{node} * {len(columns)} + {columns.index(column)}] +=" if column in columns else "A[@OTHER@] +="

    body, count = _MATRIX.subn(compact, integral.body)
    _all_replaced(body, count, "A[", integral)
    body = re.sub(r"A\[@OTHER@\] \+=[^;]*;", "", body)
    # j is the outer loop: of the inner one only i = j is left
    return _ROWS.sub("for (int i = j; i == j; ++i)", body) if diagonal else body


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
    slots = vertices if rank == 1 or diagonal else vertices * vertices
    size = slots * max(1, len(columns))
    body = re.sub(r"\bstatic const double\b", "TABLE double", body)
    parameters, gather, width = [], [], 0
    for k, (c, used) in enumerate(zip(coefficients, integral.enabled)):
        if used:
            parameters.append(f"const int* __restrict__ dofs{k}, const double* __restrict__ data{k}")
            gather.append(
                f"for (int v = 0; v < {c.dofs}; ++v) {{ const long long d = dofs{k}[cell * {c.dofs} + v]; "
                f"for (int s = 0; s < {c.width}; ++s) w[{width} + v * {c.width} + s] = data{k}[d * {c.width} + s]; }}"
            )
        width += c.dofs * c.width
    target = "double* __restrict__ b" if rank == 1 else "const int* __restrict__ dest, double* __restrict__ values"
    signature = ", ".join(
        ["const int* __restrict__ entities", "const int* __restrict__ nodes", "const unsigned* __restrict__ fixed",
         "const int* __restrict__ corners", "const double* __restrict__ x", *parameters, "const double* __restrict__ c", target]
    )  # fmt: skip
    gather_lines = "\n        ".join(gather)
    scatter = _scatter_vector(row, fields, vertices) if rank == 1 else _scatter_matrix(row, fields, vertices, columns, diagonal)
    return f"""
FN void tabulate_@NAME@(double* __restrict__ A, const double* __restrict__ w, const double* __restrict__ c,
    const double* __restrict__ coordinate_dofs, const int* __restrict__ entity_local_index)
{{{body}}}

KERNEL(@NAME@, {signature})
{{
    ITEMS
    {{
        const long long cell = entities[{"2 * i" if facet else "i"}];
        const int facet[1] = {{{"entities[2 * i + 1]" if facet else "0"}}};
        double w[{max(width, 1)}], X[{3 * vertices}], A[{size}];
        for (int v = 0; v < {vertices}; ++v)
        {{
            const long long g = corners[cell * {vertices} + v];
            for (int s = 0; s < 3; ++s) X[3 * v + s] = x[3 * g + s];
        }}
        {gather_lines}
        for (int k = 0; k < {size}; ++k) A[k] = 0.0;
        tabulate_@NAME@(A, w, c, X, facet);
{scatter}
    }}
}}
"""


def _scatter_vector(row, fields, vertices):
    """b at the vertices' rows, or (GATHERED) the element's own place."""
    return f"""#ifdef GATHERED
        for (int v = 0; v < {vertices}; ++v) b[v * n + i] = A[v];
#else
        for (int v = 0; v < {vertices}; ++v) ADD(&b[(long long)nodes[cell * {vertices} + v] * {fields} + {row}], A[v]);
#endif"""


def _scatter_matrix(row, fields, vertices, columns, diagonal):
    """Blocks at their places, or (GATHERED) the element's own place; rows and columns of prescribed values left out."""
    coupled = len(columns)
    slot = "v" if diagonal else f"v * {vertices} + u"
    stores = "\n".join(
        f"                STORE({column}, {k}, of_row >> {row} & 1u || of_column >> {column} & 1u, A[({slot}) * {coupled} + {k}]);"
        for k, column in enumerate(columns)
    )
    return f"""#ifdef GATHERED
#define STORE(column, k, left_out, value) values[(({slot}) * {coupled} + k) * n + i] = left_out ? 0.0 : value
#else
#define STORE(column, k, left_out, value) if (!(left_out)) ADD(&values[(long long)place * {fields * fields} + {row * fields} + column], value)
#endif
        for (int v = 0; v < {vertices}; ++v)
        {{
            const unsigned of_row = fixed[nodes[cell * {vertices} + v]];
            {"const int u = v;" if diagonal else f"for (int u = 0; u < {vertices}; ++u)"}
            {{
                const unsigned of_column = fixed[nodes[cell * {vertices} + u]];
                const int place = dest[cell * {vertices * vertices} + v * {vertices} + u];
{stores}
            }}
        }}
#undef STORE"""

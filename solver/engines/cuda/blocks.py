"""Kernels on block-CSR matrices and block vectors, rows as assembled in double precision, the preconditioner's in either.

A matrix is (indptr, indices, values): owned block rows, columns numbered locally (owned first, then ghosts), values
(entries, BS, BS). D is the diagonal block of a row; S = D^-1 A has the identity there, so that a Gauss-Seidel step of a
row is x_i = b_i - sum over j != i of S_ij x_j.
"""

TEXT = """
FN REAL row_product(const long long begin, const long long end, const int r, const int skip, const int* indices,
                    const REAL* a, const REAL* x)
{
    // sum over the blocks of a row, without column `skip`, of their scalar row r with x: a sum a column of the block, which
    // are independent of each other
    REAL sums[BS] = {0};
    for (long long k = begin; k < end; ++k)
    {
        const int column = indices[k];
        if (column == skip) continue;
        const REAL* block = a + (k * BS + r) * BS;
        const REAL* part = x + (long long)column * BS;
        for (int c = 0; c < BS; ++c) sums[c] += block[c] * part[c];
    }
    REAL sum = 0;
    for (int c = 0; c < BS; ++c) sum += sums[c];
    return sum;
}

KERNEL(invert, const int* diagonal, const double* a, double* d, double* inverse)
{
    // D and D^-1 of each row, by Gauss-Jordan elimination. Pivots are chosen among equations of one size: those of
    // minority carriers can be 1e-25 of a metal's.
    ITEMS
    {
        double m[BS][2 * BS];
        for (int r = 0; r < BS; ++r)
        {
            double largest = 0.0;
            for (int c = 0; c < BS; ++c)
            {
                const double value = a[((long long)diagonal[i] * BS + r) * BS + c];
                d[(i * BS + r) * BS + c] = value;
                largest = fmax(largest, fabs(value));
            }
            for (int c = 0; c < BS; ++c)
            {
                m[r][c] = d[(i * BS + r) * BS + c] / largest;
                m[r][BS + c] = r == c ? 1.0 / largest : 0.0;
            }
        }
        for (int c = 0; c < BS; ++c)
        {
            int best = c;
            for (int r = c + 1; r < BS; ++r)
                if (fabs(m[r][c]) > fabs(m[best][c])) best = r;
            for (int k = 0; k < 2 * BS; ++k)
            {
                const double keep = m[c][k];
                m[c][k] = m[best][k];
                m[best][k] = keep;
            }
            const double pivot = 1.0 / m[c][c];
            for (int k = 0; k < 2 * BS; ++k) m[c][k] *= pivot;
            for (int r = 0; r < BS; ++r)
            {
                if (r == c) continue;
                const double factor = m[r][c];
                for (int k = 0; k < 2 * BS; ++k) m[r][k] -= factor * m[c][k];
            }
        }
        for (int r = 0; r < BS; ++r)
            for (int c = 0; c < BS; ++c) inverse[(i * BS + r) * BS + c] = m[r][BS + c];
    }
}

KERNEL(scale, const long long* indptr, const double* a, const double* inverse, REAL* s)
{
    // S = D^-1 A; an item is one scalar row
    ITEMS
    {
        const long long row = i / BS, r = i % BS;
        for (long long k = indptr[row]; k < indptr[row + 1]; ++k)
            for (int c = 0; c < BS; ++c)
            {
                double sum = 0.0;
                for (int m = 0; m < BS; ++m) sum += inverse[i * BS + m] * a[(k * BS + m) * BS + c];
                s[(k * BS + r) * BS + c] = (REAL)sum;
            }
    }
}

KERNEL(apply, const double* blocks, const double* x, REAL* y)
{
    // y = B x, B block diagonal
    ITEMS
    {
        const long long row = i / BS;
        double sum = 0.0;
        for (int c = 0; c < BS; ++c) sum += blocks[i * BS + c] * x[row * BS + c];
        y[i] = (REAL)sum;
    }
}

KERNEL(multiply, const long long* indptr, const int* indices, const REAL* a, const REAL* x, REAL* y)
{
    // y = A x
    ITEMS
    {
        const long long row = i / BS;
        y[i] = row_product(indptr[row], indptr[row + 1], i % BS, -1, indices, a, x);
    }
}

KERNEL(residual, const long long* indptr, const int* indices, const REAL* s, const REAL* x, const REAL* b, REAL* y)
{
    // y = b - S x
    ITEMS
    {
        const long long row = i / BS;
        y[i] = b[i] - row_product(indptr[row], indptr[row + 1], i % BS, -1, indices, s, x);
    }
}

KERNEL(sweep, const int* rows, const long long* indptr, const int* indices, const REAL* s, const REAL* b, REAL* x)
{
    // Gauss-Seidel on the rows of one colour, none of which couples to another
    ITEMS
    {
        const int row = rows[i / BS], r = i % BS;
        x[(long long)row * BS + r] = b[(long long)row * BS + r] - row_product(indptr[row], indptr[row + 1], r, row, indices, s, x);
    }
}

KERNEL(gather, const long long* offsets, const int* members, const double* fine, double* coarse)
{
    // block of the Galerkin operator: the sum of the fine blocks it stands for, in a fixed order
    ITEMS
    {
        const long long block = i / (BS * BS), entry = i % (BS * BS);
        double sum = 0.0;
        for (long long k = offsets[block]; k < offsets[block + 1]; ++k) sum += fine[(long long)members[k] * BS * BS + entry];
        coarse[i] = sum;
    }
}

KERNEL(restrict_rows, const long long* offsets, const int* members, const double* d, const REAL* r, double* coarse)
{
    // residual of an aggregate: sum of D r over its nodes, so of the rows as they were assembled
    ITEMS
    {
        const long long group = i / BS, row = i % BS;
        double sum = 0.0;
        for (long long k = offsets[group]; k < offsets[group + 1]; ++k)
        {
            const double* block = d + ((long long)members[k] * BS + row) * BS;
            const REAL* part = r + (long long)members[k] * BS;
            for (int c = 0; c < BS; ++c) sum += block[c] * part[c];
        }
        coarse[i] = sum;
    }
}

KERNEL(prolong, const int* group, const REAL* coarse, REAL* x)
{
    ITEMS
    {
        x[i] += coarse[(long long)group[i / BS] * BS + i % BS];
    }
}
"""


def compile_blocks(flavour, block_size: int, single: bool = False):
    """Module of the kernels above for one block size.

    Args:
        flavour: see flavours.py.
        block_size: unknowns a node.
        single: the preconditioner's values and vectors in single precision.
    """
    return flavour.compile(TEXT.replace("REAL", "float" if single else "double"), {"BS": block_size})

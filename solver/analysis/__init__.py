"""Numbers from tables: switching, and the comparison with measurement."""

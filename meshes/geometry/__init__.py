"""One module per device layout; each turns the scenario's device numbers into a tagged simplex mesh in nm."""

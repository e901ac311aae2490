"""A compact model of one cell: fitted to runs, written as ngspice subcircuit and Verilog-A."""

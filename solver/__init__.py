"""halofil: three-dimensional simulation of halide-perovskite memristors."""

__version__ = "0.1.0"

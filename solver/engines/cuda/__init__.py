"""The terms on a graphics card: kernels from FFCx's own text, and the same text on the host for tests."""

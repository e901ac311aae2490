"""Finite-element building blocks: edge-averaged fluxes and lumped local terms as plain UFL."""

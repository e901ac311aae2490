"""Meshes of the device layouts: built with Gmsh from a scenario's numbers, checked in words, read by DOLFINx."""

from __future__ import annotations

from meshes.device_mesh import BuildReport, DeviceMesh, FilamentSite, MeshError
from meshes.layouts import build
from meshes.reading import read

__all__ = ["BuildReport", "DeviceMesh", "FilamentSite", "MeshError", "build", "read"]

"""Fields of 2D and 1D runs before the set, after it and after the reset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style
from solver.figures.moments import Moment, moments
from solver.results.snapshots import Snapshots
from solver.results.tables import read_terminals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POTENTIAL, FILAMENT = "potential [V]", "filament fraction"
_PLATE = 0.09  # drawn thickness of the electrodes, of the gap


def plane_states(directory: str | Path, found: Snapshots, png: Path) -> Path:
    """Potential (top) and ion density (bottom) in the plane, filament outlined, at three moments.

    Axisymmetric fields are mirrored at the axis. Ion density is not shown inside the filament.

    Args:
        directory: result folder.
        found: its fields (2D).
        png: where to.

    Returns:
        The picture.
    """
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.tri import Triangulation

    chosen = moments(read_terminals(directory), found.times)
    points, cells, index = _plane(found)
    mesh = Triangulation(points[:, 0], points[:, 1], cells)
    fields = [{name: values[index] for name, values in found.fields(m.step).items()} for m in chosen]
    reach = max(max(abs(m.voltage) for m in chosen), 1e-3)
    box = _shown(found, points)
    near = np.all((points >= box[::2]) & (points <= box[1::2]), axis=1)
    free = np.concatenate([f[found.ions][near & (_filament(f) < 0.5)] for f in fields]) * 1e-6
    low, high = np.percentile(free[free > 0], [1, 99.5]) if np.any(free > 0) else (1e18, 1e20)
    middle = np.sqrt(low * high)
    rows = [(POTENTIAL, 1.0, "RdBu_r", Normalize(-reach, reach),
             f"electrostatic potential [V]\nlines every {200 * reach:.3g} mV"),
            (found.ions, 1e-6, "magma", LogNorm(min(low, middle / 1.3), max(high, middle * 1.3)),
             _ion_label(found))]
    with style.printed():
        across = 0.93 * 0.805 * style.DOUBLE_COLUMN / len(chosen)
        height = 2.1 * across * (box[3] - box[2]) / (box[1] - box[0]) + 20
        figure = style.new_figure(style.DOUBLE_COLUMN, height)
        grid = figure.subplots(2, len(chosen), sharex=True, sharey=True, squeeze=False, gridspec_kw={
            "left": 0.07, "right": 0.875, "bottom": 10 / height, "top": 1 - 7 / height, "wspace": 0.06, "hspace": 0.1})
        for row, (name, factor, cmap, norm, label) in enumerate(rows):
            for axes, moment, values in zip(grid[row], chosen, fields, strict=True):
                shown = np.clip(values[name] * factor, norm.vmin, norm.vmax)
                image = axes.tripcolor(mesh, shown, shading="gouraud", cmap=cmap, norm=norm, rasterized=True)
                if name == POTENTIAL:
                    axes.tricontour(mesh, shown, levels=reach / 5 * np.arange(-4.5, 5), colors="#303030",
                                    linewidths=0.4, linestyles="solid")
                draw_filament(axes, mesh, _filament(values))
                _draw_electrodes(axes, directory, found, box)
                axes.set(xlim=box[:2], ylim=box[2:], aspect="equal")
                if row == 0:
                    axes.set_title(moment.title())
                else:
                    axes.set_xlabel("radius r [nm]" if found.coordinates == "axisymmetric" else "x [nm]")
            grid[row][0].set_ylabel("z [nm]")
            place = grid[row][-1].get_position()
            bar = figure.add_axes((0.89, place.y0 + 0.02, 0.014, place.height - 0.04))
            figure.colorbar(image, cax=bar).set_label(label, labelpad=2)
            style.letter(grid[row][0], "ab"[row])
        return style.save(figure, png)


def _filament(fields: dict[str, np.ndarray]) -> np.ndarray:
    """Filament fraction of each node; 0 where a run has no filament."""
    return fields.get(FILAMENT, np.zeros(len(fields[POTENTIAL])))


def _plane(found: Snapshots) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 2), triangles of the film (m, 3) and the stored node of each point; mirrored when axisymmetric."""
    points, cells = found.points[:, ::2], found.cells[found.cells_of("film")]
    index = np.arange(len(points))
    if found.coordinates == "axisymmetric":
        mirrored = cells[:, ::-1] + len(points)
        cells = np.concatenate([cells, mirrored])
        points, index = np.concatenate([points, points * [-1, 1]]), np.concatenate([index, index])
    return points, cells, index


def _shown(found: Snapshots, points: np.ndarray) -> np.ndarray:
    """x0, x1, z0, z1 [nm] of the pictures: the gap and as much beside it, or the whole mesh if that is smaller."""
    x, _, z = found.site.foot
    gap = found.site.length
    low, high = points.min(axis=0), points.max(axis=0)
    plate = _PLATE * gap
    if found.site.axis[0] > 0.5:  # a lateral gap: all of it and both electrodes' edges
        return np.array([max(x - 0.3 * gap, low[0]), min(x + 1.3 * gap, high[0]), max(z - 0.2 * gap, low[1]),
                         min(z + gap, high[1])])
    return np.array([max(x - 0.75 * gap, low[0]), min(x + 0.75 * gap, high[0]),
                     max(z - 0.4 * gap, low[1] - plate), min(z + 1.6 * gap, high[1] + plate)])


def draw_filament(axes: Axes, mesh, fraction: np.ndarray) -> None:
    """The filament filled, with its outline: filament fraction above 0.5."""
    # the argument of the tanh profile is what is linear between nodes
    clipped = np.clip(fraction, 1e-4, 1 - 1e-4)
    distance = np.log(clipped / (1 - clipped))
    if distance.max() <= 0:
        return
    axes.tricontourf(mesh, distance, levels=[0, distance.max() + 1], colors=[style.FILAMENT], zorder=3)
    axes.tricontour(mesh, distance, levels=[0], colors="black", linewidths=0.6, zorder=3.1)


def _draw_electrodes(axes: Axes, directory: str | Path, found: Snapshots, box: np.ndarray) -> None:
    """Gold where the terminals are: bodies known from the scenario, or plates along the terminals' facets."""
    from matplotlib.patches import Rectangle

    from solver.figures.solids import bodies

    parts = bodies(directory, found)
    for boxes, colour in ((parts.top, style.GOLD), (parts.spacer, style.SPACER), (parts.bottom, style.GOLD)):
        for x0, _, z0, x1, _, z1 in boxes:
            left = -x1 if found.coordinates == "axisymmetric" else x0
            axes.add_patch(Rectangle((left, z0), x1 - left, z1 - z0, fc=colour, ec="black", lw=0.5, zorder=4))


def _ion_label(found):
    return f"mobile {found.ions.split()[0]} [cm$^{{-3}}$]"


def profile_states(directory: str | Path, found: Snapshots, png: Path) -> Path:
    """Potential, ion density and filament fraction along a 1D slab at three moments.

    Args:
        directory: result folder.
        found: its fields (1D).
        png: where to.

    Returns:
        The picture.
    """
    chosen: list[Moment] = moments(read_terminals(directory), found.times)
    order = np.argsort(found.points[:, 2])
    z = found.points[order, 2]
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 68)
        panels = figure.subplots(1, 3, gridspec_kw={"left": 0.075, "right": 0.985, "bottom": 0.23, "top": 0.92,
                                                    "wspace": 0.42})
        for moment, colour in zip(chosen, (style.BLUE, style.RED, style.GREEN), strict=False):
            fields = found.fields(moment.step)
            panels[0].plot(z, fields[POTENTIAL][order], color=colour, label=moment.title())
            panels[1].semilogy(z, np.maximum(fields[found.ions][order] * 1e-6, 1e-300), color=colour)
            panels[2].plot(z, _filament(fields)[order], color=colour)
        for axes, label, text in zip(panels, ("electrostatic potential [V]", _ion_label(found),
                                              "filament fraction"), "abc", strict=True):
            axes.set(xlabel="z [nm]", ylabel=label, xlim=(z[0], z[-1]))
            style.letter(axes, text)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncols=3)
        return style.save(figure, png)

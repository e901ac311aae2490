"""How the plots of docs/verification.md look: open markers are the simulation, lines the law."""

import io

from solver.figures import style

MARKS = ("o", "s", "^", "D", "v", "P")
COLOURS = (style.BLUE, style.RED, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)


def simulated(axes, x, y, k=0, label="simulation", **more):
    """Markers of series `k`."""
    colour = COLOURS[k % len(COLOURS)]
    return axes.plot(x, y, **({"ls": "none", "marker": MARKS[k % len(MARKS)], "ms": 3.8, "mfc": "white", "mec": colour,
                               "mew": 1.0, "label": label, "zorder": 3} | more))


def law(axes, x, y, k=None, label="law", **more):
    """Line of the law; `k` colours it like its series, None is the only one."""
    colour = style.BLACK if k is None else COLOURS[k % len(COLOURS)]
    return axes.plot(x, y, **({"ls": "-", "lw": 0.9, "color": colour, "label": label, "zorder": 2} | more))


def order(axes, sizes, errors, power=2, anchor=-1):
    """Line of slope `power` through the point `anchor` of a log-log plot of errors against mesh sizes."""
    reference = [errors[anchor] * (h / sizes[anchor]) ** power for h in sizes]
    return axes.plot(sizes, reference, ls=(0, (4, 2)), lw=0.8, color=style.GREY, label=f"order {power}", zorder=1)


def small_png(data, width=None):
    """A PNG of few colours, which makes it small; no wider than `width` pixels."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if width is not None and picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    picture.quantize(64, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue()

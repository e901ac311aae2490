"""docs/verification.md out of the SECTIONs of this folder: collecting, measuring, writing, checking."""

import importlib
import io
import math
import platform
import re
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from solver.figures import style
from solver.results.folder import atomic_write_bytes
from tests.verification.claims import THEMES, Claim, Section
from tests.verification.drawing import COLOURS, small_png

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "verification.md"
PICTURES = "pictures/verification"  # beside the page
LARGEST_PICTURE = 60_000  # bytes
ROWS_SHOWN, LONG = 10, 16  # of a table of more than LONG rows the worst are shown, the whole is folded away

INTRO = """# Verification

*Written by `container/run python -m tests.verification`; a test compares its sections with those of the suite.*

What the solver computes beside what it should compute: closed forms, published limits, manufactured solutions,
conservation laws and symmetries. No number here is fitted or stored: each section is a module of
`tests/verification/` that measures with the solver as it runs a scenario, and a test that fails when a claim no longer
holds (`container/run pytest tests/verification`).

**How to read it.** In the plots markers are the simulation and lines are the law. In the tables *off by* is
|measured − expected| / |expected|, or the plain difference (with its unit) where the expectation is zero; *allowed* is
the tolerance, with its reason beside it. The last number of a section in the summary is its worst claim: the part of the
tolerance that was used up, so 1 would be the limit. Small parts are given as "< 0.01", for they are rounding that differs
from machine to machine.

Measured with {versions}.

```sh
container/run python -m tests.verification                  # everything
container/run python -m tests.verification slab_closed_forms  # the sections of one module, the others kept
container/run python -m tests.verification --check          # is every section on the page?
```
"""


@dataclass(frozen=True)
class Entry:
    """One section on the page.

    Attributes:
        row: its line of the summary.
        block: its text, heading first.
        holds: every claim holds; None for what was taken over from the page.
        error: why nothing was measured, or "".
        seconds: wall time.
    """

    row: str
    block: str
    holds: bool | None = None
    error: str = ""
    seconds: float = 0.0


def slug(title):
    """The title as a file name and anchor: ASCII letters and digits joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub("['’]", "", title.lower())).strip("-")


def modules():
    """Names of the verification modules (without `test_`), sorted."""
    return sorted(p.stem.removeprefix("test_") for p in Path(__file__).parent.glob("test_*.py"))


def sections(names=None):
    """Sections of the modules `names` (all without it), by theme, then in the modules' order: {slug: Section}."""
    found = []
    for name in modules() if names is None else names:
        module = importlib.import_module(f"tests.verification.test_{name}")
        found += getattr(module, "SECTIONS", None) or filter(None, [getattr(module, "SECTION", None)])
    order = list(THEMES)
    return {slug(s.title): s for s in sorted(found, key=lambda s: order.index(s.theme))}


def measured(key: str, section: Section, pictures: Path) -> Entry:
    """Measure one section, draw it into `pictures`, and write it down."""
    start = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            data = section.measure(Path(folder))
        claims = list(section.claims(data))
        if not claims:
            raise AssertionError("nothing was measured")
        if section.draw is not None:
            _draw(section, data, pictures / f"{key}.png")
    except Exception as error:  # noqa: BLE001  whatever it is, the other sections go on
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        row = _row(key, section, "–", "–", "**not measured**")
        return Entry(row, _block(key, section, f"**Not measured:** {_cell(text)}\n"), False, text, time.perf_counter() - start)
    holds = all(c.holds for c in claims)
    row = _row(key, section, len(claims), fraction(max(map(used, claims))), "yes" if holds else "**no**")
    picture = "" if section.draw is None else f"![{section.title}]({PICTURES}/{key}.png)\n\n"
    return Entry(row, _block(key, section, picture + table(claims)), holds, "", time.perf_counter() - start)


def _row(key, section, *rest):
    return "| " + " | ".join(map(str, (THEMES[section.theme], f"[{section.title}](#{key})", *rest))) + " |"


def _block(key, section, text):
    return f'<a id="{key}"></a>\n### {section.title}\n\n{section.about.strip()}\n\n{text}'


def _draw(section, data, path):
    """The section's plot as a PNG of few colours, which makes it small."""
    from cycler import cycler
    from matplotlib import rc_context

    # a section that says nothing about its markers and colours gets the page's: open markers, colours for any eye
    with style.printed(), rc_context({"axes.prop_cycle": cycler(color=COLOURS), "lines.markersize": 3.8,
                                      "lines.markerfacecolor": "white"}):
        figure = style.new_figure(120, 72)
        figure.set_layout_engine("constrained")
        section.draw(data, figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=200, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(path, small_png(buffer.getvalue()))


# ---- numbers ---------------------------------------------------------------------------------------------------------


def used(claim: Claim) -> float:
    """Part of the tolerance that the deviation uses up; infinite for nan, and for a deviation where none is allowed."""
    off = abs(claim.measured - claim.expected)
    allowed = claim.tolerance * (abs(claim.expected) or 1.0)
    if not math.isfinite(off):
        return math.inf
    return off / allowed if allowed > 0 else (0.0 if off == 0 else math.inf)


def number(x, digits=3):
    """Text of a number with so many significant digits: 1.23e-6, 12300, 0.0123."""
    text = f"{x:.{digits}g}"
    mantissa, _, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if power else text


def share(x, digits=2):
    """Text of a relative deviation: percent, or a power of ten where it is small."""
    return number(100 * x, digits) + " %" if x >= 1e-4 else number(x, digits)


def fraction(x):
    """Part of a tolerance, two digits; what is rounding is not shown digit by digit."""
    return "< 0.01" if x < 0.01 else number(x, 2)


def _cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def _texts(c: Claim):
    """Cells of one claim: claim, expected, measured, off by, allowed, reason, source."""
    unit = f" {c.unit}" if c.unit else ""
    off, relative = abs(c.measured - c.expected), c.expected != 0
    # digits down to a tenth of the tolerance: more would be noise
    digits = min(max(1 - math.floor(math.log10(c.tolerance)) if relative and c.tolerance > 0 else 2, 3), 12)
    shown = off / abs(c.expected) if relative else off
    small = used(c) < 0.01 and off > 0
    told = share if relative else number
    text = "< " + told(0.01 * c.tolerance, 1) if small else told(shown, 2)
    measured = "0" + unit if small and not relative else number(c.measured, digits) + unit
    ends = ("", "") if relative else (unit, unit)
    return (c.claim if c.holds else f"**{c.claim}: does not hold**", number(c.expected, digits) + unit, measured,
            text + ends[0], told(c.tolerance, 2) + ends[1], c.reason, c.source)


def table(claims) -> str:
    """Claims as a Markdown table; a reason or source shared by all is said once below it."""
    rows = [list(map(_cell, _texts(c))) for c in claims]
    heads, shared = ["claim", "expected", "measured", "off by", "allowed", "why that much", "source"], []
    for column, name in ((6, "Source"), (5, "Tolerance")):
        values = {r[column] for r in rows}
        if len(values) == 1:
            text = values.pop()
            shared += [f"{name}: {text.rstrip('.')}."] if text else []
            heads.pop(column)
            for r in rows:
                r.pop(column)
    rule = "|---" * len(heads) + "|"

    def lines(chosen):
        return "\n".join(["| " + " | ".join(heads) + " |", rule, *("| " + " | ".join(r) + " |" for r in chosen)])

    below = "".join(f"\n{text}\n" for text in shared)
    if len(rows) <= LONG:
        return lines(rows) + "\n" + below
    worst = sorted(range(len(rows)), key=lambda k: -min(used(claims[k]), 1e300))[:ROWS_SHOWN]
    return (f"The {ROWS_SHOWN} of {len(rows)} claims that come closest to their tolerance:\n\n{lines([rows[k] for k in sorted(worst)])}\n"
            f"{below}\n<details><summary>all {len(rows)}</summary>\n\n{lines(rows)}\n\n</details>\n")


# ---- the page --------------------------------------------------------------------------------------------------------


def versions():
    """Versions of what computes, for the page."""
    import dolfinx
    import gmsh
    from petsc4py import PETSc

    return (f"DOLFINx {dolfinx.__version__}, PETSc {'.'.join(map(str, PETSc.Sys.getVersion()))}, Gmsh {gmsh.__version__}, "
            f"Python {platform.python_version()}")


def written(text) -> dict[str, Entry]:
    """Sections of a page: {slug: Entry}."""
    blocks = {m[1]: m[0] for m in re.finditer(r'^<a id="([\w-]+)"></a>\n.*?(?=^<a id=|^## |\Z)', text, re.MULTILINE | re.DOTALL)}
    rows = {m[1]: m[0] for m in re.finditer(r"^\|.*\]\(#([\w-]+)\) \|.*\|$", text, re.MULTILINE)}
    return {key: Entry(rows[key], block.rstrip() + "\n") for key, block in blocks.items() if key in rows}


def page(entries: dict[str, Entry], known: dict[str, Section]) -> str:
    """The whole page; `entries` in any order, `known` in the page's."""
    keys = [key for key in known if key in entries]
    out = [INTRO.format(versions=versions()), "## Summary\n", _total([entries[key] for key in keys]) + "\n",
           "| | section | claims | worst: part of the tolerance | holds |\n|---|---|---|---|---|"]
    last = None
    for key in keys:
        row = entries[key].row
        theme = THEMES[known[key].theme]
        out.append(row.replace(f"| {theme} |", "| |", 1) if theme == last else row)
        last = theme
    last = None
    for key in keys:
        theme = THEMES[known[key].theme]
        if theme != last:
            out.append(f"\n## {theme}")
        last = theme
        out.append("\n" + entries[key].block.rstrip())
    return "\n".join(out) + "\n"


def _total(entries):
    """One sentence: how much there is, and whether all of it holds."""
    cells = [[cell.strip() for cell in e.row.strip("|").split("|")] for e in entries]
    claims = sum(int(c[2]) for c in cells if c[2].isdigit())
    bad = [c[1] for c in cells if c[4] != "yes"]
    return f"{len(entries)} sections, {claims} claims: " + (f"**not all hold**, see {', '.join(bad)}." if bad else "all hold.")


def update(names, report) -> bool:
    """Measure the sections of modules `names` (all when empty) and write the page; other sections stay as they are.

    Args:
        names: module names without `test_`.
        report: function (slug, Entry or None): called before (None) and after each section.

    Returns:
        True when every section measured held.
    """
    known = sections()
    chosen = sections(names) if names else known
    before = written(PAGE.read_text(encoding="utf-8")) if names and PAGE.exists() else {}
    entries = {key: replace(e, row=_themed(e.row, known[key])) for key, e in before.items() if key in known}
    good = True
    for key, section in chosen.items():
        report(key, None)
        entries[key] = measured(key, section, PAGE.parent / PICTURES)
        good &= bool(entries[key].holds)
        report(key, entries[key])
        atomic_write_bytes(PAGE, page(entries, known).encode())  # what is done is kept when the next one crashes
    for picture in (PAGE.parent / PICTURES).glob("*.png"):
        if picture.stem not in entries:
            picture.unlink()
    return good


def _themed(row, section):
    """A row taken from the page, its theme filled in again."""
    return re.sub(r"^\|[^|]*\|", f"| {THEMES[section.theme]} |", row, count=1)


def faults() -> list[str]:
    """What is wrong with the committed page, a sentence each."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    there, known, out = written(text), sections(), []
    for key, section in known.items():
        if key not in there:
            out.append(f"'{section.title}' is not on the page")
        elif section.draw is not None and f"({PICTURES}/{key}.png)" not in there[key].block:
            out.append(f"'{section.title}' has no picture on the page")
        elif section.about.strip() not in there[key].block:
            out.append(f"'{section.title}' is described otherwise on the page")
    out += [f"section {key} of the page is not in the suite" for key in there if key not in known]
    links = re.findall(r"\]\(([^)#]+)\)", text)
    out += [f"{link} does not exist" for link in links if not link.startswith("http") and not (PAGE.parent / link).exists()]
    return out

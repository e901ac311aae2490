"""docs/validation.md out of the tables, paragraphs and pictures beside it."""

import math
import re

import pandas

from solver.analysis.measured import CITATION, DOI
from solver.results.folder import atomic_write_text
from tests.validation import pictures, tables
from tests.validation.cases import CASES, MECHANISMS, NO_SWITCH
from tests.verification.page import number

PAGE = tables.ROOT / "docs" / "validation.md"
COMMAND = "container/run python -m tests.validation"

INTRO = f"""# Validation

*Written by `{COMMAND}`; a test checks that it is what the tables beside it give.*

The measured device ([{CITATION}](https://doi.org/{DOI}), `scenarios/reference/measured.yaml`) beside the simulation.
There is one parameter set (`scenarios/materials/mapbi3_gold.yaml`), which says what is from the literature, what is
assumed and what was fitted to this same device; nothing but the waveform changes between the paper's protocols (what `negative_first`,
`forming` and the lateral pair start from is said there). So this page shows
how far one set reaches, not a prediction of numbers that were not used. Each scenario is run by `halofil run`, each
number is a row of `halofil compare`.

**How to read it.** *Band*: what counts as agreement, and why that wide. *Simulated*: the value, and after ± its
numerical error: the root of the summed squares of its changes with mesh, interface width and time tolerance (table
below). No ± where it was not measured. The currents, conductances and energies in the picture are on a logarithmic scale.

```sh
{COMMAND}                      # run what is missing (a killed run goes on), write the page
{COMMAND} quick retention      # only these; the rows of the others stay
{COMMAND} iv_sweep             # the 3D main job, which is run only when named
{COMMAND} --convergence        # the table of numerical errors (of the 3D main job only with iv_sweep named)
{COMMAND} --ablation           # the table of mechanisms taken away
{COMMAND} --page               # from the tables only, e.g. after editing docs/validation/outside.yaml
{COMMAND} --check              # is the page whole, and of today's scenarios?
```
"""


def page() -> str:
    """The whole page."""
    rows, convergence, ablation = (tables.read(name) for name in tables.COLUMNS)
    texts = tables.paragraphs()
    good = tables.inside(rows)
    parts = [INTRO, "## All numbers\n", f"{good.sum()} of {len(rows)} rows lie inside their bands.\n",
             "![Every number against its band](pictures/validation/overview.png)\n", _rows(rows, convergence),
             "\n## Rows outside their bands\n", _outside(rows, texts), "\n## The measurements one by one\n"]
    parts += [_case(case, rows, texts) for case in CASES.values() if (rows["scenario"] == case.name).any()]
    parts += ["## Numerical errors\n", _convergence(rows, convergence),
              "\n## 3D beside the fast form\n", _dimensions(rows, convergence), "\n## What each mechanism explains\n",
              _ablation(ablation)]
    return "\n".join(parts).rstrip() + "\n"


def write(scenarios: list[str] | None = None) -> None:
    """The page and its overview."""
    rows = tables.read("rows")
    pictures.overview(rows, tables.read("convergence"))
    atomic_write_text(PAGE, page())


def faults() -> list[str]:
    """What is wrong with the committed page, a sentence each."""
    if not PAGE.is_file():
        return [f"docs/validation.md does not exist; run {COMMAND}"]
    rows, text = tables.read("rows"), PAGE.read_text(encoding="utf-8")
    out = tables.paragraph_faults(rows, tables.paragraphs())
    if text != page():
        out.append(f"docs/validation.md is not what its tables give; run {COMMAND} --page")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    out += [f"docs/validation.md: {link} does not exist" for link in links
            if not link.startswith("http") and not (PAGE.parent / link).exists()]
    return out


def stale() -> list[str]:
    """Scenarios whose rows are of another scenario or material than today's, a sentence each."""
    out = []
    rows = tables.read("rows")
    for case in CASES.values():
        made = set(rows["digest"][rows["scenario"] == case.name])
        if not made and not case.slow:
            out.append(f"{case.name} has no rows; run {COMMAND} {case.name}")
        elif made and made != {_digest(case)}:
            out.append(f"{case.name}: scenario or material have changed since its rows were made; run {COMMAND} {case.name}")
    return out


def _digest(case) -> str:
    from tests.validation.running import Job

    return Job.of(case, tables.ROOT).member.digest


# ---- parts -----------------------------------------------------------------------------------------------------------


def _table(heads: list[str], lines: list[list[str]]) -> str:
    text = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join(text + ["| " + " | ".join(line) + " |" for line in lines]) + "\n"


def text_of(value: float | None, digits: int = 3) -> str:
    """A number, or that there is none."""
    return "none" if value is None or pandas.isna(value) else number(value, digits)


def _rows(rows: pandas.DataFrame, convergence: pandas.DataFrame) -> str:
    lines, last = [], None
    for (_, row), ok in zip(rows.iterrows(), tables.inside(rows)):
        name = row["scenario"]
        measured = "–" if pandas.isna(row["measured"]) else text_of(row["measured"])
        lines.append(["" if name == last else f"[{name}](#{name})", row["quantity"], measured,
                      f"{text_of(row['low'])} to {text_of(row['high'])}", row["basis"],
                      _with_error(row, convergence), "yes" if ok else "**no**"])
        last = name
    return _table(["scenario", "quantity", "measured", "band", "why that wide", "simulated", "inside"], lines)


def _with_error(row: pandas.Series, convergence: pandas.DataFrame) -> str:
    value = text_of(row["simulated"])
    if value == "none":
        return value
    error = tables.error_bar(row["scenario"], row["quantity"], convergence)
    if error is None:
        return value
    return value + (" ± ?" if math.isnan(error) else f" ± {number(error, 2)}")


def _outside(rows: pandas.DataFrame, texts: dict[str, dict[str, str]]) -> str:
    bad = rows[~tables.inside(rows)]
    if not len(bad):
        return "There are none.\n"
    parts = []
    for _, row in bad.iterrows():
        why = texts.get(row["scenario"], {}).get(row["quantity"], "*No paragraph was written on this yet.*")
        parts.append(f"**{row['scenario']}: {row['quantity']}**, {text_of(row['simulated'])} instead of "
                     f"{text_of(row['low'])} to {text_of(row['high'])}. {why}\n")
    return "\n".join(parts)


def _case(case, rows: pandas.DataFrame, texts: dict[str, dict[str, str]]) -> str:
    mine = rows[rows["scenario"] == case.name]
    seconds = mine["wall [s]"].max()
    out = [f'<a id="{case.name}"></a>\n### {case.title}\n', f"{case.about} `scenarios/{case.name}.yaml`, {number(seconds, 2)} s.\n"]
    for name in case.figures:
        if (pictures.FOLDER / f"{case.name}_{name}.png").is_file():
            caption = f"{case.title}: {pictures.DRAWN[name][1]}"
            out.append(f"![{caption}](pictures/validation/{case.name}_{name}.png)\n")
    return "\n".join(out)


def _convergence(rows: pandas.DataFrame, convergence: pandas.DataFrame) -> str:
    if not len(convergence):
        return "Not measured yet.\n"
    parts = [("Each scenario again with one thing of the numerics changed. The error is the root of the summed squares of the "
             "changes; the interface of 2 nm, which is coarser than what is used, is shown and does not count. The interface of "
             "0.8 nm is compared with the mesh of 1 nm, which it needs. In 3D only the mesh was varied; its error has the "
             "changes with interface and time tolerance of the fast form.\n")]
    base = {(row["scenario"], row["quantity"]): row["simulated"] for _, row in rows.iterrows()}
    for name in dict.fromkeys(convergence["scenario"]):
        mine = convergence[convergence["scenario"] == name]
        heads = list(dict.fromkeys(mine["variation"]))
        lines = []
        for quantity in dict.fromkeys(mine["quantity"]):
            found = mine[mine["quantity"] == quantity].set_index("variation")["value"]
            error = tables.error_bar(name, quantity, convergence)
            lines.append([quantity, text_of(base.get((name, quantity))),
                          *(text_of(found[head]) if head in found else "–" for head in heads),
                          "?" if error is None or math.isnan(error) else number(error, 2)])
        parts.append(f"`{name}`\n\n" + _table(["quantity", "as it stands", *heads, "error"], lines))
    return "\n".join(parts)


def _dimensions(rows: pandas.DataFrame, convergence: pandas.DataFrame) -> str:
    lines = []
    for case in (case for case in CASES.values() if case.fast):
        pair = [{row["quantity"]: row for _, row in rows[rows["scenario"] == name].iterrows()} for name in (case.fast, case.name)]
        for quantity in (quantity for quantity in pair[0] if quantity in pair[1]):
            flat, solid = (found[quantity] for found in pair)
            lines.append([case.fast, quantity, f"{text_of(flat['low'])} to {text_of(flat['high'])}",
                          _with_error(flat, convergence), _with_error(solid, convergence)])
    if not lines:
        return "Not measured yet.\n"
    return ("The same protocol and material on the axisymmetric gap (the lateral pair: in 2D), to which the numbers were fitted, and on "
            "the device in 3D.\n\n" + _table(["scenario", "quantity", "band", "fast form", "3D"], lines))


def _ablation(ablation: pandas.DataFrame) -> str:
    if not len(ablation):
        return f"Not measured yet. {NO_SWITCH}\n"
    lines = []
    for mechanism in MECHANISMS:
        mine = ablation[ablation["mechanism"] == mechanism.name]
        if not len(mine):
            continue
        failed = [f"{row['scenario']} does not run: {row['failure']}" for _, row in mine[mine["failure"] != ""].iterrows()]
        ran = mine[mine["failure"] == ""]
        before, after = tables.inside(ran, "with"), tables.inside(ran, "without")
        lines.append([mechanism.name, mechanism.about, _moved(ran[before & ~after]) or "nothing", _moved(ran[~before & after]) or "nothing",
                      "; ".join(failed) or f"{after.sum()} of {len(ran)} (with it {before.sum()})"])
    return ("One mechanism taken away at a time, the parameters not fitted again; the values are with → without it.\n\n"
            + _table(["taken away", "how", "falls out of its band", "comes into its band", "inside"], lines) + f"\n{NO_SWITCH}\n")


def _moved(rows: pandas.DataFrame) -> str:
    return "; ".join(f"{row['scenario']}: {row['quantity']} {text_of(row['with'])} → {text_of(row['without'])}"
                     for _, row in rows.iterrows())

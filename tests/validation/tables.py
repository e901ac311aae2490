"""The tables beside docs/validation.md, and what follows from them: error bars, what lies outside, paragraphs."""

import io
import math
from pathlib import Path

import pandas

from solver.results.folder import atomic_write_text
from tests.validation.cases import CASES

ROOT = Path(__file__).parents[2]
BESIDE = ROOT / "docs" / "validation"
COLUMNS = {
    "rows": ["scenario", "quantity", "measured", "low", "high", "basis", "simulated", "digest", "wall [s]"],
    "convergence": ["scenario", "quantity", "variation", "against", "reference", "value", "counts", "digest"],
    "ablation": ["mechanism", "scenario", "quantity", "low", "high", "with", "without", "failure", "digest"],
}
TEXTS = {"scenario", "quantity", "basis", "digest", "variation", "against", "mechanism", "failure"}


def read(name: str) -> pandas.DataFrame:
    """A table, empty where it was not made yet; numbers that do not exist are NaN."""
    path = BESIDE / f"{name}.csv"
    if not path.is_file():
        return pandas.DataFrame(columns=COLUMNS[name])
    return _parsed(path.read_text(encoding="utf-8"))


def _parsed(text: str) -> pandas.DataFrame:
    frame = pandas.read_csv(io.StringIO(text))
    texts = [column for column in frame if column in TEXTS]
    return frame.astype(dict.fromkeys(texts, object)).fillna(dict.fromkeys(texts, ""))  # a column without any text is read as numbers


def merged(name: str, new: pandas.DataFrame, scenarios: list[str]) -> pandas.DataFrame:
    """The table with all lines of `scenarios` replaced by the new ones; other scenarios stay. Written."""
    old = read(name)
    parts = [part for part in (old[~old["scenario"].isin(scenarios)], new) if len(part)]
    frame = pandas.concat(parts, ignore_index=True)[COLUMNS[name]] if parts else old
    order = list(CASES)
    frame = frame.sort_values("scenario", key=lambda names: names.map(order.index), kind="stable", ignore_index=True)
    BESIDE.mkdir(parents=True, exist_ok=True)
    text = frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    atomic_write_text(BESIDE / f"{name}.csv", text)
    return _parsed(text)


def inside(frame: pandas.DataFrame, column: str = "simulated") -> pandas.Series:
    """Whether each value exists and lies in its band."""
    return frame[column].notna() & (frame[column] >= frame["low"]) & (frame[column] <= frame["high"])


def error_bar(scenario: str, quantity: str, convergence: pandas.DataFrame) -> float | None:
    """Numerical error of a number: root of the sum of the squared differences between variation and reference.

    In 3D only the mesh is varied; what else counts is taken from the fast form.

    Returns:
        None where nothing was varied, NaN where the number does not exist in a variation that counts.
    """
    rows = convergence[(convergence["quantity"] == quantity) & convergence["counts"].astype(bool)]
    name = scenario if (rows["scenario"] == scenario).any() else CASES[scenario].like
    own = rows[rows["scenario"] == name]
    if not len(own):
        return None
    rows = pandas.concat([own, rows[(rows["scenario"] == CASES[name].fast) & ~rows["variation"].str.startswith("mesh")]])
    return math.sqrt(sum((float(v) - float(r)) ** 2 for v, r in zip(rows["value"], rows["reference"])))


def paragraphs() -> dict[str, dict[str, str]]:
    """docs/validation/outside.yaml: scenario -> quantity -> paragraph on why it lies outside its band."""
    from ruamel.yaml import YAML

    path = BESIDE / "outside.yaml"
    data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) if path.is_file() else None
    return {str(name): {str(k): " ".join(str(v or "").split()) for k, v in (texts or {}).items()}
            for name, texts in (data or {}).items()}


def paragraph_faults(rows: pandas.DataFrame, texts: dict[str, dict[str, str]]) -> list[str]:
    """Rows outside their band without a paragraph, and paragraphs for rows that are inside or that there are not."""
    place = "docs/validation/outside.yaml"
    good = dict(zip(zip(rows["scenario"], rows["quantity"]), inside(rows)))
    out = [f"{name}: '{quantity}' lies outside its band and {place} has no paragraph on it"
           for (name, quantity), ok in good.items() if not ok and not texts.get(name, {}).get(quantity)]
    for name, found in texts.items():
        for quantity in found:
            if (name, quantity) not in good:
                out.append(f"{place} has a paragraph on {name}: '{quantity}', which is no row of the page")
            elif good[name, quantity]:
                out.append(f"{place} has a paragraph on {name}: '{quantity}', which lies inside its band; take it out")
    return out

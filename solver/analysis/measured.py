"""The measured behaviour of the device (scenarios/reference/measured.yaml) as numbers with bands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MEASURED_FILE = Path(__file__).parents[2] / "scenarios" / "reference" / "measured.yaml"
CITATION = "de Boer & Ehrler 2024"
DOI = "10.1021/acsenergylett.4c02360"
_HALF_DECADE = 10**0.5


@dataclass(frozen=True)
class Band:
    """A measured quantity.

    Attributes:
        low, high: what counts as agreement.
        mean: the measured mean (or order of magnitude), None where only a range is given.
        basis: where the band comes from, in words.
    """

    low: float
    high: float
    mean: float | None
    basis: str

    def holds(self, value: float | None) -> bool:
        """True when ``value`` exists and lies in the band."""
        return value is not None and self.low <= value <= self.high


@cache
def load_measured(path: Path = MEASURED_FILE) -> dict[str, Any]:
    """The file as nested dictionaries.

    Raises:
        ValueError: one sentence, when the file is missing or has no I-V sweep.
    """
    from ruamel.yaml import YAML

    if not path.is_file():
        raise ValueError(f"the measured reference {path} is missing")
    data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or "iv_sweep" not in data:
        raise ValueError(f"{path} has no entry 'iv_sweep'")
    return data


def band(entry: dict[str, float] | list[float]) -> Band:
    """Band of an entry: mean +- one standard deviation, else its range, else half a decade about its order.

    Args:
        entry: {mean, spread}, {range: [low, high]}, [low, high] or {order}.

    Raises:
        ValueError: none of these.
    """
    if isinstance(entry, list) and len(entry) == 2:
        return Band(float(entry[0]), float(entry[1]), None, "range")
    if isinstance(entry, dict):
        if "mean" in entry and "spread" in entry:
            mean, spread = float(entry["mean"]), float(entry["spread"])
            return Band(mean - spread, mean + spread, mean, "mean ± one standard deviation")
        if "range" in entry:
            return band(entry["range"])
        if "order" in entry:
            order = float(entry["order"])
            return Band(order / _HALF_DECADE, order * _HALF_DECADE, order, "order of magnitude, ± half a decade")
    raise ValueError(f"the measured entry {entry!r} gives neither mean and spread, nor range, nor order")


def iv_bands() -> dict[str, Band]:
    """Bands of what the I-V sweep gives, by the key of ``switching_numbers``."""
    sweep = load_measured()["iv_sweep"]
    return {"V_set [V]": band(sweep["v_set"]), "V_reset [V]": band(sweep["v_reset"]),
            "S_off [S]": band(sweep["s_off"]), "on/off ratio [1]": band(sweep["on_off_ratio"]),
            "current jump [decades]": band(sweep["current_jump_decades"])}


def cycle_bands() -> dict[str, Band]:
    """Bands of what many cycles give, by the key of ``cycle_numbers`` and ``switching_numbers``."""
    spread = load_measured()["iv_sweep"]["v_set"]["spread"]
    return {"spread of V_set [V]": Band(0.5 * spread, 2 * spread, spread, "within a factor two"),
            "drift of V_set over its error [1]": Band(-2.0, 2.0, 0.0, "no trend with the cycle number")}


def negative_first_bands() -> dict[str, Band]:
    """Bands of a sweep that starts at negative bias, by quantity: the paper's device sets there too, within the sweep (Fig.
    S4). No number is given; the mean is the positive sweep's, mirrored."""
    sweep = load_measured()["iv_sweep"]
    return {"V_set at negative bias [V]": Band(-sweep["v_max"], 0.0, -band(sweep["v_set"]).mean, "it sets; no number given")}


def slope_band() -> Band:
    """Band of the on-state's slope of log I over log V: ohmic at positive bias."""
    return Band(0.9, 1.1, 1.0, "ohmic, ± 0.1")


def probe_band() -> Band:
    """Band of the relative change of the conductance by reading at 1 mV: the paper sees none (Fig. S6a)."""
    return Band(0.0, 0.01, 0.0, "less than 1 %")


def lateral_band(gap: float) -> Band | None:
    """Band of the factor by which a lateral pair's conductance changes; None unless its gap [m] is the measured one."""
    if abs(gap - load_measured()["crosstalk"]["lateral_gap"]) > 1e-12:
        return None
    return Band(1.0, 2.0, 1.0, "less than a factor two: no change over orders of magnitude")


def factor_band(value: float, factor: float, basis: str) -> Band:
    """Within a factor of a measured value (of either sign)."""
    low, high = sorted((value / factor, value * factor))
    return Band(low, high, value, basis)


def train_bands(amplitude: float, width: float) -> dict[str, Band]:
    """Bands of a measured pulse train by the key of ``train_numbers``; empty where none was measured so.

    Args:
        amplitude, width: of the pulses [V], [s].
    """
    for name in ("pulses_80ms", "pulses_55ms"):
        for kind in ("potentiation", "depression"):
            entry = load_measured()[name].get(kind)
            if entry and abs(entry["amplitude"] - amplitude) < 1e-6 and abs(entry["width"] - width) < 1e-6:
                bands = {
                    f"{side} current [A]": factor_band(entry[f"current_{side}"], 2, "within a factor two")
                    for side in ("first", "last")
                }
                if name == "pulses_55ms":
                    measured = load_measured()[name]
                    ratio, energy = measured["conductance_ratio_pulse2_to_pulse1"], measured["energy_of_doubling"]
                    bands["ratio of pulse 2 to pulse 1 [1]"] = Band(1.5, 3.0, ratio, "between 1.5 and 3")
                    bands["energy of doubling [J]"] = Band(0.5 * energy, 1.5 * energy, energy, "± 50 %")
                return bands
    return {}


def retention_bands() -> dict[str, Band]:
    """Bands of the retention measurement by the key of ``retention_numbers``."""
    entry = load_measured()["retention"]
    holds, off = entry["s_on_holds_for"], entry["s_off_reached_at"]
    return {"holds for [s]": Band(holds, off, holds, "at least 20 s, off at 30 s"),
            "off after [s]": Band(off - 5, off + 5, off, "± 5 s")}

"""Frequencies of a spectrum as text: ``1mHz:1MHz:10/decade`` or ``10 Hz, 1 kHz``."""

import math
import re

from solver.units import QuantityError, format_quantity, parse_quantity

LOWEST, HIGHEST = 1e-9, 1e15  # Hz: 30 years a period; beyond, wave and relaxation times the equations do not hold
MOST = 2000  # frequencies
PER_DECADE = 10
EXAMPLE = "1mHz:1MHz:10/decade"


class FrequencyError(ValueError):
    """The text is no list of frequencies; the message is one sentence that says what would be right."""


def parse_frequencies(text: str) -> list[float]:
    """Frequencies [Hz], ascending.

    Args:
        text: FIRST:LAST[:N/decade], both ends included and the points between evenly spaced on a logarithmic axis, at
            least N (10) a decade; or frequencies separated by commas.

    Raises:
        FrequencyError: no frequencies, out of range, upside down or too many.
    """
    if ":" not in text:
        found = [_frequency(part) for part in text.split(",")]
        if sorted(set(found)) != found:
            raise FrequencyError(f"'{text}' must ascend, each frequency once, e.g. 10 Hz, 100 Hz, 1 kHz")
        return _few(found)
    first, last, *rest = (part.strip() for part in text.split(":"))
    if len(rest) > 1:
        raise FrequencyError(f"'{text}' has {len(rest) + 2} parts; write FIRST:LAST:N/decade, e.g. {EXAMPLE}")
    low, high = _frequency(first), _frequency(last)
    if low >= high:
        raise FrequencyError(f"'{text}' goes from {format_quantity(low, 'frequency')} to {format_quantity(high, 'frequency')}; "
                             f"the first must be the lower one, e.g. {EXAMPLE}")
    density = _per_decade(rest[0]) if rest else PER_DECADE
    decades = math.log10(high / low)
    intervals = max(1, math.ceil(decades * density - 1e-9))
    _few(range(intervals + 1))
    return [low, *(low * 10 ** (decades * k / intervals) for k in range(1, intervals)), high]


def _frequency(text):
    try:
        value = parse_quantity(text.strip(), "frequency")
    except QuantityError as error:
        raise FrequencyError(str(error)) from None
    if not LOWEST <= value <= HIGHEST:
        raise FrequencyError(f"{text.strip()} is out of range; a frequency lies between 1 nHz and 1 PHz, e.g. 1 kHz")
    return value


def _per_decade(text):
    match = re.fullmatch(r"(\d{1,4})\s*/\s*decade", text)
    if match is None or int(match[1]) == 0:
        raise FrequencyError(f"'{text}' is no density of points; write e.g. 10/decade")
    return int(match[1])


def _few(found):
    if len(found) > MOST:
        raise FrequencyError(f"{len(found)} frequencies are too many; up to {MOST} are computed: take fewer a decade")
    return found

"""Numbers with SI prefixes, for people."""

import math

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M"}


def si(value: float, unit: str) -> str:
    """Three digits and a prefix: 5.29e-6 with unit "J" is "5.29 uJ"."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    power = max(3 * math.floor(math.log10(abs(value)) / 3), min(_PREFIXES))  # 10^-324 is 0, and divides nothing
    if float(f"{abs(value) / 10.0**power:.3g}") >= 1000:  # 999.9 rounds up to the next prefix
        power += 3
    power = min(power, max(_PREFIXES))
    return f"{value / 10.0**power:.3g} {_PREFIXES[power]}{unit}"

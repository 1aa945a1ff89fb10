"""Numbers with SI prefixes, for people."""

import math

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M"}


def si(value: float, unit: str) -> str:
    """Three digits and a prefix: 5.29e-6 with unit "J" is "5.29 uJ"."""
    if value == 0:
        return f"0 {unit}"
    power = 3 * math.floor(math.log10(abs(value)) / 3)
    if float(f"{abs(value) / 10.0**power:.3g}") >= 1000:  # 999.9 rounds up to the next prefix
        power += 3
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return f"{value / 10.0**power:.3g} {_PREFIXES[power]}{unit}"

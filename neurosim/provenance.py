"""Provenance: what the numbers of a report rest on, by how the prices behind them were reached."""

from collections import Counter

from chips import ChipProfile
from chips.keys import KEYS, value_at

PARTS = {"energy": "energy.", "time": "time.", "static_power": "power."}


def rests_on(chip: ChipProfile) -> dict[str, dict[str, int]]:
    """Part of a report ("energy", "time", "static_power") -> kind -> how many of its numbers; free ones do not count.

    The clock, where a chip has one, belongs to time and to static power.
    """
    found: dict[str, dict[str, int]] = {}
    for part, prefix in PARTS.items():
        prefixes = (prefix, "clock.") if part != "energy" else (prefix,)
        paths = [path for path in KEYS if path.startswith(prefixes) and _counts(chip, path)]
        kinds = Counter(chip.sources[path].kind for path in paths)
        found[part] = dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
    return found


def _counts(chip: ChipProfile, path: str) -> bool:
    """Whether a number is there and not zero; the keys of a list of times are none."""
    value = value_at(chip, path)
    is_free = not any(value) if isinstance(value, tuple) else not value
    return path in chip.sources and not is_free and not path.endswith((".tiles", ".chips"))


def in_words(kinds: dict[str, int]) -> str:
    """As "6 simulated, 2 assumed"; or that nothing has a price."""
    return ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "free"

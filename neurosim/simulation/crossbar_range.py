"""How far the potentials of a crossbar program can go, whatever arrives: proved from its registers alone.

All potentials are read and written in every tick, so that a full chip is as fast as memory carries them; 16 bits are
half of 32.  What follows needs the equations of crossbar_kernel.py.

Let a tick add at most `up` and take at most `down`: all axons of each type at once, and the leak.  At rest, between
ticks, v is in [low, high].  Within a tick it is then in [low - down, high + up], and a bound of rest holds again if
what crosses a threshold comes back into it:

    mode 0  goes to +-reset_potential
    mode 1  goes by a threshold towards 0, which is enough if up <= threshold and down <= negative_threshold
    mode 2  stays where it is, so nothing is proved
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from compiler.crossbar.tables import TYPES, CrossbarTables

Ints = npt.NDArray[np.int64]
SMALL = np.iinfo(np.int16)


def potentials_fit(t: CrossbarTables, r: dict[str, npt.NDArray[Any]], slot_core: Ints) -> bool:
    """Whether no potential ever leaves 16 bits, nor any threshold.

    `r` are the registers of slots, `slot_core` [slot].
    """
    wide = {name: values.astype(np.int64) for name, values in r.items()}
    up, down = _most_in_a_tick(t, wide, slot_core)
    low, high, proved = _at_rest(wide, up, down)
    return bool((proved & (low - down > SMALL.min) & (high + up <= SMALL.max)).all())


def _most_in_a_tick(t: CrossbarTables, r: dict[str, Ints], slot_core: Ints) -> tuple[Ints, Ints]:
    """What a tick can add to a potential and take from it, at most: [slot] each."""
    n_cores = len(t.core)
    used = t.crossbar.reshape(n_cores * t.axons, -1).any(axis=1)
    of_type = np.repeat(np.arange(n_cores), t.axons) * TYPES + t.axon_type.ravel()
    axons = np.bincount(of_type[used], minlength=n_cores * TYPES).reshape(n_cores, TYPES)[slot_core]
    leak, reverses = r["leak"], r["leak_reversal"] > 0
    up = np.where(reverses, np.abs(leak), np.maximum(leak, 0))
    down = np.where(reverses, np.abs(leak), np.maximum(-leak, 0))
    for g in range(TYPES):
        up += axons[:, g] * np.maximum(r[f"weight_{g}"], 0)
        down += axons[:, g] * np.maximum(-r[f"weight_{g}"], 0)
    return up, down


def _at_rest(r: dict[str, Ints], up: Ints, down: Ints) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Bounds of a potential between ticks, and whether they are proved: [slot] each."""
    mask, mode = r["threshold_mask"], r["reset_mode"]
    reset = np.where(mode == 0, np.abs(r["reset_potential"]), 0)
    threshold, negative, saturates = r["threshold"], r["negative_threshold"], r["negative_saturates"] > 0
    high = np.maximum.reduce([threshold + mask, reset, r["potential"]])
    low = np.minimum.reduce([-negative - np.where(saturates, 0, mask), -reset, r["potential"]])
    linear = (mode == 1) & (up <= threshold) & (saturates | (down <= negative))
    return low, high, (mode == 0) | linear

"""The grids on which a chip can hold weights, and how a weight is put on one.

A mantissa of W bits in mixed-sign mode is a multiple of 2^(9-W) in -256 .. 256 - 2^(9-W); with all weights of
one sign it is a multiple of 2^(8-W) with magnitude up to 256 - 2^(8-W) (Loihi 1, as its public emulators have it).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from chips.profile import ChipProfile

Rounding = Literal["nearest", "floor", "truncate", "half_even"]


@dataclass(frozen=True, slots=True)
class Grid:
    """The legal weights of one projection: mantissa * 2^exponent."""

    sign: Literal["mixed", "excitatory", "inhibitory"]
    weight_bits: int
    exponent: int

    @property
    def step(self) -> int:
        """Distance of neighbouring mantissas."""
        return int(1 << (8 - self.weight_bits + (self.sign == "mixed")))

    @property
    def low(self) -> int:
        """Smallest mantissa."""
        return {"mixed": -256, "excitatory": 0, "inhibitory": self.step - 256}[self.sign]

    @property
    def high(self) -> int:
        """Largest mantissa."""
        return 0 if self.sign == "inhibitory" else 256 - self.step

    def holds(self, mantissa: npt.NDArray[Any]) -> bool:
        """Whether every mantissa is on the grid."""
        within = (mantissa >= self.low) & (mantissa <= self.high)
        return bool((within & (mantissa % self.step == 0)).all())


def finest_grid(wanted: npt.NDArray[Any], chip: ChipProfile, label: str) -> Grid:
    """The grid with most weight bits and the smallest exponent whose range covers `wanted`.

    Raises:
        CannotRepresent: the largest weight exceeds the grid at the largest exponent.
    """
    signs: list[Literal["mixed", "excitatory", "inhibitory"]] = ["mixed"]  # alone reaches -256
    if (wanted >= 0).all():
        signs.insert(0, "excitatory")
    elif (wanted <= 0).all():
        signs.insert(0, "inhibitory")
    widest = max(chip.lists.weight_bits)
    for sign in signs:
        for exponent in range(chip.lif.weight_exponent_max + 1):
            grid = Grid(sign, widest, exponent)
            half = 0.5 * grid.step  # what rounds to the edge is still inside
            if (wanted.max() < (grid.high + half) * 2**exponent) and (wanted.min() > (grid.low - half) * 2**exponent):
                return grid
    worst = int(np.abs(wanted).argmax())
    edge = grid.high if wanted[worst] > 0 else grid.low
    raise CannotRepresent(
        f"{label}: weight of synapse {worst} is {wanted[worst]:g} in chip units, but {chip.name} holds at most "
        f"{edge * 2**grid.exponent} (cuba_lif.weight_exponent_max): lower it"
    )


def to_grid(
    wanted: npt.NDArray[Any], grid: Grid, rounding: Rounding, legal_bits: tuple[int, ...]
) -> tuple[npt.NDArray[np.int16], Grid]:
    """Mantissas of `wanted` on `grid`, and the narrowest legal grid that holds the same mantissas."""
    steps = wanted / (grid.step * 2.0**grid.exponent)
    mantissa = _ROUND[rounding](steps) * grid.step
    mantissa = np.clip(mantissa, grid.low, grid.high).astype(np.int16)
    for bits in sorted(legal_bits):
        narrow = replace(grid, weight_bits=bits)
        if narrow.holds(mantissa):
            return mantissa, narrow
    return mantissa, grid


_ROUND = {"nearest": np.rint, "half_even": np.rint, "floor": np.floor, "truncate": np.trunc}

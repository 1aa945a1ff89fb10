"""What a partition is asked for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.lowering.lowered import LoweredNetwork
from compiler.partitioning.hypergraph import Hypergraph

Method = Literal["multilevel", "greedy", "mtkahypar"]
DEFAULT: Method = "multilevel"


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network that is to be cut, for a chip, in one way."""

    net: LoweredNetwork
    graph: Hypergraph
    chip: ChipProfile
    rate: npt.NDArray[np.float64]  # of each source; their mean is 1
    method: Method
    seed: int

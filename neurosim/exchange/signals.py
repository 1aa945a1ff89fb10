"""Signals: what a place of a NIR graph carries, as a linear function of the spikes of neurons and inputs.

Between neurons NIR has linear nodes only.  A chain of them is one sparse matrix from each source, for each delay that
lies on a way from it, and a constant; sums of chains add up.  Where zeros are multiplied they are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

MAX_ENTRIES = 2**27  # of one matrix: a gigabyte and a half

Source = tuple[str, int]  # node that spikes, delay in steps
Floats = npt.NDArray[np.float64]
Shape = tuple[int, ...]


class UnsuitedError(Exception):
    """What a node asks for that there is not; the text says why, and the remedy."""


def size(shape: Shape) -> int:
    """Elements of a shape, exactly."""
    return int(np.prod(shape, dtype=object))


@dataclass(frozen=True)
class Signal:
    """A value for each element of a shape, in a step.

    Attributes:
        shape: of the value.
        parts: (source, delay) -> [element, element of the source].
        constant: [element], what is added in every step.
        plain: whether it is one source as it is, at most in another shape.
    """

    shape: Shape
    parts: Mapping[Source, Any]
    constant: Floats
    plain: bool = False

    @staticmethod
    def of_source(name: str, shape: Shape) -> "Signal":
        """What a node that spikes sends."""
        n = size(shape)
        return Signal(shape, {(name, 0): sparse.diags_array(np.ones(n), format="csr")}, np.zeros(n), plain=True)

    @property
    def n(self) -> int:
        """How many elements."""
        return len(self.constant)

    def reshaped(self, shape: Shape) -> "Signal":
        """The same elements in another shape."""
        return replace(self, shape=shape)

    def mapped(self, matrix: Any, shape: Shape, constant: Floats | None = None) -> "Signal":
        """Multiplied by `matrix`, [element of `shape`, element], and a constant added.

        Raises:
            UnsuitedError: the matrix has another number of columns, or the product is too large to hold.
        """
        if matrix.shape[1] != self.n:
            raise UnsuitedError(f"it takes {matrix.shape[1]:,} values but gets {self.n:,}: mend its weights or shape")
        parts = {source: _product(matrix, part) for source, part in self.parts.items()}
        return Signal(shape, parts, matrix @ self.constant + (0.0 if constant is None else constant))

    def delayed(self, steps: npt.NDArray[np.int64]) -> "Signal":
        """Each element later by some steps, [element]."""
        parts: dict[Source, Any] = {}
        for delay in np.unique(steps).tolist():
            chosen = sparse.diags_array((steps == delay).astype(np.float64), format="csr")
            for (name, already), part in self.parts.items():
                _add(parts, (name, already + delay), chosen @ part)
        return Signal(self.shape, parts, self.constant)

    def __add__(self, other: "Signal") -> "Signal":
        """The sum of two signals of one size."""
        if self.n != other.n:
            raise UnsuitedError(f"{self.n:,} values reach it from one node and {other.n:,} from another: mend them")
        parts = dict(self.parts)
        for source, part in other.parts.items():
            _add(parts, source, part)
        return Signal(self.shape, parts, self.constant + other.constant)


def check_entries(n: int) -> None:
    """Refuse a matrix that is too large to hold, before it is made.

    Raises:
        UnsuitedError: likewise.
    """
    if n > MAX_ENTRIES:
        raise UnsuitedError(f"it makes {n:,} synapses, but at most {MAX_ENTRIES:,} are read: cut the network down")


def _product(a: Any, b: Any) -> Any:
    rows_of_b = np.diff(b.indptr).astype(np.int64)
    check_entries(int(rows_of_b[a.indices].sum()))
    made = a @ b
    made.eliminate_zeros()
    return made


def _add(parts: dict[Source, Any], source: Source, part: Any) -> None:
    made = parts[source] + part if source in parts else part
    made.eliminate_zeros()
    parts[source] = made

"""Scales: what 1.0 is, of each group's values and inputs, in a chip's own integers.  Part of integers.py.

1.0 of a unit's input z is Z = 2^F, and 1.0 of a value is a payload of S = 2^(F + k).  k is as large as the gain allows
(a gain of 0.05 is held four times finer with k = 2), at most SPARE_BITS so that sums keep room (more where values stay
below 1), and such that the largest value takes at most a HEADROOM-th of the state's width.  Linear units have any Z,
chosen such that their gain fills its register; the input's scale brings its weights to the size of those beside them.
"""

import numpy as np

from chips import ChipProfile
from neurosim.continuous.circuit import INPUT, STATE, Circuit, Group

SPARE_BITS = 2
HEADROOM = 4
INPUT_BITS = 11  # of the largest input, at least, where there is room


class Scales:
    """The scales of a circuit on a chip.

    Attributes:
        one: 2^F.
        largest: group or input -> bound of its values.
        value: group or input -> S.
        z: group -> Z.
    """

    def __init__(self, circuit: Circuit, chip: ChipProfile, bound: float) -> None:
        self.circuit, self.bound = circuit, bound
        self.one = 2.0**chip.numbers.fraction_bits
        self.room = 2.0 ** (chip.numbers.state_bits - 1) / HEADROOM
        self.largest = {
            g.name: (g.largest * max(1.0, bound) if g.kind == "linear" else g.largest) for g in circuit.groups
        }
        self.largest[INPUT] = bound
        self.value = {g.name: self.one * 2.0 ** self._finer(g) for g in circuit.groups}
        self.value[INPUT] = self._input_scale()
        self.z = {g.name: self._z_scale(g) for g in circuit.groups}

    @staticmethod
    def _bits(ratio: float) -> int:
        return int(np.floor(np.log2(ratio)))

    def _finer(self, group: Group) -> int:
        """K."""
        by_room = self._bits(self.room / (max(self.largest[group.name], 1e-9) * self.one))
        if group.kind == "square":
            return 0
        spare = SPARE_BITS + max(0, self._bits(1 / max(self.largest[group.name], 1e-9)))
        if group.kind == "liquid_time_constant" or not np.any(group.gain):
            return min(by_room, spare)
        by_gain = self._spare_gain(group) + (spare if group.kind == "linear" else 0)
        return min(by_room, by_gain, spare)

    def _input_scale(self) -> float:
        """Of the input: such that its weights and those beside them are of one size on the grid."""
        wanted = []
        for wire in self.circuit.wires:
            peers = [
                np.abs(other.weights).max() / self.value[other.source]
                for other in self.circuit.wires
                if other.target == wire.target and other.source != INPUT and other.weights.any()
            ]
            if wire.source == INPUT and wire.weights.any() and peers:
                wanted.append(np.log2(np.abs(wire.weights).max() / max(peers)))
        bits = float(np.mean(wanted)) if wanted else np.log2(self.value[STATE])
        most = self._bits(self.room / self.bound)
        return float(2.0 ** np.clip(np.rint(bits), min(most, INPUT_BITS - self._bits(self.bound)), most))

    def _spare_gain(self, group: Group) -> int:
        """The power of two by which the gain may be multiplied."""
        return self._bits(1 / max(float(np.abs(group.gain).max()), 1e-9) * (1 + 1e-12))

    def _z_scale(self, group: Group) -> float:
        """Z: free for linear units, and such that the gain fills its register."""
        return self.value[group.name] / 2.0 ** self._spare_gain(group) if group.kind == "linear" else self.one

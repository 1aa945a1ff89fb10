"""Fan-in: a neuron with more inputs than a core has axons gets some of them through partial sums.

A partial sum is a neuron of its own with up to a core's axons of inputs of one sign.  It fires when the sum reaches a
quantum, keeps the rest, and its spike adds the quantum to the neuron it serves.  At most one quantum a tick gets
through, later; so the dynamics change, and rule fan_in_tree must be allowed.  The way through a partial sum takes one
tick more: inputs with a delay of 2 or more go that way first, as a tick can be taken off their delay; if they are too
few, all other inputs of the neuron get one tick more, so that all paths stay equal.

After lower.py, before pieces.py.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent, DoesNotFit
from chips.profile import ChipProfile
from compiler.crossbar.lower import LoweredCrossbar
from compiler.crossbar.tables import PARTIAL
from compiler.lowering import approximations

QUANTA = 8  # a quantum is an eighth of all weights of the sum, if the register holds it: the sum of frequent inputs


def spread_fan_in(net: LoweredCrossbar, chip: ChipProfile, approximate: bool) -> LoweredCrossbar:
    """The network with a tree before each neuron that needs one.

    Raises:
        CannotRepresent: the rule is needed and not allowed, or the neuron has stochastic weights.
        DoesNotFit: more inputs than a tree of two levels takes.
    """
    limit = chip.core.input_axons or 0
    fan_in = np.bincount(net.target, minlength=net.n_neurons)
    wide = np.flatnonzero(fan_in > limit)
    if not len(wide):
        return net
    random = wide[net.registers["stochastic_weights"][wide] > 0]
    if len(random):
        raise CannotRepresent(
            f"{net.owner(int(random[0]))} has {fan_in[random[0]]:,} sources and stochastic weights, but a core has "
            f"{limit:,} axons (core.input_axons), and partial sums cannot stand for single draws: cut its fan-in"
        )
    first = int(fan_in.argmax())
    where = (
        f"{net.owner(first)} listens to {fan_in[first]:,} sources, and a core has {limit:,} axons (core.input_axons)"
    )
    approximations.require_allowed(where, {"fan_in_tree"}, approximate, chip.name)
    order = np.argsort(net.target, kind="stable")
    starts = np.searchsorted(net.target[order], wide)
    tree = _Tree(net, chip)
    for neuron, start in zip(wide.tolist(), starts.tolist(), strict=True):
        tree.serve(neuron, order[start : start + fan_in[neuron]])
    return tree.network(len(wide))


class _Tree:
    """Partial sums in the making."""

    def __init__(self, net: LoweredCrossbar, chip: ChipProfile) -> None:
        self.net, self.chip = net, chip
        self.limit = chip.core.input_axons or 0
        self.target, self.delay, self.weight = net.target.copy(), net.delay.copy(), net.weight.copy()
        self.quantum: list[int] = []  # of each partial sum
        self.serves: list[tuple[int, int]] = []  # neuron and sign of each partial sum
        self.n_later = 0  # neurons whose inputs all come a tick later
        self.worst = 0.0  # largest quantum over its neuron's threshold

    def serve(self, neuron: int, synapses: npt.NDArray[np.int64]) -> None:
        """Move as few of the neuron's inputs as needed to partial sums."""
        n_moved = self._how_many(neuron, len(synapses))
        early = self.delay[synapses] < 2
        small = np.lexsort((synapses, np.abs(self.weight[synapses]), early))
        moved = synapses[small[:n_moved]]
        if (self.delay[moved] < 2).any():
            self.delay[synapses[small[n_moved:]]] += 1  # of 1, as longer ones were moved first
            self.n_later += 1
        else:
            self.delay[moved] -= 1
        for sign in (1, -1):
            mine = moved[np.sign(self.weight[moved]) == sign] if sign < 0 else moved[self.weight[moved] >= 0]
            for at in range(0, len(mine), self.limit):
                self._sum(neuron, sign, mine[at : at + self.limit])

    def network(self, n_served: int) -> LoweredCrossbar:
        """The network with the partial sums, numbered after its neurons."""
        net, n = self.net, self.net.n_neurons
        new = len(self.quantum)
        serves = np.array(self.serves, np.int64).reshape(-1, 2)
        quantum = np.array(self.quantum, np.int64)
        own = {"threshold": quantum, "reset_mode": np.ones(new, np.int64), "negative_saturates": np.ones(new, np.int64)}
        zero = np.zeros(new, np.int64)
        later = f"; {self.n_later:,} of them get all inputs one tick later" if self.n_later else ""
        note = f"fan-in trees: {new:,} partial sums before {n_served:,} neurons{later}"
        source = np.where(net.source >= n, net.source + new, net.source)
        return replace(
            net,
            n_neurons=n + new,
            role=np.concatenate([net.role, np.full(new, PARTIAL, np.uint8)]),
            registers={key: np.concatenate([v, own.get(key, zero)]) for key, v in net.registers.items()},
            exact=np.concatenate([net.exact, net.exact[serves[:, 0]]]),
            source=np.concatenate([source, n + np.arange(new)]),
            target=np.concatenate([self.target, serves[:, 0]]),
            delay=np.concatenate([self.delay, np.ones(new, np.int64)]),
            weight=np.concatenate([self.weight, quantum * serves[:, 1]]),
            layer=np.concatenate([net.layer, np.zeros(new, np.int64)]),
            errors=(*net.errors, approximations.stated("fan-in", "fan_in_tree", self.worst, note)),
            notes=(*net.notes, note),
        )

    def _how_many(self, neuron: int, fan_in: int) -> int:
        """The fewest inputs to move such that what is left, and two signs of partial sums, fit on the axons."""
        for moved in range(fan_in - self.limit + 1, fan_in + 1):
            if fan_in - moved + -(-moved // self.limit) + 1 <= self.limit:
                return moved
        most = (self.limit - 1) * self.limit
        raise DoesNotFit(
            f"{self.net.owner(neuron)} listens to {fan_in:,} sources, but a tree before one core of {self.limit:,} "
            f"axons (core.input_axons) takes {most:,}: cut its fan-in"
        )

    def _sum(self, neuron: int, sign: int, synapses: npt.NDArray[np.int64]) -> None:
        """One partial sum of these inputs."""
        size = np.abs(self.weight[synapses])
        most = 2 ** (self.chip.bars.weight_bits - 1) - 1
        if size.max() > most:
            raise CannotRepresent(
                f"{self.net.owner(neuron)} needs a fan-in tree, whose partial sums add up sizes, but {-most - 1} "
                f"has the size {most + 1}, above the {most} that a weight holds (crossbar.weight_bits): use {-most}"
            )
        quantum = int(np.clip(np.ceil(max(size.max(), size.sum() / QUANTA)), 1, most))
        self.target[synapses] = self.net.n_neurons + len(self.quantum)
        self.weight[synapses] = size
        self.quantum.append(quantum)
        self.serves.append((neuron, sign))
        self.worst = max(self.worst, quantum / max(1, int(self.net.registers["threshold"][neuron])))

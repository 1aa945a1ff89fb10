"""The oracle of neurons with a linear leak: one event, one neuron at a time, with the adders of the chip.

Nothing here knows of cores, programs or kernels.
"""

from collections.abc import Iterable

from reference import synapses

from compiler import Network


def add8(v: int, by: int) -> int:
    """An adder of 8 bits that stops where it would wrap, as the chip notices it: by comparing with what it had."""
    wrapped = (v + by) & 0xFF
    if by >= 0:
        return wrapped if v <= wrapped else 0xFF
    return wrapped if v >= wrapped else 0


class Slow:
    """Spikes and potentials of a network of linear_lif neurons."""

    def __init__(self, net: Network, inputs: Iterable[tuple[int, int]], steps: int) -> None:
        neurons = [
            (int(p.values("leak")[i]), int(p.values("threshold")[i])) for p in net.populations for i in range(p.n)
        ]
        rows: dict[tuple[int, bool], dict[int, int]] = {}
        for source, target, weight, _ in synapses(net):
            if weight:
                rows.setdefault((source, weight < 0), {})[target] = weight
        external = {(int(step), int(channel)) for step, channel in inputs}
        v = [0] * len(neurons)
        self.spikes: list[list[bool]] = []
        self.v: list[list[int]] = []
        sent: list[int] = []  # sources whose spikes are events of this step
        for t in range(steps):
            fired = [False] * len(neurons)
            for source in sent:
                for inhibits in (False, True):
                    for target, weight in rows.get((source, inhibits), {}).items():
                        v[target] = add8(v[target], weight)
                        if v[target] >= neurons[target][1]:
                            v[target] = 0
                            fired[target] = True
            for i, (leak, _) in enumerate(neurons):
                v[i] = add8(v[i], -leak)
            self.spikes.append(fired)
            self.v.append(list(v))
            sent = [i for i, f in enumerate(fired) if f]
            sent += sorted(len(neurons) + channel for step, channel in external if step == t)

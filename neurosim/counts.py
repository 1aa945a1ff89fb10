"""What happened: events per core, per sample and (if kept) per step.  Counted once, priced afterwards."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError

# Order of the kernel's columns (kernel.py); kept here too so that pricing needs no compiler of Python code.
KINDS = (
    "spikes",
    "packets_out",
    "packets_between_cores",
    "hops_x",
    "hops_y",
    "packets_in",
    "input_packets",
    "synaptic_events",
    "synaptic_events_dense",
    "synapse_words",
    "merged_packets",
    "borders_x",
    "borders_y",
)


@dataclass(frozen=True, eq=False)
class Counts:
    """Events of a run.

    A packet is one message from a spiking neuron to one destination core, its own core included; external
    spikes arrive as input packets.  `synaptic_events` includes those of the dense format, which are also
    counted apart; `synapse_words` are the words of memory that hold the lists read.  A hop is one packet over one link;
    a hop between chips is a border too, so `hops_x` includes `borders_x`, and `hops_y` `borders_y`.  Hops and borders
    belong to the sending core.  A multicast packet (`mesh.packets`) leaves once for all its cores, own one included: it
    is one of `packets_out`, one of `packets_between_cores` if it leaves its core, and one of `packets_in` at each; it
    crosses each link of the united ways once.  On a crossbar, copies, relays and partial sums count like any neuron,
    and packets that meet on an axon in one tick merge: `merged_packets` counts those after the first.
    """

    chip_name: str
    limits_hash: str
    core: npt.NDArray[np.int32]  # [core in use], number on the mesh
    neurons: npt.NDArray[np.int64]  # [core in use]; each is updated once a step
    steps: npt.NDArray[np.int64]  # [sample]
    total: npt.NDArray[np.int64]  # [sample, core, kind]
    per_step: npt.NDArray[np.int32] | None  # [step of all samples, core, kind]
    busiest_link: npt.NDArray[np.int32] | None  # [step of all samples], packets, inside chips
    busiest_border: npt.NDArray[np.int32] | None  # [step of all samples], packets, between chips

    def of(self, kind: str) -> npt.NDArray[np.int64]:
        """One kind: [sample, core].  See KINDS; also "neuron_updates"."""
        if kind == "neuron_updates":
            return self.steps[:, None] * self.neurons
        return self.total[:, :, KINDS.index(kind)]

    def sum(self, kind: str) -> int:
        """One kind, everything added up."""
        return int(self.of(kind).sum())

    def step_of(self, kind: str) -> npt.NDArray[np.int64]:
        """One kind per step: [step of all samples, core].

        Raises:
            RunError: the run kept no counts per step.
        """
        if self.per_step is None:
            raise RunError("this run kept no counts per step: run it with per_step=True")
        if kind == "neuron_updates":
            return np.broadcast_to(self.neurons, self.per_step.shape[:2])
        return self.per_step[:, :, KINDS.index(kind)].astype(np.int64)

    def check_chip(self, chip: ChipProfile) -> None:
        """Refuse a profile whose limits differ from those that the program was compiled for.

        Raises:
            RunError: they differ.
        """
        if chip.limits_hash != self.limits_hash:
            raise RunError(
                f"these counts come from a program compiled for {self.chip_name!r} with other limits than "
                f"{chip.name!r} has: compile and run the network for that profile (prices alone may differ)"
            )

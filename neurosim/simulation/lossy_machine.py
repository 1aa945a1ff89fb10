"""From the tables of a program whose packets get lost to what its loop needs."""

from compiler import Program
from neurosim.simulation.graded_machine import build_graded_machine
from neurosim.simulation.graded_synapses import synapse_fields
from neurosim.simulation.layout import Machine
from neurosim.simulation.lossy_graded_kernel import LossyGradedMachine
from neurosim.simulation.lossy_kernel import LossyMachine
from neurosim.simulation.packet_loss import packets_of


def build_lossy_machine(program: Program, sound: Machine) -> LossyMachine:
    """The view of lossy_kernel.py of `program`, whose machine without losses is `sound`."""
    packets = packets_of(program)
    return LossyMachine(sound, packets.caused, packets, sound.max_delay)


def build_lossy_graded_machine(program: Program) -> LossyGradedMachine:
    """The view of lossy_graded_kernel.py of `program`: that of graded_kernel.py, with axons for sources."""
    packets = packets_of(program)
    sound = build_graded_machine(program)._replace(**synapse_fields(program, packets.synapse_ptr))
    return LossyGradedMachine(sound, packets.caused, packets, sound.max_delay)

"""Messages of some steps, compiled: each core walks its spikes of a step, and sends their packets one by one."""

from compiler.jit import jit


@jit
def fill_messages(sender, start, messages):
    """Write the messages of as many steps as they have rows, from step `start` on.  (Sender, int, Messages)."""
    n_steps, n_cores = messages.tail.shape
    packet = 0
    for step in range(n_steps):
        spike, stop = sender.step_ptr[start + step], sender.step_ptr[start + step + 1]
        for core in range(n_cores):
            messages.first[step, core] = packet
            spike, packet = _walk(sender, messages, step, core, spike, stop, packet)
        messages.first[step, n_cores] = packet


@jit
def _walk(sender, messages, step, core, spike, stop, packet):
    """A core's packets of a step, from a spike and a packet on.  Returns those that are the next core's first."""
    begin, end = sender.core_ptr[core], sender.core_ptr[core + 1]
    busy, sent = 0, 0  # ps: with spikes and packets so far; when the packet before was sent
    while spike < stop and sender.slot[spike] < end:
        slot = sender.slot[spike]
        busy += sender.spike
        for axon in range(sender.axon_ptr[slot], sender.axon_ptr[slot + 1]):
            busy += sender.packet
            ready = (slot - begin + 1) * sender.update + busy
            messages.work[packet] = ready - sent
            messages.pair[packet] = sender.axon_pair[axon]
            messages.service[packet] = sender.axon_service[axon]
            sent = ready
            packet += 1
        spike += 1
    messages.tail[step, core] = (end - begin) * sender.update + busy - sent
    return spike, packet

"""How many bits a list of synapses takes in a core's memory.

A list is cut into blocks of `block_synapses`; each block has a header and is rounded up to whole words.  A row is
whole blocks, however few of its synapses are set.
Formula: chip profile's own numbers, after nengo-loihi's published account of Loihi 1 (bits per axon).
"""

from chips.profile import Synapse


def synapse_bits(weight_bits: int, index_bits: int, delay_bits: int) -> int:
    """Bits of one synapse before padding."""
    return weight_bits + index_bits + delay_bits


def list_bits(n_synapses: int, bits_each: int, synapse: Synapse) -> int:
    """Bits that `n_synapses` synapses of `bits_each` bits take as one list, padding included."""
    full, rest = divmod(places(n_synapses, synapse), synapse.block_synapses)
    bits = full * _words(synapse.block_synapses * bits_each + synapse.block_header_bits, synapse.word_bits)
    if rest:
        bits += _words(rest * bits_each + synapse.block_header_bits, synapse.word_bits)
    return bits


def places(n_synapses: int, synapse: Synapse) -> int:
    """Places that a list of `n_synapses` has, and that an event reads."""
    if synapse.layout == "list":
        return n_synapses
    return -(-n_synapses // synapse.block_synapses) * synapse.block_synapses


def smallest_width(needed: int, legal: tuple[int, ...]) -> int | None:
    """The smallest legal width of at least `needed` bits, or None."""
    return min((width for width in legal if width >= needed), default=None)


def _words(bits: int, word_bits: int) -> int:
    return -(-bits // word_bits) * word_bits

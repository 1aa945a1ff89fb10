"""Faults in the chip: what a program does where cores are dead, synapses stuck, or bits of weights flipped."""

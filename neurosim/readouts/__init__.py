"""Readouts: what is learned from a liquid's spikes, on the host and on the chip."""

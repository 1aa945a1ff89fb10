"""neurosim: build spiking networks, compile them to neuromorphic chips, run them exactly, price what happened."""

__project__ = "neurosim-toolchain"

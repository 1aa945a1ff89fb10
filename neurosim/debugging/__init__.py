"""Debugging of transient states: step by step, in floating point, and where two runs part."""

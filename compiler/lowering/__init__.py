"""From the user's numbers to the chip's integers: scales, grids, registers, and what an approximation may do."""

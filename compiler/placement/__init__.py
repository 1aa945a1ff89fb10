"""Which core of the mesh each piece gets: chips first, a spectral start, annealing."""
